#!/usr/bin/env bash
# PyYAML 6.0.4: a plain scalar that looks like a date but is not in the calendar raises a plain
# ValueError, not a yaml.YAMLError, in all loaders that build dates. "released: 2026-02-30" passes
# through a handler for YAMLError, the class that the documentation says to catch, and the message names
# neither the line nor the value. In quotation marks the same scalar loads as a text.
# Expected: a ConstructorError with the line and column, as for other scalars that cannot be built.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check PyYAML==6.0.4
cd "$folder"
"$folder/venv/bin/python" - <<'PYTHON'
import yaml

print("PyYAML", yaml.__version__)
for text in ("released: 2026-02-30", "clip: 2026-13-01", "start: 2026-01-01 24:00:00"):
    assert isinstance(yaml.compose(text), yaml.MappingNode)  # the YAML itself is valid
    for loader in (yaml.SafeLoader, yaml.FullLoader, yaml.UnsafeLoader, yaml.CSafeLoader):
        try:
            yaml.load(text, loader)
        except yaml.YAMLError as error:
            raise AssertionError(f"{loader.__name__} raises a YAMLError now") from error
        except ValueError as error:
            message = str(error)
        else:
            raise AssertionError(f"{loader.__name__} accepts {text!r} now")
        assert "line" not in message and "2026" not in message, message
    print(f"{text!r}: ValueError: {message}")
assert yaml.safe_load("released: '2026-02-30'") == {"released": "2026-02-30"}
try:
    yaml.safe_load("released: =")
except yaml.constructor.ConstructorError as error:
    mark = error.problem_mark
    print(f"'released: =': ConstructorError at line {mark.line + 1}, column {mark.column + 1}")
else:
    raise AssertionError("'=' is accepted now")
PYTHON
