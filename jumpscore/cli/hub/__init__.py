"""``jumpscore hub``: a table of its commands."""

from __future__ import annotations

from jumpscore.cli.commands import group

app = group(
    {
        "results": (
            "jumpscore.cli.hub.results:write_results",
            "Write .eval_results/NAME.yaml for a model's repository from a finished run.",
        ),
        "dataset": (
            "jumpscore.cli.hub.dataset:write_dataset",
            "Write eval.yaml, which registers a data set as a benchmark.",
        ),
        "board": (
            "jumpscore.cli.hub.board:print_board",
            "Print the board of a data set on the hub, with intervals if they are stated.",
        ),
    },
    help="Exchange results with the Hugging Face hub. Nothing is uploaded.",
)
