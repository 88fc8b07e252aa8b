"""Styles of jumping and other activities: what a body can do, and how fast.

One turn of the rope under the feet in the air completes a jump, in every style; the two turns of a
double-under complete one jump together (see `rhythm` for the moment of the event). A hop without
the rope, as between two turns of a slow rope, is not a jump.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

Kind = Literal["single", "double"]
StyleName = Literal[
    "bounce", "speed_step", "double_under", "criss_cross", "single_leg", "rebound"
]  # fmt: skip
Activity = Literal["jump", "walk", "treadmill", "stand", "rest", "juggle", "dribble", "keep_ups"]

STYLES: tuple[str, ...] = get_args(StyleName)
ACTIVITIES: tuple[str, ...] = get_args(Activity)
"""What the main person does; only ``jump`` has events."""


@dataclass(frozen=True)
class Pace:
    """How a gap between jumps is divided into flight and contact with the ground.

    Attributes:
        share: Flight of a single jump as a share of the gap to the next jump.
        shortest: Shortest flight of a single jump (s).
        longest: Longest flight of a single jump (s).
        contact: Least time on the ground between two flights (s); shorter gaps are stretched.
        split: Seconds between the two passes of a double-under.
        split_share: What is added to ``split``, as a share of the gap, which lasts from the last
            pass to the next jump's first one.
        split_most: Longest split (s), limited by the height of the flight.
        margin: Flight of a double-under before the first and after the second pass together (s).
    """

    share: float
    shortest: float
    longest: float
    contact: float
    split: float = 0.22
    split_share: float = 0.0
    split_most: float = 0.31
    margin: float = 0.20

    def split_time(self, kind: Kind, gap: float) -> float:
        """Seconds between the first and the last pass of a jump; 0 for a single one."""
        if kind == "single":
            return 0.0
        return min(self.split + self.split_share * gap, self.split_most)

    def flight_time(self, kind: Kind, gap: float) -> float:
        """Seconds in the air for a jump that is followed by the next after ``gap`` seconds."""
        if kind == "double":
            return self.split_time(kind, gap) + self.margin
        return min(max(self.share * gap, self.shortest), self.longest)


RECREATIONAL = Pace(share=0.55, shortest=0.17, longest=0.30, contact=0.13)
"""Jumpers of clips without a style."""


@dataclass(frozen=True)
class Style:
    """One way to jump.

    Attributes:
        name: Name in profiles and manifests.
        low: Shortest typical gap between two jumps (s).
        high: Longest typical gap (s).
        reason: Why the gaps end there.
        pace: Flight and contact.
        run_in: Single jumps before a run's first jump of the style's own kind, fewest and most.
        grip: Position of the right hand at half a turn: metres to the right, ahead, above ground.
        crouch: Metres that the hips are lower than in standing.
        lean: Forward lean of the trunk, as its slope.
    """

    name: StyleName
    low: float
    high: float
    reason: str
    pace: Pace
    run_in: tuple[int, int] = (0, 0)
    grip: tuple[float, float, float] = (0.37, 0.12, 1.05)
    crouch: float = 0.01
    lean: float = 0.02

    @property
    def kind(self) -> Kind:
        """Kind of the style's own jumps."""
        return "double" if self.name == "double_under" else "single"

    @property
    def mixes(self) -> bool:
        """Whether single double-unders fit between the style's own jumps."""
        return self.name not in ("double_under", "speed_step")


# 0.44 of a double-under's period lies between its passes, so 0.44 / 0.56 of the gap.
_HOP = Pace(
    share=0.55, shortest=0.14, longest=0.30, contact=0.11,
    split=0.0, split_share=0.7857, margin=0.10,
)  # fmt: skip
_STEP = Pace(share=0.52, shortest=0.05, longest=0.20, contact=0.04)

STYLE: dict[str, Style] = {
    style.name: style
    for style in (
        Style(
            "bounce", 0.28, 0.75,
            "Both feet need about 0.11 s of contact and 0.14 s of flight; above 0.75 s people "
            "add a second hop",
            _HOP,
        ),
        Style(
            "speed_step", 0.12, 0.42,
            "Records of 30 seconds are at 8 steps a second; above 0.42 s the feet run ahead of "
            "the rope",
            _STEP, grip=(0.29, 0.15, 1.02), crouch=0.035, lean=0.07,
        ),
        Style(
            "double_under", 0.38, 0.70,
            "Two turns of 0.19 s are the fastest in one flight; a flight for more than 0.7 s would "
            "be too high to repeat",
            _HOP, run_in=(1, 3), grip=(0.31, 0.16, 1.02), crouch=0.02, lean=0.04,
        ),
        Style(
            "criss_cross", 0.34, 0.80,
            "The arms need 0.3 s to cross or to open between two passes",
            _HOP, grip=(0.36, 0.15, 1.04), lean=0.05,
        ),
        Style(
            "single_leg", 0.27, 0.62,
            "One leg hops with less spring than two, so it is a little faster and lower",
            Pace(share=0.52, shortest=0.13, longest=0.26, contact=0.11, split=0.0,
                 split_share=0.7857, margin=0.10),
            lean=0.03,
        ),
        Style(
            "rebound", 0.65, 1.20,
            "One turn for two hops, as beginners do it; above 1.2 s the rope hangs slack",
            Pace(share=0.36, shortest=0.22, longest=0.32, contact=0.11),
        ),
    )
}  # fmt: skip
"""All styles by name."""
