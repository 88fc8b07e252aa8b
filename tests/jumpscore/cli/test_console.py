"""What others wrote cannot control the terminal, wherever it is printed."""

from __future__ import annotations

import io
import json
import logging
import re
import time

import pytest
from rich.table import Table
from rich.text import Text

from jumpscore.cli.console import SafeConsole, print_json, progress
from jumpscore.cli.messages import show_log
from jumpscore.errors import visible

HOSTILE = "a\x1b]0;title\x07\x1b[31mred\x9b2J\u202efdp.exe\r[bold]b[/bold]\x7f"
BAD = "\x1b\x07\x9b\u202e\r\x7f"


def clean(text: str) -> bool:
    return not set(BAD) & set(text)


def printed(*renderables, **options) -> str:
    file = io.StringIO()
    console = SafeConsole(file=file, markup=False, emoji=False, highlight=False, width=200)
    console.print(*renderables, **options)
    return file.getvalue()


def table() -> Table:
    made = Table(title=HOSTILE, caption=HOSTILE)
    made.add_column(HOSTILE)
    made.add_column("value", no_wrap=True)
    made.add_row(HOSTILE, Text(HOSTILE, "bold"))
    return made


@pytest.mark.parametrize(
    "renderable", [HOSTILE, Text(HOSTILE), table(), Text.assemble(HOSTILE, (HOSTILE, "red"))],
    ids=["str", "text", "table", "assembled"],
)  # fmt: skip
def test_console_shows_control_characters(renderable):
    shown = printed(renderable, soft_wrap=not isinstance(renderable, Table))
    assert clean(shown)
    assert "⟨U+001B⟩" in shown
    if not isinstance(renderable, Table):
        assert "[bold]b[/bold]" in shown


def test_console_keeps_its_own_colours():
    file = io.StringIO()
    console = SafeConsole(file=file, force_terminal=True, color_system="standard", markup=False)
    console.print(Text("a\x1b[0mb", "red"))
    assert file.getvalue() == "\x1b[31ma⟨U+001B⟩[0mb\x1b[0m\n"


def test_print_json_reads_back_and_shows_nothing_raw(capsys):
    content = {"name": HOSTILE, "é": "日本 \ud800\u2028"}
    print_json(content)
    shown = capsys.readouterr().out
    assert clean(shown)
    assert json.loads(shown) == content


def test_progress_label_is_escaped(capsys):
    with progress(HOSTILE) as advance:
        advance(1, 1)
    shown = capsys.readouterr().err
    assert clean(shown)
    assert "[bold]b[/bold]" in shown


def test_progress_estimates_the_time_left_from_the_last_stretch(capsys, monkeypatch):
    """Answers of an earlier call come at once and must not shorten the estimate."""
    monkeypatch.setattr("jumpscore.cli.console.PLAIN_SECONDS", 0.05)
    with progress("run", "answers") as advance:
        advance(1000, 1010)
        time.sleep(0.1)
        advance(1001, 1010)
    first, second = capsys.readouterr().err.splitlines()
    assert first == "run: 1000/1010 answers"
    rate, left = re.fullmatch(r"run: 1001/1010 answers, ([\d.]+)/s, (\d+) s left", second).groups()
    assert float(rate) < 11
    assert int(left) >= 1


def test_show_log_prints_messages_and_marks_warnings(capsys):
    show_log()
    try:
        logging.getLogger("jumpscore.anything").warning("%s: odd", HOSTILE)
        logging.getLogger("jumpscore.anything").info("rendered")
        logging.getLogger("jumpscore.anything").debug("quiet")
    finally:
        for name in ("jumpscore", "evaluators", "model_wrappers"):
            logging.getLogger(name).handlers.clear()
            logging.getLogger(name).setLevel(logging.NOTSET)
    shown = capsys.readouterr().err
    assert clean(shown)
    assert "note: " in shown
    assert visible("\x1b]0;title") in shown
    assert "rendered" in shown.splitlines()
    assert "quiet" not in shown


def test_commands_escape_names_of_files_and_data_sets(jumpscore, tmp_path):
    from jumpscore.data.layout import Manifest, Row, write_set
    from tests.support import write_video

    folder = tmp_path / "set\x1b[31m"
    write_video(folder / "videos" / "a.mp4", frames=50)
    rows = [Row("a\x1b]0;x\x07", "videos/a.mp4", "?", "[1.0]")]
    rows.append(Row("b", "videos/b\x1b[2J.mp4", "?", "[1.0]"))
    write_set(folder, rows, Manifest("na\x1b[5mme", licence="l\x9bm", source="s\u202e"))
    said = [
        jumpscore("data", "info", folder),
        jumpscore("run", "model=content_free", f"task.data={folder}", "--no-report", expect=1),
        jumpscore("data", "info", tmp_path / "no\x1b[31mne", expect=2),
        jumpscore("score", tmp_path / "no\x1bne", "--data", folder, expect=2),
    ]
    for done in said:
        assert clean(done.stdout + done.stderr)
        assert "⟨U+001B⟩" in done.stdout + done.stderr or r"\x1b" in done.stderr


def test_run_shows_first_error_of_each_kind_and_says_when_nothing_was_asked(
    jumpscore, tiny_set, tmp_path
):
    answers = tmp_path / "answers.jsonl"
    answers.write_text('{"id": "clip0", "text": "[0.5]"}\n')
    words = ("score", answers, "--data", tiny_set, "--no-report")
    done = jumpscore(*words, expect=1)
    flat = " ".join(done.stdout.split())
    assert "error, 2 samples: " in flat
    assert "no answer for id 'clip1'" in flat
    assert "(first: clip1)" in flat
    assert "nothing was asked" not in done.stderr
    said = json.loads(jumpscore(*words, "--json", expect=1).stdout)
    assert said["asked"] == 2  # what failed is asked again
    assert [(kind["id"], kind["count"]) for kind in said["errors"]] == [("clip1", 2)]
    words = ("run", "model=content_free", f"task.data={tiny_set}", "--no-report")
    assert "nothing was asked" not in jumpscore(*words).stderr
    again = jumpscore(*words, "--json")
    assert json.loads(again.stdout)["asked"] == 0
    assert "nothing was asked; all answers were stored before" in " ".join(again.stderr.split())
