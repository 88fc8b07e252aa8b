"""Baselines against their own processors in transformers, which need torchvision.

The environment of lmms-eval has it, next to the newest tested transformers.
"""

from __future__ import annotations

import json

import numpy as np
import pytest

from tests.lmms.installed import MARKS
from tests.lmms.miniatures import HERE
from tests.support import write_video

Image = pytest.importorskip("PIL.Image")
pytestmark = MARKS
MODELS = ("minicpm_v4_7", "molmo2", "qwen3_5", "qwen3_5_moe")


@pytest.fixture(scope="module")
def results(place) -> dict:
    base = np.random.default_rng(1).integers(0, 256, (168, 224, 3), dtype=np.uint8)
    Image.fromarray(base).save(place.root / "noise.png")
    pictures = [np.roll(base, 4 * number, axis=1) for number in range(50)]
    clip = write_video(place.root / "noise.mp4", frames=50, size=(224, 168), pictures=pictures)
    printed = place.python(
        *(str(HERE / "processors_child.py"), str(clip), str(place.root / "noise.png")),
        *(str(place.root / "tiny"), *MODELS),
    )
    return json.loads(printed.splitlines()[-1])


@pytest.mark.parametrize("name", MODELS)
def test_inputs_equal_the_processor(results, name):
    facts = results[name]
    assert facts["video"]["visual"] == facts["planned"] > 0
    for kind in ("video", "image", "images", "text"):
        compared = facts[kind]
        assert compared["prompt"], (kind, compared)
        assert compared["together"], kind  # a batch of all kinds gives the same answers
        assert compared["logits"] < 1e-3, kind
        assert kind == "text" or compared["pixels"] < 1e-6, kind
