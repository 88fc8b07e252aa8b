"""The vision tower of the 8B model on this CPU: is time linear in canvases, what beside matrix
products costs time, and how much memory a pass takes.

Blocks are alike, so two of the 24 stand for all. The products that the tower is held against are
run into memory that is there already, attention's by 256 queries at a time, which is faster than
whole.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

CANVASES = (4, 8, 16, 32, 64, 128)
WIDTH, HEIGHT = 504, 280
LAYERS = 2
QUERIES = 256
ROUNDS = 3


def main() -> None:
    import torch

    from model_wrappers.llava_onevision2.sizes import size_config
    from model_wrappers.llava_onevision2.vision import VisionTower

    config = size_config("8b", vision={"num_hidden_layers": LAYERS}).vision_config
    torch.manual_seed(0)
    tower = VisionTower(config).eval().requires_grad_(False)
    print(
        f"input: random canvases of {WIDTH}x{HEIGHT}, float32, {torch.get_num_threads()} threads; "
        f"{LAYERS} of 24 blocks of the 8B tower and its merger; the best of {ROUNDS} in turn"
    )
    with torch.inference_mode():
        _linear(tower)
        _against_products(tower, config)


def _linear(tower) -> None:
    """Print the slope of time over canvases, and how far the times are from the line."""
    seconds: dict[int, list[float]] = {count: [] for count in CANVASES}
    peaks = {}
    for _ in range(ROUNDS):
        for count in CANVASES:
            given = _input(count)
            before = _reset_peak()
            seconds[count].append(_timed(lambda given=given: tower(*given)))
            peaks[count] = _peak() - before
    # The best: what a shared machine adds is no property of the tower.
    found = np.array([min(seconds[count]) for count in CANVASES])
    counts = np.array(CANVASES, dtype=float)
    # Every count weighs the same: relative deviations are what is asked for.
    slope = float((found / counts).mean())
    for count, value in zip(CANVASES, found, strict=True):
        print(
            f"  {count:4d} canvases {value:7.2f} s, {1000 * value / count:6.1f} ms each, "
            f"peak above input {peaks[count]:5.0f} MB"
        )
    off = found / (slope * counts) - 1
    print(
        f"slope {1000 * slope:.1f} ms per canvas; deviation from the line at most "
        f"{100 * np.abs(off).max():.1f}% (at {CANVASES[int(np.abs(off).argmax())]}); time per "
        f"canvas at {CANVASES[-1]} over {CANVASES[0]}: ratio "
        f"{found[-1] / counts[-1] / (found[0] / counts[0]):.2f}"
    )


def _against_products(tower, config) -> None:
    """Print the tower's time over that of its matrix products alone, for 8 canvases."""
    given = _input(8)
    products = _bare_products(config, windows=2, length=4 * len(given[0]) // 8)
    ours, bare = [], []
    for _ in range(2 * ROUNDS):
        ours.append(_timed(lambda: tower(*given)))
        bare.append(_timed(products))
    one, other = min(ours), min(bare)
    print(
        f"8 canvases: tower {one:.2f} s, its matrix products {other:.2f} s: ratio {one / other:.2f}"
    )


def _bare_products(config, *, windows: int, length: int) -> Callable[[], None]:
    """Return a function that runs every matrix product of the tower and nothing else."""
    import torch

    n, width, heads, head = windows * length, config.hidden_size, 16, config.head_size
    wide, inner = 4 * width, config.intermediate_size

    def linear(rows: int, given: int, made: int) -> Callable[[], None]:
        x, weight, out = (torch.randn(*s) for s in ((rows, given), (made, given), (rows, made)))
        return lambda: torch.mm(x, weight.T, out=out)

    query, key, value = (torch.randn(heads, length, head) for _ in range(3))
    scores = torch.empty(heads, QUERIES, length)
    out = torch.empty(heads, QUERIES, head)

    def attention() -> None:
        for first in range(0, length, QUERIES):
            part = query[:, first : first + QUERIES]
            held = slice(0, part.shape[1])
            torch.bmm(part, key.transpose(1, 2), out=scores[:, held])
            torch.bmm(scores[:, held], value, out=out[:, held])

    block = [linear(n, width, 3 * width), *[attention] * windows, linear(n, width, width)]
    block += [linear(n, width, inner), linear(n, inner, width)]
    ends = [linear(n, 588, width), linear(n // 4, wide, wide)]
    ends.append(linear(n // 4, wide, config.out_hidden_size))
    every = block * config.num_hidden_layers + ends

    def run() -> None:
        for product in every:
            product()

    return run


def _input(count: int):
    import torch

    rows, columns = HEIGHT // 14, WIDTH // 14
    rng = torch.Generator().manual_seed(count)
    patches = count * rows * columns
    return (
        torch.randint(0, 256, (patches, 588), generator=rng, dtype=torch.uint8),
        torch.tensor([[count, rows, columns]]),
        torch.randint(0, 1000, (patches, 3), generator=rng),
    )


def _timed(job: Callable[[], object]) -> float:
    gc.collect()
    before = time.perf_counter()
    job()
    return time.perf_counter() - before


def _reset_peak() -> float:
    """Set the peak of resident memory to what is resident now; return it in MB (Linux)."""
    Path("/proc/self/clear_refs").write_text("5")
    return _peak()


def _peak() -> float:
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) / 1024
