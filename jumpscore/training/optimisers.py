"""The optimisers of a stage: AdamW alone, or with Muon for the matrices of the blocks."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from jumpscore.training.settings import Optimiser

BLOCKS = (".layers.", ".merger.")
"""Parts of the names of parameters that Muon is made for: products between hidden states. It is not
for embeddings, heads, normalisations and biases."""


@dataclass(frozen=True, slots=True)
class Group:
    """Parameters with one learning rate.

    Attributes:
        parameters: (name, parameter).
        share: Their learning rate as a share of the stage's.
    """

    parameters: tuple[tuple[str, nn.Parameter], ...]
    share: float = 1.0


class Optimisers:
    """Several optimisers as one.

    Args:
        groups: Parameters and their shares of the learning rate.
        options: Settings of the stage.
    """

    def __init__(self, groups: Iterable[Group], options: Optimiser) -> None:
        matrices, rest = [], []
        for group in groups:
            muon = [p for name, p in group.parameters if options.muon and _is_block(name, p)]
            ids = {id(parameter) for parameter in muon}
            others = [p for _, p in group.parameters if id(p) not in ids]
            matrices += [{"params": muon, "share": group.share}] if muon else []
            rest.append({"params": others, "share": group.share})
        decay, beta2 = options.weight_decay, options.beta2
        self._all: list[torch.optim.Optimizer] = [
            torch.optim.AdamW(rest, lr=options.rate, betas=(0.9, beta2), weight_decay=decay)
        ]
        if matrices:
            # Steps as long as those of AdamW, so that both have the same learning rate.
            self._all.append(
                torch.optim.Muon(
                    matrices, lr=options.rate, weight_decay=decay, adjust_lr_fn="match_rms_adamw"
                )
            )

    def set_rate(self, rate: float) -> None:
        """Set the stage's learning rate."""
        for each in self._all:
            for group in each.param_groups:
                group["lr"] = group["share"] * rate

    @property
    def parameters(self) -> list[nn.Parameter]:
        """All parameters."""
        return [p for each in self._all for group in each.param_groups for p in group["params"]]

    def zero_grad(self) -> None:
        """Free the gradients."""
        for each in self._all:
            each.zero_grad(set_to_none=True)

    def step(self) -> None:
        """Take one step with each."""
        for each in self._all:
            each.step()

    def state(self) -> list[dict[str, Any]]:
        """Return what ``load`` restores."""
        return [each.state_dict() for each in self._all]

    def load(self, state: list[dict[str, Any]]) -> None:
        """Restore a state."""
        for each, one in zip(self._all, state, strict=True):
            each.load_state_dict(one)


def _is_block(name: str, parameter: nn.Parameter) -> bool:
    return parameter.ndim == 2 and any(part in name for part in BLOCKS)
