"""Prompts of the published benchmarks, to the letter, as formats over the columns of a row.

They are facts of lmms-eval 0.7.3's tasks.
"""

from __future__ import annotations

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
"""Ends of its questions, which the prompts above replace."""
CAMERA = (
    "When multiple images are provided, You want to realize that when camera moves left, the "
    "objects in the image move right, and vice versa. And when you are asked about the movement of "
    "the same object captured in different images, you can compare the position of the object "
    "relative to other objects in the image to answer the question.\n"
)
POINTBENCH_POINTS = (
    f"{{user_input!t}} {GRID_POINTS} Return only list of tuples, do not add anything else."
)
EMBSPATIAL_CHOICE = (
    "Note: You only need to respond with A, B, C, D without providing any additional information.\n"
    "{question}\n{answer_options!o}"
)
REFCOCO_BOX = (
    "Locate every object that matches the description {answer!q} in the image. Report bbox "
    "coordinates in JSON format."
)
CROSSPOINT_POINT = "{question} Output the point coordinates in JSON format."
SAT_CHOICE = (
    f"{{question!t}}\n{CAMERA}\n{{answers!o}}\n\n"
    "Only output the letter of the correct option and nothing else."
)
