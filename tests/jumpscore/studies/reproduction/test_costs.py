from __future__ import annotations

import json
from types import SimpleNamespace

import pytest

from jumpscore.records import Response, Usage
from jumpscore.runs.lines import response_line
from jumpscore.studies.reproduction import costs


@pytest.mark.parametrize(
    ("timing", "rate"),
    [
        ({"wall_seconds": 4.0, "samples": 4}, 100.0),
        ({"wall_seconds": 1.0, "samples": 1}, 100.0),  # resumed: the last of four was timed
        ({"wall_seconds": 4.0}, None),
        ({"score_seconds": 4.0}, None),
    ],
)
def test_measured_rate_of_a_resumed_run(tmp_path, monkeypatch, timing, rate):
    answers = [Response(f"a{k}", "1", usage=Usage(visual=100)) for k in range(4)]
    (tmp_path / "responses.jsonl").write_bytes(b"".join(map(response_line, answers)))
    (tmp_path / "timing.json").write_text(json.dumps(timing))
    run = SimpleNamespace(result=True, folder=tmp_path)
    monkeypatch.setattr(costs, "candidates", lambda *_: [SimpleNamespace(run=run)])
    assert costs.measured_rate(None, []) == rate
