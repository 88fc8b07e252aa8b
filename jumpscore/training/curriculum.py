"""Examples of every training step, determined by settings, step and progress."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from jumpscore.training.cache import StoredClip
from jumpscore.training.examples import Cut, Example, ExampleMaker
from jumpscore.training.pictures import recoloured
from jumpscore.training.settings import Growth, JoinStage, LookStage, Optimiser, ReadStage

SHORTEST = 6
"""Frames of the shortest piece of a clip."""
FEW_TOKENS = (1, 2)
"""Visual tokens per frame of most blind examples, to fit more stamps and events in a batch."""
FULL_TOKENS = 0.3
"""Share of blind batches with as many visual tokens per frame as real pictures have, so that the
text model learns to read whole frames."""
WHOLE = 0.9
"""Clips count as whole from this share of the longest clip's frames."""


@dataclass(slots=True)
class Progress:
    """Progress of a stage: the part of the curriculum that depends on the model.

    Attributes:
        longest: Frames of the longest piece in a batch.
        right: Smoothed share of correct tokens in answers.
    """

    longest: float
    right: float = 0.0

    def after(self, right: float, growth: Growth, most: int) -> None:
        """Update after a step.

        Args:
            right: Share of correct tokens in the step's answers.
            growth: How clips grow.
            most: Frames of the longest clip.
        """
        self.right += 0.03 * (right - self.right)
        if self.right > growth.mastered:
            self.longest = min(float(most), self.longest + growth.by)


def step_rng(seed: int, stage: str, step: int) -> np.random.Generator:
    """Return the generator of one step, so that a resumed run draws the same examples."""
    return np.random.default_rng([seed, *stage.encode(), step])


def learning_rate(stage: Optimiser, step: int) -> float:
    """Return the learning rate of a step: linear warm-up, constant, linear decay."""
    left = (stage.steps - step) / max(1.0, stage.decay * stage.steps)
    return stage.rate * min(1.0, (step + 1) / stage.warmup, left)


def faded(first: float, last: float, step: int, steps: float) -> float:
    """Interpolate linearly from ``first`` to ``last``, which is reached after ``steps``.

    >>> [faded(1.0, 0.0, step, 4) for step in (0, 1, 8)]
    [1.0, 0.75, 0.0]
    """
    return first + (last - first) * (min(1.0, step / steps) if steps > 0 else 1.0)


class Curriculum:
    """Draws examples.

    Args:
        clips: Training clips.
        maker: Makes examples from cuts of them.
    """

    def __init__(self, clips: Sequence[StoredClip], maker: ExampleMaker) -> None:
        self._clips, self._maker = clips, maker
        self.most_frames = max(len(clip.seconds) for clip in clips)

    def blind(
        self, stage: ReadStage, progress: Progress, rng: np.random.Generator
    ) -> list[Example]:
        """Return a batch without pixels."""
        whole = progress.longest > WHOLE * self.most_frames
        if whole and rng.random() < stage.codec:
            canvases = partial(_canvases, shift=stage.shift, blind=True)
            return self._fill(stage.tokens, rng, canvases)
        frames = int(rng.integers(SHORTEST, int(progress.longest) + 1))
        tokens = None if rng.random() < FULL_TOKENS else int(rng.choice(FEW_TOKENS))
        cut = partial(_piece, frames=frames, shift=stage.shift, blind=True, tokens=tokens)
        return self._fill(stage.tokens, rng, cut)

    def views(self, stage: LookStage, rng: np.random.Generator) -> list[Example]:
        """Return a few frames of each of many clips, and canvases of some."""
        pieces = [partial(_piece, frames=stage.frames)] * stage.clips
        canvases = partial(_canvases, fast=stage.fast)
        cuts: list[Callable[..., Cut]] = [*pieces, *[canvases] * stage.canvases]
        return [recolour(self._one(cut, rng), rng, stage.recolour) for cut in cuts]

    def joint(
        self, stage: JoinStage, progress: Progress, rng: np.random.Generator
    ) -> list[Example]:
        """Return a batch of frames, of canvases, or of thinned frames."""
        whole = progress.longest > WHOLE * self.most_frames
        kind = rng.random()
        cut: Callable[..., Cut]
        if kind < stage.codec:  # canvases always show whole clips, because they have few tokens
            cut = partial(_canvases, shift=stage.shift, fast=stage.fast)
        else:
            # Only whole clips are thinned: too little of a short piece would remain to learn from.
            thinned = whole and kind < stage.codec + stage.thinned
            every = int(rng.integers(2, stage.every + 1)) if thinned else 1
            least = min(SHORTEST * every, int(progress.longest))
            frames = int(rng.integers(least, int(progress.longest) + 1))
            frames = self.most_frames if whole and rng.random() < 0.5 else frames
            cut = partial(_piece, frames=frames, shift=stage.shift, every=every)
        examples = self._fill(stage.tokens, rng, cut)
        return [recolour(example, rng, stage.recolour) for example in examples]

    def _one(self, cut: Callable[..., Cut], rng: np.random.Generator) -> Example:
        clip = self._clips[int(rng.integers(len(self._clips)))]
        return self._maker(clip, cut(clip, rng))

    def _fill(
        self, tokens: int, rng: np.random.Generator, cut: Callable[..., Cut]
    ) -> list[Example]:
        """Return examples with at least this many tokens in total."""
        examples, total = [], 0
        while total < tokens:
            examples.append(self._one(cut, rng))
            total += len(examples[-1].ids)
        return examples


def recolour(example: Example, rng: np.random.Generator, spread: float) -> Example:
    """Return an example with other colours, or with its own in half of the cases."""
    if example.pictures is None or spread == 0 or rng.random() < 0.5:
        return example
    patches = recoloured(example.pictures.patches, rng, spread=spread)
    return replace(example, pictures=replace(example.pictures, patches=patches))


def _piece(
    clip: StoredClip,
    rng: np.random.Generator,
    *,
    frames: int,
    shift: int = 0,
    every: int = 1,
    blind: bool = False,
    tokens: int | None = None,
) -> Cut:
    """Return a piece of a clip with shifted stamps."""
    length = min(frames, len(clip.seconds))
    start = int(rng.integers(0, len(clip.seconds) - length + 1))
    return Cut(
        "frames",
        count=max(2, length // every) if every > 1 else None,
        start=start,
        stop=start + length,
        shift=int(rng.integers(-start, shift + 1)),
        mirrored=bool(rng.random() < 0.5),
        blind=blind,
        tokens=tokens,
    )


def _canvases(
    clip: StoredClip,
    rng: np.random.Generator,
    *,
    shift: int = 0,
    blind: bool = False,
    fast: float = 0.0,
) -> Cut:
    """Return canvases of a clip with shifted stamps."""
    # Without the option nothing is drawn, so that older recipes draw the same examples.
    stretch = 2 if fast and rng.random() < fast else 1
    return Cut(
        "codec",
        count=int(rng.choice(clip.budgets)),
        shift=int(rng.integers(0, shift + 1)),
        mirrored=bool(rng.random() < 0.5),
        blind=blind,
        stretch=stretch,
    )
