"""A clock that jumps by hours and days, forwards and backwards, changes no result."""

from __future__ import annotations

import pytest

from tests.faults.interruptions import MARKS
from tests.faults.scenarios import contents, run_scenario, score_scenario, synthesize_scenario
from tests.faults.tracing import Fault

pytestmark = MARKS
DAY = 86_400.0
JUMPS = (0.0, 3600.0, -3600.0, 400 * DAY, -400 * DAY, -1e9)
"""Seconds by which the clock is wrong, from one reading to the next."""


@pytest.mark.parametrize("make", [run_scenario, score_scenario])
def test_run_wrong_clock(commands, tiny_set, tmp_path, make):
    scenario = make(tiny_set, tmp_path)
    assert scenario.run(commands).status == 0
    expected = contents(scenario.folder)
    for jumps in (JUMPS, JUMPS[::-1]):
        scenario.restore()
        scenario.run(commands, Fault("kill", 40), clock=jumps)
        done = scenario.run(commands, clock=jumps)
        assert done.status == 0, done.err
        assert contents(scenario.folder) == expected


def test_synthesize_wrong_clock(commands, tmp_path):
    scenario = synthesize_scenario(tmp_path)
    assert scenario.run(commands).status == 0
    expected = contents(scenario.folder)
    scenario.restore()
    done = scenario.run(commands, clock=JUMPS)
    assert done.status == 0, done.err
    assert contents(scenario.folder) == expected
