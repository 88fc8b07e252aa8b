from __future__ import annotations

import dataclasses
import multiprocessing
import os
import pickle
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from jumpscore.errors import DataError, UsageError, VideoError
from jumpscore.video import VisualInput, uniform_frames
from jumpscore.video.prepared import folders as prepared_module
from jumpscore.video.prepared.cache import InputCache, default_cache_folder, entry_key
from jumpscore.video.prepared.folders import read_prepared, write_prepared
from jumpscore.video.visual_input import whole_frames
from tests.support import write_video

OPTIONS = {"backend": "pyav", "version": "1", "canvases": 2}


@pytest.fixture
def cache(tmp_path):
    return InputCache(tmp_path / "cache")


def canvases(video: Path, *, count: int = 2) -> VisualInput:
    """Frame 0 whole, then a picture of blocks of two frames."""
    blocks = whole_frames([0] + [7] * (count - 1), width=112, height=56)
    blocks[1:, 0] = [[11, 0, 3], [11, 0, 2], [11, 1, 1], [-1, -1, -1]]
    return VisualInput(
        kind="codec",
        path=video,
        width=112,
        height=56,
        blocks=blocks,
        frame_indices=(0, 7, 11),
        times=(0.0, 0.28, 0.44),
        fps=25.0,
        provenance={"backend": "pyav"},
    )


def forbidden() -> VisualInput:
    raise AssertionError("it is there already")


def entries(cache: InputCache) -> list[Path]:
    return sorted(file for file in cache.folder.glob("*/*") if len(file.name) >= 64)


def counted(cache: InputCache) -> dict[str, int]:
    return {name: n for name, n in dataclasses.asdict(cache.stats).items() if n}


@pytest.mark.parametrize("make", [canvases, lambda video: uniform_frames(video, count=4)])
def test_get_returns_stored_input(cache, video, make):
    stored = cache.get(video, OPTIONS, lambda: make(video))
    again = cache.get(video, OPTIONS, forbidden)
    truth = make(video)
    assert counted(cache) == {"stored": 1, "hits": 1}
    for visual in (stored, again):
        assert visual.folder == entries(cache)[0]
        assert "pixels" not in visual.__dict__
        assert visual.fingerprint == truth.fingerprint
        assert (visual.stamps, visual.times) == (truth.stamps, truth.times)
        np.testing.assert_array_equal(visual.pixels, truth.pixels)
    key = entry_key(video, OPTIONS)
    assert entries(cache) == [cache.folder / key[:2] / key]


def test_get_leaves_no_other_files(cache, video):
    cache.get(video, OPTIONS, lambda: canvases(video))
    shard = entries(cache)[0].parent
    assert list(shard.iterdir()) == entries(cache)


def test_get_equal_content_is_hit_with_own_path(cache, video, tmp_path):
    cache.get(video, OPTIONS, lambda: canvases(video))
    copy = tmp_path / "other.mp4"
    shutil.copy(video, copy)
    visual = cache.get(copy, OPTIONS, forbidden)
    assert visual.path == copy
    assert pickle.loads(pickle.dumps(visual)).pixels.shape == (2, 56, 112, 3)


def test_entry_key_depends_on_content_and_options(video, tmp_path):
    other = write_video(tmp_path / "b.mp4", frames=41)
    keys = {
        entry_key(video, OPTIONS),
        entry_key(video, dict(reversed(OPTIONS.items()))),
        entry_key(other, OPTIONS),
        entry_key(video, OPTIONS | {"version": "2"}),
        entry_key(video, OPTIONS | {"canvases": 2.5}),
        entry_key(video, {}),
    }
    assert len(keys) == 5


def test_entry_key_rejects_invalid_arguments(cache, video, tmp_path):
    for wrong in ({"a": float("nan")}, {"a": object()}):
        with pytest.raises(UsageError, match="must be valid JSON"):
            cache.get(video, wrong, forbidden)
    with pytest.raises(VideoError, match=r"nowhere\.mp4"):
        cache.get(tmp_path / "nowhere.mp4", OPTIONS, forbidden)


def test_get_passes_on_errors_of_make(cache, video):
    with pytest.raises(AssertionError, match="already"):
        cache.get(video, OPTIONS, forbidden)
    cache.get(video, OPTIONS, lambda: canvases(video))
    assert counted(cache) == {"stored": 1}


# Damage


@pytest.mark.parametrize(
    "damage",
    [
        lambda entry: (entry / "_DONE").unlink(),
        lambda entry: (entry / "meta.json").write_text("{}"),
        lambda entry: (entry / "src_patch_position.npy").write_bytes(b""),
        lambda entry: (entry / "canvas_001.png").unlink(),
        lambda entry: (entry / "canvas_001.png").open("ab").write(b"x"),
        lambda entry: [shutil.rmtree(entry), entry.touch()],
    ],
)
def test_get_replaces_damaged_entry(cache, video, damage):
    cache.get(video, OPTIONS, lambda: canvases(video))
    damage(entries(cache)[0])
    visual = cache.get(video, OPTIONS, lambda: canvases(video))
    np.testing.assert_array_equal(visual.pixels, canvases(video).pixels)
    assert counted(cache) == {"stored": 2, "repaired": 1}


def test_pixels_detects_damage_of_same_length(cache, video):
    visual = cache.get(video, OPTIONS, lambda: canvases(video))
    file = visual.folder / "canvas_001.png"
    data = bytearray(file.read_bytes())
    data[100] ^= 1
    file.write_bytes(data)
    again = cache.get(video, OPTIONS, forbidden)
    with pytest.raises(DataError, match=r"canvas_001\.png.*delete the folder"):
        _ = again.pixels


# Eviction


def test_get_evicts_least_recently_used(video, tmp_path):
    cache = InputCache(tmp_path / "cache")
    folders = [cache.get(video, {"n": n}, lambda: canvases(video)).folder for n in range(4)]
    size = sum(file.stat().st_size for file in folders[0].iterdir())
    for n, folder in enumerate(folders):
        os.utime(folder / "_DONE", (1000 + n, 1000 + n))
    cache.get(video, {"n": 0}, forbidden)  # used last now
    small = InputCache(tmp_path / "cache", max_bytes=int(3.5 * size))
    newest = small.get(video, {"n": 4}, lambda: canvases(video)).folder
    assert set(entries(small)) == {folders[0], folders[3], newest}
    assert counted(small) == {"stored": 1, "evicted": 2}


def test_get_stores_oversized_entry_and_evicts_it_first(video, tmp_path):
    small = InputCache(tmp_path / "cache")
    entry = small.get(video, {"n": 0}, lambda: canvases(video)).folder
    small.max_bytes = int(1.5 * sum(file.stat().st_size for file in entry.iterdir()))
    large = small.get(video, {"n": 1}, lambda: canvases(video, count=20))
    assert len(large.pixels) == 20
    assert set(entries(small)) == {entry, large.folder}
    assert counted(small) == {"stored": 2, "oversized": 1}
    small.max_bytes *= 2
    newest = small.get(video, {"n": 2}, lambda: canvases(video)).folder
    assert set(entries(small)) == {entry, newest}


def test_pixels_of_evicted_entry_are_decoded(cache, video):
    visual = cache.get(video, OPTIONS, lambda: canvases(video))
    cache.max_bytes = 1
    cache.get(video, {"n": 1}, lambda: canvases(video, count=3))
    assert not visual.folder.exists()
    np.testing.assert_array_equal(visual.pixels, canvases(video).pixels)


def test_pixels_of_evicted_entry_without_video(cache, video, tmp_path):
    copy = tmp_path / "copy.mp4"
    shutil.copy(video, copy)
    visual = cache.get(copy, OPTIONS, lambda: canvases(video))
    shutil.rmtree(cache.folder)
    copy.unlink()
    with pytest.raises(DataError, match="not a folder of prepared pictures"):
        _ = visual.pixels


def test_pixels_of_other_deleted_folder_raise(video, tmp_path):
    """Its pixels were JPEG or from another tool, so the recipe cannot restore them."""
    visual = write_prepared(canvases(video), tmp_path / "x")
    shutil.rmtree(tmp_path / "x")
    with pytest.raises(DataError):
        _ = visual.pixels


def test_pixels_from_a_folder_are_not_decoded_again(cache, video, tmp_path):
    lossy = write_prepared(canvases(video), tmp_path / "x")
    stored = cache.get(video, OPTIONS, lambda: lossy)
    again = cache.get(video, OPTIONS, forbidden)
    for visual in (stored, again):
        np.testing.assert_array_equal(visual.pixels, lossy.pixels)
    late = cache.get(video, OPTIONS, forbidden)
    shutil.rmtree(cache.folder)
    with pytest.raises(DataError):
        _ = late.pixels


def test_get_deletes_old_leftovers(cache, video):
    cache.get(video, OPTIONS, lambda: canvases(video))
    shard = entries(cache)[0].parent
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    # A process that runs may be filling its folder, though by the clock it is old.
    recent = {f".new-{ended.pid}-a": 0, f".new-{os.getpid()}-b": 10**5}
    for name, age in {**recent, f".new-{ended.pid}-c": 10**5, f".old-{ended.pid}-d": 10**5}.items():
        (shard / name).mkdir()
        (shard / name / "canvas_000.png").touch()
        os.utime(shard / name, (time.time() - age,) * 2)
    cache.get(video, {"n": 1}, lambda: canvases(video))
    assert {file.name for file in shard.glob(".*")} == set(recent)


# If the cache cannot be written


def test_get_unwritable_folder(video, tmp_path):
    (tmp_path / "file").touch()
    cache = InputCache(tmp_path / "file" / "cache")
    with pytest.raises(UsageError, match=r"file/cache.*JUMPSCORE_CACHE"):
        cache.get(video, OPTIONS, forbidden)


def test_get_full_disk(cache, video, monkeypatch):
    def full(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(prepared_module, "_fill", full)
    with pytest.raises(UsageError, match=r"No space left.*free some space"):
        cache.get(video, OPTIONS, lambda: canvases(video))
    assert not [file for file in cache.folder.rglob("*") if file.parent != cache.folder]


def test_default_cache_folder_by_environment(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("JUMPSCORE_CACHE", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")
    assert default_cache_folder() == tmp_path / ".cache" / "jumpscore" / "inputs"
    monkeypatch.setenv("XDG_CACHE_HOME", "/xdg")
    assert default_cache_folder() == Path("/xdg/jumpscore/inputs")
    monkeypatch.setenv("JUMPSCORE_CACHE", "~/mine")
    assert default_cache_folder() == tmp_path / "mine" / "inputs"


# Many at once


@pytest.fixture
def spawn(monkeypatch):
    """Return a spawn context whose processes can import this module."""
    monkeypatch.syspath_prepend(Path(__file__).parents[3])
    return multiprocessing.get_context("spawn")


def slow_canvases(video: Path, log: Path) -> VisualInput:
    (log / f"{os.getpid()}-{time.monotonic_ns()}").touch()
    time.sleep(0.5)
    return canvases(video)


def get_in_process(folder: Path, video: Path, log: Path, barrier: object, answers: object) -> None:
    barrier.wait(60)
    visual = InputCache(folder).get(video, OPTIONS, lambda: slow_canvases(video, log))
    answers.put((visual.fingerprint, visual.folder, visual.pixels.tobytes()))


def test_get_in_four_processes_makes_one_entry(cache, video, tmp_path, spawn):
    (tmp_path / "made").mkdir()
    barrier, answers = spawn.Barrier(4), spawn.Queue()
    arguments = (cache.folder, video, tmp_path / "made", barrier, answers)
    workers = [spawn.Process(target=get_in_process, args=arguments) for _ in range(4)]
    for worker in workers:
        worker.start()
    answers_of_workers = {answers.get(timeout=60) for _ in workers}
    for worker in workers:
        worker.join(60)
    truth = canvases(video)
    assert answers_of_workers == {(truth.fingerprint, entries(cache)[0], truth.pixels.tobytes())}
    assert len(list((tmp_path / "made").iterdir())) == 1
    assert list(entries(cache)[0].parent.iterdir()) == entries(cache)


def hang_in_process(folder: Path, video: Path, log: Path) -> None:
    def hang() -> VisualInput:
        (log / "begun").touch()
        time.sleep(600)
        raise AssertionError

    InputCache(folder).get(video, OPTIONS, hang)


def test_get_continues_after_killed_process(cache, video, tmp_path, spawn):
    worker = spawn.Process(target=hang_in_process, args=(cache.folder, video, tmp_path))
    worker.start()
    while not (tmp_path / "begun").exists():
        assert worker.is_alive()
        time.sleep(0.01)
    waiting = threading.Thread(
        target=cache.get, args=(video, OPTIONS, lambda: canvases(video)), daemon=True
    )
    waiting.start()
    waiting.join(0.3)
    assert waiting.is_alive()
    os.kill(worker.pid, signal.SIGKILL)
    worker.join(60)
    waiting.join(30)
    assert not waiting.is_alive()
    assert counted(cache) == {"stored": 1}


def churn_in_process(folder: Path, video: Path, seed: int, answers: object) -> None:
    """Get random entries from a smaller cache, so that all processes evict all the time."""
    generator = np.random.default_rng(seed)
    cache = InputCache(folder, max_bytes=9_000)
    truth = {count: canvases(video, count=count).pixels for count in range(2, 6)}
    wrong = 0
    for count in generator.integers(2, 6, 60).tolist():
        visual = cache.get(video, {"n": count}, lambda n=count: canvases(video, count=n))
        wrong += not np.array_equal(visual.pixels, truth[count])
    answers.put((wrong, cache.stats.evicted))


def test_get_while_others_evict(cache, video, spawn):
    answers = spawn.Queue()
    workers = [
        spawn.Process(target=churn_in_process, args=(cache.folder, video, seed, answers))
        for seed in range(3)
    ]
    for worker in workers:
        worker.start()
    answers_of_workers = [answers.get(timeout=120) for _ in workers]
    for worker in workers:
        worker.join(60)
    assert [wrong for wrong, _ in answers_of_workers] == [0, 0, 0]
    assert sum(evicted for _, evicted in answers_of_workers) > 10
    for entry in entries(cache):
        read_prepared(entry)


def test_get_in_threads_makes_one_entry(cache, video, tmp_path):
    get = lambda: cache.get(video, OPTIONS, lambda: slow_canvases(video, tmp_path))  # noqa: E731
    threads = [threading.Thread(target=get) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert counted(cache) == {"stored": 1, "hits": 3}
