"""``jumpscore data``: synthesize, info, list, lmms."""

from __future__ import annotations

import json
import statistics
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

from rich.table import Table

from jumpscore.cli.console import notes, output, print_json, progress
from jumpscore.cli.datasets import PUBLISHED, data_root, locate
from jumpscore.data.layout import (
    Manifest,
    Row,
    data_file,
    parse_truth,
    read_manifest,
    read_rows,
    rows_checksum,
)
from jumpscore.errors import UsageError, VideoError
from jumpscore.harness.factory import make_task
from jumpscore.video import content_hash, probe

JUMP_TASKS = ("jumpscore", "jumpscore_count")
MOST_SHOWN = 20
"""Problems printed one by one; a last line counts the others."""


def synthesize_set(
    out: Path, profile: str, overrides: Sequence[str], *, seed: int, workers: int | None
) -> None:
    """Render a data set and say what it holds."""
    from jumpscore.builder.generate import synthesize
    from jumpscore.builder.jump_rope import load_profile

    chosen = load_profile(profile, list(overrides))
    with progress("rendering", "clips") as advance:
        manifest = synthesize(out, chosen, seed=seed, workers=workers, on_progress=advance)
    jumps = sum(facts["jumps"] for facts in manifest.videos.values())
    seconds = sum(facts["duration"] for facts in manifest.videos.values())
    output().print(
        f"{out}: {len(manifest.videos)} clips, {seconds:.0f} s, {jumps} jumps",
        soft_wrap=True,
    )


def describe_set(
    data: str, *, task: str | None, root: Path | None, check: bool, as_json: bool
) -> bool:
    """Print what a data set holds; return whether a check found something wrong.

    Args:
        data: Folder or name.
        task: That asks about it; by default the one that its name belongs to, or JumpScore.
        root: The data root.
        check: Whether to open everything.
        as_json: Print JSON.
    """
    folder = locate(data, root=root)
    about = task or task_of_name(data) or JUMP_TASKS[0]
    describe = _jumpscore_facts if about in JUMP_TASKS else partial(_task_facts, about)
    facts, problems = describe(folder, check=check)
    if as_json:
        print_json(facts | ({"problems": problems} if check else {}))
        return bool(problems)
    table = Table(show_header=False, title=str(folder), title_justify="left")
    for key, value in facts.items():
        table.add_row(key, value if isinstance(value, str) else json.dumps(value))
    output().print(table)
    for problem in problems[:MOST_SHOWN]:
        output().print(problem, style="red", soft_wrap=True)
    if len(problems) > MOST_SHOWN:
        output().print(f"and {len(problems) - MOST_SHOWN} more; --json lists all", style="red")
    if check and not problems:
        output().print(f"all {facts['rows']} rows and their files are sound", style="green")
    return bool(problems)


def _jumpscore_facts(folder: Path, *, check: bool) -> tuple[dict[str, Any], list[str]]:
    rows, manifest = read_rows(folder), read_manifest(folder)
    problems: list[str] = []
    if check:
        with progress("checking") as advance:
            for done, (row, found) in enumerate(_check(folder, rows, manifest), start=1):
                problems += [f"id {row.id}: {problem}" for problem in found]
                advance(done, len(rows))
    return _facts(folder, rows, manifest), problems


def _task_facts(task: str, folder: Path, *, check: bool) -> tuple[dict[str, Any], list[str]]:
    """Return what can be said of the rows of any task, and what is wrong with them."""
    manifest = read_manifest(folder)
    made = make_task(task, {"data": str(folder)})
    samples, missing = made.load(), made.missing()
    unusable = [sample.problem for sample in samples if sample.problem is not None]
    facts = {
        "name": manifest.name,
        "task": task,
        "synthetic": manifest.synthetic,
        "licence": manifest.licence,
        "source": manifest.source,
        "rows": len(samples),
        "checksum": made.data().checksum,
        "revision": made.data().revision,
        "unusable rows": len(unusable),
        "missing files": len(missing),
    }
    problems = [*unusable, *(f"{path}: is missing" for path in missing)]
    return facts, problems if check else []


def offer_set(
    data: str, overrides: Sequence[str], *, task: str | None, out: Path, root: Path | None
) -> None:
    """Write lmms-eval's task over a data set, and say how to run it."""
    from jumpscore.lmms.export import export_task

    options: dict[str, Any] = {}
    for word in overrides:
        key, equals, value = word.partition("=")
        if not equals:
            raise UsageError(f"{word!r} is no key=value")
        options[key] = value
    of = task_of_name(data)
    chosen = task or of
    if chosen == "lmms":
        raise UsageError(f"{data}: is already a benchmark of lmms-eval; export a data set of ours")
    folder = locate(data, root=root).resolve()
    if chosen is None:
        raise UsageError(f"{data} is a folder: say with --task which task asks about it")
    made = make_task(chosen, {**options, "data": str(folder)})
    # By the name that was asked for; a rendered set may call itself otherwise.
    name, count = export_task(made, out, name=None if of is None else data)
    output().print(
        f"{name}: {count} documents of task {chosen}; use it with lmms-eval --include_path {out} "
        f"--tasks {name}",
        soft_wrap=True,
    )


def task_of_name(data: str) -> str | None:
    """Return the task that a data set's name belongs to; a folder has none."""
    from evaluators.published import published_sets
    from jumpscore.builder.frozen import FROZEN
    from jumpscore.builder.small_sets import MINIS

    published = published_sets()
    if data in published:
        return published[data].task
    if data in FROZEN or data == PUBLISHED:
        return JUMP_TASKS[0]
    return data.removeprefix("mini_") if data in MINIS else None


def list_sets(*, root: Path | None, as_json: bool) -> None:
    """Print every data set that has a name, and whether it is here."""
    from evaluators.published import published_sets
    from jumpscore.builder.frozen import FROZEN
    from jumpscore.builder.small_sets import MINIS
    from jumpscore.data.published import is_fetched

    place = data_root(root)
    rows = [(name, "jumpscore", "rendered", "bundled, rendered on first use") for name in FROZEN]
    rows += [
        (name, name.removeprefix("mini_"), "rendered", "rendered on first use") for name in MINIS
    ]
    here = (place / PUBLISHED).is_dir()
    told = {True: "here", False: "to be fetched"}
    rows.append((PUBLISHED, "jumpscore", told[here], "JumpScore: 240 videos"))
    rows += [
        (name, found.task, told[is_fetched(found, place)], found.title)
        for name, found in published_sets().items()
    ]
    if as_json:
        print_json(
            [dict(zip(("name", "task", "state", "title"), row, strict=True)) for row in rows]
        )
        return
    table = Table(title=f"data root: {place}", title_justify="left")
    for column in ("name", "task", "state", "what"):
        table.add_column(column, no_wrap=column == "name")
    for row in rows:
        table.add_row(*row)
    output().print(table)
    notes().print(
        "and the benchmarks of lmms-eval that 'jumpscore tasks' lists, such as videomme: "
        "'jumpscore data fetch NAME' brings them, and with --task lmms any other of lmms-eval's",
        style="dim",
        soft_wrap=True,
    )


def _facts(root: Path, rows: Sequence[Row], manifest: Manifest) -> dict[str, Any]:
    parsed = [parse_truth(row.answer) for row in rows]
    counts = [len(times) for times, problem in parsed if problem is None]
    gaps = [b - a for times, _ in parsed for a, b in pairwise(times)]
    known = [facts for facts in manifest.videos.values() if "duration" in facts]
    sizes = Counter(f"{facts['width']}x{facts['height']}" for facts in known if "width" in facts)
    nuisance = Counter(name for facts in known for name in facts.get("nuisance", []))
    return {
        "name": manifest.name,
        "synthetic": manifest.synthetic,
        "licence": manifest.licence,
        "source": manifest.source,
        "rows": len(rows),
        "checksum": rows_checksum(rows),
        "unusable rows": sum(problem is not None for _, problem in parsed),
        "jumps": sum(counts),
        "jumps per video (median)": statistics.median(counts) if counts else None,
        "gap between jumps, s (median)": round(statistics.median(gaps), 3) if gaps else None,
        "videos present": sum(_is_there(root, row) for row in rows),
        "seconds of video": round(sum(facts["duration"] for facts in known), 1) if known else None,
        "sizes": dict(sizes),
        "nuisance factors": dict(nuisance),
    }


def _is_there(root: Path, row: Row) -> bool:
    path, problem = data_file(root, row.video_path)
    return problem is None and path.is_file()


def _check(root: Path, rows: Sequence[Row], manifest: Manifest) -> Iterator[tuple[Row, list[str]]]:
    """Yield every row with all that is wrong with it."""
    for row in rows:
        path, problem = data_file(root, row.video_path)
        found = [problem] if problem else []
        duration = None
        if not problem:
            try:
                info = probe(path)
            except VideoError as error:
                found.append(str(error))
            else:
                duration = info.duration
                if info.truncated:
                    found.append(f"{path}: the file is cut off ({info.truncated})")
                expected = manifest.videos.get(row.id, {}).get("sha256")
                if expected and content_hash(path) != expected:
                    found.append(f"{path}: is not the file that the manifest describes (sha256)")
        _, unusable = parse_truth(row.answer, duration=duration)
        yield row, found + ([unusable] if unusable else [])
