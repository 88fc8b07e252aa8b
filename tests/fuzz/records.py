"""Targets: readers of records, which are runs, data sets, projects, settings and answer files."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, replace
from functools import cache
from pathlib import Path
from shutil import copytree
from typing import Any

import numpy as np

from evaluators.spatial.rows import SpatialRow
from evaluators.spatial.rows import read_truth as spatial_truth
from evaluators.traces.rows import TraceRow
from evaluators.traces.rows import read_truth as trace_truth
from evaluators.tracking.queries import Query, check_query, parse_trajectories
from jumpscore.builder.ingest.fingerprints import Fingerprint, read_fingerprint, store_fingerprint
from jumpscore.builder.ingest.intake import read_rejected
from jumpscore.builder.project import Change, Edit, Mark, Project, ProjectVideo
from jumpscore.builder.project.journal import read_annotation
from jumpscore.builder.proposals import Candidate, Proposals, read_proposals
from jumpscore.builder.release.contents import VersionRecord, read_record
from jumpscore.data.events import EVENTS, event_definition
from jumpscore.data.layout import (
    Manifest,
    Row,
    data_file,
    parse_truth,
    read_manifest,
    read_row_file,
    read_rows,
)
from jumpscore.data.predictions import read_predictions
from jumpscore.data.versions import verify_version
from jumpscore.harness.compose import compose
from jumpscore.harness.config import run_config
from jumpscore.harness.repeats import read_repeats
from jumpscore.runs.lines import parse_scores, response_line, score_line
from jumpscore.runs.reader import read_record as read_run_record
from jumpscore.runs.reader import read_responses, read_run
from jumpscore.studies.ablation import read_ablation
from tests.fuzz.answers import text_of
from tests.fuzz.target import ROOT, Read, Target

DATA = ROOT / "tests/data"
RUNS = DATA / "runs"
VIDEO = ProjectVideo(
    id="0" * 20,
    path="videos/" + "0" * 32 + ".mp4",
    name="a.mp4",
    sha256="0" * 64,
    bytes=1000,
    licence="CC0-1.0",
    source="here",
    duration=4.0,
    frames=100,
    width=128,
    height=64,
    fps=25.0,
    codec="h264",
)
ROW = Row("a", "videos/a.mp4", "When?", "[0.5, 1.5]")
RESPONSES = (
    b'{"id": "a", "text": "[0.5, 1.5]", "finish_reason": "stop"}\n{"id": "b", "times": [1, 2.5]}\n',
    b'[{"question_id": 1, "prediction": "1.0"}, {"id": 2, "times": [], "confidences": []}]',
    b'{"a": [1.0, 2.0], "b": "at 3 s", "c": {"times": [1], "confidences": [0.5]}}',
)
TABLES = (
    b'index\tquestion\tanswer\tprediction\n1\twhen?\t[1]\tat 1 s\n2\twhen?\t[2]\t"at\n2 s"\n',
    b"id,text\na,[1.0]\nb,none\n",
)


def file_target(
    name: str, seeds: Iterable[bytes], read: Callable[[Path], object], *, file: str
) -> Target:
    """Return a target that reads one file.

    Args:
        name: Name of the target.
        seeds: Valid contents.
        read: Takes the path of the file.
        file: Name of the file.
    """
    return Target(name, lambda: seeds, lambda folder: _reader(folder / file, read))


def _reader(file: Path, read: Callable[[Path], object]) -> Read:
    file.parent.mkdir(parents=True, exist_ok=True)

    def write_and_read(content: bytes) -> object:
        file.write_bytes(content)
        return read(file)

    return write_and_read


def targets() -> Iterator[Target]:
    """Yield the targets."""
    yield from _runs()
    yield from _projects()
    yield from _sets()
    yield from _answer_files()
    definitions = [json.dumps(asdict(event)).encode() for event in EVENTS.values()]
    yield file_target(
        "event", definitions, lambda file: event_definition(str(file)), file="event.json"
    )
    words = (
        b"model=motion\nrun.limit=3", b"input=codec\ninput.tokens=[1, 2]\ntask.data=/a b, 2",
        b"model=vllm\nmodel.arguments={enforce_eager: true, a: [1, {b: c}]}", b"run.ids=[a, 007]",
    )  # fmt: skip
    yield Target("settings", lambda: words, lambda folder: _settings)


def _runs() -> Iterator[Target]:
    files = {name: sorted(RUNS.glob(f"*/*/{name}")) for name in ("run.json", "responses.jsonl")}
    contents = {name: [path.read_bytes() for path in paths] for name, paths in files.items()}
    yield file_target(
        "run", contents["run.json"], lambda f: read_run_record(f.parent), file="run.json"
    )
    yield file_target(
        "responses",
        [*contents["responses.jsonl"], *_present_responses()],
        lambda file: read_responses(file.parent),
        file="responses.jsonl",
    )
    yield Target("scores", _scores, lambda folder: _run_with(folder, "scores.jsonl"))
    results = [path.read_bytes() for path in RUNS.glob("*/*/result.json")]
    yield Target("result", lambda: results, lambda folder: _run_with(folder, "result.json"))
    repeats = [path.read_bytes() for path in RUNS.glob("*/repeats/repeats.json")]
    yield Target("repeats", lambda: repeats, _repeats)
    metric = b'"metric": {"name": "f1", "label": "F1"}, "shown": {"frames": {"max_pixels": 1}}'
    empty = b'{"task": "jumpscore", "model": "a", "data": "b", %b, "budgets": []}' % metric
    yield file_target("ablation", [empty], lambda f: read_ablation(f.parent), file="ablation.json")


def _present_responses() -> Iterator[bytes]:
    """Yield stored responses as today's lines."""
    for path in RUNS.glob("*/oracle"):
        yield b"".join(map(response_line, read_responses(path).values()))


def _scores() -> Iterator[bytes]:
    """Yield scores in the old format and in today's."""
    for path in RUNS.glob("*/*/scores.jsonl"):
        content = path.read_bytes()
        yield content
        yield "".join(map(score_line, parse_scores(content))).encode()


def _run_with(folder: Path, name: str) -> Read:
    """Return a reader of a run in which one file is the input; digests are made to match."""
    run = copytree(RUNS / "format_2_db01f5e/oracle", folder / "run")
    result = json.loads((run / "result.json").read_text())

    def read(content: bytes) -> object:
        (run / name).write_bytes(content)
        if name == "scores.jsonl":
            digest = {"scores_sha256": hashlib.sha256(content).hexdigest()}
            (run / "result.json").write_text(json.dumps(result | digest))
        stored = read_run(run)
        return stored.scores, stored.result

    return read


def _repeats(folder: Path) -> Read:
    runs = copytree(RUNS / "format_2_db01f5e/repeats", folder / "repeats")
    return _reader(runs / "repeats.json", lambda file: read_repeats(file.parent).result)


def _projects() -> Iterator[Target]:
    mark = Mark("m1", 12, 0.48)
    moved = replace(mark, frame=13, time=0.52, note="late")
    edits = (Edit("add marks", (Change(None, mark),)), Edit("move", (Change(mark, moved),)))
    lines = [
        *({"at": 1.0 + k, "do": "edit", "edit": asdict(edit)} for k, edit in enumerate(edits)),
        *({"at": 4.0, "do": "undo"}, {"at": 5.0, "do": "redo"}),
        {"at": 6.0, "do": "details", "details": {"note": "a", "done": True}},
    ]
    journal = b"".join(json.dumps(line).encode() + b"\n" for line in lines)
    yield file_target(
        "journal",
        [journal],
        lambda file: read_annotation(file, video="a", annotator="b"),
        file="a.jsonl",
    )
    content = json.dumps({"format": 1, "event": asdict(EVENTS["jump_rope"])}).encode()
    yield file_target(
        "project", [content], lambda file: Project.open(file.parent).event, file="project.json"
    )
    videos = json.dumps(asdict(VIDEO)).encode() + b"\n"
    yield _in_project("project-videos", [videos, videos * 2], Project.videos, "videos.jsonl")
    rejected = b'{"file": "/a/b.mp4", "reason": "is damaged"}\n'
    yield _in_project("project-rejected", [rejected], read_rejected, "rejected.jsonl")
    proposals = Proposals(VIDEO.id, "motion", "00", "ok", (Candidate(3, 0.12, 0.5),))
    yield _in_project(
        "project-proposals",
        [json.dumps(asdict(proposals)).encode()],
        lambda project: read_proposals(project, VIDEO),
        f"proposals/{VIDEO.id}.json",
    )
    yield file_target("fingerprint", _fingerprints(), _fingerprint, file="fingerprint.npz")
    record = VersionRecord("ropes", 1, "2026-01-01", {"test": 1.0}, notes=("a",))
    yield file_target(
        "version",
        [json.dumps(asdict(record)).encode()],
        lambda file: read_record(file.parent),
        file="version.json",
    )
    sums = f"{hashlib.sha256(b'').hexdigest()}  test/manifest.json\n".encode()
    yield file_target("sums", [sums], lambda file: verify_version(file.parent), file="SHA256SUMS")


def _in_project(
    name: str, seeds: Iterable[bytes], read: Callable[[Project], object], file: str
) -> Target:
    def open_project(folder: Path) -> Read:
        project = Project.create(folder / "project")
        return _reader(project.root / file, lambda path: read(project))

    return Target(name, lambda: seeds, open_project)


@cache
def _fingerprints() -> tuple[bytes, ...]:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "a.npz"
        picture = np.zeros((8, 8), np.float32)
        store_fingerprint(file, Fingerprint(picture, np.zeros((3, 8, 8), np.float32)))
        return (file.read_bytes(),)


def _fingerprint(file: Path) -> object:
    stored = read_fingerprint(file)
    return stored is not None


def _sets() -> Iterator[Target]:
    manifest = Manifest("set", licence="CC0-1.0", videos={"a": {"duration": 4.0, "fps": 25}})
    full = replace(manifest, event=EVENTS["jump_rope"], version=1, split="test", recipe={"a": 1})
    contents = [json.dumps(one.content()).encode() for one in (manifest, full)]
    yield file_target(
        "manifest", contents, lambda file: read_manifest(file.parent), file="manifest.json"
    )
    rows = "".join(json.dumps(asdict(replace(ROW, id=name))) + "\n" for name in "abc").encode()
    yield file_target("rows", [rows], _rows, file="set/rows.jsonl")
    answers = (b"[0.5, 1.5]", b"[]", b"[1e3, 2]")
    yield Target("truth", lambda: answers, lambda folder: _truth)
    spatial = [line + b"\n" for line in (RUNS / "spatial_set/rows.jsonl").read_bytes().splitlines()]
    yield Target("rows-spatial", lambda: spatial, _spatial)
    trace = TraceRow("a", "where?", "vabench", "images/scene-0.png", [[0.1, 0.2], [0.3, 0.4]])
    solid = replace(
        trace,
        rule="tracespatial",
        trace=[[0, 0, 1.0], [0.1, 0, 1.2]],
        depth="masks/scene-0-one.png",
        mask="masks/scene-0-one.png",
        intrinsics=[[100, 0, 32], [0, 100, 24], [0, 0, 1]],
        box={"center": [0, 0, 1], "extent": [1, 1, 1], "rotation": np.eye(3).tolist()},
    )
    traces = [json.dumps(asdict(row)).encode() + b"\n" for row in (trace, solid)]
    yield Target("rows-traces", lambda: traces, _traces)
    points = '[{"frame": 3, "points": [{"id": "0", "point": [4, 5.5]}]}]'
    query = Query("a", "a", "the cup", 64, 48, 8, 6.0, ("1", "2"), points)
    yield file_target(
        "rows-tracking", [json.dumps(asdict(query)).encode() + b"\n"], _queries, file="rows.jsonl"
    )


def _rows(file: Path) -> object:
    rows = read_rows(file.parent)
    return [
        (row, data_file(file.parent, row.video_path)[1], parse_truth(row.answer)) for row in rows
    ]


def _truth(content: bytes) -> object:
    return parse_truth(text_of(content), duration=3.0)


def _spatial(folder: Path) -> Read:
    root = copytree(RUNS / "spatial_set", folder / "set")

    def read(file: Path) -> object:
        rows = read_row_file(file, SpatialRow)
        return [spatial_truth(row, root) for row in rows if _inside(root, row.files())]

    return _reader(root / "rows.jsonl", _without_pixels(read))


def _traces(folder: Path) -> Read:
    root = copytree(RUNS / "spatial_set", folder / "set")

    def read(file: Path) -> object:
        rows = read_row_file(file, TraceRow)
        return [trace_truth(row, root) for row in rows if _inside(root, row.files())]

    return _reader(root / "rows.jsonl", _without_pixels(read))


def _inside(root: Path, paths: Iterable[str]) -> bool:
    """Whether no path of a row leaves the set; tasks check that first, too."""
    return not any(data_file(root, path)[1] for path in paths if path)


def _without_pixels(read: Callable[[Path], Any]) -> Callable[[Path], object]:
    return lambda file: len(read(file))


def _queries(file: Path) -> object:
    queries = read_row_file(file, Query)
    for query in queries:
        check_query(query)
    return [
        parse_trajectories(
            query.frame_trajectories, objects=len(query.mask_ids), frames=query.n_frames
        )
        for query in queries
    ]


def _answer_files() -> Iterator[Target]:
    samples = (DATA / "lmms_eval_samples.jsonl").read_bytes()
    log = (DATA / "inspect_log.json").read_bytes()
    yield file_target("predictions", [*RESPONSES, samples, log], _predictions, file="a.json")
    yield file_target("predictions-table", TABLES, _predictions, file="a.tsv")
    archive = (DATA / "inspect_log.eval").read_bytes()
    yield file_target("predictions-archive", [archive], _predictions, file="a.eval")


def _predictions(file: Path) -> object:
    stored = read_predictions(file)
    stored.match({"a": ("videos/a.mp4",), "b": ("videos/b.mp4",), "clip0": ()})
    return stored.answers


def _settings(content: bytes) -> object:
    return run_config(compose(text_of(content).split("\n")))
