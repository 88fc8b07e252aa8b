"""The commands and their options; what they do lives in the modules beside this one.

Only light imports here: ``jumpscore --help`` must answer at once.
"""

from __future__ import annotations

import io
import signal
import sys
from pathlib import Path
from typing import Annotated

import typer

from jumpscore.cli.data_app import data_app
from jumpscore.cli.messages import show_log, stop
from jumpscore.cli.options import (
    EXIT_FAILED_SAMPLES,
    EXIT_INTERRUPTED,
    EXIT_WRONG_USE,
    DataRoot,
    Json,
    Overrides,
    Workers,
)
from jumpscore.cli.video_app import video_app
from jumpscore.errors import InterruptedRun, JumpScoreError, NoAnswerError
from jumpscore.jsonio import disk_problem

app = typer.Typer(
    name="jumpscore",
    help="Score video models on JumpScore: when does every jump start?",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)
app.add_typer(data_app, name="data")
app.add_typer(video_app, name="video")
models_app = typer.Typer()
app.add_typer(models_app, name="models")


@app.command()
def demo(
    out: Annotated[Path, typer.Option(help="Folder for data, runs and reports.")] = Path(
        "jumpscore-demo"
    ),
    every_task: Annotated[
        bool, typer.Option("--all", help="Then every other task, on a rendered set of its own.")
    ] = False,
    workers: Workers = None,
) -> None:
    """Render 72 clips, run four models over them, compare two, write reports."""
    from jumpscore.cli.demo import run_demo

    if run_demo(out, every_task=every_task, workers=workers):
        raise typer.Exit(EXIT_FAILED_SAMPLES)


@app.command()
def doctor(json: Json = False) -> None:
    """Say what is installed here and what works."""
    from jumpscore.cli.doctor import examine

    examine(as_json=json)


@app.command()
def predict(
    video: Annotated[Path, typer.Argument(help="Any video file.")],
    overrides: Overrides = None,
    json: Json = False,
    html: Annotated[Path | None, typer.Option(help="Write a page with pictures here.")] = None,
) -> None:
    """Print the start time of every jump in a video ([bold]model=motion[/] by default)."""
    from jumpscore.cli.predict import predict_video

    predict_video(video, overrides or [], as_json=json, html=html)


@app.command()
def run(
    overrides: Overrides = None,
    limit: Annotated[int | None, typer.Option(min=1, help="Only the first N samples.")] = None,
    ids: Annotated[list[str] | None, typer.Option(help="Only this id; may be repeated.")] = None,
    shard: Annotated[str | None, typer.Option(help="i/n: every n-th sample from the i-th.")] = None,
    data_root: DataRoot = None,
    dry_run: Annotated[bool, typer.Option(help="Show what would be asked, ask nothing.")] = False,
    report: Annotated[bool, typer.Option(help="Write report.html.")] = True,
    json: Json = False,
) -> None:
    """Run a model over a task: [bold]model=.. task=.. input=..[/]; again to resume."""
    from jumpscore.cli.run import run_task

    given = {"limit": limit, "ids": ids or None, "shard": shard}
    selection = {key: value for key, value in given.items() if value is not None}
    failed = run_task(
        overrides or [],
        selection=selection,
        data_root=data_root,
        dry_run=dry_run,
        report=report,
        as_json=json,
    )
    if failed:
        raise typer.Exit(EXIT_FAILED_SAMPLES)


@app.command()
def score(
    target: Annotated[Path, typer.Argument(help="A file of answers, or the folder of a run.")],
    overrides: Annotated[
        list[str] | None, typer.Argument(help="task.key=value, such as task.convention=pixel")
    ] = None,
    data: Annotated[
        str | None, typer.Option(help="Data set that the answers are for: a folder or a name.")
    ] = None,
    task: Annotated[str, typer.Option(help="Task that the answers are for.")] = "jumpscore",
    data_root: DataRoot = None,
    out: Annotated[Path, typer.Option(help="Folder below which the run is kept.")] = Path("runs"),
    report: Annotated[bool, typer.Option(help="Write report.html.")] = True,
    json: Json = False,
) -> None:
    """Score answers that you have, or score a run anew without its model."""
    from jumpscore.cli.run import score_target

    failed = score_target(
        target,
        overrides or [],
        data=data,
        task=task,
        data_root=data_root,
        out=out,
        report=report,
        as_json=json,
    )
    if failed:
        raise typer.Exit(EXIT_FAILED_SAMPLES)


@app.command("score-masks")
def score_masks(
    prediction: Annotated[Path, typer.Argument(help="Folder with a folder of PNGs per video.")],
    truth: Annotated[Path, typer.Argument(help="The same, or a data set with Annotations/.")],
    json: Json = False,
) -> None:
    """Score predicted object masks as DAVIS does: J, F, their recall and decay."""
    from jumpscore.cli.masks import score_mask_folders

    score_mask_folders(prediction, truth, as_json=json)


@app.command()
def show(
    run: Annotated[Path, typer.Argument(help="Folder of a run.")],
    sample: Annotated[str, typer.Argument(metavar="ID", help="Id of a sample.")],
) -> None:
    """Show exactly what the model was sent for one sample and what came back."""
    from jumpscore.cli.show import show_sample

    show_sample(run, sample)


@app.command()
def compare(
    a: Annotated[Path, typer.Argument(help="Folder of a run.")],
    b: Annotated[Path, typer.Argument(help="Folder of another run over the same data.")],
    json: Json = False,
) -> None:
    """Compare two runs, paired by video; differences within the noise are called tied."""
    from jumpscore.cli.run import compare_folders

    compare_folders(a, b, as_json=json)


@app.command()
def ablate(
    tokens: Annotated[str, typer.Option(help="Budgets, such as 4096,8192,16384.")],
    overrides: Overrides = None,
    matching: Annotated[
        str, typer.Option(help="What budgets count: visual, total, as_published, or several.")
    ] = "visual",
    out: Annotated[
        Path, typer.Option(help="Folder of the runs and the page; the same again goes on with it.")
    ] = Path("ablation"),
    metric: Annotated[
        str | None, typer.Option(help="What is shown; by default the task's first main number.")
    ] = None,
    controls: Annotated[
        bool, typer.Option(help="Run canvases with another clip's pixels too (first matching).")
    ] = True,
    reference: Annotated[
        list[str] | None,
        typer.Option(help="Frames beside the arms: input.fps=12.5 or input.count=64; repeatable."),
    ] = None,
    data_root: DataRoot = None,
    json: Json = False,
) -> None:
    """Compare uniform frames and codec canvases under the same token budgets, with controls."""
    from jumpscore.cli.ablate import run_ablation

    failed = run_ablation(
        overrides or [],
        tokens=tokens,
        matching=matching,
        out=out,
        metric=metric,
        controls=controls,
        references=reference or [],
        data_root=data_root,
        as_json=json,
    )
    if failed:
        raise typer.Exit(EXIT_FAILED_SAMPLES)


@app.command()
def report(
    run: Annotated[Path, typer.Argument(help="Folder of a finished run, or of an ablation.")],
    out: Annotated[
        Path | None,
        typer.Option(
            help="File; by default report.html in it. A .csv or .parquet file gets one row per "
            "sample instead."
        ),
    ] = None,
) -> None:
    """Write a run's page: scores, counts, a timeline for every video; or an ablation's."""
    from jumpscore.cli.ablate import holds_ablation, redraw_ablation
    from jumpscore.cli.run import report_folder

    if holds_ablation(run):
        redraw_ablation(run, out)
    else:
        report_folder(run, out)


@models_app.callback(invoke_without_command=True)
def models(context: typer.Context, json: Json = False) -> None:
    """List the models; make small ones to test with."""
    from jumpscore.cli.lists import list_models

    if context.invoked_subcommand is None:
        list_models(as_json=json)


@models_app.command()
def options(
    name: Annotated[str, typer.Argument(help="A model, such as qwen3_vl.")],
) -> None:
    """Print the options of a model, with their defaults and what they mean."""
    from jumpscore.cli.lists import show_options

    show_options(name)


@models_app.command()
def tiny(
    out: Annotated[Path, typer.Argument(help="New folder for the checkpoint.")],
    overrides: Annotated[
        list[str] | None,
        typer.Argument(help="key=value, such as seed=1, size=2b or vision.num_hidden_layers=4"),
    ] = None,
    json: Json = False,
) -> None:
    """Write a random LLaVA-OneVision-2 that transformers, vLLM and this package load."""
    from jumpscore.cli.models import write_tiny_checkpoint

    write_tiny_checkpoint(out, overrides or [], as_json=json)


@app.command()
def train(
    name: Annotated[str, typer.Argument(help="What to train: tiny.")],
    overrides: Annotated[
        list[str] | None, typer.Argument(help="key=value, such as seed=1 or join.steps=6000")
    ] = None,
    out: Annotated[
        Path, typer.Option(help="Folder of the run; the same again goes on with it.")
    ] = Path("jumpscore-train"),
    clips: Annotated[
        Path | None, typer.Option(help="Prepared clips, to be shared by runs; by default in out.")
    ] = None,
    workers: Workers = None,
    json: Json = False,
) -> None:
    """Train a small LLaVA-OneVision-2 from scratch on rendered clips."""
    from jumpscore.cli.train import train_model

    train_model(name, out, overrides or [], clips=clips, workers=workers, as_json=json)


@app.command()
def parity(
    model_a: Annotated[str, typer.Argument(help="A model, such as llava_ov2.")],
    model_b: Annotated[str, typer.Argument(help="Another way to run it, such as vllm.")],
    overrides: Annotated[
        list[str] | None,
        typer.Argument(help="key=value; a.key=value and b.key=value for one model's options"),
    ] = None,
    limit: Annotated[int, typer.Option(min=1, help="Samples.")] = 8,
    json: Json = False,
) -> None:
    """Ask two models the same and print where they part: tokens, stamps, first token, answers."""
    from jumpscore.cli.parity import print_parity

    if not print_parity(model_a, model_b, overrides or [], limit=limit, as_json=json):
        raise typer.Exit(EXIT_FAILED_SAMPLES)


@app.command()
def serve(overrides: Overrides = None) -> None:
    """Start a server for a model ([bold]model=vllm model.checkpoint=...[/]) and watch it."""
    from jumpscore.cli.models import serve_model

    serve_model(overrides or [])


@app.command()
def tasks(json: Json = False) -> None:
    """List the tasks and their metrics."""
    from jumpscore.cli.lists import list_tasks

    list_tasks(as_json=json)


def main() -> None:
    """Run the command line; errors of ours become one message and an exit code."""
    for stream in (sys.stdout, sys.stderr):
        # A terminal that cannot show a letter gets an escape, not a traceback.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    # Being asked to end is like Ctrl-C: what is answered is kept, what was started is stopped.
    for name in ("SIGTERM", "SIGHUP"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.default_int_handler)
    show_log()
    try:
        app()
    except InterruptedRun as kept:
        stop(f"\ninterrupted: {kept}", EXIT_INTERRUPTED)
    except NoAnswerError as error:
        stop(f"error: {error}", EXIT_FAILED_SAMPLES)
    except JumpScoreError as error:
        stop(f"error: {error}", EXIT_WRONG_USE)
    except OSError as error:
        if (reason := disk_problem(error)) is None:
            raise
        where = f"{error.filename}: " if error.filename else ""
        fix = "free space or choose another folder, then run the same again"
        stop(f"error: {where}cannot be written ({reason}); {fix}", EXIT_WRONG_USE)
