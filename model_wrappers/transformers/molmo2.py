"""Molmo2: every frame is one square of 81 tokens after its time, before the chat begins."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import numpy.typing as npt
from pydantic import field_validator

from jumpscore.records import Question
from jumpscore.video import VisualInput
from model_wrappers.base import ModelOptions
from model_wrappers.checkpoints import read_settings
from model_wrappers.families import MOLMO2, Family
from model_wrappers.transformers.baseline import Baseline, PromptPictures
from model_wrappers.transformers.prompts import chat_ids
from model_wrappers.transformers.wrapper import TransformersOptions

if TYPE_CHECKING:
    from torch import Tensor

PAD, COLUMN = "<im_patch>", "<im_col>"
IMAGE = ("<im_start>", "<im_end>")
FRAME = ("<frame_start>", "<frame_end>")
SMALL_START = "<low_res_im_start>"
MARKERS = (PAD, COLUMN, *IMAGE, *FRAME, SMALL_START, "<im_low>")
"""Tokens of pictures; all of them see one another, also those that follow."""
STAMP = re.compile(r"(\d+(?:\.\d+)? )<(?:frame|im)_start>")

Run = tuple[str, int, str]


class Molmo2Options(TransformersOptions):
    """Options of any model in transformers, with this model's checkpoint.

    Attributes:
        system: Must be empty: the chat format has no system turn.
    """

    checkpoint: str = MOLMO2.checkpoint

    @field_validator("system")
    @classmethod
    def _no_system(cls, system: str) -> str:
        if system:
            raise ValueError("the chat format of Molmo2 has no system turn; leave it out")
        return system


class Molmo2(Baseline):
    """Molmo2 (8B) in transformers: frames or images (images need the package torchvision)."""

    name = MOLMO2.name
    family: ClassVar[Family] = MOLMO2
    Options: ClassVar[type[ModelOptions]] = Molmo2Options
    # A batch may contain frames and images, which its model refuses under two names. Frames have
    # the tokens of images without large crops, so both are passed as images.
    frames_input = "pixel_values"
    flash_attention = False  # would drop the attention between all tokens of pictures
    stamp_pattern = STAMP

    @property
    def pads(self) -> tuple[int, ...]:
        return (self.config.image_patch_id,)

    def control_tokens(self) -> Sequence[str]:
        return [*super().control_tokens(), *MARKERS]

    def prompt_ids(self, question: Question, pictures: str) -> npt.NDArray[np.int64]:
        # Pictures come before the first turn, after a token that starts every prompt.
        start = self.tokenizer.bos_token or self.tokenizer.eos_token
        return chat_ids(self.tokenizer, self.messages(question, ""), before=start + pictures)

    def frame_pictures(self, visual: VisualInput) -> PromptPictures:
        grid = visual.token_grid
        count, rows, columns = (
            len(visual.blocks), visual.height // grid.side, visual.width // grid.side
        )  # fmt: skip
        settings = self._layout
        start, end = FRAME if settings["use_frame_special_tokens"] else IMAGE
        runs: list[Run] = []
        for place, text in enumerate(visual.stamp_texts):
            before = f"{' ' if place else ''}{text}{start}"
            ended = settings["video_use_col_tokens"]
            runs += _runs(before, (rows, columns), end, row_ends=ended)
        return PromptPictures(
            runs=tuple(runs),
            pad=PAD,
            frames=visual.pixels.transpose(0, 3, 1, 2),
            grid=(count, rows, columns),
        )

    def image_pictures(self, processed: Mapping[str, Any]) -> PromptPictures:
        names = ("pixel_values", "image_token_pooling", "image_grids")
        images = {name: np.asarray(processed[name]) for name in names}
        runs: list[Run] = []
        for number, grid in enumerate(images["image_grids"], start=1):
            label = f"Image {number}" if len(images["image_grids"]) > 1 else ""
            runs += self._image_runs(label, [int(side) for side in grid])
        return PromptPictures(runs=tuple(runs), pad=PAD, images=images)

    def _image_runs(self, label: str, grid: Sequence[int]) -> list[Run]:
        """Return the tokens of an image: the whole image, then its crops together."""
        small_rows, small_columns, rows, columns = grid
        settings, (start, end) = self._layout, IMAGE
        ended = settings["image_use_col_tokens"]
        small_ended = settings["use_single_crop_col_tokens"]
        small_start = SMALL_START if settings["use_single_crop_start_token"] else start
        return [
            *_runs(
                label + small_start,
                (small_rows, small_columns),
                end,
                row_ends=ended if small_ended is None else small_ended,
            ),
            *_runs(start, (rows, columns), end, row_ends=ended),
        ]

    def tensors(self, pictures: PromptPictures) -> Mapping[str, Tensor]:
        tensors = super().tensors(pictures)
        if pictures.grid is None:
            return tensors
        frames, rows, columns = pictures.grid
        size, patch = tensors[self.frames_input].shape[-1], self.config.vision_config.patch_size
        pooling = pooled_patches(frames, size // patch, pool=size // patch // rows)
        return {
            self.frames_input: _patches(tensors[self.frames_input], patch),
            "image_token_pooling": self.placed(pooling),
            "image_grids": self.placed(np.array([[frames * rows, columns, 0, 0]])),
        }

    def model_inputs(self, ids: Tensor, pictures: Sequence[PromptPictures]) -> Mapping[str, Tensor]:
        import torch

        batch = [dict(self.tensors(item)) for item in pictures]
        widest = max(inputs["image_token_pooling"].shape[1] for inputs in batch)
        patches = 0
        for inputs in batch:
            pooling = inputs["image_token_pooling"]
            # Indices are into the patches of the whole batch or -1 for padding; frames pool more
            # patches than images.
            shifted = torch.where(pooling >= 0, pooling + patches, pooling)
            missing = widest - pooling.shape[1]
            inputs["image_token_pooling"] = torch.nn.functional.pad(shifted, (0, missing), value=-1)
            patches += inputs[self.frames_input].shape[0] * inputs[self.frames_input].shape[1]
        markers = torch.tensor(self.tokenizer.convert_tokens_to_ids(list(MARKERS)))
        kinds = torch.isin(ids, markers).long().to(self._model.device)
        return {
            **{name: torch.cat([inputs[name] for inputs in batch]) for name in batch[0]},
            "mm_token_type_ids": kinds,
        }

    @cached_property
    def _layout(self) -> dict[str, Any]:
        """Which tokens surround pictures: its processor's settings, else their defaults."""
        settings: dict[str, Any] = {
            "image_use_col_tokens": True,
            "use_single_crop_col_tokens": None,
            "use_single_crop_start_token": True,
            "video_use_col_tokens": False,
            "use_frame_special_tokens": True,
        }
        path = self.folder / "processor_config.json"
        stored = read_settings(path) if path.is_file() else {}
        return settings | {name: stored[name] for name in settings.keys() & stored.keys()}


def _runs(before: str, grid: tuple[int, int], after: str, *, row_ends: bool) -> list[Run]:
    """Return the runs of a picture of (rows, columns) tokens; rows may end with a token."""
    rows, columns = grid
    if not row_ends:
        return [(before, rows * columns, after)]
    return [
        (before if row == 0 else "", columns, COLUMN + (after if row == rows - 1 else ""))
        for row in range(rows)
    ]


def _patches(pictures: Tensor, side: int) -> Tensor:
    """Return pictures [n, channels, H, W] as patches [n, patches, side * side * channels]."""
    count, channels, height, width = pictures.shape
    cut = pictures.reshape(count, channels, height // side, side, width // side, side)
    # (picture, patch row, patch column, y, x, channel)
    return cut.permute(0, 2, 4, 3, 5, 1).reshape(count, -1, side * side * channels)


def pooled_patches(frames: int, side: int, *, pool: int) -> npt.NDArray[np.int64]:
    """Return the patches of every visual token, int64 [tokens, pool * pool].

    Args:
        frames: Frames, whose patches are numbered one after another in raster order.
        side: Patches along each side of a frame, a multiple of ``pool``.
        pool: Patches along each side of the square that becomes one token.

    >>> pooled_patches(1, 4, pool=2).tolist()
    [[0, 1, 4, 5], [2, 3, 6, 7], [8, 9, 12, 13], [10, 11, 14, 15]]
    """
    numbers = np.arange(frames * side * side, dtype=np.int64)
    squares = numbers.reshape(frames, side // pool, pool, side // pool, pool)
    return squares.transpose(0, 1, 3, 2, 4).reshape(-1, pool * pool)
