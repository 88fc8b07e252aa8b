"""The bundled miniature: ``small_greedy`` against ``generate`` of transformers, in turn in one run.

The answers of both must be equal. CPU seconds are of all threads of this process.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

from jumpscore.harness.config import InputConfig
from jumpscore.harness.factory import make_model, make_task
from jumpscore.harness.input import InputPlan
from tests.benchmarks.row import Bound, Row, Setting

SETS = (("small", "codec"), ("small", "frames"), ("mini", "codec"), ("mini", "frames"))
BATCH, ROUNDS, STEPS = 8, 3, 20
AGAINST = "generate of transformers"


def rows(setting: Setting) -> Iterator[Row]:
    """Measure whole answers with 1 and 2 threads, and the parts of single ones with 1."""
    import torch

    before = torch.get_num_threads()
    options = {"checkpoint": "jumpscore-tiny"}
    fast = make_model("llava_ov2", options)
    plain = make_model("llava_ov2", options | {"generation": "transformers"})
    plain.open()
    fast.open()
    try:
        for data, kind in SETS[:1] if setting.quick else SETS:
            requests = _requests(fast, data, kind, 8 if setting.quick else 16)
            for threads in (1, 2):
                torch.set_num_threads(threads)
                yield from _whole(plain, fast, requests, f"{data} as {kind}, {threads} threads")
            torch.set_num_threads(1)
            yield from _stages(fast, requests[:BATCH], f"{data} as {kind}")
    finally:
        torch.set_num_threads(before)
        plain.close()
        fast.close()


def _requests(wrapper, data: str, kind: Any, clips: int) -> list[Any]:
    questions = [s.question for s in make_task("jumpscore", {"data": data}).load()[:clips]]
    plan = InputPlan.resolve(wrapper, InputConfig(kind=kind))
    return [wrapper.prepare(one, plan.prepare(one)) for one in questions]


def _whole(plain, fast, requests, words: str) -> Iterator[Row]:
    """Measure all clips, in batches as the harness forms them and one by one."""
    for size in (BATCH, 1):
        cpu = [0.0, 0.0]
        for first in range(0, len(requests), size):
            batch = requests[first : first + size]
            texts: list[dict[str, str]] = [{}, {}]
            costs: list[list[float]] = [[], []]
            for _ in range(ROUNDS):
                for place, model in enumerate((plain, fast)):
                    start = time.process_time()
                    responses = model.generate(batch)
                    costs[place].append(time.process_time() - start)
                    texts[place] = {one.id: one.text for one in responses}
            assert texts[0] == texts[1], (texts[0], texts[1])
            cpu = [total + min(each) for total, each in zip(cpu, costs, strict=True)]
        size_words = f"{len(requests)} clips in batches of {size}"
        yield Row(
            f"answers of jumpscore-tiny, {words}", size_words, "CPU s", cpu[1], AGAINST, cpu[0],
            bound=Bound(ratio=1 / 3), excluded="preparing",
        )  # fmt: skip


def _stages(wrapper, requests, words: str) -> Iterator[Row]:
    """Measure tower, prompt and one step of single clips."""
    import torch

    from model_wrappers.llava_onevision2.modeling import CACHE
    from model_wrappers.llava_onevision2.small_greedy import SmallGreedy

    model = wrapper._model
    small = SmallGreedy(model)
    costs = {name: [0.0, 0.0] for name in ("tower", "prompt", "step")}
    with torch.inference_mode():
        for request in requests:
            prompt = request.payload
            ids = torch.from_numpy(prompt.ids)[None]
            visual = wrapper.model_inputs(ids, [prompt.pictures])
            hidden = model.model.embed(ids, **visual)
            room = len(prompt.ids) + 2 * ROUNDS * STEPS
            text = small.empty_text(room)
            text.tokens.append(5)
            token = torch.tensor([[5]])
            jobs: dict[str, tuple[Callable[[], Any], Callable[[], Any]]] = {
                "tower": (
                    lambda ids=ids, visual=visual: model.model.embed(ids, **visual),
                    lambda prompt=prompt: small.embedded(prompt, wrapper.model_inputs),
                ),
                "prompt": (
                    lambda hidden=hidden: model(inputs_embeds=hidden, logits_to_keep=1),
                    lambda hidden=hidden, room=room: small.read(small.empty_text(room), hidden[0]),
                ),
            }
            cache = model(inputs_embeds=hidden, use_cache=True)[CACHE]
            small.read(text, hidden[0])
            jobs["step"] = (
                lambda cache=cache, token=token: model(input_ids=token, **{CACHE: cache}),
                lambda text=text: small.step([text]),
            )
            for name, pair in jobs.items():
                for place, job in enumerate(pair):
                    repeats = STEPS if name == "step" else 1
                    costs[name][place] += min(_timed(job, repeats) for _ in range(ROUNDS))
    for name, (plain, fast) in costs.items():
        each = 1000 / len(requests)
        yield Row(f"{name}, {words}", "one clip", "CPU ms", each * fast, AGAINST, each * plain)


def _timed(job: Callable[[], Any], repeats: int) -> float:
    before = time.process_time()
    for _ in range(repeats):
        job()
    return (time.process_time() - before) / repeats
