"""The ``jumpscore`` command: a table of its commands, and how errors end it."""

from __future__ import annotations

import io
import os
import signal
import sys
from typing import Annotated, Any, ClassVar, NoReturn

import typer

from jumpscore.cli.commands import LazyGroup, Rows, as_overrides
from jumpscore.cli.messages import show_log, stop
from jumpscore.cli.options import EXIT_FAILED_SAMPLES, EXIT_INTERRUPTED, EXIT_WRONG_USE
from jumpscore.errors import (
    InterruptedRun,
    JumpScoreError,
    NoAnswerError,
    UsageError,
    visible,
)
from jumpscore.jsonio import disk_problem


class Commands(LazyGroup):
    """The commands, in the order of the help text."""

    rows: ClassVar[Rows] = {
        "demo": (
            "jumpscore.cli.demo:run_demo",
            "Render 72 clips, run four models on them, compare two and write reports.",
        ),
        "doctor": ("jumpscore.cli.doctor:examine", "Check what is installed and whether it works."),
        "predict": (
            "jumpscore.cli.predict:predict_video",
            "Print the start time of every jump in a video ([bold]model=motion[/] by default).",
        ),
        "run": (
            "jumpscore.cli.run:run_task",
            "Run a model on a task: [bold]model=... task=... input=...[/]. Rerun to resume.",
        ),
        "score": (
            "jumpscore.cli.score:score_target",
            "Score a file of answers, or score a stored run again without its model.",
        ),
        "score-masks": (
            "jumpscore.cli.score_masks:score_mask_folders",
            "Score predicted object masks as DAVIS does: J, F, their recall and decay.",
        ),
        "show": (
            "jumpscore.cli.show:show_sample",
            "Show exactly what the model was sent for one sample and what it answered.",
        ),
        "compare": (
            "jumpscore.cli.compare:compare_folders",
            "Compare two runs, paired by video, or rank several. Small differences are tied.",
        ),
        "power": (
            "jumpscore.cli.power:print_power",
            "Estimate which difference a number of videos can detect, from pilot runs.",
        ),
        "ablate": (
            "jumpscore.cli.ablate:ablate_budgets",
            "Compare uniform frames and codec canvases at equal token budgets, with controls.",
        ),
        "reproduce": (
            "jumpscore.cli.reproduce:reproduce_paper",
            "Compare published and measured numbers of the paper; plan or run what is missing.",
        ),
        "report": (
            "jumpscore.cli.report:report_folder",
            "Write the page of a run or an ablation, or export runs: tables, figures, logs.",
        ),
        "leaderboard": (
            "jumpscore.cli.leaderboard:app",
            "Submit answers, check submissions, and publish a leaderboard.",
        ),
        "models": ("jumpscore.cli.models:app", "List models and their options."),
        "train": (
            "jumpscore.cli.train:train_model",
            "Train a small LLaVA-OneVision-2 from scratch on rendered clips.",
        ),
        "parity": (
            "jumpscore.cli.parity:print_parity",
            "Ask two models the same questions and print where they differ.",
        ),
        "serve": (
            "jumpscore.cli.serve:serve_model",
            "Start a server for a model ([bold]model=vllm model.checkpoint=...[/]) and watch it.",
        ),
        "options": (
            "jumpscore.cli.list_options:list_options",
            "List the options of model, task, input and run, with their defaults.",
        ),
        "tasks": ("jumpscore.cli.tasks:list_tasks", "List the tasks and their metrics."),
        "hub": ("jumpscore.cli.hub:app", "Exchange results with the Hugging Face hub."),
        "data": ("jumpscore.cli.data:app", "Create, inspect and fetch data sets."),
        "video": (
            "jumpscore.cli.video:app",
            "Show what a model would see of a video, and how many tokens that takes.",
        ),
    }

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Parse the arguments; options of a run without a command get a hint."""
        words = as_overrides(args, ())
        if words[:1] != args[:1]:
            raise UsageError(f"{args[0]}: no command; write jumpscore run {' '.join(words)}")
        return super().parse_args(ctx, args)


app = typer.Typer(
    cls=Commands,
    help="Score video models on JumpScore: when does every jump start?",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)


def _print_version(requested: bool) -> None:
    if requested:
        from jumpscore import __version__

        print(f"jumpscore {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Print the version and exit."
        ),
    ] = False,
) -> None:
    pass


def _stop(message: str, code: int) -> NoReturn:
    """End with a message and an exit code, also while a thread of a run is inside a library."""
    threads = sys.modules.get("jumpscore.harness.engines.threads")
    if threads is not None and threads.are_running():
        print(visible(message), file=sys.stderr)
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
    stop(message, code)


def main() -> None:
    """Run the command line; our own errors become one message and an exit code."""
    # Sums of many small products: with several threads, most of their time is spent waiting.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    for stream in (sys.stdout, sys.stderr):
        # A terminal that cannot print a letter gets an escape, not a traceback.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    # Termination is handled like Ctrl-C: answers are stored and child processes are stopped.
    for name in ("SIGTERM", "SIGHUP"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.default_int_handler)
    show_log()
    try:
        app(prog_name="jumpscore")
    except InterruptedRun as interruption:
        _stop(f"\ninterrupted: {interruption}", EXIT_INTERRUPTED)
    except NoAnswerError as error:
        _stop(f"error: {error}", EXIT_FAILED_SAMPLES)
    except JumpScoreError as error:
        _stop(f"error: {error}", EXIT_WRONG_USE)
    except OSError as error:
        if (reason := disk_problem(error)) is None:
            raise
        where = f"{error.filename}: " if error.filename else ""
        fix = "free space or choose another folder, then rerun the same command"
        _stop(f"error: {where}cannot be written ({reason}); {fix}", EXIT_WRONG_USE)
