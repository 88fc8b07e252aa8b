from __future__ import annotations

from pathlib import Path

import pytest

from jumpscore.errors import UsageError
from jumpscore.harness.factory import make_model
from model_wrappers import MODELS
from model_wrappers.families import FAMILIES, Family

DOCS = Path(__file__).parents[2] / "docs" / "baselines.md"


def table(families: tuple[Family, ...]) -> list[str]:
    """The rows of the table in the documentation."""
    lines = []
    for family in families:
        grid = family.grid
        shape = f"{grid.side}x{grid.side} pixels"
        if grid.frames > 1:
            shape += f" of {grid.frames} frames"
        if grid.size:
            shape += f", frames of {grid.size[0]}x{grid.size[1]}"
        cells = [
            f"`{family.name}`", family.display_name, f"`{family.checkpoint}`", shape, family.rules,
            family.convention or "not stated", ", ".join(family.backends), family.licence,
        ]  # fmt: skip
        lines.append(f"| {' | '.join(cells)} |")
    return lines


def test_families_are_documented():
    text = DOCS.read_text()
    for line in table(FAMILIES):
        assert line in text, line


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)
def test_families_have_a_model_and_checkpoint(family):
    model = MODELS.get(family.name)
    fields = model.Options.model_fields
    named = "checkpoint" if "checkpoint" in fields else "served_model"
    assert fields[named].default == family.checkpoint
    modules = {"transformers": "transformers", "vllm": "vllm", "openai": "openai_compatible"}
    assert model.__module__.startswith(f"model_wrappers.{modules[family.backends[0]]}.")


def test_llava_ov1_5_needs_an_endpoint():
    with pytest.raises(UsageError, match="base_url"):
        make_model("llava_ov1_5", {})
    wrapper = make_model("llava_ov1_5", {"base_url": "http://localhost:30000/v1"})
    assert wrapper.options.token_side == 28
