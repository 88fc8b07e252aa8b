from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jumpscore.data.events import EVENTS, EventDefinition, event_definition, parse_definition
from jumpscore.data.layout import Manifest, read_manifest, write_set
from jumpscore.errors import DataError, UsageError

SQUAT = {"name": "squat", "definition": "the moment the hips are lowest", "least_gap": 0.5}


def test_event_definition_jump_rope_asks_the_published_questions():
    assert EVENTS["jump_rope"].ask("ignored label") == (
        "List the start timestamps in s of each jump rope the main character does in the video.\n"
        "The start is defined as the moment the rope is behind the legs.\n"
        "Example [0.06, 0.47,...]"
    )


def test_event_definition_file(tmp_path):
    (tmp_path / "squat.json").write_text(json.dumps(SQUAT))
    event = event_definition(str(tmp_path / "squat.json"))
    assert event == EventDefinition("squat", "the moment the hips are lowest", least_gap=0.5)
    assert "each squat the" in event.ask()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"nmae": 1}, "unknown key 'nmae'; known: name, definition"),
        ({"least_gap": -1}, "least_gap is -1, which is not valid"),
        ({"least_gap": True}, "least_gap is True"),
        ({"name": ""}, "name is ''"),
        ({"question": "x" * 3000}, "question is 'xxx"),
        ({"named_by_label": 1}, "named_by_label is 1"),
    ],
)
def test_parse_definition_invalid(change, message):
    with pytest.raises(ValueError, match=message):
        parse_definition(SQUAT | change)


def test_event_definition_unknown(tmp_path):
    with pytest.raises(UsageError, match="unknown event 'jump_rop'; did you mean 'jump_rope'"):
        event_definition("jump_rop")
    (tmp_path / "squat.json").write_text('{"name": "squat"}')
    with pytest.raises(DataError, match=r"squat\.json: lacks definition"):
        event_definition(str(tmp_path / "squat.json"))


@given(label=st.text(max_size=20))
def test_ask_labels_are_not_templates(label):
    event = EventDefinition("x", "y", question="{name}|{definition}", named_by_label=True)
    assert event.ask(label) == f"{label or 'x'}|y"


def test_manifest_round_trip(tmp_path):
    manifest = Manifest("squats", event=parse_definition(SQUAT))
    write_set(tmp_path, [], manifest)
    assert read_manifest(tmp_path) == manifest
    write_set(tmp_path, [], Manifest("plain"))
    assert "event" not in json.loads((tmp_path / "manifest.json").read_text())
    (tmp_path / "manifest.json").write_text('{"name": "a", "event": {"name": "b"}}')
    with pytest.raises(DataError, match="event lacks definition"):
        read_manifest(tmp_path)
