"""Events by their definition alone, found in the rope's angle and the body's height."""

from __future__ import annotations

import math

import numpy as np

from jumpscore.builder.jump_rope.rhythm import EVENT_ANGLE, Rhythm

TURN = 2 * math.pi


def crossings(rhythm: Rhythm, angle: float) -> list[float]:
    """Times at which the rope passes ``angle`` (mod 360 degrees): dense sampling, then halving."""
    grid = np.arange(0.0, rhythm.duration, 0.0005)
    turns = np.floor((rhythm.rope_angle(grid) - angle) / TURN)
    crossings = []
    for i in np.flatnonzero(np.diff(turns) > 0):
        low, high = float(grid[i]), float(grid[i + 1])
        goal = turns[i + 1]
        for _ in range(50):
            middle = (low + high) / 2
            if math.floor((float(rhythm.rope_angle(middle)) - angle) / TURN) >= goal:
                high = middle
            else:
                low = middle
        crossings.append(high)
    return crossings


def events_from_motion(rhythm: Rhythm) -> list[float]:
    """Events by their definition alone, from `rope_angle` and `body_height`.

    Every pass of the rope under the feet while they are in the air completes a jump; passes within
    one flight are one jump. Its event is the last time before that the rope was behind the legs.
    """
    behind = crossings(rhythm, EVENT_ANGLE)
    events: list[float] = []
    last_pass = -math.inf
    for moment in crossings(rhythm, 0.0):
        if float(rhythm.body_height(moment)) <= 0:
            continue  # stepped over on the ground
        between = rhythm.body_height(np.arange(last_pass, moment, 0.001)) if events else None
        if between is None or (between <= 0).any():
            events.append(max(t for t in behind if t < moment))
        last_pass = moment
    return events
