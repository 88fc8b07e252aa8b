"""Wrapper of LLaVA-OneVision-2 in transformers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from jumpscore.errors import DataError, UsageError
from jumpscore.records import Convention, Question, Response
from jumpscore.video import PLAIN_GRID, TokenGrid, VisualInput
from model_wrappers.base import ModelOptions, Request
from model_wrappers.checkpoints import local_folder
from model_wrappers.llava_onevision2.checkpoint import stated_grid
from model_wrappers.llava_onevision2.familiarity import (
    UNFAMILIAR,
    Familiarity,
    features_of,
    read_familiarity,
)
from model_wrappers.llava_onevision2.prompts import (
    CHAT_END,
    CONTROL_TOKENS,
    CONVENTION,
    END_OF_TEXT,
    SYSTEM,
    vision_text,
)
from model_wrappers.transformers.wrapper import InTransformers, TransformersOptions

if TYPE_CHECKING:
    from torch import Tensor

    from model_wrappers.llava_onevision2.checkpoint import Checkpoint
    from model_wrappers.transformers.generation import Answer, Prompt, Sampling

RELEASED = "lmms-lab-encoder/LLaVA-OneVision-2-8B-Instruct"


class LlavaOnevision2Options(TransformersOptions):
    """Options of any model in transformers, and two of its own.

    Attributes:
        frame_positions: Time coordinate of frames: ``zero`` like vLLM, or ``source``, the frame's
            index in the video.
        generation: ``auto`` answers greedily with ``small_greedy`` if it supports the model and
            else with transformers; ``transformers`` always uses that. Answers are equal unless two
            tokens are equally likely up to rounding.
    """

    checkpoint: str = RELEASED
    system: str = SYSTEM
    frame_positions: Literal["zero", "source"] = "zero"
    generation: Literal["auto", "transformers"] = "auto"


class LlavaOnevision2(InTransformers):
    """LLaVA-OneVision-2 (8B) in transformers: codec canvases, frames or images."""

    name = "llava_ov2"
    inputs = ("codec", "frames")
    Options: ClassVar[type[ModelOptions]] = LlavaOnevision2Options
    options: LlavaOnevision2Options

    @property
    def convention(self) -> Convention | None:
        return CONVENTION

    @cached_property
    def checkpoint(self) -> Checkpoint:
        """The validated checkpoint, not yet loaded."""
        from model_wrappers.llava_onevision2.checkpoint import inspect_checkpoint

        return inspect_checkpoint(self.folder)

    @property
    def config(self) -> Any:
        return self.checkpoint.config

    @cached_property
    def token_grid(self) -> TokenGrid:  # type: ignore[override]
        """The grid of the checkpoint if it is a local folder, else that of the released one."""
        folder = local_folder(self.options.checkpoint)
        return PLAIN_GRID if folder is None else stated_grid(folder)

    @property
    def canvas_grid(self) -> TokenGrid:  # type: ignore[override]
        """Canvases have the tokens of frames."""
        return self.token_grid.squares

    def open(self) -> None:
        grid = self.config.vision_config.token_grid
        if grid != self.token_grid:
            raise UsageError(
                f"{self.folder}: the checkpoint's token grid is {grid}, but {self.token_grid} was "
                "planned; set model.checkpoint to this folder"
            )
        super().open()

    @property
    def pads(self) -> tuple[int, ...]:
        return (self.checkpoint.config.image_token_id,)

    def control_tokens(self) -> Sequence[str]:
        return CONTROL_TOKENS

    def load_tokenizer(self) -> Any:
        from model_wrappers.llava_onevision2.checkpoint import load_tokenizer

        return load_tokenizer(self.folder, self.checkpoint.config)

    def load_model(self) -> Any:
        from model_wrappers.llava_onevision2.checkpoint import load_model

        model = load_model(self.checkpoint, **self.placement)
        end = model.generation_config.eos_token_id
        ends = end if isinstance(end, list) else [] if end is None else [end]
        own = self.tokenizer.convert_tokens_to_ids([CHAT_END, END_OF_TEXT])
        model.generation_config.eos_token_id = [*ends, *own]
        return model

    @cached_property
    def familiarity(self) -> Familiarity | None:
        """The distribution of the training clips, if the checkpoint has a file with it."""
        return read_familiarity(self.folder)

    def generate(self, requests: Sequence[Request]) -> list[Response]:
        responses = super().generate(requests)
        if self.familiarity is None:
            return responses
        unfamiliar = {
            request.question.id
            for request in requests
            if request.visual is not None and self._is_unfamiliar(request.payload)
        }
        return [
            replace(response, notes={**response.notes, UNFAMILIAR: 1})
            if response.id in unfamiliar
            else response
            for response in responses
        ]

    def _is_unfamiliar(self, prompt: Prompt) -> bool:
        assert self.familiarity is not None
        features = features_of(self._model, prompt.pictures)
        return self.familiarity.distance(features) > self.familiarity.limit

    def answers(
        self, prompts: Sequence[Prompt], sampling: Sampling, *, threads: int
    ) -> list[Answer]:
        from model_wrappers.llava_onevision2.small_greedy import SmallGreedy, unsupported

        if self.options.generation == "transformers" or unsupported(self._model, sampling):
            return super().answers(prompts, sampling, threads=threads)
        small = SmallGreedy(self._model)
        return small.answers(prompts, self.model_inputs, sampling.max_new_tokens, threads=threads)

    def pictures(self, question: Question, visual: VisualInput | None) -> Any:
        from model_wrappers.llava_onevision2.inputs import (
            codec_pictures,
            frame_pictures,
            image_pictures,
        )
        from model_wrappers.llava_onevision2.pixels import fitted
        from model_wrappers.pictures import read_image

        if visual is not None:
            if visual.token_grid.squares != self.canvas_grid:
                raise DataError(
                    f"{visual.path}: its pictures have {visual.token_grid.squares}, and the "
                    f"checkpoint {self.folder} needs {self.canvas_grid}; prepare them for it"
                )
            if visual.kind == "codec":
                return codec_pictures(visual)
            return frame_pictures(visual, positions=self.options.frame_positions)
        limits = (self.checkpoint.min_pixels, self.checkpoint.max_pixels)
        images = [
            fitted(
                read_image(media.path),
                grid=self.token_grid,
                min_pixels=limits[0],
                max_pixels=limits[1],
            )
            for media in question.media
            if media.kind == "image"
        ]
        return image_pictures(images, self.token_grid) if images else None

    def pictures_text(self, pictures: Any) -> str:
        return vision_text(pictures.runs)

    def model_inputs(self, ids: Tensor, pictures: Sequence[Any]) -> Mapping[str, Tensor]:
        from model_wrappers.llava_onevision2.pixels import visual_inputs

        return visual_inputs(pictures)
