"""Generate right answers about places in all common forms, with their values.

Each text is a value in one form, in one wrapper, perhaps in full-width characters and perhaps
behind reasoning with another value in it. Nothing is random but the seed.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from random import Random
from typing import Any

Write = Callable[[Random, Any], str]
OPTIONS = {"A": "the chair", "B": "the table", "C": "a lamp", "D": "the red sofa"}
WORDS = {"A": "yes", "B": "no"}
PARSERS = ("points", "box", "number", "choice", "word", "trace")


@dataclass(frozen=True)
class Generated:
    """One text.

    Attributes:
        parser: What should read it.
        form: Names of the form and of the wrapper.
        text: The answer.
        right: What it means.
    """

    parser: str
    form: str
    text: str
    right: Any


def numbers(rng: Random, count: int) -> list[float]:
    unit = rng.random() < 0.4
    return [
        round(rng.random(), rng.randint(2, 4)) if unit else rng.randint(0, 1000)
        for _ in range(count)
    ]


def points(rng: Random) -> list[list[float]]:
    return [numbers(rng, 2) for _ in range(rng.choice((1, 1, 1, 2, 3, 5)))]


def trace(rng: Random) -> list[list[float]]:
    depth = rng.random() < 0.5
    way = [[rng.randint(0, 1000), rng.randint(0, 1000)] for _ in range(rng.randint(2, 8))]
    return [[*place, round(rng.uniform(0.3, 4), 2)] if depth else place for place in way]


def box(rng: Random) -> list[float]:
    x1, x2 = sorted(rng.sample(range(1001), 2))
    y1, y2 = sorted(rng.sample(range(1001), 2))
    if rng.random() < 0.3:
        return [x1 / 1000, y1 / 1000, x2 / 1000, y2 / 1000]
    return [x1, y1, x2, y2]


def number(rng: Random) -> float:
    return rng.choice((rng.randint(0, 20), rng.randint(0, 3000), round(rng.uniform(0, 40), 2)))


def _comma(values: list[float], space: str = " ") -> str:
    return f",{space}".join(map(str, values))


def _rows(line: Callable[[int, list[float]], str], between: str = "\n") -> Write:
    return lambda rng, value: between.join(line(k, row) for k, row in enumerate(value, start=1))


def _objects(key: str, extra: Callable[[Random, int], dict[str, Any]] | None = None) -> Write:
    def write(rng: Random, value: Any) -> str:
        rows = [
            {key: row, **(extra(rng, k) if extra else {})} for k, row in enumerate(value, start=1)
        ]
        return json.dumps(rows, indent=rng.choice((None, 2)), ensure_ascii=False)

    return write


def _label(rng: Random, place: int) -> dict[str, Any]:
    labels = ("cup", "the cup on the left", "grasp 2 cups", "above (3, 4)", "it's here")
    return {"label": rng.choice(labels)}


PLACES: dict[str, Write] = {
    "json": lambda rng, value: json.dumps(value),
    "tuples": lambda rng, value: str([tuple(row) for row in value]),
    "tight": lambda rng, value: "[" + ",".join(f"({_comma(row, '')})" for row in value) + "]",
    "bare tuples": _rows(lambda k, row: f"({_comma(row)})", ", "),
    "tuples on lines": _rows(lambda k, row: f"({_comma(row)})"),
    "numbered": _rows(lambda k, row: f"{k}. ({_comma(row)})"),
    "bullets": _rows(lambda k, row: f"- [{_comma(row)}]"),
    "numbered lists": _rows(lambda k, row: f"{k}) [{_comma(row)}]"),
    "labels": _rows(lambda k, row: f"Point {k}: ({_comma(row)})"),
    "commented": _rows(lambda k, row: f"({_comma(row)}) - next to the cup"),
    "point_2d": _objects("point_2d", _label),
    "point": _objects("point"),
    "coordinates": _objects("coordinates", lambda rng, k: {"id": k, "confidence": 0.9}),
    "key of all": lambda rng, value: json.dumps({"points": value}),
    "numpy": lambda rng, value: "array([" + ",\n ".join(f"[{_comma(r)}]" for r in value) + "])",
    "quoted": lambda rng, value: json.dumps([[str(part) for part in row] for row in value]),
    "x and y": lambda rng, value: json.dumps(
        [dict(zip(("x", "y", "depth"), row, strict=False)) for row in value]
    ),
    "objects on lines": _rows(
        lambda k, row: json.dumps(dict(zip(("x", "y", "z"), row, strict=False)))
    ),
    "tags": _rows(lambda k, row: f"<point>{' '.join(map(str, row))}</point>", ""),
    "tags with tuples": _rows(lambda k, row: f"<point>({_comma(row)})</point>", "\n"),
    "one tag": lambda rng, value: f"<point>{json.dumps(value)}</point>",
    "table of places": lambda rng, value: (
        "| n | place |\n|---|---|\n"
        + "\n".join(f"| {k} | ({_comma(row)}) |" for k, row in enumerate(value, start=1))
    ),
}
POINTS: dict[str, Write] = {
    **PLACES,
    "keys": _rows(lambda k, row: f"x={row[0]}, y={row[1]}"),
    "keys with colons": _rows(lambda k, row: f"x: {row[0]}, y: {row[1]}"),
    "molmo": _rows(lambda k, row: f'<point x="{row[0]}" y="{row[1]}" alt="cup">cup</point>', " "),
    "molmo points": lambda rng, value: (
        "<points "
        + " ".join(f'x{k}="{x}" y{k}="{y}"' for k, (x, y) in enumerate(value, start=1))
        + ' alt="cups">cups</points>'
    ),
    "molmo 2": lambda rng, value: (
        '<points coords="1 '
        + " ".join(f"{k} {x} {y}" for k, (x, y) in enumerate(value, start=1))
        + '">cups</points>'
    ),
    "molmo 2, images": lambda rng, value: (
        '<points coords="'
        + ";".join(f"{k} 1 {x} {y}" for k, (x, y) in enumerate(value, start=1))
        + '">cups</points>'
    ),
    "ui-tars": _rows(
        lambda k, row: f"click(start_box='<|box_start|>({_comma(row, '')})<|box_end|>')"
    ),
    "pyautogui": _rows(lambda k, row: f"pyautogui.click(x={row[0]}, y={row[1]})"),
}
LINES: dict[str, Write] = {
    "bare lines": _rows(lambda k, row: _comma(row)),
    "spaced lines": _rows(lambda k, row: " ".join(map(str, row))),
    "numbered bare": _rows(lambda k, row: f"{k}. {_comma(row)}"),
    "labelled bare": _rows(lambda k, row: f"Point {k}: {_comma(row)}"),
    "table": lambda rng, value: _table(("x", "y", "depth")[: len(value[0])], value),
    "numbered table": lambda rng, value: _table(
        ("#", *("x", "y", "depth")[: len(value[0])]),
        [[k, *row] for k, row in enumerate(value, start=1)],
    ),
    "csv": lambda rng, value: (
        ",".join(("x", "y", "depth")[: len(value[0])])
        + "\n"
        + "\n".join(_comma(row, "") for row in value)
    ),
}
TRACES: dict[str, Write] = {
    **{name: write for name, write in PLACES.items() if name != "point"},
    "arrows": _rows(lambda k, row: f"({_comma(row)})", " -> "),
    "typographic arrows": _rows(lambda k, row: f"({_comma(row)})", " → "),
    "words": _rows(lambda k, row: f"({_comma(row)})", " to "),
    "labels in a row": _rows(lambda k, row: f"waypoint {k}: ({_comma(row)})", ", "),
    "steps": _rows(lambda k, row: f"{k}. **Lift**: [{_comma(row)}] - move the cup up"),
    "labelled objects": _objects("point_2d", lambda rng, k: {"step": k, "action": "move to it"}),
    "depth beside": lambda rng, value: json.dumps(
        [{"point_2d": row[:2], **({"depth": row[2]} if row[2:] else {})} for row in value]
    ),
}


def _table(names: tuple[str, ...], rows: list[list[float]]) -> str:
    lines = [" | ".join(names), " | ".join("---" for _ in names)]
    lines += [" | ".join(map(str, row)) for row in rows]
    return "\n".join(f"| {line} |" for line in lines)


def _box_keys(*names: str) -> Write:
    return lambda rng, value: json.dumps(dict(zip(names, value, strict=True)))


BOXES: dict[str, Write] = {
    "json": lambda rng, v: json.dumps(v),
    "nested": lambda rng, v: json.dumps([v]),
    "tuple": lambda rng, v: str(tuple(v)),
    "corners": lambda rng, v: json.dumps([v[:2], v[2:]]),
    "two tuples": lambda rng, v: f"({v[0]}, {v[1]}), ({v[2]}, {v[3]})",
    "bbox_2d": lambda rng, v: json.dumps([{"bbox_2d": v, "label": "cup"}]),
    "bbox": lambda rng, v: json.dumps({"label": "2 cups", "bbox": v}),
    "confidence": lambda rng, v: json.dumps([*v, 0.98]),
    "x1": _box_keys("x1", "y1", "x2", "y2"),
    "xmin": _box_keys("xmin", "ymin", "xmax", "ymax"),
    "left": _box_keys("left", "top", "right", "bottom"),
    "qwen": lambda rng, v: f"<|box_start|>({v[0]},{v[1]}),({v[2]},{v[3]})<|box_end|>",
    "internvl": lambda rng, v: f"<ref>cup</ref><box>[[{_comma(v)}]]</box>",
    "bbox tag": lambda rng, v: f"<bbox>{' '.join(map(str, v))}</bbox>",
    "keys": lambda rng, v: f"x1={v[0]}, y1={v[1]}, x2={v[2]}, y2={v[3]}",
    "named corners": lambda rng, v: f"top-left ({v[0]}, {v[1]}), bottom-right ({v[2]}, {v[3]})",
    "twice": lambda rng, v: f"{json.dumps(v)}\n{json.dumps(v)}",
    "top_left": lambda rng, v: json.dumps({"top_left": v[:2], "bottom_right": v[2:]}),
}
BOX_LINES: dict[str, Write] = {
    "bare": lambda rng, v: _comma(v),
    "spaced": lambda rng, v: " ".join(map(str, v)),
    "table": lambda rng, v: _table(("x1", "y1", "x2", "y2"), [v]),
}
NUMBERS: dict[str, Write] = {
    "digits": lambda rng, v: str(v),
    "unit": lambda rng, v: f"{v} {rng.choice(('m', 'meters', 'cm', 'square meters', 'feet'))}",
    "tight unit": lambda rng, v: f"{v}{rng.choice(('m', 'cm', 'ft', '米'))}",
    "sentence": lambda rng, v: f"The distance is about {v} meters.",
    "answer": lambda rng, v: f"The answer is {v}.",
    "json": lambda rng, v: json.dumps({"answer": v}),
    "quoted": lambda rng, v: json.dumps({"answer": f"{v} m"}),
    "thousands": lambda rng, v: f"{v:,}",
    "twice": lambda rng, v: f"It is {v} m, so I answer {v}.",
    "computed": lambda rng, v: f"2 and 3 make 7.\nAnswer: {v}",
    "explained": lambda rng, v: f"{v}\n\nI counted 2 on the left and 5 on the right.",
    "last line": lambda rng, v: f"I see 2 on the left and 5 on the right.\n\n{v}",
}
CHOICES: dict[str, Write] = {
    "letter": lambda rng, v: v,
    "lower case": lambda rng, v: v.lower(),
    "stop": lambda rng, v: f"{v}.",
    "round": lambda rng, v: f"({v})",
    "words": lambda rng, v: f"{v}. {OPTIONS[v]}",
    "round and words": lambda rng, v: f"({v}) {OPTIONS[v]}",
    "own words": lambda rng, v: OPTIONS[v],
    "answer": lambda rng, v: f"The answer is {v}.",
    "option": lambda rng, v: f"The correct option is ({v}).",
    "answer words": lambda rng, v: f"Answer: {v}. {OPTIONS[v]}",
    "json": lambda rng, v: json.dumps({"answer": v}),
    "json last": lambda rng, v: json.dumps({"reason": "A is too far away", "answer": v}),
    "chinese": lambda rng, v: rng.choice((f"答案是{v}", f"选{v}", f"正确答案：{v}")),
    "explained": lambda rng, v: f"{v}\n\nExplanation: {rng.choice('ABCD')} is too far away.",
    "because": lambda rng, v: f"{v}. {OPTIONS[v]}, because option {rng.choice('ABCD')} is far.",
    "last line": lambda rng, v: f"The chair (A) and the lamp (C) are far.\n\n{v}",
    "denied": lambda rng, v: f"It is not {'A' if v != 'A' else 'B'} but {v}",
    "i think": lambda rng, v: f"I think it is {v}",
}
ANSWER_WORDS: dict[str, Write] = {
    "word": lambda rng, v: WORDS[v],
    "capital": lambda rng, v: WORDS[v].capitalize() + ".",
    "because": lambda rng, v: f"{WORDS[v].capitalize()}, because there is no obstacle.",
    "explained": lambda rng, v: f"{WORDS[v].capitalize()}.\n\nThere is no cup, yes or not.",
    "answer": lambda rng, v: f"No chair is there. The answer is {WORDS[v]}.",
    "last line": lambda rng, v: f"There is no obstacle in front of it.\n{WORDS[v].capitalize()}",
    "json": lambda rng, v: json.dumps({"answer": WORDS[v]}),
    "chinese": lambda rng, v: "是" if v == "A" else "否",
}
WRAPPERS: dict[str, Callable[[str], str]] = {
    "plain": lambda text: text,
    "answer": lambda text: f"<answer>{text}</answer>",
    "fence": lambda text: f"```json\n{text}\n```",
    "bare fence": lambda text: f"```\n{text}\n```",
    "box": lambda text: f"<|begin_of_box|>{text}<|end_of_box|>",
    "boxed": lambda text: f"\\boxed{{{text}}}",
    "end": lambda text: f"{text}<|im_end|>",
    "lines": lambda text: f"\n\n{text}\n",
    "full stop": lambda text: f"{text}\n\nI hope this helps!",
}
REASONING: tuple[str, ...] = (
    "<think>{}, or not?</think>\n",
    "<analysis>First I see {}.</analysis>",
    "◁think▷{}◁/think▷",
    "[THINK]{}[/THINK]",
    "{}</think>\n\n",
    "<|channel|>analysis<|message|>{}<|end|><|start|>assistant<|channel|>final<|message|>",
)
_WIDE = {code: code + 0xFEE0 for code in map(ord, "0123456789,:()[]")}
FORMS: dict[str, tuple[Callable[[Random], Any], dict[str, Write]]] = {
    "points": (points, {**POINTS, **LINES}),
    "box": (box, {**BOXES, **BOX_LINES}),
    "number": (number, NUMBERS),
    "choice": (lambda rng: rng.choice("ABCD"), CHOICES),
    "word": (lambda rng: rng.choice("AB"), ANSWER_WORDS),
    "trace": (trace, {**TRACES, **LINES}),
}
_TAGGED = ("tag", "molmo", "ui-tars", "pyautogui", "qwen", "internvl")


def generate(parser: str, count: int, seed: int = 0) -> Iterator[Generated]:
    """Yield right answers for a parser."""
    rng = Random(f"{parser} {seed}")
    value_of, forms = FORMS[parser]
    names = list(forms)
    for place in range(count):
        name = names[place % len(names)]
        value = value_of(rng)
        text = forms[name](rng, value)
        wrapper = rng.choice(list(WRAPPERS))
        wrapper = "plain" if name == "last line" else wrapper
        wide = rng.random() < 0.15 and not any(mark in name for mark in _TAGGED)
        text = WRAPPERS[wrapper](text.translate(_WIDE) if wide else text)
        reasoned = rng.random() < 0.2
        if reasoned:
            decoy = forms[rng.choice(names)](rng, value_of(rng))
            text = rng.choice(REASONING).format(decoy) + text
        marks = f"{name}, {wrapper}{', wide' if wide else ''}{', reasoning' if reasoned else ''}"
        yield Generated(parser, marks, text, value)


def _other_box(rng: Random, v: list[float]) -> str:
    other = [part + 1 for part in v]
    first, second = rng.sample((v, other), 2)
    return f"{json.dumps(first)} or {json.dumps(second)}"


def _two_letters(rng: Random, v: str) -> str:
    other = rng.choice([letter for letter in OPTIONS if letter != v])
    return rng.choice((f"{v} or {other}", f"{v}/{other}", f"{v}. or {other}."))


DOUBTFUL: dict[str, dict[str, Write]] = {
    "points": {
        "measured": lambda rng, v: f"{v[0][0]} by {v[0][1]}" if len(v) == 1 else "nowhere",
        "three numbers": lambda rng, v: f"({_comma([*v[0], 1])})",
    },
    "box": {
        "two boxes": _other_box,
        "prose": lambda rng, v: f"One at ({v[0]}, {v[1]}), something else at ({v[2]}, {v[3]}).",
    },
    "number": {
        "other numbers behind": lambda rng, v: f"There are {v} (2000 left, 5000 right).",
        "range": lambda rng, v: f"between {v} and {v + 1}",
    },
    "choice": {
        "two letters": _two_letters,
        "last in brackets": lambda rng, v: (
            f"({'A' if v != 'A' else 'B'}) is far away from it, and so I pick the one at ({v})"
        ),
    },
    "word": {"both": lambda rng, v: rng.choice(("yes and no", "Yes. No.", "yes/no"))},
    "trace": {
        "prose": lambda rng, v: ", or maybe at ".join(f"({_comma(row)})" for row in v),
    },
}
"""Forms that a careful reader does not read, since it would have to guess."""


def doubtful(parser: str, count: int, seed: int = 0) -> Iterator[Generated]:
    """Yield answers whose value is one of several that a reader could take."""
    rng = Random(f"doubtful {parser} {seed}")
    names = list(DOUBTFUL[parser])
    for place in range(count):
        name = names[place % len(names)]
        value = FORMS[parser][0](rng)
        yield Generated(parser, name, DOUBTFUL[parser][name](rng, value), value)
