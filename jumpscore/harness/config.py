"""The resolved configuration of a run: typed, frozen, no unknown keys."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, field_validator, model_validator

from jumpscore.conf.settings import Strict, validated
from jumpscore.errors import UsageError
from jumpscore.records import Sample
from jumpscore.video.stamps import TimePolicy

AMOUNTS = ("count", "fps", "tokens", "folder")
"""Ways to set the amount of input; at most one of them."""
OVERLAP_SHARE = 0.125
"""Overlap of windows as a share of their length, if it is unset."""
FOR_CLUSTERS = ("address", "replicas", "gpus", "timeout")
"""Settings of a run that only the Ray engine has."""
ONLY_FOR = {"fps": ("frames",), "folder": ("codec",)}
"""Options for one kind of input; the others apply to both, and so does the backend, because frames
may be matched to canvases."""


class InputConfig(Strict):
    """Input of a model.

    Attributes:
        kind: ``auto`` takes the kind that the wrapper prefers; the harness prepares ``frames`` and
            ``codec`` canvases; ``video`` and ``none`` leave the input to the wrapper.
        count: Number of pictures: frames or canvases.
        fps: Frames per second of video, instead of ``count``.
        tokens: Token budget, instead of ``count``: the same number gives the two arms of a matched
            comparison under ``kind=frames`` and ``kind=codec``, in the published sizes; with
            ``max_pixels`` the pictures of both arms have that size, and only their number differs.
        matching: Which tokens the budget counts: ``visual`` (default), ``total`` or
            ``as_published``.
        folder: Canvases prepared by another tool, one folder per video, instead of ``count``.
        min_pixels: Smallest area of a picture.
        max_pixels: Largest area of a picture.
        decimals: Decimals of time stamps, by default 1 for frames, and 2 for canvases and with
            ``tokens``.
        time_policy: Time in the stamps: ``released`` is frame index / average rate, ``pts`` the
            presentation time; by default ``released`` if the two agree, otherwise ``pts``.
        backend: Source of the block scores: ``pyav`` (default) or ``bitcost``; or
            ``lmms_video_utils``, which makes whole canvases by rules of its own.
        window: Ask about a longer video in windows of so many seconds, each shown as a video of its
            own; the amounts above are then those of one window.
        overlap: Seconds that neighbouring windows share, at most half a window and by default an
            eighth of it.
    """

    kind: Literal["auto", "none", "video", "frames", "codec"] = "auto"
    count: int | None = Field(default=None, gt=0)
    fps: float | None = Field(default=None, gt=0)
    tokens: int | None = Field(default=None, gt=0)
    matching: Literal["visual", "total", "as_published"] | None = None
    folder: Path | None = None
    min_pixels: int | None = Field(default=None, ge=784, le=2**24)
    max_pixels: int | None = Field(default=None, ge=784, le=2**24)
    decimals: int | None = Field(default=None, ge=0, le=3)
    time_policy: TimePolicy | None = None
    backend: Literal["pyav", "bitcost", "lmms_video_utils"] | None = None
    window: float | None = Field(default=None, ge=0.5, le=86_400)
    overlap: float | None = Field(default=None, ge=0)

    @model_validator(mode="after")
    def _fits(self) -> InputConfig:
        amounts = [name for name in AMOUNTS if getattr(self, name) is not None]
        if len(amounts) > 1:
            raise ValueError(f"give either {amounts[0]} or {amounts[1]}, not both")
        if self.matching is not None and self.tokens is None:
            raise ValueError(f"matching={self.matching} needs tokens")
        sizes = [name for name in ("min_pixels", "max_pixels") if getattr(self, name) is not None]
        if sizes and self.folder is not None:
            raise ValueError(f"{sizes[0]} cannot be combined with folder, which sets the sizes")
        if sizes and self.tokens is not None:
            if self.matching == "as_published":
                raise ValueError(
                    f"{sizes[0]} cannot be combined with matching=as_published, which sets sizes"
                )
            if sizes != ["max_pixels"]:
                raise ValueError("min_pixels cannot be combined with tokens; use max_pixels")
        if self.backend == "lmms_video_utils":
            rule = f"cannot be combined with backend={self.backend}, which has its own sizes"
            if self.min_pixels is not None:
                raise ValueError(f"min_pixels {rule}; give max_pixels")
            if self.matching == "as_published":
                raise ValueError(f"matching=as_published {rule}; use visual or total")
        if self.overlap is not None and self.window is None:
            raise ValueError(f"overlap={self.overlap:g} needs window")
        if self.window is not None:
            if self.folder is not None:
                raise ValueError("window cannot be combined with folder, whose canvases are fixed")
            if 2 * self.seam > self.window:
                raise ValueError(
                    f"overlap={self.seam:g} is more than half of window={self.window:g}"
                )
        if self.min_pixels and self.max_pixels and self.min_pixels > self.max_pixels:
            raise ValueError(f"min_pixels={self.min_pixels} is above max_pixels={self.max_pixels}")
        if problem := None if self.kind == "auto" else self.unfit(self.kind):
            raise ValueError(problem)
        return self

    @property
    def seam(self) -> float:
        """Seconds that neighbouring windows share; 0 without windows."""
        if self.overlap is not None:
            return self.overlap
        return OVERLAP_SHARE * (self.window or 0.0)

    @property
    def windows_text(self) -> str | None:
        """The windows in words, or ``None`` if the whole video is shown at once.

        >>> InputConfig(kind="frames", window=8).windows_text
        'windows of 8 s with 1 s of overlap'
        """
        if self.window is None:
            return None
        return f"windows of {self.window:g} s with {self.seam:g} s of overlap"

    def filled(self, defaults: Mapping[str, Any]) -> InputConfig:
        """Return the input with a model's defaults for unset fields.

        A default amount applies only if no amount is set, default sizes only if the amount does
        not determine them.

        Args:
            defaults: Values by field.

        Raises:
            UsageError: A field of the defaults is unknown, or its value is invalid.
        """
        fixed = {name for name in type(self).model_fields if getattr(self, name) is not None}
        if fixed.intersection(AMOUNTS):
            fixed |= set(AMOUNTS)
        if self.folder is not None or self.matching == "as_published":
            fixed |= {"min_pixels", "max_pixels"}
        added = {name: value for name, value in defaults.items() if name not in fixed}
        values = self.model_dump(include=fixed) | added
        return validated(InputConfig, values, where="input.") if added else self

    def unfit(self, kind: str) -> str | None:
        """Return why an option does not apply to a kind of input, or ``None`` if all do."""
        for name in type(self).model_fields:
            kinds = ONLY_FOR.get(name, ("frames", "codec"))
            if name != "kind" and getattr(self, name) is not None and kind not in kinds:
                return f"{name} needs kind={' or '.join(kinds)}, not {kind}"
        return None


class RunSettings(Strict, coerce_numbers_to_str=True):
    """Settings of a run. Only ``control``, and ``seed`` with it, can change an answer.

    Attributes:
        name: Name of the run's folder inside ``run.folder``, by default from task, model and data
            set.
        folder: Folder of all runs.
        limit: Ask only the first N samples.
        ids: Ask only these samples.
        shard: ``i/n`` asks every n-th sample, starting with the i-th (from 0).
        repeats: Number of runs that differ only in the model's seed, for models that sample.
        control: Show another clip's pixels: ``none``, ``pixels`` or ``selection``.
        seed: Seed of the bootstrap, and of the replacement clips of a control.
        workers: Number of threads, or processes, that prepare requests ahead of the model.
        ahead: Maximum number of requests prepared ahead.
        cache: Store canvases on disk for other runs (in ``$JUMPSCORE_CACHE``, by default the
            user's cache folder).
        reuse: Answer from earlier runs if they asked the same model the same, and store new answers
            for later ones; only for models with an identity that answer equal requests equally.
            Not with repeats, which measure how answers vary.
        expose_truth: Give the ground truth to a wrapper that needs it (``oracle``).
        engine: ``local`` prepares and answers in this process, ``ray`` on a Ray cluster.
        address: Address of the Ray cluster; ``auto`` joins the one of this machine, and without an
            address one is started here for the run.
        replicas: Number of models on the cluster, by default as many as fit.
        gpus: GPUs of each model on the cluster, by default 1 if it has any; or as many as the
            options ``tensor_parallel`` and ``data_parallel`` of the model need.
        timeout: Seconds after which the Ray engine gives up a batch, a preparation or a model that
            is loading, and tries again elsewhere. The local engine reports what takes long.
    """

    name: str | None = None
    folder: Path = Path("runs")
    limit: int | None = Field(default=None, gt=0)
    ids: tuple[str, ...] | None = None
    shard: str | None = None
    repeats: int = Field(default=1, gt=0, le=1000)
    control: Literal["none", "pixels", "selection"] = "none"
    seed: int = Field(default=0, ge=0)
    workers: int = Field(default=2, gt=0)
    ahead: int = Field(default=8, gt=0)
    cache: bool = True
    reuse: bool = False
    expose_truth: bool = False
    engine: Literal["local", "ray"] = "local"
    address: str | None = None
    replicas: int | None = Field(default=None, gt=0)
    gpus: int | None = Field(default=None, ge=0)
    timeout: float = Field(default=1800.0, gt=0)

    @model_validator(mode="after")
    def _measures(self) -> RunSettings:
        if self.reuse and self.repeats > 1:
            raise ValueError(
                "reuse cannot be combined with repeats, which measure how answers vary; leave out "
                "one of them"
            )
        return self

    def check_engine(self) -> None:
        """Check that no setting is without effect; stored runs may have such settings.

        Raises:
            UsageError: A setting of clusters is set for the local engine.
        """
        if self.engine != "local":
            return
        for name in FOR_CLUSTERS:
            value = getattr(self, name)
            if value != type(self).model_fields[name].default:
                raise UsageError(f"run.{name}={value} needs run.engine=ray; add it or leave it out")

    @field_validator("shard")
    @classmethod
    def _check_shard(cls, value: str | None) -> str | None:
        match = re.fullmatch(r"(\d+)/(\d+)", "0/1" if value is None else value)
        if not match or int(match[1]) >= int(match[2]):
            raise ValueError("is not a shard; write i/n with 0 <= i < n, such as 0/4")
        return value

    @field_validator("name")
    @classmethod
    def _check_name(cls, value: str | None) -> str | None:
        if value is not None and (not value or Path(value).name != value or value in (".", "..")):
            raise ValueError(f"{value!r} cannot be a folder's name; use letters, digits, . _ -")
        return value

    def require_local(self, what: str) -> None:
        """Check that the run does not need a cluster.

        Args:
            what: What cannot use one, for the message.

        Raises:
            UsageError: ``engine`` is not ``local``.
        """
        if self.engine != "local":
            raise UsageError(
                f"{what} asks the model on this machine only; leave out run.engine={self.engine}"
            )

    def select(self, samples: Sequence[Sample[Any]]) -> list[Sample[Any]]:
        """Return the samples of a data set that the run asks.

        Raises:
            UsageError: The data set lacks an id of ``ids``, or no sample is left.
        """
        selected = list(samples)
        if self.ids is not None:
            known = {sample.question.id for sample in selected}
            unknown = [name for name in self.ids if name not in known]
            if unknown:
                raise UsageError(
                    f"run.ids: no sample {unknown[0]!r}; 'jumpscore data ids DATA' lists the ids"
                )
            selected = [sample for sample in selected if sample.question.id in self.ids]
        if self.shard:
            part, parts = (int(number) for number in self.shard.split("/"))
            selected = selected[part::parts]
        selected = selected[: self.limit]
        if not selected:
            raise UsageError(
                "no samples are left to ask; check the data set, run.ids and run.shard"
            )
        return selected


class RunConfig(Strict):
    """Full configuration of a run: ``model`` and ``task`` contain ``name`` and its options."""

    model: dict[str, Any]
    task: dict[str, Any]
    input: InputConfig = InputConfig()
    run: RunSettings = RunSettings()


def run_config(values: Mapping[str, Any]) -> RunConfig:
    """Return a validated configuration.

    Raises:
        UsageError: A key is unknown (with the nearest known names), or a value is invalid.
    """
    return validated(RunConfig, values, where="")
