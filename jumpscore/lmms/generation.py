"""What a task wants of generation, held against what the wrapper does: its own options decide."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

DEFAULT_UNTIL = ["\n\n"]
"""lmms-eval writes this into every task that says nothing about it."""
HARMLESS: Mapping[str, tuple[Any, ...]] = {
    "num_beams": (1,),
    "num_return_sequences": (1,),
    "repetition_penalty": (1, 1.0),
    "until": (DEFAULT_UNTIL, []),
}
"""Values that ask for what every wrapper does anyway."""
SAMPLING = ("do_sample", "temperature", "top_p", "top_k")
"""Keys that ask for nothing where both mean to take the likeliest token."""


def differences(name: str, options: Mapping[str, Any], wanted: Mapping[str, Any]) -> dict[str, str]:
    """Return key -> what to tell about it, for every key that is not followed.

    Args:
        name: The wrapper's.
        options: Its options.
        wanted: ``generation_kwargs`` of a task.

    >>> differences("m", {"max_new_tokens": 1024}, {"max_new_tokens": 16, "num_beams": 1})
    {'max_new_tokens': 'asks for 16; model.max_new_tokens=1024 decides'}
    """
    greedy = not options.get("temperature") and not _samples(wanted)
    found = {}
    for key, value in wanted.items():
        if value is None or value in HARMLESS.get(key, ()) or (greedy and key in SAMPLING):
            continue
        if key == "until":
            found[key] = f"asks for {value!r}; answers are never cut"
        elif key == "do_sample" and "temperature" in options:
            temperature = options["temperature"]
            if bool(value) != (temperature > 0):
                found[key] = f"asks for {value!r}; model.temperature={temperature!r} decides"
        elif key not in options:
            found[key] = f"asks for {value!r}; {name} has no such option"
        elif value != options[key]:
            found[key] = f"asks for {value!r}; model.{key}={options[key]!r} decides"
    return found


def _samples(wanted: Mapping[str, Any]) -> bool:
    """Whether a task asks for a sample rather than for the likeliest token.

    >>> _samples({"temperature": 0.7}), _samples({"temperature": 0.7, "do_sample": False})
    (True, False)
    """
    temperature, sample = wanted.get("temperature"), wanted.get("do_sample")
    return bool(temperature) if sample is None else bool(sample) and temperature != 0
