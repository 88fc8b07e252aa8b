"""References to prepared pictures, to pass them to a vLLM server on the same machine.

vLLM's protocol supports videos, but not canvases, and frames only as pictures in the request.
Instead of a video's bytes, the harness sends a few lines of JSON with a folder of prepared
pictures, which must be below the directory that the server may read. The plugin in vLLM stores them
as a file named after its content, so that equal inputs share an entry of vLLM's caches.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, get_args

from jumpscore.errors import DataError
from jumpscore.video.visual_input import Kind, VisualInput

MAGIC = "jumpscore-pictures"
SUFFIX = ".pictures.json"
MOST_BYTES = 100_000


@dataclass(frozen=True, slots=True)
class Reference:
    """A prepared folder and the format of its time stamps.

    Attributes:
        folder: Absolute path of the folder.
        video: The video that it was made from.
        fingerprint: Fingerprint of the input, so that other pixels give another reference.
        decimals: Decimals of the time stamps.
        kind: Frames or canvases.
    """

    folder: str
    video: str
    fingerprint: str
    decimals: int
    kind: Kind

    def to_bytes(self) -> bytes:
        """Return the bytes to send instead of a video."""
        return json.dumps({"format": MAGIC, **asdict(self)}, sort_keys=True).encode()


def reference_to(visual: VisualInput) -> Reference:
    """Return the reference to pictures that are on disk.

    Raises:
        DataError: The pictures are not on disk, or vLLM would write other time stamps.
    """
    if visual.folder is None:
        raise DataError(
            f"{visual.path}: the server needs pictures on disk, but they are only in memory; run "
            "with run.cache=true"
        )
    if visual.time_policy != "released":
        raise DataError(
            f"{visual.path}: vLLM writes time stamps by frame index and average rate, which is "
            "wrong for this video (policy pts); run it in transformers (model=llava_ov2), or "
            "accept the wrong times with input.time_policy=released"
        )
    return Reference(
        str(visual.folder.resolve()),
        str(visual.path),
        visual.fingerprint,
        visual.decimals,
        visual.kind,
    )


def has_files(visual: VisualInput, *, below: Path) -> bool:
    """Whether the pictures are lossless files somewhere below a folder, for a server to read."""
    folder = visual.folder
    return (
        folder is not None
        and below.resolve() in folder.resolve().parents
        and all(file.is_file() for file in picture_files(folder, 1))
    )


def picture_files(folder: Path, count: int) -> list[Path]:
    """Return the paths of the pictures of a cache entry, in order."""
    return [folder.resolve() / f"canvas_{place:03d}.png" for place in range(count)]


def is_reference(content: bytes) -> bool:
    """Whether the bytes of a video are a reference."""
    return len(content) <= MOST_BYTES and content[:1] == b"{" and MAGIC.encode() in content


def parse_reference(content: bytes) -> Reference:
    """Return the reference from its bytes.

    Raises:
        DataError: The bytes are not a valid reference.
    """
    try:
        values: Any = json.loads(content)
        fields = {name: values[name] for name in Reference.__slots__}
        whole = values["format"] == MAGIC and isinstance(fields["decimals"], int)
        whole = whole and fields["kind"] in get_args(Kind)
        texts = all(isinstance(fields[name], str) for name in ("folder", "video", "fingerprint"))
    except (ValueError, KeyError, TypeError, RecursionError):
        whole = texts = False
    if not (whole and texts):
        raise DataError(
            f"invalid reference to pictures: {content[:80]!r}; send the bytes of Reference.to_bytes"
        )
    return Reference(**fields)


def keep(content: bytes, media: Path) -> Path:
    """Write bytes to a file below ``media`` that is named after their content, and return it."""
    name = hashlib.sha256(content).hexdigest()
    path = media / "served" / f"{name}{SUFFIX if is_reference(content) else '.video'}"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        half = path.with_name(f"{path.name}.{id(content)}.half")
        half.write_bytes(content)
        half.replace(path)
    return path


def read_reference(path: Path) -> VisualInput:
    """Return the pictures of a stored reference.

    Raises:
        DataError: The folder is missing or not below the directory of the reference.
    """
    from jumpscore.video.prepared.folders import read_prepared

    reference = parse_reference(path.read_bytes())
    media = path.resolve().parent.parent
    folder = Path(reference.folder).resolve()
    if media not in folder.parents:
        raise DataError(
            f"{folder}: is not below {media}, the only folder that the server may read; set the "
            "cache to a folder below it"
        )
    visual = read_prepared(folder, video=Path(reference.video))
    return visual.changed(decimals=reference.decimals)
