"""Responses on disk for other runs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace

import pytest

from jumpscore.records import Response, Usage
from jumpscore.runs.response_cache import ResponseCache, request_key

KEY = request_key({"prompt": "when?"})
ANSWER = Response("a", "[1.5]", usage=Usage(visual=4, visual_source="measured"), seconds=2.5)


@pytest.fixture
def cache(tmp_path):
    return ResponseCache(tmp_path)


def entry_of(cache):
    [file] = cache.folder.glob("*/*.json")
    return file


def test_response_comes_back_without_its_seconds(cache):
    cache.put(KEY, ANSWER)
    again = cache.get(KEY, "b")
    assert again == replace(ANSWER, id="b", seconds=None, cached=True)
    assert cache.get(request_key({"prompt": "where?"}), "b") is None


@pytest.mark.parametrize("response", [Response("a", error="out of memory"),
                                      Response("a", "[1]", cached=True)])  # fmt: skip
def test_failures_and_cached_responses_are_not_stored(cache, response):
    cache.put(KEY, response)
    assert not cache.has(KEY)


@pytest.mark.parametrize("damage", [
    lambda text: text[: len(text) // 2],
    lambda text: text.replace("[1.5]", "[2.5]"),
    lambda text: text.replace(KEY, request_key("another")),
    lambda text: "[]",
    lambda text: "\x00" * 40,
    lambda text: json.dumps({"response": 3}),
])  # fmt: skip
def test_damaged_entry_is_dropped_with_a_warning(cache, caplog, damage):
    cache.put(KEY, ANSWER)
    file = entry_of(cache)
    text = damage(file.read_text())
    assert text != file.read_text()
    file.write_text(text)
    assert cache.get(KEY, "a") is None
    assert "damaged" in caplog.text
    assert not file.exists()


def test_least_recently_used_entries_go_first(cache):
    keys = [request_key(number) for number in range(4)]
    for place, key in enumerate(keys):
        cache.put(key, ANSWER)
        os.utime(cache.folder / key[:2] / f"{key}.json", ns=(place, place))
    cache.get(keys[0], "a")  # the oldest is used again
    cache.max_bytes = 2 * len((cache.folder / keys[0][:2] / f"{keys[0]}.json").read_bytes())
    cache.evict()
    assert [cache.has(key) for key in keys] == [True, False, False, True]


def test_unwritable_folder_is_one_warning(tmp_path, caplog):
    (tmp_path / "file").write_text("")
    cache = ResponseCache(tmp_path / "file")
    cache.put(KEY, ANSWER)
    cache.put(KEY, ANSWER)
    assert len(caplog.records) == 1


WRITER = """
import sys
from pathlib import Path
from jumpscore.records import Response
from jumpscore.runs.response_cache import ResponseCache, request_key
cache = ResponseCache(Path(sys.argv[1]))
for turn in range(30):
    for number in range(3):
        cache.put(request_key(number), Response("a", str(number) * 2000))
        answer = cache.get(request_key(number), "b")
        assert answer is not None and answer.text == str(number) * 2000, (turn, number)
"""


def test_processes_may_write_the_same_entries(tmp_path):
    command = [sys.executable, "-W", "error", "-c", WRITER, str(tmp_path)]
    writers = [subprocess.Popen(command, stderr=subprocess.PIPE) for _ in range(3)]
    for writer in writers:
        _, errors = writer.communicate(timeout=60)
        assert (writer.returncode, errors) == (0, b"")
    files = sorted(file for file in tmp_path.rglob("*") if file.is_file())
    assert [file.suffix for file in files] == [".json"] * 3
