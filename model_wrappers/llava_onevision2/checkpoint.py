"""Checkpoint folders: validated before loading, loaded and written."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jumpscore.errors import DataError, UsageError
from jumpscore.video.sizes import MERGE, PATCH, PLAIN_GRID, TokenGrid
from model_wrappers.checkpoints import for_inference, no_progress_bar, one_line, read_settings
from model_wrappers.llava_onevision2.prompts import CONTROL_TOKENS, IMAGE_PAD

if TYPE_CHECKING:
    from model_wrappers.llava_onevision2.configuration import LlavaOnevision2Config
    from model_wrappers.llava_onevision2.modeling import LlavaOnevision2ForConditionalGeneration

MOST_PATCH, MOST_MERGE = 64, 8
"""Largest side of a patch in pixels, and of a visual token in patches."""

MOST_NAMED = 4
"""Maximum number of parameters that a message lists."""

EXPERT = re.compile(
    r"(?P<layer>.*\bexperts)\.(?P<number>\d{1,5})\.(?P<part>gate|up|down)_proj\.weight"
)
"""Name of one matrix of an expert in a mixture of experts."""

IMAGE_LIMITS = {"shortest_edge": 56 * 56, "longest_edge": 1280 * 28 * 28}
"""Default limits of an image's area, from Qwen2-VL, if a checkpoint does not state any."""


@dataclass(frozen=True)
class Checkpoint:
    """A validated checkpoint folder, not yet loaded.

    Attributes:
        folder: Folder of the files.
        config: The model's configuration.
        min_pixels: Smallest area of an image.
        max_pixels: Largest area of an image.
    """

    folder: Path
    config: LlavaOnevision2Config
    min_pixels: int
    max_pixels: int


def stated_grid(folder: Path) -> TokenGrid:
    """Return the patches and visual tokens that ``config.json`` states, without transformers.

    Sizes that are missing are those of the released model. Invalid ones are reported by
    ``inspect_settings``; until then the default stands in for them.

    Raises:
        DataError: The file is missing or not a JSON object.
    """
    vision = read_settings(folder / "config.json").get("vision_config")
    values = vision if isinstance(vision, dict) else {}
    patch, merge = values.get("patch_size", PATCH), values.get("spatial_merge_size", MERGE)
    if not (
        type(patch) is type(merge) is int and 0 < patch <= MOST_PATCH and 0 < merge <= MOST_MERGE
    ):
        return PLAIN_GRID
    return TokenGrid(patch * merge, merge)


def inspect_checkpoint(folder: Path) -> Checkpoint:
    """Check everything about a checkpoint that can be checked without loading it.

    Raises:
        DataError: The checkpoint is of another model, its shapes or its preprocessing differ, or
            weights are missing; the message lists the differences.
    """
    config, preprocessing = inspect_settings(folder)
    _check_weights(folder, config)
    low, high = _image_limits(preprocessing)
    return Checkpoint(folder, config, max(low, config.vision_config.token_grid.side**2), high)


def inspect_settings(folder: Path) -> tuple[LlavaOnevision2Config, dict[str, Any]]:
    """Return the validated configuration and preprocessing settings of a checkpoint.

    Raises:
        DataError: The checkpoint is of another model, or its shapes or preprocessing differ.
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
            f"{path}: model_type is {values.get('model_type')!r}, expected {MODEL_TYPE!r}; set "
            "model.checkpoint to a LLaVA-OneVision-2"
        )
    try:
        config = LlavaOnevision2Config.from_dict(values)
        check_supported(config, where=str(path))
    except Exception as error:  # fields may have any type and size
        if isinstance(error, DataError) and str(error).startswith(str(path)):
            raise
        raise DataError(f"{path}: cannot be read ({one_line(error)})") from None
    preprocessing = read_settings(folder / "preprocessor_config.json")
    _check_preprocessing(folder / "preprocessor_config.json", preprocessing, config)
    return config, preprocessing


def patch_sizes(config: LlavaOnevision2Config) -> dict[str, int]:
    """Return the sizes that ``preprocessor_config.json`` repeats, by their names there."""
    vision = config.vision_config
    return {
        "patch_size": vision.patch_size,
        "merge_size": vision.spatial_merge_size,
        "temporal_patch_size": vision.temporal_patch_size,
    }


def load_model(
    checkpoint: Checkpoint, *, dtype: str, device: str, attention: str
) -> LlavaOnevision2ForConditionalGeneration:
    """Load the weights.

    Args:
        checkpoint: From ``inspect_checkpoint``.
        dtype: ``float32``, ``bfloat16`` or ``float16``.
        device: Device name in torch.
        attention: ``sdpa``, ``eager`` or ``flash_attention_2``.

    Raises:
        DataError: A weight file is damaged.
    """
    import torch

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
    except Exception as error:  # weights, generation_config.json, quantisation
        raise DataError(f"{checkpoint.folder}: cannot be loaded ({one_line(error)})") from None
    return for_inference(model, device)


def load_tokenizer(folder: Path, config: LlavaOnevision2Config) -> Any:
    """Load the tokenizer of a folder.

    Args:
        folder: Folder of a checkpoint.
        config: Configuration of the same checkpoint.

    Raises:
        DataError: There is no tokenizer, or it lacks control tokens.
    """
    from transformers import AutoTokenizer

    try:
        # Without the configuration, transformers would ask to run the folder's code.
        tokenizer = AutoTokenizer.from_pretrained(
            folder, config=config, local_files_only=True, trust_remote_code=False
        )
    except Exception as error:  # its files may contain anything
        raise DataError(f"{folder}: the tokenizer cannot be loaded ({one_line(error)})") from None
    known = tokenizer.get_vocab()
    unknown = [token for token in CONTROL_TOKENS if token not in known]
    if unknown:
        raise DataError(f"{folder}: the tokenizer lacks the control tokens {', '.join(unknown)}")
    return tokenizer


def save_checkpoint(
    model: LlavaOnevision2ForConditionalGeneration, tokenizer: Any, folder: Path
) -> None:
    """Write a folder that transformers, vLLM and this package can load.

    Besides weights, configuration and tokenizer it contains thin modules that import from this
    package: transformers and vLLM run them for models they do not support themselves
    (``trust_remote_code``).

    Args:
        model: The model to write.
        tokenizer: A tokenizer with a chat template.
        folder: A new folder, or a checkpoint to overwrite.

    Raises:
        UsageError: Model and tokenizer have different ids for the image pad.
    """
    pad = tokenizer.convert_tokens_to_ids(IMAGE_PAD)
    if pad != model.config.image_token_id:
        raise UsageError(
            f"{IMAGE_PAD} is {pad} in the tokenizer, but image_token_id is "
            f"{model.config.image_token_id} in the model; use the tokenizer of this model"
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
    settings = read_settings(folder / "preprocessor_config.json") | patch_sizes(model.config)
    (folder / "preprocessor_config.json").write_text(json.dumps(settings, indent=2) + "\n")


def _check_weights(folder: Path, config: LlavaOnevision2Config) -> None:
    """Compare names and shapes of the weight files with those of the model, without loading."""
    import torch

    from model_wrappers.llava_onevision2.modeling import LlavaOnevision2ForConditionalGeneration

    try:
        with torch.device("meta"):
            model = LlavaOnevision2ForConditionalGeneration(config)
    except Exception as error:  # any error that invalid values cause
        raise DataError(f"{folder}/config.json: invalid ({one_line(error)})") from None
    expected = {name: tuple(value.shape) for name, value in model.state_dict().items()}
    shapes = joined_experts(weight_shapes(folder))
    shared = set(model._tied_weights_keys) if config.tie_word_embeddings else set()
    problems = [
        _named("missing", sorted(expected.keys() - shapes.keys() - shared)),
        _named("unknown", sorted(shapes.keys() - expected.keys())),
        _named(
            "with a wrong shape",
            [
                f"{name} {shapes[name]} (expected {shape})"
                for name, shape in sorted(expected.items())
                if shapes.get(name, shape) != shape
            ],
        ),
    ]
    if any(problems):
        raise DataError(
            f"{folder}: the weights do not match config.json: "
            + "; ".join(problem for problem in problems if problem)
        )


def weight_shapes(folder: Path) -> dict[str, tuple[int, ...]]:
    """Return name and shape of every weight of a checkpoint, from the files' headers.

    Raises:
        DataError: A weight file is missing or damaged.
    """
    from safetensors import SafetensorError, safe_open

    index = folder / "model.safetensors.index.json"
    names = ["model.safetensors"]
    if index.is_file():
        weights = read_settings(index).get("weight_map")
        files_of = weights.values() if isinstance(weights, dict) else ()
        names = sorted({str(name) for name in files_of})
        if not names or any(Path(name).name != name for name in names):
            raise DataError(f"{index}: weight_map must name weight files in the same folder")
    shapes: dict[str, tuple[int, ...]] = {}
    for name in names:
        path = folder / name
        if not path.is_file():
            raise DataError(f"{folder}: weight file {name} is missing; download it again")
        try:
            with safe_open(path, framework="numpy") as file:
                for key in file.keys():  # noqa: SIM118 - not a mapping
                    shapes[key] = tuple(file.get_slice(key).get_shape())
        except SafetensorError as error:
            raise DataError(f"{path}: damaged or truncated; download it again ({error})") from None
    return shapes


def joined_experts(shapes: Mapping[str, tuple[int, ...]]) -> dict[str, tuple[int, ...]]:
    """Return the shapes with all experts of a layer as one weight, as transformers loads them.

    Files have three matrices per expert; in memory, all gates and inputs of a layer are one weight
    [experts, 2 * inner, outer], and all outputs another. A layer whose experts differ in shape, or
    are not numbered from 0, is left as it is.

    >>> joined_experts({"experts.0.down_proj.weight": (8, 4), "experts.1.down_proj.weight": (8, 4)})
    {'experts.down_proj': (2, 8, 4)}
    """
    layers: dict[str, dict[str, dict[int, tuple[int, ...]]]] = {}
    for name, shape in shapes.items():
        if match := EXPERT.fullmatch(name):
            parts = layers.setdefault(match["layer"], {})
            parts.setdefault(match["part"], {})[int(match["number"])] = shape
    joined = dict(shapes)
    for layer, parts in layers.items():
        count = len(next(iter(parts.values())))
        even = all(
            set(numbered) == set(range(count)) and len(set(numbered.values())) == 1
            for numbered in parts.values()
        )
        if not even or ("gate" in parts) != ("up" in parts):
            continue
        for part in parts:
            for number in range(count):
                del joined[f"{layer}.{number}.{part}_proj.weight"]
        if "gate" in parts:
            inner, *outer = parts["gate"][0]
            joined[f"{layer}.gate_up_proj"] = (count, inner + parts["up"][0][0], *outer)
        if "down" in parts:
            joined[f"{layer}.down_proj"] = (count, *parts["down"][0])
    return joined


def _named(what: str, names: list[str]) -> str:
    if not names:
        return ""
    more = f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else ""
    return f"{len(names)} {what}: {', '.join(names[:MOST_NAMED])}{more}"


def _check_preprocessing(
    path: Path, values: Mapping[str, Any], config: LlavaOnevision2Config
) -> None:
    """Check that the checkpoint cuts pictures for its model, and normalises like this package."""
    from model_wrappers.llava_onevision2.pixels import CLIP_MEAN, CLIP_STD

    expected = {**patch_sizes(config), "image_mean": list(CLIP_MEAN), "image_std": list(CLIP_STD)}
    differences = [
        f"{name} is {values[name]!r}, expected {value!r}"
        for name, value in expected.items()
        if values.get(name, value) != value
    ]
    low, high = _image_limits(values)
    sizes = isinstance(values.get("size") or {}, dict)
    if not (sizes and isinstance(low, int) and isinstance(high, int) and 0 < low <= high):
        differences.append(
            f"size is {values.get('size')!r}, expected shortest_edge and longest_edge"
        )
    if differences:
        raise DataError(f"{path}: {'; '.join(differences)}")


def _image_limits(preprocessing: Mapping[str, Any]) -> tuple[Any, Any]:
    """Return the smallest and the largest area of an image."""
    stored = preprocessing.get("size")
    size = {**IMAGE_LIMITS, **(stored if isinstance(stored, dict) else {})}
    low = preprocessing.get("min_pixels") or size["shortest_edge"]
    high = preprocessing.get("max_pixels") or size["longest_edge"]
    return low, high
