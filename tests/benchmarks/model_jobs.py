"""Work of the bundled miniature in new processes (``child``): answers, and its products alone."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

Work = Callable[[], object]
PRODUCTS = ("aten.linear.default", "aten.matmul.default", "aten.mm.default", "aten.bmm.default")
"""Operations in which every product of the model ends in inference mode, with eager attention."""


def answers(folder: str, clips: str, threads: str) -> Work:
    """Answer questions about the clips of a data set, repeated if it has fewer."""
    wrapper, requests = _opened(folder, int(clips), threads)
    return lambda: _answered(wrapper, requests)


def products(folder: str, clips: str, threads: str) -> Work:
    """Compute only the matrix products of the same answers, into allocated memory."""
    import torch

    shapes = _shapes_of_products(*_opened(folder, int(clips), threads, attention="eager"))
    sizes = set(shapes)
    inputs = {size: tuple(torch.randn(shape) for shape in size) for size in sizes}
    outputs = {size: left @ right for size, (left, right) in inputs.items()}

    def work() -> None:
        with torch.inference_mode():
            for size in shapes:
                torch.matmul(*inputs[size], out=outputs[size])

    return work


def _opened(folder: str, clips: int, threads: str, **options: str) -> tuple[Any, list[Any]]:
    import torch

    from jumpscore.data.layout import read_rows
    from jumpscore.harness.config import InputConfig
    from jumpscore.harness.factory import make_model
    from jumpscore.harness.input import InputPlan
    from jumpscore.records import Media, Question

    if threads != "default":
        torch.set_num_threads(int(threads))
    wrapper = make_model("llava_ov2", {"checkpoint": "jumpscore-tiny", **options})
    plan = InputPlan.resolve(wrapper, InputConfig())
    wrapper.open()
    rows = [*read_rows(Path(folder))]
    requests = []
    for number in range(clips):
        row = rows[number % len(rows)]
        video = Path(folder) / row.video_path
        question = Question(f"q{number}", (Media(video),), row.question)
        requests.append(wrapper.prepare(question, plan.prepare(question)))
    return wrapper, requests


def _answered(wrapper: Any, requests: list[Any]) -> list[str]:
    size = wrapper.batch_size
    batches = [requests[start : start + size] for start in range(0, len(requests), size)]
    return [answer.text for batch in batches for answer in wrapper.generate(batch)]


def _shapes_of_products(
    wrapper: Any, requests: list[Any]
) -> list[tuple[tuple[int, ...], tuple[int, ...]]]:
    """Return the shapes of both matrices of every product, in order."""
    from torch.utils._python_dispatch import TorchDispatchMode

    shapes = []

    class Recording(TorchDispatchMode):
        def __torch_dispatch__(self, func, types, args=(), kwargs=None):
            if str(func) in PRODUCTS:
                left, right = args[:2]
                right = right.T if "linear" in str(func) else right
                shapes.append((tuple(left.shape), tuple(right.shape)))
            return func(*args, **(kwargs or {}))

    with Recording():
        _answered(wrapper, requests)
    return shapes
