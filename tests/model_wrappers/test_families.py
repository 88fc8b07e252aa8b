from __future__ import annotations

from pathlib import Path

import pytest

from jumpscore.errors import UsageError
from jumpscore.harness.factory import make_model
from jumpscore.records import Media, Question
from jumpscore.video import uniform_frames
from model_wrappers import MODELS
from model_wrappers.families import FAMILIES, QWEN3_VL, Family, family_named, family_of

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


@pytest.mark.parametrize("name", ["timelens", "keye_vl2"])
def test_endpoint_families_plan_on_their_own_grid(name, tiny_set):
    with pytest.raises(UsageError, match="base_url"):
        make_model(name, {})
    wrapper = make_model(name, {"base_url": "http://localhost:8000/v1"})
    family = family_named(name)
    assert wrapper.token_grid == family.grid
    video = next((tiny_set / "videos").iterdir())
    visual = uniform_frames(video, count=2, grid=wrapper.token_grid)
    text = wrapper.prompt_text(wrapper.prepare(Question("a", (Media(video),), "When?"), visual))
    assert text.startswith("user: <0.0 seconds>[image/jpeg")
    assert {visual.width % family.grid.side, visual.height % family.grid.side} == {0}


def test_family_of_a_shared_model_type():
    """TimeLens is a Qwen3-VL, so its checkpoint has that family's rules on other backends."""
    assert family_of("qwen3_vl") is QWEN3_VL


def test_llava_ov1_5_needs_an_endpoint():
    with pytest.raises(UsageError, match="base_url"):
        make_model("llava_ov1_5", {})
    wrapper = make_model("llava_ov1_5", {"base_url": "http://localhost:30000/v1"})
    assert wrapper.options.token_side == 28
