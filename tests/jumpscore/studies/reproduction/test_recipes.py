from __future__ import annotations

import shlex

import pytest

from evaluators.spatial.benchmarks import BENCHMARKS as SPATIAL
from evaluators.spatial.references import REFERENCES
from evaluators.traces.task import RULE_METRICS
from evaluators.tracking.task import MASK_METRICS, POINT_METRICS
from jumpscore.data.catalogue import data_set
from jumpscore.errors import UsageError
from jumpscore.harness import run_config
from jumpscore.harness.compose import compose
from jumpscore.harness.factory import check_options
from jumpscore.studies.reproduction.costs import plan_run
from jumpscore.studies.reproduction.published import TABLES, models
from jumpscore.studies.reproduction.recipes import (
    BUNDLED_DATA,
    PAPER_MODELS,
    Recipe,
    bundled,
    cells,
    distinct,
    missing,
)
from tests.jumpscore.studies.reproduction.support import OV2, cell_of, summary_of

ALL = [cell.recipe for table in TABLES for cell in cells(table)]


def parts() -> list[Recipe]:
    """Every route with one model, every model with every form of input.

    The words of a command are those of its model, its route and its input, which do not depend on
    each other; composing all 264 commands would take a minute.
    """
    by_form = {
        (r.model.title, r.route.task, tuple(r.input)): r
        for r in ALL
        if not r.route.obstacle
    }  # fmt: skip
    guide = [r for r in ALL if r.model.title == OV2 and not r.route.obstacle]
    small = [own for r in guide if (own := bundled(r)) is not None]
    return distinct([*by_form.values(), *guide, *small])


@pytest.mark.slow
def test_commands_compose():
    composed = parts()
    assert {r.route.data for r in composed} >= {r.route.data for r in ALL if not r.route.obstacle}
    for recipe in composed:
        words = shlex.split(plan_run(recipe, None).command)
        assert words[:2] == ["jumpscore", "run"]
        config = run_config(compose(words[2:]))
        check_options(config)
        assert config.input.model_dump(include=set(recipe.input)) == recipe.input
        assert config.run.name == recipe.name


def test_models_cover_the_tables():
    assert tuple(PAPER_MODELS) == models()
    assert PAPER_MODELS["Qwen3-VL-8B"].checkpoint == "Qwen/Qwen3-VL-8B-Instruct"
    assert PAPER_MODELS["LLaVA-OneVision-1.5-8B"].checkpoint.startswith(
        "lmms-lab/LLaVA-OneVision-1.5"
    )


def test_routes_name_data_sets_and_metrics():
    spatial = {benchmark.name: benchmark for benchmark in SPATIAL}
    tracking = {metric.name for metric in (*POINT_METRICS, *MASK_METRICS)}
    for recipe in ALL:
        route = recipe.route
        if route.task == "lmms":
            continue
        row = data_set(route.data)
        assert row is not None
        assert row.task == route.task
        if route.task == "tracking":
            assert route.metric in tracking
        if route.task == "traces":
            assert route.metric in {metric.name for metric in RULE_METRICS["tracespatial_3d"]}
        if route.task == "spatial":
            benchmark = spatial[route.data]
            assert "_reference_lmms" in REFERENCES[benchmark.reference].scores
            rules = {form.rule for form in benchmark.by_kind.values()}
            name = "overall" if benchmark.grouped else "accuracy" if len(rules) == 1 else "score"
            assert route.metric == f"{name}_reference_lmms"


def test_recipes_have_distinct_names():
    one_run = distinct(ALL)
    assert len({recipe.words for recipe in one_run}) == len(one_run) == 6 * (18 + 11 + 11 + 4)


@pytest.mark.parametrize(
    ("benchmark", "model", "words"),
    [
        ("JumpScore", OV2, "input=codec input.count=128 input.min_pixels=100352"),
        ("JumpScore", OV2, "input.max_pixels=313600 input.decimals=2"),
        # The guide has commands with frames and with canvases; the table reports frames.
        ("TimeLens-Charades", OV2, "input=frames input.count=128 input.min_pixels=153664"),
        ("VideoMME-v2 (w/ subtitles, 64 frames)", OV2, "input=codec input.count=64"),
        ("JumpScore", "PLM-8B", "input=frames input.count=64 input.decimals=1"),
        ("JumpScore", "Qwen3-VL-8B", "input=frames input.count=64 input.max_pixels=153664"),
    ],
)  # fmt: skip
def test_recipe_input(benchmark, model, words):
    recipe = cell_of(benchmark, model).recipe
    assert words in " ".join(recipe.words)
    assert recipe.source == ("published" if model == OV2 else "default")


def test_cells_refuse_words_that_change_the_recipe():
    for word in ("input.count=3", "task.data=mini", "run.limit=3", "nonsense"):
        with pytest.raises(UsageError, match="would change what is reproduced"):
            cells("1a", extra=[word])
    recipe = cells("1a", [OV2], ["model.checkpoint=/models/ov2"])[0].recipe
    assert recipe.checkpoint == "/models/ov2"
    assert recipe.words[-1] == "model.checkpoint=/models/ov2"


def test_bundled_recipe_needs_no_download():
    recipe = bundled(cell_of("JumpScore").recipe)
    assert missing(recipe) is None
    assert "task.data=mini" in recipe.words
    assert "model.checkpoint=jumpscore-tiny" in recipe.words
    assert bundled(cell_of("MV-Bench").recipe) is None
    assert all(data_set(name) is not None for name in BUNDLED_DATA.values())


@pytest.mark.parametrize(
    ("benchmark", "model", "extra", "reason"),
    [
        ("JumpScore", OV2, [], "jumpscore data fetch published"),
        ("MV-Bench", OV2, [], "a group of 20 tasks"),
        ("JumpScore", "LLaVA-OneVision-1.5-8B", [], "model.base_url"),
        ("JumpScore", "PLM-8B", [], "no weights of facebook/Perception-LM-8B"),
        ("JumpScore", OV2, ["model.checkpoint=/nowhere/x/y"], "no weights of /nowhere/x/y"),
        ("JumpScore", OV2, ["model.checkpoint=jumpscore-tiny"], None),
    ],
)
def test_missing_reason(tmp_path, benchmark, model, extra, reason):
    recipe = next(
        c.recipe for c in cells("1a", [model], extra) if c.published.benchmark == benchmark
    )
    root = tmp_path if reason and "fetch" in reason else tmp_path / "data"
    (tmp_path / "data" / "published").mkdir(parents=True)
    stated = missing(recipe, root)
    assert stated == reason if reason is None else reason in stated


def test_plan_run_costs():
    planned = plan_run(cell_of("JumpScore").recipe, 1000.0)
    # 728x392 pixels are 26 x 14 tokens: 240 videos of 128 canvases.
    assert planned.tokens == 240 * 128 * 26 * 14
    assert planned.gpu_hours == pytest.approx(planned.tokens / 1000 / 3600)
    assert planned.disk == 20 * 10**9
    # Two frames of 512x288 pixels share 16 x 9 tokens.
    assert plan_run(cell_of("JumpScore", "Qwen3-VL-8B").recipe, None).tokens == 240 * 32 * 16 * 9
    unknown = plan_run(cell_of("ReVSI").recipe, 1000.0)
    assert (unknown.tokens, unknown.gpu_hours, unknown.disk) == (None, None, 0)


def test_codec_recipe_from_record():
    from jumpscore.studies.reproduction.recipes import codec_recipe_of

    recipe = cell_of("JumpScore").recipe
    assert codec_recipe_of(summary_of(recipe, None).record) == "own"
    prepared = summary_of(recipe, None, input={"kind": "codec", "folder": "/canvases"})
    assert codec_recipe_of(prepared.record) == "prepared elsewhere"
    theirs = summary_of(recipe, None, input={"kind": "codec", "backend": "lmms_video_utils"})
    assert codec_recipe_of(theirs.record) == "open"
    frames = summary_of(recipe, None, input={"kind": "frames"})
    assert codec_recipe_of(frames.record) is None
