"""Checkpoint folders of any model: located here or on the hub, read and identified."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path
from typing import Any, BinaryIO

from pydantic import AliasChoices, BaseModel, ConfigDict, Field, ValidationError

from jumpscore.errors import DataError, UsageError, nearest_names
from model_wrappers.base import InputKind, ModelWrapper

BUNDLED = {
    name: ("model_wrappers.llava_onevision2", f"bundled/{name}")
    for name in ("jumpscore-tiny", "jumpscore-tiny2")
}
"""Checkpoints that come with this package: name -> (package, folder in it)."""
USE = "jumpscore.json"
"""Optional file of a checkpoint folder that describes how to use the checkpoint."""

DOWNLOADED = ("*.json", "*.safetensors", "*.txt", "*.jinja", "*.model")
"""Files of a hub repository that are downloaded; code is not."""
CODE = "*.py"
HASHED = (".json", ".safetensors", ".jinja", ".txt", ".bin", ".pt")
DIGEST_BYTES, TENSOR_BYTES, MOST_HEADER = 1 << 20, 1 << 10, 1 << 27


class FromCheckpoint(ModelWrapper):
    """A model that can load different checkpoints, each with its name and recommended input."""

    options: Any

    @property
    def display_name(self) -> str:
        """The model's name, followed by its checkpoint's unless that is the default one."""
        default = type(self.options).model_fields["checkpoint"].default
        checkpoint = str(self.options.checkpoint)
        return self.name if checkpoint == default else f"{self.name}:{Path(checkpoint).name}"

    @property
    def notes(self) -> tuple[str, ...]:
        return checkpoint_use(self.options.checkpoint).notes

    def default_input(self, kind: InputKind) -> Mapping[str, Any]:
        return checkpoint_use(self.options.checkpoint).input.get(kind, {})


class CheckpointUse(BaseModel):
    """How a checkpoint is meant to be used: the contents of its ``jumpscore.json``.

    Attributes:
        notes: Notes for readers of its answers; called ``remarks`` in older files.
        input: Fields of a run's ``input`` that it was trained with, by kind of input.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    notes: tuple[str, ...] = Field(default=(), validation_alias=AliasChoices("notes", "remarks"))
    input: dict[InputKind, dict[str, int | float | str]] = {}


def checkpoint_use(checkpoint: str) -> CheckpointUse:
    """Return how a checkpoint on this machine is meant to be used.

    Args:
        checkpoint: A bundled name, a folder, or ``owner/name``, which is not looked up.

    Raises:
        DataError: The folder's ``jumpscore.json`` is malformed.
    """
    folder = local_folder(checkpoint)
    if folder is None or not (folder / USE).is_file():
        return CheckpointUse()
    try:
        return CheckpointUse.model_validate(read_settings(folder / USE))
    except ValidationError as error:
        raise DataError(f"{folder / USE}: cannot be read ({one_line(error)})") from None


def local_folder(checkpoint: str) -> Path | None:
    """Return the folder of a checkpoint on this machine, if any; bundled names go first."""
    if checkpoint in BUNDLED:
        package, folder_name = BUNDLED[checkpoint]
        return Path(str(files(package).joinpath(folder_name)))
    folder = Path(checkpoint).expanduser()
    return folder if folder.is_dir() else None


def resolve(checkpoint: str, revision: str | None = None, *, code: bool = False) -> Path:
    """Return the folder of a checkpoint, downloaded from the hub if it is not a local folder.

    Args:
        checkpoint: A bundled name, a folder, or ``owner/name`` on the hub.
        revision: Commit, tag or branch on the hub.
        code: Download its code too; only if the user allowed running it.

    Raises:
        DataError: The folder does not exist and cannot be downloaded.
        UsageError: A local folder was combined with a revision.
    """
    folder = local_folder(checkpoint)
    if folder is not None:
        if revision is not None:
            raise UsageError(
                f"model.revision={revision!r}: {checkpoint} is a local folder, which has no "
                "revisions; leave out model.revision"
            )
        return folder
    # A mistyped path must not be looked up on the hub under another name.
    if checkpoint.count("/") != 1 or checkpoint[0] in "./~":
        raise DataError(
            f"model.checkpoint={checkpoint}: not a folder; give a folder, 'owner/name' of the hub "
            f"or a bundled checkpoint ({', '.join(BUNDLED)}){nearest_names(checkpoint, BUNDLED)}"
        )
    from huggingface_hub import snapshot_download

    patterns = [*DOWNLOADED, CODE] if code else list(DOWNLOADED)
    try:
        return Path(snapshot_download(checkpoint, revision=revision, allow_patterns=patterns))
    except Exception as error:  # network, permission, name: the hub has many errors
        raise DataError(
            f"model.checkpoint={checkpoint}: not a folder, and the download failed "
            f"({one_line(error)}); download it on a machine with network access and set "
            "model.checkpoint to the folder"
        ) from None


def digest(folder: Path) -> str:
    """Return a digest of a checkpoint's weights and settings, 16 hex digits.

    Weight files are sampled: size, header and the first KiB of every tensor, which any training
    changes; the first and last MiB of other formats. Reading all 16 GB would take longer than many
    runs.
    """
    checksum = hashlib.sha256()
    for path in sorted(folder.iterdir()):
        if path.suffix not in HASHED:
            continue
        with path.open("rb") as file:
            size = path.stat().st_size
            checksum.update(f"{path.name}\0{size}\0".encode())
            for start, count in _sampled(file, path.suffix, size):
                file.seek(start)
                checksum.update(file.read(count))
    return checksum.hexdigest()[:16]


def _sampled(file: BinaryIO, suffix: str, size: int) -> list[tuple[int, int]]:
    """Return (start, bytes) of the parts of a file that its digest covers."""
    ends = [(0, DIGEST_BYTES), (max(0, size - DIGEST_BYTES), DIGEST_BYTES)]
    if suffix != ".safetensors":
        return ends if size > 2 * DIGEST_BYTES else [(0, size)]
    # The format: 8 bytes with the header's length, the header as JSON, the tensors.
    length = int.from_bytes(file.read(8), "little")
    try:
        header = json.loads(file.read(min(length, MOST_HEADER)))
        starts = sorted(
            8 + length + int(entry["data_offsets"][0])
            for entry in header.values()
            if "data_offsets" in entry
        )
    except (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError):
        return ends  # damaged; loading it reports that
    if not all(0 <= start <= size for start in (8 + length, *starts)):
        return ends
    return [(0, 8 + length), *((start, TENSOR_BYTES) for start in starts)]


def read_settings(path: Path) -> dict[str, Any]:
    """Return the JSON object of a checkpoint's file.

    Raises:
        DataError: The file is missing or does not contain a JSON object.
    """
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise DataError(f"{path}: not found; a checkpoint folder needs this file") from None
    except (OSError, ValueError, RecursionError) as error:
        raise DataError(f"{path}: cannot be read ({error})") from None
    if not isinstance(values, dict):
        raise DataError(f"{path}: expected a JSON object, got {type(values).__name__}")
    return values


def video_settings(folder: Path) -> dict[str, Any]:
    """Return the settings of a checkpoint's video processor; empty if it has none.

    transformers 5 stores them inside the settings of the whole processor, earlier releases in a
    file of their own, and the first models in that of the image processor.

    Raises:
        DataError: A file does not contain a JSON object.
    """
    whole = folder / "processor_config.json"
    if whole.is_file():
        nested = read_settings(whole).get("video_processor")
        if isinstance(nested, dict):
            return nested
    for name in ("video_preprocessor_config.json", "preprocessor_config.json"):
        if (folder / name).is_file():
            return read_settings(folder / name)
    return {}


@contextmanager
def no_progress_bar() -> Iterator[None]:
    """Keep transformers from drawing a progress bar over ours."""
    from transformers.utils import logging

    enabled = logging.is_progress_bar_enabled()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        if enabled:
            logging.enable_progress_bar()


def for_inference(model: Any, device: str) -> Any:
    """Return a loaded model on a device, with greedy decoding and without gradients."""
    from transformers import GenerationConfig

    # Sampling settings that the checkpoint recommends must not silently change answers.
    stored = model.generation_config
    model.generation_config = GenerationConfig(
        eos_token_id=stored.eos_token_id, pad_token_id=stored.pad_token_id
    )
    return model.to(device).eval().requires_grad_(False)


def one_line(error: Exception) -> str:
    """Return an error's type and the first line of its message."""
    lines = str(error).strip().splitlines()
    return f"{type(error).__name__}: {lines[0] if lines else 'no reason given'}"[:500]
