"""Manipulation traces: way-points of a carried object, in the image or in space."""

from __future__ import annotations

from functools import cached_property
from typing import Any, get_args

from evaluators.rows import RowTask, RowTaskOptions
from evaluators.traces.explanations import EXPLANATIONS
from evaluators.traces.references import Parser
from evaluators.traces.rows import Goal, Rule, TraceRow, read_truth
from evaluators.traces.scoring import PublicReading, score_answer
from jumpscore.errors import DataError
from jumpscore.records import (
    Convention,
    Media,
    Metric,
    Question,
    Response,
    Sample,
    SampleScore,
    Unit,
)

AS_PUBLISHED = ", as the public code scores it"
PARSED = Metric("parsed", "share of answers with a trace")


def _distances(suffix: str, unit: Unit, where: str) -> tuple[Metric, ...]:
    return tuple(
        Metric(f"{name}{suffix}", f"{title}, {where}", unit, "lower")
        for name, title in (
            ("rmse", "root mean squared distance of the traces"),
            ("mae", "mean difference of their coordinates"),
            ("dfd", "discrete Frechet distance"),
            ("hd", "Hausdorff distance"),
        )
    )


def _reference(metrics: tuple[Metric, ...]) -> tuple[Metric, ...]:
    return tuple(
        Metric(f"{m.name}_reference", m.title + AS_PUBLISHED, m.unit, m.better) for m in metrics
    )


_IN_IMAGE = _distances("_2d", "number", "in fractions of the image, of answers with a trace")
_ENDS_2D = (
    Metric("start_2d", "share of answers that start on the object, in the image"),
    Metric("end_2d", "share of answers that end in the target's box, in the image"),
)
_SUCCESS = Metric("success", "share of answers that start and end right without collisions")
_RATES = (
    Metric("start", "share of traces that start within 0.2 m of the object"),
    Metric("end", "share of traces that end within 0.2 m of the target's box"),
    Metric("no_collision", "share of traces without collision at a way-point"),
)
_AT_999 = (
    Metric("rmse_999", "RMSE at 0-999, of answers with a trace", "number", "lower"),
    Metric("mae_999", "MAE at 0-999, of answers with a trace", "number", "lower"),
)
_BLIND = "of the blind baseline, which stays in the image's centre"

RULE_METRICS: dict[Rule, tuple[Metric, ...]] = {
    "tracespatial_3d": (
        _SUCCESS,
        Metric("success_path", "the same, without collisions between way-points"),
        *_reference((_SUCCESS,)),
        Metric("content_free_success", f"success {_BLIND}, at 2 m", better=None),
        *_RATES,
        Metric("no_collision_path", "share of traces without collision anywhere"),
        *_reference(_RATES),
        Metric("start_distance", "distance of the start to the object", "metres", "lower"),
        Metric("end_distance", "distance of the end to the target's box", "metres", "lower"),
        Metric("collision", "largest share of the object in obstacles", "percent", "lower"),
        Metric("collision_path", "the same, along the whole path", "percent", "lower"),
        *_distances("", "metres", "in space"),
        *_ENDS_2D,
        *_IN_IMAGE,
    ),
    "tracespatial_2d": (
        *_ENDS_2D,
        *_reference(_ENDS_2D),
        Metric("content_free_start_2d", f"start_2d {_BLIND}", better=None),
        Metric("content_free_end_2d", f"end_2d {_BLIND}", better=None),
        *_IN_IMAGE,
        *_reference(_IN_IMAGE),
        Metric("content_free_rmse_2d", f"rmse_2d {_BLIND}", "number", better=None),
    ),
    "vabench": (
        Metric("rmse_999_all", "RMSE at 0-999, the worst value if no trace", "number", "lower"),
        Metric("mae_999_all", "MAE at 0-999, the worst value if no trace", "number", "lower"),
        *_AT_999,
        *_reference(_AT_999),
        Metric("content_free_rmse_999_all", f"RMSE at 0-999 {_BLIND}", "number", better=None),
    ),
    "sharerobot": (
        *_IN_IMAGE,
        *_reference(tuple(m for m in _IN_IMAGE if m.name != "mae_2d")),
        Metric("content_free_rmse_2d", f"rmse_2d {_BLIND}", "number", better=None),
    ),
}
HEADLINES: dict[Rule, tuple[str, ...]] = {
    "tracespatial_3d": ("success", "success_path", "success_reference"),
    "tracespatial_2d": ("start_2d", "end_2d", "rmse_2d"),
    "vabench": ("rmse_999_all", "rmse_999", "rmse_999_reference"),
    "sharerobot": ("rmse_2d", "dfd_2d", "rmse_2d_reference"),
}


class TracesOptions(RowTaskOptions):
    """Options of the task.

    Attributes:
        data: Folder of a data set whose rows are ``TraceRow``.
        convention: Convention of x and y in answers, which overrides the model's wrapper and the
            benchmark: ``unit`` (0-1), ``relative_1000`` or ``pixel``.
        reference_parser: Parser of TraceSpatial's ``*_reference`` values. RoboTracer's scorer
            selects it by the model's name: ``text`` for RoboTracer, ``json`` for Qwen and Gemini.
            ``auto`` is ``json`` if that reads any way-point, otherwise ``text``.
        reference_reasoning: Embodied-R1's ``reasoning_model``: VABench-V's ``*_reference`` values
            read only the text in ``<answer>``.
    """

    data: str = "mini_traces"
    convention: Convention | None = None
    reference_parser: Parser = "auto"
    reference_reasoning: bool = False


class Traces(RowTask[Goal, TraceRow]):
    """Plan way-points along which to carry an object; scored in the image, or in space.

    The metrics depend on the rules of the data set's rows.
    """

    name = "traces"
    headlines = tuple(dict.fromkeys(names[0] for names in HEADLINES.values()))
    explanations = EXPLANATIONS
    version = "2"
    row_kind = TraceRow
    Options = TracesOptions
    options: TracesOptions

    @cached_property
    def _rules(self) -> list[Rule]:
        present = {row.rule for row in self.rows}
        return [rule for rule in RULE_METRICS if rule in present] or list(get_args(Rule)[:1])

    @property
    def metrics(self) -> tuple[Metric, ...]:
        """The metrics of the rules that occur in the data set."""
        own = {metric.name: metric for rule in self._rules for metric in RULE_METRICS[rule]}
        return (*own.values(), PARSED)

    @property
    def headline(self) -> tuple[str, ...]:
        """The main metrics of a single rule, or the first metric of each of several."""
        if len(self._rules) == 1:
            return HEADLINES[self._rules[0]]
        return tuple(dict.fromkeys(HEADLINES[rule][0] for rule in self._rules))

    def sample(self, row: TraceRow, *, safe: bool) -> Sample[Goal]:
        media = (Media(self.root / row.image, "image"),) if safe else ()
        goal, problem = Goal("sharerobot"), None
        if safe:
            try:
                goal = read_truth(row, self.root)
            except DataError as error:
                problem = str(error)
        return Sample(Question(row.id, media, row.prompt), goal, problem=problem)

    def score(self, truth: Goal, response: Response, derived: Any = None) -> SampleScore:
        options = self.options
        public = PublicReading(options.reference_parser, options.reference_reasoning)
        return score_answer(truth, response, convention=options.convention, public=public)
