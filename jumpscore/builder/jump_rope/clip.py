"""One clip, from its specification to a video file with true event times."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from jumpscore.builder.jump_rope.encode import VideoWriter, frame_clock
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
    """The rhythm of the clip's main person."""
    return plan_rhythm(spec.tempo, spec.duration, spec.rng("rhythm"))


def render_clip(spec: ClipSpec, path: Path) -> RenderedClip:
    """Draws, encodes and writes a clip; equal specifications give equal bytes.

    Frames are drawn, encoded and dropped one by one. Call it in a separate process with
    ``cv2.setNumThreads(1)`` when several clips are rendered at once.

    Args:
        spec: The clip.
        path: The mp4 file to write; an existing one is replaced.
    """
    rhythm, clock = clip_rhythm(spec), frame_clock(spec)
    renderer = Renderer(spec, rhythm, clock.times)
    count = len(clock.ticks)
    size = (spec.width, spec.height)
    with VideoWriter(path, size, spec.codec, clock, spec.rotation) as writer:
        for index in range(count):
            writer.write(renderer.frame(index))
    return RenderedClip(
        spec=spec,
        path=path,
        events=tuple(round(event, 2) for event in rhythm.events),
        duration=clock.duration,
        frames=count,
    )
