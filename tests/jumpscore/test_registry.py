from __future__ import annotations

from importlib.metadata import EntryPoint

import pytest

import jumpscore.registry
from jumpscore.errors import UsageError
from jumpscore.registry import Registry
from model_wrappers import MODELS
from model_wrappers.base import ModelWrapper


def registry(**builtin: str) -> Registry:
    return Registry("model", ModelWrapper, builtin=builtin, group="jumpscore.test")


def test_registry_get_returns_classes():
    assert MODELS.get("replay").name == "replay"
    assert {"content_free", "motion", "oracle", "replay"} <= set(MODELS.names())


def test_registry_get_suggests_nearest_name():
    with pytest.raises(UsageError, match=r"unknown model 'replya'; did you mean 'replay'\? Known:"):
        MODELS.get("replya")


def test_registry_add_refuses_collisions():
    models = registry(a="x:A")
    models.add("a", "x:A")
    with pytest.raises(UsageError, match="model 'a' is already x:A and cannot become y:B"):
        models.add("a", "y:B")


def test_registry_targets_of_other_packages(monkeypatch):
    point = EntryPoint("mine", "model_wrappers.replay:Replay", "jumpscore.test")
    monkeypatch.setattr(jumpscore.registry, "entry_points", lambda group: [point])
    assert registry().get("mine").name == "replay"
    with pytest.raises(UsageError, match="'mine' is claimed by x:A and by"):
        registry(mine="x:A").names()


def test_registry_get_reports_broken_targets():
    with pytest.raises(UsageError, match="points to nowhere:A, which cannot be imported"):
        registry(a="nowhere:A").get("a")
    with pytest.raises(
        UsageError, match=r"is not a subclass of model_wrappers\.base\.ModelWrapper"
    ):
        registry(a="json:JSONDecoder").get("a")


def test_registry_targets_imports_nothing():
    assert registry(a="this_module_does_not_exist:A").names() == ["a"]
