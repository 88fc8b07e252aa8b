"""Batched generation: prompts of similar length together, sampling independent of the batch."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from transformers import LogitsProcessor, LogitsProcessorList
from transformers.generation.logits_process import (
    TemperatureLogitsWarper,
    TopKLogitsWarper,
    TopPLogitsWarper,
)

ModelInputs = Callable[[Tensor, Sequence[Any]], Mapping[str, Tensor]]
"""(token ids [batch, tokens], pictures of the batch) -> the model's inputs besides the ids."""


@dataclass(frozen=True, slots=True)
class Sampling:
    """How tokens are chosen.

    Attributes:
        max_new_tokens: Maximum length of an answer.
        temperature: Sampling temperature; 0 always takes the likeliest token.
        top_p: Sample from the likeliest tokens with this total probability.
        top_k: Sample from this many likeliest tokens; 0 for all.
    """

    max_new_tokens: int
    temperature: float = 0.0
    top_p: float = 1.0
    top_k: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class Prompt:
    """One prompt as model input.

    Attributes:
        ids: int64 [tokens], one image pad per visual token.
        pictures: Contents of the pads, if there are any, in a type of the model's own.
        seed: Sampling seed of this prompt.
    """

    ids: npt.NDArray[np.int64]
    pictures: Any = None
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Answer:
    """Token ids of an answer without the end token, and why it ended."""

    ids: tuple[int, ...]
    finish_reason: Literal["stop", "length"]


def batches(lengths: Sequence[int], most_tokens: int) -> list[list[int]]:
    """Group the indices of prompts into batches of similar length.

    Args:
        lengths: Tokens of every prompt.
        most_tokens: Maximum per batch, including padding; a longer prompt is its own batch.

    >>> batches([10, 100, 12, 90], 200)
    [[0, 2], [3, 1]]
    """
    groups: list[list[int]] = []
    for place in sorted(range(len(lengths)), key=lengths.__getitem__):
        # Lengths are sorted, so the whole batch is padded to this one, at most by a fifth of it.
        last = groups[-1] if groups else []
        if (
            last
            and lengths[place] * (len(last) + 1) <= most_tokens
            and lengths[place] - lengths[last[0]] <= lengths[place] / 5
        ):
            last.append(place)
        else:
            groups.append([place])
    return groups


def answer(
    model: Any, prompts: Sequence[Prompt], sampling: Sampling, inputs: ModelInputs
) -> list[Answer]:
    """Return the answers of one batch, in order.

    Args:
        model: The model, on its device.
        prompts: Prompts of any lengths; padded on the left.
        sampling: How tokens are chosen.
        inputs: Returns the model inputs for pictures.
    """
    ids, mask = pad_left([prompt.ids for prompt in prompts], model.generation_config.pad_token_id)
    with torch.inference_mode():
        generated = model.generate(
            input_ids=ids.to(model.device),
            attention_mask=mask.to(model.device),
            **_picture_inputs(inputs, ids, prompts),
            max_new_tokens=sampling.max_new_tokens,
            do_sample=False,
            # Without a cache, pads in the answer would be read as pads of the prompt.
            use_cache=True,
            logits_processor=_processors(sampling, [prompt.seed for prompt in prompts]),
        )
    ends = stops(model)
    return [_cut(row, ends) for row in generated[:, ids.shape[1] :].tolist()]


def stops(model: Any) -> set[int]:
    """Return the ids of the tokens that end an answer."""
    ends = model.generation_config.eos_token_id
    return set(ends if isinstance(ends, list) else [ends]) - {None}


def pad_left(rows: Sequence[npt.NDArray[np.int64]], pad: int | None) -> tuple[Tensor, Tensor]:
    """Return token ids and mask of prompts, int64 [batch, longest], padded on the left."""
    longest = max(len(row) for row in rows)
    ids = torch.full((len(rows), longest), pad or 0, dtype=torch.long)
    mask = torch.zeros_like(ids)
    for place, row in enumerate(rows):
        ids[place, longest - len(row) :] = torch.from_numpy(row)
        mask[place, longest - len(row) :] = 1
    return ids, mask


def first_logprobs(model: Any, prompt: Prompt, count: int, inputs: ModelInputs) -> dict[int, float]:
    """Return the likeliest first tokens of an answer with their log-probabilities."""
    ids = torch.from_numpy(prompt.ids)[None]
    with torch.inference_mode():
        logits = model(
            input_ids=ids.to(model.device),
            **_picture_inputs(inputs, ids, [prompt]),
            logits_to_keep=1,
        ).logits[0, -1]
    shares, tokens = logits.double().log_softmax(-1).topk(min(count, len(logits)))
    return dict(zip(tokens.tolist(), shares.tolist(), strict=True))


def _picture_inputs(
    inputs: ModelInputs, ids: Tensor, prompts: Sequence[Prompt]
) -> Mapping[str, Tensor]:
    pictures = [prompt.pictures for prompt in prompts if prompt.pictures is not None]
    return inputs(ids, pictures) if pictures else {}


def _processors(sampling: Sampling, seeds: Sequence[int]) -> LogitsProcessorList:
    processors = LogitsProcessorList()
    if sampling.temperature > 0:
        processors.append(TemperatureLogitsWarper(sampling.temperature))
        if sampling.top_k > 0:
            processors.append(TopKLogitsWarper(sampling.top_k))
        if sampling.top_p < 1:
            processors.append(TopPLogitsWarper(sampling.top_p))
        processors.append(SampleEachAlone(seeds))
    return processors


class SampleEachAlone(LogitsProcessor):
    """Adds Gumbel noise, so that the largest score is a sample of the softmax.

    Every prompt has its own generator, so its answer depends on its seed and not on the batch. The
    noise is drawn on the CPU, so it is the same on every device.
    """

    def __init__(self, seeds: Sequence[int]) -> None:
        self.generators = [torch.Generator().manual_seed(seed) for seed in seeds]

    def __call__(self, input_ids: Tensor, scores: Tensor) -> Tensor:
        """Return scores [batch, vocabulary] with noise; -inf is unchanged."""
        width = scores.shape[-1]
        uniform = torch.stack(
            [torch.rand(width, generator=g, dtype=torch.float64) for g in self.generators]
        )
        noise = -torch.log(-torch.log(uniform.clamp_(min=1e-300, max=1 - 2**-53)))
        return scores.float() + noise.float().to(scores.device)


def _cut(ids: Sequence[int], stops: set[int]) -> Answer:
    for place, token in enumerate(ids):
        if token in stops:
            return Answer(tuple(ids[:place]), "stop")
    return Answer(tuple(ids), "length")
