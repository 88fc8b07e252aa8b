"""The rows that the page of figures shows, and estimates of the limits of the machine.

``docs/performance.md`` explains how each limit was estimated and what would be next.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Goal:
    """One line of the page.

    Attributes:
        benchmark: Module of the benchmark.
        row: Key of its row.
        of: Which of the row's figures the limit is about.
        limit: Estimate of what no change can improve, in the unit of that figure; None if no
            estimate exists.
    """

    benchmark: str
    row: str
    of: Literal["ratio", "ours", "memory"]
    limit: float | None = None


CLIP = "1280x720, 60 s"
GOALS = (
    Goal("visual_input", f"64 canvases, still clip, {CLIP}", "ratio", 1.2),
    Goal("visual_input", f"64 canvases, noisy clip, {CLIP}", "ratio", 1.05),
    Goal("visual_input", f"64 canvases, filmed clip, {CLIP}", "ratio", 1.05),
    Goal("many_canvases", f"1024 canvases, still clip, {CLIP}", "memory", 1100),
    Goal("cores", f"canvases, 2 cores, {CLIP}", "ratio", 0.5),
    Goal("cores", f"motion, 2 cores, {CLIP}", "ratio", 0.5),
    Goal("motion", f"motion, still clip, {CLIP}", "ratio", 2.2),
    Goal("motion", f"motion, noisy clip, {CLIP}", "ratio", 1.4),
    Goal("motion", f"motion, filmed clip, {CLIP}", "ratio", 1.4),
    Goal("replay_run", "replay, run, 10,000 samples of 60 events", "ours", 0.25),
    Goal("replay_run", "replay, run with page, 10,000 samples of 60 events", "ours", 0.25),
    Goal("load", "run, 100,000 samples of 20 events", "memory"),
    Goal("load", "score, 100,000 samples of 20 events", "memory"),
    Goal("load", "compare, 100,000 samples of 20 events", "memory"),
    Goal("start_up", "jumpscore score, 240 videos", "ours", 0.5),
    Goal("start_up", "jumpscore score, 1 video", "ratio"),
    Goal("start_up", "jumpscore report, 1 video", "ratio"),
    Goal("start_up", "jumpscore compare, 1 video", "ratio"),
    Goal("start_up", "model_wrappers.motion: import and first call", "ours", 0.45),
    Goal("miniature", "jumpscore-tiny, 1 thread, 24 clips", "ours", 1.5),
    Goal("miniature", "jumpscore-tiny, default threads, 24 clips", "ratio", 1.0),
    Goal("tracking", "J and F, SA-V object 1, 1920x1080, 40 frames", "ratio"),
    Goal("tracking", "J and F, SA-V object 0, 1920x1080, 40 frames", "ratio"),
    Goal("tracking", "J and F, noise everywhere, 1920x1080, 10 frames", "ratio"),
    Goal("tracespatial", "TraceSpatial sample, 2D and 3D, 640x480, 9 way-points", "ours", 12.5),
    Goal("dense_answers", "event_scores, 2,000 events within 0.3 s, 1,000 answers", "ours"),
    Goal("dense_answers", "event_scores, 2,000 events within 0.3 s, 2,000 answers", "ours"),
    Goal("dense_answers", "event_scores, 2,000 events within 0.3 s, 4,000 answers", "ours"),
    Goal("dense_answers", "ranked_ap over 3,000 s, 10,000 answers and events", "ours"),
    Goal(
        "engine_requests",
        "request to vLLM's engine, 200 requests of 2 frames of 112x84, 4 tokens each",
        "ratio", 1.0,
    ),
    Goal(
        "preparing",
        "motion, prepared by 2 workers, 12 questions about 2 clips of 8 s, 640x360",
        "ratio", 0.5,
    ),
    Goal(
        "preparing",
        "jumpscore-tiny, prepared by 2 workers, 12 questions about 2 clips of 8 s, 640x360",
        "ratio", 0.5,
    ),
)  # fmt: skip
"""The rows of the issue about speed, in its order."""
