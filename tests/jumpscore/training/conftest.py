from __future__ import annotations

from pathlib import Path

import pytest

from tests.training_support import small_settings


@pytest.fixture(scope="session")
def clips(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Folders of prepared clips: to learn from, held out. Not to be written to."""
    from jumpscore.training.clips import prepare_lessons

    folder = tmp_path_factory.mktemp("lessons")
    return prepare_lessons(small_settings().data, folder, workers=1)
