"""Checkpoint folders: found (here or on the hub), checked before they are loaded, written."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jumpscore.errors import DataError, UsageError
from model_wrappers.checkpoints import no_progress_bar, one_line, read_settings
from model_wrappers.llava_onevision2.prompts import CONTROL_TOKENS, IMAGE_PAD

if TYPE_CHECKING:
    from model_wrappers.llava_onevision2.configuration import LlavaOnevision2Config
    from model_wrappers.llava_onevision2.modeling import LlavaOnevision2ForConditionalGeneration

MOST_NAMED = 4
"""Parameters that a message names."""

PREPROCESSING: Mapping[str, Any] = {"patch_size": 14, "merge_size": 2, "temporal_patch_size": 1}
IMAGE_LIMITS = {"shortest_edge": 56 * 56, "longest_edge": 1280 * 28 * 28}
"""Areas between which images are scaled, where a checkpoint does not say: Qwen2-VL's."""


@dataclass(frozen=True)
class Checkpoint:
    """A checkpoint folder that was looked at, not loaded.

    Attributes:
        folder: Where the files are.
        config: Its configuration.
        min_pixels: Smallest area of an image.
        max_pixels: Largest.
    """

    folder: Path
    config: LlavaOnevision2Config
    min_pixels: int
    max_pixels: int


def inspect_checkpoint(folder: Path) -> Checkpoint:
    """Check everything about a checkpoint that can be checked without loading it.

    Raises:
        DataError: It is of another model, its shapes or its preprocessing differ, or weights are
            missing; with what differs.
    """
    config, preprocessing = inspect_settings(folder)
    _check_weights(folder, config)
    return Checkpoint(folder, config, *_image_limits(preprocessing))


def inspect_settings(folder: Path) -> tuple[LlavaOnevision2Config, dict[str, Any]]:
    """Return the configuration and the preprocessing of a checkpoint, both checked.

    Raises:
        DataError: It is of another model, or its shapes or its preprocessing differ.
    """
    from model_wrappers.llava_onevision2.configuration import (
        MODEL_TYPE,
        LlavaOnevision2Config,
        check_supported,
    )

    path = folder / "config.json"
    values = read_settings(path)
    if values.get("model_type") != MODEL_TYPE:
        raise DataError(
            f"{path}: model_type is {values.get('model_type')!r}, expected {MODEL_TYPE!r}; this is "
            "the checkpoint of another model"
        )
    try:
        config = LlavaOnevision2Config.from_dict(values)
        check_supported(config, where=str(path))
    except DataError:
        raise
    except Exception as error:  # values of any type and size, in fields of many owners
        raise DataError(f"{path}: cannot be read ({one_line(error)})") from None
    preprocessing = read_settings(folder / "preprocessor_config.json")
    _check_preprocessing(folder / "preprocessor_config.json", preprocessing)
    return config, preprocessing


def load_model(
    checkpoint: Checkpoint, *, dtype: str, device: str, attention: str
) -> LlavaOnevision2ForConditionalGeneration:
    """Load the weights.

    Args:
        checkpoint: From ``inspect_checkpoint``.
        dtype: ``float32``, ``bfloat16`` or ``float16``.
        device: As torch names it.
        attention: ``sdpa``, ``eager`` or ``flash_attention_2``.

    Raises:
        DataError: A weight file is damaged.
    """
    import torch
    from transformers import GenerationConfig

    from model_wrappers.llava_onevision2.modeling import LlavaOnevision2ForConditionalGeneration

    try:
        with no_progress_bar():
            model: Any = LlavaOnevision2ForConditionalGeneration.from_pretrained(
                checkpoint.folder,
                config=checkpoint.config,
                dtype=getattr(torch, dtype),
                attn_implementation=attention,
                local_files_only=True,
            )
    except Exception as error:  # weights, generation_config.json, quantisation: many hands
        raise DataError(f"{checkpoint.folder}: cannot be loaded ({one_line(error)})") from None
    # What a checkpoint recommends (sampling, penalties) must not change answers behind our back.
    model.generation_config = GenerationConfig(
        eos_token_id=model.generation_config.eos_token_id,
        pad_token_id=model.generation_config.pad_token_id,
    )
    return model.to(device).eval().requires_grad_(False)


def load_tokenizer(folder: Path, config: LlavaOnevision2Config) -> Any:
    """Load the tokenizer of a folder.

    Args:
        folder: Of a checkpoint.
        config: Of the same.

    Raises:
        DataError: There is none, or it does not know the control tokens.
    """
    from transformers import AutoTokenizer

    try:
        # The configuration is given: to find it out, transformers would ask to run foreign code.
        tokenizer = AutoTokenizer.from_pretrained(
            folder, config=config, local_files_only=True, trust_remote_code=False
        )
    except Exception as error:  # its files may hold anything
        raise DataError(
            f"{folder}: holds no tokenizer that can be read ({one_line(error)})"
        ) from None
    known = tokenizer.get_vocab()
    unknown = [token for token in CONTROL_TOKENS if token not in known]
    if unknown:
        raise DataError(f"{folder}: the tokenizer does not know {', '.join(unknown)}")
    return tokenizer


def save_checkpoint(
    model: LlavaOnevision2ForConditionalGeneration, tokenizer: Any, folder: Path
) -> None:
    """Write a folder that transformers, vLLM and this package load.

    Beside weights, configuration and tokenizer it holds thin modules that import from this
    package: the others run code of the folder where they do not know a model
    (``trust_remote_code``).

    Args:
        model: To be written.
        tokenizer: With a chat template.
        folder: New, or a checkpoint to be overwritten.
    """
    pad = tokenizer.convert_tokens_to_ids(IMAGE_PAD)
    if pad != model.config.image_token_id:
        raise UsageError(
            f"the tokenizer's {IMAGE_PAD} is {pad}, the model's image_token_id "
            f"{model.config.image_token_id}"
        )
    folder.mkdir(parents=True, exist_ok=True)
    with no_progress_bar():
        model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    own = files("model_wrappers.llava_onevision2").joinpath("checkpoint_files")
    for entry in own.iterdir():
        if entry.name.endswith((".py", ".json")) and not entry.name.startswith("__"):
            (folder / entry.name).write_bytes(entry.read_bytes())
    config = read_settings(folder / "config.json")
    config["auto_map"] = {
        "AutoConfig": "configuration_llava_onevision2.LlavaOnevision2Config",
        "AutoModel": "modeling_llava_onevision2.LlavaOnevision2Model",
        "AutoModelForImageTextToText": (
            "modeling_llava_onevision2.LlavaOnevision2ForConditionalGeneration"
        ),
    }
    (folder / "config.json").write_text(json.dumps(config, indent=2) + "\n")


def _check_weights(folder: Path, config: LlavaOnevision2Config) -> None:
    """Compare names and shapes of the weight files with those of the model, without loading."""
    import torch

    from model_wrappers.llava_onevision2.modeling import LlavaOnevision2ForConditionalGeneration

    try:
        with torch.device("meta"):
            model = LlavaOnevision2ForConditionalGeneration(config)
    except Exception as error:  # whatever a value of the text model's makes of it
        raise DataError(f"{folder}/config.json: describes no model ({one_line(error)})") from None
    expected = {name: tuple(value.shape) for name, value in model.state_dict().items()}
    found = weight_shapes(folder)
    shared = set(model._tied_weights_keys) if config.tie_word_embeddings else set()
    problems = [
        _named("missing", sorted(expected.keys() - found.keys() - shared)),
        _named("unknown", sorted(found.keys() - expected.keys())),
        _named(
            "of another shape",
            [
                f"{name} {found[name]} (expected {shape})"
                for name, shape in sorted(expected.items())
                if found.get(name, shape) != shape
            ],
        ),
    ]
    if any(problems):
        raise DataError(
            f"{folder}: the weights are not those of its config.json: "
            + "; ".join(problem for problem in problems if problem)
        )


def weight_shapes(folder: Path) -> dict[str, tuple[int, ...]]:
    """Return name and shape of every weight of a checkpoint, from the files' headers.

    Raises:
        DataError: There are no weight files, one is missing, or one is damaged.
    """
    from safetensors import SafetensorError, safe_open

    index = folder / "model.safetensors.index.json"
    names = ["model.safetensors"]
    if index.is_file():
        held = read_settings(index).get("weight_map")
        names = sorted({str(name) for name in held.values()}) if isinstance(held, dict) else []
        if not names or any(Path(name).name != name for name in names):
            raise DataError(f"{index}: names no weight files of its folder")
    shapes: dict[str, tuple[int, ...]] = {}
    for name in names:
        path = folder / name
        if not path.is_file():
            raise DataError(f"{folder}: the weight file {name} is missing")
        try:
            with safe_open(path, framework="numpy") as file:
                for key in file.keys():  # noqa: SIM118 - no mapping
                    shapes[key] = tuple(file.get_slice(key).get_shape())
        except SafetensorError as error:
            raise DataError(f"{path}: damaged, or cut off while downloading ({error})") from None
    return shapes


def _named(what: str, names: list[str]) -> str:
    if not names:
        return ""
    more = f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else ""
    return f"{len(names)} {what}: {', '.join(names[:MOST_NAMED])}{more}"


def _check_preprocessing(path: Path, values: Mapping[str, Any]) -> None:
    """Check that pictures are cut and normalised as they are here."""
    from model_wrappers.llava_onevision2.pixels import CLIP_MEAN, CLIP_STD

    expected = {**PREPROCESSING, "image_mean": list(CLIP_MEAN), "image_std": list(CLIP_STD)}
    unlike = [
        f"{name} is {values[name]!r}, expected {value!r}"
        for name, value in expected.items()
        if values.get(name, value) != value
    ]
    low, high = _image_limits(values)
    sizes = isinstance(values.get("size") or {}, dict)
    if not (sizes and isinstance(low, int) and isinstance(high, int) and 0 < low <= high):
        unlike.append(f"size is {values.get('size')!r}, expected shortest_edge and longest_edge")
    if unlike:
        raise DataError(f"{path}: {'; '.join(unlike)}")


def _image_limits(preprocessing: Mapping[str, Any]) -> tuple[Any, Any]:
    """Return the smallest and the largest area of an image."""
    given = preprocessing.get("size")
    size = {**IMAGE_LIMITS, **(given if isinstance(given, dict) else {})}
    low = preprocessing.get("min_pixels") or size["shortest_edge"]
    high = preprocessing.get("max_pixels") or size["longest_edge"]
    return low, high
