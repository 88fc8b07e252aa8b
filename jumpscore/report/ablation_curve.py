"""Scores of an ablation against the measured tokens, as SVG."""

from __future__ import annotations

from collections.abc import Sequence

from jumpscore.report.curves import (
    LEFT,
    TOP,
    Point,
    Scale,
    arm,
    axes,
    drawing,
    legend,
    level,
    marks,
    score_range,
    token_range,
)
from jumpscore.report.text import quantity, suffix
from jumpscore.studies.ablation import Ablation, Budget, Outcome
from jumpscore.video.budgets import Matching


def curves(ablation: Ablation) -> str:
    """Return one panel per matching, one below the other."""
    panels = [_panel(ablation, matching) for matching in ablation.matchings]
    return drawing(panels, f"{ablation.metric.name} of frames and canvases against tokens")


def _panel(ablation: Ablation, matching: Matching) -> str:
    budgets = ablation.matched(matching)
    names = _names(ablation)
    arms = {
        kind: [point for budget in budgets if (point := _point(ablation, budget, kind, name))]
        for kind, name in names.items()
    }
    baselines = (budget.blind_baseline for budget in budgets)
    blind = next((mean for mean in baselines if mean is not None), None)
    references = [
        (one.run, one.score.mean) for one in ablation.references if one.score.mean is not None
    ]
    levels = [at for _, at in references] + ([] if blind is None else [blind])
    every = [point for points in arms.values() for point in points]
    if not every:
        return f'<text x="{LEFT}" y="{TOP}">{matching}: nothing was scored</text>'
    scale = Scale(token_range([point.x for point in every]), *score_range(every, levels))
    return (
        axes(_axis_name(matching, every), ablation.metric.unit, scale)
        + ("" if blind is None else level("blind", "blind baseline", blind, scale))
        + "".join(arm(kind, arms[kind], scale) for kind in arms if kind not in _CONTROLS)
        + "".join(level("reference", name, at, scale) for name, at in references)
        + "".join(marks(kind, arms[kind], scale) for kind in arms)
        + legend(
            f"{ablation.metric.name} {suffix(ablation.metric.unit)}".rstrip(),
            [(kind, names[kind]) for kind, points in arms.items() if points]
            + [("blind", "blind baseline")] * (blind is not None)
            + [("reference", name) for name, _ in references],
        )
    )


_CONTROLS = {"pixels": "pixel control", "selection": "selection control"}
_OTHERS = ("second", "third")
"""Style of the canvases of further backends."""


def _names(ablation: Ablation) -> dict[str, str]:
    """Return style -> name of every arm and control."""
    first, *others = ablation.backends
    named = f"canvases ({first})" if others else "canvases"
    further = {style: f"canvases ({name})" for style, name in zip(_OTHERS, others, strict=False)}
    return {"frames": "frames", "codec": named, **further, **_CONTROLS}


def _axis_name(matching: Matching, points: Sequence[Point]) -> str:
    unit = "tokens of the whole prompt" if matching == "total" else "visual tokens"
    measured = all(point.measured for point in points)
    what = f"{unit} per answer, measured mean" if measured else "budget; tokens were not measured"
    return f"{what} (matching {matching}; log scale)"


def _point(ablation: Ablation, budget: Budget, kind: str, name: str) -> Point | None:
    outcome: Outcome | None
    if kind in _OTHERS:
        outcome = budget.others[_OTHERS.index(kind)].outcome
    else:
        outcome = getattr(budget, kind)
    if outcome is None or outcome.score.mean is None:
        return None
    score = outcome.score
    tokens = _spent(outcome, budget.matching)
    words = f"{name}, budget {budget.tokens:,}: {quantity(score.mean, ablation.metric)}, " + (
        f"{tokens:,.0f} tokens" if tokens else "tokens unknown"
    )
    return Point(
        tokens or budget.tokens,
        outcome.score.mean,
        score.ci_low,
        score.ci_high,
        words,
        bool(tokens),
    )


def _spent(outcome: Outcome, matching: Matching) -> float | None:
    """Return the measured tokens that a budget of this kind counts.

    Models report the whole prompt, not its stamps alone; the question is part of both arms.
    """
    return outcome.tokens.prompt if matching == "total" else outcome.tokens.visual
