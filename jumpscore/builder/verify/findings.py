"""What ``jumpscore data verify`` reports: one sentence per problem, with its severity."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Severity = Literal["error", "warning", "note"]
Kind = Literal[
    "unreadable",
    "replaced",
    "outside",
    "off_frame",
    "repeated",
    "disagreement",
    "short_gap",
    "rate",
    "empty",
    "flagged",
    "length",
    "long_gap",
    "unfinished",
    "one_annotator",
    "adjudicating",
    "undecided",
    "overruled",
    "remark",
]
TITLES: dict[Kind, str] = {
    "unreadable": "Files that cannot be read",
    "replaced": "Videos that have been replaced",
    "outside": "Marks outside the video",
    "off_frame": "Marks that are not at a frame",
    "repeated": "Repeated marks at one time",
    "disagreement": "Open disagreements",
    "short_gap": "Marks too close together",
    "rate": "Unusual number of marks per second",
    "empty": "Videos without marks",
    "flagged": "Flagged by an annotator",
    "length": "Unusual length",
    "long_gap": "Long gaps",
    "unfinished": "Not finished",
    "one_annotator": "Finished by one annotator only",
    "adjudicating": "Adjudication not finished",
    "undecided": "Adjudicated without a decision",
    "overruled": "Adjudicated against the consensus",
    "remark": "Notes of annotators",
}
"""Kind -> heading, in the order in which they are printed."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One finding.

    Attributes:
        kind: What was checked.
        severity: An ``error`` has to be corrected, a ``warning`` should be looked at, and a
            ``note`` is for information.
        video: Id of the video, or of the row of a data set.
        message: A sentence for people, without the video.
        annotator: Whose marks it concerns; empty for a video or a row.
        time: Where to look, in seconds; ``None`` for a whole video.
        value: The value that was judged, such as the gap in seconds.
    """

    kind: Kind
    severity: Severity
    video: str
    message: str
    annotator: str = ""
    time: float | None = None
    value: float | None = None
