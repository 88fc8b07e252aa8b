"""The processor for transformers and vLLM: text with markers and pictures to model inputs.

The harness does not use it: the wrapper takes a ``VisualInput``. Both share ``inputs`` and
``prompts``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from jumpscore.errors import UsageError
from jumpscore.video import VisualInput, codec_canvases, probe, uniform_frames
from jumpscore.video.codec.canvases import MAX_PIXELS
from jumpscore.video.prepared.folders import read_prepared
from jumpscore.video.prepared.references import SUFFIX, read_reference
from jumpscore.video.sizes import MERGE, PATCH, PLAIN_GRID, TokenGrid
from model_wrappers.llava_onevision2.checkpoint import IMAGE_LIMITS
from model_wrappers.llava_onevision2.inputs import (
    Pictures,
    codec_pictures,
    frame_pictures,
    image_pictures,
)
from model_wrappers.llava_onevision2.pixels import fitted, normalised
from model_wrappers.llava_onevision2.prompts import (
    IMAGE_PAD,
    VIDEO_PAD,
    VISION_END,
    VISION_START,
    vision_text,
)
from model_wrappers.transformers.prompts import expand_pads

LEAST_FRAMES, MOST_FRAMES = 4, 32
"""Limits of the default number of frames of a video."""

_MARKER = re.compile(
    re.escape(f"{VISION_START}{VIDEO_PAD}{VISION_END}") + "|" + re.escape(IMAGE_PAD)
)


@dataclass(frozen=True)
class CodecConfig:
    """How the processor makes canvases; the key ``codec`` of ``preprocessor_config.json``.

    Attributes:
        canvases: Number of canvases.
        min_pixels: Smallest area of a canvas.
        max_pixels: Largest area of a canvas.
        decimals: Decimals of time stamps.
        backend: Source of block scores, ``pyav`` or ``bitcost``.
    """

    canvases: int = 32
    min_pixels: int | None = None
    max_pixels: int = MAX_PIXELS
    decimals: int = 1
    backend: Literal["pyav", "bitcost"] = "pyav"


@dataclass(frozen=True)
class VideoOptions:
    """How a call of the processor reads videos.

    Attributes:
        video_backend: ``frames`` or ``codec``.
        num_frames: Frames of a video, instead of ``fps``.
        fps: Frames per second of video.
        timestamp_decimals: Decimals of time stamps.
    """

    video_backend: str = "frames"
    num_frames: int | None = None
    fps: float = 1.0
    timestamp_decimals: int | None = None

    @classmethod
    def of(cls, options: Mapping[str, Any]) -> VideoOptions:
        """Return the options among a call's keyword arguments."""
        names = [field.name for field in fields(cls)]
        return cls(**{name: options[name] for name in names if name in options})


def process_codec_video(path: str, config: CodecConfig) -> dict[str, Any]:
    """Return the frame rate of a video's time stamps, as ``{"fps": ...}``."""
    return {"fps": _canvases(path, config, PLAIN_GRID).fps}  # the same for any grid


class LlavaOnevision2VideoProcessor:
    """Samples frames of a video file: 1 per second, an even number from 4 to 32."""

    def __init__(
        self,
        image_processor: Any = None,
        min_pixels: int | None = None,
        max_pixels: int | None = None,
        patch_size: int = 14,
        spatial_merge_size: int = 2,
    ) -> None:
        self.token_grid = TokenGrid(patch_size * spatial_merge_size, spatial_merge_size)
        self.image_processor = image_processor
        self.min_pixels, self.max_pixels = min_pixels, max_pixels

    def __call__(
        self, path: str | Path, *, num_frames: int | None = None, fps: float = 1.0
    ) -> VisualInput:
        """Return the frames of a video.

        Args:
            path: Video file.
            num_frames: Number of frames, instead of ``fps``.
            fps: Frames per second of video.
        """
        info = probe(path)
        count = num_frames
        if count is None:
            count = int(info.frames / info.fps * fps) if info.fps > 0 else info.frames
            count = min(max(count, LEAST_FRAMES), MOST_FRAMES)
        return uniform_frames(
            path,
            info=info,
            count=count,
            min_pixels=self.min_pixels,
            max_pixels=self.max_pixels,
            grid=self.token_grid,
        )


class LlavaOnevision2Processor:
    """Converts text, images and videos to token ids, pixels, grid rows and positions.

    In the text, ``<|image_pad|>`` marks an image and
    ``<|vision_start|><|video_pad|><|vision_end|>`` a video.
    """

    def __init__(
        self,
        image_processor: Any = None,
        tokenizer: Any = None,
        video_processor: Any = None,
        codec_config: Mapping[str, Any] | None = None,
    ) -> None:
        patch = getattr(image_processor, "patch_size", PATCH)
        merge = getattr(image_processor, "merge_size", MERGE)
        self.token_grid = TokenGrid(patch * merge, merge)
        self.image_processor = image_processor
        self.tokenizer = tokenizer
        self.min_pixels, self.max_pixels = _limits(image_processor)
        self.video_processor = video_processor or LlavaOnevision2VideoProcessor(
            image_processor, self.min_pixels, self.max_pixels, patch, merge
        )
        self.codec = CodecConfig(**(codec_config or {}))
        self._codec_config_defaults = dict(codec_config or {})

    @classmethod
    def register_for_auto_class(cls, auto_class: str = "AutoProcessor") -> None:
        """Do nothing; ``AutoProcessor`` calls it, but a folder's files are copied anyway."""

    @classmethod
    def from_pretrained(cls, folder: str | Path, **_: Any) -> LlavaOnevision2Processor:
        """Load the processor of a checkpoint folder."""
        from types import SimpleNamespace

        from model_wrappers.llava_onevision2.checkpoint import (
            inspect_settings,
            load_tokenizer,
            patch_sizes,
        )

        config, values = inspect_settings(Path(folder))
        limits = {"size": values["size"]} if "size" in values else {}
        return cls(
            image_processor=SimpleNamespace(**patch_sizes(config), **limits),
            tokenizer=load_tokenizer(Path(folder), config),
            codec_config=values.get("codec"),
        )

    def __call__(
        self,
        images: Any = None,
        text: str | Sequence[str] | None = None,
        videos: Any = None,
        **options: Any,
    ) -> Any:
        """Return a ``BatchFeature``; the visual inputs of the whole batch are concatenated.

        Args:
            images: One or several Pillow images or arrays [H, W, 3].
            text: One prompt or several.
            videos: One path or several; the folder, for prepared canvases.
            options: Fields of ``VideoOptions``; others, such as ``return_tensors``, are ignored.

        Returns:
            ``input_ids`` and ``attention_mask`` int [batch, tokens], padded on the left,
            ``pixel_values`` float32 [patches, 3 * side * side], ``image_grid_thw`` int [rows, 3],
            ``patch_positions`` int [patches, 3], and for canvases ``codec_fps``, a list.

        Raises:
            UsageError: The numbers of markers and pictures differ.
        """
        from transformers import BatchFeature

        from model_wrappers.llava_onevision2.pixels import visual_inputs
        from model_wrappers.transformers.generation import pad_left

        prompts = [text] if isinstance(text, str) else list(text or [""])
        stills = [self._still(image) for image in _listed(images)]
        video = VideoOptions.of(options)
        clips = [self._video(path, video) for path in _listed(videos)]
        rows, used = self._fill(prompts, stills, [pictures for _, pictures in clips])
        ids, mask = pad_left(rows, self.tokenizer.pad_token_id)
        data: dict[str, Any] = {"input_ids": ids, "attention_mask": mask, **visual_inputs(used)}
        if used:
            data["pixel_values"] = normalised(data["pixel_values"])
        if clips and video.video_backend == "codec":
            data["codec_fps"] = [visual.fps for visual, _ in clips]
        return BatchFeature(data)

    def apply_chat_template(self, conversation: Any, **kwargs: Any) -> Any:
        """Return the text of a conversation; its content must be text with markers."""
        return self.tokenizer.apply_chat_template(conversation, **{"tokenize": False, **kwargs})

    def decode(self, *args: Any, **kwargs: Any) -> str:
        """Return the text of token ids, as the tokenizer does."""
        return self.tokenizer.decode(*args, **kwargs)

    def batch_decode(self, *args: Any, **kwargs: Any) -> list[str]:
        """Return the texts of rows of token ids, as the tokenizer does."""
        return self.tokenizer.batch_decode(*args, **kwargs)

    def _still(self, image: Any) -> Pictures:
        grid = self.token_grid
        limits = {"min_pixels": self.min_pixels, "max_pixels": self.max_pixels}
        return image_pictures([fitted(image, grid=grid, **limits)], grid)

    def _video(self, path: str | Path, options: VideoOptions) -> tuple[VisualInput, Pictures]:
        decimals = options.timestamp_decimals
        if options.video_backend == "codec":
            visual = _canvases(path, self.codec, self.token_grid)
            visual = visual if decimals is None else visual.changed(decimals=decimals)
            return visual, codec_pictures(visual)
        visual = self.video_processor(path, num_frames=options.num_frames, fps=options.fps)
        visual = visual if decimals is None else visual.changed(decimals=decimals)
        return visual, frame_pictures(visual, positions="source")

    def _fill(
        self, prompts: Sequence[str], stills: Sequence[Pictures], clips: Sequence[Pictures]
    ) -> tuple[list[npt.NDArray[np.int64]], list[Pictures]]:
        """Return the ids of every prompt, and the pictures in the order of their markers."""
        left_stills, left_clips = list(stills), list(clips)
        used: list[Pictures] = []
        rows = []
        pad = self.tokenizer.convert_tokens_to_ids(IMAGE_PAD)
        for prompt in prompts:
            counts: list[int] = []

            def fill(marker: re.Match[str], counts: list[int] = counts) -> str:
                still = marker[0] == IMAGE_PAD
                left = left_stills if still else left_clips
                if not left:
                    raise UsageError(
                        f"the text has more markers {marker[0]} than there are "
                        f"{'images' if still else 'videos'}; remove them or pass more"
                    )
                pictures = left.pop(0)
                used.append(pictures)
                counts += [tokens for _, tokens, _ in pictures.runs]
                return IMAGE_PAD if still else vision_text(pictures.runs)

            text = _MARKER.sub(fill, prompt)
            ids = np.array(self.tokenizer.encode(text, add_special_tokens=False), dtype=np.int64)
            rows.append(expand_pads(ids, counts, pad))
        if left_stills or left_clips:
            raise UsageError(
                f"the text has no marker for {len(left_stills)} of the images and "
                f"{len(left_clips)} of the videos; add {IMAGE_PAD} or the marker of a video"
            )
        return rows, used


def _canvases(path: str | Path, config: CodecConfig, grid: TokenGrid) -> VisualInput:
    if str(path).endswith(SUFFIX):
        return read_reference(Path(path))
    if Path(path).is_dir():
        return read_prepared(Path(path)).changed(decimals=config.decimals)
    return codec_canvases(
        path,
        canvases=config.canvases,
        min_pixels=config.min_pixels,
        max_pixels=config.max_pixels,
        backend=config.backend,
        canvas_grid=grid,
    ).changed(decimals=config.decimals)


def _limits(image_processor: Any) -> tuple[int, int]:
    """Return the area limits of images, from ``size``."""
    size = getattr(image_processor, "size", None) or IMAGE_LIMITS
    limits = {}
    for edge, default in IMAGE_LIMITS.items():
        value = size.get(edge) if isinstance(size, Mapping) else getattr(size, edge, None)
        limits[edge] = int(value or default)
    return limits["shortest_edge"], limits["longest_edge"]


def _listed(items: Any) -> list[Any]:
    if items is None:
        return []
    return list(items) if isinstance(items, (list, tuple)) else [items]
