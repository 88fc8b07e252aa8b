"""Controls of a run: the same questions with another clip's pixels.

A score can only be interpreted next to the score of the same model without the right video:

- ``pixels``: the whole input is another clip's, including blocks and stamps. The remaining score
  is that of an answer that fits any clip.
- ``selection``: blocks, positions and stamps are the clip's own, the pixels are another clip's.
  Any score above ``pixels`` leaks through the choice of blocks and times.
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
    """Assignment of a replacement clip to every clip.

    Attributes:
        kind: ``pixels`` or ``selection``.
        partners: Video -> its replacement, never itself.
    """

    kind: ControlKind
    partners: Mapping[Path, Path]

    def partner(self, question: Question) -> Path:
        """Return the video whose pixels replace those of a question.

        Raises:
            UsageError: The question has no video of the data set.
        """
        for media in question.media:
            if media.kind == "video" and media.path in self.partners:
                return self.partners[media.path]
        raise UsageError(
            f"{question.id}: the question has no video for run.control={self.kind} to replace"
        )


def control_of(
    kind: ControlKind, input_kind: InputKind, samples: Sequence[Sample[Any]], *, seed: int
) -> Control | None:
    """Return the run's control, or ``None`` if it has none.

    The partners form one random cycle through all videos of the data set: they depend on the data
    set and the seed, not on the selected samples. Files with the same bytes, or several names of
    one file, count as one video, so no video replaces itself.

    Args:
        kind: Configured control.
        input_kind: Kind of input that the model is shown.
        samples: All samples of the data set.
        seed: Seed of the cycle.

    Raises:
        UsageError: The harness does not prepare this input, or there is only one video.
    """
    if kind == "none":
        return None
    if input_kind not in ("frames", "codec"):
        raise UsageError(
            f"run.control={kind} replaces pixels that the harness prepares; it needs "
            f"input=frames or input=codec, not {input_kind}"
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
    """Map each video to the first byte-identical one (usually itself)."""
    files = {video: video.resolve() for video in videos}
    sizes = {file: file.stat().st_size if file.is_file() else None for file in files.values()}
    shared = Counter(sizes.values())
    firsts: dict[object, Path] = {}
    first_of = {}
    for video, file in files.items():
        # Only files of equal size can be identical; the size of a missing file is unknown.
        twin = sizes[file] is not None and shared[sizes[file]] > 1
        first_of[video] = firsts.setdefault(content_hash(file) if twin else file, video)
    return first_of
