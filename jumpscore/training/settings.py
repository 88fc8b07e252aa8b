"""What a training run is made of; ``jumpscore/conf/train/tiny.yaml`` holds the values."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, model_validator

Count = Annotated[int, Field(gt=0)]
Share = Annotated[float, Field(ge=0, le=1)]
Weight = Annotated[float, Field(ge=0)]


class _Strict(BaseModel):
    """Frozen, and an unknown key is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class DataSettings(_Strict):
    """Which clips are learned from, and how they are prepared.

    Attributes:
        profile: Synthetic profile of all clips.
        clips: Clips drawn; those with a person of a reserved or held-out set are left out.
        seed: Of the clips.
        held_out: Clips drawn to follow the training with, of people who are neither learned from
            nor in a test; nothing is stopped or chosen by them.
        held_out_seed: Of those.
        reserved: Seeds of the profile that tests are rendered with; nobody who appears in them
            or in a bundled set is learned from.
        reserved_clips: Clips of each such set.
        max_pixels: Largest area of a frame and a canvas.
        budgets: Numbers of canvases.
        budgets_each: How many of them a training clip is prepared for.
        rope_every: Frames of which the place of the rope is known: one in so many.
    """

    profile: str
    clips: Count
    seed: Annotated[int, Field(ge=0)]
    held_out: Count
    held_out_seed: Annotated[int, Field(ge=0)]
    reserved: tuple[int, ...]
    reserved_clips: Count
    max_pixels: Annotated[int, Field(ge=784)]
    budgets: Annotated[tuple[Count, ...], Field(min_length=1)]
    budgets_each: Count
    rope_every: Count

    @model_validator(mode="after")
    def _disjoint(self) -> DataSettings:
        seeds = (self.seed, self.held_out_seed, *self.reserved)
        if len(set(seeds)) < len(seeds):
            raise ValueError(f"seed, held_out_seed and reserved share a seed: {seeds}")
        if self.budgets_each > len(self.budgets):
            raise ValueError(
                f"budgets_each={self.budgets_each} of {len(self.budgets)} budgets; lower it"
            )
        return self


class ModelSettings(_Strict):
    """The model.

    Attributes:
        spread: Standard deviation of the weights to begin with.
        layer: Text layer whose output the auxiliary head reads.
        vision: Fields of the vision configuration.
        text: Fields of the text configuration.
    """

    spread: Annotated[float, Field(gt=0)]
    layer: Count
    vision: dict[str, Any]
    text: dict[str, Any]


class Optimiser(_Strict):
    """AdamW of one stage.

    Attributes:
        steps: How many.
        rate: Largest learning rate.
        warmup: Steps of linear rise.
        decay: Share of the steps, at the end, of linear fall.
        beta2: Of the squared gradients.
        weight_decay: Per step, times the rate.
        clip: Largest norm of the gradients.
    """

    steps: Annotated[int, Field(ge=0)]
    rate: Annotated[float, Field(gt=0)]
    warmup: Count = 100
    decay: Share = 0.3
    beta2: Share = 0.98
    weight_decay: Weight = 0.01
    clip: Annotated[float, Field(gt=0)] = 1.0


class Growth(_Strict):
    """Clips are cut short until the model can do the short ones.

    Attributes:
        first: Frames to begin with.
        mastered: Share of the answers' tokens from which on clips grow.
        by: Frames per step.
    """

    first: Annotated[int, Field(ge=6)]
    mastered: Share
    by: Annotated[float, Field(ge=0)]


class ReadStage(Optimiser):
    """First stage: the text model learns to read an oracle's marks; no pixels.

    Attributes:
        tokens: Of a batch.
        growth: Of the clips.
        told: Weight of the text model's head.
        noise: Spread of the visual tokens that carry the marks.
        faintest: Strength of the faintest marks; the strongest have 1.
        codec: Share of batches in the form of canvases, once clips are whole.
        shift: Most frames by which stamps are moved.
    """

    tokens: Count
    growth: Growth
    told: Weight
    noise: Weight
    faintest: Share
    codec: Share
    shift: Annotated[int, Field(ge=0)]


class LookStage(Optimiser):
    """Second stage: the tower alone learns to see the rope, its angle and the event.

    Attributes:
        clips: Clips of a batch whose frames are shown.
        frames: Frames of each, one after the other.
        canvases: Clips of a batch whose canvases are shown.
        rope: Weight of the rope's place.
        recolour: Spread of contrast and brightness.
    """

    clips: Count
    frames: Count
    canvases: Annotated[int, Field(ge=0)]
    rope: Weight
    recolour: Share


class JoinStage(Optimiser):
    """Third stage: everything together, the oracle faded to nothing.

    Attributes:
        tokens: Of a batch.
        growth: Of the clips.
        shift: Most frames by which stamps are moved.
        marks: Share of the steps over which the oracle fades.
        seen: Weight of the tower's auxiliary losses at the start, falling to ``seen_last``.
        seen_last: At the end.
        told: Weight of the text model's head at the start, falling to ``told_last``.
        told_last: At the end.
        codec: Share of batches of canvases.
        thinned: Share of batches of thinned frames, once clips are whole.
        every: Largest number of frames of which a thinned clip keeps one.
        recolour: Spread of contrast and brightness.
        tower: The tower's learning rate, as a share of ``rate``; 0 leaves it as it is.
    """

    tokens: Count
    growth: Growth
    tower: Share
    shift: Annotated[int, Field(ge=0)]
    marks: Share
    seen: Weight
    seen_last: Weight
    told: Weight
    told_last: Weight
    codec: Share
    thinned: Share
    every: Annotated[int, Field(ge=2)]
    recolour: Share


class TrainSettings(_Strict):
    """A whole run.

    Attributes:
        name: Of the model.
        seed: Of weights and order; the clips have their own.
        threads: CPU threads; 0 for torch's own choice.
        device: ``auto`` takes a GPU where there is one.
        save_every: Steps between two checkpoints to resume from.
        check_every: Steps of the third stage between two looks at held-out clips.
        checked: Held-out clips that are looked at.
        checked_canvases: Canvases of those that are shown as canvases.
        data: The clips.
        model: The model.
        read: First stage.
        look: Second stage.
        join: Third stage.
    """

    name: str
    seed: Annotated[int, Field(ge=0)]
    threads: Annotated[int, Field(ge=0)]
    device: str
    save_every: Count
    check_every: Count
    checked: Count
    checked_canvases: Count
    data: DataSettings
    model: ModelSettings
    read: ReadStage
    look: LookStage
    join: JoinStage

    @model_validator(mode="after")
    def _prepared(self) -> TrainSettings:
        if self.checked_canvases not in self.data.budgets:
            raise ValueError(
                f"checked_canvases={self.checked_canvases} is none of data.budgets "
                f"{self.data.budgets}"
            )
        return self
