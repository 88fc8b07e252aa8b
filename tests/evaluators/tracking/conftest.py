"""The rendered set of tracking."""

from __future__ import annotations

import pytest

from tests.support import render_mini


@pytest.fixture(scope="module")
def mini(tmp_path_factory):
    out = tmp_path_factory.mktemp("mini") / "set"
    out.mkdir()
    render_mini("mini_tracking", out)
    return out
