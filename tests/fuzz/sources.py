"""Targets: what comes from other tools and people: annotations, submissions and canvases."""

from __future__ import annotations

import dataclasses
import json
import shutil
from collections.abc import Iterator
from functools import cache, partial
from pathlib import Path

import numpy as np

from evaluators.images import mask_pixels, read_mask
from evaluators.tracking.folders import read_labels
from jumpscore.boards.board import check_alone, open_board
from jumpscore.builder.imports.clocks import TrackTimes, place_marks
from jumpscore.builder.imports.formats import FORMATS, format_of
from jumpscore.builder.imports.importer import import_set
from jumpscore.builder.imports.rates import parse_rate
from jumpscore.builder.imports.sources import Source
from jumpscore.errors import JumpScoreError
from jumpscore.report.exports.hub import parse_note
from jumpscore.video.prepared.folders import read_prepared, write_prepared
from jumpscore.video.prepared.layout import META, POSITIONS, SEAL, sha256
from jumpscore.video.prepared.references import Reference, parse_reference
from jumpscore.video.visual_input import VisualInput, whole_frames
from model_wrappers.checkpoints import digest
from tests.fuzz.answers import text_of
from tests.fuzz.records import DATA, file_target
from tests.fuzz.target import Read, Target
from tests.jumpscore.boards import submissions
from tests.jumpscore.builder.imports import examples
from tests.support import write_video

MARKS = (
    b"video,time,label\na.mp4,0.5,jump\nb.mp4,1.5,jump\n",
    b'{"id": "a", "video_path": "a.mp4", "question": "?", "answer": "[1.0]"}\n',
    b"WEBVTT\n\n00:01.280 --> 00:01.480\njump\n",
)
SUFFIXES = {"csv": ".csv", "repcount": ".csv", "hub": ".jsonl"}


def targets() -> Iterator[Target]:
    """Yield the targets."""
    for row in FORMATS:
        yield Target(
            f"import-{row.name}",
            partial(_annotations, row.name),
            partial(_importer, row.name),
        )
    yield Target("import-any", _annotations, partial(_importer, None))
    yield Target("import-set", lambda: MARKS, _import_set)
    rates = (b"30000/1001", b"29.97", b"25")
    yield Target("import-rate", lambda: rates, lambda folder: _rate, (JumpScoreError, ValueError))
    yield Target("submission", _facts, partial(_submission, name="submission.yaml"))
    yield Target("submission-answers", _lines, partial(_submission, name="responses.jsonl"))
    yield file_target(
        "board", _boards(), lambda file: open_board(file.parent).board, file="board.yaml"
    )
    notes = (b"jumpscore; stderr 0.1; n 12", b"F1 0.5")
    yield Target("hub-note", lambda: notes, lambda folder: _note, allowed=())
    for name in (META, POSITIONS, "canvas_001.png"):
        yield Target(
            f"canvases-{name}", partial(_canvas_seeds, name), partial(_canvases, name=name)
        )
    yield file_target("mask", _pictures(), _mask, file="a.png")
    yield file_target("labels", _pictures(), _labels, file="a.png")
    header = b'{"a": {"dtype": "U8", "shape": [4], "data_offsets": [0, 4]}}'
    weights = len(header).to_bytes(8, "little") + header + bytes(4)
    yield file_target(
        "checkpoint", [weights], lambda file: digest(file.parent), file="model.safetensors"
    )
    reference = Reference("/media/a", "a.mp4", "0" * 64, 2, "codec").to_bytes()
    yield Target("canvases-reference", lambda: (reference,), lambda folder: parse_reference)


def _annotations(name: str = "") -> list[bytes]:
    """Return the examples of a format, or of all."""
    texts = {
        "via": (examples.VIA_FULL, examples.VIA_SEGMENTS),
        "cvat": (examples.CVAT_IMAGES,),
        "webvtt": (examples.WEBVTT,),
        "csv": ("file;frame;event\na.mp4;12;jump\n", "start\n0:01.28\n"),
    }
    names = [name] if name else list(examples.EXAMPLES)
    chosen = [text for one in names for text in (examples.EXAMPLES[one], *texts.get(one, ()))]
    return [text.encode() for text in chosen]


def _importer(name: str | None, folder: Path) -> Read:
    """Return a reader of annotation files that places their marks in a video, too."""
    write_video(folder / "clip.mp4", frames=150, fps=30)
    track = TrackTimes.read(folder / "clip.mp4")
    file = folder / f"file{SUFFIXES.get(name or '', '.txt')}"

    def read(content: bytes) -> object:
        file.write_bytes(content)
        source = Source(file)
        recordings = format_of(source, name).read(source)
        for recording in recordings[:20]:
            try:
                place_marks(recording, track)
            except JumpScoreError:
                continue
        return recordings

    return read


def _import_set(folder: Path) -> Read:
    """Return a reader that writes a whole data set."""
    for name in "ab":
        write_video(folder / f"{name}.mp4", frames=150, fps=30, gop=12 + ord(name))
    out = folder / "out"

    def read(content: bytes) -> object:
        shutil.rmtree(out, ignore_errors=True)
        file = folder / ("marks.jsonl" if content[:1] == b"{" else "marks.csv")
        file.write_bytes(content)
        return [dataclasses.replace(one, file=Path("a")) for one in import_set([file], out)]

    return read


def _rate(content: bytes) -> object:
    return parse_rate(text_of(content))


def _note(content: bytes) -> object:
    return parse_note(text_of(content))


@cache
def _facts() -> tuple[bytes, ...]:
    facts = {"checksum": submissions.checksum(), **submissions.FACTS}
    plain = "".join(f"{key}: {value}\n" for key, value in facts.items())
    return plain.encode(), json.dumps(facts).encode()


@cache
def _lines() -> tuple[bytes, ...]:
    answers = submissions.answers()
    more = [{**line, "usage": {"prompt": 10}, "confidences": [0.5]} for line in answers]
    return tuple(
        b"".join(json.dumps(line).encode() + b"\n" for line in one) for one in (answers, more)
    )


def _submission(folder: Path, name: str) -> Read:
    written = submissions.write(folder / "a")

    def read(content: bytes) -> object:
        (written / name).write_bytes(content)
        checked = check_alone(written)
        return type(checked).__name__

    return read


def _boards() -> tuple[bytes, ...]:
    facts = {"title": "A board", "task": "jumpscore", "version": "1", "data": "synthetic-mini"}
    content = "".join(f"{key}: {value}\n" for key, value in facts.items())
    return (f"{content}checksum: {submissions.checksum()}\n".encode(),)


def _pictures() -> list[bytes]:
    return [path.read_bytes() for path in sorted((DATA / "runs/spatial_set/masks").glob("*.png"))]


def _mask(file: Path) -> object:
    content, size = read_mask(file)
    return size, mask_pixels(content).shape


def _labels(file: Path) -> object:
    return read_labels(file).shape


def _written(folder: Path) -> Path:
    """Write canvases like those of ``prepare``."""
    video = write_video(folder / "a.mp4", frames=40, size=(112, 56))
    blocks = whole_frames([0, 5, 11], width=112, height=56)
    blocks[2, :, 1:] = -1
    visual = VisualInput(
        kind="codec",
        path=video,
        width=112,
        height=56,
        blocks=blocks,
        frame_indices=(0, 5, 11),
        times=(0.0, 0.2, 1 / 3),
        fps=30.0,
        time_policy="pts",
        decimals=2,
        provenance={"backend": "by hand", "version": "1"},
    )
    return write_prepared(visual, folder / "canvases", lossless=True).folder or folder


@cache
def _canvas_seeds(name: str) -> tuple[bytes, ...]:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        content = (_written(Path(folder)) / name).read_bytes()
    if name != META:
        return (content,)
    foreign = {"fps": 25.0, "groups": [{"x": None}], "version": 1}
    return content, json.dumps(foreign).encode()


def _canvases(folder: Path, name: str) -> Read:
    """Return a reader of canvases in which one file is the input; digests are made to match."""
    written = _written(folder)
    meta = json.loads((written / META).read_text())
    [own] = (key for key, value in meta.items() if isinstance(value, dict) and "files" in value)

    def read(content: bytes) -> object:
        (written / name).write_bytes(content)
        if name != META:
            meta[own]["files"][name] = {"sha256": sha256(content), "bytes": len(content)}
            (written / META).write_text(json.dumps(meta))
        (written / "_DONE").write_bytes(SEAL + sha256((written / META).read_bytes()).encode())
        visual = read_prepared(written)
        if name == META:
            return visual.pixels.shape
        return int(np.sum(visual.blocks >= 0))

    return read
