"""Run the benchmarks with the given names, or all of them."""

from __future__ import annotations

import sys

from tests.benchmarks import (
    annotation_server,
    cluster_simulation,
    comparison_page,
    dense_answers,
    engine_requests,
    leaderboard,
    load,
    long_pages,
    motion,
    preparing,
    reference_map,
    replay_run,
    reproduce,
    served_requests,
    significance,
    small_greedy,
    start_up,
    tracespatial,
    tracking,
    trainings,
    vision_tower,
    visual_input,
)

ALL = {
    "reference_map": reference_map.main,
    "dense_answers": dense_answers.main,
    "start_up": start_up.main,
    "replay_run": replay_run.main,
    "reproduce": reproduce.main,
    "served_requests": served_requests.main,
    "engine_requests": engine_requests.main,
    "motion": motion.main,
    "preparing": preparing.main,
    "visual_input": visual_input.main,
    "tracespatial": tracespatial.main,
    "vision_tower": vision_tower.main,
    "small_greedy": small_greedy.main,
    "tracking": tracking.main,
    "comparison_page": comparison_page.main,
    "long_pages": long_pages.main,
    "load": load.main,
    "significance": significance.main,
    "trainings": trainings.main,
    "leaderboard": leaderboard.main,
    "annotation_server": annotation_server.main,
    "cluster_simulation": cluster_simulation.main,
}


def main() -> None:
    for name in sys.argv[1:] or ALL:
        if name not in ALL:
            sys.exit(f"unknown benchmark {name!r}; known: {', '.join(ALL)}")
        print(f"--- {name}")
        ALL[name]()


if __name__ == "__main__":
    main()
