"""``jumpscore video``: a table of its commands."""

from __future__ import annotations

from jumpscore.cli.commands import group

app = group(
    {
        "inspect": (
            "jumpscore.cli.video.inspect:inspect_video",
            "Write a page with the bit-cost curve, the groups, the canvases and their blocks.",
        ),
        "plan": (
            "jumpscore.cli.video.plan:plan_videos",
            "Print frames and canvases for one token budget: pictures, sizes and tokens.",
        ),
    },
    help="Show what a model would see of a video, and how many tokens that takes.",
)
