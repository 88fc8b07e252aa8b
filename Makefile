# Two commands do everything: `make demo` and `make test`. Each makes .venv on first use.
PYTHON ?= python3
VENV ?= .venv
# Where torch comes from, for `make models`; a CPU machine need not load CUDA:
#   make models TORCH_INDEX=https://download.pytorch.org/whl/cpu
TORCH_INDEX ?=
TORCH ?= torch==2.13.0

BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
LOCK := pyproject.toml constraints.txt

.PHONY: demo test lint format bench models wheel freeze clean

demo: $(VENV)/.core
	$(BIN)/jumpscore demo

test: lint
	$(BIN)/python -m pytest --numprocesses auto

lint: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: $(VENV)/.dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# Prints ratios against the alternative in the same run; not part of the tests.
bench: $(VENV)/.dev
	$(BIN)/python -m tests.benchmarks

models: $(VENV)/.core
	$(PIP) install $(TORCH) $(if $(TORCH_INDEX),--index-url $(TORCH_INDEX))
	$(PIP) install --constraint constraints.txt --editable '.[models]'

wheel: $(VENV)/.dev
	$(BIN)/python -m build --wheel --outdir dist

# Only after a deliberate change of the renderer: replaces the bundled annotations.
freeze: $(VENV)/.core
	$(BIN)/python -m jumpscore.builder.frozen

clean:
	rm -rf build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis

$(VENV)/bin/python:
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or later is needed; set PYTHON=")'
	$(PYTHON) -m venv $(VENV)

$(VENV)/.core: $(VENV)/bin/python $(LOCK)
	$(PIP) install --constraint constraints.txt --editable .
	touch $@

# lmms-eval comes without its dependencies: the parity tests run one of its files, not its engine.
$(VENV)/.dev: $(VENV)/bin/python $(LOCK)
	$(PIP) install --constraint constraints.txt --editable '.[dev]'
	$(PIP) install --no-deps lmms-eval==0.7.3
	touch $(VENV)/.core $@
