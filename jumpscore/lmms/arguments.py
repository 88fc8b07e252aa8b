"""``--model_args`` as a configuration: the words of our command line, checked alike."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

from jumpscore.conf.settings import validated
from jumpscore.errors import UsageError, unknown_name
from jumpscore.harness import InputConfig, RunSettings
from jumpscore.harness.compose import choices, compose, option_word
from model_wrappers import MODELS

OnError = Literal["raise", "empty"]

RUN_KEYS = ("run.workers", "run.ahead", "run.cache")
"""Settings of a run that apply although lmms-eval selects and stores the samples."""
SINGLE_KEYS = ("wrapper", "on_error", "input", *RUN_KEYS)
OPENING, CLOSING = "[{", "]}"


@dataclass(frozen=True, slots=True)
class Flags:
    """Flags of lmms-eval's own command line.

    Attributes:
        batch_size: A number, or ``auto``; 1 if unset.
        max_batch_size: Upper limit for ``auto``.
        device: Device, such as ``cuda:0``.
    """

    batch_size: int | str | None = None
    max_batch_size: int | None = None
    device: str | None = None


@dataclass(frozen=True, slots=True)
class BridgeConfig:
    """Configuration of the bridge.

    Attributes:
        name: Registry name of the wrapper.
        options: Options of the wrapper; creating it validates them.
        input: Input of the wrapper.
        run: Settings of the preparation of requests.
        on_error: ``raise`` an error for documents without an answer, or score them as ``empty``.
    """

    name: str
    options: Mapping[str, Any]
    input: InputConfig
    run: RunSettings
    on_error: OnError = "raise"


def split_arguments(text: str) -> dict[str, str]:
    """Return key -> value, as written.

    lmms-eval itself converts values to numbers, and changes some of them: a folder ``007`` becomes
    7, a revision ``1e10`` ten thousand million.

    >>> split_arguments("wrapper=vllm,model.checkpoint=007,model.arguments={a: 1, b: 2}")
    {'wrapper': 'vllm', 'model.checkpoint': '007', 'model.arguments': '{a: 1, b: 2}'}

    Raises:
        UsageError: A piece is not ``key=value``, or a key occurs twice.
    """
    values: dict[str, str] = {}
    for piece in filter(None, _pieces(text)):
        key, equals, value = piece.partition("=")
        if not equals or not key:
            raise UsageError(
                f"model_args: {piece!r} is not key=value; a value with a comma needs quotes, such "
                "as model.system='One, two.'"
            )
        if key in values:
            raise UsageError(f"model_args: {key} is set twice, to {values[key]!r} and {value!r}")
        values[key] = value
    return values


def _pieces(text: str) -> Iterator[str]:
    """Yield the parts between commas, except commas in brackets or quotes."""
    depth, quote, start = 0, "", 0
    for at, letter in enumerate(text):
        before = text[at - 1 : at]
        if quote:
            if letter == quote and before != "\\":
                quote = ""
        elif letter in "'\"" and (depth or before == "="):  # not an apostrophe
            quote = letter
        elif letter in OPENING:
            depth += 1
        elif letter in CLOSING:
            depth = max(0, depth - 1)
        elif letter == "," and not depth:
            yield text[start:at].strip()
            start = at + 1
    yield text[start:].strip()


def read_arguments(arguments: Mapping[str, Any], flags: Flags | None = None) -> BridgeConfig:
    """Return the configuration that ``model_args`` describe.

    Args:
        arguments: ``wrapper``, ``on_error``, and words such as ``input.count`` or ``model.system``.
        flags: Flags of lmms-eval's command line.

    Raises:
        UsageError: A key or a value is wrong, or the wrapper answers from the truth.
    """
    _check_keys(arguments)
    on_error = arguments.get("on_error", "raise")
    if on_error not in get_args(OnError):
        raise UsageError(
            f"on_error={on_error!r} is unknown. Known: {', '.join(get_args(OnError))}."
        )
    words = [f"model={arguments['wrapper']}"]
    words += [
        f"{key}={option_word(value)}"
        for key, value in arguments.items()
        if key not in ("wrapper", "on_error")
    ]
    values = compose(words)
    model = dict(values["model"])
    name = model.pop("name")
    wrapper = MODELS.get(name)
    if wrapper.needs_truth:
        raise UsageError(
            f"wrapper={arguments['wrapper']} needs the truth, which lmms-eval does not provide"
        )
    known = wrapper.Options.model_fields
    return BridgeConfig(
        name=name,
        options=model | _flagged(name, known, flags or Flags(), arguments),
        input=validated(InputConfig, values["input"], where="input."),
        run=validated(RunSettings, values["run"], where="run."),
        on_error=on_error,
    )


def _check_keys(arguments: Mapping[str, Any]) -> None:
    known = [*SINGLE_KEYS, "input.*", "model.*"]
    for key in arguments:
        if key in SINGLE_KEYS or key.startswith(("model.", "input.")):
            continue
        if key.startswith("run."):
            raise UsageError(
                f"{key} cannot be set here: lmms-eval selects the documents and stores the answers "
                f"(--limit, --output_path). Known: {', '.join(RUN_KEYS)}."
            )
        raise UsageError(f"model_args: {unknown_name('key', key, known)}")
    if not arguments.get("wrapper"):
        raise UsageError(
            f"model_args must contain wrapper=NAME, one of {', '.join(choices('model'))}"
        )


def _flagged(
    name: str, known: Mapping[str, Any], flags: Flags, arguments: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the options that lmms-eval's flags set; a flag without an option is an error."""
    if flags.max_batch_size is not None or str(flags.batch_size).startswith("auto"):
        raise UsageError(
            "--batch_size auto and --max_batch_size are unsupported; leave them out and use the "
            "wrapper's own options"
        )
    options: dict[str, Any] = {}
    # 1 is also lmms-eval's default, so it may not have been set by the user.
    if flags.batch_size is not None and str(flags.batch_size) != "1":
        options["batch_size"] = flags.batch_size
    if flags.device is not None:
        options["device"] = flags.device
    for key, value in options.items():
        if key not in known:
            raise UsageError(
                f"--{key} {value}: wrapper {name!r} has no option {key}; leave it out. "
                f"Its options: {', '.join(known) or 'none'}."
            )
        own = arguments.get(f"model.{key}")
        if own is not None and str(own) != str(value):
            raise UsageError(f"--{key} {value} and model.{key}={own} differ; set only one of them")
    return options
