"""Evaluation of a model in training on held-out clips."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from jumpscore.scoring.matching import count_pairs
from jumpscore.scoring.parsing import parse_times
from jumpscore.training.cache import StoredClip
from jumpscore.training.examples import Cut, ExampleMaker
from model_wrappers.llava_onevision2.pixels import visual_inputs
from model_wrappers.transformers.generation import Prompt, Sampling, answer

TOLERANCE = 0.1
MOST_TOKENS = 160
TOGETHER = 8


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


def _prompt(maker: ExampleMaker, clip: StoredClip, cut: Cut) -> Prompt:
    example = maker(clip, cut)
    return Prompt(example.ids[: example.answer], example.pictures)
