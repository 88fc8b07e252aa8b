"""Baselines behind an endpoint, which transformers does not support or their authors serve."""

from __future__ import annotations

from typing import ClassVar

from jumpscore.records import Convention
from jumpscore.video import TokenGrid
from model_wrappers.base import ModelOptions
from model_wrappers.families import KEYE_VL2, TIMELENS, Family
from model_wrappers.openai_compatible.wrapper import OpenAICompatible, OpenAICompatibleOptions


class EndpointFamily(OpenAICompatible):
    """A baseline behind an endpoint: frames on its own token grid, or the video itself."""

    family: ClassVar[Family]

    @property
    def convention(self) -> Convention | None:
        return super().convention or self.family.convention

    @property
    def display_name(self) -> str:
        return self.name


class TimeLensOptions(OpenAICompatibleOptions):
    """Options of any endpoint; the address is required.

    Attributes:
        base_url: Address of the endpoint, such as ``http://localhost:8000/v1``.
    """

    served_model: str = TIMELENS.checkpoint
    base_url: str


class TimeLens(EndpointFamily):
    """TimeLens-8B behind an endpoint: frames as images, or the video itself."""

    name = TIMELENS.name
    family = TIMELENS
    token_grid: TokenGrid = TIMELENS.grid
    Options: ClassVar[type[ModelOptions]] = TimeLensOptions


class KeyeVL2Options(TimeLensOptions):
    """Options of any endpoint, with this model's name."""

    served_model: str = KEYE_VL2.checkpoint


class KeyeVL2(EndpointFamily):
    """Keye-VL-2.0 (30B, 3B active) behind an endpoint: frames as images, or the video itself."""

    name = KEYE_VL2.name
    family = KEYE_VL2
    token_grid: TokenGrid = KEYE_VL2.grid
    Options: ClassVar[type[ModelOptions]] = KeyeVL2Options
