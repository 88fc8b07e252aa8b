"""What the metrics of spatial questions mean, for the pages of their runs."""

EXPLANATIONS = {
    "score": (
        "Score",
        "Every question scores 0 to 1 by its own rule (points, boxes, numbers, options), and the "
        "score is the mean over all questions, so a rule with many questions weighs most.",
    ),
    "overall": (
        "Overall",
        "The mean of every sub-task, averaged over the sub-tasks: a sub-task with few questions "
        "weighs as much as one with many.",
    ),
    "points_in_mask": (
        "Points in the mask",
        "The share of the answered points that lie in the true region; one good point among many "
        "bad ones does not help.",
    ),
    "first_point": (
        "First point",
        "The share of answers whose first point lies in the true region; further points are "
        "ignored.",
    ),
    "count_in_mask": (
        "Counted points",
        "The share of answers in which every point lies in a true region and there are as many "
        "points as objects.",
    ),
    "acc": (
        "Accuracy of boxes",
        "The share of answered boxes whose overlap with the true box, divided by the area that "
        "either covers (IoU), reaches the number after the @.",
    ),
    "miou": ("Mean IoU", "The mean of that overlap over all questions about boxes."),
    "mra": (
        "Mean relative accuracy",
        "A number is right at a tolerance if it differs from the truth by at most that share. The "
        "score is the share of ten tolerances, 5% to 50%, at which it is right.",
    ),
    "accuracy": (
        "Accuracy",
        "The share of questions answered with the right option; an answer that names several "
        "options is wrong.",
    ),
}
"""Name of a metric, without ``@...`` and ``_reference...`` -> title and text."""
