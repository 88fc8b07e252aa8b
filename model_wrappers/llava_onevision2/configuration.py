"""Configuration of LLaVA-OneVision-2: a vision tower, a merger and a text model of Qwen."""

from __future__ import annotations

from typing import Any

from transformers import CONFIG_MAPPING, AutoConfig, PreTrainedConfig

from jumpscore.errors import DataError, nearest_names
from jumpscore.video.sizes import MERGE, PATCH, TokenGrid
from model_wrappers.llava_onevision2.checkpoint import MOST_MERGE, MOST_PATCH

MODEL_TYPE = "llava_onevision2"

TEXT_MODELS = ("qwen3", "qwen3_moe", "qwen3_5_text", "qwen3_5_moe_text")
"""Text models by ``text_config.model_type``; the first is that of the released 8B model."""

ROTARY_UNITS = 16
"""Half of a head's width has 16 units: 4 for time, 6 for rows, 6 for columns."""


class LlavaOnevision2VisionConfig(PreTrainedConfig):
    """The vision tower and the merger; the defaults are those of the released 8B model.

    Attributes:
        hidden_size: Width of the tower.
        intermediate_size: Width inside an MLP.
        num_hidden_layers: Number of blocks.
        num_attention_heads: Number of heads; the width of a head is a multiple of 32.
        num_channels: Colour channels of a picture.
        patch_size: Side of a patch in pixels.
        spatial_merge_size: Patches along each side of a visual token.
        temporal_patch_size: Pictures per patch.
        frame_windows_size: Pictures of a grid row that attend to one another.
        hidden_act: Activation, exact GELU.
        layer_norm_type: Kind of normalisation.
        layer_norm_eps: Epsilon of every normalisation.
        use_head: Whether a pooling head follows the last block.
        rope_theta: Base of the rotary frequencies.
        out_hidden_size: Width of a visual token, equal to the text model's.
        initializer_range: Standard deviation of random weights.
    """

    model_type = f"{MODEL_TYPE}_vision"
    base_config_key = "vision_config"

    hidden_size: int = 1024
    intermediate_size: int = 4096
    num_hidden_layers: int = 24
    num_attention_heads: int = 16
    num_channels: int = 3
    patch_size: int = PATCH
    spatial_merge_size: int = MERGE
    temporal_patch_size: int = 1
    frame_windows_size: int = 4
    hidden_act: str = "gelu"
    layer_norm_type: str = "layer_norm"
    layer_norm_eps: float = 1e-6
    use_head: bool = False
    rope_theta: float = 10_000.0
    out_hidden_size: int = 4096
    initializer_range: float = 0.02

    @property
    def token_grid(self) -> TokenGrid:
        """Size of patches and visual tokens."""
        return TokenGrid(self.patch_size * self.spatial_merge_size, self.spatial_merge_size)

    @property
    def head_size(self) -> int:
        """Width of one head."""
        return self.hidden_size // self.num_attention_heads


class LlavaOnevision2Config(PreTrainedConfig):
    """The whole model. ``vision_config`` and ``text_config`` may be given as mappings.

    Attributes:
        vision_config: The vision tower.
        text_config: The text model, one of ``TEXT_MODELS``.
        image_token_id: Placeholder of one visual token, of images and videos alike.
        video_token_id: In the tokenizer, but unused.
        vision_start_token_id: Token before a run of visual tokens.
        vision_end_token_id: Token after a run of visual tokens.
        tie_word_embeddings: Whether the output layer shares the input embeddings.
    """

    model_type = MODEL_TYPE
    sub_configs = {  # noqa: RUF012 - declared like this in the base class
        "vision_config": LlavaOnevision2VisionConfig,
        "text_config": AutoConfig,
    }

    vision_config: Any = None
    text_config: Any = None
    image_token_id: int = 151655
    video_token_id: int = 151656
    vision_start_token_id: int = 151652
    vision_end_token_id: int = 151653
    tie_word_embeddings: bool = False

    @classmethod
    def register_for_auto_class(cls, auto_class: str = "AutoConfig") -> None:
        """Do nothing: registered classes make every save copy modules of this package."""

    def __post_init__(self, **kwargs: Any) -> None:
        if self.vision_config is None or isinstance(self.vision_config, dict):
            self.vision_config = LlavaOnevision2VisionConfig(**(self.vision_config or {}))
        if self.text_config is None or isinstance(self.text_config, dict):
            self.text_config = text_config(**(self.text_config or {}))
        if self.text_config.tie_word_embeddings:
            self.tie_word_embeddings = True
        super().__post_init__(**kwargs)


def text_config(model_type: str = TEXT_MODELS[0], **fields: Any) -> Any:
    """Return the configuration of a text model.

    Raises:
        DataError: It is unsupported, here or by the installed transformers.
    """
    if model_type not in TEXT_MODELS:
        near = nearest_names(str(model_type), TEXT_MODELS)
        raise DataError(
            f"text_config.model_type is {model_type!r}, expected one of "
            f"{', '.join(TEXT_MODELS)}{near}"
        )
    if model_type not in CONFIG_MAPPING:
        raise DataError(
            f"text_config.model_type is {model_type!r}, which the installed transformers lacks; "
            "install a newer one"
        )
    return CONFIG_MAPPING[model_type](**fields)


def check_supported(config: LlavaOnevision2Config, *, where: str = "config") -> None:
    """Check that this implementation supports the model.

    Args:
        config: Configuration of a checkpoint.
        where: File or object that it comes from, for the message.

    Raises:
        DataError: The configuration is unsupported; the message lists every difference.
    """
    vision, text = config.vision_config, config.text_config
    wrong = _not_positive(config)
    if wrong:
        raise DataError(f"{where}: {'; '.join(wrong)}")
    fixed = {
        "num_channels": 3,
        "temporal_patch_size": 1,
        "hidden_act": "gelu",
        "layer_norm_type": "layer_norm",
        "use_head": False,
        "out_hidden_size": text.hidden_size,
    }
    differences = [
        f"vision_config.{name} is {getattr(vision, name)!r}, expected {expected!r}"
        for name, expected in fixed.items()
        if getattr(vision, name) != expected
    ]
    if vision.hidden_size % vision.num_attention_heads or vision.head_size % (2 * ROTARY_UNITS):
        differences.append(
            f"vision_config.hidden_size is {vision.hidden_size} with "
            f"{vision.num_attention_heads} heads, expected a head width that is a multiple of 32"
        )
    for name, most in (("patch_size", MOST_PATCH), ("spatial_merge_size", MOST_MERGE)):
        if getattr(vision, name) > most:
            differences.append(f"vision_config.{name} is {getattr(vision, name)}, at most {most}")
    if vision.frame_windows_size < 1:
        differences.append(
            f"vision_config.frame_windows_size is {vision.frame_windows_size}, expected 1 or more"
        )
    pad, vocabulary = config.image_token_id, text.vocab_size
    if type(pad) is not int or not 0 <= pad < vocabulary:
        differences.append(f"image_token_id is {pad!r}, expected 0 to {vocabulary - 1}")
    if text.model_type not in TEXT_MODELS:
        expected = ", ".join(TEXT_MODELS)
        differences.append(f"text_config.model_type is {text.model_type!r}, expected {expected}")
    if differences:
        raise DataError(f"{where}: unsupported LLaVA-OneVision-2: {'; '.join(differences)}")


def _not_positive(config: LlavaOnevision2Config) -> list[str]:
    """Return messages about sizes that are not positive integers."""
    vision = ("hidden_size", "intermediate_size", "num_hidden_layers", "num_attention_heads",
              "frame_windows_size", "out_hidden_size", "patch_size",
              "spatial_merge_size")  # fmt: skip
    text = ["hidden_size", "num_hidden_layers", "num_attention_heads", "num_key_value_heads",
            "head_dim", "vocab_size", "max_position_embeddings"]  # fmt: skip
    experts = ("num_experts", "num_experts_per_tok", "moe_intermediate_size")
    text += experts if "moe" in config.text_config.model_type else ("intermediate_size",)
    sizes = {f"vision_config.{name}": getattr(config.vision_config, name) for name in vision}
    sizes |= {f"text_config.{name}": getattr(config.text_config, name) for name in text}
    wrong = [
        f"{name} is {value!r}, expected a positive integer"
        for name, value in sizes.items()
        if type(value) is not int or value < 1
    ]
    theta = config.vision_config.rope_theta
    if not isinstance(theta, (int, float)) or not theta > 0:
        wrong.append(f"vision_config.rope_theta is {theta!r}, expected a positive number")
    return wrong
