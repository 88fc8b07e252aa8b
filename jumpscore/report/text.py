"""Text and numbers for pages. Everything from a model or a file is treated as hostile."""

from __future__ import annotations

import html
import math
from typing import Any

from jumpscore.errors import visible
from jumpscore.harness import RepeatedResult
from jumpscore.harness.costs import Spending
from jumpscore.records import Metric, RunResult, Unit

DASH = "–"
"""A number that is not defined."""
MINUS = "−"
SHOWN_LETTERS = 4_000
"""Characters of a text of unknown length that a page contains."""


def escaped(value: object) -> str:
    r"""Return text that is safe between tags and inside quoted attributes.

    Invisible characters, and those that reorder a line, become visible: no id can look like
    another one.

    >>> escaped('<b title="x">')
    '&lt;b title=&quot;x&quot;&gt;'
    >>> escaped("a\u202eb\x1b[0m")
    'a⟨U+202E⟩b⟨U+001B⟩[0m'
    """
    text = str(value).replace("\r\n", "\n")
    return html.escape(visible(text))


def cut(text: str, limit: int = SHOWN_LETTERS) -> tuple[str, int]:
    """Return the beginning of a text and the number of characters left out.

    >>> cut("abcdef", 4)
    ('abcd', 2)
    """
    return text[:limit], max(0, len(text) - limit)


def shortened(value: object, limit: int = 120) -> str:
    """Return escaped text of at most ``limit`` characters, with an ellipsis if it was longer."""
    text, rest = cut(str(value), limit)
    return escaped(text + ("…" if rest else ""))


def plural(count: int, noun: str) -> str:
    """Return a count with its noun.

    >>> plural(1, "video"), plural(1200, "video")
    ('1 video', '1,200 videos')
    """
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def incomplete_words(unscored: int, total: int, noun: str = "sample") -> str:
    """Return the warning about samples without a score.

    >>> incomplete_words(1, 1200)
    '1 of 1,200 samples are unscored'
    """
    return f"{unscored:,} of {plural(total, noun)} {'is' if total == 1 else 'are'} unscored"


def seconds(value: float) -> str:
    """Return a time with as many decimals as it needs, at least two and at most three.

    >>> seconds(0.4), seconds(12.3456), seconds(1e9)
    ('0.40', '12.346', '1e+09')
    """
    if not math.isfinite(value) or abs(value) >= 1e6:
        return f"{value:g}"
    text = f"{value:.3f}"
    return text[:-1] if text.endswith("0") else text


def number(value: float | None, unit: Unit, *, signed: bool = False) -> str:
    """Return a metric's value without its unit.

    >>> number(0.6342, "percent"), number(-0.02, "seconds", signed=True), number(None, "events")
    ('63.4', '−0.020', '–')
    >>> number(0.051, "percent", signed=True), number(77 / 3, "events")
    ('+5.1', '25.67')
    >>> number(-0.0001, "seconds"), number(-0.0001, "seconds", signed=True)
    ('0.000', '+0.000')
    """
    if value is None or not math.isfinite(value):
        return DASH
    if unit == "percent":
        return f"{100 * value:{'+' if signed else ''}z.1f}".replace("-", MINUS)
    if abs(value) >= 1000:
        return f"{value:,.0f}".replace("-", MINUS)
    decimals = 3 if unit in ("seconds", "metres") else 2
    return f"{value:{'+' if signed else ''}z.{decimals}f}".replace("-", MINUS)


def signed_count(value: int) -> str:
    """Return a whole difference with its sign.

    >>> signed_count(3), signed_count(-1), signed_count(0)
    ('+3', '−1', '0')
    """
    return f"{value:+,}".replace("-", MINUS) if value else "0"


def suffix(unit: Unit) -> str:
    """Return the unit to print after a number; empty for counts and plain numbers."""
    return {"percent": "%", "seconds": "s", "metres": "m", "events": "", "number": ""}[unit]


def metric_groups(result: RunResult | RepeatedResult) -> dict[str, list[Metric]]:
    """Return the metrics of a result in the groups in which pages and tables show them."""
    by_name = {metric.name: metric for metric in result.described if metric.name in result.metrics}
    return {
        "Headline": [by_name.pop(name) for name in result.headline if name in by_name],
        "Blind baselines and controls": [m for m in by_name.values() if m.better is None],
        "Further metrics": [m for m in by_name.values() if m.better is not None],
    }


def quantity(value: float | None, metric: Metric) -> str:
    """Return a metric's value with its unit.

    >>> quantity(0.6342, Metric("f1", "F1")), quantity(0.5, Metric("bias", "", "seconds", "zero"))
    ('63.4%', '+0.500 s')
    """
    text = number(value, metric.unit, signed=metric.better == "zero")
    if text == DASH or not suffix(metric.unit):
        return text
    return text + ("%" if metric.unit == "percent" else f" {suffix(metric.unit)}")


def dollars(amount: float) -> str:
    """Return an amount of US dollars.

    >>> dollars(1234.5), dollars(0.0123), dollars(0.00001), dollars(0)
    ('$1,234.50', '$0.0123', 'below $0.0001', '$0')
    """
    if amount >= 1:
        return f"${amount:,.2f}"
    if 0 < amount < 0.0001:
        return "below $0.0001"
    return f"${amount:.4f}" if amount else "$0"


def spending_words(spent: Spending) -> dict[str, str]:
    """Return tokens and cost of the answers of a run; empty if no answer has token counts.

    >>> from jumpscore.harness.costs import UsedTokens
    >>> tokens = UsedTokens(answers=3, prompt=2000, visual=1200, output=14, prompt_untold=1)
    >>> spending_words(Spending(tokens, 0.5))["tokens"]
    '2,000 in (1,200 of them visual), 14 out; 1 of 3 answers without counts'
    >>> spending_words(Spending(tokens, 0.5))["cost"]
    '$0.5000 at least'
    """
    tokens = spent.tokens
    if not tokens.any_known:
        return {}
    visual = f" ({tokens.visual:,} of them visual)" if tokens.visual else ""
    missing = f"; {tokens.missing:,} of {plural(tokens.answers, 'answer')} without counts"
    counts = f"{tokens.prompt:,} in{visual}, {tokens.output:,} out"
    words = {"tokens": counts + (missing if tokens.missing else "")}
    if spent.cost is not None:
        words["cost"] = dollars(spent.cost) + (" at least" if tokens.missing else "")
    return words


def readable(value: Any) -> str:
    """Return a value as a person reads it.

    >>> readable({"blur": 3, "crowd": 5}), readable(True), readable(None), readable(["a", "b"])
    ('blur 3, crowd 5', 'yes', '-', 'a, b')
    """
    if isinstance(value, dict):
        return ", ".join(f"{key} {readable(item)}" for key, item in value.items()) or "-"
    if isinstance(value, list | tuple):
        return ", ".join(map(readable, value)) or "-"
    if value is None or isinstance(value, bool):
        return {None: "-", True: "yes", False: "no"}[value]
    return str(value)
