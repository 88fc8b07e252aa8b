from __future__ import annotations

import shlex
from dataclasses import replace
from datetime import UTC, datetime

import pytest

import jumpscore
from jumpscore.harness import run_config
from jumpscore.harness.compose import compose
from jumpscore.report.exports.appendix import appendix, named_data, run_command, started_at
from jumpscore.runs import read_run
from jumpscore.runs.record import Component, Configuration
from tests.jumpscore.report.runs import made_up_run, oracle_run, timed
from tests.support import bare_record


def command_of(model: dict, task: dict, **groups) -> str:
    config = Configuration(model=Component(**model), task=Component(**task), **groups)
    return run_command(bare_record().model_copy(update={"config": config}))


@pytest.mark.parametrize(
    ("model", "task", "groups"),
    [
        ({"name": "motion"}, {"name": "jumpscore", "data": "mini"}, {}),
        (
            {"name": "oracle", "jitter": 0.25, "seed": 7},
            {"name": "jumpscore", "data": "/a b/it's, {x}"},
            {"run": {"ids": ["007", "12e45678", "a,b"], "expose_truth": True, "seed": 3}},
        ),
        (
            {"name": "openai", "served_model": "gpt-x", "temperature": 0.5},
            {"name": "jumpscore", "data": "small"},
            {"input": {"kind": "frames", "count": 8}, "run": {"name": "a-b", "shard": "1/4"}},
        ),
    ],
)  # fmt: skip
def test_command_configures_the_same_run(model, task, groups):
    """The command is composed by Hydra, as on a command line."""
    program, verb, *words = shlex.split(command_of(model, task, **groups))
    assert (program, verb) == ("jumpscore", "run")
    stated = run_config(compose(words))
    for values, expected in ((stated.model, model), (stated.task, task)):
        assert values.items() >= expected.items()
    assert stated.input.model_dump(mode="json").items() >= groups.get("input", {}).items()
    assert stated.run.model_dump(mode="json").items() >= groups.get("run", {}).items()


def test_command_leaves_out_defaults():
    run = {"seed": 0, "workers": 2, "folder": "elsewhere"}
    text = command_of({"name": "oracle", "jitter": 0.05}, {"name": "jumpscore"}, run=run)
    assert text == "jumpscore run model=oracle task=jumpscore"


def test_command_of_a_stored_run_repeats_it(tiny_set, tmp_path):
    first = oracle_run(tiny_set, tmp_path / "a")
    words = shlex.split(run_command(first.record))[2:]
    config = run_config(compose([*words, f"run.folder={tmp_path / 'b'}"]))
    model, task = dict(config.model), dict(config.task)
    again = jumpscore.evaluate(
        model.pop("name"),
        task.pop("name"),
        model_options=model,
        task_options=task,
        run=config.run.model_dump(),
    )
    assert again.result == first.result


def test_named_data_replaces_the_folder_of_one_machine():
    assert named_data({"data": "/home/x/cache/mini_spatial-1"}) == {"data": "mini_spatial"}
    assert named_data({"data": "/home/x/mine"}) == {"data": "/home/x/mine"}


def test_appendix_states_versions_data_seeds_and_command(tiny_set, tmp_path):
    run = read_run(oracle_run(tiny_set, tmp_path).folder)
    [table] = appendix([run])
    facts = dict(table.rows)
    assert facts["Data checksum (SHA-256)"] == run.record.identity.data.checksum
    assert facts["Packages"].startswith("av ")
    assert facts["Prompt protocol"] == "v2"
    assert facts["Ground truth given to the model"] == "yes"
    assert (facts["Seed of the bootstrap"], facts["Seed of the model"]) == ("0", "0")
    assert facts["Samples"] == "3 samples, 0 unscored"
    assert facts["Started"] == started_at(run).isoformat()
    assert table.command.startswith("jumpscore run model=oracle ")


@pytest.mark.parametrize("value", [None, "soon", 1e300, float("nan"), [1]])
def test_started_at_is_1970_if_the_timing_is_damaged(tmp_path, value):
    run = made_up_run(tmp_path, [timed("a", 0.5, [1.0], [1.0])])
    assert started_at(replace(run, timing={"started_unix": value})) == datetime(
        1970, 1, 1, tzinfo=UTC
    )


def test_appendix_time_of_resumed_runs(tiny_set, tmp_path):
    """A run that was killed after its last answer and resumed has no time of its questions."""
    run = read_run(oracle_run(tiny_set, tmp_path).folder)
    timing = {"started_unix": 5.0, "wall_seconds": 2.5}
    for times, expected in (
        ({"score_seconds": 0.1}, None),
        (timing | {"samples": 3}, "2.5 s"),
        (timing | {"samples": 1}, "2.5 s for the last 1 sample"),
        ({"wall_seconds": 0.0, "samples": 0, "from_cache": 3}, None),
    ):
        facts = dict(appendix([replace(run, timing=times)])[0].rows)
        assert facts.get("Wall time") == expected
        assert ("Started" in facts) == (expected is not None)
