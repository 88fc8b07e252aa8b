"""What the columns of a published table are, and how a prompt is made of them."""

from __future__ import annotations

import re
import string
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from evaluators.spatial.rows import Rule, letters


@dataclass(frozen=True, slots=True)
class Reading:
    """How rows of one kind become questions.

    Attributes:
        rule: How their answers are scored.
        prompt: Format over the columns. ``{question!t}`` is stripped; ``!c`` is cleaned of what
            ``Columns.remove`` says and stripped; ``!l`` are the letters of a list, ``!o`` its
            options in lines, ``!q`` its texts in quotes.
        answer: Column of the truth: letter or index of an option, number, or a box (x, y, width,
            height) in pixels.
        mask: Column of the mask.
        mask_as: What that holds: an embedded picture, one in base64, or the name of a file.
        mask_above: Grey values above this are inside.
        options: Column of the options, or their words themselves.
        listed_in: Column whose text lists the options, where none holds them.
        listing: Column in which lmms-eval's filter looks for the options.
        option_form: A line of ``!o``.
        convention: Of coordinates, that the prompt asks for; empty where it does not say.
    """

    rule: Rule
    prompt: str
    answer: str = ""
    mask: str = ""
    mask_as: Literal["picture", "base64", "file"] = "picture"
    mask_above: int = 127
    options: str | tuple[str, ...] = ""
    listed_in: str = ""
    listing: str = ""
    option_form: str = "{letter}. {words}"
    convention: str = ""

    @property
    def columns(self) -> set[str]:
        """Columns that it needs."""
        named = {self.answer, self.mask, self.listed_in, self.listing}
        named |= {self.options} if isinstance(self.options, str) else set()
        return (named | _fields(self.prompt)) - {""}


@dataclass(frozen=True, slots=True)
class Columns:
    """What the columns of a published table are.

    Attributes:
        readings: Value of the column ``kind`` -> how its rows are read; ``""`` for all others.
        kind: Column that says which reading a row has.
        images: Columns with a picture, the path of one, or a list of either, in order.
        video: Format of the video's path over the columns.
        splits: That are read, one after another; ``None`` for every file.
        where: Column and value of the rows that belong to the set; the others are left out.
        group: Column of the sub-task; ``"split"`` for the split.
        families: Sub-task -> the group whose part it is.
        grouped: Whether the overall is the mean over groups.
        reference: Reading of the public code.
        remove: Sentences that ``!c`` and ``!t`` take out of a text.
    """

    readings: Mapping[str, Reading]
    kind: str = ""
    images: tuple[str, ...] = ()
    video: str = ""
    splits: tuple[str | None, ...] = ("test",)
    where: tuple[str, str] | None = None
    group: str = ""
    families: Mapping[str, str] = field(default_factory=dict)
    grouped: bool = False
    reference: str = ""
    remove: tuple[str, ...] = ()

    @property
    def needed(self) -> list[str]:
        """Columns that every row must have."""
        named = {self.kind, "" if self.group == "split" else self.group, *_fields(self.video)}
        named |= {column for column in self.images if not _may_lack(column)}
        named |= {self.where[0]} if self.where else set()
        for reading in self.readings.values():
            named |= reading.columns
        return sorted(named - {""})


def _fields(template: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(template) if name}


def _may_lack(column: str) -> bool:
    """Whether it is one of several numbered pictures (``image_2``), which few rows have."""
    return re.fullmatch(r"\w+_(?:[2-9]|\d\d)", column) is not None


class Prompt(string.Formatter):
    """Formats prompts; what a value holds is never a format itself.

    Args:
        remove: Sentences to take out.
        option_form: A line of an option.
    """

    def __init__(self, remove: Sequence[str], option_form: str) -> None:
        self.remove = remove
        self.option_form = option_form

    def convert_field(self, value: Any, conversion: Any) -> Any:
        if conversion == "l":
            return ", ".join(letters(len(value)))
        if conversion == "o":
            lettered = zip(letters(len(value)), value, strict=True)
            return "\n".join(self.option_form.format(letter=a, words=b) for a, b in lettered)
        if conversion == "q":
            texts = [value] if isinstance(value, str) else value
            return ", ".join(f'"{str(text).strip()}"' for text in texts if str(text).strip())
        text = str(value)
        if conversion == "t":
            return self._clean(text.strip())
        return self._clean(text).strip() if conversion == "c" else text

    def _clean(self, text: str) -> str:
        for sentence in self.remove:
            text = text.replace(sentence, "")
        return text
