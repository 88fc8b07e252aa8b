"""The vision tower in numpy, token by token and pair by pair, written from the rules alone.

Nothing is shared with the package but the weights. Float64, one dense mask over everything: what
the fast tower must equal without ever building one.
"""

from __future__ import annotations

import math

import numpy as np


def turned(vector, position, theta=10_000.0):
    """One head's query or key [head] with its (t, h, w), channel by channel."""
    size = len(vector)
    half = size // 2
    unit = half // 16
    angles = []
    for coordinate, axis in zip(position, (4 * unit, 6 * unit, 6 * unit), strict=True):
        angles += [coordinate * theta ** (-k / axis) for k in range(axis)]
    assert len(angles) == half
    angles = angles + angles
    out = np.empty(size)
    for even in range(0, size, 2):
        x0, x1 = vector[even], vector[even + 1]
        out[even] = x0 * math.cos(angles[even]) + (-x1) * math.sin(angles[even])
        out[even + 1] = x1 * math.cos(angles[even + 1]) + x0 * math.sin(angles[even + 1])
    return out


def window_numbers(grid, window):
    """Which window each patch is in, counted by walking through the grid."""
    numbers, current = [], -1
    for pictures, rows, columns in grid:
        for picture in range(pictures):
            current += picture % window == 0
            numbers += [current] * (rows * columns)
    return np.array(numbers)


def norm(x, weight, bias):
    centred = x - x.mean(-1, keepdims=True)
    return centred / np.sqrt((centred**2).mean(-1, keepdims=True) + 1e-6) * weight + bias


def gelu(x):
    return x * 0.5 * (1 + np.vectorize(math.erf)(x / math.sqrt(2)))


def tower(weights, pixels, grid, positions, *, heads, layers, window=4, merge=2):
    """Visual tokens [tokens, out] of pixels [patches, values] under released names."""
    w = {name: np.asarray(value, dtype=np.float64) for name, value in weights.items()}
    kernel = w["embeddings.patch_embedding.weight"]
    x = np.asarray(pixels, dtype=np.float64) @ kernel.reshape(len(kernel), -1).T
    x = norm(x, w["layernorm_pre.weight"], w["layernorm_pre.bias"])
    width = x.shape[1]
    size = width // heads
    numbers = window_numbers(grid, window)
    mask = numbers[:, None] == numbers[None, :]
    for layer in range(layers):

        def p(name, layer=layer):
            return w[f"encoder.layers.{layer}.{name}"]

        y = norm(x, p("layer_norm1.weight"), p("layer_norm1.bias"))
        mixed = y @ p("self_attn.qkv.weight").T + p("self_attn.qkv.bias")
        attended = np.empty_like(x)
        for head in range(heads):
            here = slice(head * size, (head + 1) * size)
            query = mixed[:, :width][:, here]
            key = mixed[:, width : 2 * width][:, here]
            value = mixed[:, 2 * width :][:, here]
            query = np.array([turned(q, at) for q, at in zip(query, positions, strict=True)])
            key = np.array([turned(k, at) for k, at in zip(key, positions, strict=True)])
            scores = np.where(mask, query @ key.T / math.sqrt(size), -np.inf)
            scores = np.exp(scores - scores.max(-1, keepdims=True))
            attended[:, here] = scores / scores.sum(-1, keepdims=True) @ value
        x = x + attended @ p("self_attn.proj.weight").T + p("self_attn.proj.bias")
        y = norm(x, p("layer_norm2.weight"), p("layer_norm2.bias"))
        y = gelu(y @ p("mlp.fc1.weight").T + p("mlp.fc1.bias"))
        x = x + y @ p("mlp.fc2.weight").T + p("mlp.fc2.bias")
    y = norm(x, w["merger.ln_q.weight"], w["merger.ln_q.bias"]).reshape(-1, merge**2 * width)
    y = gelu(y @ w["merger.mlp.0.weight"].T + w["merger.mlp.0.bias"])
    return y @ w["merger.mlp.2.weight"].T + w["merger.mlp.2.bias"]
