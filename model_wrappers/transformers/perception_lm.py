"""PerceptionLM: every frame is one square tile of 256 tokens."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from jumpscore.video import VisualInput
from model_wrappers.base import ModelOptions
from model_wrappers.families import PERCEPTION_LM, Family
from model_wrappers.transformers.baseline import Baseline, PromptPictures
from model_wrappers.transformers.wrapper import TransformersOptions

if TYPE_CHECKING:
    from torch import Tensor

VIDEO_PAD, IMAGE_PAD = "<|video|>", "<|image|>"


class PerceptionLMOptions(TransformersOptions):
    """Options of any model in transformers, with this model's checkpoint."""

    checkpoint: str = PERCEPTION_LM.checkpoint


class PerceptionLM(Baseline):
    """PerceptionLM (8B) in transformers: frames or images (needs the package timm)."""

    name = PERCEPTION_LM.name
    family: ClassVar[Family] = PERCEPTION_LM
    Options: ClassVar[type[ModelOptions]] = PerceptionLMOptions

    @property
    def pads(self) -> tuple[int, ...]:
        return (self.config.video_token_id, self.config.image_token_id)

    def frame_pictures(self, visual: VisualInput) -> PromptPictures:
        each = visual.visual_tokens // len(visual.blocks)
        return PromptPictures(
            runs=tuple((text, each, "") for text in visual.stamp_texts),
            pad=VIDEO_PAD,
            frames=visual.pixels.transpose(0, 3, 1, 2),
        )

    def image_pictures(self, processed: Mapping[str, Any]) -> PromptPictures:
        tiles = [np.asarray(image, dtype=np.float32) for image in processed["pixel_values"]]
        grid = self.family.grid_in(self.folder)
        each = [
            len(image) * (image.shape[-2] // grid.side) * (image.shape[-1] // grid.side)
            for image in tiles
        ]
        return PromptPictures(
            runs=tuple(("", tokens, "") for tokens in each),
            pad=IMAGE_PAD,
            images={"pixel_values": np.concatenate(tiles)},
        )

    def model_inputs(self, ids: Tensor, pictures: Sequence[PromptPictures]) -> Mapping[str, Tensor]:
        # The model expects tiles as [pictures, tiles, ...] and joins the two axes.
        inputs = super().model_inputs(ids, pictures)
        return {name: tiles[None] for name, tiles in inputs.items()}
