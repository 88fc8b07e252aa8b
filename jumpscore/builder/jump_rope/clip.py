"""One clip, from its specification to a video file with true event times."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from jumpscore.builder.jump_rope.choreography import style_rhythm
from jumpscore.builder.jump_rope.delivery import write_delivered, write_frames
from jumpscore.builder.jump_rope.encode import frame_clock
from jumpscore.builder.jump_rope.finish import Finished, Pictures, scene
from jumpscore.builder.jump_rope.planning import plan_rhythm
from jumpscore.builder.jump_rope.render import Renderer
from jumpscore.builder.jump_rope.rhythm import Rhythm
from jumpscore.builder.jump_rope.specs import ClipSpec


@dataclass(frozen=True)
class RenderedClip:
    """A video file with its true values.

    Attributes:
        spec: Its specification.
        path: The mp4 file.
        events: True start times of the jumps (presentation seconds), rounded to 0.01 s, strictly
            increasing; see `rhythm` for the definition.
        duration: Seconds from the first frame to the end of the last.
        frames: Number of frames.
    """

    spec: ClipSpec
    path: Path
    events: tuple[float, ...]
    duration: float
    frames: int


def clip_rhythm(spec: ClipSpec) -> Rhythm:
    """The rhythm of the clip's main person; without events if the person does not jump."""
    if spec.activity != "jump":
        return Rhythm.from_plans([], spec.duration)
    if spec.tempo.style is not None:
        return style_rhythm(spec.tempo, spec.duration, spec.rng("rhythm"))
    return plan_rhythm(spec.tempo, spec.duration, spec.rng("rhythm"))


def clip_pictures(
    spec: ClipSpec, rhythm: Rhythm, times: NDArray[np.float64], *, rope: bool = True
) -> Pictures:
    """The pictures of a clip before they are encoded.

    Args:
        spec: The clip.
        rhythm: Its rhythm (`clip_rhythm`).
        times: Frame times in seconds, [T].
        rope: ``False`` leaves the ropes out (to compare).
    """
    if spec.capture is None:
        return Renderer(spec, rhythm, times, rope=rope)
    return Finished(Renderer(scene(spec), rhythm, times, rope=rope), spec)


def render_clip(spec: ClipSpec, path: Path) -> RenderedClip:
    """Draws, encodes and writes a clip; equal specifications give equal bytes.

    Frames are drawn, encoded and dropped one by one. Call it in a separate process with
    ``cv2.setNumThreads(1)`` when several clips are rendered at once.

    Args:
        spec: The clip.
        path: The mp4 file to write; an existing one is replaced.
    """
    rhythm, clock = clip_rhythm(spec), frame_clock(spec)
    pictures = clip_pictures(spec, rhythm, clock.times)
    if isinstance(pictures, Finished):
        write_delivered(path, spec, clock, pictures)
    else:
        write_frames(path, spec, clock, pictures)
    return RenderedClip(
        spec=spec,
        path=path,
        events=tuple(round(event, 2) for event in rhythm.events),
        duration=clock.duration,
        frames=len(clock.ticks),
    )
