"""Readers, on files that the real packages wrote (tests/data/imports) and on special cases."""

from __future__ import annotations

import csv
import io
import json
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jumpscore.builder.imports.formats import FORMATS, format_of
from jumpscore.builder.imports.recordings import Frames, Mark, Recording, Seconds, Stamps
from jumpscore.builder.imports.sources import Source
from jumpscore.errors import DataError
from tests.jumpscore.builder.imports.examples import (
    BORIS,
    BOXES,
    CVAT_IMAGES,
    CVAT_TASK,
    CVAT_VIDEO,
    DATA,
    EXAMPLES,
    KINOVEA,
    REPCOUNT,
    VIA,
    VIA_FULL,
    VIA_SEGMENTS,
    WEBVTT,
)

JUMPS = (8, 19, 30, 41, 52, 71, 90, 90)
"""Frames from 0 that the files in ``DATA`` mark in a video of 30000/1001 fps; one is repeated."""


@pytest.fixture
def read(tmp_path):
    """Read a text with the format that its content is recognised as."""

    def read(text: str, expected: str, name: str = "file.txt") -> list[Recording]:
        path = tmp_path / name
        path.write_text(text, encoding="utf-8", newline="")
        source = Source(path)
        row = format_of(source)
        assert row.name == expected
        return row.read(source)

    return read


def values(recording: Recording, label: str = "jump") -> list[float]:
    return [mark.value for mark in recording.marks if mark.label == label]


def test_webvtt_cues(read):
    [recording] = read(WEBVTT, "webvtt", "clip.vtt")
    assert recording.marks == (Mark(3601.28, "jump & run"), Mark(2.5, "jump"))
    assert (recording.name, recording.videos, recording.clock) == ("clip", (), Seconds())


@pytest.mark.parametrize("timing", ["1.5 --> 2", "00:61.000 --> 00:62.000", "00:01,500 --> 00:02"])
def test_webvtt_malformed_times(read, timing):
    with pytest.raises(DataError, match="the times of a cue are malformed: '"):
        read(f"WEBVTT\n\n{timing}\njump\n", "webvtt")


def test_elan_written_by_pympi():
    source = Source(DATA / "pympi.eaf")
    [recording] = format_of(source).read(source)
    assert recording.videos == ("./clip.mp4", "file:///C:/clips/clip.mp4")
    assert values(recording, "jumps") == [round(n * 1001 / 30) / 1000 for n in JUMPS]
    assert values(recording, "notes") == [0]
    assert recording.clock == Seconds()


@given(starts=st.lists(st.integers(0, 600_000), min_size=1, max_size=20))
def test_elan_round_trip_with_pympi(tmp_path_factory, starts):
    elan = pytest.importorskip("pympi.Elan")
    path = tmp_path_factory.mktemp("elan") / "clip.eaf"
    document = elan.Eaf()
    document.add_linked_file("/data/clip.mp4", relpath="clip.mp4")
    document.add_tier("jumps")
    for start in starts:
        document.add_annotation("jumps", start, start + 1)
    document.to_file(str(path))
    [recording] = format_of(Source(path)).read(Source(path))
    assert values(recording, "jumps") == [start / 1000 for start in starts]
    assert recording.videos == ("clip.mp4", "/data/clip.mp4")


def test_elan_time_origin_is_added(read):
    text = EXAMPLES["elan"].replace('MIME_TYPE="video/mp4"', 'TIME_ORIGIN="1500"')
    [recording] = read(text, "elan")
    assert values(recording, "notes") == [1.5]
    assert recording.notes == ("TIME_ORIGIN of 1500 ms added",)


def test_elan_slot_without_time(read):
    text = EXAMPLES["elan"].replace('TIME_VALUE="267"', "")
    with pytest.raises(DataError, match=r"the time of 'a2' \(time slot '\w+'\) is None"):
        read(text, "elan")


def test_kinovea_stamps(read):
    [recording] = read(KINOVEA, "kinovea", "clip.kva")
    assert recording.marks == (Mark(1024), Mark(921600))
    assert recording.clock == Stamps(512, 1024)
    assert recording.videos == (r"C:\Users\me\clip.mp4", "clip")


def test_kinovea_before_version_0_9(read):
    text = KINOVEA.replace("<Timestamp>1024</Timestamp>", '<Position UserTime="0.0">1</Position>')
    with pytest.raises(DataError, match="key frame 1 has no Timestamp"):
        read(text, "kinovea")


def test_cvat_tracks_begin_where_they_become_visible(read):
    [recording] = read(CVAT_VIDEO, "cvat")
    assert values(recording) == [8, 19]
    assert values(recording, "person") == [0]
    assert (recording.clock, recording.stated.frames) == (Frames(base=0), 150)
    assert recording.videos == ("clip.mp4", "file")


def test_cvat_written_by_datumaro():
    source = Source(DATA / "datumaro.xml")
    [recording] = format_of(source).read(source)
    assert values(recording) == list(JUMPS)
    assert recording.stated.frames is None


def test_cvat_tags_of_images(read):
    [recording] = read(CVAT_IMAGES, "cvat")
    assert values(recording) == [8, 19, 19]


def test_cvat_several_tasks(read):
    second = CVAT_TASK.replace("<id>3", "<id>4").replace("clip.mp4", "b.mp4")
    tasks = f"{CVAT_TASK}{second}".replace("<meta>", "").replace("</meta>", "")
    text = CVAT_VIDEO.replace(CVAT_TASK, f"<meta><project><tasks>{tasks}</tasks></project></meta>")
    with pytest.raises(DataError, match=r"a track belongs to the task None, .* 2 tasks"):
        read(text, "cvat")
    first, other = read(text.replace('label="person"', 'label="p" task_id="4"'), "cvat")
    assert (values(first), values(other, "p")) == ([8, 19], [0])


def test_boris_offset_queue_and_states(read):
    first, second = read(json.dumps(BORIS), "boris")
    assert first.name == "morning, video 1"
    assert [(mark.value, mark.label, mark.frame) for mark in first.marks] == [
        (0.5, "jump", None),
        (1.5, "jump", 45),
        (2.0, "run", 60),
    ]
    # The second video begins 5.005 s later, its length cut to milliseconds.
    assert [(mark.value, mark.label) for mark in second.marks] == [(2.0, "run"), (2.0, "jump")]
    assert (second.stated.fps, second.stated.duration) == (25.0, 4.8)
    assert first.notes == ("observation 'talk' has no video and is left out",)


def test_boris_times_that_are_dates(read):
    project = json.loads(json.dumps(BORIS))
    project["observations"]["morning"]["media_creation_date_as_offset"] = True
    with pytest.raises(DataError, match="its times are dates"):
        read(json.dumps(project), "boris")


def test_via_project(read):
    [recording] = read(json.dumps(VIA), "via")
    assert recording.marks == (Mark(0.267, "jump"), Mark(0.634, "miss"))
    assert recording.videos == ("clips/clip.mp4", "clip.mp4")


@pytest.mark.parametrize("text", [VIA_FULL, VIA_SEGMENTS], ids=["full", "segments"])
def test_via_tables(read, text):
    [recording] = read(text, "via", "export.csv")
    assert recording.marks == (Mark(0.267, "0"), Mark(0.634, "0"))
    assert recording.videos == ("clip.mp4",)


def test_label_studio_written_by_its_sdk():
    source = Source(DATA / "label_studio.json")
    [recording] = format_of(source).read(source)
    assert values(recording) == [number + 1 for number in JUMPS]
    assert values(recording, "miss") == [131]
    assert recording.clock == Frames(base=1, counted_by="tool")
    assert recording.videos == ("/data/upload/1/0123abcd-clip.mp4",)


def test_label_studio_boxes_state_the_rate(read):
    [recording] = read(json.dumps(BOXES), "label_studio")
    assert values(recording) == [9, 20]
    assert isinstance(recording.clock, Frames)
    assert str(recording.clock.rate) == "30000/1001"
    assert recording.stated.duration == 60.026


def test_repcount_starts(read):
    squats, push_ups = read(REPCOUNT, "repcount")
    assert squats.marks == (Mark(0, "squat"), Mark(27, "squat"))
    assert squats.notes == ()
    assert push_ups.notes == ("states 6 repetitions and lists 2",)


def test_repcount_start_without_end(read):
    with pytest.raises(DataError, match=r"a\.mp4: has 5 frames, so a start lacks its end"):
        read(REPCOUNT.replace("60.0,,", "60.0,70,"), "repcount")


def test_table_times_and_frames(read):
    rows = "video;time;label\nb.mp4;1:02.5;jump\na.mp4;0.28;jump\nb.mp4;0:0:3;jump\n"
    recordings = read(rows, "csv")
    assert [(item.name, values(item)) for item in recordings] == [
        ("b.mp4", [62.5, 3.0]),
        ("a.mp4", [0.28]),
    ]
    [recording] = read("frame\n12\n12\n", "csv")
    assert (recording.videos, recording.clock) == ((), Frames(base=None))
    assert [mark.value for mark in recording.marks] == [12, 12]
    with pytest.raises(DataError, match=r"row 1: frame is '1\.5', which is not a frame number"):
        read("frame\n1.5\n", "csv")


def test_hub_rows_keep_id_and_question(read):
    [recording] = read(EXAMPLES["hub"], "hub", "rows.jsonl")
    assert (recording.id, recording.question, recording.marks) == ("a", "?", (Mark(1.0),))
    table = io.StringIO()
    writer = csv.writer(table)
    writer.writerows([["id", "video_path", "answer"], ["a", "a.mp4", "[0.5, 0.5]"]])
    [recording] = read(table.getvalue(), "hub", "rows.csv")
    assert (recording.question, recording.marks) == (None, (Mark(0.5), Mark(0.5)))
    with pytest.raises(DataError, match="id a: the ground truth is not a JSON list"):
        read(EXAMPLES["hub"].replace("[1.0]", "soon"), "hub", "rows.jsonl")


@pytest.mark.parametrize("row", FORMATS, ids=lambda row: row.name)
@given(data=st.data())
def test_read_damaged_files(tmp_path_factory, row, data):
    """A damaged file gives recordings or an error, whatever was changed."""
    text = EXAMPLES[row.name]
    for _ in range(data.draw(st.integers(1, 3))):
        start = data.draw(st.integers(0, len(text)))
        piece = data.draw(
            st.sampled_from(["", "[]", "{}", "null", "-1", "1e999", '"x"', "<a>", ","])
        )
        text = text[:start] + piece + text[start + data.draw(st.integers(0, 12)) :]
    path = tmp_path_factory.mktemp("damaged") / "file.jsonl"
    path.write_text(text)
    with suppress(DataError):
        assert row.read(Source(path))


@pytest.mark.parametrize("value", [None, [], {}, 0, "x", True, [[]], [None], {"a": None}])
@pytest.mark.parametrize("name", ["boris", "via", "label_studio"])
def test_read_wrong_types(tmp_path, name, value):
    """Every value of a JSON document replaced in turn."""
    [row] = (row for row in FORMATS if row.name == name)
    for document in replaced(json.loads(EXAMPLES[name]), value):
        path = tmp_path / "file.json"
        path.write_text(json.dumps(document))
        with suppress(DataError):
            assert row.read(Source(path))


def replaced(document, value):
    """Yield copies of a document with one of its values replaced."""
    yield value
    items = document.items() if isinstance(document, dict) else enumerate(document)
    for key, item in items:
        inner = replaced(item, value) if isinstance(item, dict | list) else [value]
        for other in inner:
            copy = document.copy()
            copy[key] = other
            yield copy
