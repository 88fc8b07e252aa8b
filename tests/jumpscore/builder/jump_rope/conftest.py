"""Small clips that render in a second."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from jumpscore.builder.jump_rope import ClipSpec, load_profile, sample_clips


@pytest.fixture
def make_spec() -> Callable[..., ClipSpec]:
    """A clean 4 s clip of 256x144 at 25 fps, front view; keyword arguments change it."""
    base = sample_clips(load_profile("mini"), seed=7)[0]

    def make(*, yaw: float = 20.0, **changes: Any) -> ClipSpec:
        tempo = replace(
            base.tempo, gap=0.42, pause=None, double_unders=False, misses=False, footwork="bounce"
        )
        plain: dict[str, Any] = {
            "width": 256,
            "height": 144,
            "fps": 25.0,
            "duration": 4.0,
            "codec": "h264",
            "rotation": 0,
            "tags": (),
            "backdrop": "gym",
            "rope_color": (250, 236, 60),
            "tempo": tempo,
            "view": replace(base.view, yaw=yaw, distance=4.5, person=0.56, ground=0.9),
        }
        return replace(base, **(plain | changes))

    return make
