"""How each published spatial benchmark reads: its columns, its prompts, its rules.

Splits, columns and prompts are facts of lmms-eval 0.7.3's tasks.
"""

from __future__ import annotations

from dataclasses import replace

from evaluators.spatial.columns import Columns, Reading

TUPLES = (
    "Your answer should be formatted as a list of tuples, i.e. [(x1, y1), (x2, y2), ...], where "
    "each tuple contains the x and y coordinates of a point satisfying the conditions above. "
)
UNIT_POINTS = (
    TUPLES + "The coordinates should be between 0 and 1, indicating the normalized pixel locations "
    "of the points in the image."
)
GRID_POINTS = (
    TUPLES + "The coordinates should be integers between 0 and 999, representing the pixel "
    "locations scaled to a 1000x1000 grid."
)
ONLY_TUPLES = "Return only list of tuples, don't add anything else."
ONLY_LETTER = "Please answer directly with only the letter of the correct option and nothing else."
ONLY_LETTERS = (
    "Note: You only need to respond with {choices!l} without providing any additional "
    "information.\n"
)
LETTER = "Answer with the option's letter from the given choices directly."
FRAMES = "These are frames of a video."
ROBOSPATIAL_POINTS = (
    "{question!c}\nYour task is to identify specific points in the image based on the question. "
    "Respond with a brief explanation if needed, followed by a list of 2D point coordinates.\n\n"
    "    The points should be in JSON format and normalized to the range [0, 1000].\n\n"
    "    Do not include additional text after this line.\n    "
)
ROBOSPATIAL_WORD = (
    "{question!c}\nYour task is to answer the question above. Respond with a brief explanation if "
    "needed, followed by a yes or no answer in the last line of your response.\n\n"
    "    Format your final answer strictly as follows on the last line of your response:\n"
    "    Answer: yes or no\n\n"
    "    Do not include additional text after this line.\n    "
)
ROBOSPATIAL_OWN = (
    "Your answer should be formatted as a list of tuples, i.e. [(x1, y1), ...], where each tuple "
    "contains the x and y coordinates of a point satisfying the conditions above. The coordinates "
    "should be between 0 and 1, indicating the normalized pixel locations of the points.",
    "Answer yes or no.",
)
"""What its questions end with, which the prompts above say in another way."""
CAMERA = (
    "When multiple images are provided, You want to realize that when camera moves left, the "
    "objects in the image move right, and vice versa. And when you are asked about the movement of "
    "the same object captured in different images, you can compare the position of the object "
    "relative to other objects in the image to answer the question.\n"
)

REFCOCO_SPLITS = {
    "refcoco": ("test", "testA", "testB"),
    "refcoco_plus": ("testA", "testB"),
    "refcocog": ("test",),
}
REFCOCO_TITLES = {"refcoco": "RefCOCO", "refcoco_plus": "RefCOCO+", "refcocog": "RefCOCOg"}
REVSI_FRAMES = ("16", "32", "64", "all")
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


def _video_readings(
    numbers: tuple[str, ...], choices: tuple[str, ...], *, ask_number: str
) -> dict[str, Reading]:
    number = Reading("number", f"{FRAMES}\n{{question}}\n{ask_number}", answer="ground_truth")
    choice = Reading(
        "choice",
        f"{FRAMES}\n{{question}}\nOptions:\n{{options!o}}\n{LETTER}",
        answer="ground_truth",
        options="options",
        option_form="{words}",
    )
    return dict.fromkeys(numbers, number) | dict.fromkeys(choices, choice)


def _one(reading: Reading) -> dict[str, Reading]:
    return {"": reading}


POINTBENCH_PROMPT = (
    f"{{user_input!t}} {GRID_POINTS} Return only list of tuples, do not add anything else."
)
POINTBENCH_POINT = Reading(
    "first_point",
    POINTBENCH_PROMPT,
    mask="mask_filename",
    mask_as="file",
    convention="relative_1000",
)
CROSSPOINT_POINT = Reading(
    "first_point",
    "{question} Output the point coordinates in JSON format.",
    mask="answer",
    mask_as="base64",
    mask_above=128,
)
CROSSPOINT_CHOICE = Reading("choice", "{question}", answer="answer", listed_in="question")
REFCOCO = Columns(
    _one(
        Reading(
            "box",
            "Locate every object that matches the description {answer!q} in the image. Report bbox "
            "coordinates in JSON format.",
            answer="bbox",
        )
    ),
    images=("image",),
    reference="refcoco",
)


def _of_split(columns: Columns, split: str) -> Columns:
    return replace(columns, splits=(split,))


def _cv_bench(kind: str) -> Columns:
    return Columns(
        _one(
            Reading(
                "choice",
                f"{ONLY_LETTERS}\n{{prompt}}",
                answer="answer",
                options="choices",
            )
        ),
        images=("image",),
        splits=(f"test_{kind.lower()}",),
        where=("type", kind),
        group="task",
        reference="cv_bench",
    )


def _revsi(frames: str) -> Columns:
    readings = _video_readings(
        REVSI_NUMBERS,
        REVSI_CHOICES,
        ask_number="Answer the question using a single integer or decimal number.",
    )
    return Columns(
        readings,
        kind="question_type",
        video="{num_frames}_frame/{scene_id}.mp4",
        where=("num_frames", frames),
        group="question_type",
        families=REVSI_FAMILIES,
        grouped=True,
        reference="revsi",
    )


def _letter_in(column: str, answer: str) -> dict[str, Reading]:
    """Return how rows are read whose question lists the options and asks for the letter."""
    prompt = f"{{{column}!t}}\n{ONLY_LETTER}"
    return _one(Reading("choice", prompt, answer=answer, listed_in=column, listing=column))


COLUMNS: dict[str, Columns] = {
    "where2place": Columns(
        _one(
            Reading(
                "points",
                f"{{question}} {UNIT_POINTS} {ONLY_TUPLES}",
                mask="mask",
                convention="unit",
            )
        ),
        images=("image",),
        reference="points_in_mask",
    ),
    "refspatial": Columns(
        _one(
            Reading(
                "points", f"{{prompt}} {{suffix}} {ONLY_TUPLES}", mask="mask", convention="unit"
            )
        ),
        images=("image",),
        splits=("location", "placement", "unseen"),
        group="split",
        reference="points_in_mask",
    ),
    "pointbench": Columns(
        {"counting": replace(POINTBENCH_POINT, rule="count", answer="count"), "": POINTBENCH_POINT},
        kind="category",
        images=("image_filename",),
        splits=("data",),
        group="category",
        reference="pointbench",
    ),
    "robospatial": Columns(
        {
            "context": Reading(
                "points",
                ROBOSPATIAL_POINTS,
                mask="mask",
                mask_above=0,
                convention="relative_1000",
            ),
            "": Reading("word", ROBOSPATIAL_WORD, answer="answer", options=("yes", "no")),
        },
        kind="category",
        images=("img",),
        splits=("compatibility", "configuration", "context"),
        group="category",
        reference="robospatial",
        remove=ROBOSPATIAL_OWN,
    ),
    "crosspoint": Columns(
        {
            "Fine-grained Grounding": CROSSPOINT_POINT,
            "Correspondence-Pointing": CROSSPOINT_POINT,
            "Visibility Reasoning": CROSSPOINT_CHOICE,
            "Correspondence-Judgement": CROSSPOINT_CHOICE,
        },
        kind="type",
        images=("images",),
        splits=(None,),
        group="type",
        reference="crosspoint",
    ),
    **{
        f"{name}_{split}": _of_split(REFCOCO, split)
        for name, splits in REFCOCO_SPLITS.items()
        for split in splits
    },
    "vsibench": Columns(
        _video_readings(
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
    ),
    **{f"revsi_{frames}": _revsi(frames) for frames in REVSI_FRAMES},
    "sat": Columns(
        _one(
            Reading(
                "choice",
                f"{{question!t}}\n{CAMERA}\n{{answers!o}}\n\n"
                "Only output the letter of the correct option and nothing else.",
                answer="correct_answer_idx",
                options="answers",
                listing="question",
            )
        ),
        images=("image_bytes",),
        reference="sat",
    ),
    "embspatial": Columns(
        _one(
            Reading(
                "choice",
                "Note: You only need to respond with A, B, C, D without providing any additional "
                "information.\n{question}\n{answer_options!o}",
                answer="answer",
                options="answer_options",
                option_form="{letter}) {words}",
            )
        ),
        images=("image",),
        group="relation",
        reference="embspatial",
    ),
    "cv_bench_2d": _cv_bench("2D"),
    "cv_bench_3d": _cv_bench("3D"),
    "blink": Columns(
        _one(Reading("choice", f"{ONLY_LETTERS}{{prompt}}", answer="answer", options="choices")),
        images=("image_1", "image_2", "image_3", "image_4"),
        splits=("val",),
        group="sub_task",
        reference="blink",
    ),
    "crpe": Columns(
        _letter_in("text", "correct_option"),
        images=("image",),
        remove=(ONLY_LETTER,),
        reference="crpe",
    ),
    "metavqa": Columns(
        _letter_in("question", "answer"),
        images=("obs",),
        remove=(ONLY_LETTER,),
        reference="metavqa",
    ),
    "erqa": Columns(
        _one(Reading("choice", "{question}", answer="answer", listed_in="question")),
        images=("images",),
        group="question_type",
        reference="erqa",
    ),
    "mmsi_bench": Columns(
        _one(
            Reading(
                "choice",
                f"{{question!t}}\n{LETTER} Enclose the option's letter within ``.",
                answer="answer",
                listed_in="question",
            )
        ),
        images=("images",),
        splits=(None,),
        group="question_type",
        reference="mmsi_bench",
    ),
}
"""How each set's published table is read."""
