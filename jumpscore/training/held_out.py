"""Evaluation of a model in training on held-out clips."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from jumpscore.scoring.matching import count_pairs
from jumpscore.scoring.parsing import parse_times
from jumpscore.training.cache import StoredClip
from jumpscore.training.examples import Cut, ExampleMaker, cut_pictures
from jumpscore.training.learner import MARK, Learner
from model_wrappers.llava_onevision2.pixels import visual_inputs
from model_wrappers.transformers.generation import Prompt, Sampling, answer

TOLERANCE = 0.1
MOST_TOKENS = 240
TOGETHER = 8
APART = 0.1
"""Seconds within which only the strongest mark counts as an event."""


def held_out_f1(
    model: Any, tokenizer: Any, maker: ExampleMaker, clips: Sequence[StoredClip], cut: Cut
) -> float:
    """Return the F1 at 0.1 s over the events of all clips together.

    Args:
        model: Model in training; its mode is restored afterwards.
        tokenizer: Tokenizer of the model.
        maker: Makes the prompts.
        clips: Held-out clips.
        cut: Input for every clip.
    """
    training = model.training
    model.eval()
    pairs = predicted = true = 0
    for first in range(0, len(clips), TOGETHER):
        batch = clips[first : first + TOGETHER]
        answers = answer(
            model,
            [_prompt(maker, clip, cut) for clip in batch],
            Sampling(MOST_TOKENS),
            lambda ids, pictures: visual_inputs(pictures),
        )
        for clip, item in zip(batch, answers, strict=True):
            times = parse_times(tokenizer.decode(item.ids, skip_special_tokens=True)).times
            pairs += count_pairs(sorted(times), clip.events.tolist(), TOLERANCE)
            predicted += len(times)
            true += len(clip.events)
    model.train(training)
    return 2 * pairs / max(1, predicted + true)


def marks_f1(learner: Learner, maker: ExampleMaker, clips: Sequence[StoredClip], cut: Cut) -> float:
    """Return the F1 at 0.1 s of the tower's marks alone, over the events of all clips together.

    The text model can hardly do better, so this shows early whether the tower is the limit.

    Args:
        learner: The model in training.
        maker: Makes the inputs.
        clips: Held-out clips.
        cut: Input for every clip.
    """
    import torch

    pairs = marked = true = 0
    for clip in clips:
        example = maker(clip, cut)
        _, runs = cut_pictures(clip, cut)
        inputs = visual_inputs([example.pictures] if example.pictures is not None else [])
        with torch.no_grad():
            tokens = learner.model.model.visual(*inputs.values())
            strength = (tokens @ learner.mark).cpu().numpy()
        first = np.concatenate([[0], np.cumsum(runs.tokens)[:-1]])
        times = strongest(np.add.reduceat(strength, first) / runs.tokens, runs.seconds)
        pairs += count_pairs(times, clip.events.tolist(), TOLERANCE)
        marked += len(times)
        true += len(clip.events)
    return 2 * pairs / max(1, marked + true)


def strongest(
    strength: npt.NDArray[np.floating[Any]], seconds: npt.NDArray[np.float64]
) -> list[float]:
    """Return the times of marks of at least half strength that are stronger than all near them.

    Args:
        strength: Mean length along the mark of every run's tokens.
        seconds: Time of every run.

    >>> strongest(np.array([0, 3, 4, 0, 1, 3.0]), np.arange(6) / 20)
    [0.1, 0.25]
    """
    times: list[float] = []
    for place in np.argsort(-strength, kind="stable"):
        if strength[place] < MARK / 2:
            break
        if all(abs(seconds[place] - time) > APART - 1e-9 for time in times):
            times.append(float(seconds[place]))
    return sorted(times)


def _prompt(maker: ExampleMaker, clip: StoredClip, cut: Cut) -> Prompt:
    example = maker(clip, cut)
    return Prompt(example.ids[: example.answer], example.pictures)
