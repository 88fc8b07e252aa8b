"""``jumpscore doctor``: what is installed here, whether it works, and what it is needed for."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Literal

from rich.table import Table
from rich.text import Text

from jumpscore.cli.console import output, print_json
from jumpscore.cli.options import Json

State = Literal["ok", "missing", "broken"]
MARK = {
    "ok": Text("ok", "green"),
    "missing": Text("not here", "dim"),
    "broken": Text("broken", "red"),
}


PACKAGES = (
    ("jumpscore", "jumpscore", "everything"),
    ("decord", "decord", "video backend decord (optional)"),
    ("torch", "torch", "bundled models (extra: models)"),
    ("transformers", "transformers", "bundled models (extra: models)"),
    ("pillow", "PIL.Image", "images of data sets, bundled models"),
    ("openai", "openai", "models behind an endpoint (extra: openai)"),
    ("starlette", "starlette.applications", "data annotate (extra: builder)"),
    ("uvicorn", "uvicorn", "data annotate (extra: builder)"),
    ("scikit-learn", "sklearn.cluster", "three annotators, several splits (extra: builder)"),
    ("ray", "ray", "runs on a cluster (extra: ray)"),
    ("lmms-eval", "lmms_eval.tasks", "the video benchmarks of lmms-eval (extra: lmms)"),
)
"""Packages, what a run imports of them, and what needs them."""
IMPORT_SECONDS = 120


@dataclass(frozen=True, slots=True)
class Finding:
    """Result of one check, and what the checked part is needed for."""

    what: str
    state: State
    detail: str
    needed_for: str


def examine(as_json: Json = False) -> None:
    """Run every check and print the results."""
    results = findings()
    if as_json:
        print_json([asdict(finding) for finding in results])
        return
    table = Table(title="jumpscore doctor", title_justify="left")
    for column in ("what", "state", "detail", "needed for"):
        table.add_column(column)
    for finding in results:
        table.add_row(finding.what, MARK[finding.state], finding.detail, finding.needed_for)
    output().print(table)


def findings() -> list[Finding]:
    """Return the result of every check; packages are imported in processes of their own."""
    here = f"{platform.python_version()}, {os.cpu_count()} cores, {platform.machine()}"
    gpu = shutil.which("nvidia-smi")
    detail = gpu or "nvidia-smi is not on the path"
    with ThreadPoolExecutor(2) as pool:
        packages = pool.map(lambda row: _package(*row), PACKAGES)
        return [
            Finding("Python", "ok", here, "everything"),
            _try("decode H.264, HEVC", _codecs, "reading videos"),
            _try("render and read back", _round_trip, "data synthesize, demo"),
            _try("write here", _writable, "runs"),
            *packages,
            _vllm(),
            *_other_packages(),
            Finding("NVIDIA GPU", "ok" if gpu else "missing", detail, "fast models"),
        ]


def _package(name: str, module: str, purpose: str) -> Finding:
    """Import a package as a run would, in another process: a broken one may crash."""
    try:
        installed = version(name)
    except PackageNotFoundError:
        return Finding(name, "missing", "not installed", purpose)
    command = [sys.executable, "-c", f"import {module}"]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, errors="replace", timeout=IMPORT_SECONDS
        )
    except subprocess.TimeoutExpired:
        problem = f"not imported within {IMPORT_SECONDS} s"
    else:
        if done.returncode == 0:
            return Finding(name, "ok", installed, purpose)
        problem = [*done.stderr.strip().splitlines(), f"exit code {done.returncode}"][-2:][0]
    return Finding(name, "broken", f"{installed} cannot be imported: {problem}", purpose)


def _vllm() -> Finding:
    """Look for vLLM, which may be installed in another environment."""
    from jumpscore.errors import JumpScoreError
    from model_wrappers.vllm.server import installed_vllm

    purpose = "serving on this machine (extra: vllm)"
    try:
        installed = installed_vllm(os.environ.get("JUMPSCORE_VLLM_PYTHON") or sys.executable)
    except JumpScoreError:
        detail = "not installed; set JUMPSCORE_VLLM_PYTHON to a Python that has it"
        return Finding("vllm", "missing", detail, purpose)
    detail = f"{installed.version}, canvases {'tested' if installed.tested else 'untested'}"
    if installed.mixed:
        detail += "; without a GPU set model.cpu_only=true"
    return Finding("vllm", "ok", detail, purpose)


def _other_packages() -> Iterator[Finding]:
    """Look for the packages of backends of canvases, which may live in other environments."""
    from jumpscore.errors import JumpScoreError
    from jumpscore.video.codec import bitcost, lmms_video_utils

    for package in (bitcost.PACKAGE, lmms_video_utils.PACKAGE):
        purpose = f"canvases by backend {package.backend} (optional)"
        try:
            yield Finding(package.name, "ok", package.version(), purpose)
        except JumpScoreError:
            detail = f"not installed; set {package.variable} to a Python that has it"
            yield Finding(package.name, "missing", detail, purpose)


def _try(what: str, check: Callable[[], str], purpose: str) -> Finding:
    """Return the result of a check; whatever it raises is the result."""
    try:
        return Finding(what, "ok", check(), purpose)
    except Exception as error:
        return Finding(what, "broken", f"{type(error).__name__}: {error}", purpose)


def _codecs() -> str:
    import av

    codecs = ("h264", "hevc", "vp9", "av1")
    have = [name for name in codecs if name in av.codecs_available]
    if not {"h264", "hevc"} <= set(have):
        raise RuntimeError(f"PyAV {av.__version__} decodes only {have}; reinstall the 'av' wheel")
    return f"PyAV {av.__version__}: {', '.join(have)}"


def _round_trip() -> str:
    from jumpscore.builder.jump_rope import load_profile, render_clip, sample_clips
    from jumpscore.video import decode

    tiny = ["clips=1", "durations=[{low: 4, high: 4, weight: 1}]"]
    tiny += ["resolutions=[{width: 160, height: 128, weight: 1}]"]
    [spec] = sample_clips(load_profile("mini", tiny), seed=0)
    with tempfile.TemporaryDirectory() as folder:
        clip = render_clip(spec, Path(folder) / "clip.mp4")
        frames = sum(1 for _ in decode(clip.path))
    if frames != clip.frames:
        raise RuntimeError(f"{clip.frames} frames were written, {frames} could be read")
    return f"{frames} frames written and read"


def _writable() -> str:
    with tempfile.NamedTemporaryFile(dir=Path.cwd()):
        return str(Path.cwd())
