"""Qwen3-VL and Qwen3.5: a token covers 32x32 pixels of two frames, after their mean time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import numpy.typing as npt

from jumpscore.video import VisualInput
from model_wrappers.base import ModelOptions
from model_wrappers.families import QWEN3_5, QWEN3_5_MOE, QWEN3_VL, Family
from model_wrappers.transformers.baseline import Baseline, PromptPictures
from model_wrappers.transformers.wrapper import TransformersOptions

if TYPE_CHECKING:
    from torch import Tensor

START, END = "<|vision_start|>", "<|vision_end|>"
VIDEO_PAD, IMAGE_PAD = "<|video_pad|>", "<|image_pad|>"


class Qwen3VLOptions(TransformersOptions):
    """Options of any model in transformers, and one of its own.

    Attributes:
        outer_markers: Also put vision markers around the whole video, in addition to those of its
            frames, like transformers 5 and vLLM 0.32; ``false`` is the prompt of transformers 4.57.
    """

    checkpoint: str = QWEN3_VL.checkpoint
    outer_markers: bool = True


class Qwen3VL(Baseline):
    """Qwen3-VL (8B) in transformers: frames or images."""

    name = QWEN3_VL.name
    family: ClassVar[Family] = QWEN3_VL
    Options: ClassVar[type[ModelOptions]] = Qwen3VLOptions

    @property
    def pads(self) -> tuple[int, ...]:
        return (self.config.video_token_id, self.config.image_token_id)

    def frame_pictures(self, visual: VisualInput) -> PromptPictures:
        count, rows, columns = visual.grid
        groups = -(-count // visual.token_grid.frames)
        each = visual.visual_tokens // groups
        runs = [(f"{text}{START}", each, END) for text in visual.stamp_texts]
        if self.options.outer_markers:
            runs[0] = (START + runs[0][0], *runs[0][1:])
            runs[-1] = (*runs[-1][:2], runs[-1][2] + END)
        return PromptPictures(
            runs=tuple(runs),
            pad=VIDEO_PAD,
            frames=cut_tubes(
                visual.pixels,
                frames=visual.token_grid.frames,
                patch=visual.token_grid.side // self.config.vision_config.spatial_merge_size,
                merge=self.config.vision_config.spatial_merge_size,
            ),
            grid=(groups, rows, columns),  # of patches
        )

    def image_pictures(self, processed: Mapping[str, Any]) -> PromptPictures:
        grids = np.asarray(processed["image_grid_thw"], dtype=np.int64)
        merged = self.config.vision_config.spatial_merge_size**2
        patch = self.config.vision_config.patch_size
        sizes = {(int(columns) * patch, int(rows) * patch) for _, rows, columns in grids}
        pixels = np.asarray(processed["pixel_values"], dtype=np.float32)
        return PromptPictures(
            runs=tuple((START, int(grid.prod()) // merged, END) for grid in grids),
            pad=IMAGE_PAD,
            images={"pixel_values": pixels, "image_grid_thw": grids},
            size=sizes.pop() if len(sizes) == 1 else None,
        )

    def tensors(self, pictures: PromptPictures) -> Mapping[str, Tensor]:
        tensors = super().tensors(pictures)
        if pictures.grid is None:
            return tensors
        return {
            self.frames_input: tensors[self.frames_input].flatten(1),
            "video_grid_thw": self.placed(np.array([pictures.grid])),
        }

    def model_inputs(self, ids: Tensor, pictures: Sequence[PromptPictures]) -> Mapping[str, Tensor]:
        inputs = super().model_inputs(ids, pictures)
        video, image = self.pads
        # The model derives its 3D positions from where pictures are in the prompt.
        kinds = (ids == image).int() + 2 * (ids == video).int()
        return {**inputs, "mm_token_type_ids": kinds.to(self._model.device)}


class Qwen35Options(Qwen3VLOptions):
    """Options of Qwen3-VL, and one of its own.

    Attributes:
        thinking: Reason before the answer, as its authors do by default; raise ``max_new_tokens``
            then. Without it, the prompt ends with an empty block of reasoning.
    """

    checkpoint: str = QWEN3_5.checkpoint
    thinking: bool = False


class Qwen35(Qwen3VL):
    """Qwen3.5 (9B) in transformers: frames or images."""

    name = QWEN3_5.name
    family: ClassVar[Family] = QWEN3_5
    Options: ClassVar[type[ModelOptions]] = Qwen35Options

    @property
    def template_variables(self) -> Mapping[str, Any]:
        return {"enable_thinking": self.options.thinking}


class Qwen35MoEOptions(Qwen35Options):
    """Options of Qwen3.5, with this model's checkpoint."""

    checkpoint: str = QWEN3_5_MOE.checkpoint


class Qwen35MoE(Qwen35):
    """Qwen3.5 (35B, 3B active) in transformers: frames or images."""

    name = QWEN3_5_MOE.name
    family: ClassVar[Family] = QWEN3_5_MOE
    Options: ClassVar[type[ModelOptions]] = Qwen35MoEOptions


def cut_tubes(
    pictures: npt.NDArray[np.uint8], *, frames: int, patch: int, merge: int
) -> npt.NDArray[np.uint8]:
    """Return patches over several frames, [patches, 3, frames * patch * patch].

    Rows are ordered by group of frames, and within a group in block order: the patches of a visual
    token are adjacent. An incomplete last group repeats its last frame.

    Args:
        pictures: RGB [n, H, W, 3], sides are multiples of ``patch * merge``.
        frames: Frames that share a patch.
        patch: Side of a patch in pixels.
        merge: Patches along each side of a visual token.
    """
    missing = -len(pictures) % frames
    full = np.concatenate([pictures, np.repeat(pictures[-1:], missing, axis=0)])
    count, height, width, channels = full.shape
    side = patch * merge
    fine = full.reshape(
        count // frames, frames, height // side, merge, patch, width // side, merge, patch, channels
    )
    # (group, block row, block column, row, column, channel, frame, y, x)
    ordered = fine.transpose(0, 2, 5, 3, 6, 8, 1, 4, 7)
    return ordered.reshape(-1, channels, frames * patch * patch)
