"""A project: the folder in which a data set is built from one's own videos.

::

    ropes/
        project.json                   what is marked
        videos.jsonl                   one line per video: `ProjectVideo`
        rejected.jsonl                 files that were not taken, with reasons
        videos/<32 hex digits>.mp4     the videos, named by their content
        proposals/<id>.json            candidates of a model
        annotations/<name>/<id>.jsonl  edits of one annotator, one per line: `Journal`
        annotations/<name>/annotator.json   their reaction time
        versions/<number>/             frozen data sets
        .cache/                        computed again if deleted
        .lock                          names the process that writes
"""

from jumpscore.builder.project.journal import Journal, read_annotation
from jumpscore.builder.project.marks import (
    ADJUDICATED,
    Annotation,
    Change,
    Details,
    Edit,
    Mark,
)
from jumpscore.builder.project.project import Project
from jumpscore.builder.project.videos import ProjectVideo

__all__ = [
    "ADJUDICATED",
    "Annotation",
    "Change",
    "Details",
    "Edit",
    "Journal",
    "Mark",
    "Project",
    "ProjectVideo",
    "read_annotation",
]
