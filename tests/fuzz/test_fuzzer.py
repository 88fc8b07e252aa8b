"""The fuzzer itself: every target reads a few inputs, and planted faults are found."""

from __future__ import annotations

import random

import pytest

from tests.fuzz.fuzzer import Plan, fuzz
from tests.fuzz.mutations import LARGEST, Mutator, smallest
from tests.fuzz.planted import ALL as PLANTED
from tests.fuzz.targets import ALL

PROBLEMS = {
    "raises": "raised KeyError: 'planted' (",
    "no-json": "a result that is not JSON: TypeError: object",
    "warns": "warned: UserWarning: planted",
    "fills-memory": "raised MemoryError",
    "is-slow": "took too long",
    "writes": "wrote outside its folder",
    "reads": "read outside its folder",
    "repeats-input": "an error message of more than 2500 characters",
}


@pytest.mark.slow
def test_fuzz_every_target_reads_inputs():
    lines: list[str] = []
    findings = fuzz(list(ALL), Plan(seed=0, inputs=20), lines.append)
    assert findings == []
    assert [line.partition(":")[0] for line in lines] == list(ALL)


def test_fuzz_finds_planted_faults():
    plan = Plan(seed=0, inputs=2, module="tests.fuzz.planted")
    findings = {finding.target: finding for finding in fuzz(list(PROBLEMS), plan)}
    assert findings.keys() == PROBLEMS.keys() == PLANTED.keys() - {"hangs"}
    for name, problem in PROBLEMS.items():
        assert findings[name].problem.startswith(problem), findings[name]
    assert findings["raises"].content == b"\xff"
    assert len(findings["no-json"].content) == 4


def test_fuzz_goes_on_after_a_hang():
    plan = Plan(seed=0, inputs=2, patience=0.5, module="tests.fuzz.planted")
    one, other = fuzz(["hangs", "raises"], plan)
    assert one.problem.startswith("hung for 0.5 s")
    assert "_hangs" in one.problem
    assert one.content
    assert other.target == "raises"


@pytest.mark.parametrize("seed", range(3))
def test_mutator_repeats_with_its_seed(seed):
    corpus = [b'{"a": [1, 2.5, "x"]}\n', b"at 3 s\n", b""]
    one, other = (Mutator(random.Random(seed), corpus) for _ in range(2))
    inputs = [one.next() for _ in range(300)]
    assert inputs == [other.next() for _ in range(300)]
    assert len(set(inputs)) > 200
    assert max(map(len, inputs)) <= LARGEST


def test_smallest_leaves_out_what_does_not_matter():
    assert smallest(b"a" * 500 + b"<" + b"b" * 300 + b">", lambda text: b"<" in text) == b"<"
