#!/usr/bin/env bash
# PyYAML 6.0.4: safe_dump with allow_unicode=True writes the line breaks NEL (U+0085), LS (U+2028) and
# PS (U+2029) inside a quoted text as they are, and safe_load folds them like any line break: NEL comes
# back as a space, so "a\x85b" and "a b" as keys become one and a value is lost. Nothing is raised. LS
# and PS return unchanged, and so does NEL without allow_unicode, where it is escaped.
# Expected: what was dumped.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check PyYAML==6.0.4
cd "$folder"
"$folder/venv/bin/python" - <<'PYTHON'
import yaml

dumped = yaml.safe_dump({"answer": "0.5 s\x85jump"}, allow_unicode=True)
loaded = yaml.safe_load(dumped)
keys = yaml.safe_load(yaml.safe_dump({"a\x85b": 1, "a b": 2}, allow_unicode=True))
print("PyYAML", yaml.__version__, repr(dumped), loaded, keys)
assert loaded == {"answer": "0.5 s jump"}
assert len(keys) == 1
for other in "\u2028\u2029":
    text = yaml.safe_dump({"answer": f"a{other}b"}, allow_unicode=True)
    print(repr(text), yaml.safe_load(text))
    assert yaml.safe_load(text) == {"answer": f"a{other}b"}
escaped = yaml.safe_dump({"answer": "0.5 s\x85jump"})
assert yaml.safe_load(escaped) == {"answer": "0.5 s\x85jump"}
PYTHON
