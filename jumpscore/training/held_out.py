"""Evaluation of a model in training on held-out clips."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from jumpscore.scoring.matching import count_pairs
from jumpscore.scoring.parsing import parse_times
from jumpscore.training.batches import collate
from jumpscore.training.cache import StoredClip
from jumpscore.training.examples import Cut, ExampleMaker, cut_pictures
from jumpscore.training.learner import MARK, METRES, Learner
from model_wrappers.llava_onevision2.pixels import visual_inputs
from model_wrappers.transformers.generation import Prompt, Sampling, answer

TOLERANCE = 0.1
MOST_TOKENS = 240
TOGETHER = 8
APART = 0.1
"""Seconds within which only the strongest mark counts as an event."""
LIMITS = MARK * np.linspace(0.1, 0.9, 17)
"""Thresholds of marks that are tried."""
Floats = npt.NDArray[np.floating[Any]]


def held_out_times(
    model: Any, tokenizer: Any, maker: ExampleMaker, clips: Sequence[StoredClip], cut: Cut
) -> list[list[float]]:
    """Return the times that a model answers about every clip, seconds, increasing.

    Args:
        model: Model in training; its mode is restored afterwards.
        tokenizer: Tokenizer of the model.
        maker: Makes the prompts.
        clips: Held-out clips.
        cut: Input for every clip.
    """
    training = model.training
    model.eval()
    times: list[list[float]] = []
    for first in range(0, len(clips), TOGETHER):
        batch = clips[first : first + TOGETHER]
        answers = answer(
            model,
            [_prompt(maker, clip, cut) for clip in batch],
            Sampling(MOST_TOKENS),
            lambda ids, pictures: visual_inputs(pictures),
        )
        texts = [tokenizer.decode(item.ids, skip_special_tokens=True) for item in answers]
        times += [sorted(parse_times(text).times) for text in texts]
    model.train(training)
    return times


def pooled_f1(times: Sequence[Sequence[float]], clips: Sequence[StoredClip]) -> float:
    """Return the F1 at 0.1 s over the events of all clips together.

    Args:
        times: Answered times of every clip, increasing.
        clips: The clips.
    """
    truths = [clip.events.tolist() for clip in clips]
    pairs = sum(map(count_pairs, times, truths, [TOLERANCE] * len(truths)))
    return 2 * pairs / max(1, sum(map(len, times)) + sum(map(len, truths)))


@dataclass(frozen=True, slots=True)
class TowerScores:
    """What the tower alone sees of held-out clips; the text model can hardly do better.

    Attributes:
        marks: F1 at 0.1 s of its marks over the events of all clips, at the best threshold, because
            the text model learns its own.
        height: Share of the variance of the body's height that it explains, the mean over clips;
            below 0 if a constant would be closer.
    """

    marks: float
    height: float


def tower_scores(
    learner: Learner, maker: ExampleMaker, clips: Sequence[StoredClip], cut: Cut
) -> TowerScores:
    """Return what the tower sees.

    Args:
        learner: The model in training.
        maker: Makes the inputs.
        clips: Held-out clips, at least one.
        cut: Input for every clip.
    """
    strengths, heights = [], []
    for clip in clips:
        example = maker(clip, cut)
        _, runs = cut_pictures(clip, cut)
        batch = collate([example], 0).to(learner.mark.device)
        with torch.no_grad():
            tokens = learner.see(batch)
            error = (learner.height(tokens)[:, 0] * METRES - batch.heights).square().mean()
        heights.append(float(1 - error / batch.heights.var(correction=0).clamp(min=1e-9)))
        first = np.concatenate([[0], np.cumsum(runs.tokens)[:-1]])
        along = (tokens @ learner.mark).cpu().numpy()
        strengths.append((np.add.reduceat(along, first) / runs.tokens, runs.seconds))
    marks = max(
        pooled_f1([strongest(*each, least=limit) for each in strengths], clips) for limit in LIMITS
    )
    return TowerScores(marks, sum(heights) / len(heights))


def strongest(strength: Floats, seconds: Floats, *, least: float) -> list[float]:
    """Return the times of marks that are stronger than all others near them.

    Args:
        strength: Mean length along the mark of every run's tokens.
        seconds: Time of every run.
        least: Smallest strength of a mark.

    >>> strongest(np.array([0, 3, 4, 0, 1, 3.0]), np.arange(6) / 20, least=2)
    [0.1, 0.25]
    """
    times: list[float] = []
    for place in np.argsort(-strength, kind="stable"):
        if strength[place] < least:
            break
        if all(abs(seconds[place] - time) > APART - 1e-9 for time in times):
            times.append(float(seconds[place]))
    return sorted(times)


def _prompt(maker: ExampleMaker, clip: StoredClip, cut: Cut) -> Prompt:
    example = maker(clip, cut)
    return Prompt(example.ids[: example.answer], example.pictures)
