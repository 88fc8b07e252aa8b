from __future__ import annotations

import pytest

import jumpscore


@pytest.fixture
def start(tiny_set, tmp_path):
    def start(model, *, task="jumpscore", data=tiny_set, input=None, on_progress=None, **run):
        return jumpscore.evaluate(
            model,
            task,
            task_options={"data": str(data)},
            input=input,
            run={"folder": tmp_path / "runs", **run},
            on_progress=on_progress,
        )

    return start
