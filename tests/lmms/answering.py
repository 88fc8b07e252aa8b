"""A child process with lmms-eval: runs tasks with a model that answers each document's truth.

The last document of every task gets prose, as some model would write it.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from lmms_eval.api.instance import GenerationResult, TokenCounts
from lmms_eval.api.model import lmms
from lmms_eval.evaluator import simple_evaluate
from lmms_eval.tasks import TaskManager


class Answering(lmms):
    is_simple = False

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[dict] = []

    def generate_until(self, requests):
        result = []
        for request in requests:
            _, messages_of, until, number, task, split = request.args
            documents = self.task_dict[task][split]
            document = documents[number]
            [turn] = messages_of(document)
            picture, text = turn["content"]
            last = number == len(documents) - 1
            source = picture["url"]  # a picture, or the path of a video
            self.seen.append(
                {
                    "task": task,
                    "size": None if isinstance(source, str) else list(source.size),
                    "prompt": text["text"],
                    "until": until["until"],
                }
            )
            answer = "I would lift it.\n\nThen I would carry it." if last else document["answer"]
            result.append(GenerationResult(text=answer, token_counts=TokenCounts(output_tokens=1)))
        return result

    def loglikelihood(self, requests):
        raise NotImplementedError

    def generate_until_multi_round(self, requests):
        raise NotImplementedError


def main(include_path: str, out: str, *tasks: str) -> None:
    model = Answering()
    done = simple_evaluate(
        model=model,
        tasks=list(tasks),
        task_manager=TaskManager(include_path=include_path),
        bootstrap_iters=0,
    )
    with Path(out).open("w") as sink:
        json.dump({"results": done["results"], "seen": model.seen}, sink)


if __name__ == "__main__":
    main(*sys.argv[1:])
