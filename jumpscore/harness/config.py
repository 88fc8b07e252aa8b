"""The resolved configuration of a run: typed, frozen, no unknown keys."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from jumpscore.errors import UsageError, nearest_names
from jumpscore.records import Sample
from jumpscore.video.stamps import TimePolicy

ConfigT = TypeVar("ConfigT", bound=BaseModel)


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


AMOUNTS = ("count", "fps", "tokens", "folder")
"""Ways to say how much a model is shown; one at a time."""
INPUT_OPTIONS = {
    "count": ("frames", "codec"),
    "fps": ("frames",),
    "tokens": ("frames", "codec"),
    "matching": ("frames", "codec"),
    "folder": ("codec",),
    "min_pixels": ("frames", "codec"),
    "max_pixels": ("frames", "codec"),
    "decimals": ("frames", "codec"),
    "time_policy": ("frames", "codec"),
    "backend": ("frames", "codec"),
}
"""Kinds of input that each option goes with. A backend matters to frames too where they are matched
to canvases."""


class InputConfig(_Strict):
    """What a model is shown.

    Attributes:
        kind: ``auto`` takes what the wrapper prefers; ``frames`` and ``codec`` canvases are
            prepared by the harness; ``video`` and ``none`` leave it to the wrapper.
        count: Number of pictures: frames or canvases.
        fps: Frames per second of video, instead of ``count``.
        tokens: Token budget, instead of ``count``: the same number gives the two arms of a matched
            comparison under ``kind=frames`` and ``kind=codec``, in the published sizes; with
            ``max_pixels`` the pictures of both arms have that size, and only their number differs.
        matching: Which tokens the budget counts, by default ``visual``.
        folder: Canvases that another tool made, one folder per video, instead of ``count``.
        min_pixels: Smallest area of a picture.
        max_pixels: Largest area of a picture.
        decimals: Of time stamps, by default 1 for frames and 2 for canvases and under ``tokens``.
        time_policy: What stamps state: ``released`` is frame index / average rate, ``pts`` the
            presentation time; by default ``released`` where the two agree, else ``pts``.
        backend: Where block scores come from, by default ``pyav``.
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
    backend: Literal["pyav", "bitcost"] | None = None

    @model_validator(mode="after")
    def _fits(self) -> InputConfig:
        amounts = [name for name in AMOUNTS if getattr(self, name) is not None]
        if len(amounts) > 1:
            raise ValueError(f"give either {amounts[0]} or {amounts[1]}, not both")
        if self.matching is not None and self.tokens is None:
            raise ValueError(f"matching={self.matching} needs tokens")
        sizes = [name for name in ("min_pixels", "max_pixels") if getattr(self, name) is not None]
        if sizes and self.folder is not None:
            raise ValueError(f"{sizes[0]} means nothing beside folder: sizes follow from that")
        if sizes and self.tokens is not None:
            if self.matching == "as_published":
                raise ValueError(f"{sizes[0]} means nothing under as_published: sizes are those")
            if sizes != ["max_pixels"]:
                raise ValueError("min_pixels means nothing beside tokens; max_pixels does")
        if self.min_pixels and self.max_pixels and self.min_pixels > self.max_pixels:
            raise ValueError(f"min_pixels={self.min_pixels} is above max_pixels={self.max_pixels}")
        if problem := None if self.kind == "auto" else self.unfit(self.kind):
            raise ValueError(problem)
        return self

    def filled(self, usual: Mapping[str, Any]) -> InputConfig:
        """Return the input with what is usual for a model where nothing was said.

        A number of pictures is usual where no other amount was given, sizes where none follow
        from that amount.

        Args:
            usual: Values by field.

        Raises:
            UsageError: Of a field that there is not, or a value that does not fit.
        """
        said = {name for name in type(self).model_fields if getattr(self, name) is not None}
        if said.intersection(AMOUNTS):
            said |= set(AMOUNTS)
        if self.folder is not None or self.matching == "as_published":
            said |= {"min_pixels", "max_pixels"}
        missing = {name: value for name, value in usual.items() if name not in said}
        given = self.model_dump(include=said)
        return validated(InputConfig, given | missing, where="input.") if missing else self

    def unfit(self, kind: str) -> str | None:
        """Return why the options do not go with a kind of input, if they do not."""
        for name in INPUT_OPTIONS:
            if getattr(self, name) is not None and kind not in INPUT_OPTIONS[name]:
                needed = " or ".join(INPUT_OPTIONS[name])
                return f"{name} needs kind={needed}, not {kind}"
        return None


class RunSettings(_Strict, coerce_numbers_to_str=True):
    """How a run is carried out. Nothing here changes an answer but ``seed`` and ``control``.

    Attributes:
        name: Folder of the run below ``folder``; by default made of task, model and data set.
        folder: Where runs are kept.
        limit: Ask only the first so many samples.
        ids: Ask only these samples.
        shard: ``i/n`` asks every n-th sample, starting with the i-th (from 0).
        repeats: Runs that differ in the model's seed only, for models that sample.
        control: Show another clip's pixels: see ``controls``.
        seed: Of the bootstrap and of which clip stands in for which in a control.
        workers: Threads that prepare requests ahead of the model.
        ahead: Requests prepared ahead, at most.
        cache: Keep canvases on disk for other runs (in ``$JUMPSCORE_CACHE``, by default the
            user's cache folder).
        expose_truth: Show the truth to a wrapper that needs it (``oracle``).
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
    expose_truth: bool = False

    @field_validator("shard")
    @classmethod
    def _check_shard(cls, value: str | None) -> str | None:
        match = re.fullmatch(r"(\d+)/(\d+)", "0/1" if value is None else value)
        if not match or int(match[1]) >= int(match[2]):
            raise ValueError(f"{value!r} is no shard; write i/n with 0 <= i < n, such as 0/4")
        return value

    @field_validator("name")
    @classmethod
    def _check_name(cls, value: str | None) -> str | None:
        if value is not None and (not value or Path(value).name != value or value in (".", "..")):
            raise ValueError(f"{value!r} cannot be a folder's name; use letters, digits, . _ -")
        return value

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
                raise UsageError(f"run.ids names {unknown[0]!r}, which the data set does not have")
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


class RunConfig(_Strict):
    """Everything that defines a run: ``model`` and ``task`` hold ``name`` and its options."""

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


def validated(model: type[ConfigT], values: Any, *, where: str) -> ConfigT:
    """Return ``values`` as ``model``.

    Args:
        model: A pydantic model that forbids unknown keys.
        values: A mapping from outside.
        where: Prefix of the keys in messages (``"model."``).

    Raises:
        UsageError: A key is unknown (with the nearest known ones) or a value does not fit.
    """
    try:
        return model.model_validate(values)
    except ValidationError as error:
        raise UsageError(
            "\n".join(_explain(model, problem, where) for problem in error.errors())
        ) from None


def _explain(model: type[BaseModel], problem: Any, where: str) -> str:
    key = where + ".".join(str(part) for part in problem["loc"])
    if problem["type"] == "extra_forbidden":
        known = _fields(model, problem["loc"][:-1])
        near = nearest_names(str(problem["loc"][-1]), known) or "."
        return f"unknown key {key!r}{near} Known: {', '.join(known) or 'none'}."
    if problem["type"] == "missing":
        return f"{key!r} is not set; add {key}=..."
    if not problem["loc"]:
        return where + str(problem["msg"]).removeprefix("Value error, ")
    message = problem["msg"].removeprefix("Value error, ")
    if isinstance(problem["input"], dict):  # several keys that do not go together
        return f"{key}: {message}"
    return f"{key}={problem['input']!r}: {message[:1].lower()}{message[1:]}"


def _fields(model: type[BaseModel], path: tuple[Any, ...]) -> list[str]:
    for part in path:
        inner = model.model_fields[part].annotation
        if not (isinstance(inner, type) and issubclass(inner, BaseModel)):
            return []
        model = inner
    return list(model.model_fields)
