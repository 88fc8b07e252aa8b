"""Greedy answers of a small model on a CPU, without the costs of ``generate`` per token.

Why there are two paths: ``generate`` of transformers is the reference. It runs any size on any
device, with sampling, batches, hooks and every option of a checkpoint. A model of a few million
parameters spends most of its time there between the products of its weights. This path computes
the same model with fewer and larger operations: joined weights, a cache of fixed size, oneDNN for
the products of a prompt, no padding to the longest prompt, and in the last layer of a prompt only
its last token, whose logits are needed. It covers exactly what
``unsupported`` allows, which depends on the configuration and never on the name of a checkpoint;
everything else is answered by ``generate``.

Both paths agree up to the rounding of float32, because sums have another order. An answer can only
differ if two tokens are equally likely up to that rounding (about 1e-5 in logits).
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from model_wrappers.llava_onevision2.modeling import VISUAL_INPUTS
from model_wrappers.llava_onevision2.products import (
    ROWS,
    causal_attention,
    product,
    with_products,
)
from model_wrappers.transformers.generation import Answer, ModelInputs, Prompt, Sampling, stops
from model_wrappers.transformers.threads import SMALL_MODEL

HARMLESS = {
    "bos_token_id", "do_sample", "eos_token_id", "max_length", "max_new_tokens", "pad_token_id",
    "temperature", "top_k", "top_p", "transformers_version", "use_cache",
}  # fmt: skip
"""Fields of ``generation_config.json`` that do not change greedy answers, or that this path uses.
Any other, such as a repetition penalty, needs ``generate``."""

TEXT = {
    "model_type": "qwen3",
    "hidden_act": "silu",
    "attention_bias": False,
    "_attn_implementation": "sdpa",
}
"""Fields of the text model that this path computes, besides its sizes."""


def unsupported(model: Any, sampling: Sampling) -> str | None:
    """Return why this path cannot answer, or ``None`` if it can.

    Args:
        model: A ``LlavaOnevision2ForConditionalGeneration``, on its device.
        sampling: How tokens are chosen.
    """
    text, parameters = model.config.text_config, list(model.parameters())
    if sampling.temperature > 0:
        return "sampling"
    if sum(parameter.numel() for parameter in parameters) > SMALL_MODEL:
        return f"more than {SMALL_MODEL} parameters"
    if any(value.device.type != "cpu" or value.dtype != torch.float32 for value in parameters):
        return "weights that are not float32 on a CPU"
    for name, expected in TEXT.items():
        if getattr(text, name) != expected:
            return f"{name}={getattr(text, name)!r}"
    if set(text.layer_types) != {"full_attention"}:
        return "sliding attention"
    if text.rope_parameters["rope_type"] != "default":
        return "scaled rotary positions"
    fields = model.generation_config.to_diff_dict().keys() - HARMLESS
    if fields:
        return f"{', '.join(sorted(fields))} in the generation configuration"
    if model.training or any(_has_hooks(module) for module in model.modules()):
        return "training mode or hooks"
    return None


def _has_hooks(module: nn.Module) -> bool:
    return bool(module._forward_hooks or module._forward_pre_hooks)


@dataclass(frozen=True, slots=True, eq=False)
class _Layer:
    """Weights of a text layer; ``heads_norm`` has a row for every head of queries and keys."""

    attention_norm: Tensor
    qkv: Tensor
    heads_norm: Tensor
    out: Tensor
    mlp_norm: Tensor
    gate_up: Tensor
    down: Tensor


@dataclass(slots=True, eq=False)
class Text:
    """A prompt and its answer so far.

    Attributes:
        cache: Keys and values of each layer, [2, key heads, room, head_size].
        length: Number of tokens in the cache.
        tokens: Answer so far; the newest token is not in the cache yet.
    """

    cache: list[Tensor]
    length: int = 0
    tokens: list[int] = field(default_factory=list)


class SmallGreedy:
    """Answers prompts with the weights that the model has now.

    Joining the weights takes about a millisecond. An object is made for every batch instead of
    kept, so it never differs from the model.

    Args:
        model: A model for which ``unsupported`` returns ``None``.
    """

    def __init__(self, model: Any) -> None:
        text, language = model.config.text_config, model.model.language_model
        self.heads, self.key_heads = text.num_attention_heads, text.num_key_value_heads
        self.head_size, self.epsilon = text.head_dim, text.rms_norm_eps
        self.tower = with_products(model.model.visual)
        self.fill = model.model.fill
        self.embeddings = language.embed_tokens.weight
        self.layers = [self._joined(layer) for layer in language.layers]
        self.norm, self.head = language.norm.weight, model.lm_head.weight
        self.rotary = language.rotary_emb
        self.stops = stops(model)

    def _joined(self, layer: Any) -> _Layer:
        attention, mlp = layer.self_attn, layer.mlp
        projections = (attention.q_proj, attention.k_proj, attention.v_proj)
        query_norms = attention.q_norm.weight.expand(self.heads, -1)
        key_norms = attention.k_norm.weight.expand(self.key_heads, -1)
        return _Layer(
            attention_norm=layer.input_layernorm.weight,
            qkv=torch.cat([projection.weight for projection in projections]),
            heads_norm=torch.cat([query_norms, key_norms]),
            out=attention.o_proj.weight,
            mlp_norm=layer.post_attention_layernorm.weight,
            gate_up=torch.cat([mlp.gate_proj.weight, mlp.up_proj.weight]),
            down=mlp.down_proj.weight,
        )

    def answers(
        self, prompts: Sequence[Prompt], inputs: ModelInputs, most_tokens: int, *, threads: int = 1
    ) -> list[Answer]:
        """Return the answers to prompts, in order.

        Prompts are read one by one, or ``threads`` at a time, because their products are large.
        Then all answers grow together, a token at a time, because theirs are small.

        Args:
            prompts: Prompts of any lengths; their seeds are not used.
            inputs: Returns the model inputs for pictures.
            most_tokens: Maximum length of an answer.
            threads: Number of prompts that are read at the same time.
        """

        def read(prompt: Prompt) -> Text:
            with torch.inference_mode():  # a setting of each thread
                hidden = self.embedded(prompt, inputs)
                text = self.empty_text(len(hidden) + most_tokens)
                text.tokens.append(int(self.read(text, hidden).argmax()))
                return text

        workers = min(threads, len(prompts))
        if workers > 1:
            with ThreadPoolExecutor(
                workers, initializer=torch.set_num_threads, initargs=(1,)
            ) as pool:
                texts = list(pool.map(read, prompts))
        else:
            texts = [read(prompt) for prompt in prompts]
        with torch.inference_mode():
            growing = [text for text in texts if self._continues(text, most_tokens)]
            while growing:
                for text, token in zip(
                    growing, self.step(growing).argmax(-1).tolist(), strict=True
                ):
                    text.tokens.append(token)
                growing = [text for text in growing if self._continues(text, most_tokens)]
        return [self._finished(text) for text in texts]

    def _continues(self, text: Text, most_tokens: int) -> bool:
        return text.tokens[-1] not in self.stops and len(text.tokens) < most_tokens

    def _finished(self, text: Text) -> Answer:
        if text.tokens[-1] in self.stops:
            return Answer(tuple(text.tokens[:-1]), "stop")
        return Answer(tuple(text.tokens), "length")

    def embedded(self, prompt: Prompt, inputs: ModelInputs) -> Tensor:
        """Return the embeddings [tokens, width] of a prompt, including visual tokens."""
        ids = torch.from_numpy(prompt.ids)[None]
        embeddings = self.embeddings[ids]
        if prompt.pictures is None:
            return embeddings[0]
        visual = inputs(ids, [prompt.pictures])
        tokens = self.tower(*(visual[name] for name in VISUAL_INPUTS))
        return self.fill(ids, embeddings, tokens)[0]

    def empty_text(self, longest: int) -> Text:
        """Return a text with room for ``longest`` tokens."""
        shape = (2, self.key_heads, longest + ROWS, self.head_size)
        return Text([torch.empty(shape) for _ in self.layers])

    def read(self, text: Text, hidden: Tensor) -> Tensor:
        """Append a prompt to an empty text, and return the logits [1, vocabulary] after it.

        Args:
            text: From ``empty_text``.
            hidden: Embeddings [tokens, width].
        """
        count = len(hidden)
        # Causal attention does not see the padding, and the answer overwrites it in the cache.
        hidden = functional.pad(hidden, (0, 0, 0, -count % ROWS))
        rows = len(hidden)
        tables = self._tables(torch.arange(rows))
        for number, (layer, cache) in enumerate(zip(self.layers, text.cache, strict=True)):
            queries, keys, values = self._heads(hidden, layer, tables)
            cache[0, :, :rows], cache[1, :, :rows] = keys.transpose(0, 1), values.transpose(0, 1)
            if number < len(self.layers) - 1:
                queries = queries.transpose(0, 1)
                attended = causal_attention(queries, cache[0, :, :rows], cache[1, :, :rows])
            else:  # the logits after the last token need nothing else from the last layer
                hidden, queries = hidden[count - 1 : count], queries[count - 1]
                attended = self._attended(queries, cache, count)
            hidden = self._mixed(hidden, attended, layer)
        text.length = count
        return self._logits(hidden)

    def step(self, texts: Sequence[Text]) -> Tensor:
        """Append the newest token of each text, and return the logits [texts, vocabulary] after."""
        hidden = self.embeddings[[text.tokens[-1] for text in texts]]
        tables = self._tables(torch.tensor([text.length for text in texts]))
        for number, layer in enumerate(self.layers):
            queries, keys, values = self._heads(hidden, layer, tables)
            attended = torch.empty_like(queries)
            for place, text in enumerate(texts):
                cache = text.cache[number]
                cache[0, :, text.length], cache[1, :, text.length] = keys[place], values[place]
                attended[place] = self._attended(queries[place], cache, text.length + 1)
            hidden = self._mixed(hidden, attended, layer)
        for text in texts:
            text.length += 1
        return self._logits(hidden)

    def _tables(self, positions: Tensor) -> tuple[Tensor, Tensor]:
        """Return rotary factors of channels and of those half a head away, [tokens, 1, width]."""
        cosine, sine = self.rotary(self.norm, positions[None])
        half = self.head_size // 2
        # With the sign of (x1, x2) -> (-x2, x1) in the table, rolling a head is enough.
        sine[..., :half].neg_()
        return cosine[0, :, None], sine[0, :, None]

    def _heads(
        self, hidden: Tensor, layer: _Layer, tables: tuple[Tensor, Tensor]
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Return positioned queries and keys, and values, each [tokens, heads, head_size]."""
        mixed = product(self._normalised(hidden, layer.attention_norm), layer.qkv)
        mixed = mixed.view(len(hidden), -1, self.head_size)
        both, values = mixed.split((self.heads + self.key_heads, self.key_heads), 1)
        both = self._normalised(both).mul_(layer.heads_norm)
        swapped = both.roll(self.head_size // 2, -1)
        both = both.mul_(tables[0]).addcmul_(swapped, tables[1])
        queries, keys = both.split((self.heads, self.key_heads), 1)
        return queries, keys, values

    def _attended(self, queries: Tensor, cache: Tensor, length: int) -> Tensor:
        """Return attention of one token [heads, head_size] to all up to it, in the same shape."""
        groups = queries.reshape(1, self.key_heads, -1, self.head_size)
        keys, values = cache[:, None, :, :length]
        attended = functional.scaled_dot_product_attention(groups, keys, values)
        return attended.reshape(queries.shape)

    def _mixed(self, hidden: Tensor, attended: Tensor, layer: _Layer) -> Tensor:
        """Return the output of a layer [tokens, width] after its attention."""
        hidden = hidden + product(attended.reshape(len(hidden), -1), layer.out)
        inner = product(self._normalised(hidden, layer.mlp_norm), layer.gate_up)
        gate, up = inner.chunk(2, -1)
        return hidden + product(functional.silu(gate).mul_(up), layer.down)

    def _normalised(self, values: Tensor, weight: Tensor | None = None) -> Tensor:
        """Return values [..., width] over their root mean square, times the weight."""
        return torch.rms_norm(values, values.shape[-1:], weight, self.epsilon)

    def _logits(self, hidden: Tensor) -> Tensor:
        return functional.linear(self._normalised(hidden, self.norm), self.head)
