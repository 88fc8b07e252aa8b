"""Answers about traces and points, drawn from a grammar of what models write."""

from __future__ import annotations

import random
from collections.abc import Iterator

TAGS = (
    "json", "json", "json", "JSON", "Json", "jsonc", "python", "text", "plaintext", "c++", "md",
    "点",
)  # fmt: skip
PROSE = (
    "The path: ", "Sure! ", "Here is the trace", "I see the cup at (5, 6).", "轨迹如下：", "答案：",
    "move the object from [0.1, 0.2] to [0.8, 0.9]", "at (512, 300)", "# Trajectory", "1. start",
    "It takes 3.5 s", "0.2 m above", "", "", "", "Note: [x, y] in pixels", "(approx.)", "Let's go",
    "The end is [[640, 480]].", "x = 5", "trajectory = ", "points: ", "Waypoints:\n", "✅",
    "坐标 (１００, ２００)", "[１００, ２００]", "(3)", "The region is (0.25, 0.2, 0.6, 0.6).",
)  # fmt: skip
ODD_NUMBERS = (
    "NaN", "null", "true", "Infinity", "-1", "+5", ".5", "5.", "1e3", "1,200", "007", "12px", "30%",
    "0.1–0.2", "−3", "640*0.25", "1/2", "x1", "'a'", '"100"', "1_000", "１００", "3 m", "-0.5", "0",
    "1", "1000", "1001", "99999999999999999999", "9" * 330, "0.30000000000000004", "...", "True",
    "1" * 5000,
)  # fmt: skip
KEYS = ("point", "point_2d", "x", "trajectory", "points", "bbox_2d", "label", "path", "waypoints")
SEPARATORS = (", ", ", ", ", ", ",", ",\n", ",\n  ", "\n", " -> ", "; ", " ")
FORMS = (
    "list", "list", "list", "list", "list", "bare", "tuple", "objects", "keyed", "lines", "strings",
)  # fmt: skip
WRAPPERS = (
    "none", "none", "none", "fence", "fence", "fence", "fence", "point", "point", "answer", "both",
    "boxed", "cut",
)  # fmt: skip


def texts(seed: int, n: int) -> Iterator[str]:
    """Yield ``n`` answers; the same seed gives the same ones."""
    generator = _Answers(random.Random(seed))
    for _ in range(n):
        yield generator.answer()


class _Answers:
    def __init__(self, source: random.Random) -> None:
        self.random = source

    def chance(self, share: float) -> bool:
        return self.random.random() < share

    def number(self) -> str:
        if self.chance(0.03):
            return self.random.choice(ODD_NUMBERS)
        kind = self.random.choice(("unit", "thousandth", "pixel", "long"))
        if kind == "unit":
            return str(round(self.random.random(), self.random.randint(1, 4)))
        if kind == "thousandth":
            return str(self.random.randint(0, 1000))
        if kind == "pixel":
            return f"{self.random.uniform(0, 640):.{self.random.randint(0, 2)}f}"
        return repr(self.random.uniform(0, 1))

    def row(self, brackets: str = "") -> str:
        count = self.random.choice((2, 2, 2, 2, 3, 3, 3, 1, 4, 4))
        opening, closing = brackets or self.random.choice(("[]", "[]", "()", "()", "{}"))
        comma = self.random.choice((", ", ", ", ", ", ",", " , ", ",\n ", " "))
        numbers = [self.number() for _ in range(count)]
        if count == 4:
            numbers = [str(round(self.random.random(), 2)) for _ in numbers]
            if self.chance(0.7):
                numbers = [*sorted(numbers[:2]), *sorted(numbers[2:])]
                numbers = [numbers[place] for place in (0, 2, 1, 3)]
        inner = comma.join(numbers)
        if self.chance(0.1):
            inner = f" {inner} "
        return f"{opening}{inner}{closing}"

    def rows(self) -> list[str]:
        count = self.random.choice((0, 1, 2, 2, 3, 3, 4, 6))
        brackets = self.random.choice(("[]", "()"))
        three = self.chance(0.35)
        if self.chance(0.2):
            return [self.row() for _ in range(count)]
        return [
            brackets[0]
            + ", ".join(self.number() for _ in range(3 if three and self.chance(0.95) else 2))
            + brackets[1]
            for _ in range(count)
        ]

    def trace(self) -> str:
        rows = self.rows()
        body = self.random.choice(SEPARATORS).join(rows)
        form = self.random.choice(FORMS)
        if form == "bare":
            return body
        if form == "tuple":
            return f"({body})"
        if form == "objects":
            key = self.random.choice(KEYS)
            return "[" + ", ".join(f'{{"{key}": {row}, "label": "a"}}' for row in rows) + "]"
        if form == "keyed":
            quote = self.random.choice("\"'")
            return f"{{{quote}{self.random.choice(KEYS)}{quote}: [{body}]}}"
        if form == "lines":
            mark = self.random.choice(("- ", "", "1. ", "* "))
            return "\n".join(f"{mark}{row}  # {self.random.choice(PROSE)}" for row in rows)
        if form == "strings":
            quote = self.random.choice("\"'")
            return "[" + ", ".join(f"{quote}{row}{quote}" for row in rows) + "]"
        trailing = self.random.choice(("", "", "", "", ",", "\n", ", ..."))
        return f"[{self.random.choice(('', '', chr(10), ' '))}{body}{trailing}]"

    def wrapped(self, text: str) -> str:
        wrapper = self.random.choice(WRAPPERS)
        if wrapper == "fence":
            tag = self.random.choice((*TAGS, "", ""))
            end = self.random.choice(("\n", "\n", "\n", "\n", " "))
            return f"```{tag}{end}{text}\n```"
        if wrapper == "point":
            return f"<point>{text}</point>"
        if wrapper == "answer":
            return f"<answer>{text}</answer>"
        if wrapper == "both":
            return f"<answer><point>{text}</point></answer>"
        if wrapper == "boxed":
            return f"\\boxed{{{text}}}"
        if wrapper == "cut":
            return text[: self.random.randint(0, len(text))]
        return text

    def tidy(self) -> str:
        """An answer in the form that a benchmark asks for, give or take a bracket."""
        form = self.random.choice(("json", "json", "json", "point", "point", "answer", "plain"))
        deep = self.random.choice((2, 2, 3)) if form in ("json", "plain") else 2
        opening, closing = self.random.choice(("[]", "[]", "[]", "()"))
        rows = []
        for _ in range(self.random.randint(1, 5)):
            count = self.random.choice((2, 3)) if self.chance(0.03) else deep
            numbers = ", ".join(self.number() for _ in range(count))
            rows.append(f"{opening}{numbers}{closing}")
        if form == "json" and self.chance(0.3):
            key = self.random.choice(KEYS)
            rows = [f'{{"{key}": {row}, "label": "a"}}' for row in rows]
        body = ", ".join(rows)
        if self.chance(0.85):
            body = f"[{body}" if self.chance(0.06) else f"[{body}]"
        if form == "json":
            return f"```{self.random.choice((*TAGS, ''))}\n{body}\n```"
        if form == "plain":
            return body.replace("0.", "–0.") if self.chance(0.1) else body
        if self.chance(0.1):
            body = body.replace("[", "['").replace(", ", "', '").replace("]", "']")
        text = f"<point>{body}</point>"
        return f"<answer>{text}</answer>" if form == "answer" else text

    def answer(self) -> str:
        text = self.tidy() if self.chance(0.5) else self.wrapped(self.trace())
        if self.chance(0.1):
            text = self.wrapped(text)
        if self.chance(0.15):
            text = f"<think>{self.random.choice(PROSE)} {self.trace()}</think>{text}"
        if self.chance(0.3):
            text = self.random.choice(PROSE) + self.random.choice(("", " ", "\n")) + text
        if self.chance(0.25):
            text += self.random.choice((" ", "\n", "")) + self.random.choice((*PROSE, text))
        if self.chance(0.05):
            text = text[: self.random.randint(0, len(text))]
        return text
