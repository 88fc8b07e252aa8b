"""Points and options as lmms-eval 0.7.3's CrossPoint-Bench task reads them, in linear time."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from jumpscore.scoring.readers import Reader, ReferenceCrashError, Value

Place = tuple[str, str]
"""x and y as written."""
PlaceRule = Callable[[str], "Value[Place] | None"]

_N = r"([0-9.]++)"
_LISTED = re.compile(rf'"(?:point_2d|point|coordinates?)"\s*+:\s*+\[{_N}\s*+,\s*+{_N}\]')
_X_KEY, _Y_KEY = (re.compile(rf'"{axis}"\s*+:\s*+{_N}') for axis in "xy")
_BRACELESS = re.compile(r"\{([^{}]*+)")
_TAG = re.compile(rf'<point\s++x="{_N}"\s++y="{_N}"')
_PLACE_WORD = re.compile("coordinates?|position|location")
_ARE = re.compile(rf"(?:are|is)\s++{_N},\s*+{_N}")
_X, _Y = (re.compile(rf"[{axis}{axis.upper()}]\s*+:\s*+{_N}") for axis in "xy")
_X_QUOTED, _Y_QUOTED = (re.compile(rf"{axis}[\"']?\s*+:\s*+{_N}") for axis in "xy")


def _place(match: re.Match[str] | None) -> Value[Place] | None:
    return Value((match[1], match[2])) if match else None


def _objects(text: str) -> Iterator[str]:
    """Yield the text after every ``{`` up to the next brace."""
    return (match[1] for match in _BRACELESS.finditer(text))


def json_point(text: str) -> Value[Place] | None:
    """Read the last ``"point": [x, y]`` of the first object that contains one."""
    for inside in _objects(text):
        matches = list(_LISTED.finditer(inside))
        if matches:
            return _place(matches[-1])
    return None


def json_x_y(text: str) -> Value[Place] | None:
    """Read ``"x": 1, "y": 2`` of the first object that contains both in this order."""
    return _in_order(text, _X_KEY, _Y_KEY)


def json_y_x(text: str) -> Value[Place] | None:
    """Read ``"y": 2, "x": 1`` of the first object that contains both in this order."""
    return _swapped(_in_order(text, _Y_KEY, _X_KEY))


def _in_order(text: str, first: re.Pattern[str], second: re.Pattern[str]) -> Value[Place] | None:
    """Return the last second value of an object, and the last first value before it."""
    for inside in _objects(text):
        seconds = list(second.finditer(inside))
        firsts = list(first.finditer(inside, 0, seconds[-1].start())) if seconds else []
        if firsts:
            return Value((firsts[-1][1], seconds[-1][1]))
    return None


def _swapped(place: Value[Place] | None) -> Value[Place] | None:
    return None if place is None else Value((place.value[1], place.value[0]))


def point_tag(text: str) -> Value[Place] | None:
    """Read the first ``<point x="1" y="2" ...>``."""
    match = _TAG.search(text)
    return _place(match) if match and text.find(">", match.end()) >= 0 else None


def stated_place(text: str) -> Value[Place] | None:
    """Read the numbers after ``is`` or ``are`` that follow a word such as ``coordinates``."""
    word = _PLACE_WORD.search(text)
    return _place(_ARE.search(text, word.end())) if word else None


def x_then_y(text: str) -> Value[Place] | None:
    """Read the first ``x: 1`` and the next ``y: 2``, in either case."""
    return _one_then_other(text, _X, _Y)


def y_then_x(text: str) -> Value[Place] | None:
    """Read the first ``y: 2`` and the next ``x: 1``, in either case."""
    return _swapped(_one_then_other(text, _Y, _X))


def quoted_x_then_y(text: str) -> Value[Place] | None:
    """Read the first ``'x': 1`` and the next ``'y': 2``."""
    return _one_then_other(text, _X_QUOTED, _Y_QUOTED)


def _one_then_other(
    text: str, first: re.Pattern[str], second: re.Pattern[str]
) -> Value[Place] | None:
    one = first.search(text)
    other = second.search(text, one.end()) if one else None
    return Value((one[1], other[1])) if one and other else None


def _pair(name: str, pattern: str) -> PlaceRule:
    compiled = re.compile(pattern)

    def rule(text: str) -> Value[Place] | None:
        return _place(compiled.search(text))

    rule.__name__, rule.__doc__ = name, f"Read the first match of ``{pattern}``."
    return rule


POINT: Reader[Place] = Reader(
    (
        json_point,
        json_x_y,
        json_y_x,
        point_tag,
        stated_place,
        x_then_y,
        y_then_x,
        quoted_x_then_y,
        _pair("square_pair", rf"\[{_N},\s*+{_N}\]"),
        _pair("round_pair", rf"\({_N},\s*+{_N}\)"),
        _pair("bare_pair", rf"(?<![0-9.]){_N},\s*+{_N}"),
    )
)


def answered_pixel(text: str, reader: Reader[Place] = POINT) -> tuple[int, int] | None:
    """Return the answered point in pixels, the task's default unit.

    Raises:
        ReferenceCrashError: The coordinates are not numbers.
    """
    place = reader.read(text)
    if place is None:
        return None
    try:
        return int(float(place[0])), int(float(place[1]))
    except (ValueError, OverflowError) as error:
        raise ReferenceCrashError(f"the public code cannot convert a number ({error})") from error


_FLAGS = re.IGNORECASE | re.MULTILINE
_L = r"([ABCD])"
_BOXED = re.compile(rf"\\boxed\{{(?:\\text\{{)?{_L}(\.)?", re.IGNORECASE)
_CONCLUSION = re.compile(
    "Final Answer|Therefore|So|Hence|Thus|The correct answer is|The answer is", re.IGNORECASE
)
_CONCLUDED = re.compile(rf"\\boxed\{{{_L}\}}|{_L}|(\n)", re.IGNORECASE)
_LONE_LINE = re.compile(rf"\(?{_L}\)?", re.IGNORECASE)
_WORD_LETTER = re.compile(rf"\b{_L}\b")


def after_thinking(text: str) -> str:
    """Keep the text after the first ``</think>``."""
    return text.strip().partition("</think>")[2].strip() if "</think>" in text else text.strip()


def boxed(text: str) -> Value[str] | None:
    r"""Read the first ``\boxed{A}`` or ``\boxed{A. words}`` that ends on its line."""
    closing = newline = -1
    for match in _BOXED.finditer(text):
        end = match.end()
        if match[2] is None:
            if text.startswith("}", end):
                return Value(match[1].upper())
            continue
        closing = closing if closing >= end else _place_of(text, "}", end)
        newline = newline if newline >= end else _place_of(text, "\n", end)
        if closing < newline:
            return Value(match[1].upper())
    return None


def _place_of(text: str, mark: str, start: int) -> int:
    place = text.find(mark, start)
    return len(text) + (mark == "}") if place < 0 else place


def _letter(name: str, pattern: str, flags: int = _FLAGS) -> Callable[[str], Value[str] | None]:
    compiled = re.compile(pattern, flags)

    def rule(text: str) -> Value[str] | None:
        match = compiled.search(text)
        return Value(match[1].upper()) if match else None

    rule.__name__, rule.__doc__ = name, f"Read the first match of ``{pattern}``."
    return rule


def lone_line(text: str) -> Value[str] | None:
    """Read the first line that is a letter, in brackets or not."""
    for line in text.split("\n"):
        match = _LONE_LINE.fullmatch(line.strip())
        if match:
            return Value(match[1].upper())
    return None


def concluded(text: str) -> Value[str] | None:
    """Read the first A, B, C or D after words such as ``so``, even inside a word."""
    done = -1
    for word in _CONCLUSION.finditer(text):
        if word.start() < done:
            continue
        match = _CONCLUDED.search(text, word.end())
        if match is None:
            return None
        if match[3] is None:
            return Value((match[1] or match[2]).upper())
        done = match.start()  # nothing more on this line
    return None


def only_letter(text: str) -> Value[str] | None:
    """Read the only capital letter that is a whole word."""
    letters = _WORD_LETTER.findall(text)
    return Value(letters[0]) if len(letters) == 1 else None


CHOICE: Reader[str] = Reader(
    (
        after_thinking,
        boxed,
        _letter("in_brackets", rf"\((?:Choice\s++)?{_L}\)"),
        _letter("bold_answer", rf"\*\*Answer:\s*+{_L}\*\*"),
        _letter("bold_yes_or_no", rf"\*\*{_L}\.\s*+(?:Yes|No)"),
        _letter("stated", rf"(?:answer is|choose)[:\s]*+\*?\*?\(?{_L}"),
        _letter("bold", rf"\*\*{_L}\*\*"),
        _letter("before_mark", rf"(?:^|\s|Answer:)\(?{_L}\)?\s*+[.:,]"),
        lone_line,
        concluded,
        _letter("behind_answer", rf"Answer:\s*+\(?{_L}", re.IGNORECASE),
        only_letter,
    )
)
