from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from jumpscore.builder import bundled as bundled_sets
from jumpscore.builder.generate import GENERATOR, synthesize
from jumpscore.builder.jump_rope import load_profile, sample_clips
from jumpscore.data.catalogue import BUNDLED, bundled_set
from jumpscore.data.layout import read_manifest, read_rows
from jumpscore.errors import DataError, UsageError
from jumpscore.video import content_hash, probe

TINY = [
    "clips=2",
    "durations=[{low: 4, high: 5, weight: 1}]",
    "resolutions=[{width: 160, height: 128, weight: 1}]",
]


@pytest.fixture(scope="module")
def rendered(tmp_path_factory):
    out = tmp_path_factory.mktemp("synthetic") / "set"
    reports = []
    profile = load_profile("mini", TINY)
    synthesize(
        out,
        profile,
        seed=5,
        workers=2,
        on_progress=lambda done, total: reports.append((done, total)),
    )
    assert reports == [(1, 2), (2, 2)]
    return out


def test_synthesize_rows_videos_and_manifest(rendered):
    rows, manifest = read_rows(rendered), read_manifest(rendered)
    specs = sample_clips(load_profile("mini", TINY), seed=5)
    assert [row.id for row in rows] == [spec.id for spec in specs]
    assert manifest.synthetic
    for row in rows:
        facts = manifest.videos[row.id]
        video = rendered / row.video_path
        assert row.video_path == f"videos/{video.stem}.mp4"
        assert video.stem.startswith(row.id)
        assert len(video.stem) == 32
        assert content_hash(video) == facts["sha256"]
        info = probe(video)
        assert (info.frames, info.width, info.height) == (
            facts["frames"],
            facts["width"],
            facts["height"],
        )
        events = json.loads(row.answer)
        assert len(events) == facts["jumps"] > 0
        assert 0 <= min(events) < max(events) < info.duration
    assert {file.name for file in (rendered / "videos").iterdir()} == {
        row.video_path.removeprefix("videos/") for row in rows
    }


def test_synthesize_with_one_process(rendered, tmp_path):
    synthesize(tmp_path / "again", load_profile("mini", TINY), seed=5, workers=1)
    assert read_manifest(tmp_path / "again") == read_manifest(rendered)


def test_synthesize_existing_set(rendered):
    before = {file: file.stat().st_mtime_ns for file in (rendered / "videos").iterdir()}
    synthesize(rendered, load_profile("mini", TINY), seed=5)
    assert before == {file: file.stat().st_mtime_ns for file in (rendered / "videos").iterdir()}
    gone = next(iter(before))
    gone.unlink()
    synthesize(rendered, load_profile("mini", TINY), seed=5, workers=1)
    assert gone.exists()


def test_synthesize_never_overwrites_another_set(rendered, tmp_path):
    with pytest.raises(UsageError, match=r"another recipe \(seed 5\)"):
        synthesize(rendered, load_profile("mini", TINY), seed=6)
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(UsageError, match="not empty and not a data set"):
        synthesize(tmp_path, load_profile("mini", TINY), seed=5)


def test_synthesize_unwritable_folder(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(UsageError, match="cannot be written"):
        synthesize(tmp_path / "file" / "set", load_profile("mini", TINY), seed=5)


class TestBundled:
    @pytest.mark.parametrize("name", [row.name for row in BUNDLED])
    def test_materialize_bundled_annotations(self, name):
        """Without rendering: ids and events come from profile and seed alone."""
        from jumpscore.builder.jump_rope import clip_rhythm

        manifest, rows = (
            bundled_sets.bundled_manifest(name),
            bundled_sets.read_rows(bundled_sets.bundled_folder(name)),
        )
        assert manifest.recipe["profile"] == load_profile(name).recipe()
        assert manifest.recipe["seed"] == bundled_set(name).seed
        specs = sample_clips(load_profile(name), seed=manifest.recipe["seed"])
        assert [spec.id for spec in specs] == [row.id for row in rows]
        for spec, row in zip(specs, rows, strict=True):
            events = [round(time, 2) for time in clip_rhythm(spec).events]
            assert events == json.loads(row.answer)

    @pytest.fixture
    def bundled(self, rendered, tmp_path, monkeypatch):
        """A bundled set as small as the tests need it, written from ``made``."""
        folder = tmp_path / "bundled"
        bundled_sets.write_bundled(rendered, folder)
        monkeypatch.setattr(bundled_sets, "bundled_folder", lambda name: folder)
        monkeypatch.setattr(bundled_sets, "load_profile", lambda name: load_profile("mini", TINY))
        return folder

    def test_materialize_checks_videos(self, bundled, rendered):
        assert dict(bundled_sets.materialize("mini", rendered, workers=1)) == {"exact": 2}

    def test_materialize_other_picture(self, bundled, rendered):
        manifest = bundled_sets.bundled_manifest("mini")
        first = next(iter(manifest.videos))
        pictures = dict(manifest.videos[first]["pictures"], sha256="0" * 64, frames=7)
        videos = {**manifest.videos, first: {**manifest.videos[first], "pictures": pictures}}
        (bundled / "manifest.json").write_text(
            json.dumps(replace(manifest, videos=videos).content())
        )
        with pytest.raises(DataError, match=f"video {first} do not match the bundled checksum"):
            bundled_sets.materialize("mini", rendered, workers=1)

    def test_materialize_other_event(self, bundled, rendered):
        rows = (bundled / "rows.jsonl").read_text()
        (bundled / "rows.jsonl").write_text(rows.replace("[", "[0.01, ", 1))
        with pytest.raises(DataError, match="differ from the bundled ones"):
            bundled_sets.materialize("mini", rendered, workers=1)

    def test_bundled_recipes_name_todays_renderer(self):
        """Otherwise a set that was rendered before would be refused as another one."""
        for name in [bundled.name for bundled in BUNDLED]:
            assert (
                read_manifest(Path(str(bundled_sets.bundled_folder(name)))).recipe["generator"]
                == GENERATOR
            )

    def test_bundled_folder_unknown(self):
        with pytest.raises(UsageError, match="unknown bundled data set 'maxi'; known: mini"):
            bundled_sets.bundled_folder("maxi")


def test_published_example_row():
    from importlib.resources import files

    text = files("jumpscore.annotations").joinpath("published_example/rows.jsonl").read_text()
    row = json.loads(text)
    times = json.loads(row["answer"])
    assert row["id"] == "00d77a68b4938f4e8761"
    assert len(times) == 28
    assert all(round(time / 0.04, 6).is_integer() for time in times)


KILLED = """
import os, signal, sys
from jumpscore.builder import generate
from jumpscore.builder.jump_rope import load_profile
if sys.argv[2] == "manifest":
    generate.write_set = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
    stop = lambda done, total: None
else:
    stop = lambda done, total: os.kill(os.getpid(), signal.SIGKILL)
profile = load_profile("mini", TINY)
generate.synthesize(sys.argv[1], profile, seed=5, workers=1, on_progress=stop)
"""


@pytest.mark.parametrize("when", ["first clip", "manifest"])
def test_synthesize_resumes_after_a_kill(rendered, tmp_path, when):
    out = tmp_path / "set"
    code = KILLED.replace("TINY", repr(TINY))
    killed = subprocess.run([sys.executable, "-c", code, str(out), when])
    assert killed.returncode == -signal.SIGKILL
    # A stop while the manifest is written leaves its scratch file, and a clip its own.
    (out / f".manifest.json.{killed_process()}").write_text('{"name": ')
    (out / "videos" / f".{'0' * 32}.mp4.{killed_process()}").write_bytes(b"half")
    before = {file: file.stat().st_mtime_ns for file in (out / "videos").glob("*.mp4")}
    reports = []
    synthesize(
        out,
        load_profile("mini", TINY),
        seed=5,
        workers=1,
        on_progress=lambda done, total: reports.append((done, total)),
    )
    assert reports == ([(2, 2)] if when == "first clip" else [])
    assert before.items() <= {f: f.stat().st_mtime_ns for f in (out / "videos").iterdir()}.items()
    assert read_manifest(out) == read_manifest(rendered)
    assert {entry.name for entry in out.iterdir()} == {"data", "manifest.json", "videos"}
    assert len(list((out / "videos").iterdir())) == 2


def test_synthesize_renders_changed_clips_again(rendered, tmp_path):
    out = tmp_path / "set"
    code = KILLED.replace("TINY", repr(TINY))
    subprocess.run([sys.executable, "-c", code, str(out), "manifest"])
    first = next((out / "videos").iterdir())
    first.write_bytes(first.read_bytes()[:-100])
    synthesize(out, load_profile("mini", TINY), seed=5, workers=1)
    assert read_manifest(out) == read_manifest(rendered)


def test_synthesize_names_depend_on_the_recipe(rendered, tmp_path):
    name = read_manifest(rendered).name
    assert re.fullmatch(r"synthetic-mini-[0-9a-f]{8}", name)
    synthesize(tmp_path / "set", load_profile("mini", TINY), seed=6, workers=1)
    assert read_manifest(tmp_path / "set").name != name
    assert bundled_sets.bundled_manifest("mini").name == "synthetic-mini"


def killed_process() -> int:
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid
