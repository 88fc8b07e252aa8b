"""The forms in which models write points, boxes, tracks and traces."""

from __future__ import annotations

from random import Random

from tests.differential.words import nothing

BOX = (100.0, 120.0, 300.0, 280.0)
"""Around which answers of kind ``box`` lie, in pixels of ``IMAGE``."""
IMAGE = (640, 480)


def _coordinate(rng: Random, scale: str) -> str:
    value = rng.random() * rng.choice((1, 1, 1, 1, 1.3)) - (rng.random() < 0.04) * 0.1
    if scale == "unit":
        return rng.choice(
            (f"{value:.2f}", f"{value:.3f}", f"{value:.1f}", "0", "1", f"{value:.2f}"[1:])
        )
    full = 1000 if scale == "thousand" else 200
    text = rng.choice((str(int(value * full)), str(int(value * full)), f"{value * full:.1f}"))
    odd = (
        "5.",
        "true",
        "null",
        '"400"',
        "NaN",
        "1e3",
        "-1",
        "1.2.3",
        "...",
        "Infinity",
        "1" * 400,
        "12345678901234567890",
    )
    return rng.choice(odd) if rng.random() < 0.03 else text


def _pairs(rng: Random) -> list[tuple[str, str]]:
    scale = rng.choice(("unit", "unit", "thousand", "thousand", "pixel"))
    return [
        (_coordinate(rng, scale), _coordinate(rng, scale)) for _ in range(rng.choice((1, 1, 2, 3)))
    ]


def points_tuples(rng: Random) -> str:
    gap = rng.choice((", ", ", ", ", ", ",", " , ", ",  ", ",\n"))
    shape = rng.choice(("({})", "({})", "({})", "[{}]", "( {} )", "<{}>"))
    inside = [shape.format(gap.join(pair)) for pair in _pairs(rng)]
    if rng.random() < 0.15:
        more = [_coordinate(rng, "unit") for _ in range(rng.choice((1, 3, 4, 4, 5)))]
        inside.insert(rng.randint(0, len(inside)), f"({gap.join(more)})")
    return rng.choice(("[{}]", "[{}]", "{}", "The points are {}.")).format(", ".join(inside))


def points_json(rng: Random) -> str:
    key = rng.choice(
        ("point_2d", "point_2d", "point_2d", "point", "coordinates", "coordinate", "points")
    )
    rows = []
    for x, y in _pairs(rng):
        label = rng.choice(('"label": "vacant space", ', "", ""))
        value = rng.choice(
            (f"[{x}, {y}]",) * 8
            + (f"[{x},{y}]", f"[{x}, {y}, 0.5]", f"[[{x}, {y}]]", f'"{x}, {y}"')
        )
        rows.append(
            rng.choice((f'{{{label}"{key}": {value}}}', f'{{"{key}" : {value}, "label": "chair"}}'))
        )
    if rng.random() < 0.12:
        rows.append(rng.choice(("null", "[1, 2]", '"point_2d"', "3", "{}", "true", '["point_2d"]')))
    inside = rng.choice((", ", ",\n\t")).join(rows)
    whole = rng.choice(
        (f"[{inside}]", f"[\n\t{inside}\n]", f"[{inside}]", inside, f'{{"points": [{inside}]}}')
    )
    return f"```json\n{whole}\n```" if rng.random() < 0.55 else whole


def points_keyed(rng: Random) -> str:
    (x, y), *_ = _pairs(rng)
    return rng.choice(
        (
            f'<point x="{x}" y="{y}" alt="chair">chair</point>',
            f'<points x1="{x}" y1="{y}" x2="{y}" y2="{x}" alt="chairs">',
            f"x: {x}, y: {y}",
            f"X: {x}\nY: {y}",
            f"y: {y}, x: {x}",
            f'{{"x": {x}, "y": {y}}}',
            f'{{"y": {y}, "x": {x}}}',
            f"{{'x': {x}, 'y': {y}}}",
            f"The coordinates are {x}, {y}.",
            f"The location of the chair is {x}, {y}",
            f"position (roughly) is ({x}, {y})",
            f"{x}, {y}",
            f"[{x}, {y}]",
            f"<point>[[{x}, {y}]]</point>",
            f"```json\n[{x}, {y}]\n```",
            f'```json\n{{"point_2d": [{x}, {y}]}}\n```',
            f"```\n[[{x}, {y}]]\n```",
            f"Hmm..., {y}",
        )
    )


def points_twice(rng: Random) -> str:
    """Points that are withdrawn; the tags mark which of them count."""
    first, last = points_json(rng), points_json(rng)
    tag = rng.choice(("think", "thought", "thought", "analysis"))
    return rng.choice(
        (
            f"<{tag}>{first}</{tag}>{last}",
            f"<{tag}>{first}</{tag}>\n<answer>{last}</answer>",
            f"{first}\n<answer>{last}</answer>",
            f"{first}</{tag}>\n{last}",
        )
    )


BOX_KEYS = (
    "bbox_2d",
    "bbox_2d",
    "bbox",
    "box",
    "coordinates",
    "coord",
    "location",
    "position",
    "region",
)


def _corners(rng: Random) -> list[str]:
    box = list(BOX)
    if rng.random() < 0.25:
        box = [value * 1000 / IMAGE[place % 2] for place, value in enumerate(box)]
    if rng.random() < 0.6:
        box = [value + rng.choice((-10, 0, 0, 10, 40)) for value in box]
    if rng.random() < 0.05:
        box = box[2:] + box[:2]
    spell = rng.choice(("{:.0f}", "{:.0f}", "{:.1f}", "{:.2f}", "{:.0f}."))
    corners = [spell.format(value) for value in box]
    if rng.random() < 0.05:
        odd = ("null", "NaN", "-5", "true", "Infinity", "1e2", "1" * 320, "x")
        corners[rng.randrange(4)] = rng.choice(odd)
    if rng.random() < 0.08:
        corners = [f'"{corner}"' for corner in corners]
    return corners


def box_list(rng: Random) -> str:
    inside = rng.choice((", ", ", ", ",", " ", " , ", ",\n", "; ", "  ")).join(_corners(rng))
    extra = rng.choice(("",) * 8 + (", 0.9", ", 1, 2", ", chair"))
    first, last = rng.choice(
        (("[", "]"),) * 4 + (("(", ")"), ("", ""), ("[[", "]]"), ("<", ">"), ("[", ""))
    )
    lead = rng.choice(
        ("", "", "", "bbox: ", "The bounding box is ", "chair 1: ", "x1, y1, x2, y2 = ")
    )
    return f"{lead}{first}{inside}{extra}{last}"


def box_json(rng: Random) -> str:
    rows = []
    for _ in range(rng.choice((1, 1, 1, 2, 3))):
        fields = [f'"{rng.choice(BOX_KEYS)}": [{", ".join(_corners(rng))}]']
        if rng.random() < 0.3:
            fields.append(f'"{rng.choice(BOX_KEYS)}": [{", ".join(_corners(rng))}]')
        if rng.random() < 0.5:
            fields.append('"label": "the chair"')
        if rng.random() < 0.1:
            fields.append('"size": [640, 480]')
        rng.shuffle(fields)
        rows.append("{" + ", ".join(fields) + "}")
    inside = rng.choice((", ", ",\n")).join(rows)
    whole = rng.choice(
        (f"[{inside}]", f"[{inside}]", inside, f'{{"objects": [{inside}]}}', f"[{inside},]")
    )
    fence = rng.choice(
        (("```json\n", "\n```"),) * 3 + (("", ""),) * 3 + (("```", "```"), ("```JSON\n", "\n```"))
    )
    whole = fence[0] + whole + fence[1]
    return whole[: rng.randint(len(whole) // 2, len(whole))] if rng.random() < 0.08 else whole


def box_object(rng: Random) -> str:
    quote = rng.choice(("", '"'))
    corners = ", ".join(f"{quote}{corner}{quote}" for corner in _corners(rng) if corner[0] != '"')
    return f'{{"{rng.choice(BOX_KEYS)}": [{corners}], "label": "chair"}}'


def box_tagged(rng: Random) -> str:
    x1, y1, x2, y2 = _corners(rng)
    return rng.choice(
        (
            f"<box>({x1},{y1}),({x2},{y2})</box>",
            f"<|box_start|>({x1},{y1}),({x2},{y2})<|box_end|>",
            f"<box>[[{x1}, {y1}, {x2}, {y2}]]</box>",
            f'{{"x1": {x1}, "y1": {y1}, "x2": {x2}, "y2": {y2}}}',
            f"({x1}, {y1}) to ({x2}, {y2})",
            f"[[{x1}, {y1}], [{x2}, {y2}]]",
            f"[{x1}, {y1}, {x2}, {y2}] or [{x2}, {y1}, {x1}, {y2}]",
            f"| x1 | y1 | x2 | y2 |\n|---|---|---|---|\n| {x1} | {y1} | {x2} | {y2} |",
            f"{x1}\n{y1}\n{x2}\n{y2}",
            f"<loc_{x1}><loc_{y1}><loc_{x2}><loc_{y2}>",
        )
    )


def tracks(rng: Random) -> str:
    """The XML form of tracks, with its usual slips."""
    segments = []
    for step in range(rng.randint(1, 4)):
        points = [
            f"{n} {rng.randint(0, 1000)}{rng.choice(('', '', '', '.5'))} {rng.randint(0, 1000)}"
            for n in range(rng.randint(1, 3))
        ]
        segments.append(f"{step * rng.choice((0.5, 1.0, 0.25))} {' '.join(points)}")
    mark = rng.choice(("; ", ";", "\t", ", ", ":", ";\n", "\n"))
    quote = rng.choice(('"', '"', "'"))
    inside = mark.join(segments) + rng.choice(("", ";", " 1", " 1 5"))
    end = rng.choice((f"{quote}>the dog</tracks>", f"{quote}/>", quote, ""))
    return f"<tracks coords{rng.choice(('=', ' = '))}{quote}{inside}{end}"


def time_lines(rng: Random) -> str:
    lines = []
    for step in range(rng.randint(1, 3)):
        third = rng.choice(("", "", ', "yes"', ', "no"', ", true"))
        objects = [
            f"{n}: [{rng.randint(0, 100)}, {rng.uniform(0, 100):.1f}{third}]" for n in range(2)
        ]
        lines.append(f"time {step * 0.5}{rng.choice(('', '', ' ', ':'))}\n{{{', '.join(objects)}}}")
    return rng.choice(("\n", "\n\n", " ")).join(lines)


def trace(rng: Random) -> str:
    """Way-points in two or three dimensions."""
    deep = rng.random() < 0.5
    scale = rng.choice(("unit", "thousand", "pixel"))
    shape = rng.choice(("[{}]", "({})", "({})", "[{}]"))
    rows = []
    for _ in range(rng.randint(1, 5)):
        numbers = [_coordinate(rng, scale), _coordinate(rng, scale)]
        if deep:
            numbers.append(f"{rng.uniform(0.3, 3):.2f}")
        if rng.random() < 0.03:
            numbers.append("1")
        rows.append(shape.format(rng.choice((", ", ",")).join(numbers)))
    inside = rng.choice((", ", ",\n", "\n", " -> ")).join(rows)
    return rng.choice(
        (
            f"[{inside}]",
            f"[{inside}]",
            f"```json\n[{inside}]\n```",
            f"```\n[{inside}]\n```",
            inside,
            f"<point>[{inside}]</point>",
            f"<answer><point>[{inside}]</point></answer>",
            f"<point>{inside}</point>",
            f"The path: [{inside}]",
            f'{{"trajectory": [{inside}]}}',
        )
    )


def trace_objects(rng: Random) -> str:
    keys = rng.choice((("point_2d",), ("x", "y"), ("point_2d", "depth")))
    rows = []
    for _ in range(rng.randint(1, 4)):
        x, y = _coordinate(rng, "thousand"), _coordinate(rng, "thousand")
        fields = [f'"x": {x}', f'"y": {y}'] if "x" in keys else [f'"point_2d": [{x}, {y}]']
        if "depth" in keys:
            fields.append(f'"depth": {rng.uniform(0.3, 3):.2f}')
        rows.append("{" + ", ".join(fields) + "}")
    return f"```json\n[{', '.join(rows)}]\n```" if rng.random() < 0.6 else f"[{', '.join(rows)}]"


POINTS = (points_tuples, points_tuples, points_json, points_json, points_keyed, points_keyed)
POINTS += (points_twice, nothing)
BOXES = (box_list, box_list, box_list, box_json, box_json, box_json, box_object)
BOXES += (box_tagged, nothing)
TRACKS = (tracks, tracks, tracks, time_lines, nothing)
TRACES = (trace, trace, trace, trace_objects, points_tuples, nothing)
