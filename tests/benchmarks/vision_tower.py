"""The vision tower of the 8B model on this CPU: linearity in canvases, overhead over matrix
products, and memory.

All 24 blocks are alike, so two of them represent all. The matrix products for comparison write to
allocated memory, those of attention for 256 queries at a time, which is faster than all at once.
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
            inputs = _input(count)
            before = _reset_peak()
            seconds[count].append(_timed(lambda inputs=inputs: tower(*inputs)))
            peaks[count] = _peak() - before
    # The minimum, because other load on the machine is not a property of the tower.
    best = np.array([min(seconds[count]) for count in CANVASES])
    counts = np.array(CANVASES, dtype=float)
    # All counts have the same weight, because relative deviations matter.
    slope = float((best / counts).mean())
    for count, value in zip(CANVASES, best, strict=True):
        print(
            f"  {count:4d} canvases {value:7.2f} s, {1000 * value / count:6.1f} ms each, "
            f"peak above input {peaks[count]:5.0f} MB"
        )
    off = best / (slope * counts) - 1
    print(
        f"slope {1000 * slope:.1f} ms per canvas; deviation from the line at most "
        f"{100 * np.abs(off).max():.1f}% (at {CANVASES[int(np.abs(off).argmax())]}); time per "
        f"canvas at {CANVASES[-1]} over {CANVASES[0]}: ratio "
        f"{best[-1] / counts[-1] / (best[0] / counts[0]):.2f}"
    )


def _against_products(tower, config) -> None:
    """Print the tower's time over that of its matrix products alone, for 8 canvases."""
    inputs = _input(8)
    products = _bare_products(config, windows=2, length=4 * len(inputs[0]) // 8)
    ours, bare = [], []
    for _ in range(2 * ROUNDS):
        ours.append(_timed(lambda: tower(*inputs)))
        bare.append(_timed(products))
    one, other = min(ours), min(bare)
    print(
        f"8 canvases: tower {one:.2f} s, its matrix products {other:.2f} s: ratio {one / other:.2f}"
    )


def _bare_products(config, *, windows: int, length: int) -> Callable[[], None]:
    """Return a function that computes only the matrix products of the tower."""
    import torch

    n, width, heads, head = windows * length, config.hidden_size, 16, config.head_size
    wide, inner = 4 * width, config.intermediate_size

    def linear(rows: int, inputs: int, outputs: int) -> Callable[[], None]:
        x, weight, out = (
            torch.randn(*s) for s in ((rows, inputs), (outputs, inputs), (rows, outputs))
        )
        return lambda: torch.mm(x, weight.T, out=out)

    query, key, value = (torch.randn(heads, length, head) for _ in range(3))
    scores = torch.empty(heads, QUERIES, length)
    out = torch.empty(heads, QUERIES, head)

    def attention() -> None:
        for first in range(0, length, QUERIES):
            part = query[:, first : first + QUERIES]
            part_rows = slice(0, part.shape[1])
            torch.bmm(part, key.transpose(1, 2), out=scores[:, part_rows])
            torch.bmm(scores[:, part_rows], value, out=out[:, part_rows])

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
