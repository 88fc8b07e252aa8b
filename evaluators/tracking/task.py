"""Tracking: follow what an expression names, as points; scored as points and as masks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cache, cached_property
from typing import Any

from pydantic import field_validator

from evaluators.rows import RowTask, RowTaskOptions
from evaluators.tracking.explanations import EXPLANATIONS
from evaluators.tracking.given import read_given
from evaluators.tracking.measures import failed, measure_masks, measure_points
from evaluators.tracking.parsing import parse_tracks
from evaluators.tracking.pictures import draw
from evaluators.tracking.queries import (
    Query,
    Rles,
    Target,
    check_masks,
    check_query,
    empty_target,
    parse_trajectories,
    read_masks,
)
from evaluators.tracking.reference import parse_tracks_reference
from evaluators.tracking.segmenters import (
    SEGMENTERS,
    Prompts,
    Segmenter,
    prompts_of,
    prompts_reference,
)
from evaluators.tracking.tracks import Tracks
from jumpscore.errors import DataError
from jumpscore.records import (
    Convention,
    Media,
    Metric,
    ParseSummary,
    Question,
    Response,
    Sample,
    SampleScore,
    Status,
)
from jumpscore.scoring import ReferenceCrashError
from jumpscore.scoring.reasoning_tags import ReasoningTags, scored_text

PROMPT = """Track the {expression}
Return the answer in XML format:
<tracks coords="t0 id0 x0 y0 id1 x1 y1; t1 id0 x2 y2 id1 x3 y3; ...">target objects</tracks>
Each semicolon-separated segment is one timestamp.
Format of each segment: time object_id x y [object_id x y ...], where time is in seconds, \
object_id starts from 0, and x and y are integers in [0,1000].
If the request refers to multiple objects, track all matching objects.
Use one consistent object_id for each physical object across time.
"""
"""The public task's prompt, to the letter."""
CRASH = "answers that the public code cannot read"
POINT_METRICS = (
    Metric("point_f1", "F1 of points in the right object's mask"),
    Metric("point_precision", "share of answered points in the right mask"),
    Metric("point_recall", "share of the objects in a frame that were hit"),
    Metric("point_hota", "HOTA of points, which also scores consistent ids"),
    Metric("point_f1_reference", "point F1, as the public code scores it"),
    Metric("point_hota_reference", "point HOTA, as the public code scores it"),
    Metric(
        "content_free_point_f1",
        "point F1 of the frame's centre at all times: blind baseline",
        better=None,
    ),
)
MASK_METRICS = (
    Metric("j_and_f", "J&F, the mean of J and F"),
    Metric("j", "J: overlap (IoU) of masks, mean over frames"),
    Metric("f", "F: F1 of the masks' boundaries, mean over frames"),
    Metric("j_and_f_strict", "J&F with the strict F"),
    Metric("f_strict", "F, 0 for an empty mask and one that fills the frame"),
    Metric("mask_hota", "HOTA of masks, mean over 0.05 to 0.95"),
    Metric("j_and_f_reference", "J&F of masks from points, as the public code reads them"),
    Metric("mask_hota_reference", "HOTA of masks, as the public code scores it"),
)


GIVEN = ("j_and_f", "j", "f")
"""Headline metrics if answers are masks."""


class TrackingOptions(RowTaskOptions):
    """Options of the task.

    Attributes:
        data: Folder of a data set whose rows are ``Query``, or its name.
        segmenter: Source of masks: ``none`` (score points only), ``given`` (answers are masks; see
            ``read_given``), or a segmenter that creates them from points, such as ``sam2``.
        checkpoint: Checkpoint of the segmenter; a folder or a hub id.
        revision: Revision of the checkpoint on the hub.
        device: Device of the segmenter: ``auto``, ``cpu``, ``cuda``.
        convention: Convention of answered coordinates, which overrides the prompt (0..1000) and
            the model's wrapper.
        reasoning_tags: Which reasoning to remove before lmms-eval's code reads an answer:
            ``lmms_eval`` (the default of its command) or ``none``.
    """

    data: str = "mini_tracking"
    segmenter: str = "none"
    checkpoint: str | None = None
    revision: str | None = None
    device: str = "auto"
    convention: Convention | None = None
    reasoning_tags: ReasoningTags = "lmms_eval"

    @field_validator("segmenter")
    @classmethod
    def _known(cls, value: str) -> str:
        known = ["none", "given", *SEGMENTERS.names()]
        if value not in known:
            raise ValueError(f"allowed: {', '.join(known)}")
        return value


class Tracking(RowTask[Target, Query]):
    """Track what an expression names: point F1 and HOTA, and J&F of masks if available."""

    name = "tracking"
    headlines = ("point_f1", "point_hota", "j_and_f")
    explanations = EXPLANATIONS
    version = "2"
    row_kind = Query
    Options = TrackingOptions
    options: TrackingOptions

    @property
    def headline(self) -> tuple[str, ...]:
        """Headline metrics for the configured segmenter."""
        names = {"none": ("point_f1", "point_f1_reference", "point_hota"), "given": GIVEN}
        return names.get(self.options.segmenter, ("point_f1", "j_and_f", "j_and_f_reference"))

    @property
    def metrics(self) -> tuple[Metric, ...]:
        """Metrics for the configured segmenter; J&F names the source of the masks."""
        by = self._mask_source()
        if by is None:
            return POINT_METRICS
        of_masks = (
            replace(MASK_METRICS[0], title=f"{MASK_METRICS[0].title}; {by}"),
            *MASK_METRICS[1:],
        )
        if self.options.segmenter == "given":
            return tuple(metric for metric in of_masks if metric.name != "j_and_f_reference")
        return (*POINT_METRICS, *of_masks)

    @cached_property
    def _queries(self) -> dict[str, Query]:
        return {query.id: query for query in self.rows}

    @cached_property
    def _masks_at(self) -> Callable[[str], Rles]:
        # Read once, because several queries can be about one object.
        return cache(lambda path: read_masks(self.root / path))

    def sample(self, row: Query, *, safe: bool) -> Sample[Target]:
        path = self.root / row.video_path if safe else self.root
        question = Question(row.id, (Media(path),), PROMPT.format(expression=row.expression))
        target = empty_target(row)
        if not safe:
            return Sample(question, target)  # the caller reports unsafe paths
        try:
            return Sample(question, self._filled(row, target))
        except DataError as error:
            return Sample(question, target, problem=str(error))

    def _filled(self, query: Query, target: Target) -> Target:
        check_query(query)
        masks = {}
        for place, mask_id in enumerate(query.mask_ids):
            try:
                rles = self._masks_at(query.mask_path(mask_id))
                check_masks(rles, frames=query.n_frames, height=query.height, width=query.width)
            except DataError as error:
                raise DataError(f"mask {mask_id!r}: {error}") from error
            masks[str(place)] = rles
        try:
            points = parse_trajectories(
                query.frame_trajectories, objects=len(masks), frames=query.n_frames
            )
        except DataError as error:
            raise DataError(f"frame_trajectories {error}") from error
        return replace(target, points=points, masks=masks)

    def derivation(self) -> str | None:
        by = self._mask_source()
        if by is None or self.options.segmenter == "given":
            return by
        return f"{by}, reasoning tags {self.options.reasoning_tags}"

    def _mask_source(self) -> str | None:
        if self.options.segmenter == "none":
            return None
        if self.options.segmenter == "given":
            return "given masks"
        read = f", coordinates {self.options.convention}" if self.options.convention else ""
        return f"masks by {self._segmenter.identity()}{read}"

    @cached_property
    def _segmenter(self) -> Segmenter:
        segmenter = SEGMENTERS.get(self.options.segmenter)
        return segmenter(
            checkpoint=self.options.checkpoint,
            revision=self.options.revision,
            device=self.options.device,
        )

    def derive(self, question: Question, response: Response) -> Any:
        """Return ``{"masks": [one run-length mask or null per frame]}``.

        ``masks_reference`` is added if the public code's prompts differ; if given masks cannot be
        read, ``masks`` is null and ``problem`` describes why.
        """
        query = self._queries[question.id]
        size = {"height": query.height, "width": query.width, "frames": query.n_frames}
        if self.options.segmenter == "given":
            return read_given(response.text, **size)
        tracks, reference = self._read(query, response)
        prompts, _ = prompts_of(tracks, **size)
        derived = {"masks": self._segment(query, question, prompts)}
        if reference is not None:
            public: Prompts = prompts_reference(reference, **size)
            if public != prompts:
                derived["masks_reference"] = self._segment(query, question, public)
        return derived

    def _segment(self, query: Query, question: Question, prompts: Prompts) -> Rles:
        if not prompts:
            return [None] * query.n_frames
        return self._segmenter.segment(
            question.media[0].path,
            prompts,
            width=query.width,
            height=query.height,
            frames=query.n_frames,
            fps=query.fps,
        )

    def _read(self, video: Query | Target, response: Response) -> tuple[Tracks, Tracks | None]:
        """Return our reading of the answer and the public code's, ``None`` if that crashes."""
        size: dict[str, Any] = {"width": video.width, "height": video.height, "fps": video.fps}
        tracks = parse_tracks(
            response.text,
            **size,
            finish_reason=response.finish_reason,
            convention=self.options.convention or response.convention or "relative_1000",
            image_size=response.image_size,
        )
        try:
            scored = scored_text(response.text, self.options.reasoning_tags)
            reference = parse_tracks_reference(scored, **size)
        except ReferenceCrashError:
            return tracks, None
        return tracks, None if _out_of_reach(reference) else reference

    def score(self, truth: Target, response: Response, derived: Any = None) -> SampleScore:
        if self.options.segmenter == "given":
            return self._score_given(truth, response, derived)
        tracks, reference = self._read(truth, response)
        values = measure_points(truth, tracks, reference)
        notes = {f"points left out: {reason}": n for reason, n in tracks.rejected.items()}
        if reference is None:
            notes[CRASH] = 1
        if derived is not None:
            size = {"height": truth.height, "width": truth.width, "frames": truth.frames}
            _, left = prompts_of(tracks, **size)
            notes |= {f"without a mask: {reason}": count for reason, count in left.items()}
            values |= measure_masks(truth, derived, failed=failed(tracks))
        return SampleScore(
            id=response.id,
            status=tracks.status,
            values=values,
            parse=ParseSummary(tracks.parser, reasoning=tracks.reasoning),
            view=draw(truth, tracks, derived and derived["masks"]),
            details={
                "points": sum(len(points) for points in tracks.frames.values()),
                "frames": len(tracks.moments),
            },
            notes=notes,
            cluster=truth.video,
        )

    def _score_given(self, truth: Target, response: Response, derived: Any) -> SampleScore:
        masks: Mapping[str, Any] = derived or {"problem": "no masks"}
        problem = masks.get("problem")
        status: Status = "ok" if problem is None else "unparseable"
        return SampleScore(
            id=response.id,
            status=status,
            values=measure_masks(truth, masks, failed=problem is not None),
            parse=ParseSummary("masks"),
            view=draw(truth, None, masks.get("masks")),
            message=problem,
            cluster=truth.video,
        )


def _out_of_reach(tracks: Tracks) -> bool:
    """Return whether a point is so far away that its distance to others is infinite."""
    # Not finite, or its square is not.
    places = (place for points in tracks.frames.values() for place in points.values())
    return any(not abs(at) < 1e100 for place in places for at in place)
