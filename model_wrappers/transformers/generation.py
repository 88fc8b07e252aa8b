"""Answers of a batch: prompts of like length together, sampled so that batches do not matter."""

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
"""Token ids [batch, tokens] and the pictures of a batch, to what the model takes beside the ids."""


@dataclass(frozen=True, slots=True)
class Sampling:
    """How tokens are chosen.

    Attributes:
        max_new_tokens: Where an answer is cut off.
        temperature: 0 takes the likeliest token.
        top_p: Sample among the likeliest tokens that hold this share.
        top_k: Sample among so many tokens; 0 for all.
    """

    max_new_tokens: int
    temperature: float = 0.0
    top_p: float = 1.0
    top_k: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class Prompt:
    """One prompt as the model takes it.

    Attributes:
        ids: int64 [tokens], one image pad per visual token.
        pictures: What stands at the pads, if anything, in a type of the model's own.
        seed: Of this prompt's own sampling.
    """

    ids: npt.NDArray[np.int64]
    pictures: Any = None
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Answer:
    """Token ids of an answer without what ends it, and why it ended."""

    ids: tuple[int, ...]
    finish_reason: Literal["stop", "length"]


def batches(lengths: Sequence[int], most_tokens: int) -> list[list[int]]:
    """Return places of prompts to be answered together, like lengths with like.

    Args:
        lengths: Tokens of every prompt.
        most_tokens: Of a batch, padding counted, unless one prompt has more.

    >>> batches([10, 100, 12, 90], 200)
    [[0, 2], [3, 1]]
    """
    groups: list[list[int]] = []
    for place in sorted(range(len(lengths)), key=lengths.__getitem__):
        # Sorted: the newcomer is the longest, and all are padded to it.
        last = groups[-1] if groups else []
        if (
            last
            and lengths[place] * (len(last) + 1) <= most_tokens
            and _alike(lengths[last[0]], lengths[place])
        ):
            last.append(place)
        else:
            groups.append([place])
    return groups


def _alike(shortest: int, longest: int) -> bool:
    """Whether padding costs little: at most a fifth of the longest."""
    return longest - shortest <= longest / 5


def answer(
    model: Any, prompts: Sequence[Prompt], sampling: Sampling, inputs: ModelInputs
) -> list[Answer]:
    """Return the answers of one batch, in order.

    Args:
        model: On its device.
        prompts: Of any lengths; padded on the left.
        sampling: How tokens are chosen.
        inputs: How the model takes pictures.
    """
    ids, mask = pad_left([prompt.ids for prompt in prompts], model.generation_config.pad_token_id)
    with torch.inference_mode():
        found = model.generate(
            input_ids=ids.to(model.device),
            attention_mask=mask.to(model.device),
            **_beside(inputs, ids, prompts),
            max_new_tokens=sampling.max_new_tokens,
            do_sample=False,
            # Without a cache every step would read the answer as part of the prompt.
            use_cache=True,
            logits_processor=_processors(sampling, [prompt.seed for prompt in prompts]),
        )
    ends = model.generation_config.eos_token_id
    stops = set(ends if isinstance(ends, list) else [ends]) - {None}
    return [_cut(row, stops) for row in found[:, ids.shape[1] :].tolist()]


def pad_left(rows: Sequence[npt.NDArray[np.int64]], pad: int | None) -> tuple[Tensor, Tensor]:
    """Return ids and mask of prompts of any lengths, int64 [batch, longest], padded on the left."""
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
            **_beside(inputs, ids, [prompt]),
            logits_to_keep=1,
        ).logits[0, -1]
    shares, tokens = logits.double().log_softmax(-1).topk(min(count, len(logits)))
    return dict(zip(tokens.tolist(), shares.tolist(), strict=True))


def _beside(inputs: ModelInputs, ids: Tensor, prompts: Sequence[Prompt]) -> Mapping[str, Tensor]:
    pictures = [prompt.pictures for prompt in prompts if prompt.pictures is not None]
    return inputs(ids, pictures) if pictures else {}


def _processors(sampling: Sampling, seeds: Sequence[int]) -> LogitsProcessorList:
    found = LogitsProcessorList()
    if sampling.temperature > 0:
        found.append(TemperatureLogitsWarper(sampling.temperature))
        if sampling.top_k > 0:
            found.append(TopKLogitsWarper(sampling.top_k))
        if sampling.top_p < 1:
            found.append(TopPLogitsWarper(sampling.top_p))
        found.append(SampleEachAlone(seeds))
    return found


class SampleEachAlone(LogitsProcessor):
    """Adds Gumbel noise, so that the largest score is a sample of the softmax.

    Every prompt has a generator of its own: what it is answered depends on its seed, not on the
    batch that it came in. The noise is drawn on the CPU: the same on every device.
    """

    def __init__(self, seeds: Sequence[int]) -> None:
        self.generators = [torch.Generator().manual_seed(seed) for seed in seeds]

    def __call__(self, input_ids: Tensor, scores: Tensor) -> Tensor:
        """Return scores [batch, vocabulary] with noise; -inf stays."""
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
