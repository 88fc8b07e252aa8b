"""``jumpscore data fetch`` of lmms-eval's benchmarks, by the real lmms-eval."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

from evaluators.lmms.fetching import FetchedBenchmark, fetch_benchmark
from tests.lmms.installed import MARKS, PYTHON
from tests.lmms.miniatures import Place

pytestmark = MARKS


def test_fetch_benchmark_names_missing_videos(place):
    result = fetched(place, "tiny_videomme")
    assert (result.documents, result.folder) == (10, place.home)
    assert result.missing == (place.home / "videomme" / "data" / "gone.mp4",)
    assert result.unpacked() == [place.home / "videomme"]
    assert fetched(place, "tiny_mmstar").missing == ()


def test_data_fetch_gives_what_a_run_reads(place, tmp_path):
    from tests.support import render_mini

    folder = place.root / "mini_to_fetch"
    render_mini("mini_lmms", folder)
    (folder / "pictures" / "5.png").unlink()
    done = jumpscore(
        tmp_path,
        *("data", "fetch", "mini_lmms", "--include-path", str(folder), "--python", PYTHON),
        *("--data-root", str(place.root)),
    )
    assert done.returncode == 1
    assert "mini_lmms, 18 documents, 1 file missing; use it with task=lmms" in done.stdout
    assert f"1 file is missing:\n  {folder}/pictures/5.png" in done.stderr
    words = done.stdout.partition("use it with ")[2].split()
    oracle = ("run", "model=oracle", "run.expose_truth=true", "--limit", "3", "--json")
    run = jumpscore(tmp_path, *oracle, *words)
    assert run.returncode == 0, run.stderr
    assert json.loads(run.stdout)["metrics"]["accuracy"]["mean"] == 100


def test_data_fetch_without_a_network_fails_at_once(place, tmp_path):
    begun = time.monotonic()
    done = jumpscore(
        tmp_path,
        *("data", "fetch", "videomme", "--data-root", "root", "--python", PYTHON),
        HF_ENDPOINT="http://127.0.0.1:9",
    )
    assert done.returncode == 2
    # Importing lmms-eval and looking through its tasks; its own loader would try for 30 s more.
    assert time.monotonic() - begun < 45
    assert done.stderr.splitlines()[0] == "videomme: lmms-eval loads it"
    message = "error: videomme: the hub does not serve its data set lmms-eval/Video-MME (Connect"
    assert done.stderr.splitlines()[-1].startswith(message)
    assert "Traceback" not in done.stderr


def fetched(place: Place, name: str) -> FetchedBenchmark:
    result = fetch_benchmark(name, root=place.root, python=PYTHON, include_path=place.tasks)
    [one] = result
    return one


def jumpscore(folder: Path, *words: str, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", "from jumpscore.cli.app import main; main()", *words],
        cwd=folder,
        env={**os.environ, "JUMPSCORE_CACHE": str(folder / "cache"), **env},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
