"""Tiny random checkpoints of the baselines' architectures, as transformers and vLLM load them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

SPREAD = 0.2
"""Scale of weights for which a random model answers differently to different pictures."""

TEXT = {
    "hidden_size": 64, "intermediate_size": 128, "num_hidden_layers": 2, "num_attention_heads": 2,
    "num_key_value_heads": 1, "head_dim": 32, "max_position_embeddings": 16384,
    "initializer_range": SPREAD, "tie_word_embeddings": False,
}  # fmt: skip
HALF = [0.5, 0.5, 0.5]


def write_qwen3_vl(folder: Path, *, seed: int = 0) -> Path:
    """Write a Qwen3-VL: patches of 16 pixels, merged by two, over two frames."""
    from transformers import Qwen3VLConfig, Qwen3VLForConditionalGeneration

    tokenizer = _tokenizer({})
    ids = tokenizer.convert_tokens_to_ids
    config = Qwen3VLConfig(
        text_config={
            **TEXT,
            "vocab_size": len(tokenizer),
            "rope_parameters": {
                "rope_type": "default",
                "rope_theta": 10000.0,
                "mrope_section": [6, 5, 5],
                "mrope_interleaved": True,
            },
        },
        vision_config={
            "depth": 2, "hidden_size": 64, "intermediate_size": 128, "num_heads": 2,
            "out_hidden_size": 64, "num_position_embeddings": 64,
            "deepstack_visual_indexes": [0], "initializer_range": SPREAD,
        },
        image_token_id=ids("<|image_pad|>"),
        video_token_id=ids("<|video_pad|>"),
        vision_start_token_id=ids("<|vision_start|>"),
        vision_end_token_id=ids("<|vision_end|>"),
        tie_word_embeddings=False,
    )  # fmt: skip
    _save(Qwen3VLForConditionalGeneration, config, tokenizer, folder, seed)
    shared = {"patch_size": 16, "merge_size": 2, "temporal_patch_size": 2}
    shared |= {"image_mean": HALF, "image_std": HALF}
    size = {"shortest_edge": 1024, "longest_edge": 2**24}
    _write(folder / "preprocessor_config.json", {
        **shared, "size": size, "image_processor_type": "Qwen2VLImageProcessorFast",
        "processor_class": "Qwen3VLProcessor",
    })  # fmt: skip
    _write(folder / "video_preprocessor_config.json", {
        **shared, "size": size, "video_processor_type": "Qwen3VLVideoProcessor",
        "processor_class": "Qwen3VLProcessor",
    })  # fmt: skip
    return folder


INTERNVL_TEMPLATE = (
    "{% for message in messages %}<|im_start|>{{ message['role'] }}\n"
    "{% if message['content'] is string %}{{ message['content'] }}{% else %}"
    "{% for part in message['content'] %}"
    "{% if part['type'] == 'image' %}<IMG_CONTEXT>\n"
    "{% elif part['type'] == 'video' %}<video>\n"
    "{% else %}{{ part['text'] }}{% endif %}"
    "{% endfor %}{% endif %}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
"""A picture is one context token and a line break, as in the released template."""


def write_internvl(folder: Path, *, seed: int = 0) -> Path:
    """Write an InternVL: tiles of 56 pixels, four tokens each."""
    from transformers import InternVLConfig, InternVLForConditionalGeneration

    names = {
        "start_image_token": "<img>", "end_image_token": "</img>",
        "context_image_token": "<IMG_CONTEXT>", "video_token": "<video>",
    }  # fmt: skip
    tokenizer = _tokenizer(names)
    tokenizer.chat_template = INTERNVL_TEMPLATE
    config = InternVLConfig(
        text_config={**TEXT, "model_type": "qwen3", "vocab_size": len(tokenizer)},
        vision_config={
            "hidden_size": 64, "intermediate_size": 128, "num_hidden_layers": 2,
            "num_attention_heads": 2, "image_size": [56, 56], "patch_size": [14, 14],
            "initializer_range": SPREAD, "attention_bias": True, "norm_type": "layer_norm",
        },
        image_token_id=tokenizer.convert_tokens_to_ids("<IMG_CONTEXT>"),
        image_seq_length=4,
        tie_word_embeddings=False,
    )  # fmt: skip
    _save(InternVLForConditionalGeneration, config, tokenizer, folder, seed)
    shared = {
        "image_mean": [0.485, 0.456, 0.406], "image_std": [0.229, 0.224, 0.225],
        "size": {"height": 56, "width": 56}, "processor_class": "InternVLProcessor",
    }  # fmt: skip
    _write(folder / "preprocessor_config.json", {
        **shared, "crop_to_patches": False, "min_patches": 1, "max_patches": 12,
        "image_processor_type": "GotOcr2ImageProcessorFast",
    })  # fmt: skip
    video = {**shared, "video_processor_type": "InternVLVideoProcessor"}
    _write(folder / "video_preprocessor_config.json", video)
    _write(
        folder / "processor_config.json",
        {"image_seq_length": 4, "processor_class": "InternVLProcessor"},
    )
    return folder


def _tokenizer(names: dict[str, str]) -> Any:
    from model_wrappers.llava_onevision2.tiny import small_tokenizer

    tokenizer = small_tokenizer()
    if names:
        tokenizer.add_special_tokens({"extra_special_tokens": list(names.values())})
        for name, token in names.items():
            tokenizer._set_model_specific_special_tokens({name: token})
    return tokenizer


def _save(kind: Any, config: Any, tokenizer: Any, folder: Path, seed: int) -> None:
    import torch

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = kind(config)
    ends = tokenizer.convert_tokens_to_ids(["<|im_end|>", "<|endoftext|>"])
    model.generation_config.eos_token_id = ends
    model.generation_config.pad_token_id = ends[1]
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)


def _write(path: Path, values: dict[str, Any]) -> None:
    path.write_text(json.dumps(values, indent=2) + "\n")


def write_perception_lm(folder: Path, *, seed: int = 0) -> Path:
    """Write a PerceptionLM: tiles of 56 pixels, four tokens each. Needs timm."""
    from transformers import PerceptionLMConfig, PerceptionLMForConditionalGeneration

    tokenizer = _tokenizer({"image_token": "<|image|>", "video_token": "<|video|>"})
    ids = tokenizer.convert_tokens_to_ids
    config = PerceptionLMConfig(
        text_config={**TEXT, "model_type": "llama", "vocab_size": len(tokenizer)},
        vision_config={
            "architecture": "vit_pe_core_large_patch14_336",
            "do_pooling": True,
            "num_classes": 64,
            "global_pool": "map",
            "model_args": {
                "embed_dim": 64, "depth": 2, "num_heads": 2, "mlp_ratio": 2, "img_size": [56, 56],
                "ref_feat_shape": [4, 4], "init_values": 0.1, "global_pool": "",
                "use_post_transformer_norm": False,
            },
        },
        vision_use_cls_token=True,
        projector_pooling_ratio=2,
        image_token_id=ids("<|image|>"),
        video_token_id=ids("<|video|>"),
    )  # fmt: skip
    _save(PerceptionLMForConditionalGeneration, config, tokenizer, folder, seed)
    shared = {"image_mean": HALF, "image_std": HALF, "size": {"height": 56, "width": 56}}
    shared |= {"processor_class": "PerceptionLMProcessor"}
    _write(folder / "preprocessor_config.json", {
        **shared, "tile_size": 56, "max_num_tiles": 4, "max_frame_tiles": 1,
        "vision_input_type": "thumb+tile", "image_processor_type": "PerceptionLMImageProcessorFast",
    })  # fmt: skip
    video = {**shared, "video_processor_type": "PerceptionLMVideoProcessor"}
    _write(folder / "video_preprocessor_config.json", video)
    _write(
        folder / "processor_config.json",
        {"patch_size": 14, "pooling_ratio": 2, "processor_class": "PerceptionLMProcessor"},
    )
    return folder
