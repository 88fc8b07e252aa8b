"""vLLM's engine in this process: requests join its running batch at any time."""

from __future__ import annotations

import os
import queue
import threading
from collections.abc import Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any

from jumpscore.errors import JumpScoreError
from model_wrappers.openai_compatible.calls import Completion
from model_wrappers.vllm.plugin import LOADER
from model_wrappers.vllm.server import MOST_MEDIA, ServerPlan

IDLE = 0.2
"""Seconds to wait for a request before checking whether to stop."""


class EngineError(JumpScoreError):
    """The engine did not start, or stopped."""


@dataclass(frozen=True, slots=True)
class _QueuedRequest:
    name: str
    prompt: Any
    sampling: Any
    done: Future[Any]


class Engine:
    """An engine; ``complete`` may be called from many threads, which keeps its batch full.

    Args:
        plan: Like a server's; fields that only a server needs are ignored.
    """

    def __init__(self, plan: ServerPlan) -> None:
        self.plan = plan
        self._llm: Any = None
        self._waiting: queue.SimpleQueue[_QueuedRequest] = queue.SimpleQueue()
        self._rendering = threading.Lock()
        self._ended = threading.Event()
        self._failure: BaseException | None = None
        self._count = 0

    def start(self) -> None:
        """Load the checkpoint.

        Raises:
            EngineError: The checkpoint cannot be loaded.
        """
        plan = self.plan
        # vLLM reads these on import, in this process and its children.
        os.environ.update(plan.variables())
        if plan.cpu_only:
            from model_wrappers.vllm.cpu_only.sitecustomize import activate

            activate()
        plan.media.mkdir(parents=True, exist_ok=True)
        from vllm import LLM

        arguments: dict[str, Any] = {"limit_mm_per_prompt": MOST_MEDIA}
        if plan.max_model_len:
            arguments["max_model_len"] = plan.max_model_len
        if plan.codec:
            arguments["media_io_kwargs"] = {"video": {"video_backend": LOADER}}
        try:
            self._llm = LLM(
                plan.checkpoint,
                trust_remote_code=plan.trust_remote_code,
                dtype=plan.dtype,
                tensor_parallel_size=plan.tensor_parallel,
                allowed_local_media_path=str(plan.media),
                **arguments | dict(plan.arguments),
            )
        except Exception as error:  # errors of vLLM, torch or the checkpoint
            raise EngineError(f"{plan.checkpoint}: vLLM cannot load it ({error})") from error
        threading.Thread(target=self._run, name="engine", daemon=True).start()

    def complete(self, body: Mapping[str, Any]) -> Completion:
        """Wait for a completion and return it.

        Args:
            body: Arguments of a chat completion, as for a server.

        Raises:
            EngineError: The engine stopped.
        """
        done: Future[Any] = Future()
        with self._rendering:
            # vLLM's cache of pictures needs rendering and queueing in the same order.
            prompt = self._rendered(body)
            self._count += 1
            self._waiting.put(_QueuedRequest(f"{self._count}", prompt, _sampling(body), done))
            if self._ended.is_set():
                raise EngineError(f"vLLM's engine stopped ({self._failure})")
        return _completion(done.result(), prompt, wants_ids="return_token_ids" in _extra(body))

    def stop(self) -> None:
        """Stop the engine and release its memory."""
        self._ended.set()
        self._llm = None

    def _rendered(self, body: Mapping[str, Any]) -> Any:
        llm = self._llm
        if llm is None:
            raise EngineError("vLLM's engine was closed while requests were in progress")
        from vllm.renderers import ChatParams

        renderer, extra = llm.llm_engine.renderer, _extra(body)
        processing = extra.get("mm_processor_kwargs")
        _, [prompt] = renderer.render_chat(
            [body["messages"]],
            ChatParams(
                chat_template_kwargs={"add_generation_prompt": True, "tokenize": False},
                media_io_kwargs=extra.get("media_io_kwargs"),
                mm_processor_kwargs=processing,
            ),
            renderer.default_chat_tok_params.with_kwargs(add_special_tokens=False),
            prompt_extras=None if processing is None else {"mm_processor_kwargs": processing},
        )
        return prompt

    def _run(self) -> None:
        """Run the engine; only this thread uses it."""
        engine = self._llm.llm_engine
        running: dict[str, Future[Any]] = {}
        try:
            while not self._ended.is_set():
                self._take(engine, running)
                if not running:
                    continue
                for output in engine.step():
                    if output.finished:
                        running.pop(output.request_id.partition("-")[0]).set_result(output)
        except BaseException as problem:  # reported to every waiting request
            self._failure = problem
        self._ended.set()
        left = [*running.values()]
        with self._rendering:
            while not self._waiting.empty():
                left.append(self._waiting.get().done)
        for future in left:
            future.set_exception(EngineError(f"vLLM's engine stopped ({self._failure!r})"))

    def _take(self, engine: Any, running: dict[str, Future[Any]]) -> None:
        """Pass queued requests to the engine; wait briefly if it is idle."""
        idle = not running
        try:
            while True:
                request = self._waiting.get(block=idle, timeout=IDLE if idle else None)
                idle = False
                try:
                    engine.add_request(request.name, request.prompt, request.sampling)
                    running[request.name] = request.done
                except Exception as problem:  # fails this request only, such as a long prompt
                    request.done.set_exception(problem)
        except queue.Empty:
            return


def _extra(body: Mapping[str, Any]) -> Mapping[str, Any]:
    extra: Mapping[str, Any] = body.get("extra_body") or {}
    return extra


def _sampling(body: Mapping[str, Any]) -> Any:
    from vllm import SamplingParams

    return SamplingParams(
        max_tokens=body["max_tokens"],
        temperature=body["temperature"],
        top_p=body["top_p"],
        seed=body["seed"],
        logprobs=body.get("top_logprobs"),
    )


def _completion(output: Any, prompt: Mapping[str, Any], *, wants_ids: bool) -> Completion:
    """Convert vLLM's output to the completion of an endpoint."""
    [answer] = output.outputs
    places = prompt.get("mm_placeholders") or {}
    first = answer.logprobs[0] if answer.logprobs else {}
    counts = [place.length for ranges in places.values() for place in ranges]
    return Completion(
        text=answer.text,
        finish_reason="length" if answer.finish_reason == "length" else "stop",
        prompt=len(output.prompt_token_ids),
        output=len(answer.token_ids),
        visual=sum(counts) if counts else None,
        prompt_ids=tuple(output.prompt_token_ids) if wants_ids else None,
        first_logprobs={str(item.decoded_token): item.logprob for item in first.values()},
    )
