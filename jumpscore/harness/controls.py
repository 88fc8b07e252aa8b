"""Controls of a run: the same questions with another clip's pixels.

A score means something against what the same model earns without seeing the right video:

- ``pixels``: the whole input is another clip's, its blocks and stamps too. What is left is what
  the model says about any clip.
- ``selection``: blocks, places and stamps are the clip's own, the pixels another one's. What is
  left above ``pixels`` leaks through the choice of blocks and times.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

from jumpscore.errors import UsageError
from jumpscore.records import Question, Sample
from jumpscore.video import content_hash
from model_wrappers.base import InputKind

ControlKind = Literal["none", "pixels", "selection"]

CAVEATS: dict[ControlKind, str] = {
    "pixels": "control: the model was shown another clip",
    "selection": "control: own blocks and stamps, but the model was shown another clip's pixels",
}


@dataclass(frozen=True)
class Control:
    """Which clip stands in for which.

    Attributes:
        kind: ``pixels`` or ``selection``.
        partners: Video -> the other one, never itself.
    """

    kind: ControlKind
    partners: Mapping[Path, Path]

    def partner(self, question: Question) -> Path:
        """Return the video whose pixels are shown for a question.

        Raises:
            UsageError: The question shows no video of the data set.
        """
        for media in question.media:
            if media.kind == "video" and media.path in self.partners:
                return self.partners[media.path]
        raise UsageError(f"{question.id}: shows no video, so run.control={self.kind} means nothing")


def control_of(
    kind: ControlKind, shown: InputKind, samples: Sequence[Sample[Any]], *, seed: int
) -> Control | None:
    """Return the control of a run, or ``None`` where it is none.

    The partners are one random cycle through all videos of the data set: they depend on the data
    set and the seed, not on which samples are asked. Files that hold the same bytes, or are one
    file under several names, are one video: nobody stands in for itself.

    Args:
        kind: As configured.
        shown: What the model is shown.
        samples: All of the data set.
        seed: Of the cycle.

    Raises:
        UsageError: The harness does not prepare what the model sees, or there is one video only.
    """
    if kind == "none":
        return None
    if shown not in ("frames", "codec"):
        raise UsageError(
            f"run.control={kind} swaps what the harness prepares; it needs input=frames or "
            f"input=codec, not {shown}"
        )
    videos = list(
        dict.fromkeys(
            media.path
            for sample in samples
            if sample.problem is None
            for media in sample.question.media
            if media.kind == "video"
        )
    )
    alike = _alike(videos)
    different = list(dict.fromkeys(alike.values()))
    if len(different) < 2:
        raise UsageError(
            f"run.control={kind} needs two different videos; the data set has {len(different)}"
        )
    order = np.random.default_rng([seed, len(different)]).permutation(len(different)).tolist()
    following = [*order[1:], order[0]]
    after = {different[a]: different[b] for a, b in zip(order, following, strict=True)}
    return Control(kind, {video: after[first] for video, first in alike.items()})


def _alike(videos: Sequence[Path]) -> dict[Path, Path]:
    """Return for every video the first that is the same one, itself as a rule."""
    files = {video: video.resolve() for video in videos}
    sizes = {file: file.stat().st_size if file.is_file() else None for file in files.values()}
    shared = Counter(sizes.values())
    firsts: dict[object, Path] = {}
    found = {}
    for video, file in files.items():
        # Only files of one size can hold the same bytes; of what is not there nobody knows.
        twin = sizes[file] is not None and shared[sizes[file]] > 1
        found[video] = firsts.setdefault(content_hash(file) if twin else file, video)
    return found
