"""``jumpscore data info``."""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from jumpscore.cli.console import output, print_json, progress, rendering
from jumpscore.cli.options import DataSetOptions, Json
from jumpscore.data.catalogue import data_set, locate
from jumpscore.data.layout import (
    Manifest,
    Row,
    data_file,
    parse_truth,
    read_manifest,
    read_rows,
    rows_checksum,
)
from jumpscore.data.versions import verify_version, version_of
from jumpscore.errors import VideoError
from jumpscore.harness.factory import make_task
from jumpscore.report.text import readable
from jumpscore.video import content_hash, probe

JUMP_TASKS = ("jumpscore", "jumpscore_count", "repetitions")
MOST_SHOWN = 20
"""Problems printed one by one; a last line counts the others."""


def describe_set(
    data: Annotated[str, typer.Argument(help="A folder, or a name such as mini.")],
    check: Annotated[bool, typer.Option(help="Verify every file against its row.")] = False,
    where: DataSetOptions = DataSetOptions(),
    as_json: Json = False,
) -> bool:
    """Print what a data set contains; return whether a check found a problem."""
    with rendering() as how:
        folder = locate(data, where.data_root, how)
    task = task_of(data, where)
    describe = _jumpscore_facts if task in JUMP_TASKS else partial(_task_facts, task)
    facts, problems = describe(folder, check=check)
    if check and (version := version_of(folder)) is not None:
        problems += verify_version(version)
    if as_json:
        print_json(facts | ({"problems": problems} if check else {}))
        return bool(problems)
    table = Table(show_header=False, title=str(folder), title_justify="left")
    for key, value in facts.items():
        table.add_row(key, readable(value))
    output().print(table)
    for problem in problems[:MOST_SHOWN]:
        output().print(problem, style="red", soft_wrap=True)
    if len(problems) > MOST_SHOWN:
        output().print(f"and {len(problems) - MOST_SHOWN} more; --json lists all", style="red")
    if check and not problems:
        output().print(f"all {facts['rows']} rows and their files are valid", style="green")
    return bool(problems)


def task_of(data: str, where: DataSetOptions) -> str:
    """Return the task that reads a data set: as chosen, that of its name, or JumpScore's."""
    row = data_set(data)
    return where.task or (row.task if row else JUMP_TASKS[0])


def _jumpscore_facts(folder: Path, *, check: bool) -> tuple[dict[str, Any], list[str]]:
    rows, manifest = read_rows(folder), read_manifest(folder)
    problems: list[str] = []
    if check:
        with progress("checking") as advance:
            for done, (row, messages) in enumerate(_check(folder, rows, manifest), start=1):
                problems += [f"id {row.id}: {problem}" for problem in messages]
                advance(done, len(rows))
    return _facts(folder, rows, manifest), problems


def _task_facts(task: str, folder: Path, *, check: bool) -> tuple[dict[str, Any], list[str]]:
    """Return facts about the rows of any task, and their problems."""
    manifest = read_manifest(folder)
    reader = make_task(task, {"data": str(folder)})
    samples, missing = reader.load(), reader.missing()
    unusable = [sample.problem for sample in samples if sample.problem is not None]
    facts = {
        "name": manifest.name,
        "task": task,
        "synthetic": manifest.synthetic,
        "licence": manifest.licence,
        "source": manifest.source,
        "rows": len(samples),
        "checksum": reader.data().checksum,
        "revision": reader.data().revision,
        "unusable rows": len(unusable),
        "missing files": len(missing),
    }
    problems = [*unusable, *(f"{path}: is missing" for path in missing)]
    return facts, problems if check else []


def _facts(root: Path, rows: Sequence[Row], manifest: Manifest) -> dict[str, Any]:
    parsed = [parse_truth(row.answer) for row in rows]
    counts = [len(times) for times, problem in parsed if problem is None]
    gaps = [b - a for times, _ in parsed for a, b in pairwise(times)]
    files = [data_file(root, row.video_path) for row in rows]
    known = [facts for facts in manifest.videos.values() if "duration" in facts]
    sizes = Counter(f"{facts['width']}x{facts['height']}" for facts in known if "width" in facts)
    nuisance = Counter(name for facts in known for name in facts.get("nuisance", []))
    return {
        "name": manifest.name,
        "synthetic": manifest.synthetic,
        "licence": manifest.licence,
        "source": manifest.source,
        "version": manifest.version,
        "split": manifest.split,
        "rows": len(rows),
        "checksum": rows_checksum(rows),
        "unusable rows": sum(problem is not None for _, problem in parsed),
        "jumps": sum(counts),
        "jumps per video (median)": statistics.median(counts) if counts else None,
        "gap between jumps, s (median)": round(statistics.median(gaps), 3) if gaps else None,
        "videos present": sum(problem is None and path.is_file() for path, problem in files),
        "seconds of video": round(sum(facts["duration"] for facts in known), 1) if known else None,
        "sizes": dict(sizes),
        "nuisance factors": dict(nuisance),
    }


def _check(root: Path, rows: Sequence[Row], manifest: Manifest) -> Iterator[tuple[Row, list[str]]]:
    """Yield every row with its problems."""
    for row in rows:
        path, problem = data_file(root, row.video_path)
        problems = [problem] if problem else []
        duration = None
        if not problem:
            try:
                info = probe(path)
            except VideoError as error:
                problems.append(str(error))
            else:
                duration = info.duration
                if info.truncated:
                    problems.append(f"{path}: the file is cut off ({info.truncated})")
                expected = manifest.videos.get(row.id, {}).get("sha256")
                if expected and content_hash(path) != expected:
                    problems.append(f"{path}: is not the file that the manifest describes (sha256)")
        _, unusable = parse_truth(row.answer, duration=duration)
        yield row, problems + ([unusable] if unusable else [])
