"""Commands of the fault suite, and what must be the same after every interruption."""

from __future__ import annotations

import json
import re
import shutil
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.faults.commands import Commands, Done
from tests.faults.tracing import Fault

TIMED = (".html", ".svg", "timing.json")
"""Ends of the names of files that depend on the time; only their presence is compared."""
TINY = (
    "clips=2",
    "durations=[{low: 4, high: 4.2, weight: 1}]",
    "resolutions=[{width: 160, height: 128, weight: 1}]",
)


@dataclass(frozen=True)
class Scenario:
    """A command that is interrupted and run again.

    Attributes:
        words: Words of the command line.
        folder: Folder that it writes.
        env: Environment variables.
        facts: Returns what must be equal after an interrupted and an undisturbed run.
        prepare: Fills the folder before the first run.
    """

    words: tuple[object, ...]
    folder: Path
    env: Mapping[str, str] = field(default_factory=dict)
    facts: Callable[[Path], Any] = lambda folder: contents(folder)
    prepare: Callable[[Path], None] | None = None

    def restore(self, state: Path | None = None) -> None:
        """Put the folder into a state, by default that before the first run."""
        shutil.rmtree(self.folder, ignore_errors=True)
        if state is not None:
            shutil.copytree(state, self.folder, symlinks=True)
        elif self.prepare is not None:
            self.prepare(self.folder)

    def run(self, commands: Commands, fault: Fault | None = None, **options: Any) -> Done:
        """Run the command."""
        return commands.run(self.words, self.folder, fault, env=self.env, **options)


def contents(folder: Path, *, without: str = "") -> dict[str, Any]:
    """Return the content of every file below a folder, without what depends on the time.

    Unfinished entries of a cache are left out: other machines may use it too, so they stay a day.

    Args:
        folder: The folder.
        without: Name of folders to leave out.
    """
    files = (file for file in sorted(folder.rglob("*")) if file.is_file())
    names = {str(file.relative_to(folder)): file for file in files if without not in file.parts}
    unfinished = re.compile(r"cache/inputs/../\.(new-|[0-9a-f]{64}\.lock)")
    return {name: _content(file) for name, file in names.items() if not unfinished.match(name)}


def _content(file: Path) -> Any:
    content = file.read_bytes()
    if file.name.endswith(TIMED):
        return bool(content)
    if file.name in ("responses.jsonl", "derived.jsonl", "log.jsonl"):
        rows = [json.loads(line) for line in content.splitlines()]
        return sorted((_timeless(row) for row in rows), key=str)
    return content


def _timeless(row: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in row.items() if key != "seconds"}


def run_scenario(data: Path, out: Path) -> Scenario:
    """A run with prepared inputs in a cache, derived values and a page."""
    words = ("run", "model=seeing", "task=deriving", f"task.data={data}", "run.name=one",
             "input.count=2", "input.max_pixels=7056")  # fmt: skip
    return Scenario(words, out / "runs", {"JUMPSCORE_CACHE": str(out / "runs" / "cache")})


def score_scenario(data: Path, out: Path) -> Scenario:
    """Answers in a file that are scored."""
    answers = out / "answers.jsonl"
    answers.write_text("".join(f'{{"id": "clip{k}", "text": "[0.5]"}}\n' for k in range(3)))
    return Scenario(("score", answers, "--data", data, "--no-report"), out / "runs")


def synthesize_scenario(out: Path) -> Scenario:
    """A set of two rendered clips."""
    words = ("data", "synthesize", "--out", "set", "--seed", "5", "--workers", "1", *TINY)
    return Scenario(words, out / "set")


def fetch_scenario(out: Path) -> Scenario:
    """A published set of two videos in an archive that is unpacked and converted."""
    source = out / "source"
    names = ("a/1.mp4", "2.mp4")
    rows = [{"video_path": name, "query": "?", "span": [[0.4, 1.2]]} for name in names]
    source.mkdir()
    (source / "charades.jsonl").write_text("\n".join(map(json.dumps, rows)))
    with zipfile.ZipFile(source / "videos.zip", "w") as archive:
        for name in names:
            archive.writestr(name, name * 1000)
    words = ("data", "fetch", "timelens_charades", "--source", source, "--data-root", "root")
    return Scenario(words, out / "root")
