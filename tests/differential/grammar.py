"""Answers as models write them, drawn from a seeded grammar.

    for text in texts("span", seed=0, n=1000): ...

A kind names what the question asks for: ``times``, ``span``, ``count``, ``number``, ``points``,
``box``, ``choice``, ``word``, ``tracks`` or ``trace``. The same kind and seed always give the same
texts, and the first ``n`` of a longer draw are those of a shorter one.

Every text is made of whole things that models write: an answer in one of the forms in use
(``times.py``, ``words.py``, ``places.py``), perhaps a second candidate, prose and reasoning around
it, fences and wrappers, and sometimes the cut of a token limit. It is never a string of random
characters.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from random import Random

from tests.differential import places, times, words

Form = Callable[[Random], str]

FORMS: dict[str, tuple[Form, ...]] = {
    "times": times.TIMES,
    "span": times.SPANS,
    "count": words.COUNTS,
    "number": words.NUMBERS,
    "points": places.POINTS,
    "box": places.BOXES,
    "choice": words.CHOICES,
    "word": words.WORDS,
    "tracks": places.TRACKS,
    "trace": places.TRACES,
}
KINDS = tuple(FORMS)

REASONING = (
    ("<think>", "</think>"),
    ("<think>\n", "\n</think>\n\n"),
    ("<analysis>", "</analysis>"),
    ("<thinking>", "</thinking>"),
    ("<thought>", "</thought>"),
    ("<THINK>", "</THINK>"),
    ("<reasoning>", "</reasoning>\n"),
    ("◁think▷", "◁/think▷"),
    ("[THINK]", "[/THINK]"),
    ("<|channel|>analysis<|message|>", "<|end|><|start|>assistant<|channel|>final<|message|>"),
)
WRAPPERS = (
    ("<answer>", "</answer>"),
    ("<answer>\n", "\n</answer>"),
    ("<ANSWER>", "</ANSWER>"),
    ("\\boxed{", "}"),
    ("$\\boxed{\\text{", "}}$"),
    ("<|begin_of_box|>", "<|end_of_box|>"),
    ("**", "**"),
    ("**Answer: ", "**"),
    ("Answer: ", ""),
    ("The answer is ", "."),
    ("The correct answer is: ", ""),
    ("Final Answer: ", ""),
    ("Therefore, ", "."),
    ("`", "`"),
    ("``", "``"),
    ("“", "”"),
    ("答案是", "。"),
    ("정답은 ", "입니다."),
    ("", "<|im_end|>"),
    ("", "</s>"),
    ('{"answer": "', '"}'),
)
FENCES = (
    ("```json\n", "\n```"),
    ("```json\n", "```"),
    ("```json ", " ```"),
    ("```json", "```"),
    ("```\n", "\n```"),
    ("```", "```"),
    ("```JSON\n", "\n```"),
    ("```python\n", "\n```"),
    ("```xml\n", "\n```"),
    ("````json\n", "\n````"),
    ("~~~json\n", "\n~~~"),
    ("```json\n", ""),
    ("```json\n\n", "\n\n```\n"),
)
SPACE = ("", " ", "\n", "\n\n", "  ", "\t", "\r\n", "\u3000", "\xa0")
PROSE = (
    "Looking at the video,",
    "In this 30s clip,",
    "There are 3 of them.",
    "The 2 men are on the left.",
    "Frame 12 shows it at 4.5 seconds.",
    "I think the chair is near the table...",
    "Based on the image (640x480),",
    "Let me check option B first.",
    "So the object is at the center.",
    "Sure! Here is the answer:",
    "Here's the JSON:",
    "It takes 1 - 2 seconds to get there.",
    "There is no lamp here.",
    "Yes, I can see it.",
    "The coordinates are as follows:",
    "画面中有两个人。",
    "根据视频内容：",
    "Note: all values are in [0, 1000].",
    "1. First, find the object.",
    "Thus,",
    "The position is roughly 0.5, 0.5 I guess.",
)
JOINTS = (" or ", "\n", ", ", " and ", "\n\nWait, ", " -> ", "; ", "\nAlternatively: ", " ")


def texts(kind: str, seed: int, n: int) -> Iterator[str]:
    """Yield ``n`` answers of a kind.

    Raises:
        ValueError: The kind is unknown.
    """
    if kind not in FORMS:
        raise ValueError(f"kind {kind!r} is not one of {', '.join(KINDS)}")
    rng = Random(f"{kind}-{seed}")
    for _ in range(n):
        yield text(kind, rng)


def text(kind: str, rng: Random) -> str:
    """Return one answer of a kind."""
    answer = rng.choice(FORMS[kind])(rng)
    draw = rng.random()
    if draw < 0.12:
        answer += rng.choice(JOINTS) + rng.choice(FORMS[kind])(rng)
    elif draw < 0.15:  # what another question asks for
        answer = rng.choice(FORMS[rng.choice(KINDS)])(rng)
    if rng.random() < 0.22:
        answer = _around(answer, rng.choice(FENCES))
    if rng.random() < 0.22:
        answer = _around(answer, rng.choice(WRAPPERS))
    if rng.random() < 0.2:
        answer = f"{rng.choice(PROSE)}{rng.choice((' ', chr(10)))}{answer}"
    if rng.random() < 0.1:
        answer = f"{answer}{rng.choice((' ', chr(10)))}{rng.choice(PROSE)}"
    if rng.random() < 0.16:
        answer = _reasoned(kind, answer, rng)
    if rng.random() < 0.06:
        answer = answer[: rng.randint(1, max(1, len(answer)))]  # a token limit
    if rng.random() < 0.12:
        answer = rng.choice(SPACE) + answer + rng.choice(SPACE)
    return answer


def _around(answer: str, marks: tuple[str, str]) -> str:
    return f"{marks[0]}{answer}{marks[1]}"


def _reasoned(kind: str, answer: str, rng: Random) -> str:
    """Put reasoning before an answer: closed, closed without an opening, open, or twice."""
    first, last = rng.choice(REASONING)
    thought = f"{rng.choice(PROSE)} {rng.choice(FORMS[kind])(rng)}"
    draw = rng.random()
    if draw < 0.6:
        return first + thought + last + answer
    if draw < 0.75:
        return thought + last + answer
    if draw < 0.85:
        return first + thought + answer
    again = rng.choice(REASONING)
    return first + thought + last + again[0] + rng.choice(PROSE) + again[1] + answer
