"""The model with the parts that only training needs: an oracle's marks and auxiliary heads."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from jumpscore.training.batches import IGNORED, Batch
from jumpscore.training.examples import BLOCK, HUNDREDTHS

MARK = 4.0
"""Length of an oracle's mark."""
LENGTH = 1.5
"""Length of the rest of a visual token up to which it has no loss. Without this loss the tower made
it ten times as long, which hid the marks from the text model."""
SHARPNESS = 2.0
"""Logits per unit along the mark's direction; half a mark is a logit of 0."""
COVERED = 0.03
"""Share of a patch from which the rope counts as visible in it."""
SECONDS = 20
"""Number of whole seconds that the text model's head can predict."""
ORDER, TURN = 2, 2
DIRECTIONS = 4
Named = tuple[tuple[str, nn.Parameter], ...]
METRES = 0.1
"""Height of the body that is 1 in its loss."""


class Learner(nn.Module):
    """A model and its auxiliary heads.

    An oracle marks the visual tokens of an event's frame: it adds a vector of fixed direction. The
    tower's auxiliary loss trains its tokens to point in the same direction if there is an event.
    The text model can therefore learn to read marks before the tower sees anything, and later reads
    the tower's marks like the oracle's.

    ``seen`` and ``height`` are auxiliary heads of the tower, ``told`` that of the text model.

    Args:
        model: The model that is trained and saved.
        seed: Seed of the mark's direction and of the heads.
        layer: Text layer whose output is the input of the text model's head.
    """

    mark: Tensor

    def __init__(self, model: Any, *, seed: int, layer: int) -> None:
        super().__init__()
        self.model, self.layer = model, layer
        width = model.config.text_config.hidden_size
        generator = torch.Generator().manual_seed(seed)
        mark = functional.normalize(torch.randn(width, generator=generator), dim=0)
        self.register_buffer("mark", mark)
        self.seen = nn.Linear(width, DIRECTIONS + BLOCK)
        self.told = nn.Linear(width, ORDER + TURN + HUNDREDTHS + SECONDS)
        self.height = nn.Linear(width, 1)
        with torch.no_grad():
            for head in (self.seen, self.told, self.height):
                head.weight.copy_(torch.randn(head.weight.shape, generator=generator) * 0.05)
                head.bias.zero_()

    def parts(self) -> tuple[Named, Named]:
        """Return the named parameters of the tower and of the text model, heads included."""
        modules = (self.model.model.visual, self.seen, self.height)
        ids = {id(parameter) for module in modules for parameter in module.parameters()}
        named = tuple(self.named_parameters())
        return (
            tuple((name, one) for name, one in named if id(one) in ids),
            tuple((name, one) for name, one in named if id(one) not in ids),
        )

    def see(self, batch: Batch) -> Tensor:
        """Return the tower's tokens of a batch, [visual tokens, width]."""
        pictures = batch.pictures
        tokens: Tensor = self.model.model.visual(
            pictures["pixel_values"], pictures["image_grid_thw"], pictures["patch_positions"]
        )
        return tokens

    def noise(self, batch: Batch, *, spread: float, generator: torch.Generator) -> Tensor:
        """Return random stand-in visual tokens, for examples without pixels."""
        shape = (len(batch.phases), len(self.mark))
        return spread * torch.randn(shape, generator=generator).to(self.mark.device)

    def tower_losses(self, tokens: Tensor, batch: Batch) -> dict[str, Tensor]:
        """Return the losses of events, of the rope's direction and position, and of the body.

        The rope's direction in the picture and the side that the jumper faces are easy to see;
        together they determine the angle, and the angle determines the event.
        """
        logits = SHARPNESS * (tokens @ self.mark - MARK / 2)
        rest = tokens - (tokens @ self.mark)[:, None] * self.mark
        outputs = self.seen(tokens)
        up, ahead = batch.phases.cos(), batch.phases.sin()
        directions = torch.stack([ahead, up, batch.sides * ahead, batch.sides], dim=-1)
        known = batch.rope[:, 0] >= 0
        places = functional.binary_cross_entropy_with_logits(
            outputs[:, DIRECTIONS:], (batch.rope > COVERED).float(), reduction="none"
        )
        return {
            "event": functional.binary_cross_entropy_with_logits(logits, batch.happening),
            "angle": functional.mse_loss(outputs[:, :DIRECTIONS], directions),
            "height": functional.mse_loss(self.height(tokens)[:, 0], batch.heights / METRES),
            "length": (rest.norm(dim=-1) - LENGTH).relu().square().mean(),
            "rope": (places.mean(-1) * known).sum() / known.sum().clamp(min=1),
        }

    def marked(self, tokens: Tensor, batch: Batch, strength: Tensor) -> Tensor:
        """Add the oracle's marks to visual tokens.

        Args:
            tokens: [visual tokens, width].
            batch: The batch of the tokens.
            strength: [visual tokens]: 1 for a full mark.
        """
        added = MARK * strength * batch.happening
        return tokens + added[:, None] * self.mark

    def text_losses(self, tokens: Tensor, batch: Batch) -> dict[str, Tensor]:
        """Return the losses of answers and of the text model's head, and the token accuracy.

        At the end of every run the head predicts whether an event passed and when the latest one
        was. That gives a loss at every stamp, while answers only have one at every event.

        Args:
            tokens: Visual tokens, [visual tokens, width].
            batch: The batch of the tokens.
        """
        model = self.model.model
        embeddings = model.get_input_embeddings()(batch.ids)
        pads = batch.ids == self.model.config.image_token_id
        embeddings = embeddings.masked_scatter(pads.unsqueeze(-1), tokens.to(embeddings))
        outputs = model.language_model(
            inputs_embeds=embeddings, use_cache=False, output_hidden_states=True
        )
        labelled = batch.labels != IGNORED
        logits = self.model.lm_head(outputs.last_hidden_state[labelled])
        right = batch.labels[labelled]
        predicted = self.told(outputs.hidden_states[self.layer].flatten(0, 1)[batch.ends])
        order, turn, hundredths, seconds = predicted.split(
            [ORDER, TURN, HUNDREDTHS, SECONDS], dim=-1
        )
        return {
            "answer": functional.cross_entropy(logits, right),
            "right": (logits.detach().argmax(-1) == right).float().mean(),
            "order": functional.binary_cross_entropy_with_logits(order, batch.passed),
            "turn": functional.mse_loss(turn, batch.turned),
            "latest": _cross_entropy(hundredths, batch.latest[:, 0])
            + _cross_entropy(seconds, batch.latest[:, 1]),
        }


def _cross_entropy(logits: Tensor, right: Tensor) -> Tensor:
    """Return the mean cross entropy over valid labels, or 0 if there are none.

    Labels beyond the head's range, such as the seconds of longer clips, are invalid.
    """
    right = torch.where(right < logits.shape[-1], right, -1)
    total = functional.cross_entropy(logits, right, ignore_index=-1, reduction="sum")
    return total / (right >= 0).sum().clamp(min=1)
