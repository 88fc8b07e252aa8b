from __future__ import annotations

import pytest

from evaluators.spatial.rows import RULES, SpatialTruth
from evaluators.spatial.task import Spatial, SpatialOptions
from tests.evaluators.spatial.made import row, write_set


@pytest.fixture(scope="module")
def everything(tmp_path_factory) -> Spatial:
    root = write_set(tmp_path_factory.mktemp("all"), [row(rule) for rule in RULES])
    return Spatial(SpatialOptions(data=str(root)))


@pytest.fixture(scope="module")
def truths(everything) -> dict[str, SpatialTruth]:
    return {sample.question.id: sample.truth for sample in everything.load()}
