"""The video and image benchmarks of the LLaVA-OneVision-2 paper as tasks of lmms-eval 0.7.3."""

from __future__ import annotations

import difflib
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Benchmark:
    """One row of the paper's tables.

    Attributes:
        table: ``1a`` (video) or ``1c`` (image).
        title: Name in the paper.
        task: Task of lmms-eval 0.7.3, or a group of tasks.
        metric: The metric that the paper reports, as lmms-eval names it.
        nearest: Whether the paper used a task that no release has; the numbers then do not follow
            the paper's protocol.
        percent: Whether lmms-eval reports the metric in percent; otherwise it is a fraction.
        judge: Whether scoring calls a language model over the network (needs
            ``task.offline=false`` and a key in the environment; see lmms-eval's documentation).
        note: Further notes for users.
    """

    table: str
    title: str
    task: str
    metric: str
    nearest: bool = False
    percent: bool = False
    judge: bool = False
    note: str = ""

    def about(self) -> str:
        """Return the row in one line."""
        parts = [f"table {self.table}: {self.title}"]
        if self.nearest:
            parts.append("nearest task of the release")
        if self.judge:
            parts.append("scored by a language model over the network")
        return "; ".join([*parts, *filter(None, [self.note])])


BENCHMARKS: tuple[Benchmark, ...] = (
    Benchmark(
        "1a", "VideoMME", "videomme", "videomme_perception_score", percent=True, nearest=True
    ),
    Benchmark(
        "1a",
        "VideoMME (w/ subtitles)",
        "videomme_w_subtitle",
        "videomme_perception_score",
        percent=True,
        nearest=True,
        note="subtitles before the question, the paper's between frames",
    ),
    Benchmark(
        "1a",
        "VideoMME-v2 (w/ subtitles, 64 frames)",
        "videomme_v2_w_subtitle",
        "videomme_v2_overall_score",
        percent=True,
        nearest=True,
        note="subtitles before the question, the paper's between frames",
    ),
    Benchmark("1a", "MLVU-dev", "mlvu_dev", "mlvu_percetion_score", percent=True),
    Benchmark("1a", "LVBench", "lvbench", "lvbench_score"),
    Benchmark("1a", "LongVideoBench", "longvideobench_val_v", "lvb_acc", note="needs decord"),
    Benchmark("1a", "MMVU-val", "mmvu_val", "accuracy", percent=True, judge=True),
    Benchmark(
        "1a", "VideoEval-Pro", "videoevalpro", "videoevalpro_score", nearest=True, judge=True
    ),
    Benchmark(
        "1a", "MMOU", "mmou_test_mini", "mmou_accuracy", percent=True, note="its mini test split"
    ),
    Benchmark(
        "1a",
        "MV-Bench",
        "mvbench",
        "mvbench_accuracy",
        percent=True,
        note="a group of 20 tasks: run each and average",
    ),
    Benchmark("1a", "NextQA", "nextqa_mc_test", "exact_match"),
    Benchmark("1a", "TempCompass-MC", "tempcompass_multi_choice", "avg_accuracy", percent=True),
    Benchmark("1a", "VSI-Bench", "vsibench", "vsibench_overall"),
    Benchmark("1a", "ReVSI", "revsi", "overall_acc"),
    Benchmark("1a", "TimeLens-Charades", "timelens_charades", "timelens_mIOU"),
    Benchmark("1a", "TimeLens-ActivityNet", "timelens_activitynet", "timelens_mIOU"),
    Benchmark("1a", "TimeLens-QVHighlights", "timelens_qvhighlights", "timelens_mIOU"),
    Benchmark("1a", "JumpScore", "JumpScore", "jumpscore_map"),
    Benchmark("1c", "MMStar", "mmstar", "average"),
    Benchmark("1c", "MMBench_en", "mmbench_en_dev", "gpt_eval_score", percent=True, judge=True),
    Benchmark("1c", "DocVQA", "docvqa_val", "anls"),
    Benchmark("1c", "ChartQA", "chartqa", "relaxed_overall"),
    Benchmark("1c", "InfoVQA", "infovqa_val", "anls"),
    Benchmark("1c", "OCRBench", "ocrbench", "ocrbench_accuracy"),
    Benchmark("1c", "AI2D", "ai2d", "exact_match"),
    Benchmark("1c", "V*", "vstar_bench", "vstar_overall_acc", percent=True),
    Benchmark("1c", "CountBench", "countbenchqa", "acc"),
    Benchmark("1c", "Pixmo_Count", "pixmo_count", "acc"),
    Benchmark("1c", "RealWorldQA", "realworldqa", "exact_match"),
)
"""In the order of the paper."""

BY_TASK: dict[str, Benchmark] = {benchmark.task: benchmark for benchmark in BENCHMARKS}


def in_the_paper(name: str) -> Benchmark | None:
    """Return the row whose title in the paper is closest to a name, or ``None``.

    >>> in_the_paper("DocVQA").task, in_the_paper("video-mme").task
    ('docvqa_val', 'videomme')
    >>> in_the_paper("cooking") is None
    True
    """
    titles = {benchmark.title.lower(): benchmark for benchmark in BENCHMARKS}
    similar = difflib.get_close_matches(name.lower(), titles, n=1, cutoff=0.8)
    return titles[similar[0]] if similar else None
