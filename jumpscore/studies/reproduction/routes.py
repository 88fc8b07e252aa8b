"""How each benchmark of the paper is run here: task, data set and metric."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from evaluators.lmms.benchmarks import BENCHMARKS, Benchmark
from jumpscore.studies.reproduction.published import PublishedValue

LMMS = "lmms"
IMAGE_TABLES = ("1b", "1c")
"""Tables whose benchmarks show images."""
GROUPS = {"mvbench": "a group of 20 tasks of lmms-eval, and a run asks one task: run each, average"}
"""Tasks of lmms-eval that one run cannot ask, and why."""


@dataclass(frozen=True, slots=True)
class Route:
    """How a benchmark is run here.

    Attributes:
        task: Task of this package.
        data: Data set, or the task of lmms-eval if ``task`` is ``lmms``.
        metric: Metric of a result that corresponds to the published one.
        percent: Whether a result has the metric in percent; otherwise it is a fraction.
        video: Whether the benchmark shows videos; otherwise images.
        options: Further options of the task, as ``key=value``.
        questions: Number of questions, as the owners of the data set publish it; ``None`` if
            unknown.
        nearest: Whether it is not the paper's task but the nearest one of lmms-eval 0.7.3.
        obstacle: Why one command cannot run it; empty if it can.
        note: A note for readers, or empty.
    """

    task: str
    data: str
    metric: str
    percent: bool = False
    video: bool = True
    options: tuple[str, ...] = ()
    questions: int | None = None
    nearest: bool = False
    obstacle: str = ""
    note: str = ""

    @property
    def words(self) -> tuple[str, ...]:
        """Words of ``jumpscore run`` that choose the task and its data."""
        key = "benchmark" if self.task == LMMS else "data"
        return (f"task={self.task}", f"task.{key}={self.data}", *self.options)


def _timelens(split: str, questions: int) -> Route:
    return Route("timelens", f"timelens_{split}", "miou_reference_lmms", questions=questions)


def _choices(name: str, note: str = "") -> Route:
    return Route("spatial", name, "accuracy_reference_lmms", video=False, note=note)


def _tracking(name: str, metric: str) -> Route:
    # SAM 2.1 makes masks of the points, so that one run has both metrics.
    return Route("tracking", name, metric, options=("task.segmenter=sam2",))


_OVERALL = "overall_reference_lmms"
_TRACKED = {
    "DAVIS": "ref_davis17",
    "MeViS_U": "mevis_valid_u",
    "ReVOS-ref": "revos_referring",
    "ReVOS-reason": "revos_reasoning",
}
OWN: dict[tuple[str, str], Route] = {
    ("JumpScore", "mAP"): Route("jumpscore", "published", "map_reference", questions=240),
    ("TimeLens-Charades", "mIoU"): _timelens("charades", 3363),
    ("TimeLens-ActivityNet", "mIoU"): _timelens("activitynet", 4299),
    ("TimeLens-QVHighlights", "mIoU"): _timelens("qvhighlights", 1532),
    ("VSI-Bench", "score"): Route("spatial", "vsibench", _OVERALL, questions=5130),
    ("ReVSI", "score"): Route(
        "spatial", "revsi_64", _OVERALL, note="its questions for 64 frames; the paper names no part"
    ),
    **{
        (benchmark, "score"): _choices(name)
        for benchmark, name in {
            "CRPE": "crpe",
            "ERQA": "erqa",
            "CV-Bench 2D": "cv_bench_2d",
            "CV-Bench 3D": "cv_bench_3d",
            "EmbSpatial": "embspatial",
            "SAT": "sat",
            "MMSI-Bench": "mmsi_bench",
            "BLINK": "blink",
        }.items()
    },
    ("MetaVQA", "score"): _choices("metavqa", "its files come from two places, see data info"),
    ("CrossPoint", "score"): Route(
        "spatial", "crosspoint", "score_reference_lmms", video=False
    ),
    ("TraceSpatial-3D", "success_3d"): Route(
        "traces", "tracespatial_3d", "success_reference", video=False, questions=100
    ),
    **{(b, "F1_point"): _tracking(name, "point_f1_reference") for b, name in _TRACKED.items()},
    **{(b, "J&F"): _tracking(name, "j_and_f_reference") for b, name in _TRACKED.items()},
}  # fmt: skip
"""Benchmarks with a task of this package: (benchmark, metric) -> route."""

QUESTIONS = {
    "videomme": 2700,
    "videomme_w_subtitle": 2700,
    "lvbench": 1549,
    "longvideobench_val_v": 1337,
    "mmvu_val": 1000,
    "videoevalpro": 1289,
    "nextqa_mc_test": 8564,
    "tempcompass_multi_choice": 1580,
}
"""Questions of tasks of lmms-eval about videos, where the owners publish the number."""
BY_LENGTH = "the guide has three commands, by length of the video: {} frames"
NOTES = {
    "videomme": BY_LENGTH.format("128, 256, 640"),
    "videomme_w_subtitle": BY_LENGTH.format("128, 448, 640"),
}
"""Notes on tasks of lmms-eval that concern the paper's settings."""
PARTS = {"videoevalpro_score": "videoevalpro_score.overall"}
"""Metrics of lmms-eval that are mappings -> the part that the paper reports."""


@cache
def _by_benchmark() -> dict[tuple[str, str], Benchmark]:
    return {(benchmark.table, benchmark.title): benchmark for benchmark in BENCHMARKS}


def route_of(value: PublishedValue) -> Route:
    """Return how the benchmark of a published value is run here.

    >>> from jumpscore.studies.reproduction.published import table_values
    >>> route_of(table_values("1a")[0]).words
    ('task=lmms', 'task.benchmark=videomme')

    Raises:
        KeyError: The benchmark is in neither table.
    """
    own = OWN.get((value.benchmark, value.metric))
    if own is not None:
        return own
    benchmark = _by_benchmark()[value.table, value.benchmark]
    obstacle = GROUPS.get(benchmark.task, "")
    note = "" if obstacle else benchmark.note
    judge = "a language model scores over the network: add task.offline=false" * benchmark.judge
    return Route(
        LMMS,
        benchmark.task,
        PARTS.get(benchmark.metric, benchmark.metric),
        percent=benchmark.percent,
        video=value.table not in IMAGE_TABLES,
        questions=QUESTIONS.get(benchmark.task),
        nearest=benchmark.nearest,
        obstacle=obstacle,
        note="; ".join(filter(None, [note, NOTES.get(benchmark.task), judge])),
    )
