"""Spatial questions: point into masks, draw boxes, give numbers, choose; a rule for every row."""

from __future__ import annotations

from functools import cached_property
from typing import Any

from evaluators.rows import RowTask, RowTaskOptions
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
    "_reference_lmms": ", as lmms-eval reads and scores",
    "_reference_official": ", as the benchmark's own script does",
}
FLOOR_WORDS: dict[str, tuple[str, ...]] = {
    "the image's middle": MASKED,
    "all of the image": ("box",),
    "the median number of the sub-task": ("number",),
    "an option at random": ("choice", "word"),
}
"""What never looks answers -> rules."""
MOST_GROUPS = 40
"""Groups of a data set that have a row of their own in tables."""


class SpatialOptions(RowTaskOptions):
    """Options of the task.

    Attributes:
        data: Folder of a data set of ``SpatialRow``, or its name.
        convention: Of coordinates in answers, whatever the model's wrapper states and the prompt
            asks for: ``unit`` (0-1), ``relative_1000`` or ``pixel``.
        reasoning_tags: What is taken off an answer before lmms-eval's reader has it:
            ``lmms_eval`` (as its command does by default) or ``none``.
    """

    data: str = "mini_spatial"
    convention: Convention | None = None
    reasoning_tags: ReasoningTags = "lmms_eval"


class Spatial(RowTask[SpatialTruth, SpatialRow]):
    """Point, draw a box, measure, choose: spatial questions about images and videos.

    Which metrics there are depends on the rules of the data set's rows. Its main one is the rule's
    own where all rows have one rule, else ``score``, the mean over samples of what each rule gives,
    or ``overall``, the mean over sub-tasks, where the benchmark is defined so.
    """

    name = "spatial"
    headlines = (*dict.fromkeys(m.name for m in RULE_METRICS.values()), "score", "overall")
    version = "2"
    row_kind = SpatialRow
    Options = SpatialOptions
    options: SpatialOptions

    @property
    def main(self) -> Metric:
        """The metric that the benchmark is known by."""
        return self._described[0]

    @property
    def metrics(self) -> tuple[Metric, ...]:
        """Those that the rules of the data set's rows have."""
        return self._described

    @property
    def headline(self) -> tuple[str, ...]:
        """The main metric, as it is and as the public code has it."""
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
        held = {row.rule for row in self.rows}
        own = {m.name: m for rule, m in RULE_METRICS.items() if rule in held} or {
            "accuracy": RULE_METRICS["choice"]
        }
        grouped = bool(self.rows) and all(row.grouped for row in self.rows)
        main = next(iter(own.values()))
        if grouped:
            main = Metric("overall", "mean over sub-tasks, each the mean of its samples")
        elif len(own) > 1:
            main = Metric("score", "mean over samples of what the rule of each gives")
        metrics = [
            Metric(main.name + suffix, main.title + READ_AS.get(suffix, ""), grouped=grouped)
            for suffix in self._both
        ]
        metrics.append(
            Metric(
                f"content_free_{main.name}",
                f"{main.name} of an answer that never looks: {_floor_words(held)}",
                better=None,
                grouped=grouped,
            )
        )
        metrics += [metric for name, metric in own.items() if name != main.name]
        if "box" in held:
            title = "mean IoU with the true box"
            metrics += [
                Metric(f"miou{suffix}", title + READ_AS.get(suffix, "")) for suffix in self._both
            ]
        metrics += [
            Metric(f"{main.name}/{group}", "of this sub-task", optional=True, grouped=grouped)
            for group in self._groups
        ]
        return tuple(metrics)

    @property
    def _both(self) -> tuple[str, ...]:
        return ("", *self._suffixes)

    @cached_property
    def _shown(self) -> frozenset[str]:
        return frozenset(metric.name for metric in self.metrics)

    @cached_property
    def _blind_numbers(self) -> dict[tuple[str, ...], float]:
        """The median of the true numbers of every group."""
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
        found = score_answer(
            truth,
            response,
            convention=self.options.convention,
            reasoning_tags=self.options.reasoning_tags,
        )
        values: dict[str, float | None] = {}
        if found.value is not None:
            main = self.main.name
            values = {RULE_METRICS[truth.rule].name: found.value, main: found.value}
            values[f"content_free_{main}"] = found.blind
            values |= {
                (main + name if name.startswith("_") else name): value
                for name, value in found.beside.items()
            }
            if truth.cell:
                values[f"{main}/{truth.cell[0]}"] = found.value
            values = {name: value for name, value in values.items() if name in self._shown}
        return SampleScore(
            id=response.id,
            status=found.status,
            values=values,
            details=found.details,
            notes=found.notes,
            message=found.message,
            cluster=truth.media,
            group=truth.cell,
        )


def _floor_words(rules: set[str]) -> str:
    return ", ".join(words for words, of in FLOOR_WORDS.items() if rules & set(of))


def _as_number(answer: str) -> float:
    """Return the number of a truth; NaN where it is none, which its sample will say."""
    try:
        return float(parse_json(answer))
    except (ValueError, TypeError, OverflowError):
        return float("nan")
