"""Examples collated into tensors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import torch
from torch import Tensor

from jumpscore.training.examples import Example
from model_wrappers.llava_onevision2.pixels import visual_inputs

IGNORED = -100
"""Label of a token without a loss."""


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """Collated examples, padded on the right; see ``Example`` for the fields they share.

    Attributes:
        ids: int64 [examples, tokens].
        labels: int64 [examples, tokens]: the next token, ``IGNORED`` outside answers.
        pictures: Inputs of the vision tower; empty for blind examples.
        happening: float32 [visual tokens of all examples].
        phases: float32 [visual tokens].
        heights: float32 [visual tokens].
        sides: float32 [visual tokens].
        rope: float32 [visual tokens, 4].
        owners: int64 [visual tokens]: index of each token's example.
        ends: int64 [runs of all examples]: indices into the flattened ids.
        passed: float32 [runs, 2].
        turned: float32 [runs, 2]: sine and cosine of the rope's angle at the run's frame.
        latest: int64 [runs, 2].
    """

    ids: Tensor
    labels: Tensor
    pictures: dict[str, Tensor]
    happening: Tensor
    phases: Tensor
    heights: Tensor
    sides: Tensor
    rope: Tensor
    owners: Tensor
    ends: Tensor
    passed: Tensor
    turned: Tensor
    latest: Tensor

    def to(self, device: torch.device) -> Batch:
        """Return the batch on a device; patches stay bytes on the CPU until they are needed."""
        moved: dict[str, Any] = {
            field.name: getattr(self, field.name).to(device)
            for field in fields(self)
            if field.name != "pictures"
        }
        return Batch(pictures=self.pictures, **moved)


def collate(examples: Sequence[Example], pad: int) -> Batch:
    """Collate examples into one batch.

    Args:
        examples: Examples that are all blind or all have pictures.
        pad: Token id that fills short rows; it comes last, so nothing attends to it.
    """
    longest = max(len(example.ids) for example in examples)
    ids = torch.full((len(examples), longest), pad)
    labels = torch.full_like(ids, IGNORED)
    for row, example in enumerate(examples):
        ids[row, : len(example.ids)] = torch.from_numpy(example.ids)
        answer = torch.from_numpy(example.ids[example.answer :])
        labels[row, example.answer - 1 : len(example.ids) - 1] = answer
    counts = [len(example.phases) for example in examples]
    sides = np.array([example.side for example in examples], dtype=np.float32)
    turned = _joined([example.turned for example in examples])
    return Batch(
        ids=ids,
        labels=labels,
        pictures=visual_inputs([e.pictures for e in examples if e.pictures is not None]),
        happening=_joined([example.happening for example in examples]),
        phases=_joined([example.phases for example in examples]),
        heights=_joined([example.heights for example in examples]),
        sides=torch.from_numpy(np.repeat(sides, counts)),
        rope=_joined([example.rope for example in examples]),
        owners=torch.from_numpy(np.repeat(np.arange(len(examples)), counts)),
        ends=_joined([example.ends + row * longest for row, example in enumerate(examples)]),
        passed=_joined([example.passed for example in examples]),
        turned=torch.stack([turned.sin(), turned.cos()], dim=-1),
        latest=_joined([example.latest for example in examples]),
    )


def _joined(arrays: Sequence[Any]) -> Tensor:
    return torch.from_numpy(np.concatenate(arrays))
