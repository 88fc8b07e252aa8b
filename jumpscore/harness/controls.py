"""Controls of a run: the same questions with another clip's pixels.

A score means something against what the same model earns without seeing the right video:

- ``pixels``: the whole input is another clip's, its blocks and stamps too. What is left is what
  the model says about any clip.
- ``selection``: blocks, places and stamps are the clip's own, the pixels another one's. What is
  left above ``pixels`` leaks through the choice of blocks and times.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

from jumpscore.errors import UsageError
from jumpscore.records import Question, Sample
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
    set and the seed, not on which samples are asked.

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
    if len(videos) < 2:
        raise UsageError(f"run.control={kind} needs two videos; the data set has {len(videos)}")
    order = np.random.default_rng([seed, len(videos)]).permutation(len(videos)).tolist()
    following = [*order[1:], order[0]]
    partners = {videos[a]: videos[b] for a, b in zip(order, following, strict=True)}
    return Control(kind, partners)
