"""What the metrics of tracking mean, for the pages of its runs."""

EXPLANATIONS = {
    "point_f1": (
        "F1 of points",
        "An answered point is right if it lies in the mask of its object in that frame. F1 weighs "
        "wrong points and missed objects alike; it does not ask whether ids are kept.",
    ),
    "point_precision": ("Precision", "The share of the answered points that are right."),
    "point_recall": ("Recall", "The share of the objects in a frame that a point hits."),
    "point_hota": (
        "HOTA of points",
        "The geometric mean of finding the objects and of keeping one id per object over time. A "
        "model that finds everything but swaps ids scores low.",
    ),
    "j_and_f": (
        "J&F",
        "The mean of J, the overlap (IoU) of answered and true masks, and F, how well their "
        "boundaries agree, over all frames.",
    ),
    "mask_hota": (
        "HOTA of masks",
        "As HOTA of points, with masks that match if their IoU reaches a threshold; the mean over "
        "thresholds from 0.05 to 0.95.",
    ),
}
"""Name of a metric, without ``@...`` and ``_reference...`` -> title and text."""
