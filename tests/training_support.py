"""Settings of a very small training run for tests."""

from __future__ import annotations

from typing import Any

from jumpscore.training.settings import TrainSettings

SMALL = {
    "data": {
        "clips": 4, "held_out": 2, "reserved_clips": 1, "budgets": [4], "budgets_each": 1,
    },
    "model": {
        "layer": 1,
        "vision": {
            "hidden_size": 32, "intermediate_size": 32, "num_hidden_layers": 1,
            "num_attention_heads": 1,
        },
        "text": {
            "hidden_size": 32, "intermediate_size": 32, "num_hidden_layers": 2,
            "num_attention_heads": 1, "num_key_value_heads": 1, "head_dim": 32,
        },
    },
    "read": {"steps": 3, "tokens": 150, "warmup": 1},
    "look": {"steps": 3, "clips": 2, "warmup": 1},
    "join": {"steps": 4, "tokens": 150, "warmup": 1},
    "save_every": 2, "check_every": 4, "checked": 1, "checked_canvases": 4, "threads": 1,
}  # fmt: skip
"""Changes that make the run very small."""


def merged(values: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    """Return the values with changes, merged level by level."""
    result = dict(values)
    for name, value in changes.items():
        inner = isinstance(value, dict) and isinstance(result.get(name), dict)
        result[name] = merged(result[name], value) if inner else value
    return result


def small_settings(**changes: Any) -> TrainSettings:
    """Return the settings of ``tiny``, made very small, with changes."""
    from jumpscore.conf.settings import stored_settings
    from jumpscore.training.settings import TrainSettings

    values = stored_settings(TrainSettings, "train", "tiny").model_dump(mode="json")
    return TrainSettings.model_validate(merged(merged(values, SMALL), changes))


def words(values: dict[str, Any], prefix: str = "") -> list[str]:
    """Return settings as words of a command line."""
    options = []
    for name, value in values.items():
        if isinstance(value, dict):
            options += words(value, f"{prefix}{name}.")
        else:
            options.append(f"{prefix}{name}={value}")
    return options
