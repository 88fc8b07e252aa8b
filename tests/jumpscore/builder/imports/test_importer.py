from __future__ import annotations

import json
import shutil
from fractions import Fraction
from pathlib import Path

import pytest

import jumpscore
from jumpscore.builder.imports.clocks import ClockOptions
from jumpscore.builder.imports.importer import ImportOptions, import_set
from jumpscore.data.events import EVENTS
from jumpscore.data.layout import QUESTION, read_manifest, read_rows
from jumpscore.errors import DataError, UsageError
from jumpscore.video import content_hash

DATA = Path(__file__).parents[3] / "data/imports"
JUMPS = (8, 19, 30, 41, 52, 71, 90, 90)


@pytest.fixture
def place(videos, tmp_path):
    """Return a function that puts an annotation file next to ``clip.mp4``."""
    shutil.copy(videos / "clip.mp4", tmp_path)

    def place(content: str, name: str) -> Path:
        (tmp_path / name).write_text(content)
        return tmp_path / name

    return place


def answers(folder: Path) -> dict[str, list[float]]:
    return {row.id: json.loads(row.answer) for row in read_rows(folder)}


def true_times(track) -> list[float]:
    return [round(float(track.info.times[number]), 6) for number in JUMPS]


def test_import_set_equal_times_from_every_format(videos, track, tmp_path):
    """The same frames of one real video in every format, three of them written by packages."""
    line = track("clip.mp4")
    times, stamps = true_times(line), [round(t / line.ticks) for t in true_times(line)]
    boris = {
        "behaviors_conf": {},
        "observations": {
            "o": {
                "type": "MEDIA",
                "file": {"1": ["clip.mp4"]},
                "time offset": 0,
                "media_info": {"length": {"clip.mp4": 5.005}, "fps": {"clip.mp4": 29.97}},
                "events": [
                    [round(t, 3), "", "jump", "", "", n] for t, n in zip(times, JUMPS, strict=True)
                ],
            }
        },
    }
    via = {
        "project": {},
        "attribute": {},
        "file": {"1": {"fname": "clip.mp4"}},
        "view": {"1": {"fid_list": ["1"]}},
        "metadata": {str(k): {"vid": "1", "z": [round(t, 3)]} for k, t in enumerate(times)},
    }
    key_frames = "".join(f"<Keyframe><Timestamp>{s}</Timestamp></Keyframe>" for s in stamps)
    pairs = ",".join(f"{n},{n + 5}" for n in JUMPS)
    columns = ",".join(f"L{k}" for k in range(1, 17))
    files = {
        "boris.boris": json.dumps(boris),
        "via.json": json.dumps(via),
        "clip.kva": f"<KinoveaVideoAnalysis><OriginalFilename>clip</OriginalFilename><Keyframes>"
        f"{key_frames}</Keyframes></KinoveaVideoAnalysis>",
        "clip.xml": (DATA / "datumaro.xml").read_text(),
        "repcount.csv": f"type,name,count,{columns}\nrope,clip.mp4,8,{pairs}\n",
        "times.csv": "video,time\n" + "".join(f"clip.mp4,{t}\n" for t in times),
        "rows.jsonl": json.dumps(
            {"id": "clip", "video_path": "clip.mp4", "question": "?", "answer": str(times)}
        ),
        "pympi.eaf": (DATA / "pympi.eaf").read_text(),
        "label_studio.json": (DATA / "label_studio.json").read_text(),
    }
    labels = {"pympi.eaf": ["jumps"], "label_studio.json": ["jump"]}
    rates = {"label_studio.json": Fraction(30000, 1001)}
    for name, content in files.items():
        (tmp_path / name).write_text(content)
        clock = ClockOptions(rate=rates.get(name))
        options = ImportOptions(labels=labels.get(name, ()), clock=clock)
        [video] = import_set(
            [tmp_path / name], tmp_path / f"set-{name}", videos=videos, options=options
        )
        assert answers(tmp_path / f"set-{name}") == {"clip": times}, name
        assert video.difference < 0.001, name


def test_import_set_is_run_at_once(place, tmp_path):
    marks = place("time\n0.5\n1.0\n1.0\n2.0\n", "clip.csv")
    import_set([marks], tmp_path / "set")
    run = jumpscore.evaluate(
        "oracle",
        "jumpscore",
        task_options={"data": str(tmp_path / "set")},
        run={"folder": tmp_path / "runs", "expose_truth": True},
    )
    assert run.result.total == 1
    assert run.result.unscored == 0
    manifest = read_manifest(tmp_path / "set")
    facts = manifest.videos["clip"]
    assert (facts["events"], facts["frames"], facts["imported_from"]) == (4, 150, "clip.csv")
    assert facts["sha256"] == content_hash(tmp_path / "set/videos/clip.mp4")
    assert manifest.event == EVENTS["jump_rope"]
    [row] = read_rows(tmp_path / "set")
    assert row.question == QUESTION
    assert answers(tmp_path / "set") == {"clip": [0.5, 1.0, 1.0, 2.0]}


def test_import_set_named_by_label(videos, tmp_path):
    table = tmp_path / "train.csv"
    table.write_text("type,name,count,L1,L2\nsquat,film.mp4,1,0,27\npull_up,fast.mp4,1,4,60\n")
    options = ImportOptions(event=EVENTS["repetition"])
    import_set([table], tmp_path / "set", videos=videos, options=options)
    first, second = read_rows(tmp_path / "set")
    assert "each squat the" in first.question
    assert "each pull_up the" in second.question
    assert read_manifest(tmp_path / "set").videos["fast"]["label"] == "pull_up"


def test_import_set_several_labels(place, tmp_path):
    marks = place("time,label\n0.5,jump\n1.0,miss\n1.5,land\n", "clip.csv")
    with pytest.raises(UsageError, match=r"3 labels \('jump', 'land', 'miss'\); choose with --la"):
        import_set([marks], tmp_path / "set")
    with pytest.raises(UsageError, match="no label is called 'jumps'; the files have 'jump'"):
        import_set([marks], tmp_path / "set", options=ImportOptions(labels=["jumps"]))
    import_set([marks], tmp_path / "set", options=ImportOptions(labels=["jump", "land"]))
    assert answers(tmp_path / "set") == {"clip": [0.5, 1.5]}


def test_import_set_same_video_twice(place, tmp_path):
    first = place("video,time\nclip.mp4,0.5\n", "anna.csv")
    second = place("video,time\nclip.mp4,0.6\n", "bob.csv")
    with pytest.raises(UsageError, match="has 2 recordings"):
        import_set([first, second], tmp_path / "set")


def test_import_set_recordings_are_chosen(videos, tmp_path):
    table = tmp_path / "marks.csv"
    table.write_text("video,time\nfilm.mp4,0.5\nfast.mp4,0.6\n")
    options = ImportOptions(recordings=["fast.mp4"])
    import_set([table], tmp_path / "set", videos=videos, options=options)
    assert answers(tmp_path / "set") == {"fast": [0.6]}


def test_import_set_equal_names_get_different_ids(videos, tmp_path):
    for folder, name in (("a", "film.mp4"), ("b", "fast.mp4")):
        (tmp_path / "all" / folder).mkdir(parents=True)
        shutil.copy(videos / name, tmp_path / "all" / folder / "clip.mp4")
    table = tmp_path / "marks.csv"
    table.write_text("video,time\na/clip.mp4,0.5\nb/clip.mp4,0.6\n")
    import_set([table], tmp_path / "set", videos=tmp_path / "all")
    ids = [f"clip-{content_hash(videos / name)[:8]}" for name in ("film.mp4", "fast.mp4")]
    assert answers(tmp_path / "set") == dict(zip(ids, ([0.5], [0.6]), strict=True))


def test_import_set_round_trip_of_a_set(videos, tmp_path):
    table = tmp_path / "marks.csv"
    table.write_text("video,time\nfilm.mp4,0.5\nfast.mp4,0.633\n")
    import_set([table], tmp_path / "one", videos=videos)
    import_set([tmp_path / "one"], tmp_path / "two")
    assert read_rows(tmp_path / "two") == read_rows(tmp_path / "one")


def test_import_set_two_sets_with_equal_paths(videos, tmp_path):
    """The second video must not be written over the first, which is a hard link."""
    for name, stem in (("one", "film"), ("two", "fast")):
        (tmp_path / name).mkdir()
        shutil.copy(videos / f"{stem}.mp4", tmp_path / name / "clip.mp4")
        row = {"id": name, "video_path": "clip.mp4", "question": "?", "answer": "[0.5]"}
        (tmp_path / name / "rows.jsonl").write_text(json.dumps(row))
    before = content_hash(tmp_path / "one/clip.mp4")
    with pytest.raises(DataError, match=r"'clip\.mp4' is that of another video"):
        import_set([tmp_path / "one", tmp_path / "two"], tmp_path / "set")
    assert content_hash(tmp_path / "one/clip.mp4") == before


def test_import_set_writes_nothing_on_errors(place, tmp_path):
    marks = place("time\n0.5\n99\n", "clip.csv")
    with pytest.raises(DataError, match="outside of clip"):
        import_set([marks], tmp_path / "set")
    (tmp_path / "full").mkdir()
    (tmp_path / "full/file").touch()
    with pytest.raises(UsageError, match="is not empty"):
        import_set([place("time\n0.5\n", "clip.csv")], tmp_path / "full")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["clip.csv", "clip.mp4", "full"]


def test_import_set_truncated_video(place, tmp_path):
    marks = place("time\n0.5\n", "clip.csv")
    content = (tmp_path / "clip.mp4").read_bytes()
    (tmp_path / "clip.mp4").write_bytes(content[: len(content) // 2])
    with pytest.raises(jumpscore.errors.VideoError, match=r"clip\.mp4"):
        import_set([marks], tmp_path / "set")


def test_import_set_hub_paths_cannot_leave_the_set(place, tmp_path):
    row = {"id": "clip", "video_path": "../clip.mp4", "question": "?", "answer": "[0.5]"}
    marks = place(json.dumps(row), "rows.jsonl")
    with pytest.raises(DataError, match="leaves the data set's folder"):
        import_set([marks], tmp_path / "set")
