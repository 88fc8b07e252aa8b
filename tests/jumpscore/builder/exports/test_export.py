"""Exports of real videos: read back with equal times, by our importer and by other readers."""

from __future__ import annotations

import csv
import json
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from jumpscore.builder.exports.export import export_data
from jumpscore.builder.exports.formats import FORMATS, export_format
from jumpscore.builder.imports.importer import import_set
from jumpscore.data.catalogue import locate
from jumpscore.data.convert import place
from jumpscore.data.events import EVENTS
from jumpscore.data.layout import Manifest, Row, read_manifest, read_rows, write_set
from jumpscore.data.versions import write_sums
from jumpscore.errors import DataError, UsageError
from jumpscore.video import content_hash, probe
from tests.jumpscore.report.browsing import CHROMIUM
from tests.support import write_video

LABEL = "jump & <rope>"
RATES = {"ntsc.mp4": 30000 / 1001, "fast.mkv": 60000 / 1001, "film.mp4": 25.0}


@pytest.fixture(scope="module")
def original(tmp_path_factory) -> Path:
    """A set of real videos: several rates, variable, late start, and one without events."""
    root = tmp_path_factory.mktemp("original")
    for name, fps in RATES.items():
        write_video(root / "videos" / name, frames=90, fps=fps)
    gaps = np.random.default_rng(0).choice([1 / 60, 1 / 30, 1 / 24], 89)
    write_video(root / "videos/vfr.mp4", frames=90, times=[0.0, *np.cumsum(gaps).tolist()])
    write_video(root / "videos/late.mp4", frames=90, times=[0.5 + k / 30 for k in range(90)])
    write_video(root / "videos/empty.mp4", frames=20)
    rows, facts = [], {}
    for number, path in enumerate(sorted((root / "videos").iterdir())):
        times = probe(path).times
        frames = np.random.default_rng(number).integers(0, len(times), 12)
        marks = [] if path.stem == "empty" else sorted(round(float(times[k]), 6) for k in frames)
        row = Row(f"id{number}", f"videos/{path.name}", "When?", json.dumps(marks))
        rows.append(row)
        facts[row.id] = {"label": LABEL}
    write_set(
        root, rows, Manifest("mine", licence="CC0-1.0", videos=facts, event=EVENTS["repetition"])
    )
    return root


def times_of(folder: Path) -> dict[str, list[float]]:
    """Name of a video without suffix -> its times."""
    return {Path(row.video_path).stem: json.loads(row.answer) for row in read_rows(folder)}


@pytest.mark.parametrize("name", [row.name for row in FORMATS])
def test_export_data_is_read_back_with_equal_times(original, tmp_path, name):
    form = export_format(name)
    exported = export_data(original, tmp_path / "out", form)
    assert (exported.videos, exported.events) == (6, 60)
    out = tmp_path / "out"
    if name == "hub":
        with zipfile.ZipFile(out / "videos.zip") as archive:
            assert archive.testzip() is None
            archive.extractall(out)
        imported = [out]
    else:
        imported = [out / file for file in exported.files]
    videos = import_set(imported, tmp_path / "back")
    expected = times_of(original)
    if name == "csv":
        del expected["empty"]
        assert "videos without events, which have no line in a table: 1" in exported.notes
    assert times_of(tmp_path / "back") == expected
    assert all(video.difference <= max(form.resolution, 1e-6) for video in videos)
    late = "the video's time stamps begin at 0.500 s; times count from there"
    assert {note for video in videos for note in video.notes} <= {late}
    hashes = {content_hash(path) for path in (original / "videos").iterdir()}
    assert {content_hash(tmp_path / "back" / row.video_path) for row in
            read_rows(tmp_path / "back")} <= hashes  # fmt: skip


def test_export_data_elan_is_read_by_pympi(original, tmp_path):
    pympi = pytest.importorskip("pympi")
    exported = export_data(original, tmp_path / "out", export_format("elan"))
    assert len(exported.files) == 6
    for name, times in times_of(original).items():
        eaf = pympi.Elan.Eaf(tmp_path / "out" / f"{name}.eaf")
        assert list(eaf.get_tier_names()) == [LABEL]
        rows = sorted(eaf.get_annotation_data_for_tier(LABEL))
        assert [row[0] for row in rows] == [round(time * 1000) for time in times]
        assert all(row[1] == row[0] + 1 for row in rows)
        [media] = eaf.get_linked_files()
        assert (tmp_path / "out" / media["RELATIVE_MEDIA_URL"]).is_file()
        assert "from 0 in order of presentation" in dict(eaf.get_properties())["jumpscore.clock"]


def test_export_data_table_frames_are_those_of_the_times(original, tmp_path):
    export_data(original, tmp_path / "out", export_format("csv"), videos=False)
    with (tmp_path / "out" / "events.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == ["video", "frame", "time", "label"]
    for row in rows:
        times = probe(original / row["video"]).times
        assert float(row["time"]) == round(float(times[int(row["frame"])]), 6)
        assert row["label"] == LABEL
    assert not (tmp_path / "out" / "videos").exists()


def test_export_data_boris_project(original, tmp_path):
    export_data(original, tmp_path / "out", export_format("boris"))
    project = json.loads((tmp_path / "out" / "events.boris").read_text())
    assert project["project_format_version"] == "7.0"
    [behaviour] = project["behaviors_conf"].values()
    assert (behaviour["type"], behaviour["code"]) == ("Point event", "jump & <rope>")
    for name, observation in project["observations"].items():
        [path] = observation["file"]["1"]
        info = probe(tmp_path / "out" / path)
        assert observation["media_info"]["length"][path] == pytest.approx(info.duration, abs=0.001)
        for time, subject, code, _, _, frame in observation["events"]:
            assert (subject, code) == ("", behaviour["code"])
            assert time == pytest.approx(info.times[frame], abs=0.0005001), name


@pytest.mark.browser
@pytest.mark.slow
@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium is installed")
def test_export_data_webvtt_is_read_by_chromium(browser, original, tmp_path):
    export_data(original, tmp_path / "out", export_format("webvtt"))
    texts = {path.stem: path.read_text() for path in (tmp_path / "out/videos").glob("*.vtt")}
    script = """async (text) => {
      const track = document.createElement('track');
      const video = document.createElement('video');
      track.src = URL.createObjectURL(new Blob([text], {type: 'text/vtt'}));
      video.append(track);
      document.body.append(video);
      const loaded = new Promise((done, fail) => { track.onload = done; track.onerror = fail; });
      track.track.mode = 'hidden';
      await loaded;
      return [...track.track.cues].map(cue => [cue.startTime, cue.endTime, cue.text]);
    }"""
    page = browser.new_page()
    for name, times in times_of(original).items():
        cues = page.evaluate(script, texts[name])
        assert [cue[0] for cue in cues] == pytest.approx([round(t, 3) for t in times])
        assert all(start < end <= start + 0.2001 for start, end, _ in cues)
        assert {text for _, _, text in cues} <= {"jump &amp; &lt;rope&gt;"}
    page.close()


def test_export_data_jsonl_is_a_data_set(original, tmp_path):
    export_data(original, tmp_path / "out", export_format("jsonl"))
    folder = locate(str(tmp_path / "out"))
    assert read_rows(folder) == read_rows(original)
    assert read_manifest(folder) == read_manifest(original)
    assert all((folder / row.video_path).is_file() for row in read_rows(folder))


def test_export_data_hub_archive_is_reproducible(original, tmp_path):
    for name in ("a", "b"):
        export_data(original, tmp_path / name, export_format("hub"))
    assert content_hash(tmp_path / "a/videos.zip") == content_hash(tmp_path / "b/videos.zip")


@pytest.fixture
def version(original, tmp_path) -> Path:
    """A version with two splits."""
    root = tmp_path / "version"
    rows = read_rows(original)
    for name, part in (("test", rows[:4]), ("train", rows[4:])):
        for row in part:
            place(original / row.video_path, root / name / row.video_path)
        manifest = replace(read_manifest(original), split=name, version=1)
        write_set(root / name, part, manifest)
    header = "---\n    path: test/data/*.parquet\n---\n"
    (root / "README.md").write_text(f"{header}# Mine\n\n## Use\n\nrun ./test\n\n## Splits\n\nx\n")
    write_sums(root)
    return root


def test_export_data_version_on_the_hub(original, version, tmp_path):
    exported = export_data(version, tmp_path / "out", export_format("hub"))
    assert exported.files == (
        "data/test-00000-of-00001.parquet", "data/train-00000-of-00001.parquet", "videos.zip",
    )  # fmt: skip
    assert read_rows(tmp_path / "out") == read_rows(original)
    with zipfile.ZipFile(tmp_path / "out" / "videos.zip") as archive:
        assert archive.namelist() == sorted(row.video_path for row in read_rows(original))
    card = (tmp_path / "out" / "README.md").read_text()
    assert "path: data/test-*.parquet" in card
    assert "./test" not in card
    assert card.endswith("Unpack `videos.zip` in this folder.\n\n## Splits\n\nx\n")


def test_export_data_version_in_folders(version, tmp_path):
    exported = export_data(version, tmp_path / "out", export_format("boris"))
    assert exported.files == ("test/events.boris", "train/events.boris")
    assert len(list((tmp_path / "out").glob("*/videos/*"))) == 6


def test_export_data_two_videos_of_one_name(original, tmp_path):
    root = tmp_path / "set"
    for path in ("a/x.mp4", "b/x.mp4"):
        place(original / "videos/film.mp4", root / path)
    write_set(root, [Row(path, path, "?", "[]") for path in ("a/x.mp4", "b/x.mp4")], Manifest("s"))
    with pytest.raises(DataError, match="2 videos are called 'x'"):
        export_data(root, tmp_path / "out", export_format("elan"))
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("path", ["../secret.mp4", "/etc/passwd"])
def test_export_data_paths_cannot_leave_the_set(tmp_path, path):
    write_set(tmp_path / "set", [Row("a", path, "?", "[]")], Manifest("s"))
    with pytest.raises(DataError, match="leaves the data set's folder"):
        export_data(tmp_path / "set", tmp_path / "out", export_format("csv"))


def test_export_data_marks_between_frames_are_counted(original, tmp_path):
    root = tmp_path / "set"
    place(original / "videos/film.mp4", root / "videos/film.mp4")
    write_set(root, [Row("a", "videos/film.mp4", "?", "[0.05, 0.4]")], Manifest("s"))
    exported = export_data(root, tmp_path / "out", export_format("webvtt"))
    assert exported.notes[-1] == "events between two frames, which tools that count frames move: 1"


def test_export_format_unknown():
    with pytest.raises(UsageError, match="unknown format 'ellan'; did you mean 'elan'"):
        export_format("ellan")
