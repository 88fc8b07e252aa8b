"""The page of one submission: what it states, its scores, and every video with its timeline."""

from __future__ import annotations

from evaluators.columns import columns_of
from jumpscore.boards.scored import Checked
from jumpscore.harness.costs import Spending, used_tokens
from jumpscore.report.html import result_sections, samples_section
from jumpscore.report.page import fact_list, header, page
from jumpscore.report.summary import banners
from jumpscore.report.text import escaped, plural, spending_words

VERIFIED = (
    "Scored here from the raw answers. What the submission states about model, input and hardware "
    "is not verified."
)


def model_page(checked: Checked) -> str:
    """Return the page of a submission. It does not depend on other submissions."""
    submission, result = checked.submission, checked.result
    columns = columns_of(checked.scores)
    sub = (
        f"{escaped(', '.join(submission.settings.values()))} · {escaped(result.task)} on "
        f"{escaped(result.data)}, {plural(result.total, 'sample')}"
    )
    top = header(
        '<a href="../index.html">Leaderboard</a>',
        submission.model,
        sub,
        banners(result),
        f'{_facts(checked)}<p class="aside">{VERIFIED}</p>',
    )
    samples = samples_section(result, checked.scores, checked.responses, columns=columns)
    body = f"<main>{top}{result_sections(result, columns)}{''.join(samples)}</main>"
    return page(f"{submission.model}: {result.task} on {result.data}", body)


def _facts(checked: Checked) -> str:
    submission = checked.submission
    rows = [
        ("Wrapper", submission.wrapper),
        ("Prompt protocol", submission.protocol),
        ("Input", submission.input),
        ("Budget", submission.budget),
        ("Codec recipe", submission.recipe),
        ("Hardware", submission.hardware),
        ("Task", f"{submission.task}, version {checked.task.version}"),
        ("Data set", f"{submission.data}, checksum {submission.checksum[:12]}"),
        ("Contact", submission.contact),
        ("Licence of the answers", submission.licence),
    ]
    spent = Spending(used_tokens(checked.responses.values()))
    rows += [(f"Reported {name}", words) for name, words in spending_words(spent).items()]
    return fact_list((name, value) for name, value in rows if value)
