"""Definitions of events: what is marked in a video, and how a model is asked for it.

A definition is data, so another repeated action needs a JSON file and no code::

    {"name": "squat", "definition": "the moment the hips are lowest", "least_gap": 0.5}
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from jumpscore.errors import DataError, UsageError, nearest_names
from jumpscore.jsonio import read_object

LONGEST_TEXT = 2000
"""Limit of a text of a definition in characters."""


@dataclass(frozen=True, slots=True)
class EventDefinition:
    """What is marked, and how a model is asked for it.

    Attributes:
        name: What one event is called.
        definition: The moment that is marked.
        question: Question for the times; ``{name}`` and ``{definition}`` are replaced.
        count_question: Question for the number of events; the same.
        least_gap: Seconds between two events below which a mark is probably a mistake.
        named_by_label: Whether the label of a video's marks replaces ``name``, for sets with
            several actions.
    """

    name: str
    definition: str
    question: str = (
        "List the start timestamps in s of each {name} the main character does in the video.\n"
        "The start is defined as {definition}.\n"
        "Example [0.06, 0.47,...]"
    )
    count_question: str = "How many {name} did the person in the video do in total?"
    least_gap: float = 0.1
    named_by_label: bool = False

    def ask(self, label: str = "") -> str:
        """Return the question for the times of events.

        >>> EVENTS["repetition"].ask("squat").splitlines()[0]
        'List the start timestamps in s of each squat the main character does in the video.'
        """
        return self._filled(self.question, label)

    def ask_count(self, label: str = "") -> str:
        """Return the question for the number of events.

        >>> EVENTS["jump_rope"].ask_count()
        'How many jump rope did the person in the video do in total?'
        """
        return self._filled(self.count_question, label)

    def _filled(self, template: str, label: str) -> str:
        # Not str.format: templates and labels come from files.
        name = label if label and self.named_by_label else self.name
        return template.replace("{definition}", self.definition).replace("{name}", name)


EVENTS = {
    "jump_rope": EventDefinition("jump rope", "the moment the rope is behind the legs"),
    "repetition": EventDefinition(
        "repetition", "the moment the movement begins", named_by_label=True
    ),
}
"""The definitions that are included; ``jump_rope`` gives the published questions."""


def event_definition(name: str) -> EventDefinition:
    """Return an included definition, or the one in a JSON file.

    Raises:
        UsageError: The name is unknown.
        DataError: The file is not a definition.
    """
    if name in EVENTS:
        return EVENTS[name]
    if not name.endswith(".json"):
        raise UsageError(
            f"unknown event {name!r}{nearest_names(name, EVENTS)}; known: {', '.join(EVENTS)}, or "
            "a .json file with a definition"
        )
    fix = "see docs/building.md for an example"
    try:
        return parse_definition(read_object(Path(name), fix=fix, unique_keys=True))
    except ValueError as error:
        raise DataError(f"{name}: {error}; {fix}") from error


def parse_definition(content: dict[str, Any]) -> EventDefinition:
    """Return a definition from its JSON object.

    Raises:
        ValueError: A key is unknown or missing, or has an invalid value.
    """
    known = [field.name for field in fields(EventDefinition)]
    for key, value in content.items():
        if key not in known:
            raise ValueError(f"has the unknown key {key!r:.60}; known: {', '.join(known)}")
        if key == "least_gap":
            valid = isinstance(value, int | float) and not isinstance(value, bool) and value >= 0
        elif key == "named_by_label":
            valid = isinstance(value, bool)
        else:
            valid = isinstance(value, str) and 0 < len(value) <= LONGEST_TEXT
        if not valid:
            raise ValueError(f"{key} is {value!r:.60}, which is not valid")
    missing = [key for key in ("name", "definition") if key not in content]
    if missing:
        raise ValueError(f"lacks {' and '.join(missing)}")
    return EventDefinition(**content)
