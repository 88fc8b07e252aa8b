"""What the metrics of temporal grounding mean, for the pages of its runs."""

EXPLANATIONS = {
    "miou": (
        "Mean IoU",
        "How much of the answered and the true span is common to both: the overlap divided by the "
        "time that either covers, averaged over all questions. An answer without a readable span "
        "scores 0.",
    ),
    "r1": (
        "Recall",
        "The share of answers whose IoU reaches the number after the @. An answer around the true "
        "span that is twice as long has an IoU of 0.5.",
    ),
}
"""Name of a metric, without ``@...`` and ``_reference...`` -> title and text."""
