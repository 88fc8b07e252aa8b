"""The rendered set of traces."""

from __future__ import annotations

import pytest

from evaluators.traces.task import Traces, TracesOptions
from tests.support import render_mini


@pytest.fixture(scope="module")
def mini(tmp_path_factory):
    root = tmp_path_factory.mktemp("mini_traces")
    render_mini("mini_traces", root)
    return root


@pytest.fixture(scope="module")
def samples(mini):
    return {s.question.id: s for s in Traces(TracesOptions(data=str(mini))).load()}
