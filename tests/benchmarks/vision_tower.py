"""The vision tower of the 8B model on this CPU: growth with canvases, and over matrix products.

All 24 blocks are alike, so one of them represents all. The matrix products for comparison write to
allocated memory, those of attention for 256 queries at a time, which is faster than all at once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from tests.benchmarks.row import EXPONENT, LARGEST_EXPONENT, Bound, Row, Setting
from tests.benchmarks.timing import Job, alternating, exponent, in_processes

CANVASES = (1, 2, 4, 8, 16)
WIDTH, HEIGHT = 504, 280
LAYERS = 1
QUERIES = 256
EXCLUDED = "23 blocks and the text model"


def rows(setting: Setting) -> Iterator[Row]:
    """Measure in float32 with torch's default threads, so all of them count."""
    canvases = CANVASES[:4] if setting.quick else CANVASES
    size = f"canvases of {WIDTH}x{HEIGHT}, {LAYERS} block"
    with _no_gradients():
        tower, config = _tower()
        inputs = {count: _input(count) for count in canvases}
        products = _bare_products(config, windows=2, length=4 * len(inputs[8][0]) // 8)
        seconds = alternating(
            {"products": products}
            | {str(count): (lambda count=count: tower(*inputs[count])) for count in canvases},
            repeats=2,
        )
    job = Job("tests.benchmarks.vision_tower:work", (str(canvases[-1]),))
    peak = in_processes({"ours": job}, repeats=1)["ours"].memory
    yield Row(
        "vision tower of 8B, 8 canvases", size, "CPU s", seconds["8"],
        "its matrix products", seconds["products"], excluded=EXCLUDED,
    )  # fmt: skip
    each = [seconds[str(count)] for count in canvases]
    yield Row(
        "vision tower of 8B, growth with canvases", f"{canvases[0]} to {canvases[-1]}", EXPONENT,
        exponent(canvases, each), memory=peak, bound=Bound(ours=LARGEST_EXPONENT),
        excluded=EXCLUDED,
    )  # fmt: skip


def work(count: str) -> Callable[[], object]:
    """Run the tower once, in a new process whose peak counts."""
    with _no_gradients():
        tower, _ = _tower()
        inputs = _input(int(count))
    return lambda: tower(*inputs)


def _tower() -> tuple[Any, Any]:
    import torch

    from model_wrappers.llava_onevision2.sizes import size_config
    from model_wrappers.llava_onevision2.vision import VisionTower

    config = size_config("8b", vision={"num_hidden_layers": LAYERS}).vision_config
    torch.manual_seed(0)
    return VisionTower(config).eval().requires_grad_(False), config


def _no_gradients() -> Any:
    import torch

    return torch.inference_mode()


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
