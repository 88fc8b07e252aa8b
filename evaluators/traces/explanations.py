"""What the metrics of manipulation traces mean, for the pages of their runs."""

EXPLANATIONS = {
    "success": (
        "Success",
        "The share of traces that start within 0.2 m of the object, end within 0.2 m of the "
        "target's box, and at no way-point have more than 20% of the object inside an obstacle.",
    ),
    "success_path": (
        "Success along the path",
        "Success, and the object does not collide between two way-points either.",
    ),
    "start_2d": (
        "Start and end in the image",
        "The share of traces whose first way-point lies on the object; end_2d is the share whose "
        "last one lies in the target's box.",
    ),
    "rmse_2d": (
        "Distance of the traces",
        "Answer and truth are drawn as paths and compared at evenly spaced places; the root of the "
        "mean squared distance, in fractions of the image. Only answers with a trace count, so "
        "read it together with the share of those.",
    ),
    "dfd_2d": (
        "Discrete Fréchet distance",
        "The largest distance between two points that travel along both traces in order.",
    ),
    "hd_2d": (
        "Hausdorff distance",
        "The largest distance from a point of one trace to the nearest point of the other.",
    ),
    "rmse_999": (
        "RMSE at 0-999",
        "The distance of the traces with the image scaled to 0-999, over answers with a trace.",
    ),
    "rmse_999_all": (
        "RMSE at 0-999 over all answers",
        "The distance of the traces with the image scaled to 0-999. An answer without a trace "
        "counts as the trace that lies as far from the truth as the image allows, so refusing to "
        "answer never pays.",
    ),
}
"""Name of a metric, without ``_reference`` -> title and text."""
