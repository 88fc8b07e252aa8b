"""The marks of others, for the person who decides between them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from jumpscore.builder.project import Annotation, Change, Edit, Project, ProjectVideo
from jumpscore.builder.verify import Disagreement, agreed_marks, disagreements


@dataclass(frozen=True, slots=True)
class Review:
    """What annotators did in one video.

    Attributes:
        lanes: Annotations of everyone who has started.
        disagreements: Of those who have finished; ``None`` if fewer than two have.
    """

    lanes: tuple[Annotation, ...] = ()
    disagreements: tuple[Disagreement, ...] | None = None

    def agreed(self, times: npt.NDArray[np.float64]) -> Edit | None:
        """Return the edit that adds the marks on which everyone who has finished agrees.

        Args:
            times: Presentation time of every frame in seconds.
        """
        done = _done(self.lanes)
        marks = agreed_marks(done, times) if len(done) > 1 else ()
        if not marks:
            return None
        changes = tuple(Change(None, mark) for mark in marks)
        return Edit(f"take over {len(marks)} agreed marks", changes)


def review(project: Project, video: ProjectVideo) -> Review:
    """Read what the annotators did in a video.

    Raises:
        DataError: An annotation is damaged.
        UsageError: Three or more people are compared and scikit-learn is not installed.
    """
    everyone = (project.annotation(video, name) for name in project.annotators())
    lanes = tuple(annotation for annotation in everyone if annotation.is_started)
    done = _done(lanes)
    return Review(lanes, disagreements(done) if len(done) > 1 else None)


def _done(annotations: tuple[Annotation, ...]) -> list[Annotation]:
    return [annotation for annotation in annotations if annotation.details.done]
