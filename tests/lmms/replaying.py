"""A child process with lmms-eval: runs a task with a model whose answers are in a file.

The file is a JSON object: name of a video without suffix -> answer.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from lmms_eval.api.instance import GenerationResult, TokenCounts
from lmms_eval.api.model import lmms
from lmms_eval.evaluator import simple_evaluate
from lmms_eval.tasks import TaskManager


class Replaying(lmms):
    is_simple = False

    def __init__(self, answers: dict[str, str]) -> None:
        super().__init__()
        self.answers = answers

    def generate_until(self, requests):
        results = []
        for request in requests:
            _, messages_of, _, number, task, split = request.args
            [turn] = messages_of(self.task_dict[task][split][number])
            video = Path(turn["content"][0]["url"])
            assert video.is_file()
            text = self.answers[video.stem]
            results.append(GenerationResult(text=text, token_counts=TokenCounts(output_tokens=1)))
        return results

    def loglikelihood(self, requests):
        raise NotImplementedError

    def generate_until_multi_round(self, requests):
        raise NotImplementedError


def main(include_path: str, task: str, answers: str, out: str) -> None:
    done = simple_evaluate(
        model=Replaying(json.loads(Path(answers).read_text())),
        tasks=[task],
        task_manager=TaskManager(include_path=include_path),
        bootstrap_iters=0,
    )
    Path(out).write_text(json.dumps(done["results"][task]))


if __name__ == "__main__":
    main(*sys.argv[1:])
