"""The bundled miniature: ``small_greedy`` against ``generate`` of transformers, in turn in one run.

Answers to all clips of ``small`` and ``mini`` must be equal. ``python -m
tests.benchmarks.small_greedy 24`` takes that many clips of each set. CPU seconds are of all
threads of this process; wall times depend on what else the machine does.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from typing import Any

from jumpscore.harness.config import InputConfig
from jumpscore.harness.factory import make_model, make_task
from jumpscore.harness.input import InputPlan

SETS = (("small", "codec"), ("small", "frames"), ("mini", "codec"), ("mini", "frames"))
BATCH, ROUNDS, STEPS = 8, 3, 20


def main(clips: int | None = None) -> None:
    import torch

    before = torch.get_num_threads()
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}; the best of {ROUNDS} in turn")
    try:
        for data, kind in SETS:
            wrapper = make_model("llava_ov2", {"checkpoint": "jumpscore-tiny"})
            plain = make_model(
                "llava_ov2", {"checkpoint": "jumpscore-tiny", "generation": "transformers"}
            )
            plain.open()
            wrapper.open()
            requests, seconds = _requests(wrapper, data, kind, clips)
            print(f"{data}, {kind}: {len(requests)} clips, prepared in {seconds:.1f} CPU s")
            for threads in (1, 2):
                torch.set_num_threads(threads)
                _whole(plain, wrapper, requests, threads)
            torch.set_num_threads(1)
            _stages(wrapper, requests[:BATCH])
    finally:
        torch.set_num_threads(before)


def _requests(wrapper, data: str, kind: Any, clips: int | None) -> tuple[list[Any], float]:
    questions = [s.question for s in make_task("jumpscore", {"data": data}).load()[:clips]]
    plan = InputPlan.resolve(wrapper, InputConfig(kind=kind))
    before = time.process_time()
    requests = [wrapper.prepare(one, plan.prepare(one)) for one in questions]
    return requests, time.process_time() - before


def _whole(plain, fast, requests, threads: int) -> None:
    """Print the ratio over all clips, in batches as the harness forms them and one by one."""
    for size in (BATCH, 1):
        cpu, wall = [0.0, 0.0], [0.0, 0.0]
        for first in range(0, len(requests), size):
            batch = requests[first : first + size]
            texts: list[dict[str, str]] = [{}, {}]
            costs: list[list[tuple[float, float]]] = [[], []]
            for _ in range(ROUNDS):
                for place, model in enumerate((plain, fast)):
                    start = time.process_time(), time.perf_counter()
                    responses = model.generate(batch)
                    ends = time.process_time(), time.perf_counter()
                    costs[place].append((ends[0] - start[0], ends[1] - start[1]))
                    texts[place] = {one.id: one.text for one in responses}
            assert texts[0] == texts[1], (texts[0], texts[1])
            for place in (0, 1):
                cpu[place] += min(cost for cost, _ in costs[place])
                wall[place] += min(cost for _, cost in costs[place])
        each = 1000 / len(requests)
        print(
            f"  {threads} threads, batches of {size}: transformers {each * cpu[0]:.0f} ms of CPU "
            f"per clip, small_greedy {each * cpu[1]:.0f} ms: ratio {cpu[0] / cpu[1]:.2f} "
            f"(wall {wall[0] / wall[1]:.2f}); equal answers"
        )


def _stages(wrapper, requests) -> None:
    """Print tower, prompt and one step of a single clip."""
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
        print(f"  {name}: {each * plain:.2f} ms and {each * fast:.2f} ms: ratio {plain / fast:.2f}")


def _timed(job: Callable[[], Any], repeats: int) -> float:
    before = time.process_time()
    for _ in range(repeats):
        job()
    return (time.process_time() - before) / repeats


if __name__ == "__main__":
    main(int(sys.argv[1]) if sys.argv[1:] else None)
