"""The files of ``conf/model`` say what the options' classes say."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

import jumpscore.conf.model
from model_wrappers import MODELS

FILES = sorted(Path(jumpscore.conf.model.__file__).parent.glob("*.yaml"))
MISSING = "???"


def defaults(options: Any) -> dict[str, Any]:
    """Default of every field as JSON has it; ``???`` for those that have none."""
    required = {
        name: MISSING for name, field in options.model_fields.items() if field.is_required()
    }
    # Without validation: it would ask for what is required.
    given = options.model_construct().model_dump(mode="json", warnings=False)
    return {**given, **required}


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_model_file_has_the_defaults_of_its_options(file):
    values = yaml.safe_load(file.read_text(encoding="utf-8"))
    assert values.pop("name") == file.stem
    expected = defaults(MODELS.get(file.stem).Options)
    assert set(values) == set(expected)
    different = {name for name, value in values.items() if value != expected[name]}
    assert not different, {name: (values[name], expected[name]) for name in different}


def test_every_model_has_a_file():
    assert {file.stem for file in FILES} == set(MODELS.names())
