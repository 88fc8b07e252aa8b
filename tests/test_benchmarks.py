"""The benchmarks' own logic: comparison with committed figures, merging, exponents, the page."""

from __future__ import annotations

import doctest
from dataclasses import replace
from importlib import import_module

import pytest

from tests.benchmarks import figures as figures_module
from tests.benchmarks import row as row_module
from tests.benchmarks import table as table_module
from tests.benchmarks import timing
from tests.benchmarks.__main__ import BENCHMARKS
from tests.benchmarks.figures import COMMITTED, Figures, findings, merged
from tests.benchmarks.goals import GOALS
from tests.benchmarks.page import BEGIN, END, PAGE, tables
from tests.benchmarks.row import EXPONENT, Bound, Row, Skipped

ROW = Row("decode", "720p", "CPU s", 3.0, "plain", 2.0, memory=100.0, bound=Bound(memory=250))
GROWTH = Row("parse", "1 to 100", EXPONENT, 0.9)


def _figures(*rows: Row, skipped: tuple[Skipped, ...] = ()) -> Figures:
    return Figures({"cores": 2}, {"video": rows}, {"video": skipped})


def _problems(before: Row, after: Row) -> list[str]:
    return [finding.problem for finding in findings(_figures(before), _figures(after))]


@pytest.mark.parametrize("name", BENCHMARKS)
def test_benchmark_has_rows(name):
    assert callable(import_module(f"tests.benchmarks.{name}").rows)


@pytest.mark.parametrize("module", [figures_module, row_module, table_module, timing])
def test_module_examples_hold(module):
    assert doctest.testmod(module).failed == 0


def test_findings_ratio_up_by_a_fifth():
    # The ratio is 1.5, so 1.8 is about the largest without a finding.
    assert _problems(ROW, replace(ROW, ours=3.59)) == []
    assert _problems(ROW, replace(ROW, ours=3.7)) == ["ratio 1.85, committed 1.5: 123%"]


def test_findings_memory_up_by_a_fifth():
    assert _problems(ROW, replace(ROW, memory=120.0)) == []
    assert _problems(ROW, replace(ROW, memory=121.0)) == ["memory 121, committed 100: 121%"]


def test_findings_exponent_up_by_a_fifth_or_above_the_limit():
    assert _problems(GROWTH, replace(GROWTH, ours=1.08)) == []
    assert _problems(GROWTH, replace(GROWTH, ours=1.09)) == ["exponent 1.09, committed 0.9: 121%"]
    limit = replace(GROWTH, ours=1.15)
    assert _problems(limit, limit) == ["exponent 1.15 is above 1.1"]


def test_findings_absolute_times_do_not_count():
    slower = replace(ROW, ours=30.0, alternative=20.0)
    assert _problems(ROW, slower) == []
    assert _problems(replace(ROW, alternative=None), replace(ROW, ours=9.0, alternative=None)) == []


def test_findings_rows_no_longer_measured():
    before, after = _figures(ROW, GROWTH), _figures(ROW)
    assert [finding.problem for finding in findings(before, after)] == ["no longer measured"]
    assert findings(before, after, quick=True) == []
    assert findings(before, _figures(ROW, skipped=(Skipped("peer", "not installed"),))) == []
    assert findings(before, Figures()) == []  # another benchmark was run


def test_findings_new_row():
    assert findings(Figures(), _figures(ROW)) == []


def test_merged_replaces_rows_of_measured_benchmarks():
    committed = Figures({"cores": 8}, {"video": [ROW, GROWTH], "pages": [GROWTH]})
    new = _figures(replace(ROW, ours=2.0))
    result = merged(committed, new)
    assert result.rows == {"video": [replace(ROW, ours=2.0)], "pages": [GROWTH]}
    assert result.machine == {"cores": 2}


def test_merged_keeps_rows_that_were_skipped():
    new = _figures(ROW, skipped=(Skipped("peer", "not installed"),))
    assert merged(_figures(GROWTH), new).rows["video"] == [ROW, GROWTH]


def test_figures_file_round_trip(tmp_path):
    path = tmp_path / "figures.json"
    whole = replace(GROWTH, size="")
    original = _figures(ROW, whole, skipped=(Skipped("peer", "not installed"),))
    original.write(path)
    copy = Figures.read(path)
    assert copy.rows == {"video": [ROW, whole]}
    assert copy.skipped == {"video": [Skipped("peer", "not installed")]}
    assert '"ratio": 1.5' in path.read_text()


def test_missed_bounds():
    row = replace(ROW, bound=Bound(ours=2.0, ratio=1.5, memory=99.0))
    assert row.missed() == ["ours 3 > 2", "memory 100 > 99"]


def test_alternating_takes_turns_and_the_minimum():
    order: list[str] = []
    clock = iter([5.0, 1.0, 3.0, 2.0])

    def elapsed(work) -> float:
        work()
        return next(clock)

    jobs = {"ours": lambda: order.append("ours"), "theirs": lambda: order.append("theirs")}
    seconds = timing.alternating(jobs, repeats=2, clock=elapsed)
    assert seconds == {"ours": 3.0, "theirs": 1.0}
    assert order == ["ours", "theirs", "ours", "theirs"]


def test_child_process_measures_its_own_memory():
    ballast = bytearray(b"1" * 150_000_000)  # resident here, and does not count there
    cost = timing.in_processes({"a": timing.Job("tests.benchmarks.child:nothing")}, repeats=1)
    assert 0 < cost["a"].memory < 100 < len(ballast) / 2**20


def test_page_has_committed_figures():
    page = PAGE.read_text(encoding="utf-8")
    assert page.split(BEGIN)[1].split(END)[0] == tables(Figures.read(COMMITTED))


def test_goals_are_rows_of_benchmarks():
    assert {goal.benchmark for goal in GOALS} <= set(BENCHMARKS)
