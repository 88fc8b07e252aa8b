"""Generate right answers about times in all common forms, with their values.

``right_answers(seed)`` yields (parser, form, text, value) without end. Values rise, as the times of
events do; forms, wrappers, reasoning and languages are drawn independently.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator
from typing import Any

Times = list[float]
Form = Callable[[random.Random, Any], str]


def _dot(value: float) -> str:
    return f"{value:g}" if value == int(value) else f"{value:.2f}"


def _two(value: float) -> str:
    return f"{value:.2f}"


def _comma(value: float) -> str:
    return f"{value:.2f}".replace(".", ",")


def _clock(value: float) -> str:
    return f"{int(value // 60):02d}:{value % 60:05.2f}"


def _srt(value: float) -> str:
    milli = round(value * 1000)
    seconds, milli = divmod(milli, 1000)
    return f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d},{milli:03d}"


def _minutes(value: float) -> str:
    return f"{int(value // 60)} min {value % 60:.2f} s"


def _ms(value: float) -> str:
    return f"{round(value * 1000)} ms"


def _unit(r: random.Random) -> Callable[[float], str]:
    """Return a way to write one time with a unit or as a clock."""
    ways = [
        lambda v: f"{_two(v)}s", lambda v: f"{_two(v)} s", lambda v: f"{_two(v)} sec",
        lambda v: f"{_two(v)} seconds", lambda v: f"{_dot(v)} seconds", lambda v: f"{_two(v)}秒",
        lambda v: f"~{_two(v)} s", lambda v: f"**{_two(v)}s**", lambda v: f"`{_two(v)}` s",
        _clock, _minutes, _ms,
    ]  # fmt: skip
    return r.choice(ways)


def _any(r: random.Random) -> Callable[[float], str]:
    return r.choice([_two, _dot, _two, _unit(r)])


def _join(r: random.Random, items: list[str]) -> str:
    return r.choice([", ", ",", ",\n", " , "]).join(items)


START = (
    "start", "start_time", "start_timestamp", "time_start", "startTime", "begin", "onset",
    "jump_start", "start (s)", "timestamp", "time", "t", "jump_time", "Start Time", "time_s",
    "开始时间", "时间",
)  # fmt: skip
ENDS = {"start": "end", "begin": "end", "onset": "offset", "time_start": "time_end"}
INDEX = ("jump", "index", "id", "jump_number", "jump_index", "no")


def _object(r: random.Random, key: str, number: int, value: float, end: float) -> dict[str, Any]:
    written: Any = value if r.random() < 0.7 else f"{value}s"
    fields: list[tuple[str, Any]] = [(key, written)]
    if r.random() < 0.5:
        fields.insert(r.choice([0, 1]), (r.choice(INDEX), number))
    if r.random() < 0.4:
        fields.append((ENDS.get(key, "end"), end))
    if r.random() < 0.3:
        fields.append((r.choice(["description", "label"]), "the rope passes the feet"))
    if r.random() < 0.2:
        fields.append(("confidence", 0.9))
    return dict(fields)


def _objects(r: random.Random, times: Times) -> list[dict[str, Any]]:
    key = r.choice(START)
    return [_object(r, key, k, t, round(t + 0.13, 2)) for k, t in enumerate(times, start=1)]


def _json_objects(r: random.Random, times: Times) -> str:
    return json.dumps(_objects(r, times), indent=r.choice([None, 2]), ensure_ascii=False)


def _json_lines(r: random.Random, times: Times) -> str:
    return "\n".join(json.dumps(one, ensure_ascii=False) for one in _objects(r, times))


def _json_container(r: random.Random, times: Times) -> str:
    key = r.choice(["timestamps", "jumps", "times", "start_times", "jump_timestamps", "answer"])
    inside = times if r.random() < 0.5 else _objects(r, times)
    table: dict[str, Any] = {key: inside}
    if r.random() < 0.4:
        table["count"] = len(times)
    return json.dumps(table, indent=r.choice([None, 2]), ensure_ascii=False)


def _json_map(r: random.Random, times: Times) -> str:
    name = r.choice(["jump_{}", "jump {}", "{}", "Jump{}"])
    return json.dumps({name.format(k): t for k, t in enumerate(times, start=1)})


def _list(r: random.Random, times: Times) -> str:
    return "[" + _join(r, [_two(t) for t in times]) + "]"


def _list_items(r: random.Random, times: Times) -> str:
    way = _any(r)
    quote = r.choice(["", '"', "'"])
    return "[" + ", ".join(f"{quote}{way(t)}{quote}" for t in times) + "]"


def _pairs(r: random.Random, times: Times) -> str:
    opened, closed = r.choice(["[]", "()"])
    return "[" + ", ".join(f"{opened}{t}, {t + 0.13:.2f}{closed}" for t in times) + "]"


def _ranges(r: random.Random, times: Times) -> str:
    dash = r.choice([" - ", "-", " to ", " – ", " → ", " ~ "])
    lead = r.choice(["", "Jump {}: ", "{}. ", "- "])
    return "\n".join(
        lead.format(k) + f"{_two(t)}{dash}{t + 0.13:.2f}" for k, t in enumerate(times, start=1)
    )


def _wrapped_numbers(r: random.Random, times: Times) -> str:
    name = r.choice(["np.float64", "np.float32", "float", "Decimal"])
    quote = "'" if name == "Decimal" else ""
    return "[" + ", ".join(f"{name}({quote}{_two(t)}{quote})" for t in times) + "]"


def _array(r: random.Random, times: Times) -> str:
    head = r.choice(["array", "np.array", "tensor", "torch.tensor"])
    tail = r.choice(["", ", dtype=float32", ", dtype=torch.float64"])
    return f"{head}([" + ", ".join(_two(t) for t in times) + f"]{tail})"


def _decimal_commas(r: random.Random, times: Times) -> str:
    row = "; ".join(_comma(t) for t in times)
    return f"[{row}]" if r.random() < 0.5 else row


def _decimal_lines(r: random.Random, times: Times) -> str:
    lead = r.choice(["Sprung {}: ", "{}. ", "- "])
    return "\n".join(lead.format(k) + _comma(t) + " s" for k, t in enumerate(times, start=1))


LABELS = (
    "{}. ", "{}) ", "({}) ", "- ", "* ", "• ", "", "Jump {}: ", "**Jump {}:** ", "Jump {} - ",
    "Jump #{}: ", "#{} ", "{}: ", "第{}次：", "Jump {} at ", "Jump {} starts at ", "t{} = ",
    "- Jump {}: ", "{}. **Jump {}**: ",
)  # fmt: skip


def _lines(r: random.Random, times: Times) -> str:
    label, way = r.choice(LABELS), _any(r)
    tail = r.choice(["", "", " ", ".", ",", " (jump)"])
    heading = r.choice(["", "", "Here are the jumps:\n", "## Jumps\n\n", "Jump start times:\n"])
    gap = r.choice(["\n", "\n\n", "\r\n"])
    return heading + gap.join(
        label.replace("{}", str(k)) + way(t) + tail for k, t in enumerate(times, start=1)
    )


ORDINALS = ("First", "Second", "Third", "Fourth", "Fifth", "Sixth", "Seventh", "Eighth")


def _ordinals(r: random.Random, times: Times) -> str:
    way, gap = _any(r), r.choice(["\n", ", ", "; "])
    return gap.join(f"{name} jump: {way(t)}" for name, t in zip(ORDINALS, times, strict=False))


def _rows(r: random.Random, times: Times) -> str:
    way = _any(r)
    lead = r.choice(["", "Jumps: ", "Timestamps: ", "The jumps start at ", "跳绳开始时间："])
    return lead + r.choice([", ", "; ", "、"]).join(way(t) for t in times)


def _prose(r: random.Random, times: Times) -> str:
    way = r.choice([_two, _two, _unit(r)])
    items = [way(t) for t in times]
    row = " and ".join([", ".join(items[:-1]), items[-1]] if len(items) > 1 else items)
    lead = r.choice([
        "The jumps start at ", "The person jumps at ", f"There are {len(times)} jumps at ",
        "Jumps occur at ", "They begin at ",
    ])  # fmt: skip
    return lead + row + r.choice([".", "", " seconds."] if way is _two else [".", ""])


def _table(r: random.Random, times: Times) -> str:
    head = r.choice(["Start time (s)", "Start", "Timestamp", "Time (s)", "Onset", "开始时间"])
    first = r.choice(["Jump", "#", "Index", "Jump number"])
    ends = r.random() < 0.4
    lines = [f"| {first} | {head} |" + (" End |" if ends else "")]
    lines.append("|---|:---:|" + ("---|" if ends else ""))
    for k, t in enumerate(times, start=1):
        lines.append(f"| {k} | {_two(t)} |" + (f" {t + 0.13:.2f} |" if ends else ""))
    return "\n".join(lines)


def _separated(r: random.Random, times: Times) -> str:
    mark = r.choice([",", "\t", ";"])
    lines = [mark.join(["jump", r.choice(["start", "start_time", "time"])])]
    write = _comma if mark == ";" and r.random() < 0.5 else _two
    return "\n".join(lines + [f"{k}{mark}{write(t)}" for k, t in enumerate(times, start=1)])


def _subtitles(r: random.Random, times: Times) -> str:
    return "\n\n".join(
        f"{k}\n{_srt(t)} --> {_srt(t + 0.13)}\njump" for k, t in enumerate(times, start=1)
    )


def _captions(r: random.Random, times: Times) -> str:
    dot = [(_srt(t).replace(",", "."), _srt(t + 0.13).replace(",", ".")) for t in times]
    if r.random() < 0.5:
        return "\n".join(f"[{a} --> {b}] jump" for a, b in dot)
    return "WEBVTT\n\n" + "\n\n".join(f"{a} --> {b}\njump" for a, b in dot)


def _html(r: random.Random, times: Times) -> str:
    if r.random() < 0.5:
        return "<ul>" + "".join(f"<li>{_two(t)}</li>" for t in times) + "</ul>"
    return "".join(f"<timestamp>{_two(t)}</timestamp>" for t in times)


def _with_total(r: random.Random, times: Times) -> str:
    total = r.choice(["Total jumps: [{}]", "Total: {}", "Total number of jumps: {}"])
    return _list(r, times) + "\n" + total.format(len(times))


def _yaml(r: random.Random, times: Times) -> str:
    return "\n".join(f"- start: {_two(t)}\n  end: {t + 0.13:.2f}" for t in times)


TIMES: tuple[Form, ...] = (
    _list, _list_items, _pairs, _ranges, _json_objects, _json_lines, _json_container, _json_map,
    _wrapped_numbers, _array, _decimal_commas, _decimal_lines, _lines, _ordinals, _rows, _prose,
    _table, _separated, _subtitles, _captions, _html, _with_total, _yaml,
)  # fmt: skip

WORDS = [
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
]
TENS = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]


def in_words(number: int) -> str:
    """Return a number below 1000 in English words."""
    if number < 20:
        return WORDS[number]
    if number < 100:
        ten, one = divmod(number, 10)
        return TENS[ten - 2] + (f"-{WORDS[one]}" if one else "")
    hundreds, rest = divmod(number, 100)
    return f"{WORDS[hundreds]} hundred" + (f" and {in_words(rest)}" if rest else "")


def in_chinese(number: int) -> str:
    """Return a number below 100 in Chinese characters."""
    digits = "零一二三四五六七八九"
    if number < 10:
        return digits[number]
    ten, one = divmod(number, 10)
    return (digits[ten] if ten > 1 else "") + "十" + (digits[one] if one else "")


COUNTS = (
    "{n}", "{n}.", "**{n}**", "{n} jumps", "{n} times", "{n}次", "{n}回", "{n}x", "{n} reps",
    "The person jumped {n} times in 30 s.", "There are {n} jumps in the video.", "Total: {n}",
    "The total number of jumps is {n}.", "Total jumps: {n}", '{{"count": {n}}}', "共{n}次",
    '{{"jumps": {n}, "duration": 30.5}}', "The answer is {n}.", "Answer: {n}", "[{n}]", "{w}",
    "{w} jumps", "The person jumps {w} times.", "{c}次", "一共跳了{n}次。", "共跳了{c}下",
    "Count = {n}", "{w} ({n}) jumps", "I counted {n} complete jumps.", "{n}.0", "{n} jump ropes",
    "| Set | Jumps |\n|---|---|\n| 1 | 500 |\n| 2 | 501 |\n| Total | {n} |", "{n} in total",
    "Jumps from 0 to 30 s: {n} jumps", "## Answer\n\n{n}", "n = {n}",
)  # fmt: skip


def _span_text(r: random.Random, span: tuple[float, float]) -> str:
    a, b = span
    way = r.choice([_two, _dot, _unit(r)])
    dash = r.choice([
        " - ", " – ", " — ", " to ", " ~ ", "～", " → ", " − ", " --> ", " until ", " ‑ ", " ... ",
    ])  # fmt: skip
    start, end = r.choice([
        ("start", "end"), ("start_time", "end_time"), ("begin", "end"), ("from", "to"),
        ("onset", "offset"), ("startTime", "endTime"), ("start_timestamp", "end_timestamp"),
    ])  # fmt: skip
    forms = [
        f"{way(a)}{dash}{way(b)}",
        f"The event happens in {_dot(a)} - {_dot(b)} seconds.",
        f"The event happens in <{_two(a)}> - <{_two(b)}> seconds.",
        f"from {way(a)} to {way(b)}",
        f"from about {_two(a)}s to about {_two(b)}s",
        f"between {way(a)} and {way(b)}",
        f"It starts at {way(a)} and ends at {way(b)}.",
        f"Start: {way(a)}\nEnd: {way(b)}",
        f"Starting time: {_two(a)} seconds. Ending time: {_two(b)} seconds",
        json.dumps({start: a, end: b}),
        json.dumps({start: f"{a}s", end: f"{b}s"}),
        json.dumps([{start: a, end: b}]),
        json.dumps({"relevant_windows": [[a, b]]}),
        json.dumps({"relevant_windows": [[str(a), str(b)]]}),
        f"[{a}, {b}]",
        f"({_two(a)}, {_two(b)})",
        f'["{_two(a)}", "{_two(b)}"]',
        f"从{_two(a)}秒到{_two(b)}秒",
        f"{_two(a)}秒至{_two(b)}秒",
        f"开始时间：{_two(a)}秒，结束时间：{_two(b)}秒",
        f"<timestep>{_two(a)}</timestep> to <timestep>{_two(b)}</timestep>",
        f"<start>{_two(a)}</start><end>{_two(b)}</end>",
        f"{_srt(a)} --> {_srt(b)}",
        f"{_comma(a)} - {_comma(b)} Sekunden",
        f"{_two(a)} - {_two(b)} s",
        f"{round(a * 1000)} - {round(b * 1000)} ms",
        f"In 0 - 300 s of video, the event happens in {_two(a)} - {_two(b)} seconds.",
    ]
    return r.choice(forms)


THOUGHTS = (
    "<think>Maybe [0.1, 0.2], or 7 - 9 s, 41 jumps.</think>", "◁think▷[0.1, 0.2]◁/think▷",
    "<analysis>Simple, about 0.5 s apart.</analysis>", "[THINK]0.1 to 0.2, 7 jumps[/THINK]\n",
    "<|channel|>analysis<|message|>7 jumps at 0.1<|end|><|start|>assistant<|channel|>final"
    "<|message|>", "<thinking>\n1. 0.1\n2. 0.2\n</thinking>\n\n", "0.1, 0.2</think>\n",
    "<seed:think>3 - 4</seed:think>", "analysisLet me see 3 - 4 sassistantfinal",
    "<|START_THINKING|>3 - 4 s<|END_THINKING|>",
    "Here is my thought process: 3 - 4 s. Here is my response: ", "<unused94>thought\n3<unused95>",
)  # fmt: skip
WRAPPERS = (
    "<answer>{}</answer>", "<answer>\n{}\n</answer>", "The result: <answer>{}</answer>",
    "```\n{}\n```", "```json\n{}\n```", "{}<|im_end|>", "{}</s>", "{}<|endoftext|>",
    "<|begin_of_box|>{}<|end_of_box|>", "{}<|im_end|>\n<|im_start|>user\nAnd now 7 - 9?",
    "\n\n{}\n",
    "Final answer: {}", "**Answer:** {}", "\ufeff{}", "{}<end_of_turn>", "{}<|eot_id|>",
)  # fmt: skip


def right_answers(seed: int) -> Iterator[tuple[str, str, str, Any]]:
    """Yield (parser, form, text, right value) without end."""
    r = random.Random(seed)
    while True:
        parser = r.choice(["times", "times", "count", "span"])
        if parser == "times":
            steps = [r.randint(15, 90) for _ in range(r.randint(2, 8))]
            start = r.randint(0, 9000)
            times = [(start + sum(steps[: k + 1])) / 100 for k in range(len(steps))]
            form = r.choice(TIMES)
            text, right, name = form(r, times), times, form.__name__
        elif parser == "span":
            a = r.randint(1, 9000)
            right = (a / 100, (a + r.randint(10, 3000)) / 100)
            text, name = _span_text(r, right), "span"
        else:
            right = r.randint(1, 99)
            name = r.choice(COUNTS)
            text = name.format(n=right, w=in_words(right), c=in_chinese(right))
        if r.random() < 0.1 and "&" not in text:
            text = text.translate({ord(d): ord(d) + 0xFEE0 for d in "0123456789"})
        if r.random() < 0.4:
            text = r.choice(WRAPPERS).replace("{}", text)
        if r.random() < 0.3:
            text = r.choice(THOUGHTS) + text
        yield parser, name, text, right
