"""SAM 2.1 in transformers: masks of all frames from points in some.

It visits the same frames in the same order as the video predictor of the public code. Known
differences: frames are resized bilinearly, and holes are not filled; every result names its
segmenter. ``Sam2VideoProcessor`` needs torchvision only to resize, so this module resizes itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from functools import cached_property
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np

from evaluators.tracking.rle import encode_mask
from evaluators.tracking.segmenters import Prompts, Segmenter
from jumpscore.errors import DataError, UsageError
from jumpscore.video import decode, probe
from jumpscore.video.stored_frames import nearest_index

CHECKPOINT = "facebook/sam2.1-hiera-large"
MEAN = (0.485, 0.456, 0.406)
DEVIATION = (0.229, 0.224, 0.225)
"""Statistics of ImageNet, with which every SAM 2 checkpoint was trained."""


class Sam2(Segmenter):
    """Positive points only; float32 on a CPU, bfloat16 autocast on a GPU."""

    name = "sam2"

    def identity(self) -> str:
        checkpoint = self.checkpoint or CHECKPOINT
        at = f"@{self.revision}" if self.revision else ""
        try:
            by = version("transformers")
        except PackageNotFoundError:
            by = "none"
        return f"sam2 {checkpoint}{at}, transformers {by}"

    def segment(
        self, video: Path, prompts: Prompts, *, width: int, height: int, frames: int, fps: float
    ) -> list[dict[str, Any] | None]:
        if not prompts or not all(0 <= frame < frames for frame in prompts):
            raise ValueError(f"prompts in frames {sorted(prompts)}; allowed: 0..{frames - 1}")
        import torch

        model, device = self._model
        with torch.inference_mode(), self._autocast(device):
            session = self._session(video, width=width, height=height, frames=frames, fps=fps)
            masks: list[dict[str, Any] | None] = [None] * frames
            for frame, logits in self._propagate(model, session, prompts):
                masks[frame] = _union(logits, height, width)
        return masks

    def _propagate(self, model: Any, session: Any, prompts: Prompts) -> Iterator[tuple[int, Any]]:
        """Yield (frame, logits [objects, 1, h, w]); later results replace earlier ones."""
        starts = sorted(prompts)
        for start, following in zip(starts, [*starts[1:], session.num_frames], strict=True):
            _add_points(session, start, prompts[start], side=_side(model))
            for output in model.propagate_in_video_iterator(
                session, start_frame_idx=start, max_frame_num_to_track=following - start - 1
            ):
                yield output.frame_idx, output.pred_masks
        if starts[0] > 0:
            for output in model.propagate_in_video_iterator(
                session, start_frame_idx=starts[0], max_frame_num_to_track=starts[0], reverse=True
            ):
                yield output.frame_idx, output.pred_masks

    def _session(self, video: Path, *, width: int, height: int, frames: int, fps: float) -> Any:
        import torch
        from transformers.models.sam2_video.modeling_sam2_video import Sam2VideoInferenceSession

        model, device = self._model
        side = _side(model)
        pixels = torch.empty((frames, 3, side, side))
        mean, deviation = (torch.tensor(values)[:, None, None] for values in (MEAN, DEVIATION))
        for place, picture in read_frames(video, frames=frames, fps=fps, size=(width, height)):
            colours = torch.from_numpy(np.ascontiguousarray(picture.transpose(2, 0, 1)))[None]
            resized = torch.nn.functional.interpolate(
                colours, (side, side), mode="bilinear", align_corners=False, antialias=True
            )
            pixels[place] = (resized[0] / 255 - mean) / deviation
        return Sam2VideoInferenceSession(
            video=pixels,
            video_height=height,
            video_width=width,
            inference_device=device,
            inference_state_device=device,
            video_storage_device="cpu",
            dtype=torch.float32,
        )

    @property
    def _model(self) -> tuple[Any, str]:
        if isinstance(self._loaded, UsageError):
            raise self._loaded
        return self._loaded

    @cached_property
    def _loaded(self) -> tuple[Any, str] | UsageError:
        """Model and device, or the error: a failed load is not repeated for every sample."""
        try:
            import torch
            from transformers import Sam2VideoModel
        except ImportError as error:
            return UsageError(
                f"segmenter sam2 needs torch and transformers ({error}); install jumpscore[models]"
            )
        device = self.device
        if device == "auto":
            device = "cuda" if torch.cuda.is_available() else "cpu"
        checkpoint = self.checkpoint or CHECKPOINT
        try:
            model = Sam2VideoModel.from_pretrained(checkpoint, revision=self.revision or "main")
        except (OSError, ValueError) as error:
            return UsageError(
                f"segmenter sam2: {checkpoint} cannot be loaded ({str(error)[:300]}); give a "
                "folder or a hub id as task.checkpoint"
            )
        return model.to(device).eval(), device

    def _autocast(self, device: str) -> AbstractContextManager[Any]:
        import torch

        if device.startswith("cuda"):
            return torch.autocast("cuda", dtype=torch.bfloat16)
        return nullcontext()


def read_frames(
    video: Path, *, frames: int, fps: float, size: tuple[int, int]
) -> Iterator[tuple[int, np.ndarray[Any, Any]]]:
    """Yield (n, RGB [H, W, 3]): the video's frame nearest to ``n / fps`` seconds, for every n.

    Raises:
        DataError: The video ends before the last frame.
        VideoError: It cannot be read.
    """
    info = probe(video)
    start = float(info.times[0])
    if info.duration - start < (frames - 1) / fps:
        raise DataError(
            f"{video.name}: is {info.duration:.2f} s long, but {frames} frames at {fps:g} per "
            f"second need {frames / fps:.2f} s"
        )
    indices = [nearest_index(info.times, start + place / fps) for place in range(frames)]
    pictures = decode(video, sorted(set(indices)), size=size, info=info)
    place = 0
    for picture in pictures:
        while place < frames and indices[place] == picture.index:
            yield place, picture.pixels
            place += 1


def _side(model: Any) -> int:
    size = model.config.image_size
    return int(size if isinstance(size, int) else size[0])


def _add_points(session: Any, frame: int, objects: Any, *, side: int) -> None:
    """Add the points of all objects in one frame to the session."""
    import torch

    scale = torch.tensor([side / session.video_width, side / session.video_height])
    for name, points in objects.items():
        session.add_point_inputs(
            session.obj_id_to_idx(name),
            frame,
            {
                "point_coords": torch.tensor(points, dtype=torch.float32)[None, None] * scale,
                "point_labels": torch.ones((1, 1, len(points)), dtype=torch.int64),
            },
        )
    session.obj_with_new_inputs = list(objects)


def _union(logits: Any, height: int, width: int) -> dict[str, Any] | None:
    """Return the mask of pixels where any object's logits, at the video's size, are above 0."""
    import torch

    resized = torch.nn.functional.interpolate(
        logits.float(), (height, width), mode="bilinear", align_corners=False
    )
    inside = (resized > 0).any(dim=0)[0].cpu().numpy()
    return encode_mask(inside) if inside.any() else None
