from __future__ import annotations

import pytest

from jumpscore.answers.keys import key_role, key_scale


@pytest.mark.parametrize(
    ("role", "keys"),
    [
        (
            "start",
            "start|starttime|start_timestamp|time_start|begin|onset|from|开始时间|jump_start",
        ),
        ("end", "end|endtime|time_end|finish|stop|offset|until|duration|结束时间"),
        ("time", "t|time|timestamp|timestamps|at|seconds|time_s|jump_time|时间"),
        ("index", "jump|jump 1|jump_2|1|first|第1次|second jump"),
        ("other", "frame|start_frame|confidence|count|total_jumps|number of jumps|score"),
        ("unknown", "label|description|calendar|answer"),
    ],
)
def test_key_role(role, keys):
    assert {key: key_role(key) for key in keys.split("|")} == dict.fromkeys(keys.split("|"), role)


def test_key_scale_of_units_in_names():
    assert key_scale("start_ms") == key_scale("timestamp (ms)") == 1e-3
    assert key_scale("start_time") == 1.0
