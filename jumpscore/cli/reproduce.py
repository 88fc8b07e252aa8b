"""``jumpscore reproduce``: the paper's tables and claims, recipe by recipe."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from jumpscore.cli.console import notes, output, print_json, print_note
from jumpscore.cli.options import DataRoot, Json
from jumpscore.cli.reproduce_fig5 import present_fig5
from jumpscore.cli.run import start, with_data, write_page
from jumpscore.errors import InterruptedRun, JumpScoreError, UsageError, nearest_names
from jumpscore.harness import RepeatedRun, run_config
from jumpscore.harness.compose import compose
from jumpscore.harness.factory import task_of_config
from jumpscore.studies.reproduction.costs import PlannedRun, measured_rate, plan_run
from jumpscore.studies.reproduction.headlines import check_claims
from jumpscore.studies.reproduction.matching import RunSummary, read_runs
from jumpscore.studies.reproduction.published import TABLES, Table, check_model
from jumpscore.studies.reproduction.recipes import Recipe, bundled, cells, distinct, missing
from jumpscore.studies.reproduction.table import Reproduction, reproduce

CLAIMS = "claims"
FIG5 = "fig5"
WHAT = (*TABLES, CLAIMS, FIG5)
DEFAULT_RUNS = Path("runs")


@dataclass(frozen=True, slots=True)
class Action:
    """What to do with the recipes, and on which data."""

    plan: Annotated[
        bool, typer.Option("--plan", help="Print one command per run, and what it costs.")
    ] = False
    run: Annotated[
        bool, typer.Option("--run", help="Run what this machine can run. Rerun to resume.")
    ] = False
    bundled: Annotated[
        bool,
        typer.Option(
            "--bundled", help="Try --plan or --run on bundled data, which needs no download."
        ),
    ] = False
    tokens_per_second: Annotated[
        float | None,
        typer.Option(min=0.001, help="Rate for GPU hours; default: that of a finished run."),
    ] = None


@dataclass(frozen=True, slots=True)
class Places:
    """Where runs and data are, and where the page goes."""

    runs: Annotated[Path, typer.Option(help="Folder of the runs.")] = DEFAULT_RUNS
    out: Annotated[
        Path | None, typer.Option(help="Write the result as an .html page that links to the runs.")
    ] = None
    data_root: DataRoot = None


def reproduce_paper(
    what: Annotated[str, typer.Argument(metavar="TABLE", help="1a, 1b, 1c, 1d, claims or fig5.")],
    overrides: Annotated[
        list[str] | None,
        typer.Argument(help="Words for every command, such as model.checkpoint=/models/ov2"),
    ] = None,
    model: Annotated[
        list[str] | None, typer.Option(help="Only this model of the paper; repeatable.")
    ] = None,
    action: Action = Action(),
    places: Places = Places(),
    as_json: Json = False,
) -> bool:
    """Compare published and measured numbers, or plan or run what is missing."""
    if what not in WHAT:
        raise UsageError(
            f"{what!r} is not a table of the paper{nearest_names(what, WHAT) or '.'} "
            f"Known: {', '.join(WHAT)}."
        )
    if places.out is not None and places.out.suffix.lower() != ".html":
        raise UsageError(f"--out {places.out}: the page is HTML; write --out {what}.html")
    if action.bundled and not (action.plan or action.run):
        raise UsageError("--bundled needs --plan or --run; tables list runs on bundled data anyway")
    if what not in TABLES and (overrides or model or action != Action()):
        raise UsageError(f"{what} plans and runs nothing; give only --runs, --out and --json")
    if what == FIG5:
        # Ablations are next to the folder of runs by default.
        present_fig5(
            Path() if places.runs == DEFAULT_RUNS else places.runs, places.out, as_json=as_json
        )
        return False
    chosen = [check_model(name) for name in model or []]
    extra = list(overrides or [])
    if places.runs != DEFAULT_RUNS:
        extra.append(f"run.folder={places.runs}")
    if what == CLAIMS:
        _print_claims(places, as_json=as_json)
        return False
    table: Table = next(name for name in TABLES if name == what)
    selected = cells(table, chosen, extra)
    runs = read_runs(places.runs)
    recipes = _recipes([cell.recipe for cell in selected], on_bundled=action.bundled)
    if action.plan:
        _print_plan(recipes, runs, action.tokens_per_second, as_json=as_json)
        return False
    failed = False
    if action.run:
        failed = _carry_out(recipes, places.data_root)
        runs = read_runs(places.runs)
    _present(reproduce(table, selected, runs, places.data_root), places.out, as_json=as_json)
    return failed


def _recipes(recipes: Sequence[Recipe], *, on_bundled: bool) -> list[Recipe]:
    """Return the runs of a table, each once."""
    if not on_bundled:
        return distinct(recipes)
    return distinct([own for recipe in recipes if (own := bundled(recipe)) is not None])


def _present(reproduction: Reproduction, out: Path | None, *, as_json: bool) -> None:
    from jumpscore.report.reproduction import reproduction_table, write_reproduction_page

    if out is not None:
        notes().print(f"page: {write_reproduction_page(reproduction, out)}", style="dim")
    if as_json:
        print_json([row.to_json() for row in reproduction.rows])
        return
    output().print(reproduction_table(reproduction))


def _print_claims(places: Places, *, as_json: bool) -> None:
    from jumpscore.report.reproduction import claims_table, write_claims_page

    runs = read_runs(places.runs)
    rows = [row for name in TABLES for row in reproduce(name, cells(name), runs).rows]
    claims = check_claims(rows)
    if places.out is not None:
        notes().print(f"page: {write_claims_page(claims, places.out)}", style="dim")
    if as_json:
        print_json([claim.to_json() for claim in claims])
        return
    output().print(claims_table(claims))


def _print_plan(
    recipes: Sequence[Recipe], runs: Sequence[RunSummary], rate: float | None, *, as_json: bool
) -> None:
    """Print one command per run; lines that begin with # describe the next one."""
    planned = [plan_run(recipe, rate or measured_rate(recipe, runs)) for recipe in recipes]
    if as_json:
        print_json([run.to_json() for run in planned])
        return
    for run in planned:
        print(f"# {_costs(run)}")
        if run.recipe.route.obstacle:
            print(f"# not runnable: {run.recipe.route.obstacle}")
        else:
            print(run.command)


def _costs(run: PlannedRun) -> str:
    """Return what a run needs, in one line."""
    recipe = run.recipe
    tokens = "unknown" if run.tokens is None else f"about {run.tokens:,}"
    hours = "unknown" if run.gpu_hours is None else f"about {run.gpu_hours:.3g}"
    disk = "unknown" if run.disk is None else f"at most {run.disk / 1e9:.3g} GB" * bool(run.disk)
    parts = [
        f"{recipe.title}, {recipe.model.title}, {recipe.source} settings",
        f"visual tokens: {tokens}",
        f"GPU hours: {hours}",
        f"cache on disk: {disk or 'none'}",
        f"needs {recipe.model.need}" if recipe.model.need else "",
        recipe.route.note,
    ]
    return "; ".join(filter(None, parts))


def _carry_out(recipes: Sequence[Recipe], root: Path | None) -> bool:
    """Run every recipe that can be run here; return whether one failed.

    Raises:
        InterruptedRun: The user stopped a run.
    """
    failed = False
    for recipe in recipes:
        reason = missing(recipe, root)
        if reason is not None:
            print_note(f"skipped {recipe.name}: {reason}", warning=False)
            continue
        try:
            failed |= _run(recipe, root)
        except InterruptedRun:
            raise
        except (JumpScoreError, OSError) as error:
            print_note(f"failed {recipe.name}: {error}")
            failed = True
    return failed


def _run(recipe: Recipe, root: Path | None) -> bool:
    """Carry out one recipe and write its page; return whether samples failed."""
    config = with_data(run_config(compose(recipe.words)), root)
    with closing(task_of_config(config)) as task:
        run = start(config, task, label=recipe.name)
    assert not isinstance(run, RepeatedRun)  # a recipe sets no repeats
    write_page(run)
    return run.result.unscored > 0
