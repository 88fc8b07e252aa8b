from __future__ import annotations

import os
import sys
import time
from functools import wraps
from types import SimpleNamespace

from lmms_eval.api.metrics import mean

KINDS = ("fine", "raises", "exits", "dies", "sleeps", "half", "set")


def retried(function):
    @wraps(function)
    def again(*arguments):
        if os.environ.get("HF_HUB_OFFLINE"):
            raise RuntimeError("retried")
        return function(*arguments)

    return again


class Documents(list):
    features = ("kind",)

    def select(self, numbers):
        return [self[number] for number in numbers]


class TakeFirst:
    name = "none"

    def apply(self, instances, documents):
        for instance in instances:
            instance.filtered_resps[self.name] = instance.resps[0]


class ConfigurableTask:
    VERSION = "Yaml"
    features = ("kind",)
    _filters = (TakeFirst(),)

    @retried
    def download(self):
        self.loaded = True

    def __init__(self, name):
        print("noise", flush=True)
        os.write(1, b"noise below\n")
        self.DATASET_PATH = "stand/in" if name == "far" else "json"
        self.download()
        self.config = SimpleNamespace(
            metadata=[{"version": 2.0}], test_split="test", dataset_path="stand/in",
            dataset_name=None, dataset_kwargs=None, generation_kwargs={"until": ["\n\n"]},
            cluster_key="video", score_key="score", reasoning_tags=None, auto_strip_thinking=False,
        )  # fmt: skip
        self.eval_docs = self.eval_docs_no_media = Documents({"kind": kind} for kind in KINDS)

    def has_test_docs(self):
        return True

    def aggregation(self):
        return {"exact": mean, "map": self.overall}

    def higher_is_better(self):
        return {"exact": True, "map": False}

    def overall(self, values):
        assert all(isinstance(key, float) for value in values for key in value["per"])
        return {"overall": 100 * mean([value["map"] for value in values]), "none": None}

    def doc_to_target(self, doc):
        return [doc["kind"], "another"]

    def doc_to_visual(self, doc):
        if doc["kind"] == "exits":
            sys.exit("video path:/none/there.mp4 does not exist")
        return []

    def doc_to_messages(self, doc):
        if doc["kind"] == "exits":
            sys.exit("there is no video")
        return [
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": [{"type": "text", "text": doc["kind"]}]},
        ]

    @retried
    def process_results(self, doc, results):
        if doc["kind"] == "raises":
            raise ValueError("no such answer")
        if doc["kind"] == "dies":
            print("last words", file=sys.stderr, flush=True)
            os._exit(9)
        if doc["kind"] == "sleeps":
            time.sleep(60)
        if doc["kind"] == "set":
            return {"exact": {1, 2}}
        right = float(results[0] == doc["kind"])
        return {"exact": right, "map": {"map": right / 2, "per": {0.1: right}, "video": "v"}}
