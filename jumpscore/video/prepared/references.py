"""How prepared canvases reach a vLLM on the same machine: a small reference, not the pixels.

vLLM's protocol knows videos, not canvases. The harness sends, in the place of a video's bytes, a
few lines of JSON that name a folder of prepared canvases below the directory that the server may
read. Inside vLLM the plugin keeps them as a file named after its content, so that equal inputs are
equal to its caches and others are not.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from jumpscore.errors import DataError
from jumpscore.video.visual_input import VisualInput

MAGIC = "jumpscore-canvases"
SUFFIX = ".canvases.json"
MOST_BYTES = 100_000


@dataclass(frozen=True, slots=True)
class Reference:
    """A prepared folder and how its stamps are written.

    Attributes:
        folder: The folder, absolute.
        video: The video that it was made of.
        fingerprint: Of the input, so that other pixels in the same folder are another reference.
        decimals: Of time stamps.
    """

    folder: str
    video: str
    fingerprint: str
    decimals: int

    def to_bytes(self) -> bytes:
        """Return what is sent in the place of a video."""
        return json.dumps({"kind": MAGIC, **asdict(self)}, sort_keys=True).encode()


def reference_to(visual: VisualInput) -> Reference:
    """Return the reference to canvases that are on disk.

    Raises:
        DataError: They are not, or their stamps are not what vLLM would write.
    """
    if visual.folder is None:
        raise DataError(
            f"{visual.path}: its canvases are on no disk that a server could read; run with "
            "run.cache=true"
        )
    if visual.time_policy != "released":
        raise DataError(
            f"{visual.path}: vLLM writes time stamps by frame index and average rate, which is "
            "wrong for this video (policy pts); run it in transformers (model=llava_ov2), or "
            "accept that by input.time_policy=released"
        )
    return Reference(
        str(visual.folder.resolve()), str(visual.path), visual.fingerprint, visual.decimals
    )


def is_reference(content: bytes) -> bool:
    """Whether bytes that came for a video are a reference."""
    return len(content) <= MOST_BYTES and content[:1] == b"{" and MAGIC.encode() in content


def parse_reference(content: bytes) -> Reference:
    """Return the reference that some bytes hold.

    Raises:
        DataError: They hold none.
    """
    try:
        values: Any = json.loads(content)
        fields = {name: values[name] for name in Reference.__slots__}
        whole = values["kind"] == MAGIC and isinstance(fields["decimals"], int)
        texts = all(isinstance(fields[name], str) for name in ("folder", "video", "fingerprint"))
    except (ValueError, KeyError, TypeError, RecursionError):
        whole = texts = False
    if not (whole and texts):
        raise DataError(f"no reference to canvases: {content[:80]!r}")
    return Reference(**fields)


def keep(content: bytes, media: Path) -> Path:
    """Write bytes below ``media`` under a name made of their content, and return the file."""
    name = hashlib.sha256(content).hexdigest()
    path = media / "served" / f"{name}{SUFFIX if is_reference(content) else '.video'}"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        half = path.with_name(f"{path.name}.{id(content)}.half")
        half.write_bytes(content)
        half.replace(path)
    return path


def read_reference(path: Path) -> VisualInput:
    """Return the canvases that a kept reference names.

    Raises:
        DataError: The folder is not below the directory that holds the reference, or is gone.
    """
    from jumpscore.video.prepared.folders import read_prepared

    reference = parse_reference(path.read_bytes())
    media = path.resolve().parent.parent
    folder = Path(reference.folder).resolve()
    if media not in folder.parents:
        raise DataError(f"{folder}: is not below {media}, where the server may read")
    visual = read_prepared(folder, video=Path(reference.video))
    return visual.changed(decimals=reference.decimals)
