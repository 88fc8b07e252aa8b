"""Synthetic jump-rope videos whose true event times are known from the rope's angle.

    profile = load_profile("mini")
    for spec in sample_clips(profile, seed=0):
        clip = render_clip(spec, folder / f"{spec.name}.mp4")

`profile` describes a set, `specs` samples the clips, `rhythm` defines the events, `figure`, `rope`,
`backdrop` and `render` draw, `encode` writes the files. The conventions (event, rope angle,
coordinates, rotation) are in the docstrings of `rhythm`, `camera` and `encode`.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jumpscore.builder.jump_rope.clip import (
        RenderedClip,
        clip_rhythm,
        preview_frame,
        render_clip,
    )
    from jumpscore.builder.jump_rope.profile import (
        FACTORS,
        Profile,
        ProfileError,
        load_profile,
        profile_names,
    )
    from jumpscore.builder.jump_rope.rhythm import EVENT_ANGLE, Rhythm, RunPlan
    from jumpscore.builder.jump_rope.specs import ClipSpec, sample_clips

# Lazy, because the renderer loads OpenCV and PyAV, which the command line's help does not need.
_HOME = {
    "RenderedClip": "clip",
    "clip_rhythm": "clip",
    "preview_frame": "clip",
    "render_clip": "clip",
    "FACTORS": "profile",
    "Profile": "profile",
    "ProfileError": "profile",
    "load_profile": "profile",
    "profile_names": "profile",
    "EVENT_ANGLE": "rhythm",
    "Rhythm": "rhythm",
    "RunPlan": "rhythm",
    "ClipSpec": "specs",
    "sample_clips": "specs",
}

__all__ = [
    "EVENT_ANGLE",
    "FACTORS",
    "ClipSpec",
    "Profile",
    "ProfileError",
    "RenderedClip",
    "Rhythm",
    "RunPlan",
    "clip_rhythm",
    "load_profile",
    "preview_frame",
    "profile_names",
    "render_clip",
    "sample_clips",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
