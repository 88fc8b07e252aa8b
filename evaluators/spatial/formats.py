"""A published benchmark as one row: its columns, and how questions are made of them."""

from __future__ import annotations

import re
import string
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from evaluators.spatial.rows import Rule
from jumpscore.data.published import PublishedSet

UNVERIFIED = "columns as lmms-eval 0.7.3 reads them, not verified on the published files"


@dataclass(frozen=True, slots=True)
class QuestionFormat:
    """How rows of one kind become questions.

    Attributes:
        rule: How answers are scored.
        prompt: Format over the columns. Conversions: ``!t`` strips a text and removes the
            sentences of ``SpatialBenchmark.remove``; ``!c`` removes first and strips then; ``!l``
            lists the letters of options, ``!o`` the options one per line, ``!q`` texts in quotes.
        answer: Column of the truth: letter or index of an option, number, or a box (x, y, width,
            height) in pixels.
        mask: Column of the mask.
        mask_as: What that column contains: an embedded picture, one in base64, or a file name.
        mask_above: Grey values above this are inside.
        options: Column of the options, or their words.
        listed_in: Column whose text lists the options, if no column contains them.
        listing: Column in which lmms-eval's filter looks for the options.
        option_form: Format of an option's line for ``!o``.
        convention: Coordinate convention that the prompt asks for; empty if it names none.
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
        """Columns that the format reads."""
        named = {self.answer, self.mask, self.listed_in, self.listing}
        named |= {self.options} if isinstance(self.options, str) else set()
        return (named | _fields(self.prompt)) - {""}


@dataclass(frozen=True, slots=True, kw_only=True)
class SpatialBenchmark:
    """A published benchmark: its location, its columns, and its public scorer.

    Attributes:
        name: Data set name.
        title: One line for lists of data sets.
        repository: Data set on the Hugging Face hub; ``None`` if it is elsewhere (``note``).
        formats: Format of its questions, or value of the column ``kind`` -> format, ``""`` for
            other values.
        kind: Column that selects the format.
        images: Columns with a picture, the path of one, or a list of either, in order.
        video: Format of the video's path over the columns.
        splits: Splits to read, one after another; ``None`` for all files.
        where: Column and value of the rows that belong to the set; others are skipped.
        group: Column of the sub-task; ``"split"`` for the split.
        families: Sub-task -> the group that it belongs to.
        grouped: Whether the overall score is the mean over groups.
        reference: Public scorer that is reported too; see ``references``.
        remove: Sentences that ``!c`` and ``!t`` remove from a text.
        patterns: Files of the repository to download, as a shell matches them; empty for all.
        licence: As its owners state it.
        note: Instructions and warnings for users.
    """

    name: str
    title: str
    repository: str | None
    formats: QuestionFormat | Mapping[str, QuestionFormat]
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
    patterns: tuple[str, ...] = ()
    licence: str = "unknown"
    note: str = UNVERIFIED

    @property
    def by_kind(self) -> Mapping[str, QuestionFormat]:
        """Formats by value of the column ``kind``."""
        return {"": self.formats} if isinstance(self.formats, QuestionFormat) else self.formats

    @property
    def published(self) -> PublishedSet:
        """The data set as ``jumpscore data fetch`` lists it."""
        return PublishedSet(
            name=self.name,
            task="spatial",
            title=self.title,
            repository=self.repository,
            convert="evaluators.spatial.convert:convert",
            split=", ".join(split or "all files" for split in self.splits),
            patterns=self.patterns,
            licence=self.licence,
            note=self.note,
        )

    @property
    def needed(self) -> list[str]:
        """Columns that every row must have."""
        named = {self.kind, "" if self.group == "split" else self.group, *_fields(self.video)}
        # Few rows have the further ones of numbered pictures, such as image_2.
        named |= {i for i in self.images if not re.fullmatch(r"\w+_(?:[2-9]|\d\d)", i)}
        named |= {self.where[0]} if self.where else set()
        for questions in self.by_kind.values():
            named |= questions.columns
        return sorted(named - {""})


def _fields(template: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(template) if name}


class PromptFormatter(string.Formatter):
    """Formats prompts; braces in a value stay as they are.

    Args:
        remove: Sentences to remove.
        option_form: Format of an option's line.
    """

    def __init__(self, remove: Sequence[str], option_form: str) -> None:
        self.remove = remove
        self.option_form = option_form

    def convert_field(self, value: Any, conversion: Any) -> Any:
        if conversion == "l":
            return ", ".join(string.ascii_uppercase[: len(value)])
        if conversion == "o":
            lettered = zip(string.ascii_uppercase, value, strict=False)
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
