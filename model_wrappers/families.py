"""Baseline model families as table rows: their differences, and the backends that run them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from jumpscore.errors import DataError
from jumpscore.records import Convention
from jumpscore.video import TokenGrid
from model_wrappers.checkpoints import read_settings

ServingBackend = Literal["transformers", "vllm", "openai"]


@dataclass(frozen=True, slots=True)
class Family:
    """A family of models.

    Attributes:
        name: Registry name of its wrapper.
        display_name: Name as its authors write it.
        model_type: ``model_type`` in its ``config.json``.
        checkpoint: Released weights on the hub.
        licence: Licence of these weights.
        grid: How the released checkpoint divides frames into visual tokens.
        rules: How frames appear in a prompt, in words; deviations from the authors are marked.
        convention: Coordinate convention of answers; ``None`` if its authors do not document one.
        backends: Backends that can run it, the preferred one first.
        before: Template of the text before a frame: ``number`` from 1, and ``stamp``.
        as_video: Whether frames are passed as one video instead of as images.
        read_grid: Reads the grid from the settings of a checkpoint folder; if ``None``, every
            checkpoint has the released one's.
    """

    name: str
    display_name: str
    model_type: str
    checkpoint: str
    licence: str
    grid: TokenGrid
    rules: str
    convention: Convention | None
    backends: tuple[ServingBackend, ...]
    before: str = "{stamp}"
    as_video: bool = False
    read_grid: Callable[[Path], TokenGrid] | None = None

    def grid_in(self, folder: Path) -> TokenGrid:
        """Return how a checkpoint divides frames into visual tokens.

        Raises:
            DataError: Its settings lack the required values.
        """
        if self.read_grid is None:
            return self.grid
        try:
            grid = self.read_grid(folder)
            if grid.side < 2 or grid.side % 2 or grid.frames < 1:
                raise ValueError(f"{grid}")
            return grid
        except (KeyError, TypeError, ValueError, ZeroDivisionError, IndexError) as error:
            raise DataError(
                f"{folder}: no valid token grid in the checkpoint's settings ({error!r}); download "
                f"it again or compare with {self.checkpoint}"
            ) from None

    def before_frame(self, place: int, stamp: str) -> str:
        """Return the text before a frame.

        Args:
            place: Index of the frame, from 0.
            stamp: Time of the frame as text.

        >>> INTERNVL3_5.before_frame(0, "<0.5 seconds>")
        'Frame1 <0.5 seconds>: '
        """
        return self.before.format(number=place + 1, stamp=stamp)


def _qwen3_vl_grid(folder: Path) -> TokenGrid:
    vision = read_settings(folder / "config.json")["vision_config"]
    side = vision.get("patch_size", 16) * vision.get("spatial_merge_size", 2)
    return TokenGrid(side=int(side), frames=int(vision.get("temporal_patch_size", 2)))


def _internvl_grid(folder: Path) -> TokenGrid:
    config = read_settings(folder / "config.json")
    vision: Mapping[str, Any] = {
        "image_size": (448, 448), "patch_size": (14, 14), **config["vision_config"]
    }  # fmt: skip
    height, width = vision["image_size"]
    side = vision["patch_size"][0] / config.get("downsample_ratio", 0.5)
    return TokenGrid(side=round(side), size=(int(width), int(height)))


def _perception_lm_grid(folder: Path) -> TokenGrid:
    pooling = read_settings(folder / "config.json").get("projector_pooling_ratio", 1)
    # Patch and tile size are in the processor's settings, not in config.json.
    values: dict[str, Any] = {"patch_size": 14, "size": {"width": 448, "height": 448}}
    for name in ("processor_config.json", "video_preprocessor_config.json"):
        if (folder / name).is_file():
            settings = read_settings(folder / name)
            values |= {key: settings[key] for key in values.keys() & settings.keys()}
    size = (int(values["size"]["width"]), int(values["size"]["height"]))
    return TokenGrid(side=int(values["patch_size"] * pooling), size=size)


QWEN3_VL = Family(
    name="qwen3_vl",
    display_name="Qwen3-VL",
    model_type="qwen3_vl",
    checkpoint="Qwen/Qwen3-VL-8B-Instruct",
    licence="Apache-2.0",
    grid=TokenGrid(side=32, frames=2),
    rules="two frames share their tokens, after the mean of their times: <0.5 seconds>",
    convention="relative_1000",
    backends=("transformers", "vllm"),
    as_video=True,
    read_grid=_qwen3_vl_grid,
)
INTERNVL3_5 = Family(
    name="internvl3_5",
    display_name="InternVL-3.5",
    model_type="internvl",
    checkpoint="OpenGVLab/InternVL3_5-8B-HF",
    licence="Apache-2.0",
    grid=TokenGrid(side=28, size=(448, 448)),
    rules="Frame1 <0.5 seconds>: and one line each (the time is ours)",
    convention="relative_1000",
    backends=("transformers", "vllm"),
    before="Frame{number} {stamp}: ",
    read_grid=_internvl_grid,
)
PERCEPTION_LM = Family(
    name="perception_lm",
    display_name="PerceptionLM-8B",
    model_type="perception_lm",
    checkpoint="facebook/Perception-LM-8B",
    licence="FAIR Noncommercial Research License",
    grid=TokenGrid(side=28, size=(448, 448)),
    rules="one after another, each after <0.5 seconds> (the time is ours)",
    convention=None,
    backends=("transformers",),
    read_grid=_perception_lm_grid,
)
KEYE_VL1_5 = Family(
    name="keye_vl1_5",
    display_name="Keye-VL-1.5",
    model_type="KeyeVL1_5",
    checkpoint="Kwai-Keye/Keye-VL-1_5-8B",
    licence="Apache-2.0",
    grid=TokenGrid(side=28),
    rules="as images, each after <0.5 seconds> (ours; its own code samples slow and fast frames)",
    convention=None,
    backends=("vllm",),
)
LLAVA_OV1_5 = Family(
    name="llava_ov1_5",
    display_name="LLaVA-OneVision-1.5",
    model_type="llavaonevision1_5",
    checkpoint="lmms-lab/LLaVA-OneVision-1.5-8B-Instruct",
    licence="Apache-2.0",
    grid=TokenGrid(side=28),
    rules="as images, each after <0.5 seconds> (the time is ours)",
    convention=None,
    backends=("openai",),
)
FAMILIES: tuple[Family, ...] = (QWEN3_VL, INTERNVL3_5, KEYE_VL1_5, PERCEPTION_LM, LLAVA_OV1_5)


def family_of(model_type: str) -> Family | None:
    """Return the family with a ``model_type``, if the table has one.

    >>> family_of("qwen3_vl").display_name
    'Qwen3-VL'
    """
    return next((family for family in FAMILIES if family.model_type == model_type), None)
