#!/usr/bin/env bash
# inspect_ai 0.3.285: the mock model downloads a tokenizer. A task over `mockllm/model` with an output
# of its own counts tokens with tiktoken's o200k_base, which is fetched on first use, unless the output
# states its usage. Without a network every sample fails with a connection error.
# One would expect that a model for tests needs no network: it has no tokenizer to be exact about.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet inspect_ai==0.3.285
cd "$folder"
# A proxy that is not there and an empty cache stand for a machine without a network.
HTTPS_PROXY=http://127.0.0.1:9 TIKTOKEN_CACHE_DIR="$folder/cache" venv/bin/python - <<'PYTHON'
from importlib.metadata import version

from inspect_ai import Task, eval
from inspect_ai.dataset import Sample
from inspect_ai.model import ModelOutput, ModelUsage, get_model

print("inspect_ai", version("inspect_ai"))
answered = {}
for usage in (None, ModelUsage(input_tokens=1, output_tokens=1, total_tokens=2)):
    output = ModelOutput.from_content("mockllm/model", "[1.0]")
    output.usage = usage
    [log] = eval(
        Task(dataset=[Sample(id="a", input="When?", target="x")]),
        model=get_model("mockllm/model", custom_outputs=[output]),
        display="none",
        log_dir="logs",
    )
    samples = log.samples or []
    answered[usage is not None] = bool(samples) and samples[0].output.completion == "[1.0]"
    error = log.error.message[:100] if log.error else None
    print(f"usage stated: {usage is not None}; status: {log.status}; error: {error}")
assert answered == {False: False, True: True}, "the behaviour has changed"
PYTHON
