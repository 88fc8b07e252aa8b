"""Spatial questions: point into masks, draw boxes, give numbers, choose; every row has a rule."""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property
from typing import Any

from evaluators.rows import RowTask, RowTaskOptions
from evaluators.spatial.explanations import EXPLANATIONS
from evaluators.spatial.references import suffixes
from evaluators.spatial.rows import MASKED, Rule, SpatialRow, SpatialTruth, read_truth
from evaluators.spatial.scoring import middle, score_answer
from jumpscore.errors import DataError
from jumpscore.jsonio import parse_json
from jumpscore.records import (
    Convention,
    Media,
    Metric,
    Question,
    Response,
    Sample,
    SampleScore,
)
from jumpscore.scoring.reasoning_tags import ReasoningTags

RULE_METRICS: dict[Rule, Metric] = {
    "points": Metric("points_in_mask", "share of the answered points inside of the mask"),
    "first_point": Metric("first_point", "share of answers whose first point is in the mask"),
    "count": Metric("count_in_mask", "share of answers with all points inside, as many as true"),
    "box": Metric("acc@0.5", "share of answered boxes with IoU >= 0.5"),
    "number": Metric("mra", "mean relative accuracy of numbers, over errors of 5% to 50%"),
    "choice": Metric("accuracy", "share of questions with the right option"),
    "word": Metric("accuracy", "share of questions with the right option"),
}
READ_AS = {
    "_reference_lmms": ", as lmms-eval scores it",
    "_reference_official": ", as the benchmark's own script scores it",
}
BLIND_ANSWERS: dict[str, tuple[str, ...]] = {
    "the image's centre": MASKED,
    "the whole image": ("box",),
    "the median number of the sub-task": ("number",),
    "a random option": ("choice", "word"),
}
"""Answer of the blind baseline -> rules."""
MOST_GROUPS = 40
"""Maximum number of groups that get their own rows in tables."""


class SpatialOptions(RowTaskOptions):
    """Options of the task.

    Attributes:
        data: Folder of a data set of ``SpatialRow``, or its name.
        convention: Convention of coordinates in answers, which overrides the model's wrapper and
            the prompt: ``unit`` (0-1), ``relative_1000`` or ``pixel``.
        reasoning_tags: Which reasoning to remove before lmms-eval's code reads an answer:
            ``lmms_eval`` (the default of its command) or ``none``.
    """

    data: str = "mini_spatial"
    convention: Convention | None = None
    reasoning_tags: ReasoningTags = "lmms_eval"


class Spatial(RowTask[SpatialTruth, SpatialRow]):
    """Point, draw a box, measure, choose: spatial questions about images and videos.

    The metrics depend on the rules of the data set's rows. The main one is the metric of the rule
    if all rows have the same, ``overall``, the mean over sub-tasks, if the benchmark defines it,
    and otherwise ``score``, the mean over samples.
    """

    name = "spatial"
    headlines = (*dict.fromkeys(m.name for m in RULE_METRICS.values()), "score", "overall")
    explanations = EXPLANATIONS
    version = "3"
    row_kind = SpatialRow
    Options = SpatialOptions
    options: SpatialOptions

    @property
    def main(self) -> Metric:
        """The benchmark's main metric."""
        return self._described[0]

    @property
    def metrics(self) -> tuple[Metric, ...]:
        """The metrics of the rules that occur in the data set."""
        return self._described

    @property
    def headline(self) -> tuple[str, ...]:
        """The main metric, ours and the public code's."""
        return tuple(f"{self.main.name}{suffix}" for suffix in ("", *self._suffixes))

    @cached_property
    def _suffixes(self) -> list[str]:
        return suffixes([row.reference for row in self.rows])

    @cached_property
    def _groups(self) -> list[str]:
        named = list(dict.fromkeys(row.group for row in self.rows if row.group))
        return named if 1 < len(named) <= MOST_GROUPS else []

    @cached_property
    def _described(self) -> tuple[Metric, ...]:
        rules = {row.rule for row in self.rows}
        own = {m.name: m for rule, m in RULE_METRICS.items() if rule in rules} or {
            "accuracy": RULE_METRICS["choice"]
        }
        grouped = bool(self.rows) and all(row.grouped for row in self.rows)
        main = next(iter(own.values()))
        if grouped:
            main = Metric("overall", "mean over sub-tasks, each the mean of its samples")
        elif len(own) > 1:
            main = Metric("score", "mean over samples, each scored by its rule")
        metrics = [
            Metric(main.name + suffix, main.title + READ_AS.get(suffix, ""), grouped=grouped)
            for suffix in self._both
        ]
        blind = [answer for answer, of in BLIND_ANSWERS.items() if rules & set(of)]
        metrics.append(
            Metric(
                f"content_free_{main.name}",
                f"{main.name} of the blind baseline: {', '.join(blind)}",
                better=None,
                grouped=grouped,
            )
        )
        metrics += [metric for name, metric in own.items() if name != main.name]
        if "box" in rules:
            title = "mean IoU with the true box"
            metrics += [
                Metric(f"miou{suffix}", title + READ_AS.get(suffix, "")) for suffix in self._both
            ]
        metrics += [
            Metric(f"{main.name}/{group}", "this sub-task", optional=True, grouped=grouped)
            for group in self._groups
        ]
        return tuple(metrics)

    @property
    def _both(self) -> tuple[str, ...]:
        return ("", *self._suffixes)

    @cached_property
    def _names(self) -> frozenset[str]:
        return frozenset(metric.name for metric in self.metrics)

    @cached_property
    def _blind_numbers(self) -> dict[tuple[str, ...], float]:
        """Median of the true numbers of every group."""
        numbers: dict[tuple[str, ...], list[float]] = {}
        for row in self.rows:
            if row.rule == "number":
                numbers.setdefault(row.cell, []).append(_as_number(row.answer))
        return {cell: middle(values) for cell, values in numbers.items()}

    def sample(self, row: SpatialRow, *, safe: bool) -> Sample[SpatialTruth]:
        media = [Media(self.root / image, "image") for image in row.images if safe]
        if row.video and safe:
            media.append(Media(self.root / row.video, "video"))
        question = Question(row.id, tuple(media), row.prompt)
        truth, problem = SpatialTruth("choice"), None
        if safe:
            try:
                blind = self._blind_numbers.get(row.cell, 0.0)
                truth = read_truth(row, self.root, blind=blind)
            except DataError as error:
                problem = str(error)
        return Sample(question, truth, problem=problem)

    def score(self, truth: SpatialTruth, response: Response, derived: Any = None) -> SampleScore:
        result = score_answer(
            truth,
            response,
            convention=self.options.convention,
            reasoning_tags=self.options.reasoning_tags,
        )
        if result.status == "error":
            return result
        main = self.main.name
        # "", "_reference_..." and "content_free" belong to the main metric; other names are whole.
        values = {RULE_METRICS[truth.rule].name: result.values[""]}
        for name, value in result.values.items():
            if name == "content_free":
                name = f"content_free_{main}"
            elif name in ("", *READ_AS):
                name = main + name
            values[name] = value
        if truth.cell:
            values[f"{main}/{truth.cell[0]}"] = result.values[""]
        return replace(result, values={n: v for n, v in values.items() if n in self._names})


def _as_number(answer: str) -> float:
    """Return the number of a truth; NaN if it is invalid, which its sample reports."""
    try:
        return float(parse_json(answer))
    except (ValueError, TypeError, OverflowError):
        return float("nan")
