from __future__ import annotations

import dataclasses
import re
import shutil
from html.parser import HTMLParser
from pathlib import Path

import pytest

from jumpscore.errors import UsageError
from jumpscore.records import Estimate, Metric, SampleScore, WindowAnswer
from jumpscore.report.html import write_prediction_page, write_report
from jumpscore.runs import read_run
from tests.jumpscore.report.runs import HOSTILE, made_up_run, none, oracle_run, timed
from tests.support import write_video

VOID = {"meta", "link", "img", "input", "br"}


class Outline(HTMLParser):
    """Every element of a page; complains about tags that do not close."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def samples(self) -> list[str]:
        return [attrs["data-id"] or "" for _, attrs in self.elements if "data-id" in attrs]


def test_write_report_of_a_run(tiny_set: Path, tmp_path: Path) -> None:
    run = oracle_run(tiny_set, tmp_path)
    done: list[tuple[int, int]] = []
    path = write_report(run, on_progress=lambda now, of: done.append((now, of)))
    text = path.read_text(encoding="utf-8")
    outline = Outline(text)
    assert path == run.folder / "report.html"
    assert sorted(outline.samples()) == ["clip0", "clip1", "clip2"]
    assert done == [(1, 3), (2, 3), (3, 3)]
    assert text.count('src="data:image/jpeg;base64,') == 27
    assert "SYNTHETIC data" in text
    assert "The model was shown the truth" in text
    assert [entry.name for entry in run.folder.iterdir() if entry.name.startswith(".")] == []


def test_write_report_contains_no_address(tiny_set: Path, tmp_path: Path) -> None:
    text = write_report(oracle_run(tiny_set, tmp_path)).read_text(encoding="utf-8")
    for tag, attrs in Outline(text).elements:
        for name in ("src", "href", "action", "data", "poster", "srcset"):
            value = attrs.get(name) or "data:"
            assert value.startswith(("data:", "#s")), (tag, name, value[:80])
    assert "@import" not in text
    assert "url(" not in text


def test_write_report_of_equal_runs(tiny_set: Path, tmp_path: Path) -> None:
    pages = []
    for name in ("one", "two"):
        run = oracle_run(tiny_set, tmp_path / name)
        moved = dataclasses.replace(read_run(run.folder), timing={"started_unix": 5.0})
        pages.append(write_report(moved, tmp_path / f"{name}.html").read_bytes())
    assert pages[0] == pages[1]


def test_write_report_orders_worst_first(tmp_path: Path) -> None:
    scores = [
        timed("good", 0.9, [1.0], [1.0]),
        SampleScore("broken", "error", message="the server is down"),
        timed("bad", 0.1, [1.0], [2.0]),
        timed("also bad", 0.1, [1.0], [2.0]),
    ]
    text = write_report(made_up_run(tmp_path, scores)).read_text(encoding="utf-8")
    assert Outline(text).samples() == ["also bad", "bad", "good", "broken"]
    assert "INCOMPLETE: 1 of 4 samples unscored." in text
    assert "the server is down" in text


def test_write_report_escapes_hostile_text(tmp_path: Path) -> None:
    scores = [
        dataclasses.replace(timed(name, 0.5, [1.0], [1.0], rejected=[name], parser=name),
                            message=name)
        for name in HOSTILE
    ]  # fmt: skip
    texts = {name: name * 2000 for name in HOSTILE}
    run = made_up_run(tmp_path, scores, texts, model=HOSTILE[0], data=HOSTILE[1],
                      caveats=(HOSTILE[0],), notes={HOSTILE[1]: 3})  # fmt: skip
    text = write_report(run).read_text(encoding="utf-8")
    outline = Outline(text)
    assert sum(tag == "script" for tag, _ in outline.elements) == 1
    assert not [a for _, attrs in outline.elements for a in attrs if a.startswith("on")]
    assert not [attrs for tag, attrs in outline.elements if tag == "img"]
    assert outline.samples() != []
    assert "\u202e" not in text
    assert "\x00" not in text


def test_write_report_cuts_long_answers(tmp_path: Path) -> None:
    scores = [timed("a", 0.5, [1.0], [i / 100 for i in range(100_000)])]
    run = made_up_run(tmp_path, scores, {"a": "1, " * 3_000_000})
    path = write_report(run)
    assert "… and 8,996,000 more characters." in path.read_text(encoding="utf-8")
    assert path.stat().st_size < 500_000


def test_write_report_contains_the_answers_about_windows(tmp_path: Path) -> None:
    scores = [timed("a", 0.5, [1.0], [1.0])]
    run = made_up_run(tmp_path, scores, {"a": "[1.0, 8.5]"})
    windows = (
        WindowAnswer(0.0, 8.0, f"[1.0] {HOSTILE[0]}"),
        WindowAnswer(7.0, 15.0, "1.5 " * 1000, finish_reason="length"),
        WindowAnswer(14.0, 20.0, error="out of memory"),
    )
    response = dataclasses.replace(run.responses["a"], windows=windows)
    text = write_report(dataclasses.replace(run, responses={"a": response})).read_text("utf-8")
    Outline(text)
    assert "Merged from the answers about windows of the video" in text
    assert "0.00 to 8.00 s</p><pre" in text
    assert "7.00 to 15.00 s, cut off at the token limit, 3,000 more characters" in text
    assert "out of memory" in text
    assert "<script>window.hacked" not in text


def test_write_report_without_videos(tiny_set: Path, tmp_path: Path) -> None:
    data = tmp_path / "set"
    shutil.copytree(tiny_set, data)
    run = oracle_run(data, tmp_path / "runs")
    videos = sorted((data / "videos").iterdir())
    videos[0].unlink()
    videos[1].write_bytes(videos[1].read_bytes()[:700])
    text = write_report(run).read_text(encoding="utf-8")
    assert len(Outline(text).samples()) == 3
    assert text.count("No thumbnails: ") == 2
    assert "no such video file" in text
    shutil.rmtree(data)
    text = write_report(run).read_text(encoding="utf-8")
    assert text.count("No thumbnails: the data set cannot be read") == 3


def test_write_report_of_changed_data_set(tiny_set: Path, tmp_path: Path) -> None:
    run = oracle_run(tiny_set, tmp_path)
    data = run.record.identity.data.model_copy(update={"checksum": "other"})
    identity = run.record.identity.model_copy(update={"data": data})
    changed = dataclasses.replace(run, record=run.record.model_copy(update={"identity": identity}))
    text = write_report(changed).read_text(encoding="utf-8")
    assert text.count("No thumbnails: the data set has changed since the run") == 3


def test_write_report_without_thumbnails(tmp_path: Path) -> None:
    text = write_report(
        made_up_run(tmp_path, [timed("a", 0.5, [1.0], [1.0])]), thumbnails=False
    ).read_text(encoding="utf-8")
    assert "<img" not in text
    assert "thumbnails" not in text


def test_write_report_of_count_task(tiny_set: Path, tmp_path: Path) -> None:
    run = oracle_run(tiny_set, tmp_path, task="jumpscore_count")
    text = write_report(run).read_text(encoding="utf-8")
    assert len(Outline(text).samples()) == 3
    assert "<dt>jumps</dt><dd>3</dd>" in text
    assert 'class="strip"' in text
    assert "data-end" not in text.split("<script>")[0]


def test_write_report_of_missing_task(tmp_path: Path) -> None:
    scores = [SampleScore(f"s{i}", "ok", {"accuracy": i / 4, "a<b": i * 2.5}) for i in range(5)]
    metrics = {"accuracy": Estimate(0.5, 0.1, 0.4, 0.6, 5), "a<b": none()}
    described = (Metric("accuracy", ""), Metric("a<b", "", "events"))
    run = made_up_run(
        tmp_path, scores, task="somebody's", metrics=metrics, described=described,
        headline=("accuracy", "a<b"),
    )  # fmt: skip
    text = write_report(run).read_text(encoding="utf-8")
    outline = Outline(text)
    assert outline.samples() == ["s0", "s1", "s2", "s3", "s4"]
    assert "50.0<small>%" in text
    assert '<td class="num">25.0%</td><td class="num">2.50</td>' in text


def test_write_report_without_samples(tmp_path: Path) -> None:
    Outline(write_report(made_up_run(tmp_path, [])).read_text(encoding="utf-8"))


def test_write_prediction_page(tmp_path: Path) -> None:
    video = write_video(tmp_path / "a<b>.mp4", frames=100, fps=25)
    times = [3.0, 1.0, 1.5, 99.0, float("nan"), -1.0]
    path = write_prediction_page(
        video, times, tmp_path / "out" / "page.html", model="<m>", note="<i>careful",
        confidences=[0.1, 0.2, 0.3, 0.4, 0.5, 0.6],
    )  # fmt: skip
    text = path.read_text(encoding="utf-8")
    Outline(text)
    assert text.count("<figcaption>") == 3
    assert re.findall(r"<td class=\"num\">(\d\.\d+ s)</td>", text)[:2] == ["1.00 s", "2.00 s"]
    assert text.count("outside the video</span>") == 3
    assert "&lt;i&gt;careful" in text
    again = write_prediction_page(
        video, times, tmp_path / "again.html", model="<m>", note="<i>careful",
        confidences=[0.1, 0.2, 0.3, 0.4, 0.5, 0.6],
    )  # fmt: skip
    assert again.read_bytes() == path.read_bytes()


def test_write_prediction_page_counts_left_out_frames(tmp_path: Path) -> None:
    video = write_video(tmp_path / "a.mp4", frames=100, fps=25)
    page = write_prediction_page(
        video, [i / 25 for i in range(80)], tmp_path / "page.html", model="m"
    )
    text = page.read_text(encoding="utf-8")
    assert text.count("<figcaption>") == 60
    assert "20 are left out" in text


def test_write_prediction_page_without_video_or_times(tmp_path: Path) -> None:
    path = write_prediction_page(tmp_path / "no.mp4", [], tmp_path / "page.html", model="m")
    text = path.read_text(encoding="utf-8")
    Outline(text)
    assert "The answer contains no times." in text
    assert "no such video file" in text


def test_write_prediction_page_refuses_unequal_confidences(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="2 confidences for 1 times"):
        write_prediction_page(
            tmp_path / "a.mp4", [1.0], tmp_path / "b.html", model="m", confidences=[1, 2]
        )


def test_write_report_to_unwritable_path(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="cannot be written"):
        write_report(made_up_run(tmp_path / "run", []), tmp_path / "file" / "page.html")
