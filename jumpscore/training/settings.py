"""Settings of a training run; their values are in ``jumpscore/conf/train/tiny.yaml``."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field, model_validator

from jumpscore.conf.settings import Strict

Count = Annotated[int, Field(gt=0)]
Share = Annotated[float, Field(ge=0, le=1)]
Weight = Annotated[float, Field(ge=0)]


class Source(Strict):
    """Clips of one more profile.

    Attributes:
        profile: Synthetic profile.
        changes: Keys of the profile with other values, such as smaller pictures, which are faster
            to render.
        clips: Number of clips drawn; see ``DataSettings``.
        held_out: Number of held-out clips drawn.
    """

    profile: str
    changes: dict[str, Any] = Field(default_factory=dict)
    clips: Count
    held_out: Count


class DataSettings(Strict):
    """Selection and preparation of the clips.

    Attributes:
        profile: Synthetic profile of all clips.
        clips: Number of clips drawn; those with a person of a reserved or held-out set are left
            out.
        seed: Seed of the clips.
        held_out: Number of clips drawn for monitoring, with people who are in neither training nor
            tests; they are not used for early stopping or selection.
        held_out_seed: Seed of the held-out clips.
        reserved: Seeds of the profile that tests are rendered with; people who appear in them or in
            a reserved set are left out of training.
        reserved_sets: Bundled sets that are tests.
        reserved_clips: Number of clips of each such set.
        max_pixels: Maximum area of a frame and a canvas.
        budgets: Numbers of canvases.
        budgets_each: Number of budgets that each training clip is prepared for.
        rope_every: Interval of frames with a rope map.
        more: Clips of other profiles, drawn with the same seeds.
        frames: Whether frames are stored; otherwise only canvases can be trained.
        snap: Seconds up to which an event next to a stamp of the prompt is answered with that
            stamp; 0 answers with the nearest frame of the video, even if the prompt lacks it.
    """

    profile: str
    clips: Count
    seed: Annotated[int, Field(ge=0)]
    reserved_sets: tuple[str, ...] = ("mini", "small", "rates", "no_jumps")
    held_out: Count
    held_out_seed: Annotated[int, Field(ge=0)]
    reserved: tuple[int, ...]
    reserved_clips: Count
    max_pixels: Annotated[int, Field(ge=784)]
    budgets: Annotated[tuple[Count, ...], Field(min_length=1)]
    budgets_each: Count
    rope_every: Count
    more: tuple[Source, ...] = ()
    frames: bool = True
    snap: Annotated[float, Field(ge=0, le=0.5)] = 0.0

    @property
    def sources(self) -> tuple[Source, ...]:
        """All sources; the first one is that of ``profile``."""
        first = Source(profile=self.profile, clips=self.clips, held_out=self.held_out)
        return (first, *self.more)

    @model_validator(mode="after")
    def _disjoint(self) -> DataSettings:
        seeds = (self.seed, self.held_out_seed, *self.reserved)
        if len(set(seeds)) < len(seeds):
            raise ValueError(f"seed, held_out_seed and reserved must differ, got {seeds}")
        if self.budgets_each > len(self.budgets):
            raise ValueError(
                f"budgets_each={self.budgets_each} is more than the {len(self.budgets)} budgets"
            )
        profiles = [source.profile for source in self.sources]
        if len(set(profiles)) < len(profiles):
            raise ValueError(f"the profiles of all sources must differ, got {', '.join(profiles)}")
        return self


class ModelSettings(Strict):
    """The model.

    Attributes:
        spread: Standard deviation of the initial weights.
        layer: Text layer whose output is the input of the auxiliary head.
        vision: Fields of the vision configuration.
        text: Fields of the text configuration.
    """

    spread: Annotated[float, Field(gt=0)]
    layer: Count
    vision: dict[str, Any]
    text: dict[str, Any]


class Optimiser(Strict):
    """Optimiser of one stage.

    Attributes:
        steps: Number of steps.
        muon: Whether Muon updates the matrices of the blocks, and AdamW only the rest.
        rate: Maximum learning rate.
        warmup: Steps of linear warm-up.
        decay: Share of the steps at the end with linear decay.
        beta2: Decay rate of the squared gradients.
        weight_decay: Weight decay per step, multiplied by the rate.
        clip: Maximum norm of the gradients.
    """

    steps: Annotated[int, Field(ge=0)]
    muon: bool = False
    rate: Annotated[float, Field(gt=0)]
    warmup: Count = 100
    decay: Share = 0.3
    beta2: Share = 0.98
    weight_decay: Weight = 0.01
    clip: Annotated[float, Field(gt=0)] = 1.0


class Growth(Strict):
    """Growth of clips: they are cut short until the model masters short ones.

    Attributes:
        first: Initial number of frames.
        mastered: Token accuracy of answers from which clips grow.
        by: Growth in frames per step.
    """

    first: Annotated[int, Field(ge=6)]
    mastered: Share
    by: Annotated[float, Field(ge=0)]


class ReadStage(Optimiser):
    """First stage: the text model learns to read an oracle's marks; no pixels.

    Attributes:
        tokens: Tokens per batch.
        growth: Growth of the clips.
        told: Weight of the losses of the text model's head.
        noise: Standard deviation of the visual tokens that carry the marks.
        faintest: Strength of the faintest marks; the strongest have 1.
        codec: Share of batches in the format of canvases, once clips are whole.
        shift: Maximum shift of stamps in frames.
    """

    tokens: Count
    growth: Growth
    told: Weight = 1.0
    noise: Weight
    faintest: Share
    codec: Share
    shift: Annotated[int, Field(ge=0)]


class LookStage(Optimiser):
    """Second stage: the tower alone learns to see the rope, its angle and the event.

    Attributes:
        clips: Clips per batch as frames.
        frames: Consecutive frames of each.
        canvases: Clips per batch as canvases.
        rope: Weight of the loss on the rope's position.
        height: Weight of the loss on the height of the body, which shows the rhythm even if the
            rope is invisible.
        recolour: Range of contrast and brightness.
        fast: Share of canvases numbered like those of a video with twice as many frames per second.
    """

    clips: Annotated[int, Field(ge=0)]
    frames: Count
    canvases: Annotated[int, Field(ge=0)]
    rope: Weight
    height: Weight = 0.0
    recolour: Share
    fast: Share = 0.0


class JoinStage(Optimiser):
    """Third stage: everything together, while the oracle fades out.

    Attributes:
        tokens: Tokens per batch.
        growth: Growth of the clips.
        shift: Maximum shift of stamps in frames.
        marks: Share of the steps over which the oracle fades.
        seen: Weight of the tower's auxiliary losses at the start, falling to ``seen_last``.
        seen_last: Weight at the end.
        told: Weight of the text model's head at the start, falling to ``told_last``.
        told_last: Weight at the end.
        codec: Share of batches of canvases.
        thinned: Share of batches of thinned frames, once clips are whole.
        every: Maximum thinning: one frame of this many remains.
        recolour: Range of contrast and brightness.
        tower: Learning rate of the tower as a share of ``rate``; 0 freezes it.
        fast: Share of canvases numbered like those of a video with twice as many frames per second.
    """

    tokens: Count
    growth: Growth
    tower: Share
    shift: Annotated[int, Field(ge=0)]
    marks: Share
    seen: Weight
    seen_last: Weight
    told: Weight = 1.0
    told_last: Weight = 0.3
    codec: Share
    thinned: Share
    every: Annotated[int, Field(ge=2)]
    recolour: Share
    fast: Share = 0.0


class TrainSettings(Strict):
    """A whole run.

    Attributes:
        name: Name of the model.
        seed: Seed of weights and order; the clips have their own.
        threads: CPU threads; 0 for torch's default.
        device: ``auto`` uses a GPU if available.
        save_every: Steps between two checkpoints to resume from.
        check_every: Steps of the second and third stage between two evaluations on held-out clips.
        checked: Number of held-out clips to evaluate.
        checked_canvases: Number of canvases in that evaluation.
        start: Checkpoint that training starts from, a bundled name or a folder. It must have the
            same text model; of its tower, the weights that fit are taken.
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
    start: str | None = None
    data: DataSettings
    model: ModelSettings
    read: ReadStage
    look: LookStage
    join: JoinStage

    @model_validator(mode="after")
    def _prepared(self) -> TrainSettings:
        if self.checked_canvases not in self.data.budgets:
            raise ValueError(
                f"checked_canvases={self.checked_canvases} must be one of data.budgets "
                f"{self.data.budgets}"
            )
        if not self.data.frames and (self.look.clips or self.join.codec < 1):
            raise ValueError(
                f"look.clips={self.look.clips} and join.codec={self.join.codec:g} need frames; set "
                "data.frames=true, or look.clips=0 and join.codec=1"
            )
        if self.look.clips + self.look.canvases == 0:
            raise ValueError("look.clips and look.canvases are both 0; set one of them")
        return self
