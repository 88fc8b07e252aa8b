"""The row of every spatial benchmark, and its ground truth."""

from __future__ import annotations

import math
import string
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal, get_args
from zlib import crc32

import numpy as np

from evaluators.coordinates import full_scale, stated_convention
from evaluators.images import image_size, mask_pixels, read_mask
from evaluators.spatial.references import REFERENCES
from jumpscore.answers.places.boxes import Box
from jumpscore.data.layout import ADDED
from jumpscore.errors import DataError
from jumpscore.jsonio import parse_json
from jumpscore.records import Convention

Rule = Literal["points", "first_point", "count", "box", "number", "choice", "word"]
"""How an answer is scored: share of points in a mask; first point in the mask; all points in the
mask and as many as asked for; IoU with a box; relative accuracy of a number; letter of an option;
word of an option (yes or no)."""
RULES: tuple[Rule, ...] = get_args(Rule)
MASKED = ("points", "first_point", "count")
LARGEST = 1e12
"""Largest absolute value of a true number."""


@dataclass(frozen=True, slots=True)
class SpatialRow:
    """One question about images or about one video.

    Attributes:
        id: Unique in its data set.
        prompt: The whole prompt, with format and options.
        rule: See ``Rule``.
        images: Files, in the order of the prompt.
        video: File; a row has either a video or images.
        mask: PNG of the size of the image asked about, for points; above 0 is inside.
        answer: JSON: a box [left, top, right, bottom] in pixels of the image asked about, the
            number, how many points are asked for, or the option's letter as a string.
        options: Words of the options A, B, C, ...; empty strings if only the prompt has them.
        about: Index of the image asked about among ``images``.
        convention: Coordinate convention that the prompt asks for; empty if it names none.
        group: Sub-task, for breakdowns and the overall mean.
        subgroup: Part of the sub-task, such as a difficulty.
        grouped: Whether the overall score of the set is the mean over groups instead of samples.
        reference: Public scorer whose scores are reported too; see ``references``.
        listing: Text in which the public scorer looks for the options; empty for the prompt.
    """

    id: str
    prompt: str
    rule: str
    images: tuple[str, ...] = ()
    video: str = ""
    mask: str = ""
    answer: str = ""
    options: tuple[str, ...] = ()
    about: int = 0
    convention: str = ""
    group: str = ""
    subgroup: str = ""
    grouped: bool = False
    reference: str = ""
    listing: str = field(default="", metadata=ADDED)

    def files(self) -> tuple[str, ...]:
        """Return images, video and mask."""
        return (*self.images, *filter(None, (self.video, self.mask)))

    @property
    def cell(self) -> tuple[str, ...]:
        """Groups of the row, outermost first."""
        return tuple(filter(None, (self.group, self.subgroup)))


@dataclass(frozen=True, slots=True)
class SpatialTruth:
    """Ground truth of one question.

    Attributes:
        rule: How an answer is scored.
        media: File asked about; questions about the same file are one cluster.
        about: Index of that file among the question's media.
        size: (width, height) of the image asked about, for questions about coordinates.
        convention: Coordinate convention that the prompt asks for.
        mask: Bytes of the PNG.
        box: Left, top, right, bottom in pixels.
        number: The true number, or how many points are asked for.
        letter: Letter of the right option.
        options: Letter -> words.
        cell: Groups, outermost first.
        reference: Name of the public scorer.
        blind: Median of the true numbers of the group, the blind baseline's answer.
        listing: Text in which the public scorer looks for the options.
    """

    rule: Rule
    media: str = ""
    about: int = 0
    size: tuple[int, int] = (1, 1)
    convention: Convention | None = None
    mask: bytes = field(default=b"", repr=False)
    box: Box = (0.0, 0.0, 1.0, 1.0)
    number: float = 0.0
    letter: str = ""
    options: Mapping[str, str] = field(default_factory=dict)
    cell: tuple[str, ...] = ()
    reference: str = ""
    blind: float = 0.0
    listing: str = ""

    def answer(self, convention: Convention) -> str:
        """Return the text of a right answer, with coordinates in a convention."""
        if self.rule in MASKED:
            return str(self._points(convention))
        if self.rule == "box":
            return str([_written(v, i % 2, self.size, convention) for i, v in enumerate(self.box)])
        if self.rule == "number":
            return f"{self.number:.12g}"
        return self.options[self.letter] if self.rule == "word" else self.letter

    def blind_answer(self, convention: Convention, *, salt: str) -> str:
        """Return the answer of the blind baseline; among options, one at random by ``salt``."""
        width, height = self.size
        if self.rule in MASKED:
            return str([self._place(width / 2, height / 2, convention)])
        if self.rule == "box":
            corners = self._place(0, 0, convention) + self._place(width, height, convention)
            return str(list(corners))
        if self.rule == "number":
            return repr(self.blind)
        letters = sorted(self.options)
        return replace(self, letter=letters[crc32(salt.encode()) % len(letters)]).answer(convention)

    def _place(self, x: float, y: float, convention: Convention) -> tuple[float, float]:
        return _written(x, 0, self.size, convention), _written(y, 1, self.size, convention)

    def _points(self, convention: Convention) -> list[tuple[float, float]]:
        rows, columns = np.nonzero(mask_pixels(self.mask))
        count = int(self.number) if self.rule == "count" else 1
        # The middles of that many equal parts of the mask's pixels.
        places = ((np.arange(count) + 0.5) * len(rows) / max(count, 1)).astype(np.intp)
        return [
            self._place(float(columns[place]) + 0.5, float(rows[place]) + 0.5, convention)
            for place in places
        ]


def _written(pixel: float, axis: int, size: tuple[int, int], convention: Convention) -> float:
    """Return a pixel coordinate in a convention, rounded far below a pixel."""
    return round(pixel * full_scale(convention, size)[axis] / size[axis], 7)


def read_truth(row: SpatialRow, root: Path, *, blind: float = 0.0) -> SpatialTruth:
    """Return the truth of a row whose files are inside ``root``.

    Raises:
        DataError: The truth is invalid; the message names the field.
    """
    if row.rule not in RULES:
        raise DataError(f"rule {row.rule!r:.40} is not one of {', '.join(RULES)}")
    rule: Rule = row.rule
    if bool(row.images) == bool(row.video):
        raise DataError("needs images or a video, not both")
    known = [name for name, public in REFERENCES.items() if rule in public.rules]
    if row.reference and row.reference not in known:
        raise DataError(
            f"reference {row.reference!r:.40} does not score rule {rule}; these do: "
            f"{', '.join(known)}"
        )
    convention = stated_convention(row.convention)
    about = min(max(row.about, 0), max(len(row.images) - 1, 0))
    shared = SpatialTruth(
        rule,
        row.video or row.images[about],
        about,
        convention=convention,
        cell=row.cell,
        reference=row.reference,
        blind=blind,
        listing=row.listing or row.prompt,
    )
    return _FILLED[rule](row, root, shared)


def _with_mask(row: SpatialRow, root: Path, truth: SpatialTruth) -> SpatialTruth:
    if not row.mask:
        raise DataError(f"mask is empty; rule {row.rule} needs one")
    mask, size = read_mask(root / row.mask)
    place = root / _asked_about(row)
    # A missing image is reported when the model opens it; the mask has the size too.
    if place.is_file() and image_size(place) != size:
        width, height = image_size(place)
        raise DataError(
            f"mask {row.mask} has {size[0]}x{size[1]} pixels, the image {width}x{height}"
        )
    number = _number(row, whole=True) if row.rule == "count" else 1.0
    if not 0 < number <= size[0] * size[1]:
        raise DataError(f"answer {row.answer!r:.40} must be how many points are asked for")
    return replace(truth, mask=mask, size=size, number=number)


def _with_box(row: SpatialRow, root: Path, truth: SpatialTruth) -> SpatialTruth:
    size = image_size(root / _asked_about(row))
    value = _json(row)
    if not (isinstance(value, list) and len(value) == 4 and all(map(_is_number, value))):
        raise DataError(f"answer {row.answer!r:.60} must be [left, top, right, bottom] in pixels")
    x1, y1, x2, y2 = (float(corner) for corner in value)
    if not (x1 < x2 and y1 < y2):
        raise DataError(f"answer {row.answer!r:.60}: a box needs left < right and top < bottom")
    if x2 <= 0 or y2 <= 0 or x1 >= size[0] or y1 >= size[1]:
        raise DataError(f"answer {row.answer!r:.60} is outside the {size[0]}x{size[1]} pixels")
    return replace(truth, box=(x1, y1, x2, y2), size=size)


def _with_number(row: SpatialRow, root: Path, truth: SpatialTruth) -> SpatialTruth:
    return replace(truth, number=_number(row))


def _with_letter(row: SpatialRow, root: Path, truth: SpatialTruth) -> SpatialTruth:
    named = dict(zip(string.ascii_uppercase, row.options, strict=False))
    if not 2 <= len(row.options) <= len(string.ascii_uppercase):
        raise DataError(f"options: got {len(row.options)}; a choice needs 2 to 26")
    if row.rule == "word" and not all(words.strip() for words in row.options):
        raise DataError("options: rule word needs the words of every option")
    letter = _json(row)
    if not isinstance(letter, str) or letter not in named:
        raise DataError(
            f"answer {row.answer!r:.40} must be one of the letters "
            f"{', '.join(named)}, as a JSON string"
        )
    return replace(truth, letter=letter, options=named)


_FILLED = {
    "points": _with_mask,
    "first_point": _with_mask,
    "count": _with_mask,
    "box": _with_box,
    "number": _with_number,
    "choice": _with_letter,
    "word": _with_letter,
}


def _asked_about(row: SpatialRow) -> str:
    if not 0 <= row.about < len(row.images):
        raise DataError(f"about {row.about} must be the index of one of {len(row.images)} images")
    return row.images[row.about]


def _json(row: SpatialRow) -> object:
    try:
        return parse_json(row.answer)
    except ValueError:
        raise DataError(f"answer {row.answer!r:.60} is not valid JSON") from None


def _number(row: SpatialRow, *, whole: bool = False) -> float:
    value = _json(row)
    if not _is_number(value) or (whole and value != int(value)):  # type: ignore[call-overload]
        kind = "a whole number" if whole else "a number"
        raise DataError(f"answer {row.answer!r:.60} must be {kind}")
    return float(value)  # type: ignore[arg-type]


def _is_number(value: object) -> bool:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return False
    return abs(value) <= LARGEST and math.isfinite(value)
