"""Names to resolved configurations: defaults come from classes, variants from YAML."""

from __future__ import annotations

import json
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest
import yaml

from evaluators import TASKS
from jumpscore.errors import UsageError
from jumpscore.harness import InputConfig, RunSettings, run_config
from jumpscore.harness.compose import INPUT_KINDS, choices, compose
from jumpscore.harness.factory import check_options
from model_wrappers import MODELS
from model_wrappers.base import ModelOptions, ModelWrapper

GOLDEN = json.loads(
    (Path(__file__).parents[2] / "data/configurations/defaults.json").read_text(encoding="utf-8")
)

CLUSTER = {"engine": "local", "address": None, "replicas": None, "gpus": None, "timeout": 1800.0}
WINDOWS = {"window": None, "overlap": None}
TEMPO = {
    "longest_period": 1.25,
    "least_median": 0.7,
    "lone_unity": 0.85,
    "clear_unity": 0.92,
    "high_rise": 0.09,
    "high_phase": 0.17,
    "least_fall": 2.6,
    "most_fall": 15.0,
    "least_shape": 1.0,
}
LLAVA = {"generation": "auto"}
ADDED = {
    "replay": {"display_name": None},
    "default": CLUSTER | {"reuse": False},
    "motion": TEMPO,
    "llava_ov2": LLAVA,
    "keye_vl1_5": {"api_key_env": "VLLM_API_KEY"},
    "vllm": {"api_key_env": "VLLM_API_KEY"},
    **dict.fromkeys(GOLDEN["input"], WINDOWS),
}
"""Options that earlier releases do not have, or whose defaults have changed."""
NEW_MODELS = ("keye_vl2", "minicpm_v4_7", "molmo2", "qwen3_5", "qwen3_5_moe", "timelens")


@pytest.mark.parametrize(
    ("group", "name"), [(group, name) for group, names in GOLDEN.items() for name in names]
)
def test_compose_defaults_are_those_of_earlier_releases(group, name):
    composed = compose([f"{group}={name}"])[group]
    assert composed == GOLDEN[group][name] | ADDED.get(name, {})


def test_compose_defaults_are_valid():
    composed = compose([])
    assert RunSettings.model_validate(composed["run"]) == RunSettings()
    assert InputConfig.model_validate(composed["input"]) == InputConfig()


def test_choices_are_the_registered_names():
    assert choices("model") == MODELS.names() == sorted([*GOLDEN["model"], *NEW_MODELS])
    assert choices("task") == TASKS.names() == sorted([*GOLDEN["task"], "repetitions"])
    assert choices("input") == sorted(INPUT_KINDS)


class Foreign(ModelWrapper):
    """A model of another package, which has no YAML."""

    name = "foreign"

    class Options(ModelOptions):
        """Options.

        Attributes:
            gain: A number.
        """

        gain: float = 2.0
        label: str

    def generate(self, requests):
        return []


@pytest.fixture
def foreign(monkeypatch):
    point = EntryPoint("foreign", f"{__name__}:Foreign", MODELS.group)
    monkeypatch.setattr(
        "jumpscore.registry.entry_points", lambda group: [point] if group == MODELS.group else []
    )
    monkeypatch.setattr(
        "jumpscore.registry.import_module", lambda name: __import__("sys").modules[name]
    )


def test_compose_model_of_another_package_without_yaml(foreign):
    words = ["model=foreign", "model.label=x"]
    config = run_config(compose(words))
    assert config.model == {"name": "foreign", "gain": 2.0, "label": "x"}
    check_options(config)
    with pytest.raises(UsageError, match=r"unknown key 'model\.gian'; did you mean 'gain'"):
        compose(["model=foreign", "model.gian=3"])
    with pytest.raises(UsageError, match=r"'model\.label' is not set; add model\.label="):
        check_options(run_config(compose(["model=foreign"])))
    assert "foreign" in choices("model")


def test_compose_variant_states_only_what_differs(tmp_path, monkeypatch):
    package = tmp_path / "their_conf"
    (package / "model").mkdir(parents=True)
    for folder in (package, package / "model"):
        (folder / "__init__.py").touch()
    variant = {"defaults": ["llava_ov2", "_self_"], "checkpoint": "/models/ours"}
    (package / "model" / "ours.yaml").write_text(yaml.safe_dump(variant))
    monkeypatch.syspath_prepend(tmp_path)
    point = EntryPoint("their", "their_conf", "jumpscore.search_path")
    monkeypatch.setattr("jumpscore.harness.compose.entry_points", lambda group: [point])
    assert "ours" in choices("model")
    values = compose(["model=ours", "model.seed=3"])["model"]
    assert values == GOLDEN["model"]["llava_ov2"] | LLAVA | {
        "checkpoint": "/models/ours",
        "seed": 3,
    }
    with pytest.raises(UsageError, match="unknown model 'our'; did you mean 'ours'"):
        compose(["model=our"])


@pytest.mark.parametrize("word", ["model=", "model=../config", "input=run/default", "run=fast"])
def test_compose_unknown_choice(word):
    with pytest.raises(UsageError):
        run_config(compose([word]))
