"""Fuzz all targets, or some: ``python -m tests.fuzz [--seconds N] [--target NAME] [--seed S]``."""

from __future__ import annotations

import argparse
import hashlib
import sys
import time

from tests.fuzz.fuzzer import Plan, fuzz
from tests.fuzz.target import ROOT
from tests.fuzz.targets import ALL

STORED = ROOT / "build/fuzz"


def main() -> None:
    """Fuzz, print what breaks a rule, and store those inputs."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--seconds", type=float, default=600, help="Time for all targets.")
    parser.add_argument(
        "--target", action="append", help="Name, or the start of names; can be repeated."
    )
    parser.add_argument("--seed", type=int, default=int(time.time()) // 60)
    options = parser.parse_args()
    starts = tuple(options.target or [""])
    names = [name for name in ALL if name.startswith(starts)]
    if not names:
        parser.error(f"unknown target {starts}; known: {', '.join(ALL)}")
    print(f"seed {options.seed}, {len(names)} targets", flush=True)
    plan = Plan(seed=options.seed, seconds=options.seconds / len(names))
    findings = fuzz(names, plan, lambda line: print(line, flush=True))
    STORED.mkdir(parents=True, exist_ok=True)
    for finding in findings:
        digest = hashlib.sha256(finding.content).hexdigest()[:12]
        file = STORED / f"{finding.target}-{digest}"
        file.write_bytes(finding.content)
        print(f"\n{finding.target}: {finding.problem}\n  {finding.content[:200]!r}\n  {file}")
    sys.exit(bool(findings))


if __name__ == "__main__":
    main()
