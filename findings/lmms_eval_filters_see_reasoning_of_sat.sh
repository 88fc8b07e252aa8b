#!/usr/bin/env bash
# lmms-eval 0.7.3, SAT (MetaVQA has the same filter): the answer is extracted before reasoning tags are
# removed. The command removes <think>...</think> by default (--reasoning_tags), but only after a task's
# filters have run, and this filter deletes punctuation, including the brackets of the tags, and keeps
# the first word. So "<think>The chair is nearer.</think>A" becomes "thinkThe", and a right answer of a
# reasoning model scores 0. Expected: "A", as in tasks that extract the answer in process_results.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check datasets==5.2.0
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-deps lmms-eval==0.7.3
cd "$folder"
"$folder/venv/bin/python" - <<'PYTHON'
import json
import re
import sys
from importlib.metadata import distribution, version
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

from lmms_eval.api.reasoning import parse_reasoning_tags_config, strip_reasoning_tags

# A few files alone, since importing the packages around them needs sixty others.
files = distribution("lmms-eval")
sys.modules["lmms_eval.filters"] = filters = ModuleType("lmms_eval.filters")
filters.__path__ = [str(files.locate_file("lmms_eval/filters"))]
spec = spec_from_file_location("sat", files.locate_file("lmms_eval/tasks/sat/utils.py"))
task = module_from_spec(spec)
spec.loader.exec_module(task)
command = Path(files.locate_file("lmms_eval/__main__.py")).read_text()
[default] = re.findall(r'"--reasoning_tags",\s+type=str,\s+default=\'(.*)\'', command)
tags = parse_reasoning_tags_config(cli_value=default)

document = {"question": "Which is nearer?", "answers": ["chair", "table"], "correct_answer_idx": 0}
answer = "<think>The chair is nearer.</think>A"
[filtered] = task.MultiChoiceRegexFilter().apply([[answer]], [document])
scored = strip_reasoning_tags(filtered, tags)
other_order = task.MultiChoiceRegexFilter().apply([[strip_reasoning_tags(answer, tags)]], [document])
print("lmms-eval", version("lmms-eval"), json.dumps(
    {"answer": answer, "scored": scored, "tags removed first": other_order[0]}
))
assert task.sat_doc_to_target(document) == "A"
assert (scored, other_order) == ("thinkThe", ["A"]), (scored, other_order)

# The order in the evaluator: filters first, tags when a document is scored.
evaluator = Path(files.locate_file("lmms_eval/evaluator.py")).read_text()
assert evaluator.index("task.apply_filters()") < evaluator.index("_process_document_results(\n")
PYTHON
