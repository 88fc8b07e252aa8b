from __future__ import annotations

import pytest

from tests.support import write_video


@pytest.fixture(scope="module")
def video(tmp_path_factory):
    return write_video(tmp_path_factory.mktemp("v") / "a.mp4", frames=40, size=(128, 64))
