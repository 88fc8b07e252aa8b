"""A model that answers about single videos."""

from __future__ import annotations

import pytest

from jumpscore.errors import UsageError
from jumpscore.harness import run_config
from jumpscore.harness.compose import compose
from jumpscore.harness.single import open_model


def test_open_model_refuses_a_cluster():
    config = run_config(compose(["run.engine=ray"]))
    with (
        pytest.raises(UsageError, match=r"on this machine only; leave out run\.engine=ray"),
        open_model(config),
    ):
        pass
