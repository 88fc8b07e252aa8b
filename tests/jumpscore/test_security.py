"""The sources read nothing that can run code, and run no code of a checkpoint unasked."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PICKLES = {"pickle", "_pickle", "cloudpickle", "dill", "joblib", "jsonpickle", "marshal", "shelve"}
CALLS = {"eval", "exec", "compile", "__import__", "read_pickle", "unpickle", "mktemp", "os.system"}
LOADERS = {"BaseLoader", "SafeLoader", "CSafeLoader"}
ALLOWED = {
    "jumpscore/harness/engines/process_worker.py": "unpickles what the run that started it sent",
    "jumpscore/harness/engines/processes.py": "exchanges pickles with processes that it started",
    "jumpscore/harness/engines/ray_cluster.py": "pickles what Ray's own processes receive",
    "jumpscore/harness/engines/ray_workers.py": "unpickles what the driver of the run sent",
}
"""Sources that may pickle, and why."""


def unsafe(source: str) -> Iterator[str]:
    """Yield what a source uses that can run foreign code, with its line."""
    for node in ast.walk(ast.parse(source)):
        if problem := _imports(node) or _calls(node) or _trusts(node):
            yield f"line {getattr(node, 'lineno', 0)}: {problem}"


def _imports(node: ast.AST) -> str | None:
    names = []
    if isinstance(node, ast.Import):
        names = [alias.name for alias in node.names]
    elif isinstance(node, ast.ImportFrom):
        names = [node.module or "", *(alias.name for alias in node.names)]
    return next((f"imports {name}" for name in names if name.split(".")[0] in PICKLES), None)


def _calls(node: ast.AST) -> str | None:
    if not isinstance(node, ast.Call):
        return None
    name = ast.unparse(node.func)
    options = {keyword.arg: ast.unparse(keyword.value) for keyword in node.keywords}
    last = name.rpartition(".")[2]
    if name in CALLS or (last in CALLS and name.startswith(("pd.", "pandas.", "tempfile."))):
        return f"calls {name}"
    if name in ("torch.load", "torch.hub.load") and options.get("weights_only") != "True":
        return f"calls {name} without weights_only=True"
    if name in ("np.load", "numpy.load") and options.get("allow_pickle", "False") != "False":
        return f"calls {name} with pickles"
    if name == "yaml.load":
        loaders = [ast.unparse(value).rpartition(".")[2] for value in node.args[1:]]
        if not set(loaders or [options.get("Loader", "").rpartition(".")[2]]) <= LOADERS:
            return "calls yaml.load without a safe loader"
    if name in ("yaml.unsafe_load", "yaml.full_load", "yaml.load_all", "yaml.full_load_all"):
        return f"calls {name}"
    if options.get("shell") == "True":
        return f"calls {name} with a shell"
    return None


def _trusts(node: ast.AST) -> str | None:
    """Return the problem if code of a checkpoint is run by default."""
    name, value = "", None
    if isinstance(node, ast.keyword):
        name, value = node.arg or "", node.value
    elif isinstance(node, ast.AnnAssign):
        name, value = ast.unparse(node.target), node.value
    elif isinstance(node, ast.arguments):
        named = dict(zip(node.kwonlyargs, node.kw_defaults, strict=True))
        named |= dict(zip(node.args[::-1], node.defaults[::-1], strict=False))
        for argument, default in named.items():
            if argument.arg == "trust_remote_code":
                name, value = argument.arg, default
    trusts = isinstance(value, ast.Constant) and value.value is True
    return "trusts the code of a checkpoint" if name == "trust_remote_code" and trusts else None


def test_sources_run_no_foreign_code():
    problems = {}
    for package in ("jumpscore", "evaluators", "model_wrappers"):
        for file in sorted((ROOT / package).rglob("*.py")):
            name = file.relative_to(ROOT).as_posix()
            if lines := list(unsafe(file.read_text(encoding="utf-8"))):
                problems[name] = lines
    assert problems.keys() == ALLOWED.keys(), problems
    assert all("pickle" in line for lines in problems.values() for line in lines), problems


@pytest.mark.parametrize(
    "source",
    [
        "import pickle",
        "from joblib import load",
        "from ray import cloudpickle",
        "def f():\n    import dill.source",
        "torch.load(path)",
        "torch.load(path, weights_only=False)",
        "np.load(path, allow_pickle=True)",
        "pd.read_pickle(path)",
        "eval(text)",
        "os.system(text)",
        "subprocess.run(text, shell=True)",
        "yaml.load(text)",
        "yaml.load(text, yaml.Loader)",
        "yaml.load(text, Loader=yaml.FullLoader)",
        "yaml.unsafe_load(text)",
        "AutoModel.from_pretrained(path, trust_remote_code=True)",
        "class Options:\n    trust_remote_code: bool = True",
        "def f(path, trust_remote_code=True): pass",
        "def f(*, trust_remote_code=True): pass",
    ],
)
def test_unsafe_notices(source):
    assert len(list(unsafe(source))) == 1


@pytest.mark.parametrize(
    "source",
    [
        "torch.load(path, weights_only=True)",
        "np.load(path)",
        "model.eval()",
        "re.compile(text)",
        "yaml.load(text, yaml.BaseLoader)",
        "yaml.safe_load(text)",
        "class Options:\n    trust_remote_code: bool = False",
        "f(trust_remote_code=options.trust_remote_code)",
    ],
)
def test_unsafe_leaves_safe_calls(source):
    assert list(unsafe(source)) == []
