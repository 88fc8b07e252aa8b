"""JumpScore: list the start time of every jump; and a second task that asks for their number."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar, Literal

from evaluators.rows import RowTaskOptions, VideoRowTask
from jumpscore.data.events import EVENTS
from jumpscore.data.layout import Row, parse_truth
from jumpscore.records import (
    CountView,
    Media,
    Metric,
    ParseResult,
    ParseSummary,
    Question,
    Response,
    Sample,
    SampleScore,
    TimelineView,
    Turn,
)
from jumpscore.scoring import (
    TOLERANCES,
    ReferenceCrashError,
    event_scores,
    grid_times,
    half_period,
    parse_count,
    parse_reference,
    parse_times,
    ranked_ap,
    reference_ap,
)
from jumpscore.scoring.events import WIDEST, count_scores, detection_scores
from jumpscore.scoring.reasoning_tags import ReasoningTags, scored_text

COUNT_METRICS = (
    Metric("count_exact", "share of videos with the exact number"),
    Metric("count_off_by_one", "share of videos within one (OBO)"),
    Metric("count_mae", "distance from the true number", "events", "lower"),
    Metric("count_nmae", "the same as a share of the true number", "number", "lower"),
    Metric("count_rmse", "root of its mean square (RMSE)", "events", "lower", form="root"),
    Metric(
        "count_r2",
        "share of the variance of the true numbers that is explained (R2)",
        "number",
        over=("count_error", "true"),
        form="explained",
    ),
    Metric("count_error", "answered minus true number", "events", "zero"),
)
"""Metrics of counts; OBO, MAE, RMSE and R2 are those of papers on repetition counting."""


@dataclass(frozen=True, slots=True)
class Jumps:
    """Ground truth of one video.

    Attributes:
        times: Start of every jump in seconds, increasing.
        duration: Length of the video in seconds, if known.
    """

    times: tuple[float, ...]
    duration: float | None = None


class JumpTaskOptions(RowTaskOptions):
    """Options of both tasks; ``mini`` is bundled and rendered on first use."""

    data: str = "mini"


class JumpScoreOptions(JumpTaskOptions):
    """Options of the task that asks for times.

    Attributes:
        protocol: ``v2`` asks directly; ``v1`` (withdrawn) reveals the true count first.
        reasoning_tags: Which reasoning to remove before the public code reads an answer:
            ``lmms_eval`` (the default of its command) or ``none``.
    """

    protocol: Literal["v1", "v2"] = "v2"
    reasoning_tags: ReasoningTags = "lmms_eval"


EXPLANATIONS = {
    "map_reference": (
        "mAP as the paper computes it",
        "Each answered time, in order, takes the nearest free jump within 0.1, 0.2 or 0.3 s, and "
        "precision is averaged over the matched jumps. Wrong times after the last match cost "
        "nothing while early ones cost a lot, and a fixed rhythm that never saw the video scores "
        "too: compare with the blind baseline.",
    ),
    "f1": (
        "F1",
        "Answers and jumps are paired one to one so that as many pairs as possible lie within the "
        "tolerance, and F1 weighs missed jumps and extra answers alike, wherever they stand. The "
        "number is the mean over 0.1, 0.2 and 0.3 s; 100 means every jump and nothing else.",
    ),
    "precision": ("Precision", "The share of answered times that are paired in that matching."),
    "recall": ("Recall", "The share of jumps that are paired in that matching."),
    "count_exact": (
        "Exact count",
        "The share of videos for which the answered number is the true number. It does not depend "
        "on when the jumps happen.",
    ),
    "count_mae": (
        "Count error",
        "How far the answered number lies from the true one, on average, in jumps. A long video "
        "weighs as much as a short one.",
    ),
    "count_nmae": (
        "Count error as a share",
        "The count error divided by the true number, on average over the videos with events: what "
        "papers on repetition counting call MAE. A short video weighs as much as a long one.",
    ),
    "timing_bias": (
        "Timing",
        "Over matched pairs: whether answers come late (above 0) or early, and timing_spread, how "
        "far they scatter around that.",
    ),
    "hallucination_rate": (
        "Hallucinations and misses",
        "Answered times without a jump nearby, out of all answered times; miss_rate is jumps "
        "without an answer nearby, out of all jumps.",
    ),
    "phase_control": (
        "Phase control",
        "The paper's mAP after moving every answer by half the gap between jumps. It falls far "
        "below the mAP if a model sees when jumps happen, and stays if it only knows the rhythm.",
    ),
}
"""Name of a metric, without ``@...`` and ``_reference...`` -> title and text."""


class _JumpTask(VideoRowTask[Jumps]):
    """Base class of both tasks: ground truth with durations."""

    Options = JumpTaskOptions
    explanations = EXPLANATIONS

    def video_sample(self, row: Row, path: Path, duration: float | None) -> Sample[Jumps]:
        times, problem = parse_truth(row.answer, duration=duration)
        # Most times occur in many videos; each number is stored once.
        share = self._shared_times.setdefault
        truth = Jumps(tuple([share(time, time) if time else time for time in times]), duration)
        return Sample(self.question(row, path, times), truth, problem=problem)

    @cached_property
    def _shared_times(self) -> dict[float, float]:
        return {}

    def count_question(self, row: Row) -> str:
        """Return the question for the number of events: the published one, or the data set's."""
        label = self.manifest.videos.get(row.id, {}).get("label", "")
        return (self.manifest.event or EVENTS["jump_rope"]).ask_count(str(label))

    @abstractmethod
    def question(self, row: Row, path: Path, times: list[float]) -> Question:
        """Return the question about a row; ``times`` is for protocol v1."""


class JumpScore(_JumpTask):
    """List the start time of every jump; scored by the paper's mAP and by F1."""

    name = "jumpscore"
    version = "2"
    Options = JumpScoreOptions
    options: JumpScoreOptions
    headline = ("map_reference", "f1", "f1@0.1", "count_mae")
    metrics = (
        Metric("map_reference", "mAP as the paper computes it (mean of 0.1, 0.2, 0.3 s)"),
        *(
            Metric(f"ap_reference@{t:g}", f"the paper's AP at {t:g} s, over all videos")
            for t in TOLERANCES
        ),
        *(
            Metric(
                f"ap_reference_lmms@{t:g}",
                "the same over the videos that lmms-eval scores",
            )
            for t in TOLERANCES
        ),
        Metric("f1", "F1 of the optimal matching (mean of 0.1, 0.2, 0.3 s)"),
        *(
            Metric(f"{kind}@{t:g}", f"{title} of the optimal matching at {t:g} s")
            for kind, title in (("f1", "F1"), ("precision", "precision"), ("recall", "recall"))
            for t in TOLERANCES
        ),
        *COUNT_METRICS,
        Metric("timing_bias", "median of answer minus truth over pairs", "seconds", "zero"),
        Metric("timing_spread", "median absolute deviation of that", "seconds", "lower"),
        Metric(
            "hallucination_rate",
            f"answered times without a jump within {WIDEST:g} s",
            better="lower",
            over=("extras", "predicted"),
        ),
        Metric(
            "miss_rate",
            f"jumps without an answered time within {WIDEST:g} s",
            better="lower",
            over=("misses", "true"),
        ),
        Metric(
            "map_confidence",
            "AP ranked by the model's own confidences (mean of three)",
            optional=True,
        ),
        Metric("phase_control", "the paper's mAP of the same answer half a gap later", better=None),
        Metric("content_free_map", "the paper's mAP of a fixed grid: blind baseline", better=None),
        Metric("content_free_f1", "F1 of that grid: blind baseline", better=None),
    )

    @property
    def protocol(self) -> str:
        return self.options.protocol

    @property
    def windows_problem(self) -> str | None:
        if self.options.protocol == "v1":
            return "task.protocol=v1 reveals the count of the whole video"
        return None

    def caveats(self) -> tuple[str, ...]:
        if self.options.protocol == "v1":
            return ("prompt protocol v1 reveals the true count to the model",)
        return ()

    def question(self, row: Row, path: Path, times: list[float]) -> Question:
        history: tuple[Turn, ...] = ()
        prompt = row.question
        if self.options.protocol == "v1":
            asked = self.count_question(row)
            history = (Turn("user", asked), Turn("assistant", str(len(times))))
            # v1 had no example and no line break.
            prompt = " ".join(row.question.split("\nExample")[0].split("\n"))
        return Question(id=row.id, media=(Media(path),), prompt=prompt, history=history)

    def score(self, truth: Jumps, response: Response, derived: Any = None) -> SampleScore:
        parsed = parse_times(response.text, finish_reason=response.finish_reason)
        # A cut-off answer without a time has failed too; only an explicit [] is empty.
        failed = parsed.status != "empty" and not parsed.times
        answered = [] if failed else sorted(parsed.times)
        scores = event_scores(answered, truth.times)
        values: dict[str, float | None] = dict(scores.values)
        if failed:
            # A failed answer scores 0, even if the video has no jumps.
            values |= dict.fromkeys((k for k in values if "@" in k or k == "f1"), 0.0)
            values |= {"count_exact": 0.0, "count_off_by_one": 0.0}
        values |= {
            "extras": float(len(scores.extras)),
            "predicted": float(len(answered)),
            "misses": float(len(scores.misses)),
            "true": float(len(truth.times)),
        }
        scored = scored_text(response.text, self.options.reasoning_tags)
        reference, crashed = _reference_values(scored, truth)
        values |= reference
        values |= _blind_values(truth)
        values["map_confidence"] = _map_confidence(parsed, response, truth)
        return SampleScore(
            id=response.id,
            status=parsed.status,
            values=values,
            parse=ParseSummary(parsed.parser, parsed.rejected, parsed.reasoning),
            view=TimelineView(truth.times, tuple(answered), scores.pairs, truth.duration),
            notes=_notes(parsed, answered, truth, response.confidences) | crashed,
        )


class Repetitions(JumpScore):
    """List the start time of every repetition of an action, which the data set defines."""

    name = "repetitions"
    version = "1"
    headline = ("f1", "map_reference", "count_off_by_one", "count_nmae")
    metrics = tuple(
        replace(metric, title=metric.title.replace("jump", "repetition"))
        for metric in JumpScore.metrics
    )
    explanations: ClassVar = {
        name: (title, text.replace("jump", "repetition"))
        for name, (title, text) in EXPLANATIONS.items()
    }


class JumpScoreCount(_JumpTask):
    """Answer how many jumps there are."""

    name = "jumpscore_count"
    version = "2"  # answers are read by jumpscore.answers
    headline = ("count_exact", "count_off_by_one", "count_mae")
    metrics = COUNT_METRICS

    @property
    def windows_problem(self) -> str | None:
        return (
            "a sum of counts counts every jump of an overlap twice; task=jumpscore asks for times, "
            "and its metrics include those of the count"
        )

    def question(self, row: Row, path: Path, times: list[float]) -> Question:
        return Question(id=row.id, media=(Media(path),), prompt=self.count_question(row))

    def score(self, truth: Jumps, response: Response, derived: Any = None) -> SampleScore:
        parsed = parse_count(response.text, finish_reason=response.finish_reason)
        values = count_scores(parsed.count or 0, len(truth.times))
        values["true"] = float(len(truth.times))
        if parsed.count is None:
            values |= {"count_exact": 0.0, "count_off_by_one": 0.0}
        return SampleScore(
            id=response.id,
            status=parsed.status,
            values=values,
            parse=ParseSummary(parsed.parser, parsed.rejected, parsed.reasoning),
            view=CountView(len(truth.times), parsed.count),
        )


def _reference_values(text: str, truth: Jumps) -> tuple[dict[str, float | None], dict[str, int]]:
    """Return the paper's numbers; if the public code crashes, they are 0 and a note counts it."""
    crashed: dict[str, int] = {}
    try:
        answered: list[float] | None = parse_reference(text)
    except ReferenceCrashError:
        answered, crashed = None, {"answers on which the reference parser crashes": 1}
    if answered is None:
        aps = dict.fromkeys(TOLERANCES, 0.0)
    else:
        aps = reference_ap(answered, truth.times)
    values: dict[str, float | None] = {"map_reference": sum(aps.values()) / len(aps)}
    dropped = bool(answered) and not truth.times
    for tolerance, ap in aps.items():
        values[f"ap_reference@{tolerance:g}"] = ap
        values[f"ap_reference_lmms@{tolerance:g}"] = None if dropped else ap
    shift = half_period(truth.times)
    if answered is None or shift is None:
        values["phase_control"] = None
    else:
        shifted = reference_ap([time + shift for time in answered], truth.times)
        values["phase_control"] = sum(shifted.values()) / len(shifted)
    return values, crashed


def _blind_values(truth: Jumps) -> dict[str, float | None]:
    """Return the scores of the blind baseline, a fixed grid, on this video."""
    if truth.duration is None:
        return {"content_free_map": None, "content_free_f1": None}
    grid = grid_times(truth.duration)
    aps = reference_ap(grid, truth.times)
    return {
        "content_free_map": sum(aps.values()) / len(aps),
        "content_free_f1": detection_scores(grid, truth.times)["f1"],
    }


def _map_confidence(parsed: ParseResult, response: Response, truth: Jumps) -> float | None:
    confidences = response.confidences
    if confidences is None:
        return None
    if len(confidences) != len(parsed.times):
        return 0.0  # confidences cannot be matched to times; a note counts it
    aps = [ranked_ap(parsed.times, confidences, truth.times, t) for t in TOLERANCES]
    known = [ap for ap in aps if ap is not None]
    return sum(known) / len(known) if known else None


def _notes(
    parsed: ParseResult,
    answered: list[float],
    truth: Jumps,
    confidences: tuple[float, ...] | None,
) -> dict[str, int]:
    """Return counted oddities of an answer that do not change its status."""
    end = float("inf") if truth.duration is None else truth.duration
    counts = {
        "answered times outside the video": sum(not 0 <= time <= end for time in answered),
        "answers with unordered times": int(list(parsed.times) != sorted(parsed.times)),
        "items rejected because they are not times": parsed.rejected_count,
        "answers with unclosed reasoning": int(parsed.reasoning == "unclosed"),
        "answers with a different number of confidences and times": int(
            confidences is not None and len(confidences) != len(parsed.times)
        ),
    }
    return {note: count for note, count in counts.items() if count}
