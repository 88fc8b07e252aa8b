from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from jumpscore.boards.board import BOARD, add_submission
from jumpscore.boards.entries import build_entries
from jumpscore.boards.markdown import plain
from jumpscore.boards.site import INDEX, TABLE, build_site
from jumpscore.boards.standings import natural
from jumpscore.data.layout import Manifest, Row, rows_checksum, write_set
from jumpscore.errors import DataError, UsageError
from jumpscore.video.prepared.cache import cache_folder
from tests.jumpscore.boards.submissions import FACTS, answers, write

HOSTILE = "<script>alert('x')</script> | [a](https://example.org) \u202e `x` ${title}"


@pytest.fixture
def board(tmp_path: Path) -> Path:
    folder = tmp_path / "board"
    lines = answers(1)
    lines[0]["text"] = HOSTILE
    add_submission(write(tmp_path / "a", answers(jitter=0.02)), folder)
    add_submission(
        write(
            tmp_path / "b",
            lines,
            model="Borealis",
            contact="<img src=x onerror=alert(1)> & Co",
            hardware="=cmd|'/c calc'!A0",
            input="codec",
            budget="16 canvases",
            recipe="tuned",
        ),
        folder,
    )
    return folder


def contents(site: Path) -> dict[str, bytes]:
    return {str(f.relative_to(site)): f.read_bytes() for f in site.rglob("*") if f.is_file()}


def test_build_site_files(board, tmp_path):
    standings = build_site(board, tmp_path / "site")
    assert [row.ranked.rank for row in standings.rows] == [1, 2]
    assert sorted(contents(tmp_path / "site")) == [
        TABLE,
        INDEX,
        "models/aurora-vl-frames-16-frames-v2.html",
        "models/borealis-codec-16-canvases-tuned-v2.html",
    ]
    page = (tmp_path / "site" / INDEX).read_text()
    assert "SYNTHETIC data" in page
    assert standings.ranking.definition.split(".")[0] in page
    assert "Published, not verified" not in page


def test_build_site_equal_bytes(board, tmp_path, monkeypatch):
    build_site(board, tmp_path / "one")
    shutil.copytree(board, tmp_path / "elsewhere" / "copy")
    monkeypatch.setenv("JUMPSCORE_CACHE", str(tmp_path / "fresh"))
    monkeypatch.chdir(tmp_path / "elsewhere")
    build_site(Path("copy"), Path("two"))
    assert contents(tmp_path / "one") == contents(tmp_path / "elsewhere" / "two")
    build_site(Path("copy"), Path("two"))
    assert contents(tmp_path / "one") == contents(tmp_path / "elsewhere" / "two")


def test_build_site_escapes_what_strangers_wrote(board, tmp_path):
    build_site(board, tmp_path / "site")
    for name, content in contents(tmp_path / "site").items():
        text = content.decode()
        assert "<script>alert" not in text, name
        assert "<img src=x" not in text, name
        assert "\u202e" not in text, name
    page = (tmp_path / "site/models/borealis-codec-16-canvases-tuned-v2.html").read_text()
    assert "&lt;img src=x onerror=alert(1)&gt; &amp; Co" in page
    assert "⟨U+202E⟩" in page


def test_build_site_removes_pages_of_removed_submissions(board, tmp_path):
    site = tmp_path / "site"
    build_site(board, site)
    (site / "CNAME").write_text("example.org")
    shutil.rmtree(board / "submissions" / "borealis-codec-16-canvases-tuned-v2")
    build_site(board, site)
    assert sorted(path.name for path in (site / "models").iterdir()) == [
        "aurora-vl-frames-16-frames-v2.html"
    ]
    assert (site / "CNAME").exists()


def test_build_site_refuses_a_folder_of_other_files(board, tmp_path):
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "thesis.txt").write_text("x")
    with pytest.raises(UsageError, match="neither empty nor an earlier site"):
        build_site(board, tmp_path / "home")
    (tmp_path / "work" / "models").mkdir(parents=True)
    (tmp_path / "work" / "models" / "report.html").write_text("mine")
    with pytest.raises(UsageError, match="neither empty nor an earlier site"):
        build_site(board, tmp_path / "work")


def test_build_site_lists_every_invalid_submission(board, tmp_path):
    for folder in (board / "submissions").iterdir():
        (folder / "extra.py").write_text("")
    with pytest.raises(DataError) as error:
        build_site(board, tmp_path / "site")
    assert str(error.value).count("extra.py") == 2
    assert not (tmp_path / "site" / INDEX).exists()


def test_build_site_refuses_renamed_submissions(board, tmp_path):
    [first, _] = sorted((board / "submissions").iterdir())
    first.rename(first.with_name("other"))
    with pytest.raises(DataError, match=f"must be named {first.name}"):
        build_site(board, tmp_path / "site")


def test_build_site_refuses_an_empty_board(board, tmp_path):
    shutil.rmtree(board / "submissions")
    with pytest.raises(DataError, match="has no submission"):
        build_site(board, tmp_path / "site")


def test_build_entries_reads_scores_from_the_cache(board, tmp_path, monkeypatch):
    monkeypatch.setenv("JUMPSCORE_CACHE", str(tmp_path / "cache"))
    _, entries = build_entries(board, tmp_path / "site")
    files = sorted((cache_folder() / "boards").iterdir())
    assert len(files) == 2
    changed = files[0].read_text().replace("Aurora-VL", "Changed").replace("Borealis", "Changed")
    files[0].write_text(changed)
    files[1].write_text("damaged")
    _, again = build_entries(board, tmp_path / "site")
    assert [entry.submission.model for entry in again].count("Changed") == 1
    assert [entry.result.metrics for entry in again] == [entry.result.metrics for entry in entries]


def test_build_entries_scores_edited_answers_again(board, tmp_path):
    _, before = build_entries(board, tmp_path / "site")
    file = board / "submissions" / "aurora-vl-frames-16-frames-v2" / "responses.jsonl"
    lines = [json.loads(line) | {"text": "[]"} for line in file.read_text().splitlines()]
    file.write_text("".join(json.dumps(line) + "\n" for line in lines))
    _, after = build_entries(board, tmp_path / "site")
    assert after[0].result.metrics["f1"].mean < before[0].result.metrics["f1"].mean
    assert after[1] == before[1]


@pytest.mark.slow
def test_build_entries_in_processes(board, tmp_path, monkeypatch):
    monkeypatch.setattr("jumpscore.boards.entries.FEW", 1)
    _, alone = build_entries(board, tmp_path / "one")
    monkeypatch.setenv("JUMPSCORE_CACHE", str(tmp_path / "fresh"))
    _, together = build_entries(board, tmp_path / "two", workers=2)
    assert together == alone
    assert contents(tmp_path / "one") == contents(tmp_path / "two")


def test_build_site_keeps_published_numbers_apart(tmp_path):
    rows = [Row(f"v{n}", f"videos/{n}.mp4", "?", f"[{n}.0]") for n in range(3)]
    write_set(tmp_path / "set", rows, Manifest("filmed"))
    lines = [{"id": row.id, "text": row.answer} for row in rows]
    folder = write(tmp_path / "a", lines, checksum=rows_checksum(rows), data="filmed")
    board = tmp_path / "board"
    add_submission(folder, board, tmp_path / "set")
    with (board / BOARD).open("a") as file:
        file.write("published: true\n")
    standings = build_site(board, tmp_path / "site", data=tmp_path / "set")
    assert [row.entry.submission.model for row in standings.rows] == [FACTS["model"]]
    assert standings.published[0].model == "LLaVA-OneVision-2-8B"
    assert standings.published[0].value == 74.9
    page = (tmp_path / "site" / INDEX).read_text()
    ranked, _, unverified = page.partition('class="panel unverified"')
    assert "LLaVA-OneVision-2-8B" not in ranked
    assert "LLaVA-OneVision-2-8B" in unverified
    assert "SYNTHETIC" not in page
    table, _, published = (tmp_path / "site" / TABLE).read_text().partition("## Published")
    assert "74.9" not in table
    assert "*74.9*" in published


@pytest.mark.parametrize(
    "text", ["a|b", "[a](b)", "<b>", "*a*", "`a`", "https://a.b", "a@b.c", "# a", "![a](b)"]
)
def test_plain_markdown(text):
    from markdown_it import MarkdownIt

    rendered = MarkdownIt("js-default").render(f"| {plain(text)} |\n| --- |\n")
    for tag in ("<a", "<b>", "<em", "<code", "<img", "<h1"):
        assert tag not in rendered


def test_natural_order():
    assert sorted(["32 frames", "4 frames", "", "16 canvases"], key=natural) == [
        "",
        "4 frames",
        "16 canvases",
        "32 frames",
    ]
