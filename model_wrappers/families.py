"""Baseline model families as table rows: their differences, and the backends that run them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from jumpscore.errors import DataError
from jumpscore.records import Convention
from jumpscore.video import TokenGrid
from jumpscore.video.sizes import StampForm
from model_wrappers.checkpoints import read_settings, video_settings

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
        since: First release of transformers that supports it, if newer than the oldest allowed.
        verified: With whose code this project's was compared, and what was equal, on tiny random
            checkpoints.
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
    since: str = ""
    verified: str = "not run"

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


def _molmo2_grid(folder: Path) -> TokenGrid:
    config = read_settings(folder / "config.json")
    # The released files have other names than those that transformers writes.
    vision = config.get("vision_config") or config.get("vit_config") or {}
    height, width = vision.get("image_default_input_size") or vision.get("image_size") or (378, 378)
    patch = vision.get("image_patch_size", vision.get("patch_size", 14))
    down, across = video_settings(folder).get("pooling_size", (3, 3))
    # Its own code pads frames that are not whole tokens; no released checkpoint needs that.
    if height != width or down != across or width % (patch * across):
        raise ValueError(f"frames of {width}x{height}, patches of {patch}, pooled {across}x{down}")
    return TokenGrid(side=int(patch * across), size=(int(width), int(height)), stamp=_BARE)


def _minicpm_v_grid(folder: Path) -> TokenGrid:
    config = read_settings(folder / "config.json")
    # Two mergers of 2x2 patches; in mode 4x only one.
    merged = {"16x": 4, "4x": 2}[config.get("downsample_mode", "16x")]
    return TokenGrid(side=int(config["vision_config"].get("patch_size", 16)) * merged)


_BARE = StampForm("{seconds} ", tokens=2)
"""A time without a unit, such as ``0.5``, between two spaces."""


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
    verified="vLLM 0.32.0: prompt token ids, answers, log-probabilities",
)
QWEN3_5 = replace(
    QWEN3_VL,
    name="qwen3_5",
    display_name="Qwen3.5",
    model_type="qwen3_5",
    checkpoint="Qwen/Qwen3.5-9B",
    backends=("transformers",),
    verified="transformers 5.24.0: prompt token ids, visual tokens, pixels, logits",
)
QWEN3_5_MOE = replace(
    QWEN3_5,
    name="qwen3_5_moe",
    display_name="Qwen3.5 (mixture of experts)",
    model_type="qwen3_5_moe",
    checkpoint="Qwen/Qwen3.5-35B-A3B",
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
    verified="vLLM 0.32.0: prompt token ids, answers, log-probabilities",
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
    verified="transformers 5.19.0: pixels, visual tokens",
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
MOLMO2 = Family(
    name="molmo2",
    display_name="Molmo2",
    model_type="molmo2",
    checkpoint="allenai/Molmo2-8B",
    licence="Apache-2.0",
    grid=TokenGrid(side=42, size=(378, 378), stamp=_BARE),
    rules="each after its time in seconds, such as 0.5, before the first turn of the chat",
    convention="relative_1000",
    backends=("transformers",),
    read_grid=_molmo2_grid,
    since="5.20",
    verified="transformers 5.24.0: prompt token ids, visual tokens, pixels, logits",
)
MINICPM_V = Family(
    name="minicpm_v4_7",
    display_name="MiniCPM-V 4.7",
    model_type="minicpmv4_7",
    checkpoint="openbmb/MiniCPM-V-4.7-1B",
    licence="see its model card",
    grid=TokenGrid(side=64),
    rules="whole frames, each after <0.5 seconds> (the time is ours; its own code slices frames)",
    convention=None,
    backends=("transformers",),
    read_grid=_minicpm_v_grid,
    verified="transformers 5.24.0: prompt token ids, visual tokens, pixels, logits",
)
TIMELENS = Family(
    name="timelens",
    display_name="TimeLens-8B",
    model_type="qwen3_vl",
    checkpoint="TencentARC/TimeLens-8B",
    licence="BSD-3-Clause",
    grid=TokenGrid(side=32),
    rules="as images, each after <0.5 seconds> (ours; its own code passes a video, as Qwen3-VL)",
    convention=None,
    backends=("openai",),
)
KEYE_VL2 = Family(
    name="keye_vl2",
    display_name="Keye-VL-2.0",
    model_type="KeyeVL2",
    checkpoint="Kwai-Keye/Keye-VL-2.0-30B-A3B",
    licence="see its model card",
    grid=TokenGrid(side=28),
    rules="as images, each after <0.5 seconds> (the time is ours)",
    convention=None,
    backends=("openai",),
)
FAMILIES: tuple[Family, ...] = (
    QWEN3_VL,
    QWEN3_5,
    QWEN3_5_MOE,
    INTERNVL3_5,
    MOLMO2,
    MINICPM_V,
    KEYE_VL1_5,
    PERCEPTION_LM,
    LLAVA_OV1_5,
    TIMELENS,
    KEYE_VL2,
)


def family_named(name: str) -> Family | None:
    """Return the family of a wrapper's registry name, if the table has one.

    >>> family_named("molmo2").display_name
    'Molmo2'
    """
    return next((family for family in FAMILIES if family.name == name), None)


def family_of(model_type: str) -> Family | None:
    """Return the family with a ``model_type``, if the table has one.

    >>> family_of("qwen3_vl").display_name
    'Qwen3-VL'
    """
    return next((family for family in FAMILIES if family.model_type == model_type), None)
