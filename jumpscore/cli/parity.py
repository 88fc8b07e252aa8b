"""``jumpscore parity``: compare two ways to run one model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Annotated

import typer
from rich.table import Table
from rich.text import Text

from jumpscore.cli.console import output, print_json, progress
from jumpscore.cli.options import Json
from jumpscore.cli.run import with_data
from jumpscore.errors import UsageError, unknown_name
from jumpscore.harness import RunConfig, run_config
from jumpscore.harness.compose import compose
from jumpscore.harness.factory import model_of_config, task_of_config
from jumpscore.harness.input import InputPlan
from jumpscore.harness.windows import window_questions
from jumpscore.report.text import plural
from jumpscore.studies.parity import Parity, compare_models
from model_wrappers import MODELS
from model_wrappers.base import ModelWrapper

LONGEST_TEXT = 60


def print_parity(
    model_a: Annotated[str, typer.Argument(help="A model, such as llava_ov2.")],
    model_b: Annotated[str, typer.Argument(help="Another way to run it, such as vllm.")],
    overrides: Annotated[
        list[str] | None,
        typer.Argument(help="key=value; a.key=value and b.key=value for one model's options"),
    ] = None,
    limit: Annotated[int, typer.Option(min=1, help="Number of samples.")] = 8,
    as_json: Json = False,
) -> bool:
    """Compare two models and print it; return whether something differs."""
    words = overrides or []
    _check_known((model_a, model_b), words)
    configs = [_config(name, side, words) for name, side in ((model_a, "a"), (model_b, "b"))]
    first = configs[0]
    task = task_of_config(with_data(first, None))
    everything = task.load()
    samples = [sample for sample in everything if sample.problem is None][:limit]
    models = [_made(config) for config in configs]
    try:
        questions = [task.complete(sample.question) for sample in samples]
        plan, other = (
            InputPlan.resolve(model, first.input).in_run(first.run, everything) for model in models
        )
        if (plan.kind, plan.config) != (other.kind, other.config):
            raise UsageError(
                f"{model_a} and {model_b} prefer different inputs; set input=frames, "
                "input.count=..."
            )
        for model in models:
            model.open()
        with progress("parity") as advance:
            asked = [window for one in questions for window in window_questions(plan, one)]
            entries = compare_models(models, asked, plan, on_progress=advance)
    finally:
        for model in models:
            model.close()
        task.close()
    if as_json:
        print_json([{**asdict(entry), "equal": entry.equal} for entry in entries])
    else:
        output().print(_table(model_a, model_b, entries))
        same = sum(entry.equal for entry in entries)
        output().print(
            f"{same} of {plural(len(entries), 'sample')} agree in everything that both report"
        )
    return not all(entry.equal for entry in entries)


def _check_known(names: Sequence[str], words: Sequence[str]) -> None:
    """Check that every option belongs to one of the models; each gets those that it has."""
    fields = [set(MODELS.get(name).Options.model_fields) for name in names]
    known = sorted(set().union(*fields))
    for word in words:
        head, _, rest = word.partition("=")[0].partition(".")
        if head == "model" and rest.partition(".")[0] not in known:
            raise UsageError(unknown_name("key", f"model.{rest}", known))


def _config(name: str, side: str, words: Sequence[str]) -> RunConfig:
    """Return the configuration of one model: what both share and ``a.`` or ``b.`` words."""
    known = MODELS.get(name).Options.model_fields
    own = []
    for word in words:
        key = word.partition("=")[0]
        if key.startswith(("a.", "b.")):
            if key.startswith(f"{side}."):
                own.append(f"model.{word[2:]}")
        elif not key.startswith("model.") or key.split(".")[1] in known:
            # An option that only the other model has is left out.
            own.append(word)
    return run_config(compose([f"model={name}", *own]))


def _made(config: RunConfig) -> ModelWrapper:
    wrapper = model_of_config(config)
    if wrapper.needs_truth:
        raise UsageError(f"model {wrapper.name!r} answers from the truth and runs no model")
    return wrapper


def _table(model_a: str, model_b: str, entries: Sequence[Parity]) -> Table:
    table = Table(title=f"{model_a} and {model_b}", title_justify="left")
    for column in ("sample", "prompt tokens", "visual", "stamps", "first token", "answer"):
        table.add_column(column)
    for entry in entries:
        if entry.error is not None:
            table.add_row(entry.id, Text(entry.error, "red"))
            continue
        gap = entry.first_logprob_gap
        table.add_row(
            Text(entry.id),
            _pair(entry.prompt_tokens, entry.prompt_parts_at, exact=entry.prompt_ids),
            _pair(entry.visual_tokens, None, exact=False),
            _stamps(entry.stamps),
            "unknown" if gap is None else f"within {gap:.1e}",
            _answers(entry),
        )
    return table


def _pair(counts: tuple[int | None, int | None], parts_at: int | None, *, exact: bool) -> Text:
    if None in counts:
        return Text("unknown")
    if parts_at is not None:
        return Text(f"{counts[0]}, {counts[1]}: part at {parts_at}", "red")
    if counts[0] != counts[1]:
        return Text(f"{counts[0]}, {counts[1]}", "red")
    return Text(f"{counts[0]}{', the same ids' if exact else ''}")


def _stamps(same: bool | None) -> Text:
    return Text(
        "unknown" if same is None else "same" if same else "other", "red" if same is False else ""
    )


def _answers(entry: Parity) -> Text:
    if entry.same_text:
        return Text("same")
    at = entry.text_parts_at
    one, other = (repr(text[at : at + LONGEST_TEXT]) for text in entry.texts)
    return Text(f"part after {at} characters: {one}, {other}", "red")
