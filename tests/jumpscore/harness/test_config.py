from __future__ import annotations

import pytest
import yaml

from evaluators import TASKS
from jumpscore.errors import UsageError
from jumpscore.harness import InputConfig, RunSettings, run_config
from jumpscore.harness.compose import choices, compose
from model_wrappers import MODELS


def test_compose_ids_that_look_like_numbers():
    words = ["run.ids=[12e45678, 007,1_0,12,00d77a]", "model.checkpoint=12e3", "model=llava_ov2"]
    config = run_config(compose([*words, "model.temperature=1e-3", "run.limit=1_0"]))
    assert config.run.ids == ("12e45678", "007", "1_0", "12", "00d77a")
    assert config.model["checkpoint"] == "12e3"
    assert float(config.model["temperature"]) == 0.001
    assert config.run.limit == 10


def test_composed_and_validated():
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
        (["run.limit=abc"], r"run\.limit='abc': input should be a valid integer"),
        (["+run.limt=2"], r"unknown key 'run\.limt'; did you mean 'limit'"),
        (["+colour=1"], "unknown key 'colour'"),
        (["run.shard=4/3"], r"'4/3' is no shard; write i/n with 0 <= i < n"),
        (["run.name=../x"], "cannot be a folder's name"),
        (["input=frames", "input.count=4", "input.fps=1"], "either count or fps"),
        (["input=video", "input.count=4"], "count needs kind=frames"),
        (["input.count=0"], r"input\.count=0: input should be greater than 0"),
        (["motion"], "'motion' is no key=value"),
        (["input.count=[1"], "input '\\[1'"),
    ],
)
def test_wrong_words_name_the_key_and_the_nearest_one(words, message):
    with pytest.raises(UsageError, match=message):
        run_config(compose(words))


@pytest.mark.parametrize("name", MODELS.names())
def test_the_yaml_of_a_model_lists_its_options_with_their_defaults(name):
    model = MODELS.get(name)
    values = compose([f"model={name}"])["model"]
    assert values.pop("name") == name
    assert values == _defaults(model)


def _defaults(found):
    """The defaults of all options that have one."""
    fields = found.Options.model_fields.items()
    return {key: field.get_default() for key, field in fields if not field.is_required()}


@pytest.mark.parametrize("name", TASKS.names())
def test_the_yaml_of_a_task_lists_its_options_with_their_defaults(name):
    values = compose([f"task={name}"])["task"]
    assert values.pop("name") == name
    assert values == _defaults(TASKS.get(name))


def test_the_yaml_of_run_and_input_list_the_defaults():
    composed = compose([])
    assert RunSettings.model_validate(composed["run"]) == RunSettings()
    assert set(composed["run"]) == set(RunSettings.model_fields)
    assert InputConfig.model_validate(composed["input"]) == InputConfig()


def test_every_registered_name_has_a_yaml():
    assert choices("model") == MODELS.names()
    assert choices("task") == TASKS.names()


def test_other_packages_bring_their_own_yaml(tmp_path, monkeypatch):
    from importlib.metadata import EntryPoint

    import jumpscore.harness.compose as module

    package = tmp_path / "their_conf"
    (package / "model").mkdir(parents=True)
    for folder in (package, package / "model"):
        (folder / "__init__.py").touch()
    (package / "model" / "theirs.yaml").write_text(yaml.safe_dump({"name": "theirs", "x": 1}))
    monkeypatch.syspath_prepend(tmp_path)
    point = EntryPoint("their", "their_conf", "jumpscore.search_path")
    monkeypatch.setattr(module, "entry_points", lambda group: [point])
    assert compose(["model=theirs", "model.x=2"])["model"] == {"name": "theirs", "x": 2}
