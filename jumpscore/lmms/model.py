"""The model class that lmms-eval loads. Only lmms-eval imports this module."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, NoReturn

from lmms_eval.api.instance import GenerationResult, Instance, TokenCounts
from lmms_eval.api.model import lmms
from tqdm import tqdm

from jumpscore.errors import UsageError
from jumpscore.lmms.arguments import Flags, read_arguments, split_arguments
from jumpscore.lmms.bridge import Bridge, Document
from jumpscore.records import Response


class JumpScoreModel(lmms):
    """A wrapper of this package as a model of lmms-eval.

    Args:
        arguments: ``wrapper``, ``on_error`` and words of our command line, key -> value.
        flags: Flags of lmms-eval's command line.

    Raises:
        UsageError: An argument is wrong, or lmms-eval runs more than one process.
    """

    is_simple = False

    def __init__(self, arguments: Mapping[str, Any], flags: Flags | None = None) -> None:
        super().__init__()
        if int(os.environ.get("WORLD_SIZE", "1")) > 1:
            raise UsageError(
                f"WORLD_SIZE={os.environ['WORLD_SIZE']}: run one process; for several GPUs serve "
                "the model, such as with wrapper=vllm,model.data_parallel=2"
            )
        self.bridge = Bridge(read_arguments(arguments, flags or Flags()))

    @classmethod
    def create_from_arg_string(
        cls, arg_string: str, additional_config: Mapping[str, Any] | None = None
    ) -> JumpScoreModel:
        """Return the model described by ``--model_args``."""
        return cls(split_arguments(arg_string), Flags(**(additional_config or {})))

    def generate_until(self, requests: Sequence[Instance]) -> list[GenerationResult]:
        """Answer requests, in their order.

        Raises:
            UnansweredError: A request has no answer, and ``on_error`` is ``raise``.
        """
        counts: Counter[str] = Counter()
        documents = [self._document(request, counts) for request in requests]
        name = f"jumpscore: {self.bridge.wrapper.name}"
        with tqdm(total=len(documents), desc=name, unit="documents") as bar:
            responses = self.bridge.answer(
                documents, on_progress=lambda done, _: bar.update(done - bar.n)
            )
        return [_result(response) for response in responses]

    def generate_until_multi_round(self, requests: Sequence[Instance]) -> NoReturn:
        """Refuse: a question is asked only once."""
        raise NotImplementedError(_refused(requests, "asks in several rounds"))

    def loglikelihood(self, requests: Sequence[Instance]) -> NoReturn:
        """Refuse: wrappers generate text."""
        raise NotImplementedError(_refused(requests, "compares likelihoods of fixed answers"))

    def clean(self) -> None:
        """Close the model before lmms-eval scores."""
        self.bridge.close()
        super().clean()

    def _document(self, request: Instance, counts: Counter[str]) -> Document:
        _, doc_to_messages, settings, doc_id, task, split = request.args
        name = f"{task}-{split}-{doc_id}"
        counts[name] += 1
        if counts[name] > 1:  # lmms-eval's --repeats
            name += f"#{counts[name]}"
        documents = self.task_dict[task][split]
        return Document(name, task, lambda: doc_to_messages(documents[doc_id]), settings)


def _result(response: Response) -> GenerationResult:
    usage, counts = response.usage, None
    if usage.prompt is not None or usage.output is not None:
        counts = TokenCounts(input_tokens=usage.prompt, output_tokens=usage.output)
    return GenerationResult(text=response.text, token_counts=counts)


def _refused(requests: Sequence[Instance], what: str) -> str:
    tasks = ", ".join(sorted({str(request.task_name) for request in requests}))
    return f"--model jumpscore: {tasks} {what}; only tasks of type generate_until can be run"
