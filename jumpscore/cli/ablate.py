"""``jumpscore ablate``: frames and codec canvases under the same token budgets."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer

from jumpscore.cli.console import notes, output, print_json, progress
from jumpscore.cli.options import DataRoot, Json, Overrides
from jumpscore.cli.run import warn_of_missing_files, with_data
from jumpscore.errors import InterruptedRun, UsageError
from jumpscore.harness import RunConfig, RunInterrupted, open_session
from jumpscore.harness.compose import compose
from jumpscore.harness.factory import options_of, task_of_config
from jumpscore.harness.session import Callbacks
from jumpscore.records import Progress
from jumpscore.studies.ablation import ABLATION, Ablation, ablate
from jumpscore.studies.ablation_plan import AblationPlan, refuse_what_is_set_here
from jumpscore.studies.ablation_trainings import Opened, ablate_trainings, training_names


@dataclass(frozen=True, slots=True)
class Arms:
    """What is compared."""

    tokens: Annotated[str, typer.Option(help="Budgets, such as 4096,8192,16384.")]
    matching: Annotated[
        str, typer.Option(help="What budgets count: visual, total, as_published, or several.")
    ] = "visual"
    controls: Annotated[
        bool, typer.Option(help="Run canvases with another clip's pixels too (first matching).")
    ] = True
    reference: Annotated[
        list[str] | None,
        typer.Option(help="Add frames: input.fps=12.5 or input.count=64; repeatable."),
    ] = None
    backends: Annotated[
        str, typer.Option(help="Makers of canvases, such as pyav,bitcost; each is an arm.")
    ] = "pyav"
    checkpoints: Annotated[
        str | None,
        typer.Option(help="Several trainings of one recipe: a,b,c instead of model.checkpoint."),
    ] = None


def ablate_budgets(
    arms: Arms,
    overrides: Overrides = None,
    out: Annotated[
        Path, typer.Option(help="Output folder. Rerun with the same folder to resume.")
    ] = Path("ablation"),
    metric: Annotated[
        str | None, typer.Option(help="Metric to print; default: the task's first headline metric.")
    ] = None,
    data_root: DataRoot = None,
    as_json: Json = False,
) -> bool:
    """Run an ablation, print it and write its page; return whether samples failed."""
    plan = AblationPlan(
        tokens=_numbers(arms.tokens),
        matchings=[name.strip() for name in arms.matching.split(",") if name.strip()],
        metric=metric,
        controls=arms.controls,
        backends=[name.strip() for name in arms.backends.split(",") if name.strip()],
        references=[_reference(word) for word in arms.reference or []],
    )
    values = compose(overrides or [])
    # Before the data set is located, which may have to be rendered first.
    refuse_what_is_set_here(values)
    checkpoints = _checkpoints(arms.checkpoints, values["model"])
    config = with_data(RunConfig(model=values["model"], task=values["task"]), data_root)
    with closing(task_of_config(config)) as task:
        warn_of_missing_files(task)

        def opened(options: Mapping[str, Any], on_progress: Progress) -> Opened:
            return partial(
                open_session,
                config.model["name"],
                task,
                model_options={**options_of(config.model), **options},
                input=values["input"],
                run=values["run"],
                callbacks=Callbacks(on_progress),
            )

        try:
            with progress("ablation", "answers") as advance:
                if checkpoints:
                    parts = _parts(advance, len(checkpoints))
                    sessions = {
                        name: opened({"checkpoint": checkpoint}, part)
                        for (name, checkpoint), part in zip(checkpoints.items(), parts, strict=True)
                    }
                    ablation = ablate_trainings(sessions, plan, out)
                else:
                    with opened({}, advance)() as session:
                        ablation = ablate(session, plan, out)
        except RunInterrupted as stopped:
            raise InterruptedRun(f"{stopped}; rerun the same command to resume") from None
    present_ablation(ablation, out, as_json=as_json)
    return ablation.unscored > 0


def present_ablation(ablation: Ablation, folder: Path, *, as_json: bool = False) -> None:
    """Write an ablation's page and print it."""
    from jumpscore.report.ablation import ablation_table, write_ablation_page

    page = write_ablation_page(ablation, folder)
    if as_json:
        print_json(ablation.to_json())
    else:
        output().print(ablation_table(ablation))
    notes().print(f"ablation: {folder / ABLATION}\npage: {page}", style="dim", soft_wrap=True)


def _numbers(tokens: str) -> list[int]:
    """Parse the budgets of ``--tokens``.

    >>> _numbers("72, 144")
    [72, 144]

    Raises:
        UsageError: A budget is not a whole number.
    """
    parts = [part.strip() for part in tokens.split(",") if part.strip()]
    for part in parts:
        if not part.removeprefix("-").isdecimal():
            raise UsageError(
                f"--tokens {tokens}: {part!r} is not a number of tokens; write --tokens 72,144"
            )
    return [int(part) for part in parts]


def _checkpoints(listed: str | None, model: Mapping[str, Any]) -> dict[str, str]:
    """Return name -> checkpoint of each training; empty for the model as configured.

    >>> _checkpoints("runs/seed0, runs/seed1", {"name": "llava_ov2"})
    {'seed0': 'runs/seed0', 'seed1': 'runs/seed1'}

    Raises:
        UsageError: One is listed twice, there is only one, or ``model.checkpoint`` is set too.
    """
    if listed is None:
        return {}
    checkpoints = [part.strip() for part in listed.split(",") if part.strip()]
    if len(checkpoints) < 2:
        raise UsageError(
            f"--checkpoints {listed}: an interval over trainings needs at least two; for one, set "
            "model.checkpoint=..."
        )
    if "checkpoint" in model:
        raise UsageError(
            f"model.checkpoint={model['checkpoint']} cannot be combined with --checkpoints; add it "
            "to the list"
        )
    return dict(zip(training_names(checkpoints), checkpoints, strict=True))


def _parts(advance: Progress, count: int) -> list[Progress]:
    """Return the progress of each training as a part of the whole; all ask equally much."""

    def part(place: int) -> Progress:
        return lambda done, total: advance(place * total + done, count * total)

    return [part(place) for place in range(count)]


def _reference(word: str) -> dict[str, Any]:
    """Parse one ``--reference``.

    >>> _reference("input.fps=12.5")
    {'fps': '12.5'}

    Raises:
        UsageError: It is not ``input.key=value``.
    """
    key, equals, value = word.partition("=")
    if not equals or not value or not key.startswith("input."):
        raise UsageError(
            f"--reference {word}: write --reference input.fps=12.5 or --reference input.count=64"
        )
    return {key.removeprefix("input."): value}
