"""Fetching a benchmark: one process downloads it, another one reads it without a network."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import pytest

from evaluators.lmms.fetching import FetchedBenchmark, fetch_benchmark
from evaluators.lmms.provider import NoLmmsEvalError
from jumpscore.errors import DataError, UsageError

STAND_IN = Path(__file__).with_name("stand_in")
UNREACHABLE = "http://127.0.0.1:9"


@pytest.fixture
def stand_in(monkeypatch):
    """An environment with the stand-in for lmms-eval and an unreachable hub."""
    inherited = os.environ.get("PYTHONPATH", "")
    monkeypatch.setenv("PYTHONPATH", f"{STAND_IN}{os.pathsep}{inherited}")
    monkeypatch.setenv("HF_ENDPOINT", UNREACHABLE)
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")  # ignored by a fetch


def test_fetch_benchmark_describes_the_offline_data(stand_in, tmp_path):
    [result] = fetch_benchmark("stand_in", root=tmp_path)
    assert result == FetchedBenchmark(
        "stand_in", tmp_path / "huggingface", "stand/in/test", 7, (Path("/none/there.mp4"),)
    )
    assert result.unpacked() == []


def test_fetch_benchmark_fetches_members_of_a_group(stand_in, tmp_path):
    names: list[str] = []
    result = fetch_benchmark("grouped", root=tmp_path, on_found=names.append)
    assert [one.name for one in result] == ["one", "other"]
    assert names == ["grouped", "one", "other"]


def test_fetch_benchmark_without_a_network_fails_at_once(stand_in, tmp_path):
    begun = time.monotonic()
    with pytest.raises(DataError) as error:
        list(fetch_benchmark("far", root=tmp_path))
    assert time.monotonic() - begun < 20
    assert "far: the hub does not serve its data set stand/in (" in str(error.value)
    assert "Connect" in str(error.value)
    assert str(tmp_path / "huggingface") in str(error.value)


def test_fetch_benchmark_reports_a_failed_load(stand_in, tmp_path):
    with pytest.raises(DataError, match="gone: lmms-eval cannot load its data set stand/in: Conn"):
        list(fetch_benchmark("gone", root=tmp_path))


def test_fetch_benchmark_without_lmms_eval_names_the_option(tmp_path):
    with pytest.raises(NoLmmsEvalError, match=f"--python {sys.executable} cannot import"):
        list(fetch_benchmark("videomme", root=tmp_path))
    with pytest.raises(UsageError, match="--python /none: cannot be started"):
        list(fetch_benchmark("videomme", root=tmp_path, python="/none"))


def test_unpacked_lists_folders_of_missing_files(tmp_path):
    missing = (tmp_path / "videomme" / "data" / "a.mp4", Path("/elsewhere/b.mp4"))
    result = FetchedBenchmark("x", tmp_path, "", 2, missing)
    assert result.unpacked() == [tmp_path / "videomme"]
