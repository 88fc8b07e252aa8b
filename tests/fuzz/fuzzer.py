"""Starts processes that read inputs, and collects what they report, even if they hang or crash."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.fuzz.target import ROOT


@dataclass(frozen=True)
class Finding:
    """An input that breaks a rule.

    Attributes:
        target: Name of the target.
        problem: What is wrong.
        content: The input.
    """

    target: str
    problem: str
    content: bytes


@dataclass(frozen=True)
class Plan:
    """How long to fuzz, and from which seed.

    Attributes:
        seed: Seed of all random choices.
        seconds: Time per target.
        inputs: Largest number of inputs per target; by default as many as the time allows.
        patience: Seconds after which an input counts as one that hangs.
        module: Module with the targets, ``ALL``.
    """

    seed: int = 0
    seconds: float = 10.0
    inputs: int | None = None
    patience: float = 30.0
    module: str = "tests.fuzz.targets"


def fuzz(
    names: Sequence[str], plan: Plan, report: Callable[[str], None] = lambda line: None
) -> list[Finding]:
    """Fuzz targets one after another.

    Args:
        names: Names of the targets.
        plan: How long.
        report: Called with a line for each target that is done.
    """
    left, findings = list(names), []
    with tempfile.TemporaryDirectory(prefix="fuzz-") as scratch:
        folder = Path(scratch) / "inside"
        folder.mkdir()
        while left:
            done, problems, stopped = _run(left, plan, folder, report)
            findings += problems
            left = left[done:]
            if stopped and left:
                content = (folder / "current").read_bytes()
                findings.append(Finding(left.pop(0), stopped, content))
    return findings


def _run(
    names: Sequence[str], plan: Plan, folder: Path, report: Callable[[str], None]
) -> tuple[int, list[Finding], str]:
    """Run one process; return the number of targets it finished, findings, and why it stopped."""
    command = [
        *(sys.executable, "-m", "tests.fuzz.child", "--module", plan.module),
        *("--targets", ",".join(names), "--folder", str(folder), "--seed", str(plan.seed)),
        *("--seconds", str(plan.seconds), "--patience", str(plan.patience)),
        *(("--inputs", str(plan.inputs)) if plan.inputs is not None else ()),
    ]
    threads = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "PYTHONDONTWRITEBYTECODE": "1"}
    environment = os.environ | threads | {"JUMPSCORE_CACHE": str(folder / "cache")}
    done, findings = 0, []
    with (
        (folder / "errors").open("w+") as errors,
        subprocess.Popen(
            command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=errors, text=True
        ) as process,
    ):
        for line in process.stdout or ():
            record = json.loads(line)
            if "done" in record:
                done += 1
                report(f"{record['done']}: {record['inputs']} inputs, {record['kinds']} kinds")
            else:
                content = bytes.fromhex(record["input"])
                findings.append(Finding(record["target"], record["problem"], content))
        code = process.wait()
        errors.seek(0)
        lines = [line.strip() for line in errors.read().splitlines() if line.strip()]
    if code == 0:
        return done, findings, ""
    hangs = any("Timeout" in line for line in lines)
    reason = f"hung for {plan.patience:g} s" if hangs else f"ended its process ({code})"
    return done, findings, f"{reason}: {'; '.join(lines[:6] + lines[-2:])[:900]}"
