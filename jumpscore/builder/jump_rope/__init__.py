"""Synthetic jump-rope videos whose true event times are known from the rope's angle.

    profile = load_profile("mini")
    for spec in sample_clips(profile, seed=0):
        clip = render_clip(spec, folder / f"{spec.name}.mp4")

`profile` describes a set, `sampling` and `filming` draw the clips, `styles` and `rhythm` define
jumps and events, `figure`, `poses`, `activities`, `rope`, `backdrop` and `render` draw, `finish`
adds what apps add, `encode` writes the files. The conventions (event, rope angle, coordinates,
rotation) are in the docstrings of `rhythm`, `camera` and `encode`.
"""

from jumpscore.builder.jump_rope.clip import clip_rhythm, render_clip
from jumpscore.builder.jump_rope.profile import Profile, load_profile
from jumpscore.builder.jump_rope.sampling import sample_clips
from jumpscore.builder.jump_rope.specs import ClipSpec

__all__ = [
    "ClipSpec",
    "Profile",
    "clip_rhythm",
    "load_profile",
    "render_clip",
    "sample_clips",
]
