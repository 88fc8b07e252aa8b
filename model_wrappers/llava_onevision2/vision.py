"""The vision tower (OneVision-Encoder) and the merger: patches in, visual tokens out.

Every block attends within windows only, so windows are independent through the whole tower. It
therefore runs as an ordinary transformer over batches of windows, without masks: time and output
grow linearly with the number of canvases, and memory in between is that of one pass.

Parameter names are those of the released checkpoint.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional
from transformers.modeling_utils import ALL_ATTENTION_FUNCTIONS, PreTrainedModel

from jumpscore.errors import UsageError
from model_wrappers.llava_onevision2.configuration import LlavaOnevision2VisionConfig
from model_wrappers.llava_onevision2.pixels import normalised
from model_wrappers.llava_onevision2.rotary import inverse_frequencies, rotary_tables, rotate
from model_wrappers.llava_onevision2.windows import Window, cut_windows, passes

MOST_PATCHES = {"cpu": 4_096, "cuda": 32_768}
"""Maximum number of patches per pass, unless one window has more: on a CPU few enough to reuse
memory, on a GPU enough to keep it busy."""


class PatchEmbedding(nn.Module):
    """A convolution with kernel = stride; on patches that are already cut, one matrix product."""

    def __init__(self, config: LlavaOnevision2VisionConfig) -> None:
        super().__init__()
        side = config.patch_size
        self.patch_embedding = nn.Conv2d(
            config.num_channels, config.hidden_size, kernel_size=side, stride=side, bias=False
        )

    def forward(self, pixels: Tensor) -> Tensor:
        """Map pixels [..., 3 * side * side] (channel, row, column) to [..., hidden]."""
        return functional.linear(pixels, self.patch_embedding.weight.flatten(1))


class Attention(nn.Module):
    """Full attention within a window, with rotary positions."""

    is_causal = False
    num_key_value_groups = 1

    def __init__(self, config: LlavaOnevision2VisionConfig) -> None:
        super().__init__()
        self.config = config
        self.heads, self.head_size = config.num_attention_heads, config.head_size
        self.qkv = nn.Linear(config.hidden_size, 3 * config.hidden_size)
        self.proj = nn.Linear(config.hidden_size, config.hidden_size)

    def forward(self, hidden: Tensor, tables: tuple[Tensor, Tensor]) -> Tensor:
        """Map [windows, patches, hidden] to the same shape."""
        mixed = self.qkv(hidden).unflatten(-1, (3, self.heads, self.head_size))
        query, key, value = (part.transpose(-3, -2) for part in self._positioned(mixed, tables))
        attended = self._attend(query, key, value)
        return self.proj(attended.flatten(-2))

    def _positioned(self, mixed: Tensor, tables: tuple[Tensor, Tensor]) -> tuple[Tensor, ...]:
        query, key, value = mixed.unbind(-3)
        return rotate(query, *tables), rotate(key, *tables), value

    def _attend(self, query: Tensor, key: Tensor, value: Tensor) -> Tensor:
        """Map three [windows, heads, patches, ...] to [windows, patches, heads, head_size]."""
        scale = self.head_size**-0.5
        implementation = self.config._attn_implementation or "sdpa"
        if implementation == "eager":
            weights = (query @ key.transpose(-1, -2) * scale).softmax(-1, dtype=torch.float32)
            return (weights.to(value.dtype) @ value).transpose(-3, -2)
        attend: Any = ALL_ATTENTION_FUNCTIONS[implementation]
        return attend(self, query, key, value, attention_mask=None, scaling=scale, is_causal=False)[
            0
        ]


class Mlp(nn.Module):
    """Two layers with an exact GELU between them."""

    def __init__(self, config: LlavaOnevision2VisionConfig) -> None:
        super().__init__()
        self.fc1 = nn.Linear(config.hidden_size, config.intermediate_size)
        self.fc2 = nn.Linear(config.intermediate_size, config.hidden_size)

    def forward(self, hidden: Tensor) -> Tensor:
        """Map [..., hidden] to the same shape."""
        return self.fc2(functional.gelu(self.fc1(hidden)))


class VisionBlock(nn.Module):
    """Attention and MLP, each after a normalisation and with a residual connection."""

    def __init__(self, config: LlavaOnevision2VisionConfig) -> None:
        super().__init__()
        self.layer_norm1 = nn.LayerNorm(config.hidden_size, eps=config.layer_norm_eps)
        self.self_attn = Attention(config)
        self.layer_norm2 = nn.LayerNorm(config.hidden_size, eps=config.layer_norm_eps)
        self.mlp = Mlp(config)

    def forward(self, hidden: Tensor, tables: tuple[Tensor, Tensor]) -> Tensor:
        """Map [windows, patches, hidden] to the same shape."""
        hidden = hidden + self.self_attn(self.layer_norm1(hidden), tables)
        return hidden + self.mlp(self.layer_norm2(hidden))


class Encoder(nn.Module):
    """The blocks; there is no normalisation after the last one."""

    def __init__(self, config: LlavaOnevision2VisionConfig) -> None:
        super().__init__()
        self.layers = nn.ModuleList(VisionBlock(config) for _ in range(config.num_hidden_layers))

    def forward(self, hidden: Tensor, tables: tuple[Tensor, Tensor]) -> Tensor:
        """Map [windows, patches, hidden] to the same shape."""
        for layer in self.layers:
            hidden = layer(hidden, tables)
        return hidden


class Merger(nn.Module):
    """Merges neighbouring patches, a square of them, into one visual token."""

    def __init__(self, config: LlavaOnevision2VisionConfig) -> None:
        super().__init__()
        self.ln_q = nn.LayerNorm(config.hidden_size, eps=config.layer_norm_eps)
        wide = config.hidden_size * config.spatial_merge_size**2
        self.mlp = nn.Sequential(
            nn.Linear(wide, wide), nn.GELU(), nn.Linear(wide, config.out_hidden_size)
        )
        self.wide = wide

    def forward(self, hidden: Tensor) -> Tensor:
        """Map [..., patches, hidden] in block order to [..., visual tokens, out]."""
        merged = self.ln_q(hidden).flatten(-2).unflatten(-1, (-1, self.wide))
        return self.mlp(merged)


class VisionTower(PreTrainedModel):
    """Maps patches of any number of images, frames and canvases to visual tokens."""

    config: LlavaOnevision2VisionConfig
    config_class = LlavaOnevision2VisionConfig
    main_input_name = "pixels"
    _no_split_modules = ("VisionBlock",)
    _supports_sdpa = True
    _supports_flash_attn = True
    _supports_attention_backend = True

    def __init__(self, config: LlavaOnevision2VisionConfig) -> None:
        super().__init__(config)
        self.embeddings = PatchEmbedding(config)
        self.layernorm_pre = nn.LayerNorm(config.hidden_size, eps=config.layer_norm_eps)
        self.encoder = Encoder(config)
        self.merger = Merger(config)
        self.post_init()

    def forward(
        self,
        pixels: Tensor,
        grid: Tensor,
        positions: Tensor,
        *,
        most_patches: int | None = None,
    ) -> Tensor:
        """Return the visual tokens, [tokens, out_hidden_size], in the order of their patches.

        Args:
            pixels: [patches, 3 * side * side] in block order, normalised, or bytes, which are
                normalised here; on any device, moved one pass at a time.
            grid: int [rows, 3]: (pictures, patch rows, patch columns) of every image, frame, or
                video of canvases.
            positions: int [patches, 3]: (time, row, column) of every patch, in block order.
            most_patches: Patches per pass, by default ``MOST_PATCHES``; affects memory, not the
                result.

        Raises:
            UsageError: The grid describes another number of patches.
        """
        rows = [(int(t), int(h), int(w)) for t, h, w in grid.tolist()]
        windows = cut_windows(rows, self.config.frame_windows_size)
        patches = sum(window.length for window in windows)
        if not patches == len(pixels) == len(positions):
            raise UsageError(
                f"the grid {rows} has {patches} patches, but there are pixels of {len(pixels)} and "
                f"positions of {len(positions)}; all three must be equal"
            )
        frequencies = inverse_frequencies(self.config.head_size, self.config.rope_theta)
        frequencies = tuple(axis.to(self.device) for axis in frequencies)
        most = most_patches or MOST_PATCHES.get(self.device.type, MOST_PATCHES["cuda"])
        tokens: dict[int, Tensor] = {}
        for places in passes(windows, most):
            batch = [windows[place] for place in places]
            tables = rotary_tables(_cut(positions, batch).to(self.device), frequencies)
            values = _cut(pixels, batch).to(self.device)
            if values.dtype == torch.uint8:
                values = normalised(values)
            hidden = self.embeddings(values.to(self.dtype))
            hidden = self.encoder(self.layernorm_pre(hidden), tables)
            tokens.update(zip(places, self.merger(hidden).unbind(0), strict=True))
        return torch.cat([tokens[place] for place in range(len(windows))])


def _cut(values: Tensor, windows: list[Window]) -> Tensor:
    """Cut [all patches, ...] into [windows, patches, ...]; windows must be equally long."""
    return torch.stack([values[w.start : w.start + w.length] for w in windows])
