"""The published spatial benchmarks, one row each.

Splits and columns are facts of lmms-eval 0.7.3's tasks.
"""

from __future__ import annotations

from dataclasses import replace

from evaluators.spatial import prompts
from evaluators.spatial.formats import UNVERIFIED, QuestionFormat, SpatialBenchmark

NO_CONVENTION = "the prompt names no coordinate convention: the model's wrapper must state one"

VSI_NUMBERS = (
    "object_abs_distance",
    "object_counting",
    "object_size_estimation",
    "room_size_estimation",
)
VSI_DIRECTIONS = tuple(f"object_rel_direction_{level}" for level in ("easy", "medium", "hard"))
VSI_CHOICES = (*VSI_DIRECTIONS, "object_rel_distance", "route_planning", "obj_appearance_order")
REVSI_FAMILIES = {
    f"{family}_{part}": family
    for family, parts in {
        "object_rel_direction": ("forward_easy", "backward_easy", "forward_hard", "backward_hard"),
        "object_rel_distance": ("closest", "farthest"),
        "object_counting": ("single", "multiple"),
        "room_size_estimation": ("single", "multiple"),
    }.items()
    for part in parts
}
REVSI_NUMBERS = (
    "object_counting_single",
    "object_counting_multiple",
    "object_abs_distance",
    "object_size_estimation",
    "room_size_estimation_single",
    "room_size_estimation_multiple",
)
REVSI_CHOICES = (
    *(name for name in REVSI_FAMILIES if name.startswith("object_rel_")),
    "route_planning",
)


def _letter_in(column: str, answer: str) -> QuestionFormat:
    """Return the format of rows whose question lists the options and asks for the letter."""
    prompt = f"{{{column}!t}}\n{prompts.ONLY_LETTER}"
    return QuestionFormat("choice", prompt, answer=answer, listed_in=column, listing=column)


def _about_videos(
    numbers: tuple[str, ...], choices: tuple[str, ...], *, ask_number: str
) -> dict[str, QuestionFormat]:
    number = QuestionFormat(
        "number", f"{prompts.FRAMES}\n{{question}}\n{ask_number}", answer="ground_truth"
    )
    choice = QuestionFormat(
        "choice",
        f"{prompts.FRAMES}\n{{question}}\nOptions:\n{{options!o}}\n{prompts.LETTER}",
        answer="ground_truth",
        options="options",
        option_form="{words}",
    )
    return dict.fromkeys(numbers, number) | dict.fromkeys(choices, choice)


def _refcoco(name: str, title: str, split: str) -> SpatialBenchmark:
    return SpatialBenchmark(
        name=f"{name}_{split}",
        title=f"{title}, {split}: a box around what is described",
        repository=f"lmms-lab-encoder/{title.replace('+', 'plus')}",
        formats=QuestionFormat("box", prompts.REFCOCO_BOX, answer="bbox"),
        images=("image",),
        splits=(split,),
        reference="refcoco",
        patterns=(f"*{split}-*.parquet",),
        note=f"{NO_CONVENTION}; {UNVERIFIED}",
    )


def _revsi(frames: str) -> SpatialBenchmark:
    return SpatialBenchmark(
        name=f"revsi_{frames}",
        title=f"ReVSI, {frames} frames",
        repository="3dlg-hcvc/ReVSI",
        formats=_about_videos(
            REVSI_NUMBERS,
            REVSI_CHOICES,
            ask_number="Answer the question using a single integer or decimal number.",
        ),
        kind="question_type",
        video="{num_frames}_frame/{scene_id}.mp4",
        where=("num_frames", frames),
        group="question_type",
        families=REVSI_FAMILIES,
        grouped=True,
        reference="revsi",
    )


def _cv_bench(kind: str, title: str) -> SpatialBenchmark:
    prompt = f"{prompts.ONLY_LETTERS}\n{{prompt}}"
    return SpatialBenchmark(
        name=f"cv_bench_{kind.lower()}",
        title=f"CV-Bench {kind}: {title}",
        repository="nyu-visionx/CV-Bench",
        formats=QuestionFormat("choice", prompt, answer="answer", options="choices"),
        images=("image",),
        splits=(f"test_{kind.lower()}",),
        where=("type", kind),
        group="task",
        reference="cv_bench",
        patterns=(f"test_{kind.lower()}.parquet",),
        licence="Apache-2.0",
    )


_POINTBENCH_POINT = QuestionFormat(
    "first_point",
    prompts.POINTBENCH_POINTS,
    mask="mask_filename",
    mask_as="file",
    convention="relative_1000",
)
_CROSSPOINT_POINT = QuestionFormat(
    "first_point", prompts.CROSSPOINT_POINT, mask="answer", mask_as="base64", mask_above=128
)
_CROSSPOINT_CHOICE = QuestionFormat("choice", "{question}", answer="answer", listed_in="question")

BENCHMARKS: tuple[SpatialBenchmark, ...] = (
    SpatialBenchmark(
        name="where2place",
        title="Where2Place: point to free space",
        repository="FlagEval/Where2Place",
        formats=QuestionFormat(
            "points",
            f"{{question}} {prompts.UNIT_POINTS} {prompts.ONLY_TUPLES}",
            mask="mask",
            convention="unit",
        ),
        images=("image",),
        reference="points_in_mask",
    ),
    SpatialBenchmark(
        name="refspatial",
        title="RefSpatial-Bench: point to what is described",
        repository="BAAI/RefSpatial-Bench",
        formats=QuestionFormat(
            "points",
            f"{{prompt}} {{suffix}} {prompts.ONLY_TUPLES}",
            mask="mask",
            convention="unit",
        ),
        images=("image",),
        splits=("location", "placement", "unseen"),
        group="split",
        reference="points_in_mask",
    ),
    SpatialBenchmark(
        name="pointbench",
        title="PointBench: point, and point to every one",
        repository="PointArena/pointarena-data",
        formats={
            "counting": replace(_POINTBENCH_POINT, rule="count", answer="count"),
            "": _POINTBENCH_POINT,
        },
        kind="category",
        images=("image_filename",),
        splits=("data",),
        group="category",
        reference="pointbench",
        patterns=("data.json", "selected_images.zip", "selected_masks.zip"),
    ),
    SpatialBenchmark(
        name="robospatial",
        title="RoboSpatial-Home: points, yes or no",
        repository="chanhee-luke/RoboSpatial-Home",
        formats={
            "context": QuestionFormat(
                "points",
                prompts.ROBOSPATIAL_POINTS,
                mask="mask",
                mask_above=0,
                convention="relative_1000",
            ),
            "": QuestionFormat(
                "word", prompts.ROBOSPATIAL_WORD, answer="answer", options=("yes", "no")
            ),
        },
        kind="category",
        images=("img",),
        splits=("compatibility", "configuration", "context"),
        group="category",
        reference="robospatial",
        remove=prompts.ROBOSPATIAL_OWN,
    ),
    SpatialBenchmark(
        name="crosspoint",
        title="CrossPoint-Bench: points and choices across views",
        repository="WangYipu2002/CrossPoint-Bench",
        formats={
            "Fine-grained Grounding": _CROSSPOINT_POINT,
            "Correspondence-Pointing": _CROSSPOINT_POINT,
            "Visibility Reasoning": _CROSSPOINT_CHOICE,
            "Correspondence-Judgement": _CROSSPOINT_CHOICE,
        },
        kind="type",
        images=("images",),
        splits=(None,),
        group="type",
        reference="crosspoint",
        patterns=("CrossPoint-Bench.jsonl", "image/*"),
        note=f"{NO_CONVENTION}; {UNVERIFIED}",
    ),
    _refcoco("refcoco", "RefCOCO", "test"),
    _refcoco("refcoco", "RefCOCO", "testA"),
    _refcoco("refcoco", "RefCOCO", "testB"),
    _refcoco("refcoco_plus", "RefCOCO+", "testA"),
    _refcoco("refcoco_plus", "RefCOCO+", "testB"),
    _refcoco("refcocog", "RefCOCOg", "test"),
    SpatialBenchmark(
        name="vsibench",
        title="VSI-Bench: 5,130 questions about 288 videos of rooms",
        repository="nyu-visionx/VSI-Bench",
        formats=_about_videos(
            VSI_NUMBERS,
            VSI_CHOICES,
            ask_number="Please answer the question using a single word or phrase.",
        ),
        kind="question_type",
        video="{dataset}/{scene_name}.mp4",
        group="question_type",
        families=dict.fromkeys(VSI_DIRECTIONS, "object_rel_direction"),
        grouped=True,
        reference="vsibench",
        patterns=("test-*.parquet", "test.jsonl", "*.zip"),
        licence="Apache-2.0",
    ),
    _revsi("16"),
    _revsi("32"),
    _revsi("64"),
    _revsi("all"),
    SpatialBenchmark(
        name="sat",
        title="SAT: questions about images and motion between them",
        repository="nv-njb/SAT",
        formats=QuestionFormat(
            "choice",
            prompts.SAT_CHOICE,
            answer="correct_answer_idx",
            options="answers",
            listing="question",
        ),
        images=("image_bytes",),
        reference="sat",
    ),
    SpatialBenchmark(
        name="embspatial",
        title="EmbSpatial-Bench: spatial relations",
        repository="FlagEval/EmbSpatial-Bench",
        formats=QuestionFormat(
            "choice",
            prompts.EMBSPATIAL_CHOICE,
            answer="answer",
            options="answer_options",
            option_form="{letter}) {words}",
        ),
        images=("image",),
        group="relation",
        reference="embspatial",
    ),
    _cv_bench("2D", "counts and relations"),
    _cv_bench("3D", "depth and distance"),
    SpatialBenchmark(
        name="blink",
        title="BLINK: 14 sub-tasks of perception",
        repository="BLINK-Benchmark/BLINK",
        formats=QuestionFormat(
            "choice", f"{prompts.ONLY_LETTERS}{{prompt}}", answer="answer", options="choices"
        ),
        images=("image_1", "image_2", "image_3", "image_4"),
        splits=("val",),
        group="sub_task",
        reference="blink",
    ),
    SpatialBenchmark(
        name="crpe",
        title="CRPE, relations",
        repository="nv-njb/CRPE",
        formats=_letter_in("text", "correct_option"),
        images=("image",),
        remove=(prompts.ONLY_LETTER,),
        reference="crpe",
    ),
    SpatialBenchmark(
        name="metavqa",
        title="MetaVQA: questions about driving scenes",
        repository=None,
        formats=_letter_in("question", "answer"),
        images=("obs",),
        remove=(prompts.ONLY_LETTER,),
        reference="metavqa",
        note="its rows are the JSONL of nv-njb/MetaVQA-MCQ, its images the folder obs of "
        f"Weizhen011210/MetaVQA-Eval, both on the hub: put them into one folder; {UNVERIFIED}",
    ),
    SpatialBenchmark(
        name="erqa",
        title="ERQA: embodied reasoning",
        repository="FlagEval/ERQA",
        formats=QuestionFormat("choice", "{question}", answer="answer", listed_in="question"),
        images=("images",),
        group="question_type",
        reference="erqa",
    ),
    SpatialBenchmark(
        name="mmsi_bench",
        title="MMSI-Bench: reasoning over several images",
        repository="RunsenXu/MMSI-Bench",
        formats=QuestionFormat(
            "choice",
            f"{{question!t}}\n{prompts.LETTER} Enclose the option's letter within ``.",
            answer="answer",
            listed_in="question",
        ),
        images=("images",),
        splits=(None,),
        group="question_type",
        reference="mmsi_bench",
    ),
)
"""To add a benchmark, add a row."""
