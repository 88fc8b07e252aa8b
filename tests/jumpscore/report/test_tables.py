"""Tables for the terminal: headline and blind baselines first, the rest on request."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console, RenderableType

from jumpscore.harness import read_repeats
from jumpscore.records import Estimate, Metric
from jumpscore.report.tables import (
    counts_line,
    leader_table,
    repeats_table,
    run_table,
    tasks_table,
)
from jumpscore.runs import StoredRun, read_run
from tests.jumpscore.report.runs import made_up_run, timed

RUNS = Path(__file__).parents[2] / "data" / "runs" / "format_2_5bb1f45"
HEADLINE = ["map_reference", "f1", "f1@0.1", "count_mae"]
BLIND = ["content_free_map", "content_free_f1"]


def printed(table: RenderableType) -> str:
    console = Console(width=140, color_system=None)
    with console.capture() as capture:
        console.print(table)
    return capture.get()


def rows(text: str) -> list[str]:
    """The first cell of every row."""
    return [line.split()[1] for line in text.splitlines() if line.startswith("│")]


@pytest.fixture
def oracle() -> StoredRun:
    return read_run(RUNS / "oracle")


def test_run_table_prints_headline_and_blind_baselines(oracle: StoredRun) -> None:
    text = printed(run_table(oracle))
    assert rows(text) == HEADLINE + BLIND
    assert "22 further metrics: --all prints them" in text


def test_run_table_prints_everything(oracle: StoredRun) -> None:
    text = printed(run_table(oracle, everything=True))
    assert rows(text)[:7] == [*HEADLINE, "phase_control", *BLIND]
    assert len(rows(text)) == 28
    assert "map_confidence" not in text  # optional, and no sample defines it
    assert "--all" not in text


def test_repeats_table_prints_headline_and_blind_baselines() -> None:
    repeated = read_repeats(RUNS / "repeats")
    assert rows(printed(repeats_table(repeated))) == HEADLINE + BLIND
    assert len(rows(printed(repeats_table(repeated, everything=True)))) == 28


def test_run_table_has_no_negative_zero(tmp_path: Path) -> None:
    zero = Estimate(-1e-9, 0.0, -4e-4, 4e-4, 3)
    run = made_up_run(
        tmp_path, [], metrics={"bias": zero}, headline=("bias",),
        described=(Metric("bias", "", "seconds", "zero"),),
    )  # fmt: skip
    text = printed(run_table(run))
    assert "+0.000 s" in text
    assert "[+0.000, +0.000]" in text
    assert "−0.000" not in text


def test_leader_table_states_the_faults_of_the_oracle(oracle: StoredRun) -> None:
    text = printed(leader_table([oracle]))
    assert "oracle *" in text
    assert "* answers from the ground truth with 0.05 s jitter, 5% misses and 5% insertions" in text


def test_tasks_table_states_faults_only_for_times(oracle: StoredRun) -> None:
    scores = tuple(replace(score, view=None) for score in oracle.scores)
    text = printed(tasks_table([replace(oracle, scores=scores)]))
    assert "* answers from the ground truth: a check of the metrics, not a model" in text


def test_leader_table_of_a_model(tmp_path: Path) -> None:
    run = made_up_run(tmp_path, [timed("a", 0.5, [1.0], [1.0])])
    assert "ground truth" not in printed(leader_table([run]))


@pytest.mark.parametrize(("total", "line"), [(1, "1 sample: 1 ok"), (12, "12 samples: 12 ok")])
def test_counts_line_has_the_right_number(oracle: StoredRun, total: int, line: str) -> None:
    assert counts_line(replace(oracle.result, total=total, counts={"ok": total})).plain == line
