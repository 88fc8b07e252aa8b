"""Checkpoint folders of any model: found here or on the hub, read, told apart."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path
from typing import Any, BinaryIO

from pydantic import BaseModel, ConfigDict, ValidationError

from jumpscore.errors import DataError, UsageError, nearest_names
from model_wrappers.base import InputKind, ModelWrapper

BUNDLED = {"jumpscore-tiny": ("model_wrappers.llava_onevision2", "bundled/jumpscore-tiny")}
"""Checkpoints that come with this package: name to package and folder in it."""
USE = "jumpscore.json"
"""File of a checkpoint folder that says how it is meant to be used; most have none."""

WANTED = ("*.json", "*.safetensors", "*.txt", "*.jinja", "*.model")
"""Files of a hub repository that are fetched; no code among them."""
CODE = "*.py"
HASHED = (".json", ".safetensors", ".jinja", ".txt", ".bin", ".pt")
DIGEST_BYTES, TENSOR_BYTES, MOST_HEADER = 1 << 20, 1 << 10, 1 << 27


class FromCheckpoint(ModelWrapper):
    """A model that may be any of many checkpoints: which one it is, and how that is used."""

    options: Any

    @property
    def title(self) -> str:
        return titled(self.name, self.options)

    @property
    def remarks(self) -> tuple[str, ...]:
        return checkpoint_use(self.options.checkpoint).remarks

    def default_input(self, kind: InputKind) -> Mapping[str, Any]:
        return checkpoint_use(self.options.checkpoint).input.get(kind, {})


def titled(name: str, options: Any) -> str:
    """Return a model's name, with the checkpoint's where that is not the one it is known for.

    Args:
        name: Of the model.
        options: A pydantic model with a field ``checkpoint``.
    """
    known = type(options).model_fields["checkpoint"].default
    chosen = str(options.checkpoint)
    return name if chosen == known else f"{name}:{Path(chosen).name}"


class CheckpointUse(BaseModel):
    """How a checkpoint is meant to be used, as its folder says.

    Attributes:
        remarks: What a reader of its answers should know.
        input: Fields of a run's ``input`` that it was trained with, by kind of input.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    remarks: tuple[str, ...] = ()
    input: dict[InputKind, dict[str, int | float | str]] = {}


def checkpoint_use(checkpoint: str) -> CheckpointUse:
    """Return how a checkpoint of this machine is meant to be used.

    Args:
        checkpoint: A bundled name, a folder, or ``owner/name``, of which nothing is known.

    Raises:
        DataError: The folder says it in a form that cannot be read.
    """
    folder = local_folder(checkpoint)
    if folder is None or not (folder / USE).is_file():
        return CheckpointUse()
    try:
        return CheckpointUse.model_validate(read_settings(folder / USE))
    except ValidationError as error:
        raise DataError(f"{folder / USE}: cannot be read ({one_line(error)})") from None


def local_folder(checkpoint: str) -> Path | None:
    """Return the folder of a checkpoint that is on this machine; a bundled name goes first."""
    if checkpoint in BUNDLED:
        package, folder_name = BUNDLED[checkpoint]
        return Path(str(files(package).joinpath(folder_name)))
    folder = Path(checkpoint).expanduser()
    return folder if folder.is_dir() else None


def resolve(checkpoint: str, revision: str | None = None, *, code: bool = False) -> Path:
    """Return the folder of a checkpoint, fetched from the hub where it is no folder here.

    Args:
        checkpoint: A bundled name, a folder, or ``owner/name`` on the hub.
        revision: Commit, tag or branch, on the hub.
        code: Fetch its code too, for who was allowed to run it.

    Raises:
        DataError: There is no such folder, and the hub does not give it.
        UsageError: A revision was given for a folder.
    """
    folder = local_folder(checkpoint)
    if folder is not None:
        if revision is not None:
            raise UsageError(f"model.revision={revision!r}: {checkpoint} is a folder and has none")
        return folder
    # A path that is not there must not be asked for on the hub under another name.
    if checkpoint.count("/") != 1 or checkpoint[0] in "./~":
        raise DataError(
            f"{checkpoint}: no such folder, no 'owner/name' of the hub, and no bundled checkpoint "
            f"({', '.join(BUNDLED)}){nearest_names(checkpoint, BUNDLED)}"
        )
    from huggingface_hub import snapshot_download

    wanted = [*WANTED, CODE] if code else list(WANTED)
    try:
        return Path(snapshot_download(checkpoint, revision=revision, allow_patterns=wanted))
    except Exception as error:  # network, permission, name: the hub has many errors
        raise DataError(
            f"{checkpoint}: no such folder, and the hub does not give it "
            f"({type(error).__name__}: {str(error).splitlines()[0]}); download it where a network "
            "is and set model.checkpoint to the folder"
        ) from None


def digest(folder: Path) -> str:
    """Return a digest of a checkpoint's weights and settings, 16 hex digits.

    Of a weight file its size and header are read and the first KiB of every tensor, which any
    training changes; of other weights their first and last MiB. All of 16 GB would take longer than
    many a run.
    """
    found = hashlib.sha256()
    for path in sorted(folder.iterdir()):
        if path.suffix not in HASHED:
            continue
        with path.open("rb") as file:
            size = path.stat().st_size
            found.update(f"{path.name}\0{size}\0".encode())
            for start, count in _sampled(file, path.suffix, size):
                file.seek(start)
                found.update(file.read(count))
    return found.hexdigest()[:16]


def _sampled(file: BinaryIO, suffix: str, size: int) -> list[tuple[int, int]]:
    """Return (start, bytes) of what is read of a file for its digest."""
    ends = [(0, DIGEST_BYTES), (max(0, size - DIGEST_BYTES), DIGEST_BYTES)]
    if suffix != ".safetensors":
        return ends if size > 2 * DIGEST_BYTES else [(0, size)]
    # The format: 8 bytes with the header's length, the header as JSON, the tensors.
    length = int.from_bytes(file.read(8), "little")
    try:
        header = json.loads(file.read(min(length, MOST_HEADER)))
        starts = [8 + length + entry["data_offsets"][0] for entry in header.values()
                  if "data_offsets" in entry]  # fmt: skip
        return [(0, 8 + length), *((int(start), TENSOR_BYTES) for start in sorted(starts))]
    except (ValueError, KeyError, TypeError, AttributeError, IndexError):
        return ends  # damaged, which loading will say


def read_settings(path: Path) -> dict[str, Any]:
    """Return a JSON file of a checkpoint.

    Raises:
        DataError: It is missing, or holds no JSON object.
    """
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise DataError(f"{path}: is missing; a checkpoint folder holds it") from None
    except (OSError, ValueError, RecursionError) as error:
        raise DataError(f"{path}: cannot be read ({error})") from None
    if not isinstance(values, dict):
        raise DataError(f"{path}: holds no JSON object")
    return values


@contextmanager
def no_progress_bar() -> Iterator[None]:
    """Keep transformers from writing a bar over ours."""
    from transformers.utils import logging

    shown = logging.is_progress_bar_enabled()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        if shown:
            logging.enable_progress_bar()


def one_line(error: Exception) -> str:
    """Return an error's type and the first line of what it says."""
    said = str(error).strip().splitlines()
    return f"{type(error).__name__}: {said[0] if said else 'no reason given'}"[:500]
