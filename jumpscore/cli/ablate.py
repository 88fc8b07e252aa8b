"""``jumpscore ablate``: frames and codec canvases under the same token budgets."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from jumpscore.cli.console import notes, output, print_json, progress
from jumpscore.cli.datasets import located
from jumpscore.cli.run import task_of_config, tell_missing
from jumpscore.errors import InterruptedRun, UsageError
from jumpscore.harness import RunConfig, RunInterrupted, open_session
from jumpscore.harness.compose import compose
from jumpscore.harness.factory import check_options
from jumpscore.harness.session import Callbacks
from jumpscore.studies.ablation import ABLATION, Ablation, ablate, read_ablation
from jumpscore.studies.ablation_plan import AblationPlan, refuse_what_is_set_here


def run_ablation(
    words: Sequence[str],
    *,
    tokens: str,
    matching: str,
    out: Path,
    metric: str | None,
    controls: bool,
    references: Sequence[str],
    data_root: Path | None,
    as_json: bool,
) -> bool:
    """Run an ablation, print it and write its page; return whether samples failed."""
    plan = AblationPlan(
        tokens=_numbers(tokens),
        matchings=[name.strip() for name in matching.split(",") if name.strip()],
        metric=metric,
        controls=controls,
        references=[_reference(word) for word in references],
    )
    values = compose(words)
    # Before the data set is looked for, which may have to be rendered first.
    refuse_what_is_set_here(values)
    config = RunConfig(model=values["model"], task=values["task"])
    check_options(config)
    config = config.model_copy(update={"task": located(config.task, data_root)})
    options = dict(config.model)
    with closing(task_of_config(config)) as task:
        tell_missing(task)
        try:
            with (
                progress("ablation", "answers") as advance,
                open_session(
                    options.pop("name"),
                    task,
                    model_options=options,
                    input=values["input"],
                    run=values["run"],
                    callbacks=Callbacks(advance),
                ) as session,
            ):
                found = ablate(session, plan, out)
        except RunInterrupted as stopped:
            raise InterruptedRun(f"{stopped}; rerun the same command to resume") from None
    present_ablation(found, out, as_json=as_json)
    return found.unscored > 0


def present_ablation(ablation: Ablation, folder: Path, *, as_json: bool = False) -> None:
    """Write an ablation's page and print it."""
    from jumpscore.report.ablation import ablation_table, write_ablation_page

    page = write_ablation_page(ablation, folder)
    if as_json:
        print_json(ablation.to_json())
    else:
        output().print(ablation_table(ablation))
    notes().print(f"ablation: {folder / ABLATION}\npage: {page}", style="dim", soft_wrap=True)


def redraw_ablation(folder: Path, out: Path | None) -> None:
    """Write the page of a finished ablation anew, from what is stored.

    Raises:
        UsageError: Another place was given: page and drawing have their names in the folder.
    """
    if out is not None:
        raise UsageError(f"{folder} holds an ablation, whose page lies in it; leave out --out")
    present_ablation(read_ablation(folder), folder)


def holds_ablation(folder: Path) -> bool:
    """Whether a folder is no run but holds a finished ablation."""
    return (folder / ABLATION).is_file()


def _numbers(tokens: str) -> list[int]:
    """Return budgets from what was typed.

    >>> _numbers("72, 144")
    [72, 144]

    Raises:
        UsageError: Something between the commas is no whole number.
    """
    parts = [part.strip() for part in tokens.split(",") if part.strip()]
    for part in parts:
        if not part.isdecimal():
            raise UsageError(
                f"--tokens {tokens}: {part!r} is no number of tokens; write --tokens 72,144"
            )
    return [int(part) for part in parts]


def _reference(word: str) -> dict[str, Any]:
    """Return a reference from what was typed.

    >>> _reference("input.fps=12.5")
    {'fps': '12.5'}

    Raises:
        UsageError: It is no ``input.key=value``.
    """
    key, equals, value = word.partition("=")
    if not equals or not value or not key.startswith("input."):
        raise UsageError(
            f"--reference {word}: write --reference input.fps=12.5 or --reference input.count=64"
        )
    return {key.removeprefix("input."): value}
