"""Runs targets in a process of its own, which may hang, crash or run out of memory.

It prints one JSON object per line. The input being read is in ``current`` of its folder, so that it
can be reported by whoever started this process.
"""

from __future__ import annotations

import argparse
import faulthandler
import json
import logging
import os
import random
import resource
import sys
import time
from functools import partial
from importlib import import_module
from pathlib import Path

from tests.fuzz.mutations import Mutator, smallest
from tests.fuzz.target import Guard, Target, judge

MEMORY = 1 << 30
"""Limit of the memory that readers use, in bytes, above what the process has at the start."""
MOST_KEPT = 2000
"""Limit of the corpus."""


def main() -> None:
    """Run the targets in the arguments."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--module", required=True)
    parser.add_argument("--targets", required=True)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--inputs", type=int, default=1 << 60)
    parser.add_argument("--patience", type=float, default=30.0)
    arguments = parser.parse_args()
    sys.dont_write_bytecode = True
    logging.disable()
    known: dict[str, Target] = import_module(arguments.module).ALL
    guard = Guard()
    for name in arguments.targets.split(","):
        _run(known[name], guard, arguments)


def _run(target: Target, guard: Guard, arguments: argparse.Namespace) -> None:
    """Read inputs until the time or their number is used up."""
    chance = random.Random(f"{arguments.seed} {target.name}")
    corpus = list(target.seeds())
    folder = arguments.folder / "in" / target.name
    folder.mkdir(parents=True, exist_ok=True)
    (folder.parent / "canary.txt").write_text("outside")
    os.chdir(folder)
    read = target.open(folder)
    _limit_memory()
    current = arguments.folder / "current"
    mutator, signatures, problems = Mutator(chance, corpus), set[str](), set[str]()
    judging = partial(judge, target, read, guard=guard, folder=folder)
    fresh = chance.sample(corpus, len(corpus))
    number, stop = 0, time.monotonic() + arguments.seconds
    while number < arguments.inputs and time.monotonic() < stop:
        content = fresh.pop() if fresh and number % 2 == 0 else mutator.next()
        number += 1
        current.write_bytes(content)
        faulthandler.dump_traceback_later(arguments.patience, exit=True)
        outcome = judging(content)
        if outcome.problem == "took too long":  # once more, since modules are imported when used
            outcome = judging(content)
        faulthandler.cancel_dump_traceback_later()
        if outcome.problem and _kind(outcome.problem) not in problems:
            problems.add(kind := _kind(outcome.problem))
            if outcome.problem != "took too long":
                content = smallest(
                    content, lambda part, kind=kind: _kind(judging(part).problem or "") == kind
                )
            _report(target, outcome.problem, content)
        if outcome.signature not in signatures and len(corpus) < MOST_KEPT:
            signatures.add(outcome.signature)
            corpus.append(content)
    print(json.dumps({"done": target.name, "inputs": number, "kinds": len(signatures)}), flush=True)


def _kind(problem: str) -> str:
    """Return what is equal for problems with the same cause: exception and place."""
    if problem.startswith("raised"):
        return problem.partition(":")[0] + problem[problem.rfind("(") :]
    return problem.partition(":")[0]


def _report(target: Target, problem: str, content: bytes) -> None:
    record = {"target": target.name, "problem": problem, "input": content.hex()}
    print(json.dumps(record), flush=True)


def _limit_memory() -> None:
    used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (used + MEMORY, hard))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


if __name__ == "__main__":
    main()
