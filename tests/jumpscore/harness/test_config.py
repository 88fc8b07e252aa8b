from __future__ import annotations

import pytest

from jumpscore.errors import UsageError
from jumpscore.harness import run_config
from jumpscore.harness.compose import compose


def test_compose_ids_that_look_like_numbers():
    words = ["run.ids=[12e45678, 007,1_0,12,00d77a]", "model.checkpoint=12e3", "model=llava_ov2"]
    config = run_config(compose([*words, "model.temperature=1e-3", "run.limit=1_0"]))
    assert config.run.ids == ("12e45678", "007", "1_0", "12", "00d77a")
    assert config.model["checkpoint"] == "12e3"
    assert float(config.model["temperature"]) == 0.001
    assert config.run.limit == 10


def test_run_config_of_composed_words():
    config = run_config(compose(["model=content_free", "run.limit=3", "task.data=/tmp/x"]))
    assert config.model == {"name": "content_free", "period": 0.5}
    assert config.run.limit == 3
    assert config.task["data"] == "/tmp/x"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["model=contentfree"], "unknown model 'contentfree'; did you mean 'content_free'"),
        (["task=jumpscor"], "unknown task 'jumpscor'; did you mean 'jumpscore'"),
        (["run.limt=2"], r"unknown key 'run\.limt'; did you mean 'limit'"),
        (["model=content_free", "model.perod=3"], r"'model\.perod'; did you mean 'period'"),
        (["mdel=replay"], "unknown key 'mdel'; did you mean 'model'"),
        (["run.limit=abc"], r"run\.limit='abc': must be a valid integer"),
        (["+run.limt=2"], r"unknown key 'run\.limt'; did you mean 'limit'"),
        (["+colour=1"], "unknown key 'colour'"),
        (["run.shard=4/3"], r"run\.shard='4/3': is not a shard; write i/n with 0 <= i < n"),
        (["run.name=../x"], "cannot be a folder's name"),
        (["input=frames", "input.count=4", "input.fps=1"], "either count or fps"),
        (["input=video", "input.count=4"], "count needs kind=frames"),
        (["input.count=0"], r"input\.count=0: must be greater than 0"),
        (["motion"], "'motion' is not key=value"),
        (["run." + "x" * 9000 + "=1"], r"unknown key 'run\.x{50,100}[ .]"),
        (["run.ids=" + "[" * 5000], "the value is not valid YAML"),
        (["model.a={b: 2001-99-99}"], "the value is not valid YAML"),
        (["model.a={b: !!int '', c: 1}"], "the value is not valid YAML"),
        (["model.a={b: !!timestamp '', c: 1}"], "the value is not valid YAML"),
        (["run.ids=[" + "]" * 5000], r"the value is not valid YAML \(.{1,200}\)$"),
        (["input.fps=abc"], r"input\.fps='abc': must be a valid number$"),
        (["input.count=[1"], r"input\.count=\[1: the value is not valid YAML"),
    ],
)
def test_run_config_suggests_the_nearest_key(words, message):
    with pytest.raises(UsageError, match=message):
        run_config(compose(words))


@pytest.mark.parametrize("word", ["timeout=60.0", "address=auto", "gpus=0", "replicas=2"])
def test_check_engine_refuses_settings_without_effect(word):
    config = run_config(compose([f"run.{word}"]))  # a stored run that has one can be read
    with pytest.raises(UsageError, match=f"run.{word} needs run.engine=ray"):
        config.run.check_engine()
    run_config(compose([f"run.{word}", "run.engine=ray"])).run.check_engine()
