"""The forms in which models write times and spans."""

from __future__ import annotations

import json
from random import Random

from tests.differential.words import nothing, other_digits

DASHES = (
    "-",
    " - ",
    "–",
    " – ",
    "—",
    "~",
    " to ",
    "to",
    " until ",
    "-->",
    " till ",
    " TO ",
    "到",
    "至",
)
UNITS = ("", "", "", "s", " s", " sec", " seconds", "sec", "秒", "S", " Seconds")
BRACKETS = (("[", "]"), ("(", ")"), ("", ""), ("<", ">"), ("[ ", " ]"), ("{", "}"))


def _seconds(rng: Random, low: float = 0.0, high: float = 60.0) -> str:
    """One number of seconds, as models spell numbers."""
    value = rng.uniform(low, high)
    draw = rng.random()
    if draw < 0.45:
        return f"{value:.1f}"
    if draw < 0.65:
        return f"{value:.2f}"
    if draw < 0.88:
        return str(int(value))
    return rng.choice(
        (
            f"{int(value)}.",
            f"{value:.3f}",
            f"0{int(value)}",
            f"{value:.1e}",
            f".{int(value)}",
            f"-{value:.1f}",
            f"1,{int(value):03d}",
            f"{int(value)}.5.{int(value)}",
            f"+{value:.2f}",
            f"{int(value)}½",
            f"{value:.1f}".replace(".", "。"),
            other_digits(f"{value:.1f}"),
        )
    )


def _clock(rng: Random) -> str:
    minutes, seconds = rng.randint(0, 12), rng.randint(0, 59)
    text = rng.choice((f"{minutes:02d}:{seconds:02d}", f"{minutes}:{seconds:02d}"))
    if rng.random() < 0.25:
        text = f"{rng.randint(0, 2):02d}:{text if text[1] != ':' else '0' + text}"
    if rng.random() < 0.3:
        text += f".{rng.randint(0, 999)}"
    return text + rng.choice(("", "", "", "s", " s", "分"))


def _moments(rng: Random) -> list[str]:
    return sorted((_seconds(rng) for _ in range(rng.randint(1, 6))), key=len)


def _comma(rng: Random) -> str:
    return rng.choice((", ", ", ", ",", " ", ", \n", "; ", " , "))


def times_list(rng: Random) -> str:
    items = _moments(rng)
    draw = rng.random()
    if draw < 0.15:
        items = [f'"{item}{rng.choice(("s", "", " s"))}"' for item in items]
    elif draw < 0.25:
        items.append(
            rng.choice(("null", "true", "NaN", '"inf"', '"1s5"', "...", "None", "{}", "False"))
        )
    end = rng.choice(("]", "]", "]", "]", ", ]", ",]", ",\n]", "", ","))
    return "[" + _comma(rng).join(items) + end


def times_nested(rng: Random) -> str:
    pairs = [[_seconds(rng), _seconds(rng)] for _ in range(rng.randint(1, 4))]
    rows = [f"[{rng.choice((', ', ',')).join(pair)}]" for pair in pairs]
    return "[" + rng.choice((", ", ",\n  ", ",")).join(rows) + rng.choice(("]", "]", ",]", ""))


def times_fenced(rng: Random) -> str:
    """A list of lists in a fence, as models write that also give ends."""
    items = _moments(rng)
    items.insert(rng.randint(0, len(items)), f"[{_seconds(rng)}, {_seconds(rng)}]")
    return rng.choice(("```json\n[{}]\n```", "```json [{}] ```", "```\n[{}]\n```")).format(
        ", ".join(items)
    )


def times_objects(rng: Random) -> str:
    keys = rng.choice(
        (("start", "end"), ("time",), ("timestamp", "label"), ("t",), ("start_time",))
    )
    rows = []
    for number in range(rng.randint(1, 4)):
        fields: dict[str, object] = {key: round(rng.uniform(0, 60), 2) for key in keys}
        if "label" in fields:
            fields["label"] = f"jump {number + 1}"
        if rng.random() < 0.15:
            fields["spans"] = [round(rng.uniform(0, 9), 1), number]
        rows.append(json.dumps(fields))
    if rng.random() < 0.25:
        return "\n".join(rows)
    return "[" + rng.choice((", ", ",\n")).join(rows) + rng.choice(("]", "]", ",\n]", ""))


def times_in_object(rng: Random) -> str:
    key = rng.choice(("times", "timestamps", "jumps", "start_times", "events"))
    return f'{{"{key}": {times_list(rng)}}}'


def times_prose(rng: Random) -> str:
    unit = rng.choice(UNITS)
    items = [f"{item}{unit}" for item in _moments(rng)]
    listed = ", ".join(items[:-1]) + (" and " if len(items) > 1 else "") + items[-1]
    count = rng.randint(1, 40)
    return rng.choice(
        (
            f"There are {count} jumps, at {listed}.",
            f"The person jumps at {listed}",
            f"Jumps: {listed}",
            f"{listed}",
            f"跳跃发生在{listed}。",
            f"The rope passes behind the legs at {listed} ({count} jumps in total).",
        )
    )


def times_lines(rng: Random) -> str:
    mark = rng.choice(
        ("{n}. {t}", "- {t}", "* {t}s", "{n}) {t} s", "Jump {n}: {t}", "{t}", "[{c}] jump")
    )
    return "\n".join(
        mark.format(n=n + 1, t=_seconds(rng), c=_clock(rng)) for n in range(rng.randint(1, 5))
    )


def times_table(rng: Random) -> str:
    rows = [f"| {n + 1} | {_seconds(rng)}{rng.choice(UNITS)} |" for n in range(rng.randint(1, 4))]
    return "\n".join(("| Jump | Start |", "|---|---|", *rows))


def times_clocks(rng: Random) -> str:
    clocks = [_clock(rng) for _ in range(rng.randint(1, 4))]
    return rng.choice((", ".join(clocks), str(clocks), "\n".join(clocks)))


def span_range(rng: Random) -> str:
    start, end = _seconds(rng, 0, 30), _seconds(rng, 10, 60)
    unit = rng.choice(UNITS)
    first = rng.choice((start, start, start + unit))
    inside = f"{first}{rng.choice(DASHES)}{end}{unit}"
    return rng.choice(
        (
            f"The event happens in {inside}",
            f"The event happens in {start} - {end} seconds.",
            f"The event happens in <{start}> - <{end}> seconds.",
            f"The 2 men jump in {inside}.",
            inside,
            f"from {inside}",
            f"From {start}{unit} to {end}{unit}",
            f"between {start}{unit} and {end}{unit}",
            f"从{start}秒到{end}秒",
            f"{start}秒至{end}秒",
            f"at {start}{unit}, ending at {end}{unit}",
            f"start: {start}{unit}, end: {end}{unit}",
        )
    )


def span_clocks(rng: Random) -> str:
    start, end = _clock(rng), _clock(rng)
    return rng.choice(
        (
            f"{start}{rng.choice(DASHES)}{end}",
            f"The event happens in {start} - {end}.",
            f"[{start}, {end}]",
            f"starts at {start} and ends at {end}",
            f"from {start}到{end}",
            f"{start}",
            f"{start} - {_seconds(rng)}",
            f"x{start}y - {end}z",
        )
    )


def span_list(rng: Random) -> str:
    pair = (_seconds(rng, 0, 30), _seconds(rng, 10, 60))
    first, last = rng.choice(BRACKETS)
    inside = _comma(rng).join(pair)
    return rng.choice(
        (
            first + inside + last,
            f"[{first}{inside}{last}]",
            json.dumps({"start": pair[0], "end": pair[1]}),
            f'{{"start_time": {pair[0]}, "end_time": {pair[1]}}}',
            f"<span>{inside}</span>",
            f"{pair[0]}\n{pair[1]}",
            f"| start | end |\n|---|---|\n| {pair[0]} | {pair[1]} |",
            f"Starting time: {pair[0]} seconds. Ending time: {pair[1]} seconds.",
            f"{pair[0]} minutes and {pair[1]} seconds",
        )
    )


TIMES = (times_list, times_list, times_list, times_nested, times_objects, times_in_object)
TIMES += (times_fenced, times_prose, times_prose, times_lines, times_table, times_clocks, nothing)
SPANS = (span_range, span_range, span_range, span_clocks, span_clocks, span_list, span_list)
SPANS += (nothing,)
