"""Matrix products and causal attention in float32 on a CPU, with oneDNN if torch has it.

torch multiplies float32 matrices with MKL. On an AMD EPYC with AVX-512 the products of the included
miniature took 2.2 times as long with it as with oneDNN, which is part of torch as well. torch has
no public setting for that, so this module calls the operator that torch's compiler uses, if it
exists.
"""

from __future__ import annotations

from copy import copy

import torch
from torch import Tensor, nn
from torch.nn import functional

from model_wrappers.llava_onevision2.vision import PatchEmbedding

LEAST_ROWS = 16
"""With fewer rows, a call of oneDNN takes longer than the product."""
ROWS = 32
"""Prompts are padded to a multiple of it: oneDNN prepares itself for every new shape (0.5 ms)."""
BLOCK = 256
"""Queries per block of attention; its scores stay in the cache of a core."""


def has_onednn() -> bool:
    """Return whether torch contains the product of oneDNN that this module uses."""
    return torch.backends.mkldnn.is_available() and hasattr(torch.ops.mkldnn, "_linear_pointwise")


def product(values: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """Return ``values @ weight.T + bias``; without gradients.

    Args:
        values: float32 [..., inputs].
        weight: float32 [outputs, inputs], contiguous.
        bias: float32 [outputs].
    """
    if values.shape[:-1].numel() < LEAST_ROWS or not has_onednn():
        return functional.linear(values, weight, bias)
    return torch.ops.mkldnn._linear_pointwise(values, weight, bias, "none", [], "")


def causal_attention(queries: Tensor, keys: Tensor, values: Tensor) -> Tensor:
    """Return attention of every token to itself and those before it, [tokens, heads, width].

    Args:
        queries: float32 [heads, tokens, width].
        keys: float32 [key heads, tokens, width]; each serves ``heads / key heads`` queries.
        values: Same shape as ``keys``.
    """
    heads, count, width = queries.shape
    group = heads // len(keys)
    if count <= BLOCK or not has_onednn():
        keys, values = (part.repeat_interleave(group, 0)[None] for part in (keys, values))
        attended = functional.scaled_dot_product_attention(
            queries[None], keys, values, is_causal=True
        )
        return attended[0].transpose(0, 1)
    queries = queries * width**-0.5
    future = torch.full((BLOCK, BLOCK), -torch.inf).triu_(1)
    attended = queries.new_empty(count, heads, width)
    for start in range(0, count, BLOCK):
        end = min(start + BLOCK, count)
        size = end - start
        columns = values[:, :end].transpose(1, 2).contiguous()
        for head in range(heads):
            scores = product(queries[head, start:end], keys[head // group, :end])
            scores[:, start:].add_(future[:size, :size])
            shares = scores.softmax(-1)
            attended[start:end, head] = product(shares, columns[head // group])
    return attended


class Product(nn.Module):
    """A linear layer that computes with ``product``; it shares the parameters of another one."""

    def __init__(self, weight: Tensor, bias: Tensor | None) -> None:
        super().__init__()
        self.weight, self.bias = weight, bias

    def forward(self, values: Tensor) -> Tensor:
        """Map [..., inputs] to [..., outputs]."""
        return product(values, self.weight, self.bias)


def with_products(module: nn.Module) -> nn.Module:
    """Return a module that computes the same with ``product`` and shares all parameters."""
    if isinstance(module, nn.Linear):
        return Product(module.weight, module.bias)
    if isinstance(module, PatchEmbedding):
        return Product(module.patch_embedding.weight.flatten(1), None)
    twin = copy(module)
    twin._modules = {name: with_products(child) for name, child in module.named_children()}
    return twin
