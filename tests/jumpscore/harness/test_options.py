"""What is printed about options: every one has a default or is required, and is described."""

from __future__ import annotations

import pytest

from evaluators import TASKS
from jumpscore.harness import InputConfig, RunSettings
from jumpscore.harness.compose import REQUIRED, option_defaults, option_descriptions
from model_wrappers import MODELS
from model_wrappers.motion import MotionOptions

CLASSES = [
    InputConfig,
    RunSettings,
    *(registry.get(name).Options for registry in (MODELS, TASKS) for name in registry.names()),
]


@pytest.mark.parametrize("options", CLASSES, ids=lambda options: options.__name__)
def test_option_descriptions_cover_every_option(options):
    described = option_descriptions(options)
    assert list(described) == list(options.model_fields)
    assert [key for key, text in described.items() if not text] == []


def test_option_defaults():
    assert option_defaults(MotionOptions) == MotionOptions().model_dump(mode="json")
    assert option_defaults(MODELS.get("replay").Options) == {
        "answers": REQUIRED,
        "display_name": None,
    }
