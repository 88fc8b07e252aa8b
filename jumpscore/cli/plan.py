"""``jumpscore run --dry-run``: what would be asked, and what that would cost."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict
from itertools import chain
from typing import Any

from rich.text import Text

from evaluators.base import Task
from jumpscore.cli.console import output, print_json
from jumpscore.harness import RunConfig
from jumpscore.harness.costs import (
    LETTERS_PER_TOKEN,
    PlannedTokens,
    Prices,
    cost,
    planned_tokens,
    prices_of,
)
from jumpscore.harness.engines.cached import Keys, Stored, why_not_reused
from jumpscore.harness.engines.ray_cluster import plan_placement
from jumpscore.harness.factory import model_of_config
from jumpscore.harness.facts import protocol_of, run_extras, run_record
from jumpscore.harness.input import InputPlan
from jumpscore.harness.repeats import check_repeatable
from jumpscore.harness.windows import check_task, window_questions
from jumpscore.records import Question
from jumpscore.report.text import dollars, readable
from jumpscore.runs.response_cache import ResponseCache
from model_wrappers.base import ModelWrapper

UNKNOWN = "not known before the run"
LEFT_OUT = (
    f"text counts as letters / {LETTERS_PER_TOKEN}, pictures by the harness's grid, which an "
    "endpoint need not share; left out are the chat template, tries after the first, discounts, "
    "and that a resumed run asks only what is missing"
)


def show_plan(config: RunConfig, task: Task[Any], *, as_json: bool) -> None:
    """Print what would be asked, without asking."""
    wrapper = model_of_config(config)
    if config.run.repeats > 1:
        check_repeatable(wrapper)
    everything = task.load()
    samples = config.run.select(everything)
    plan = InputPlan.resolve(wrapper, config.input).in_run(config.run, everything)
    check_task(task, plan)
    usable = [sample for sample in samples if sample.problem is None]
    questions = _completed(task, [sample.question for sample in usable])
    first = next(questions, None)
    asked = chain([] if first is None else [first], questions)
    windows = chain.from_iterable(window_questions(plan, question) for question in asked)
    stored = _stored(wrapper, task, config, plan)
    once = _planned(wrapper, windows if stored is None else stored.counted(windows), plan)
    tokens = once.times(config.run.repeats)
    facts: dict[str, Any] = {
        "model": wrapper.name,
        "task": task.name,
        "data": asdict(task.data()),
        "protocol": protocol_of(task, config.model_copy(update={"input": plan.config})),
        "input": plan.kind,
        "control": config.run.control,
        "samples": len(samples),
        **({} if plan.config.window is None else {"windows": once.questions}),
        "repeats": config.run.repeats,
        **({} if stored is None else {"answered_in_earlier_runs": stored.share}),
        "unusable": [sample.problem for sample in samples if sample.problem],
        "first_prompt": None if first is None else first.prompt,
    }
    if config.run.engine == "ray":
        facts["cluster"] = asdict(plan_placement(wrapper, config.run))
    prices = prices_of(wrapper.options.model_dump())
    spending = {
        "planned_visual_tokens": tokens.visual,
        "planned_stamp_tokens": tokens.stamps,
        "estimated_prompt_tokens": tokens.prompt,
        "most_output_tokens": tokens.output,
        **_costs(tokens, prices),
    }
    if as_json:
        print_json(facts | spending)
        return
    # A model that reads no text has no tokens to count.
    if plan.prepared or hasattr(wrapper.options, "max_new_tokens"):
        facts |= _words(spending, prices)
    for key, value in facts.items():
        output().print(Text(f"{key}: ", "bold").append(readable(value)), soft_wrap=True)


def _stored(
    wrapper: ModelWrapper, task: Task[Any], config: RunConfig, plan: InputPlan
) -> Stored | None:
    """Return the counter of answers in the cache, or ``None`` if the run does not use it."""
    if not config.run.reuse:
        return None
    config = config.model_copy(update={"input": plan.config})
    extras = run_extras(wrapper, ())
    record = run_record(wrapper, task, config, (), kind=plan.kind, extras=extras)
    if why_not_reused(wrapper, plan, record) is not None:
        return None
    return Stored(ResponseCache.default(), Keys.of(wrapper, plan, record))


def _completed(task: Task[Any], questions: Iterable[Question]) -> Iterator[Question]:
    """Yield questions with all that a model needs, one at a time."""
    for question in questions:
        yield task.complete(question)
        task.release(question.id)


def _planned(
    wrapper: ModelWrapper, questions: Iterable[Question], plan: InputPlan
) -> PlannedTokens:
    """Return the tokens of all questions, asked once."""
    options: Any = wrapper.options
    total = PlannedTokens()
    for question in questions:
        visual = plan.prepare(question)
        seen = (0, 0) if plan.kind == "none" else None
        if visual is not None:
            seen = (visual.visual_tokens, visual.text_tokens)
        total += planned_tokens(
            question,
            visual=seen,
            system=getattr(options, "system", None) or "",
            max_new_tokens=getattr(options, "max_new_tokens", None),
        )
    return total


def _costs(tokens: PlannedTokens, prices: Prices | None) -> dict[str, float | None]:
    """Return US dollars of what would be sent, and of that with the longest answers."""
    if prices is None:
        return {"input_cost_usd": None, "most_cost_usd": None}
    return {
        "input_cost_usd": cost(prices, input=tokens.input, output=0),
        "most_cost_usd": cost(prices, input=tokens.input, output=tokens.output),
    }


def _words(spending: Mapping[str, Any], prices: Prices | None) -> dict[str, str]:
    """Return tokens and cost for people."""

    def count(key: str, about: str = "") -> str:
        value = spending[key]
        return UNKNOWN if value is None else f"{about}{value:,}"

    words = {
        "visual tokens": count("planned_visual_tokens"),
        "stamp tokens": count("planned_stamp_tokens"),
        "other text tokens": count("estimated_prompt_tokens", "about "),
        "output tokens": count("most_output_tokens", "at most "),
    }
    if prices is not None:
        sent, most = spending["input_cost_usd"], spending["most_cost_usd"]
        words["cost of what is sent"] = UNKNOWN if sent is None else f"about {dollars(sent)}"
        words["cost with the longest answers"] = (
            UNKNOWN if most is None else f"about {dollars(most)}"
        )
    return words | {"an estimate": LEFT_OUT}
