"""InternVL-3.5: every frame is one square tile of 256 tokens, numbered, on its own line."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from jumpscore.video import VisualInput
from model_wrappers.base import ModelOptions
from model_wrappers.families import INTERNVL3_5, Family
from model_wrappers.transformers.baseline import Baseline, PromptPictures
from model_wrappers.transformers.wrapper import TransformersOptions

START, END, PAD = "<img>", "</img>", "<IMG_CONTEXT>"


class InternVLOptions(TransformersOptions):
    """Options of any model in transformers, with this model's checkpoint."""

    checkpoint: str = INTERNVL3_5.checkpoint


class InternVL(Baseline):
    """InternVL-3.5 (8B) in transformers: frames or images."""

    name = INTERNVL3_5.name
    family: ClassVar[Family] = INTERNVL3_5
    Options: ClassVar[type[ModelOptions]] = InternVLOptions
    image_options: ClassVar[Mapping[str, Any]] = {"crop_to_patches": True}
    frames_input = "pixel_values"

    @property
    def pads(self) -> tuple[int, ...]:
        return (self.config.image_token_id,)

    def frame_pictures(self, visual: VisualInput) -> PromptPictures:
        each = visual.visual_tokens // len(visual.blocks)
        return PromptPictures(
            runs=tuple(
                (f"{self.family.before_frame(number, text)}{START}", each, f"{END}\n")
                for number, text in enumerate(visual.stamp_texts)
            ),
            pad=PAD,
            frames=visual.pixels.transpose(0, 3, 1, 2),
        )

    def image_pictures(self, processed: Mapping[str, Any]) -> PromptPictures:
        grid = self.family.grid_in(self.folder)
        assert grid.size is not None
        each = (grid.size[0] // grid.side) * (grid.size[1] // grid.side)
        tokens = [each * int(tiles) for tiles in processed["num_patches"]]
        return PromptPictures(
            runs=tuple((START, count, f"{END}\n") for count in tokens),
            pad=PAD,
            images={"pixel_values": np.asarray(processed["pixel_values"], dtype=np.float32)},
        )
