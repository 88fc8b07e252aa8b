"""Registers the models and the task of the fault suite, in the process that imports this module."""

from __future__ import annotations

from evaluators import TASKS
from model_wrappers import MODELS

MODELS.add("fragile", "tests.faults.models:Fragile")
MODELS.add("seeing", "tests.faults.models:Seeing")
TASKS.add("deriving", "tests.faults.models:Deriving")
