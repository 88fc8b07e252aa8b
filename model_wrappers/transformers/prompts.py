"""Questions to token ids: the chat format, with one pad per visual token."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from jumpscore.errors import DataError
from jumpscore.records import Question


def chat_messages(
    question: Question, pictures: str, *, system: str, control: Iterable[str]
) -> list[dict[str, str]]:
    """Return the turns of a chat; pictures come first in the first user turn.

    Args:
        question: The question.
        pictures: Text of the pictures, with one pad for every run of visual tokens.
        system: Text of the system turn; left out if empty.
        control: Control tokens of the chat format.

    Raises:
        DataError: A turn contains a control token, which would change the structure.
    """
    turns = [(turn.role, turn.text) for turn in question.history]
    turns.append(("user", question.prompt))
    control = tuple(control)
    for _, text in turns:
        for token in control:
            if token in text:
                raise DataError(
                    f"{question.id}: the question contains the control token {token!r}, which "
                    "would change the structure of the prompt; remove it"
                )
    first = next(place for place, (role, _) in enumerate(turns) if role == "user")
    messages = [{"role": "system", "content": system}] if system else []
    for place, (role, text) in enumerate(turns):
        content = pictures + text if place == first else text
        messages.append({"role": role, "content": content})
    return messages


def chat_ids(
    tokenizer: Any, messages: Sequence[Any], *, before: str = "", **template: Any
) -> npt.NDArray[np.int64]:
    """Return the token ids of a chat up to the assistant's turn, with one pad per run.

    Args:
        tokenizer: The checkpoint's tokenizer, with a chat template.
        messages: The chat in the format of the template.
        before: Text before the first turn.
        **template: Further variables of the template.
    """
    text = tokenizer.apply_chat_template(
        messages, tokenize=False, add_generation_prompt=True, **template
    )
    return np.array(tokenizer.encode(before + text, add_special_tokens=False), dtype=np.int64)


def expand_pads(
    ids: npt.NDArray[np.int64], counts: Sequence[int], pad: int
) -> npt.NDArray[np.int64]:
    """Return ids with the i-th pad repeated ``counts[i]`` times.

    >>> expand_pads(np.array([7, 5, 8, 5]), [2, 3], 5)
    array([7, 5, 5, 8, 5, 5, 5])

    Raises:
        DataError: The numbers of pads and counts differ.
    """
    times = np.ones(len(ids), dtype=np.int64)
    places = np.flatnonzero(ids == pad)
    if len(places) != len(counts):
        raise DataError(
            f"the prompt has {len(places)} visual pads for {len(counts)} runs of visual tokens; "
            "check that the tokenizer has the pad token and that the chat template keeps its text"
        )
    times[places] = counts
    return np.repeat(ids, times)
