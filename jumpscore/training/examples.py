"""Cached clips to training examples: the tokens that a wrapper would use, and the labels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from jumpscore.data.layout import QUESTION
from jumpscore.records import Media, Question
from jumpscore.training.cache import Runs, StoredClip
from jumpscore.training.pictures import (
    frames_as_pictures,
    mirrored_blocks,
    mirrored_pictures,
)
from jumpscore.video.frames import even_count, uniform_indices
from jumpscore.video.sizes import MERGE
from jumpscore.video.stamps import stamp_text
from model_wrappers.llava_onevision2.inputs import Pictures
from model_wrappers.llava_onevision2.prompts import (
    CHAT_END,
    CONTROL_TOKENS,
    IMAGE_PAD,
    SYSTEM,
    vision_text,
)
from model_wrappers.transformers.prompts import chat_ids, chat_messages, expand_pads

Kind = Literal["frames", "codec"]
DECIMALS = 2
BLOCK = MERGE**2
"""Patches per visual token."""
HUNDREDTHS = 100


@dataclass(frozen=True, slots=True)
class Cut:
    """The part of a clip in an example.

    Attributes:
        kind: Frames or canvases.
        count: Number of canvases, one of the clip's budgets; or of evenly spread frames (``None``
            for every frame).
        start: First frame; canvases always show whole clips.
        stop: Frame after the last; ``None`` for the clip's end.
        shift: Shift of all times, in frames of the clip.
        mirrored: Whether left and right are exchanged.
        blind: Whether pixels are left out.
        tokens: Visual tokens per frame of a blind example; by default as many as with pixels.
        stretch: Factor of the frame numbers of canvases, as if the video had that many times as
            many frames per second; stamps stay.
    """

    kind: Kind
    count: int | None = None
    start: int = 0
    stop: int | None = None
    shift: int = 0
    mirrored: bool = False
    blind: bool = False
    tokens: int | None = None
    stretch: int = 1


@dataclass(frozen=True, slots=True, eq=False)
class Example:
    """One prompt with its answer, and the labels of the auxiliary losses.

    Attributes:
        ids: int64 [tokens], prompt and answer.
        answer: Index of the answer's first token.
        pictures: Pictures of the prompt; ``None`` in a blind example, which has only marks.
        happening: float32 [visual tokens]: whether an event is in the token's source frame.
        phases: float32 [visual tokens]: the rope's angle in that frame.
        heights: float32 [visual tokens]: height of the body above standing in that frame, metres.
        side: Direction in which the jumper faces, from -1 (left) to 1.
        rope: float32 [visual tokens, 4]: share of each patch that the rope covers; -1 if unknown.
        ends: int64 [runs]: indices in ``ids`` of the token that ends each run.
        passed: float32 [runs, 2]: whether an event occurred since the previous run, and the same
            for the previous run.
        turned: float32 [runs]: the rope's angle in the run's frame.
        latest: int64 [runs, 2]: hundredths and whole seconds of the latest event so far, as in the
            answer; -1 before the first.
    """

    ids: npt.NDArray[np.int64]
    answer: int
    pictures: Pictures | None
    happening: npt.NDArray[np.float32]
    phases: npt.NDArray[np.float32]
    heights: npt.NDArray[np.float32]
    side: float
    rope: npt.NDArray[np.float32]
    ends: npt.NDArray[np.int64]
    passed: npt.NDArray[np.float32]
    turned: npt.NDArray[np.float32]
    latest: npt.NDArray[np.int64]


class ExampleMaker:
    """Makes examples with one tokenizer and prompt format.

    Args:
        tokenizer: Tokenizer of the checkpoint.
        snap: Seconds up to which events are answered with stamps of the prompt.
    """

    def __init__(self, tokenizer: Any, *, snap: float = 0.0) -> None:
        self._tokenizer, self._snap = tokenizer, snap
        self._pad = tokenizer.convert_tokens_to_ids(IMAGE_PAD)
        self._end = tokenizer.convert_tokens_to_ids(CHAT_END)
        self._question = Question("lesson", (Media(Path("lesson.mp4")),), QUESTION)

    def __call__(self, clip: StoredClip, cut: Cut) -> Example:
        """Return the example of a cut."""
        stop = len(clip.seconds) if cut.stop is None else cut.stop
        shift = cut.shift * float(clip.seconds[1] - clip.seconds[0])
        pictures, runs = cut_pictures(clip, cut)
        prompt = self.prompt(stamped(runs, shift, after="\n" if cut.kind == "codec" else ""))
        inside = clip.event_frames
        inside = inside[(inside >= cut.start) & (inside < stop)]
        inside = snapped(inside, runs.frames, clip.seconds, within=self._snap)
        # Unless it was snapped, an event is answered with the nearest frame of the video, even if
        # that frame is not in the cut.
        times = clip.seconds[inside] + shift
        return Example(
            ids=np.concatenate([prompt, self.answer(times.tolist())]),
            answer=len(prompt),
            pictures=pictures,
            happening=np.repeat(np.isin(runs.frames, inside), runs.tokens).astype(np.float32),
            phases=np.repeat(clip.phases[runs.frames], runs.tokens),
            heights=np.repeat(clip.heights[runs.frames], runs.tokens),
            side=-clip.side if cut.mirrored else clip.side,
            rope=_covered(clip, cut, runs, pictures),
            ends=np.flatnonzero(prompt == self._pad)[np.cumsum(runs.tokens) - 1] + 1,
            passed=passed_events(inside, runs.frames, first=cut.start),
            turned=clip.phases[runs.frames],
            latest=latest_event(times, inside, runs.frames),
        )

    def prompt(self, runs: Sequence[tuple[str, int, str]]) -> npt.NDArray[np.int64]:
        """Return the prompt's ids, equal to those of a wrapper for the same runs."""
        messages = chat_messages(
            self._question, vision_text(runs), system=SYSTEM, control=CONTROL_TOKENS
        )
        ids = chat_ids(self._tokenizer, messages)
        return expand_pads(ids, [tokens for _, tokens, _ in runs], self._pad)

    def answer(self, times: Sequence[float]) -> npt.NDArray[np.int64]:
        """Return the ids of an answer, with its end token."""
        text = "[" + ", ".join(f"{time:.{DECIMALS}f}" for time in times) + "]"
        ids = self._tokenizer.encode(text, add_special_tokens=False)
        return np.array([*ids, self._end], dtype=np.int64)


def stamped(runs: Runs, shift: float, *, after: str) -> tuple[tuple[str, int, str], ...]:
    """Return (text before, visual tokens, text after) of every run, as in ``Pictures``.

    Args:
        runs: Runs of visual tokens.
        shift: Seconds added to the stamps.
        after: Text after a run.
    """
    return tuple(
        (stamp_text(float(at) + shift, DECIMALS), int(tokens), after)
        for at, tokens in zip(runs.seconds, runs.tokens, strict=True)
    )


def snapped(
    events: npt.NDArray[np.int64],
    frames: npt.NDArray[np.int64],
    seconds: npt.NDArray[np.float64],
    *,
    within: float,
) -> npt.NDArray[np.int64]:
    """Return events moved to the nearest frames of the prompt, increasing, each frame once.

    Args:
        events: Frames of events, increasing.
        frames: Source frames of the prompt's runs.
        seconds: Time of every frame of the video.
        within: Seconds up to which an event is moved; others stay.

    >>> at = np.arange(10) / 10
    >>> snapped(np.array([1, 2, 8]), np.array([0, 2, 5]), at, within=0.15).tolist()
    [0, 2, 8]
    """
    if not within or not len(events) or not len(frames):
        return events
    stamped_frames = np.unique(frames)
    distances = np.abs(seconds[events][:, None] - seconds[stamped_frames])
    nearest = distances.argmin(axis=1)
    moved = distances.min(axis=1) <= within
    return np.unique(np.where(moved, stamped_frames[nearest], events))


def cut_pictures(clip: StoredClip, cut: Cut) -> tuple[Pictures | None, Runs]:
    """Return pictures and runs of a cut; frames are selected like in ``uniform_frames``."""
    rows, columns = clip.grid
    if cut.kind == "codec":
        assert cut.count is not None
        runs = clip.canvas_runs(cut.count)
        if cut.blind:
            return None, runs
        patches, positions, grid = clip.canvases(cut.count)
        if cut.mirrored:
            patches, positions = mirrored_blocks(patches, positions, columns=columns)
        if cut.stretch != 1:
            positions = positions * np.array([cut.stretch, 1, 1])
        return Pictures(patches, grid, positions, ()), runs
    length = (len(clip.seconds) if cut.stop is None else cut.stop) - cut.start
    taken = cut.start + uniform_indices(length, even_count(cut.count or length, length))
    each = cut.tokens if cut.blind and cut.tokens else rows * columns // BLOCK
    runs = Runs(clip.seconds[taken], np.full(len(taken), each), taken)
    if cut.blind:
        return None, runs
    patches = clip.frames[taken]
    if cut.mirrored:
        patches = mirrored_pictures(patches, rows, columns)
    return frames_as_pictures(patches, rows, columns), runs


def passed_events(
    events: npt.NDArray[np.int64], frames: npt.NDArray[np.int64], *, first: int = 0
) -> npt.NDArray[np.float32]:
    """Return for each run whether an event occurred since the previous run, and one run earlier.

    Args:
        events: Frames of events, increasing.
        frames: Source frame of each run.
        first: First frame of the cut.

    >>> passed_events(np.array([1, 4]), np.array([0, 2, 4])).tolist()
    [[0.0, 0.0], [1.0, 0.0], [1.0, 1.0]]
    """
    before = np.concatenate([[first - 1], frames[:-1]])
    passed = np.searchsorted(events, frames, "right") > np.searchsorted(events, before, "right")
    earlier = np.concatenate([[False], passed[:-1]])
    return np.stack([passed, earlier], axis=1).astype(np.float32)


def latest_event(
    times: npt.NDArray[np.float64], events: npt.NDArray[np.int64], frames: npt.NDArray[np.int64]
) -> npt.NDArray[np.int64]:
    """Return (hundredths, whole seconds) of the latest event at every run, or (-1, -1).

    Args:
        times: Answered time of every event, seconds.
        events: Frames of events, increasing.
        frames: Source frame of each run.

    >>> latest_event(np.array([1.28]), np.array([16]), np.array([15, 16, 20])).tolist()
    [[-1, -1], [28, 1], [28, 1]]
    """
    place = np.searchsorted(events, frames, "right") - 1
    ticks = np.concatenate([np.rint(times * HUNDREDTHS), [-1]]).astype(np.int64)[place]
    both = np.stack([ticks % HUNDREDTHS, ticks // HUNDREDTHS], axis=1)
    return np.where(place[:, None] < 0, -1, both)


def _covered(
    clip: StoredClip, cut: Cut, runs: Runs, pictures: Pictures | None
) -> npt.NDArray[np.float32]:
    """Return the share of every patch that the rope covers, [visual tokens, 4], or -1."""
    if pictures is None:
        return np.full((int(runs.tokens.sum()), BLOCK), -1, dtype=np.float32)
    _, row, column = pictures.positions.T
    if cut.mirrored:
        column = clip.grid[1] - 1 - column
    frame = np.repeat(runs.frames, runs.tokens * BLOCK)
    return clip.rope[frame, row, column].reshape(-1, BLOCK)
