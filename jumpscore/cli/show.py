"""``jumpscore show``: what the model was sent for one sample, and what came back, to the letter."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from evaluators.base import Task
from jumpscore.cli.console import output
from jumpscore.errors import JumpScoreError, UsageError, nearest_names
from jumpscore.harness import run_config, task_of
from jumpscore.harness.factory import make_model
from jumpscore.harness.input import InputPlan
from jumpscore.harness.windows import window_questions
from jumpscore.records import Question, Response, SampleScore
from jumpscore.report.timeline import Events, events_of
from jumpscore.runs import StoredRun, read_run
from jumpscore.video import VisualInput
from model_wrappers.base import ModelWrapper

LONGEST_TEXT = 4000
"""Characters of a text that are printed, first and last; answers are whole in responses.jsonl."""
SHEET_COLUMNS = 8


def show_sample(
    folder: Annotated[Path, typer.Argument(metavar="RUN", help="Folder of a run.")],
    sample_id: Annotated[
        str, typer.Argument(metavar="ID", help="Id of a sample, or its beginning.")
    ],
) -> None:
    """Print one sample of a run; pictures that were sent go into a contact sheet beside the run."""
    run = read_run(folder)
    scores = {score.id: score for score in run.scores}
    sample_id = _matching(sample_id, scores, folder)
    console = output()
    task = task_of(run.record)
    if task.data().checksum == run.record.identity.data.checksum:
        try:
            _show_question(console, run, task, sample_id)
        except JumpScoreError as error:  # such as a missing file
            _field(console, "sent", f"unknown: {error}")
    else:
        _field(console, "sent", f"unknown: {task.data().source} has changed since the run")
    response = run.responses.get(sample_id)
    if response is not None:
        _show_response(console, response)
    _show_score(console, scores[sample_id])


def _matching(prefix: str, ids: Collection[str], folder: Path) -> str:
    """Return the id itself, or the only id that begins with it."""
    matches = [name for name in ids if name.startswith(prefix)]
    if prefix in ids or len(matches) == 1:
        return prefix if prefix in ids else matches[0]
    if matches:
        raise UsageError(
            f"{prefix!r} is the beginning of {len(matches)} ids, such as "
            f"{', '.join(matches[:3])}; write more of it"
        )
    near = nearest_names(prefix, ids) or f"; its ids look like {next(iter(ids), 'none')!r}."
    raise UsageError(f"{folder}: has no sample {prefix!r}{near}")


def _show_question(console: Console, run: StoredRun, task: Task[Any], name: str) -> None:
    samples = task.load()
    asked = next(sample.question for sample in samples if sample.question.id == name)
    question = task.complete(asked)
    console.rule(f"sent to {run.result.model}")
    for media in question.media:
        _field(console, media.kind, str(media.path))
    for turn in question.history:
        _field(console, turn.role, turn.text)
    _field(console, "user", question.prompt)
    kind = run.record.identity.input.kind
    config = run_config(run.record.config.model_dump())
    wrapper = _wrapper(console, run)
    try:
        plan = InputPlan(kind, config.input, wrapper=wrapper).in_run(config.run, samples)
        windows = window_questions(plan, question)
        question = windows[0]
        visual = plan.prepare(question)
    except JumpScoreError as error:
        _field(console, "input", str(error))
        return
    if wrapper is not None:
        _show_prompt(console, wrapper, question, visual)
    if visual is None:
        inputs = {"video": "the video file itself", "none": "nothing of the video"}
        what = inputs.get(kind, "the images themselves")
        _field(console, "input", what)
        return
    what = "frames" if visual.kind == "frames" else "canvases"
    if visual.span is not None:
        start, end = visual.span
        place = f"1 of {len(windows)}, {start:.2f} to {end:.2f} s; the others are asked alike"
        _field(console, "window", place)
    size = f"{len(visual.blocks)} {what} of {visual.width}x{visual.height}"
    tokens = f"{visual.visual_tokens} visual and {visual.text_tokens} stamp tokens planned"
    _field(console, "input", f"{size} from {len(visual.frame_indices)} source frames, {tokens}")
    for note in visual.notes:
        _field(console, "note", note)
    _field(console, "stamps", " ".join(visual.stamp_texts))
    name = "".join(c if c.isalnum() or c in "-_" else "_" for c in name)[:80]
    sheet = run.folder / "show" / f"{name}.png"
    contact_sheet(visual, sheet)
    _field(console, "pixels", f"contact sheet in {sheet}")


def _wrapper(console: Console, run: StoredRun) -> ModelWrapper | None:
    """Return the run's model, not opened; print the reason if it is not available."""
    model = run.record.config.model
    try:
        return make_model(model.name, model.options)
    except JumpScoreError as error:
        _field(console, "prompt", f"unknown: {error}")
        return None


def _show_prompt(
    console: Console, wrapper: ModelWrapper, question: Question, visual: VisualInput | None
) -> None:
    """Print the text that was sent to the model, if its wrapper reports it."""
    if type(wrapper).prompt_text is ModelWrapper.prompt_text:
        return
    try:
        text = wrapper.prompt_text(wrapper.prepare(question, visual))
    except JumpScoreError as error:  # such as a missing checkpoint
        text = f"unknown: {error}"
    if text is not None:
        _field(console, "prompt", _shortened(text))


def _shortened(text: str) -> str:
    left = len(text) - LONGEST_TEXT
    if left <= 0:
        return text
    half = LONGEST_TEXT // 2
    return f"{text[:half]} ... ({left} characters left out) ... {text[-half:]}"


def contact_sheet(visual: VisualInput, path: Path) -> None:
    """Write the frames that a model was sent as one picture, left to right, top to bottom."""
    import cv2
    import numpy as np

    frames = visual.pixels
    columns = min(SHEET_COLUMNS, len(frames))
    rows = -(-len(frames) // columns)
    sheet = np.zeros((rows * visual.height, columns * visual.width, 3), dtype=np.uint8)
    for place, frame in enumerate(frames):
        top, left = place // columns * visual.height, place % columns * visual.width
        sheet[top : top + visual.height, left : left + visual.width] = frame
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), sheet[..., ::-1])


def _show_response(console: Console, response: Response) -> None:
    console.rule("came back")
    for window in response.windows:
        text = window.text if window.error is None else f"error: {window.error}"
        _field(console, f"window {window.start:.2f}-{window.end:.2f} s", _shortened(text))
    if response.error:
        _field(console, "error", response.error)
        return
    _field(console, "text", _shortened(response.text))
    _field(console, "finish reason", response.finish_reason)
    usage = response.usage
    if usage.visual is not None:
        _field(console, "visual tokens", f"{usage.visual} ({usage.visual_source})")
    if response.cached:
        _field(console, "from", "the cache of responses, given in an earlier run")
    if response.seconds is not None:
        _field(console, "seconds", f"{response.seconds:.3f}")


def _show_score(console: Console, score: SampleScore) -> None:
    console.rule("score")
    _field(console, "status", score.status)
    if score.message:
        _field(console, "message", score.message)
    for note, count in score.notes.items():
        _field(console, "note", f"{count} {note}")
    if score.parse is not None:
        _field(console, "parser", score.parse.parser)
        if score.parse.rejected:
            _field(console, "rejected", ", ".join(score.parse.rejected))
        if score.parse.reasoning != "none":
            _field(console, "reasoning", score.parse.reasoning)
    elif score.details.get("rejected"):
        _field(console, "rejected", str(score.details["rejected"]))
    values = (f"{k} {v:.3f}" for k, v in score.values.items() if v is not None)
    _field(console, "values", ", ".join(values))
    events = events_of(score.view)
    if events is not None:
        console.print(_events_table(events))


def _events_table(events: Events) -> Table:
    """Return true and answered times side by side, in order of time."""
    truth, answers = events.truth or (), events.answers
    rows: list[tuple[float, str, str, str]] = []
    for i, j in events.pairs:
        error = answers[j] - truth[i]
        rows.append((truth[i], f"{truth[i]:.2f}", f"{answers[j]:.2f}", f"{error:+.2f}"))
    rows += [(truth[i], f"{truth[i]:.2f}", "", "missed") for i in events.missed]
    rows += [(answers[j], "", f"{answers[j]:.2f}", "extra") for j in events.extra]
    table = Table("true (s)", "answered (s)", "error (s)")
    for _, *cells in sorted(rows):
        table.add_row(*cells)
    return table


def _field(console: Console, name: str, value: str) -> None:
    """Print a field; its value comes from outside and is never read as markup."""
    text = "".join(
        c if c.isprintable() or c == "\n" else "\N{REPLACEMENT CHARACTER}" for c in value
    )
    console.print(Text(f"{name}: ", style="bold") + Text(text), soft_wrap=True)
