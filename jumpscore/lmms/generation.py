"""Generation settings of a task compared with the options of the wrapper, which apply."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

DEFAULT_UNTIL = ["\n\n"]
"""lmms-eval's default for tasks without this setting."""
HARMLESS: Mapping[str, tuple[Any, ...]] = {
    "num_beams": (1,),
    "num_return_sequences": (1,),
    "repetition_penalty": (1, 1.0),
    "until": (DEFAULT_UNTIL, []),
}
"""Values that describe the behaviour of every wrapper."""
SAMPLING = ("do_sample", "temperature", "top_p", "top_k")
"""Keys without effect if task and wrapper both take the likeliest token."""


def differences(
    name: str, options: Mapping[str, Any], settings: Mapping[str, Any]
) -> dict[str, str]:
    """Return key -> warning, for every setting that the wrapper does not follow.

    Args:
        name: Name of the wrapper.
        options: Options of the wrapper.
        settings: ``generation_kwargs`` of a task.

    >>> differences("m", {"max_new_tokens": 1024}, {"max_new_tokens": 16, "num_beams": 1})
    {'max_new_tokens': 'asks for 16; model.max_new_tokens=1024 decides'}
    """
    greedy = not options.get("temperature") and not _samples(settings)
    warnings = {}
    for key, value in settings.items():
        if value is None or value in HARMLESS.get(key, ()) or (greedy and key in SAMPLING):
            continue
        if key == "until":
            warnings[key] = f"asks for {value!r}; answers are never cut"
        elif key == "do_sample" and "temperature" in options:
            temperature = options["temperature"]
            if bool(value) != (temperature > 0):
                warnings[key] = f"asks for {value!r}; model.temperature={temperature!r} decides"
        elif key not in options:
            warnings[key] = f"asks for {value!r}; {name} has no such option"
        elif value != options[key]:
            warnings[key] = f"asks for {value!r}; model.{key}={options[key]!r} decides"
    return warnings


def _samples(settings: Mapping[str, Any]) -> bool:
    """Whether a task asks to sample instead of taking the likeliest token.

    >>> _samples({"temperature": 0.7}), _samples({"temperature": 0.7, "do_sample": False})
    (True, False)
    """
    temperature, sample = settings.get("temperature"), settings.get("do_sample")
    return bool(temperature) if sample is None else bool(sample) and temperature != 0
