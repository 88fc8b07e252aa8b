"""The model with what only training has: an oracle's marks and auxiliary heads."""

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
"""Length that the rest of a visual token may have at no cost. Left alone a tower made it ten times
as long, and a text model that had learned to read marks no longer found them."""
SHARPNESS = 2.0
"""Logits per unit along the mark's direction; half a mark is a logit of 0."""
COVERED = 0.03
"""Share of a patch from which on the rope counts as seen there."""
SECONDS = 20
"""Whole seconds that the text model's head can tell."""
ORDER, TURN = 2, 2
DIRECTIONS = 4


class Learner(nn.Module):
    """A model and its auxiliary heads.

    An oracle marks the visual tokens of an event's frame: it adds a vector of fixed direction. The
    tower's auxiliary loss asks that its tokens lie along the same direction where there is an
    event. So the text model can learn to read marks before the tower sees anything, and later
    reads the tower's as it read the oracle's.

    Args:
        model: The model that is trained and saved.
        seed: Of the mark's direction and the heads.
        layer: Text layer whose output the text model's head reads.
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
        with torch.no_grad():
            for head in (self.seen, self.told):
                head.weight.copy_(torch.randn(head.weight.shape, generator=generator) * 0.05)
                head.bias.zero_()

    def parts(self) -> tuple[list[nn.Parameter], list[nn.Parameter]]:
        """Return the parameters of the tower and those of the text model, heads included."""
        tower = [*self.model.model.visual.parameters(), *self.seen.parameters()]
        held = {id(parameter) for parameter in tower}
        return tower, [parameter for parameter in self.parameters() if id(parameter) not in held]

    def see(self, batch: Batch) -> Tensor:
        """Return the tower's tokens of a batch, [visual tokens, width]."""
        held = batch.pictures
        found: Tensor = self.model.model.visual(
            held["pixel_values"], held["image_grid_thw"], held["patch_positions"]
        )
        return found

    def noise(self, batch: Batch, *, spread: float, generator: torch.Generator) -> Tensor:
        """Return visual tokens of nobody, for examples without pixels."""
        shape = (len(batch.phases), len(self.mark))
        return spread * torch.randn(shape, generator=generator).to(self.mark.device)

    def tower_losses(self, tokens: Tensor, batch: Batch) -> dict[str, Tensor]:
        """Return how badly visual tokens tell events, the rope's direction and its place.

        The rope's direction in the picture and where the jumper faces are easy to see; together
        they are the angle, which decides the event.
        """
        logits = SHARPNESS * (tokens @ self.mark - MARK / 2)
        rest = tokens - (tokens @ self.mark)[:, None] * self.mark
        found = self.seen(tokens)
        up, ahead = batch.phases.cos(), batch.phases.sin()
        directions = torch.stack([ahead, up, batch.sides * ahead, batch.sides], dim=-1)
        known = batch.rope[:, 0] >= 0
        places = functional.binary_cross_entropy_with_logits(
            found[:, DIRECTIONS:], (batch.rope > COVERED).float(), reduction="none"
        )
        return {
            "event": functional.binary_cross_entropy_with_logits(logits, batch.happening),
            "angle": functional.mse_loss(found[:, :DIRECTIONS], directions),
            "length": (rest.norm(dim=-1) - LENGTH).relu().square().mean(),
            "rope": (places.mean(-1) * known).sum() / known.sum().clamp(min=1),
        }

    def marked(self, tokens: Tensor, batch: Batch, strength: Tensor) -> Tensor:
        """Return visual tokens with the oracle's marks.

        Args:
            tokens: [visual tokens, width].
            batch: Whose they are.
            strength: [visual tokens]: 1 for a whole mark.
        """
        added = MARK * strength * batch.happening
        return tokens + added[:, None] * self.mark

    def text_losses(self, tokens: Tensor, batch: Batch) -> dict[str, Tensor]:
        """Return the loss of the answers, of the text model's head, and the share said right.

        The head tells at the end of every run whether an event passed and when the latest one was:
        a loss at every stamp, where answers have one at every event.

        Args:
            tokens: Visual tokens, [visual tokens, width].
            batch: Whose they are.
        """
        model = self.model.model
        embeddings = model.get_input_embeddings()(batch.ids)
        pads = batch.ids == self.model.config.image_token_id
        embeddings = embeddings.masked_scatter(pads.unsqueeze(-1), tokens.to(embeddings))
        outputs = model.language_model(
            inputs_embeds=embeddings, use_cache=False, output_hidden_states=True
        )
        held = batch.labels != IGNORED
        logits, right = self.model.lm_head(outputs.last_hidden_state[held]), batch.labels[held]
        told = self.told(outputs.hidden_states[self.layer].flatten(0, 1)[batch.ends])
        order, turn, hundredths, seconds = told.split([ORDER, TURN, HUNDREDTHS, SECONDS], dim=-1)
        return {
            "answer": functional.cross_entropy(logits, right),
            "right": (logits.detach().argmax(-1) == right).float().mean(),
            "order": functional.binary_cross_entropy_with_logits(order, batch.passed),
            "turn": functional.mse_loss(turn, batch.turned),
            "latest": _told(hundredths, batch.latest[:, 0]) + _told(seconds, batch.latest[:, 1]),
        }


def _told(logits: Tensor, right: Tensor) -> Tensor:
    """Return the cross entropy over those that have a right answer; 0 where none has.

    What is beyond the head's answers, as seconds of longer clips are, has none.
    """
    right = torch.where(right < logits.shape[-1], right, -1)
    total = functional.cross_entropy(logits, right, ignore_index=-1, reduction="sum")
    return total / (right >= 0).sum().clamp(min=1)
