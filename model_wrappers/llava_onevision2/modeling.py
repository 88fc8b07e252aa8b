"""LLaVA-OneVision-2 for transformers: visual tokens replace image pads, then Qwen runs."""

from __future__ import annotations

import inspect
from typing import Any

from torch import Tensor, nn
from transformers import AutoModel, GenerationMixin, PreTrainedModel, Qwen3Model
from transformers.modeling_outputs import BaseModelOutputWithPast, CausalLMOutputWithPast

from jumpscore.errors import UsageError
from model_wrappers.llava_onevision2.configuration import LlavaOnevision2Config, check_supported
from model_wrappers.llava_onevision2.vision import VisionTower

VISUAL_INPUTS = ("pixel_values", "image_grid_thw", "patch_positions")
TEXT_LAYERS = (
    "Qwen3DecoderLayer", "Qwen3MoeDecoderLayer", "Qwen3_5DecoderLayer", "Qwen3_5MoeDecoderLayer"
)  # fmt: skip
"""Blocks that stay on one device if a model is spread over several."""
CACHE = (
    "cache" if "cache" in inspect.signature(Qwen3Model.forward).parameters else "past_key_values"
)
"""Name of the cache argument in the installed transformers; 5.24 renamed it."""


class LlavaOnevision2PreTrainedModel(PreTrainedModel):
    """Class attributes that transformers needs on every class below."""

    config: LlavaOnevision2Config
    config_class = LlavaOnevision2Config
    base_model_prefix = "model"
    input_modalities = ("image", "video", "text")
    supports_gradient_checkpointing = False
    _no_split_modules = ("VisionBlock", *TEXT_LAYERS)
    _skip_keys_device_placement = ("cache", "past_key_values")
    _supports_sdpa = True
    _supports_flash_attn = True
    _supports_attention_backend = True

    @classmethod
    def register_for_auto_class(cls, auto_class: str = "AutoModel") -> None:
        """Do nothing: registered classes make every save copy modules of this package."""


class LlavaOnevision2Model(LlavaOnevision2PreTrainedModel):
    """Vision tower and text model, without the output layer."""

    def __init__(self, config: LlavaOnevision2Config) -> None:
        check_supported(config)
        super().__init__(config)
        self.visual = VisionTower._from_config(config.vision_config)
        self.language_model = AutoModel.from_config(config.text_config)
        self.post_init()

    def get_input_embeddings(self) -> nn.Module:
        """Return the embeddings of the text model."""
        return self.language_model.get_input_embeddings()

    def set_input_embeddings(self, value: nn.Module) -> None:
        """Replace the embeddings of the text model."""
        self.language_model.set_input_embeddings(value)

    def embed(
        self,
        input_ids: Tensor,
        pixel_values: Tensor | None = None,
        image_grid_thw: Tensor | None = None,
        patch_positions: Tensor | None = None,
    ) -> Tensor:
        """Return the embeddings [batch, tokens, width] of a prompt, including visual tokens.

        Args:
            input_ids: int [batch, tokens]; one image pad per visual token.
            pixel_values: Normalised patches of the whole batch, [patches, 3 * side * side], in
                block order.
            image_grid_thw: int [rows, 3], in the order of the prompts.
            patch_positions: int [patches, 3]: (time, row, column).

        Raises:
            UsageError: The numbers of visual tokens and image pads differ, or one of the three
                visual inputs is missing.
        """
        embeddings = self.get_input_embeddings()(input_ids)
        pads = input_ids == self.config.image_token_id
        if pixel_values is None or image_grid_thw is None or patch_positions is None:
            if pixel_values is not None:
                raise UsageError(
                    "pixel_values need image_grid_thw and patch_positions; pass all three"
                )
            return embeddings
        tokens = self.visual(pixel_values, image_grid_thw, patch_positions)
        if len(tokens) != int(pads.sum()):
            raise UsageError(
                f"the prompt has {int(pads.sum())} image pads but {len(tokens)} visual tokens; "
                "write one pad per token"
            )
        return embeddings.masked_scatter(pads.unsqueeze(-1), tokens.to(embeddings))

    def forward(
        self,
        input_ids: Tensor | None = None,
        pixel_values: Tensor | None = None,
        image_grid_thw: Tensor | None = None,
        patch_positions: Tensor | None = None,
        inputs_embeds: Tensor | None = None,
        past_key_values: Any = None,
        cache: Any = None,
        **kwargs: Any,
    ) -> BaseModelOutputWithPast:
        """Return the text model's last hidden states; arguments as in ``embed`` and in Qwen."""
        cache = past_key_values if cache is None else cache
        if inputs_embeds is None:
            assert input_ids is not None
            inputs_embeds = self.embed(input_ids, pixel_values, image_grid_thw, patch_positions)
            # In later steps a pad is a token that the model generated.
            if pixel_values is None and _is_prompt(cache):
                _check_no_pads(input_ids, self.config.image_token_id)
        return self.language_model(inputs_embeds=inputs_embeds, **{CACHE: cache}, **kwargs)


class LlavaOnevision2ForConditionalGeneration(LlavaOnevision2PreTrainedModel, GenerationMixin):
    """The whole model: prompts with images, frames or canvases in, text out."""

    _tied_weights_keys = {  # noqa: RUF012 - declared like this in the base class
        "lm_head.weight": "model.language_model.embed_tokens.weight"
    }

    def __init__(self, config: LlavaOnevision2Config) -> None:
        super().__init__(config)
        self.model = LlavaOnevision2Model(config)
        text = config.text_config
        self.lm_head = nn.Linear(text.hidden_size, text.vocab_size, bias=False)
        self.post_init()

    def get_input_embeddings(self) -> nn.Module:
        """Return the embeddings of the text model."""
        return self.model.get_input_embeddings()

    def set_input_embeddings(self, value: nn.Module) -> None:
        """Replace the embeddings of the text model."""
        self.model.set_input_embeddings(value)

    def forward(
        self,
        input_ids: Tensor | None = None,
        attention_mask: Tensor | None = None,
        position_ids: Tensor | None = None,
        past_key_values: Any = None,
        cache: Any = None,
        inputs_embeds: Tensor | None = None,
        pixel_values: Tensor | None = None,
        image_grid_thw: Tensor | None = None,
        patch_positions: Tensor | None = None,
        labels: Tensor | None = None,
        logits_to_keep: int | Tensor = 0,
        **kwargs: Any,
    ) -> CausalLMOutputWithPast:
        """Return logits [batch, kept tokens, vocabulary], and the loss if labels are passed.

        Args:
            input_ids: int [batch, tokens].
            attention_mask: int [batch, tokens], 0 for padding.
            position_ids: int [batch, tokens].
            past_key_values: Cache of the previous tokens, named so until transformers 5.23.
            cache: The same cache, named so since transformers 5.24.
            inputs_embeds: Embeddings instead of ``input_ids``.
            pixel_values: See ``LlavaOnevision2Model.embed``.
            image_grid_thw: See ``LlavaOnevision2Model.embed``.
            patch_positions: See ``LlavaOnevision2Model.embed``.
            labels: int [batch, tokens], -100 for tokens without a loss.
            logits_to_keep: Number of last tokens (0: all), or their indices.
            kwargs: Passed on to the text model.
        """
        outputs = self.model(
            input_ids=input_ids,
            pixel_values=pixel_values,
            image_grid_thw=image_grid_thw,
            patch_positions=patch_positions,
            inputs_embeds=inputs_embeds,
            attention_mask=attention_mask,
            position_ids=position_ids,
            cache=past_key_values if cache is None else cache,
            **kwargs,
        )
        rows = slice(-logits_to_keep, None) if isinstance(logits_to_keep, int) else logits_to_keep
        logits = self.lm_head(outputs.last_hidden_state[:, rows, :])
        loss = None
        if labels is not None:
            loss = self.loss_function(
                logits=logits, labels=labels, vocab_size=self.config.text_config.vocab_size
            )
        return CausalLMOutputWithPast(loss=loss, logits=logits, **{CACHE: getattr(outputs, CACHE)})

    def prepare_inputs_for_generation(
        self, input_ids: Tensor, *args: Any, is_first_iteration: bool = False, **kwargs: Any
    ) -> dict[str, Any]:
        """Return the inputs of one step; only the first step gets pictures."""
        inputs = super().prepare_inputs_for_generation(
            input_ids, *args, is_first_iteration=is_first_iteration, **kwargs
        )
        if not is_first_iteration and kwargs.get("use_cache", True):
            for name in VISUAL_INPUTS:
                inputs[name] = None
        return inputs


def _is_prompt(cache: Any) -> bool:
    return cache is None or cache.get_seq_length() == 0


def _check_no_pads(input_ids: Tensor, pad: int) -> None:
    count = int((input_ids == pad).sum())
    if count:
        raise UsageError(f"the prompt has {count} image pads but no pixel_values; pass them")
