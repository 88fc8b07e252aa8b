"""Cells of the paper's tables, and the recipe that runs each: model, input and command.

A recipe takes the published settings of the reproduction guide if it has some for the benchmark and
the model, and the defaults of this module otherwise. It never mixes the two.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal

from jumpscore.data.catalogue import data_root, data_set
from jumpscore.errors import UsageError
from jumpscore.runs.record import RunRecord
from jumpscore.studies.reproduction.published import (
    PublishedValue,
    Setting,
    Table,
    models,
    settings,
    table_values,
)
from jumpscore.studies.reproduction.routes import LMMS, Route, route_of
from model_wrappers import MODELS
from model_wrappers.checkpoints import local_folder

Source = Literal["published", "default"]
GUIDE_MODEL = "LLaVA-OneVision-2-8B"
"""The model of the reproduction guide."""
DEFAULT_INPUT: Mapping[str, Any] = {
    "kind": "frames",
    "count": 64,
    "max_pixels": 153_664,
    "decimals": 1,
}
"""Input of a benchmark about videos without published settings; 153,664 pixels are 392 x 392."""
BUNDLED_DATA = {
    "jumpscore": "mini",
    "timelens": "mini_timelens",
    "spatial": "mini_spatial",
    "tracking": "mini_tracking",
    "traces": "mini_traces",
    LMMS: "mini_lmms",
}
"""Task -> data set that needs no network, to try a cell."""
OWN_RECIPE, OPEN_RECIPE = "own", "open"
CODEC_RECIPES: Mapping[str, str] = {
    OWN_RECIPE: "canvases of this package: as many as requested, groups of up to 128 frames",
    "checkpoint": "not available here: groups of up to 64 frames, and no input option limits them",
    "tuned": "not available here: readiness threshold and bit-cost grid 'sub' of the authors' tool "
    "choose how many canvases there are; here their number is fixed",
    OPEN_RECIPE: "canvases of lmms-video-utils, if installed: input.backend=lmms_video_utils",
}
"""Recipes of canvases with one name in public -> what this package can do."""
PUBLISHED_CODEC_RECIPE = "tuned"
"""The recipe of the published numbers."""
PREPARED = "prepared elsewhere"


@dataclass(frozen=True, slots=True)
class PaperModel:
    """A model of the tables and the wrapper that runs it.

    Attributes:
        title: Column of the tables.
        wrapper: Name of the wrapper.
        options: Options that the wrapper requires, as ``key=value``.
        key: Option with the name of the checkpoint.
        sizes: Whether frames of any size are accepted; otherwise the model fixes it.
        bundled: Included checkpoint of the same architecture, to try a cell, or empty.
        served: Whether it runs on a server of the user.
        need: What a user has to supply besides the weights, or empty.
    """

    title: str
    wrapper: str
    options: tuple[str, ...] = ()
    key: str = "checkpoint"
    sizes: bool = True
    bundled: str = ""
    served: bool = False
    need: str = ""

    @property
    def checkpoint(self) -> str:
        """Released weights on the hub: the default of the wrapper."""
        return str(MODELS.get(self.wrapper).Options.model_fields[self.key].default)


PAPER_MODELS: Mapping[str, PaperModel] = {
    model.title: model
    for model in (
        PaperModel(GUIDE_MODEL, "llava_ov2", bundled="jumpscore-tiny"),
        PaperModel("Qwen3-VL-8B", "qwen3_vl"),
        PaperModel(
            "Keye-VL-1.5-8B",
            "keye_vl1_5",
            options=("model.trust_remote_code=true",),
            need="vLLM, and the code of the checkpoint is run",
        ),
        PaperModel("InternVL-3.5-8B", "internvl3_5", sizes=False),
        PaperModel("PLM-8B", "perception_lm", sizes=False),
        PaperModel(
            "LLaVA-OneVision-1.5-8B",
            "llava_ov1_5",
            options=("model.base_url=http://localhost:30000/v1",),
            key="served_model",
            served=True,
            need="a server of the model at model.base_url",
        ),
    )
}


@dataclass(frozen=True, slots=True)
class Recipe:
    """How a cell is run.

    Attributes:
        title: Table and benchmark.
        model: The model.
        route: Task, data and metric.
        input: Fields of ``InputConfig``.
        source: Where the input comes from: ``published`` or ``default``.
        name: Name of the run's folder.
        score: Published score of this very command in percent, if the guide has one.
        codec_recipe: Recipe of the published canvases; ``None`` for other inputs.
        extra: Further words from the user, such as ``model.checkpoint=/models/ov2``.
    """

    title: str
    model: PaperModel
    route: Route
    input: Mapping[str, Any]
    source: Source
    name: str
    score: float | None = None
    codec_recipe: str | None = None
    extra: tuple[str, ...] = ()

    @property
    def words(self) -> tuple[str, ...]:
        """Words of ``jumpscore run``."""
        sizes = {key: value for key, value in self.input.items() if key != "kind"}
        return (
            f"model={self.model.wrapper}",
            *self.model.options,
            *self.route.words,
            f"input={self.input['kind']}",
            *(f"input.{key}={value}" for key, value in sizes.items()),
            f"run.name={self.name}",
            *self.extra,
        )

    @property
    def checkpoint(self) -> str:
        """The checkpoint that the recipe runs: the released one, or the user's copy of it."""
        key = f"model.{self.model.key}="
        own = [word.removeprefix(key) for word in self.extra if word.startswith(key)]
        return own[-1] if own else self.model.checkpoint


@dataclass(frozen=True, slots=True)
class Cell:
    """One number of a table and the recipe that runs it."""

    published: PublishedValue
    recipe: Recipe


def cells(table: Table, chosen: Sequence[str] = (), extra: Sequence[str] = ()) -> list[Cell]:
    """Return the cells of a table in its order.

    Args:
        table: The table.
        chosen: Models; by default all of them.
        extra: Words that every command gets, such as ``model.checkpoint=/models/ov2``.

    Raises:
        UsageError: A word would change what is reproduced.
    """
    _check_extra(extra)
    return [
        Cell(value, _recipe(value, tuple(extra)))
        for value in table_values(table)
        if value.model in (chosen or models())
    ]


def bundled(recipe: Recipe) -> Recipe | None:
    """Return the recipe on a bundled data set and, if one is included, a small checkpoint.

    The input is the default of the checkpoint, because a miniature is trained with one. ``None`` if
    the benchmark cannot be run by one command.
    """
    if recipe.route.obstacle:
        return None
    route = replace(
        recipe.route, data=BUNDLED_DATA[recipe.route.task], options=(), questions=None, note=""
    )
    extra = recipe.extra
    if recipe.model.bundled and recipe.checkpoint == recipe.model.checkpoint:
        extra = (*extra, f"model.{recipe.model.key}={recipe.model.bundled}")
    kind = str(recipe.input["kind"])
    return replace(
        recipe,
        title=f"{route.task} on bundled data",
        route=route,
        input={"kind": kind},
        source="default",
        name=_slug(f"bundled-{route.data}-{kind}-{recipe.model.title}"),
        extra=extra,
    )


def missing(recipe: Recipe, root: Path | None = None) -> str | None:
    """Return why a recipe cannot be run on this machine, or ``None`` if it can."""
    route, model = recipe.route, recipe.model
    if route.obstacle:
        return route.obstacle
    if has_data(route, root) is False:
        return f"no data: 'jumpscore data fetch {route.data}' downloads it"
    if route.task == LMMS and find_spec("lmms_eval") is None and not _is_set(recipe, "task.python"):
        return "lmms-eval is not installed: set task.python to a Python that has it"
    if model.served:
        needed = "set model.base_url to a server of the model"
        return None if _is_set(recipe, "model.base_url") else needed
    if not _has_weights(recipe.checkpoint):
        return f"no weights of {recipe.checkpoint}: set model.{model.key} to their folder"
    return None


def has_data(route: Route, root: Path | None = None) -> bool | None:
    """Whether a data set is on this machine; ``None`` if only lmms-eval can find out.

    A bundled set always is, because it is rendered on first use.
    """
    if route.data in BUNDLED_DATA.values():
        return True
    if route.task == LMMS:
        return None
    row = data_set(route.data)
    return row is not None and row.is_here(data_root(root))


def _is_set(recipe: Recipe, key: str) -> bool:
    return any(word.startswith(f"{key}=") for word in recipe.extra)


def _has_weights(checkpoint: str) -> bool:
    if local_folder(checkpoint) is not None:
        return True
    from huggingface_hub import try_to_load_from_cache
    from huggingface_hub.errors import HFValidationError

    try:
        return isinstance(try_to_load_from_cache(checkpoint, "config.json"), str)
    except HFValidationError:  # a path that does not exist
        return False


def codec_recipe_of(record: RunRecord) -> str | None:
    """Return the recipe that made a run's canvases, from its record; ``None`` for other inputs."""
    identity = record.identity.input
    if identity.kind != "codec":
        return None
    options = identity.model_extra or {}
    if options.get("backend") == "lmms_video_utils":
        return OPEN_RECIPE
    return PREPARED if options.get("folder") else OWN_RECIPE


def _recipe(value: PublishedValue, extra: tuple[str, ...]) -> Recipe:
    model, route = PAPER_MODELS[value.model], route_of(value)
    setting = _setting(value)
    fields: dict[str, Any] = {"kind": "frames"}
    if setting is not None:
        fields = _published_input(setting)
    elif route.video:
        fields = {
            key: number
            for key, number in DEFAULT_INPUT.items()
            if model.sizes or key != "max_pixels"
        }
    return Recipe(
        title=f"{value.table} {value.benchmark}",
        model=model,
        route=route,
        input=fields,
        source="default" if setting is None else "published",
        name=_slug(f"{value.table}-{value.benchmark}-{value.model}"),
        score=None if setting is None else setting.score,
        codec_recipe=PUBLISHED_CODEC_RECIPE if fields["kind"] == "codec" else None,
        extra=extra,
    )


def _setting(value: PublishedValue) -> Setting | None:
    """Return the guide's command for a value: of several, the one with the nearest score."""
    if value.model != GUIDE_MODEL:
        return None
    name = _IN_GUIDE.get(value.benchmark, value.benchmark)
    own = [setting for setting in settings() if setting.benchmark == name]
    return min(own, key=lambda setting: abs(setting.score - value.value), default=None)


def _published_input(setting: Setting) -> dict[str, Any]:
    return {
        "kind": setting.input,
        "count": setting.pictures,
        "min_pixels": setting.min_pixels,
        "max_pixels": setting.max_pixels,
        "decimals": setting.decimals,
    }


def _slug(text: str) -> str:
    """Return a text as part of a folder's name.

    >>> _slug("1a-VideoMME (w/ subtitles)-PLM-8B"), _slug("1c-V*-PLM-8B")
    ('1a-videomme-w-subtitles-plm-8b', '1c-v-plm-8b')
    """
    return re.sub(r"[^a-z0-9.]+", "-", text.lower()).strip("-")


def _check_extra(words: Sequence[str]) -> None:
    for word in words:
        key = word.partition("=")[0]
        if not key.startswith(("model.", "run.", "task.")) or key in _FIXED:
            raise UsageError(
                f"{word!r} would change what is reproduced; allowed are options of the model, the "
                "run and the task other than its data, such as model.checkpoint=/models/ov2. For "
                "another experiment, use 'jumpscore run'"
            )


_IN_GUIDE = {"VideoMME-v2 (w/ subtitles, 64 frames)": "VideoMME-v2 (w/ subtitles)"}
"""Benchmarks that the guide names differently."""
_FIXED = (
    "task.data",
    "task.benchmark",
    "run.name",
    "run.control",
    "run.expose_truth",
    "run.limit",
    "run.ids",
    "run.shard",
    "run.repeats",
)


def distinct(recipes: Sequence[Recipe]) -> list[Recipe]:
    """Return recipes without repeated runs: one run of a tracking benchmark has both metrics."""
    by_name: dict[str, Recipe] = {}
    for recipe in recipes:
        by_name.setdefault(recipe.name, recipe)
    return list(by_name.values())
