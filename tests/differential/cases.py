"""Every reader of lmms-eval's numbers next to the real function that it stands for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np

from evaluators.spatial import lmms_boxes, lmms_choices, lmms_crosspoint, lmms_numbers, lmms_points
from evaluators.spatial.references import reference_mra
from evaluators.temporal import reference
from jumpscore.scoring import reference_times
from jumpscore.scoring.readers import Reader
from tests.differential.places import BOX, IMAGE
from tests.differential.public import lmms_eval
from tests.differential.words import OPTIONS

SIZE = (200, 100)
MASK = np.zeros(SIZE[::-1], dtype=int)
MASK[20:60, 50:120] = 1
LISTED = "\n".join(f"{letter}. {words}" for letter, words in OPTIONS.items())
QUESTION = f"What is near?\n{LISTED}\nAnswer with the letter."
LETTERS = "".join(OPTIONS)


@dataclass(frozen=True)
class Case:
    """A reader and what it must equal.

    Attributes:
        name: Name of the benchmark.
        kind: Kind of the texts.
        reader: Ours.
        ours: Returns what is compared of a text, read by that reader or by one with a rule less.
        theirs: Returns the public function of a text.
    """

    name: str
    kind: str
    reader: Reader[Any]
    ours: Callable[[Reader[Any], str], Any]
    theirs: Callable[[], Callable[[str], Any]]


def variants(reader: Reader[Any]) -> Iterator[tuple[str, Reader[Any]]]:
    """Yield every reader that lacks one of the rules, with the rule's name; nested ones too."""
    for field in fields(reader):
        rules = getattr(reader, field.name)
        for place, rule in enumerate(rules):
            fewer = rules[:place] + rules[place + 1 :]
            yield _name(rule), replace(reader, **{field.name: fewer})
            for name, less in variants(rule) if isinstance(rule, Reader) else ():
                inside = (*rules[:place], less, *rules[place + 1 :])
                yield name, replace(reader, **{field.name: inside})


def _name(rule: Any) -> str:
    if isinstance(rule, str):
        return f"key {rule}"
    return getattr(rule, "__name__", None) or getattr(rule, "name", type(rule).__name__)


def _task(name: str) -> Any:
    return lmms_eval(f"tasks.{name}.utils")


def _read(reader: Reader[Any], text: str) -> Any:
    return reader.read(text)


def _revsi() -> Callable[[str], Any]:
    task = _task("revsi")

    def theirs(text: str) -> float:
        document = {"question_type": "object_abs_distance", "ground_truth": "5"}
        return float(task.revsi_process_results(document, [text])["overall_acc"]["acc"])

    return theirs


def _revsi_ours(reader: Reader[float], text: str) -> float:
    number = reader.read(text.strip())
    return reference_mra(number if number is not None and np.isfinite(number) else None, 5.0)


def _tuples(task: str) -> Callable[[], Callable[[str], Any]]:
    def load() -> Callable[[str], Any]:
        module = _task(task)
        share = module._where2place_acc if task == "where2place" else module._refspatial_acc
        return lambda text: float(share(MASK, module._text2pts(text, *SIZE)))

    return load


def _pixels(points: Any) -> list[tuple[int, int]]:
    return [(int(x), int(y)) for x, y in points]


def _robospatial() -> Callable[[str], Any]:
    task = _task("robo_spatial")
    return lambda text: _pixels(task.json2pts(task.remove_think(text), *SIZE))


def _yes_no() -> Callable[[str], Any]:
    task = _task("robo_spatial")
    return lambda text: [
        task.evaluate_binary_answer(right, task.remove_think(text)) for right in ("yes", "no")
    ]


class _Image:
    size = IMAGE


def _refcoco() -> Callable[[str], Any]:
    task = _task("refcoco_grounding")
    left, top, right, bottom = BOX
    document = {
        "bbox": [left, top, right - left, bottom - top],
        "image": _Image(),
        "answer": "the chair",
    }

    def theirs(text: str) -> float:
        results = task.refcoco_grounding_process_result(document, [text])
        return float(task.refcoco_grounding_iou([results["refcoco_grounding_IoU"]]))

    return theirs


def _filter(task: str, column: str) -> Callable[[], Callable[[str], Any]]:
    """Return the filter of a task, with the arguments of its YAML."""

    def load() -> Callable[[str], Any]:
        apply = (
            _task(task)
            .MultiChoiceRegexFilter(
                group_select=0,
                ignore_case=True,
                ignore_punctuation=True,
                regex_pattern=r"(\([A-Z]\))",
            )
            .apply
        )
        return lambda text: apply([[text]], [{column: QUESTION}])[0]

    return load


def _with_question(reader: Reader[str], text: str) -> Any:
    return reader.read(text, QUESTION)


def _crosspoint() -> Callable[[str], Any]:
    task = _task("crosspoint_bench")

    def theirs(text: str) -> tuple[int, int] | None:
        place = task._extract_coordinates(text)
        return None if place is None else (int(place[0]), int(place[1]))

    return theirs


def _crosspoint_ours(reader: Reader[Any], text: str) -> tuple[int, int] | None:
    return lmms_crosspoint.answered_pixel(text, reader)


CASES = (
    Case(
        "jumpscore",
        "times",
        reference_times.READER,
        lambda reader, text: sorted(reader.read(text) or []),
        lambda: _task("jumpscore").extract_start_times,
    ),
    Case(
        "timelens",
        "span",
        reference.READER,
        lambda reader, text: [tuple(span) for span in reader.read(text) or []],
        lambda: _task("timelens").extract_time,
    ),
    Case(
        "vsibench number",
        "number",
        lmms_numbers.NUMBER,
        _read,
        lambda: _task("vsibench").extract_number,
    ),
    Case(
        "vsibench choice",
        "choice",
        lmms_numbers.LETTER,
        lambda reader, text: [reader.read(text, OPTIONS) == letter for letter in LETTERS],
        lambda: (
            lambda text: [
                bool(_task("vsibench").exact_match(_task("vsibench").fuzzy_matching(text), letter))
                for letter in LETTERS
            ]
        ),
    ),
    Case("revsi number", "number", lmms_numbers.WORD_NUMBER, _revsi_ours, _revsi),
    *(
        Case(
            task,
            "points",
            lmms_points.TUPLES,
            lambda reader, text: lmms_points.share_inside(reader.read(text, SIZE) or [], MASK > 0),
            _tuples(task),
        )
        for task in ("where2place", "refspatial")
    ),
    Case(
        "pointbench",
        "points",
        lmms_points.GUESS,
        lambda reader, text: lmms_points.guessed_pairs(text, SIZE, reader).value,
        lambda: lambda text: _pixels(_task("pointbench")._text_to_points(text, *SIZE)),
    ),
    Case(
        "robo_spatial points",
        "points",
        lmms_points.ROBOSPATIAL,
        lambda reader, text: reader.read(text, SIZE),
        _robospatial,
    ),
    Case(
        "robo_spatial words",
        "word",
        lmms_points.ROBOSPATIAL_WORD,
        lambda reader, text: [reader.read(text, right) for right in ("yes", "no")],
        _yes_no,
    ),
    Case(
        "refcoco",
        "box",
        lmms_boxes.READER,
        lambda reader, text: lmms_boxes.reference_box_iou(text, BOX, size=IMAGE, reader=reader),
        _refcoco,
    ),
    *(
        Case(
            task,
            "choice",
            lmms_choices.FIRST_LETTER,
            lambda reader, text: reader.read(text) or "",
            lambda task=task: _task(task)._extract_answer_letter,
        )
        for task in ("cv_bench", "embspatial")
    ),
    Case(
        "blink",
        "choice",
        lmms_choices.BLINK,
        lambda reader, text: reader.read(text, LETTERS) or "",
        lambda: lambda text: _task("blink")._extract_answer_letter(text, LETTERS),
    ),
    Case(
        "erqa",
        "choice",
        lmms_choices.ERQA,
        lambda reader, text: reader.read(text) or "",
        lambda: (
            lambda text: lmms_eval("tasks._task_utils.mcq_extract").extract_mcq_answer(
                text, list(LETTERS)
            )
        ),
    ),
    Case(
        "mmsi_bench",
        "choice",
        lmms_choices.MMSI,
        lambda reader, text: [reader.read(text) == letter for letter in "ABF"],
        lambda: (
            lambda text: [
                bool(_task("mmsi_bench").extract_single_choice_with_word_boundary(text, letter))
                for letter in "ABF"
            ]
        ),
    ),
    Case("sat", "choice", lmms_choices.BY_ORDER, _with_question, _filter("sat", "question")),
    Case(
        "metavqa", "choice", lmms_choices.BY_ORDER, _with_question, _filter("metavqa", "question")
    ),
    Case("crpe", "choice", lmms_choices.CRPE, _with_question, _filter("crpe_relation", "text")),
    Case("crosspoint points", "points", lmms_crosspoint.POINT, _crosspoint_ours, _crosspoint),
    Case(
        "crosspoint choice",
        "choice",
        lmms_crosspoint.CHOICE,
        _read,
        lambda: _task("crosspoint_bench")._extract_mcq_letter,
    ),
)
