"""MiniCPM-V 4.7: frames of any size as packed patches, 16 of which become one token."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from jumpscore.video import VisualInput
from model_wrappers.base import ModelOptions
from model_wrappers.families import MINICPM_V, Family
from model_wrappers.transformers.baseline import Baseline, PromptPictures
from model_wrappers.transformers.wrapper import TransformersOptions

if TYPE_CHECKING:
    from torch import Tensor

Run = tuple[str, int, str]


class MiniCPMVOptions(TransformersOptions):
    """Options of any model in transformers, with this model's checkpoint."""

    checkpoint: str = MINICPM_V.checkpoint


class MiniCPMV(Baseline):
    """MiniCPM-V 4.7 in transformers: frames or images."""

    name = MINICPM_V.name
    family: ClassVar[Family] = MINICPM_V
    Options: ClassVar[type[ModelOptions]] = MiniCPMVOptions

    @property
    def pads(self) -> tuple[int, ...]:
        return (self.config.video_token_id, self.config.image_token_id)

    def frame_pictures(self, visual: VisualInput) -> PromptPictures:
        each = visual.visual_tokens // len(visual.blocks)
        start, end = self.tokenizer.image_start_token, self.tokenizer.image_end_token
        return PromptPictures(
            runs=tuple((f"{text}{start}", each, end) for text in visual.stamp_texts),
            pad=self.tokenizer.video_token,
            frames=visual.pixels.transpose(0, 3, 1, 2),
        )

    def image_pictures(self, processed: Mapping[str, Any]) -> PromptPictures:
        sizes = np.asarray(processed["target_sizes"])
        tokens = (sizes.prod(axis=-1) // self._patches_per_token).tolist()
        runs: list[Run] = []
        counts = [int(count) for count in processed["num_patches_per_image"]]
        for number, (count, grid) in enumerate(zip(counts, processed["grids"], strict=True)):
            done = len(runs)
            runs += self._image_runs(number, tokens[done : done + count], int(grid[1]))
        return PromptPictures(
            runs=tuple(runs),
            pad=self.tokenizer.image_token,
            images={
                "pixel_values": np.asarray(processed["pixel_values"], dtype=np.float32),
                "target_sizes": sizes,
            },
        )

    def _image_runs(self, number: int, tokens: Sequence[int], columns: int) -> list[Run]:
        """Return the tokens of an image: the whole image, then its slices in rows."""
        names = self.tokenizer
        label = ""
        if self._image_processor.use_image_id:
            label = f"{names.image_id_start_token}{number}{names.image_id_end_token}"
        runs = [(label + names.image_start_token, tokens[0], names.image_end_token)]
        slices = tokens[1:]
        for place, count in enumerate(slices, start=1):
            row_ends = place % columns == 0 and place < len(slices)
            after = names.slice_end_token + ("\n" if row_ends else "")
            runs.append((names.slice_start_token, count, after))
        return runs

    @property
    def _patches_per_token(self) -> int:
        side = self.family.grid_in(self.folder).side // self.config.vision_config.patch_size
        return int(side * side)

    def tensors(self, pictures: PromptPictures) -> Mapping[str, Tensor]:
        tensors = super().tensors(pictures)
        if pictures.frames is None:
            return tensors
        frames = tensors[self.frames_input]
        patch = self.config.vision_config.patch_size
        size = (frames.shape[2] // patch, frames.shape[3] // patch)
        return {
            self.frames_input: packed_patches(frames, patch),
            "target_sizes_videos": self.placed(np.array([size] * len(frames))),
        }

    def model_inputs(self, ids: Tensor, pictures: Sequence[PromptPictures]) -> Mapping[str, Tensor]:
        import torch

        parts: dict[str, list[Tensor]] = {}
        for item in pictures:
            for name, tensor in self.tensors(item).items():
                parts.setdefault(name, []).append(tensor)
        video, image = self.pads
        # The model derives its positions from where pictures are in the prompt.
        kinds = (ids == image).int() + 2 * (ids == video).int()
        return {
            # Patches are packed along the last axis, sizes along the first.
            **{
                name: torch.cat(tensors, dim=-1 if name.startswith("pixel") else 0)
                for name, tensors in parts.items()
            },
            "mm_token_type_ids": kinds.to(self._model.device),
        }


def packed_patches(frames: Tensor, side: int) -> Tensor:
    """Return frames [n, channels, H, W] as [1, channels, side, n * H * W / side].

    The columns of every patch are adjacent; patches are in raster order, frame after frame.
    """
    count, channels, height, width = frames.shape
    cut = frames.reshape(count, channels, height // side, side, width // side, side)
    # (channel, y, frame, patch row, patch column, x)
    return cut.permute(1, 3, 0, 2, 4, 5).reshape(1, channels, side, -1)
