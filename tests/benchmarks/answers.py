"""Made-up data sets without videos, and answers to them."""

from __future__ import annotations

import json
import random
from pathlib import Path

from jumpscore.data.layout import QUESTION, Manifest, Row, write_set


def make_answers(folder: Path, samples: int, events: int) -> tuple[Path, Path]:
    """Write a data set without videos and answers to it; return both."""
    generator = random.Random(0)
    rows, videos, lines = [], {}, []
    for number in range(samples):
        truth, moment = [], generator.uniform(0, 2)
        for _ in range(events):
            truth.append(round(moment, 2))
            moment += generator.uniform(0.32, 0.5) if generator.random() < 0.9 else 4.0
        answer = [round(t + generator.gauss(0, 0.08), 2) for t in truth if generator.random() < 0.9]
        answer += [round(generator.uniform(0, moment), 2) for _ in range(4)]
        row = Row(f"s{number}", f"videos/s{number}.mp4", QUESTION, json.dumps(truth))
        rows.append(row)
        videos[row.id] = {"duration": moment + 1}
        lines.append(json.dumps({"id": row.id, "text": json.dumps(sorted(answer))}))
    folder.mkdir(exist_ok=True)
    write_set(folder / "set", rows, Manifest("many", synthetic=True, videos=videos))
    answers = folder / "answers.jsonl"
    answers.write_text("\n".join(lines))
    return folder / "set", answers
