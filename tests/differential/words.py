"""The forms in which models write counts, numbers and choices, or that they have no answer."""

from __future__ import annotations

from random import Random

OPTIONS = {"A": "chair", "B": "table", "C": "lamp", "D": "the sofa"}
"""What answers of kind ``choice`` choose from."""
YES_NO = {"A": "yes", "B": "no"}
"""What answers of kind ``word`` choose from."""
WORDY = (
    *("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"),
    *("eleven", "twelve", "fifteen", "twenty", "thirty", "forty", "fifty", "ninety"),
    *("hundred", "thousand"),
)


def other_digits(number: str) -> str:
    """The same in full-width digits, which are digits to most patterns."""
    return "".join(chr(ord(c) + 0xFEE0) if c.isdigit() else c for c in number)


def nothing(rng: Random) -> str:
    return rng.choice(
        (
            *("[]", "[ ]", "()", "{}", "", "None", "N/A", "null", "无", "No."),
            "I cannot see this.",
            "I'm sorry, I can't help with that.",
            "There are no jumps in the video.",
        )
    )


def count(rng: Random) -> str:
    value = rng.choice(
        (
            str(rng.randint(0, 150)),
            rng.choice(WORDY),
            f"{rng.randint(1, 9)},{rng.randint(0, 999):03d}",
        )
    )
    return rng.choice(
        (
            value,
            f"{value} jumps",
            f"The person jumps {value} times in {rng.randint(10, 90)} s.",
            f"Total: {value}",
            f"about {value}",
            f"{value}-{rng.randint(1, 99)}",
            f"between {value} and {rng.randint(1, 99)}",
            f"{value}次",
            f'{{"count": {value}}}',
            f"I count {value}.",
        )
    )


def number(rng: Random) -> str:
    words = " ".join(rng.choice(WORDY) for _ in range(rng.randint(1, 3)))
    value = rng.choice(
        (
            str(rng.randint(0, 12)),
            str(rng.randint(2, 9)),
            f"{rng.uniform(0, 12):.1f}",
            f"{rng.uniform(0, 12):.2f}",
            words,
            words.title(),
            f"{rng.randint(1, 9)},{rng.randint(0, 999):03d}",
            f"-{rng.randint(1, 9)}",
            f"{rng.randint(1, 9)}.",
            f".{rng.randint(1, 9)}",
            f"{rng.randint(1, 9)}e2",
            other_digits(str(rng.randint(1, 12))),
            *("twenty-one", "three hundred and twenty-one", "five thousand and twenty"),
            *("5½", "1/2", "two (two)", "nan", "inf", "1_0", "ten point five"),
        )
    )
    unit = rng.choice(
        ("", "", "", " m", " meters", "cm", " square meters", " m²", "米", ".", " boxes")
    )
    return rng.choice(
        (
            value,
            value + unit,
            value + unit,
            f"{rng.uniform(2, 9):.1f}.",
            f"{value}...",
            f"There are {value} boxes in the room.",
            f"about {value}{unit}",
            f"The distance is {value}{unit}",
            f"one apple, room {value}",
            f"{value} or {rng.randint(1, 9)}",
            f"{value}-{rng.randint(1, 9)}{unit}",
            f"({value})",
            f"It is {value}{unit}, since the room is {rng.randint(2, 9)} m long.",
            f"{value} and {rng.choice(WORDY)}",
        )
    )


CHOICE_FORMS = (
    "{L}",
    "{L}",
    "{L}",
    "{l}",
    "{L}.",
    "({L})",
    "{L})",
    "({L}",
    "{L}:",
    "{L}. {w}",
    "({L}) {w}",
    "{L} {w}",
    "{L}, because the {w} is near",
    "**{L}**",
    "**{L}. {w}**",
    "**{L}. Yes**",
    "**{L}. No, it is not.**",
    "**Answer: {L}**",
    "**Answer:** {L}",
    "Answer: {L}",
    "Answer:{L}.",
    "answer: ({l})",
    "The answer is {L}.",
    "The answer is {l}",
    "The answer is ({L}) {w}.",
    "The correct answer is ({L}).",
    "The correct answer is: **{L}**",
    "the correct option is {L}",
    "the best option is {M}, no: {L}",
    "I choose {L}",
    "I would choose ({L}).",
    "My answer is {L}, not {M}.",
    "Option {L}",
    "Option {L} is correct, {M} is wrong.",
    "(Choice {L})",
    "\\boxed{{{L}}}",
    "\\boxed{{\\text{{{L}}}}}",
    "$\\boxed{{{L}. {w}}}$",
    "`{L}`",
    "``{L}``",
    "``{L}. {w}``",
    "```{L}```",
    "{{{L}}}",
    "The {w}.",
    "{w}",
    "{W}",
    "the {w}, so {L}",
    "It is a {w}",
    "{L} or {M}",
    "({L}) or ({M})",
    "{L} and {M}",
    "{L} is wrong. {M} is right.",
    "So it must be {L}.",
    "Therefore the {w} is closest: {L}",
    "Thus \\boxed{{{L}}}",
    "Hence **{L}**",
    "Also, I see the sky.",
    "A chair is a thing. {L}",
    "I see it. {L}",
    "A person sits there",
    "Is it {L}? Yes.",
    "{L}\n{w}",
    "{w}\n{L}",
    "{w}\n({L})\n",
    "\n\n{L}\n",
    "\n{L}\nThe answer {M} would be wrong.",
    "\n\n{L}.\nOption ({M}) is not near.",
    "{L}\nNot ({M}), which is too far.",
    "({L})\nThe answer ({M}) is a trap.",
    "Step 1: look.\nStep 2: {L}\n",
    "<answer>{L}</answer>",
    "<answer>{w}</answer>",
    "<think>{M}</think>{L}",
    "<think>{w}</think> {L}",
    "<thought>{M}. {x}</thought>{L}",
    "thinking {M}</think>{L}",
    "{L}</think>",
    "_{L}_",
    "'{L}'",
    '"{L}"',
    "[{L}]",
    "{L}!",
    "{L}-{w}",
    "{L}{M}",
    "{L}/{M}",
    "{L},{M}",
    "答案是{L}",
    "答案: {L}",
    "选{L}",
    "选项{L}：{w}",
    "답: {L}",
    "정답은 {L}입니다",
    "答えは{L}です",
    "옵션 {L}",
    "（{L}）",
    "Ｂ",
    "E",
    "F. none of them",
    "Z",
    "answers: {L}",
    "The answers are {L} and {M}",
    "My choice is {w} ({L})",
    "the chair, table and lamp are there",
    "chair table",
    "{L} the chair",
    "I'd say {L}.",
    "{x}, I think",
    "Not {L}. {M}.",
    "Final Answer: {L}",
    "The answer is \\boxed{{{L}}}",
    "The answer is definitely \\boxed{{{L}}}",
    "choose: {L}",
    "(A) {w} (B) table (C) lamp: {L}",
    "A. chair\nB. table\nC. lamp\nD. the sofa",
    "1. {L}",
    "yes",
    "{{the {w}: {L}}}",
    "`{w}` {L}",
)


def choice(rng: Random) -> str:
    letter, other = rng.sample("ABCD", 2)
    words, more = OPTIONS[letter], OPTIONS[other]
    form = rng.choice(CHOICE_FORMS)
    return form.format(L=letter, l=letter.lower(), M=other, w=words, W=words.title(), x=more)


WORD_FORMS = (
    "{w}",
    "{W}",
    "{W}.",
    "Answer: {w}",
    "Answer: {W}.",
    "**{W}**",
    "The answer is {w}.",
    "The chair is there.\nAnswer: {w}",
    "{W}, the chair fits.",
    "{W}, I know.",
    "There is not enough space. {W}",
    "Answer: {w}\n",
    "Answer: {w}\nI know it.",
    "{v}\n{w}",
    "{w} and {v}",
    "{w}\n\nAnswer: {v}",
    "<answer>{w}</answer>",
    "<answer>{w}</answer> {v}",
    "<Answer>{w}</Answer>\n{v}",
    "<answer></answer> {w}",
    "<think>{v}</think>{w}",
    "<thought>{v}</thought>{w}",
    "<think>a</think><thought>{v}\n</thought>{w}",
    "<thought>a</thought>{W}</think>",
    "{v}</think>{w}",
    "{v}</thought>\n{w}",
    "Nothing blocks it: {w}",
    "yes/no",
    "是",
    "true",
    "A",
    "(B) {w}",
    "\\boxed{{{w}}}",
    "It can.",
    "İ {w}",
)


def word(rng: Random) -> str:
    first, other = rng.sample(("yes", "no"), 2)
    return rng.choice(WORD_FORMS).format(w=first, W=first.title(), v=other)


COUNTS = (count, count, count, count, nothing)
NUMBERS = (number, number, number, number, number, nothing)
CHOICES = (*(choice,) * 20, nothing)
WORDS = (*(word,) * 12, nothing)
