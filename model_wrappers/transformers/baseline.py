"""What the baselines share: a checkpoint that transformers knows, shown frames as we plan them."""

from __future__ import annotations

from abc import abstractmethod
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import numpy.typing as npt

from jumpscore.errors import DataError, UsageError
from jumpscore.records import Convention, Question
from jumpscore.video import TokenGrid, VisualInput
from model_wrappers.checkpoints import no_progress_bar, one_line, read_settings
from model_wrappers.families import Family
from model_wrappers.transformers.wrapper import InTransformers

if TYPE_CHECKING:
    from torch import Tensor

HALVES = (0.5, 0.5, 0.5)
"""Mean and spread of pixels where a checkpoint does not say."""
SETTINGS = ("video_preprocessor_config.json", "preprocessor_config.json")


@dataclass(frozen=True, slots=True, eq=False)
class Shown:
    """What a question shows.

    Attributes:
        runs: (text before, visual tokens, text after) of every run of visual tokens.
        pad: Token in whose place they stand.
        frames: RGB, uint8, in the family's own shape; with frames.
        images: Name to float32, as the checkpoint's image processor gives them; with images.
        grid: (groups of frames, patch rows, patch columns), where the family's model wants it.
        size: (width, height) in pixels of the images as they are fed, where they have one size and
            are not cut into tiles.
    """

    runs: tuple[tuple[str, int, str], ...]
    pad: str
    frames: npt.NDArray[np.uint8] | None = None
    images: Mapping[str, npt.NDArray[Any]] | None = None
    grid: tuple[int, int, int] | None = None
    size: tuple[int, int] | None = None


class Baseline(InTransformers):
    """A model of the tables' other columns, in transformers."""

    inputs = ("frames",)
    family: ClassVar[Family]
    image_options: ClassVar[Mapping[str, Any]] = {}
    """What its processor tells the image processor, whose own settings may say otherwise."""

    @abstractmethod
    def frames_shown(self, visual: VisualInput) -> Shown:
        """Return frames in the family's shape, and their text."""

    @abstractmethod
    def images_shown(self, processed: Mapping[str, Any]) -> Shown:
        """Return images as the checkpoint's processor gave them, and their text."""

    @abstractmethod
    def tensors(self, shown: Shown) -> Mapping[str, Tensor]:
        """Return what the model takes of one prompt's pictures, on the model's device."""

    @property
    def convention(self) -> Convention | None:
        return self.family.convention

    @property
    def token_grid(self) -> TokenGrid:  # type: ignore[override]
        """As the checkpoint says where it is at hand, else as the released one has it."""
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
                f"{self.family.model_type!r}; this is the checkpoint of another model"
            )
        from transformers import AutoConfig

        try:
            return AutoConfig.from_pretrained(
                self.folder, local_files_only=True, trust_remote_code=False
            )
        except Exception as error:  # values of any type and size
            raise DataError(f"{path}: cannot be read ({one_line(error)})") from None

    def open(self) -> None:
        assert self.config is not None  # another model's is said before what follows from it
        found = self.family.grid_in(self.folder)
        if found != self.token_grid:
            raise UsageError(
                f"{self.folder} cuts frames as {found}, planned was {self.token_grid}; set "
                "model.checkpoint to the folder"
            )
        super().open()

    def load_tokenizer(self) -> Any:
        from transformers import AutoTokenizer

        try:
            tokenizer = AutoTokenizer.from_pretrained(
                self.folder, config=self.config, local_files_only=True, trust_remote_code=False
            )
        except Exception as error:  # its files may hold anything
            raise DataError(
                f"{self.folder}: holds no tokenizer that can be read ({one_line(error)})"
            ) from None
        if not tokenizer.chat_template:
            # Older checkpoints keep it with the processor.
            path = self.folder / "chat_template.json"
            held = read_settings(path).get("chat_template")
            if not isinstance(held, str):
                raise DataError(f"{path}: holds no chat template, and the tokenizer has none")
            tokenizer.chat_template = held
        return tokenizer

    def load_model(self) -> Any:
        import torch
        from transformers import AutoModelForImageTextToText, GenerationConfig

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
        # What a checkpoint recommends (sampling, penalties) must not change answers unseen.
        model.generation_config = GenerationConfig(
            eos_token_id=model.generation_config.eos_token_id,
            pad_token_id=model.generation_config.pad_token_id,
        )
        return model.to(self.placement["device"]).eval().requires_grad_(False)

    def control_tokens(self) -> Sequence[str]:
        added = self.tokenizer.added_tokens_decoder.values()
        return [str(token) for token in added if token.special]

    def messages(self, question: Question, pictures: str) -> Sequence[Any]:
        turns = super().messages(question, pictures)
        return [
            {"role": turn["role"], "content": [{"type": "text", "text": turn["content"]}]}
            for turn in turns
        ]

    def pictures(self, question: Question, visual: VisualInput | None) -> Shown | None:
        if visual is not None:
            return self.frames_shown(visual)
        images = [media.path for media in question.media if media.kind == "image"]
        return self._images(images) if images else None

    def pictures_text(self, pictures: Shown) -> str:
        return "".join(f"{before}{pictures.pad}{after}" for before, _, after in pictures.runs)

    def model_inputs(self, ids: Tensor, pictures: Sequence[Shown]) -> Mapping[str, Tensor]:
        import torch

        found: dict[str, list[Tensor]] = defaultdict(list)
        for shown in pictures:
            for name, tensor in self.tensors(shown).items():
                found[name].append(tensor)
        return {name: torch.cat(tensors) for name, tensors in found.items()}

    def normalised(self, pixels: npt.NDArray[np.uint8], channel: int) -> Tensor:
        """Return pixels as the tower takes them, on its device and in its dtype.

        Args:
            pixels: uint8, of any shape.
            channel: Axis of the three channels.
        """
        import torch

        mean, std = self._statistics
        shape = [3 if axis == channel % pixels.ndim else 1 for axis in range(pixels.ndim)]
        values = torch.from_numpy(pixels).to(self._model.device).to(torch.float32).div_(255)
        values = values.sub_(torch.tensor(mean, device=values.device).view(shape))
        values = values.div_(torch.tensor(std, device=values.device).view(shape))
        return values.to(self._model.dtype)

    def placed(self, values: npt.NDArray[Any]) -> Tensor:
        """Return an array on the model's device; floats in its dtype."""
        import torch

        tensor = torch.from_numpy(np.ascontiguousarray(values)).to(self._model.device)
        return tensor.to(self._model.dtype) if tensor.is_floating_point() else tensor

    @cached_property
    def _statistics(self) -> tuple[Any, Any]:
        """Mean and spread of pixels by channel, as the checkpoint says."""
        for name in SETTINGS:
            if (self.folder / name).is_file():
                held = read_settings(self.folder / name)
                if "image_mean" in held and "image_std" in held:
                    return held["image_mean"], held["image_std"]
        return HALVES, HALVES

    @cached_property
    def _image_processor(self) -> Any:
        from transformers import AutoImageProcessor

        try:
            return AutoImageProcessor.from_pretrained(
                self.folder, local_files_only=True, trust_remote_code=False
            )
        except Exception as error:  # its settings may hold anything; it may need torchvision
            raise DataError(
                f"{self.folder}: images cannot be prepared ({one_line(error)})"
            ) from None

    def _images(self, paths: Sequence[Path]) -> Shown:
        from model_wrappers.pictures import read_image

        with self._lock:
            processor = self._image_processor
        images = [read_image(path) for path in paths]
        return self.images_shown(processor(images, **self.image_options))
