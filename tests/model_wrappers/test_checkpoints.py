"""Resolving checkpoint names, and reading a checkpoint's recommended use."""

from __future__ import annotations

import pytest

from jumpscore.errors import DataError, UsageError
from model_wrappers.checkpoints import (
    BUNDLED,
    CheckpointUse,
    checkpoint_use,
    digest,
    local_folder,
    resolve,
)


@pytest.mark.parametrize("name", BUNDLED)
def test_resolve_bundled_name_goes_before_a_folder(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / name).mkdir()
    assert (resolve(name) / "model.safetensors").is_file()
    assert resolve(f"./{name}").samefile(tmp_path / name)


def test_resolve_misspelt_bundled_name():
    with pytest.raises(DataError, match=r"or a bundled checkpoint.*did you mean 'jumpscore-tiny'"):
        resolve("jumpscore-tinny")


def test_resolve_bundled_checkpoint_with_revision():
    with pytest.raises(UsageError, match="has no revisions; leave out"):
        resolve("jumpscore-tiny", "main")


def test_checkpoint_use_is_empty_by_default_and_needs_no_network(tmp_path):
    assert checkpoint_use(str(tmp_path)) == CheckpointUse()
    assert local_folder("owner/name") is None
    assert checkpoint_use("owner/name") == CheckpointUse()


@pytest.mark.parametrize("key", ["notes", "remarks"])
def test_checkpoint_use_reads_notes_under_both_names(tmp_path, key):
    (tmp_path / "jumpscore.json").write_text(f'{{"{key}": ["trained on clips"]}}')
    assert checkpoint_use(str(tmp_path)).notes == ("trained on clips",)


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
def test_checkpoint_use_malformed_file_is_named(tmp_path, text):
    (tmp_path / "jumpscore.json").write_text(text)
    with pytest.raises(DataError, match=r"jumpscore\.json"):
        checkpoint_use(str(tmp_path))


def safetensors(header: str, *, length: int | None = None) -> bytes:
    size = len(header) if length is None else length
    return size.to_bytes(8, "little") + header.encode() + bytes(64)


@pytest.mark.parametrize(
    "content",
    [
        safetensors("[" * 100_000),
        safetensors('{"a": {"data_offsets": [-500, 0]}}'),
        safetensors('{"a": {"data_offsets": [1e999, 0]}}'),
        safetensors('{"a": {"data_offsets": [%s, 0]}}' % ("9" * 30)),
        safetensors("{}", length=1 << 62),
        safetensors('{"a": 5}'),
        b"",
    ],
)
def test_digest_of_damaged_weights(tmp_path, content):
    (tmp_path / "model.safetensors").write_bytes(content)
    first = digest(tmp_path)
    (tmp_path / "model.safetensors").write_bytes(content[:-1] + b"x")
    assert digest(tmp_path) != first
