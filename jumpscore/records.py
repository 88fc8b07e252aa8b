"""The frozen data classes that pass between packages.

The flow, in order::

    Sample = (Question, Truth)   loaded by a task; a wrapper only ever receives the Question
    Response                     what a wrapper answered, stored unchanged
    SampleScore                  score of an answer: a pure function of truth and response
    RunResult                    result of a run: a pure function of the scores
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Generic, Literal, TypeVar

from jumpscore.questions import Media as Media
from jumpscore.questions import Question as Question
from jumpscore.questions import Role as Role
from jumpscore.questions import Turn as Turn

if TYPE_CHECKING:
    from pandas import DataFrame

TruthT = TypeVar("TruthT")

Convention = Literal["unit", "relative_1000", "pixel"]
"""Unit of coordinates: 0-1 or 0-1000 of the image, or pixels of the image that the model saw."""
Unit = Literal["percent", "seconds", "metres", "events", "number"]
Side = Literal["truth", "answer"]
Form = Literal["points", "path", "area"]
"""Single points; a line through points in order; a closed outline."""
FinishReason = Literal["stop", "length", "error"]
Progress = Callable[[int, int], None]
"""Called with (done, total) after each step of a long job."""
TokenSource = Literal["measured", "derived", "unknown"]
Status = Literal["ok", "empty", "partial", "unparseable", "refused", "error"]

STATUSES: tuple[Status, ...] = ("ok", "empty", "partial", "unparseable", "refused", "error")
"""Every status a sample can end with.

``ok``, ``empty`` (an explicit empty answer) and ``partial`` (cut off) are scored by their content;
``unparseable`` and ``refused`` are the model's failures and score 0; ``error`` is our failure:
unscored, counted, asked again on resume, and the headline is marked incomplete.
"""


@dataclass(frozen=True, slots=True)
class Sample(Generic[TruthT]):
    """A question with its ground truth.

    Attributes:
        question: The question.
        truth: The ground truth, in the type of the task's family.
        problem: Why the sample cannot be scored (an invalid ground truth, for example). Such a
            sample is never asked and gets status ``error``, so that it is counted.
    """

    question: Question
    truth: TruthT
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens of one response; ``None`` if unknown.

    ``visual_source`` is how the visual tokens were counted: ``measured`` on the model's input,
    ``derived`` from sizes, or ``unknown`` (never used in a table of matched budgets).
    """

    visual: int | None = None
    visual_source: TokenSource = "unknown"
    prompt: int | None = None
    output: int | None = None


@dataclass(frozen=True, slots=True)
class WindowAnswer:
    """What a model answered about one window of a video.

    Attributes:
        start: Start of the window in seconds of the video; times in ``text`` count from there.
        end: End of the window in seconds of the video.
        text: The complete answer, unchanged.
        finish_reason: ``length`` if the answer was cut off at the token limit.
        error: Why the answer is missing.
    """

    start: float
    end: float
    text: str = ""
    finish_reason: FinishReason = "stop"
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Response:
    """The answer of a wrapper to one question.

    Attributes:
        id: The question's id.
        text: The complete answer, unchanged.
        usage: Token counts.
        finish_reason: ``length`` if the answer was cut off at the token limit.
        confidences: One per event in the order of the text, for wrappers that have them.
        convention: Unit of coordinates in the answer, if the wrapper states it.
        image_size: (width, height) in pixels of the image that the model saw.
        seconds: Wall time of the answer.
        error: Why the answer is missing; our failure, so the sample is unscored.
        notes: Repair of the input video -> count.
        windows: Answers about the windows of the video that ``text`` was merged from, in order;
            empty if the model was asked about the whole video.
        cached: Whether it was given in an earlier run (``run.reuse``), in windows at least in part.
    """

    id: str
    text: str = ""
    usage: Usage = Usage()
    finish_reason: FinishReason = "stop"
    confidences: tuple[float, ...] | None = None
    convention: Convention | None = None
    image_size: tuple[int, int] | None = None
    seconds: float | None = None
    error: str | None = None
    notes: Mapping[str, int] = field(default_factory=dict)
    windows: tuple[WindowAnswer, ...] = ()
    cached: bool = False


@dataclass(frozen=True, slots=True)
class ParseResult:
    """What a strict parser read from an answer.

    Attributes:
        status: ``ok``, ``empty``, ``partial``, ``unparseable`` or ``refused``.
        parser: Name of the form that applied: ``list``, ``table``, ``lines``, ``units``, ``prose``,
            ``integer`` or ``none``.
        times: Seconds, in the order of the text.
        spans: (start, end) offsets of every time in ``text``.
        rejected: The first few items that could not be read (``NaN``, ``"soon"``), shortened.
        rejected_count: Number of such items.
        reasoning: ``closed`` or ``unclosed`` if the text contains reasoning tags.
        text: The complete answer.
        count: The integer that a count parser read.
    """

    status: Status
    parser: str
    times: tuple[float, ...] = ()
    spans: tuple[tuple[int, int], ...] = ()
    rejected: tuple[str, ...] = ()
    rejected_count: int = 0
    reasoning: Literal["none", "closed", "unclosed"] = "none"
    text: str = ""
    count: int | None = None


@dataclass(frozen=True, slots=True)
class ParseSummary:
    """How an answer was read, for reports.

    Attributes:
        parser: Name of the form that applied.
        rejected: Items that could not be read, shortened, the first few.
        reasoning: ``closed`` or ``unclosed`` if the text contained reasoning tags.
    """

    parser: str
    rejected: tuple[str, ...] = ()
    reasoning: Literal["none", "closed", "unclosed"] = "none"


@dataclass(frozen=True, slots=True)
class TimelineView:
    """Events of one video, true and answered, on a time axis in seconds.

    Attributes:
        truth: True times, increasing.
        answered: Answered times, increasing.
        pairs: (place in ``truth``, place in ``answered``) of every match.
        duration: Length of the video, if known.
    """

    truth: tuple[float, ...]
    answered: tuple[float, ...]
    pairs: tuple[tuple[int, int], ...] = ()
    duration: float | None = None
    kind: Literal["timeline"] = "timeline"


@dataclass(frozen=True, slots=True)
class CountView:
    """How many events a video has and how many were answered; ``None`` if unreadable."""

    truth: int
    answered: int | None = None
    kind: Literal["count"] = "count"


@dataclass(frozen=True, slots=True)
class SpanView:
    """The true and the answered span, (start, end) in seconds; ``None`` if unreadable."""

    truth: tuple[float, float]
    answered: tuple[float, float] | None = None
    kind: Literal["span"] = "span"


@dataclass(frozen=True, slots=True)
class Shape:
    """Points, a path through points in order, or a closed outline.

    Attributes:
        side: Whether it is true or answered.
        form: What the points are.
        points: Fractions (x, y) of the picture's width and height, from the top left.
    """

    side: Side
    form: Form
    points: tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True)
class Drawing:
    """Shapes over one picture.

    Attributes:
        media: Place of the picture or video among the question's media.
        time: Time of the frame in seconds, if it is a video.
        caption: A few words below the picture.
        shapes: What is drawn.
    """

    media: int = 0
    time: float | None = None
    caption: str = ""
    shapes: tuple[Shape, ...] = ()


@dataclass(frozen=True, slots=True)
class OverlayView:
    """Pictures of a sample with true and answered shapes drawn over them."""

    drawings: tuple[Drawing, ...]
    kind: Literal["overlay"] = "overlay"


View = TimelineView | CountView | SpanView | OverlayView
"""What a report draws of a sample; stored in ``scores.jsonl``."""


@dataclass(frozen=True, slots=True)
class SampleScore:
    """The score of one answer.

    Attributes:
        id: The question's id.
        status: See ``STATUSES``.
        values: Metric name -> value; ``None`` if the metric is not defined for this sample.
        details: Further facts of the task as JSON values; stored, interpreted only by the task.
        notes: Oddity that does not change the status -> count; a run adds them up.
        message: Reason for the status, if it needs one.
        cluster: What the sample shares with others, such as its video; intervals resample clusters.
            ``None`` if it is independent of all others.
        group: Sub-tasks of the sample, outermost first, for metrics that are means over them.
        parse: How the answer was read.
        view: What a report draws.
    """

    id: str
    status: Status
    values: Mapping[str, float | None] = field(default_factory=dict)
    details: Mapping[str, Any] = field(default_factory=dict)
    notes: Mapping[str, int] = field(default_factory=dict)
    message: str | None = None
    cluster: str | None = None
    group: tuple[str, ...] = ()
    parse: ParseSummary | None = None
    view: View | None = None


@dataclass(frozen=True, slots=True)
class Metric:
    """How a number of a task is computed from per-sample values, and how it is printed.

    Attributes:
        name: Name of the metric and, for a mean, of the per-sample value.
        title: One line that describes it.
        unit: ``percent`` (values are fractions 0..1), ``seconds``, ``metres``, ``events`` (a count)
            or ``number``.
        better: Which values are better; ``"zero"`` for signed errors, ``None`` for controls.
        over: Names of the numerator and the denominator of a rate over all events.
        optional: Whether tables leave it out if no sample defines it.
        grouped: Whether it is the unweighted mean of the means of all ``SampleScore.group``.
        form: ``mean`` or a rate; ``root`` for the root of the mean square, such as an RMSE;
            ``explained`` for R2, where ``over`` names the errors and the true values.
    """

    name: str
    title: str
    unit: Unit = "percent"
    better: Literal["higher", "lower", "zero"] | None = "higher"
    over: tuple[str, str] | None = None
    optional: bool = False
    grouped: bool = False
    form: Literal["mean", "root", "explained"] = "mean"


@dataclass(frozen=True, slots=True)
class Estimate:
    """A mean over samples with its uncertainty.

    ``mean`` is ``None`` if no sample defines the metric. ``n`` is the number of samples that do.
    """

    mean: float | None
    stderr: float | None
    ci_low: float | None
    ci_high: float | None
    n: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What the results of a run and of its repeats share.

    Attributes:
        task: Task name.
        task_version: Version of the task's scores.
        model: Model name.
        data: Data-set name.
        synthetic: Whether the data are generated; such scores are never mixed with real ones.
        described: The metrics, in the order of tables.
        headline: Names of the metrics of a one-line summary.
        counts: Status -> number of answers, for every status of ``STATUSES``.
        total: Number of answers that are needed: samples, times repeats.
        unscored: Answers without a score; if above 0, the headline is incomplete.
        caveats: Reasons for a leaderboard to refuse this result.
        notes: Oddity that does not change a status, such as answers to unknown ids -> count.
    """

    task: str
    task_version: str
    model: str
    data: str
    synthetic: bool
    described: tuple[Metric, ...]
    headline: tuple[str, ...]
    counts: Mapping[str, int]
    total: int
    unscored: int
    caveats: tuple[str, ...] = ()
    notes: Mapping[str, int] = field(default_factory=dict)

    def table(self, rows: Mapping[str, Mapping[str, float | None]]) -> DataFrame:
        """Return a data frame with a row of values per metric; NaN for ``None``."""
        import pandas as pd

        titles = {metric.name: (metric.title, metric.unit) for metric in self.described}
        facts = {name: titles.get(name, (name, "number")) for name in rows}
        frame = pd.DataFrame.from_dict(facts, orient="index", columns=["title", "unit"])
        values = pd.DataFrame.from_dict(dict(rows), orient="index", dtype="float64")
        return frame.rename_axis("metric").join(values).astype({"n": int})


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class RunResult(Result):
    """The result of a run, without timings; equal inputs give equal ``metrics``, by name."""

    metrics: Mapping[str, Estimate]

    def summary(self) -> str:
        """Return one line: task, model, data set, headline and number of samples."""
        headline = ", ".join(
            f"{name} {estimate.mean:.4g} [{estimate.ci_low:.4g}, {estimate.ci_high:.4g}]"
            for name in self.headline
            if (estimate := self.metrics.get(name)) is not None and estimate.ci_low is not None
        )
        unscored = f", {self.unscored} unscored" if self.unscored else ""
        return (
            f"{self.task}, {self.model} on {self.data}: {headline or 'no score'}, "
            f"{self.total:,} sample{'' if self.total == 1 else 's'}{unscored}"
        )

    def __repr__(self) -> str:
        return f"<RunResult {self.summary()}>"

    def to_pandas(self) -> DataFrame:
        """Return a pandas data frame with one row per metric; NaN if no sample defines it."""
        return self.table({name: asdict(one) for name, one in self.metrics.items()})
