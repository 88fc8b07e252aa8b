"""Base class of the baselines: a checkpoint that transformers supports, fed planned frames."""

from __future__ import annotations

from abc import abstractmethod
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import numpy.typing as npt

from jumpscore.errors import DataError, UsageError
from jumpscore.records import Convention, Question
from jumpscore.video import TokenGrid, VisualInput
from model_wrappers.checkpoints import (
    for_inference,
    no_progress_bar,
    one_line,
    read_settings,
    video_settings,
)
from model_wrappers.families import Family
from model_wrappers.transformers.wrapper import InTransformers

if TYPE_CHECKING:
    from torch import Tensor

HALVES = (0.5, 0.5, 0.5)
"""Mean and standard deviation of pixels if a checkpoint does not state them."""


@dataclass(frozen=True, slots=True, eq=False)
class PromptPictures:
    """The frames or images of one question.

    Attributes:
        runs: (text before, visual tokens, text after) of every run of visual tokens.
        pad: Placeholder token of the visual tokens.
        frames: RGB, uint8, in the family's own shape; ``None`` for images.
        images: Input name -> float32 array, from the checkpoint's image processor; ``None`` for
            frames.
        grid: (groups of frames, patch rows, patch columns), if the family's model needs it.
        size: (width, height) in pixels of the images as the model gets them, if all have the same
            size and are not cut into tiles.
    """

    runs: tuple[tuple[str, int, str], ...]
    pad: str
    frames: npt.NDArray[np.uint8] | None = None
    images: Mapping[str, npt.NDArray[Any]] | None = None
    grid: tuple[int, int, int] | None = None
    size: tuple[int, int] | None = None


class Baseline(InTransformers):
    """A baseline model in transformers."""

    inputs = ("frames",)
    family: ClassVar[Family]
    image_options: ClassVar[Mapping[str, Any]] = {}
    """Arguments of the image processor that override the checkpoint's settings."""
    frames_input: ClassVar[str] = "pixel_values_videos"
    """Name of the model input for frames."""

    @abstractmethod
    def frame_pictures(self, visual: VisualInput) -> PromptPictures:
        """Return frames in the family's shape, with their text."""

    @abstractmethod
    def image_pictures(self, processed: Mapping[str, Any]) -> PromptPictures:
        """Return images as the checkpoint's processor prepared them, with their text."""

    @property
    def convention(self) -> Convention | None:
        return self.family.convention

    @cached_property
    def token_grid(self) -> TokenGrid:  # type: ignore[override]
        """The grid of the checkpoint if it is a local folder, else that of the released one."""
        if not Path(self.options.checkpoint).expanduser().is_dir():
            return self.family.grid
        return self.family.grid_in(self.folder)

    @cached_property
    def config(self) -> Any:
        path = self.folder / "config.json"
        values = read_settings(path)
        if values.get("model_type") != self.family.model_type:
            raise DataError(
                f"{path}: model_type is {values.get('model_type')!r}, expected "
                f"{self.family.model_type!r}; set model.checkpoint to a {self.family.display_name}"
            )
        from transformers import CONFIG_MAPPING, AutoConfig, __version__

        if self.family.model_type not in CONFIG_MAPPING:
            raise UsageError(
                f"model {self.name!r} needs transformers {self.family.since} or later, but "
                f"{__version__} is installed; pip install 'transformers>={self.family.since}'"
            )
        try:
            return AutoConfig.from_pretrained(
                self.folder, local_files_only=True, trust_remote_code=False
            )
        except Exception as error:  # values of any type and size
            raise DataError(f"{path}: cannot be read ({one_line(error)})") from None

    def open(self) -> None:
        assert self.config is not None  # reports the checkpoint of another model first
        grid = self.family.grid_in(self.folder)
        if grid != self.token_grid:
            raise UsageError(
                f"{self.folder}: the checkpoint's token grid is {grid}, but {self.token_grid} was "
                "planned; set model.checkpoint to this folder"
            )
        super().open()

    def load_tokenizer(self) -> Any:
        from transformers import AutoTokenizer

        try:
            tokenizer = AutoTokenizer.from_pretrained(
                self.folder, config=self.config, local_files_only=True, trust_remote_code=False
            )
        except Exception as error:  # its files may contain anything
            raise DataError(
                f"{self.folder}: the tokenizer cannot be loaded ({one_line(error)})"
            ) from None
        if not tokenizer.chat_template:
            # Older checkpoints store it with the processor.
            path = self.folder / "chat_template.json"
            template = read_settings(path).get("chat_template")
            if not isinstance(template, str):
                raise DataError(f"{path}: no chat template here or in the tokenizer")
            tokenizer.chat_template = template
        return tokenizer

    def load_model(self) -> Any:
        import torch
        from transformers import AutoModelForImageTextToText

        try:
            with no_progress_bar():
                model: Any = AutoModelForImageTextToText.from_pretrained(
                    self.folder,
                    config=self.config,
                    dtype=getattr(torch, self.placement["dtype"]),
                    attn_implementation=self.placement["attention"],
                    local_files_only=True,
                    trust_remote_code=False,
                )
        except Exception as error:  # weights, packages that a tower needs, quantisation
            raise DataError(f"{self.folder}: cannot be loaded ({one_line(error)})") from None
        return for_inference(model, self.placement["device"])

    def control_tokens(self) -> Sequence[str]:
        added = self.tokenizer.added_tokens_decoder.values()
        return [str(token) for token in added if token.special]

    def messages(self, question: Question, pictures: str) -> Sequence[Any]:
        turns = super().messages(question, pictures)
        return [
            {"role": turn["role"], "content": [{"type": "text", "text": turn["content"]}]}
            for turn in turns
        ]

    def pictures(self, question: Question, visual: VisualInput | None) -> PromptPictures | None:
        if visual is not None:
            return self.frame_pictures(visual)
        images = [media.path for media in question.media if media.kind == "image"]
        return self._images(images) if images else None

    def pictures_text(self, pictures: PromptPictures) -> str:
        return "".join(f"{before}{pictures.pad}{after}" for before, _, after in pictures.runs)

    def tensors(self, pictures: PromptPictures) -> Mapping[str, Tensor]:
        """Return the model inputs for one prompt's pictures, on the model's device."""
        if pictures.images is not None:
            return {name: self.placed(values) for name, values in pictures.images.items()}
        assert pictures.frames is not None
        return {self.frames_input: self._normalised(pictures.frames)}

    def model_inputs(self, ids: Tensor, pictures: Sequence[PromptPictures]) -> Mapping[str, Tensor]:
        import torch

        inputs: dict[str, list[Tensor]] = defaultdict(list)
        for item in pictures:
            for name, tensor in self.tensors(item).items():
                inputs[name].append(tensor)
        return {name: torch.cat(tensors) for name, tensors in inputs.items()}

    def _normalised(self, pixels: npt.NDArray[np.uint8]) -> Tensor:
        """Return pixels [n, 3, ...] normalised, on the vision tower's device and in its dtype."""
        import torch

        mean, std = self._statistics
        shape = (3, *[1] * (pixels.ndim - 2))
        values = torch.from_numpy(pixels).to(self._model.device).to(torch.float32).div_(255)
        values = values.sub_(torch.tensor(mean, device=values.device).view(shape))
        values = values.div_(torch.tensor(std, device=values.device).view(shape))
        return values.to(self._model.dtype)

    def placed(self, values: npt.NDArray[Any]) -> Tensor:
        """Return an array as a tensor on the model's device; floats in its dtype."""
        import torch

        tensor = torch.from_numpy(np.ascontiguousarray(values)).to(self._model.device)
        return tensor.to(self._model.dtype) if tensor.is_floating_point() else tensor

    @cached_property
    def _statistics(self) -> tuple[Any, Any]:
        """Mean and standard deviation of pixels per channel, from the checkpoint."""
        settings = video_settings(self.folder)
        if "image_mean" in settings and "image_std" in settings:
            return settings["image_mean"], settings["image_std"]
        return HALVES, HALVES

    @cached_property
    def _image_processor(self) -> Any:
        from transformers import AutoImageProcessor

        try:
            return AutoImageProcessor.from_pretrained(
                self.folder, local_files_only=True, trust_remote_code=False
            )
        except Exception as error:  # settings of any content
            if find_spec("torchvision") is None and "torchvision" in str(error).lower():
                raise UsageError(
                    f"model {self.name!r} needs the package torchvision for images; install the "
                    "release that belongs to your torch: pip install torchvision"
                ) from None
            raise DataError(
                f"{self.folder}: the image processor cannot be loaded ({one_line(error)})"
            ) from None

    def _images(self, paths: Sequence[Path]) -> PromptPictures:
        from model_wrappers.pictures import read_image

        with self._lock:
            processor = self._image_processor
        images = [read_image(path) for path in paths]
        return self.image_pictures(processor(images, **self.image_options))
