"""Verify annotations: consensus and agreement of people, and checks of their marks.

``consensus`` groups the marks of several people into events, ``disagreements`` and ``final`` derive
what is left to decide and what is final, ``agreement`` compares every two people, and ``checks``
judges marks. ``verification`` applies all of them to a project, ``sets`` the checks to a data set.
"""

from jumpscore.builder.verify.agreement import PairAgreement, VideoAgreement
from jumpscore.builder.verify.consensus import TOLERANCE, Cluster, Consensus, Member, consensus
from jumpscore.builder.verify.disagreements import Disagreement, agreed_marks, disagreements
from jumpscore.builder.verify.final import FinalMarks, done_annotations, final_marks
from jumpscore.builder.verify.findings import TITLES, Finding, Severity
from jumpscore.builder.verify.sets import verify_set
from jumpscore.builder.verify.verification import Verification, VideoState, verify_project

__all__ = [
    "TITLES",
    "TOLERANCE",
    "Cluster",
    "Consensus",
    "Disagreement",
    "FinalMarks",
    "Finding",
    "Member",
    "PairAgreement",
    "Severity",
    "Verification",
    "VideoAgreement",
    "VideoState",
    "agreed_marks",
    "consensus",
    "disagreements",
    "done_annotations",
    "final_marks",
    "verify_project",
    "verify_set",
]
