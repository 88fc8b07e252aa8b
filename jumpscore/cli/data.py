"""``jumpscore data``: synthesize, info, fetch."""

from __future__ import annotations

import json
import statistics
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

from rich.table import Table

from jumpscore.cli.console import notes, output, print_json, progress
from jumpscore.cli.datasets import locate, published_folder
from jumpscore.data.layout import (
    Manifest,
    Row,
    parse_truth,
    read_manifest,
    read_rows,
    rows_checksum,
    video_file,
)
from jumpscore.errors import VideoError
from jumpscore.video import content_hash, probe

MOST_SHOWN = 20
"""Problems printed one by one; a last line counts the others."""


def synthesize_set(
    out: Path, profile: str, overrides: Sequence[str], *, seed: int, workers: int | None
) -> None:
    """Render a data set and say what it holds."""
    from jumpscore.builder.generate import synthesize
    from jumpscore.builder.synthetic import load_profile

    chosen = load_profile(profile, list(overrides))
    with progress("rendering", "clips") as advance:
        manifest = synthesize(out, chosen, seed=seed, workers=workers, on_progress=advance)
    jumps = sum(facts["jumps"] for facts in manifest.videos.values())
    seconds = sum(facts["duration"] for facts in manifest.videos.values())
    output().print(
        f"{out}: {len(manifest.videos)} clips, {seconds:.0f} s, {jumps} jumps",
        soft_wrap=True,
    )


def describe_set(data: str, *, check: bool, as_json: bool) -> bool:
    """Print what a data set holds; return whether a check found something wrong."""
    root = locate(data)
    rows, manifest = read_rows(root), read_manifest(root)
    facts = _facts(root, rows, manifest)
    problems: list[str] = []
    if check:
        with progress("checking") as advance:
            for done, (row, found) in enumerate(_check(root, rows, manifest), start=1):
                problems += [f"id {row.id}: {problem}" for problem in found]
                advance(done, len(rows))
        facts["problems"] = problems
    if as_json:
        print_json(facts)
        return bool(problems)
    table = Table(show_header=False, title=str(root), title_justify="left")
    for key, value in facts.items():
        if key != "problems":
            table.add_row(key, value if isinstance(value, str) else json.dumps(value))
    output().print(table)
    for problem in problems[:MOST_SHOWN]:
        output().print(problem, style="red", soft_wrap=True)
    if len(problems) > MOST_SHOWN:
        output().print(f"and {len(problems) - MOST_SHOWN} more; --json lists all", style="red")
    if check and not problems:
        output().print(f"all {len(rows)} videos open and fit their rows", style="green")
    return bool(problems)


def fetch_published(out: Path | None, revision: str | None) -> None:
    """Download the published set and say what came."""
    from jumpscore.data.fetch import fetch

    folder = out or published_folder()
    fetched = fetch(folder, revision=revision)
    notes().print(f"revision {fetched.revision}", style="dim")
    output().print(
        f"{folder}: {fetched.rows} rows, {fetched.videos} videos; "
        "use it with task.data=" + ("published" if out is None else str(folder)),
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
    path, problem = video_file(root, row)
    return problem is None and path.is_file()


def _check(root: Path, rows: Sequence[Row], manifest: Manifest) -> Iterator[tuple[Row, list[str]]]:
    """Yield every row with all that is wrong with it."""
    for row in rows:
        path, problem = video_file(root, row)
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
