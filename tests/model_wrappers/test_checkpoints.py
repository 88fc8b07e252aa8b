"""Which folder a name is, and what a checkpoint says about its use."""

from __future__ import annotations

import pytest

from jumpscore.errors import DataError, UsageError
from model_wrappers.checkpoints import BUNDLED, CheckpointUse, checkpoint_use, local_folder, resolve


@pytest.mark.parametrize("name", BUNDLED)
def test_a_bundled_name_goes_before_a_folder_of_that_name(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / name).mkdir()
    assert (resolve(name) / "model.safetensors").is_file()
    assert resolve(f"./{name}").samefile(tmp_path / name)


def test_a_misspelt_bundled_name():
    with pytest.raises(DataError, match=r"no bundled checkpoint.*did you mean 'jumpscore-tiny'"):
        resolve("jumpscore-tinny")


def test_a_bundled_checkpoint_has_no_revision():
    with pytest.raises(UsageError, match="has none"):
        resolve("jumpscore-tiny", "main")


def test_most_checkpoints_say_nothing_and_the_hub_is_not_asked(tmp_path):
    assert checkpoint_use(str(tmp_path)) == CheckpointUse()
    assert local_folder("owner/name") is None
    assert checkpoint_use("owner/name") == CheckpointUse()


@pytest.mark.parametrize(
    "text",
    [
        "{",
        "[]",
        '{"remarks": "trained"}',
        '{"inputs": {}}',
        '{"input": {"canvases": {"count": 2}}}',
        '{"input": {"codec": {"count": {"deep": [1]}}}}',
    ],
)
def test_a_use_that_cannot_be_read_names_its_file(tmp_path, text):
    (tmp_path / "jumpscore.json").write_text(text)
    with pytest.raises(DataError, match=r"jumpscore\.json"):
        checkpoint_use(str(tmp_path))
