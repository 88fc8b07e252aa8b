from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.faults.commands import Commands, started


@pytest.fixture(scope="module")
def commands(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Commands]:
    """A server of commands with the model and the task of the suite."""
    with started(tmp_path_factory.mktemp("commands"), "tests.faults.registered") as commands:
        yield commands
