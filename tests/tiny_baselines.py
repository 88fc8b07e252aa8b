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
QWEN_VISION = {
    "depth": 2, "hidden_size": 64, "intermediate_size": 128, "num_heads": 2,
    "out_hidden_size": 64, "num_position_embeddings": 64, "initializer_range": SPREAD,
}  # fmt: skip


def write_qwen3_vl(folder: Path, *, seed: int = 0) -> Path:
    """Write a Qwen3-VL: patches of 16 pixels, merged by two, over two frames."""
    from transformers import Qwen3VLConfig, Qwen3VLForConditionalGeneration

    tokenizer = _tokenizer({})
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
        vision_config={**QWEN_VISION, "deepstack_visual_indexes": [0]},
        **_qwen_ids(tokenizer),
        tie_word_embeddings=False,
    )  # fmt: skip
    _save(Qwen3VLForConditionalGeneration, config, tokenizer, folder, seed)
    _write_qwen_processors(folder)
    return folder


def _qwen_ids(tokenizer: Any) -> dict[str, int]:
    ids = tokenizer.convert_tokens_to_ids
    return {
        "image_token_id": ids("<|image_pad|>"),
        "video_token_id": ids("<|video_pad|>"),
        "vision_start_token_id": ids("<|vision_start|>"),
        "vision_end_token_id": ids("<|vision_end|>"),
    }


def _write_qwen_processors(folder: Path) -> None:
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


THINKING = (
    "{% if enable_thinking is defined and not enable_thinking %}<think>\n\n</think>\n\n"
    "{% else %}<think>\n{% endif %}"
)
"""The beginning of an answer, as in the released template of Qwen3.5."""


def write_qwen3_5(folder: Path, *, seed: int = 1) -> Path:  # its answers to all kinds differ
    """Write a Qwen3.5: pictures as in Qwen3-VL, one layer of linear and one of full attention."""
    from transformers import Qwen3_5Config, Qwen3_5ForConditionalGeneration

    return _write_qwen3_5(folder, Qwen3_5Config, Qwen3_5ForConditionalGeneration, {}, seed)


def write_qwen3_5_moe(folder: Path, *, seed: int = 0) -> Path:
    """Write a Qwen3.5 with four experts, two of which are active."""
    from transformers import Qwen3_5MoeConfig, Qwen3_5MoeForConditionalGeneration

    experts = {
        "num_experts": 4, "num_experts_per_tok": 2, "moe_intermediate_size": 64,
        "shared_expert_intermediate_size": 64,
    }  # fmt: skip
    kind = Qwen3_5MoeForConditionalGeneration
    return _write_qwen3_5(folder, Qwen3_5MoeConfig, kind, experts, seed)


def _qwen3_5_text(tokenizer: Any) -> dict[str, Any]:
    return {
        **TEXT, "vocab_size": len(tokenizer),
        "layer_types": ["linear_attention", "full_attention"],
        "linear_key_head_dim": 16, "linear_value_head_dim": 16,
        "linear_num_key_heads": 2, "linear_num_value_heads": 4,
        "rope_parameters": {
            "rope_type": "default", "rope_theta": 10000.0, "partial_rotary_factor": 0.5,
            "mrope_section": [3, 3, 2], "mrope_interleaved": True,
        },
    }  # fmt: skip


def _write_qwen3_5(folder: Path, config: Any, kind: Any, text: dict[str, Any], seed: int) -> Path:
    tokenizer = _tokenizer({})
    tokenizer.chat_template += THINKING
    settings = config(
        text_config={**_qwen3_5_text(tokenizer), **text},
        vision_config=QWEN_VISION,
        **_qwen_ids(tokenizer),
        tie_word_embeddings=False,
    )  # fmt: skip
    _save(kind, settings, tokenizer, folder, seed)
    _write_qwen_processors(folder)
    return folder


MOLMO2_TEMPLATE = (
    "{% set found = namespace(images=0, videos=0) %}"
    "{% for message in messages %}{% for part in message['content'] %}"
    "{% if part['type'] == 'image' %}{% set found.images = found.images + 1 %}"
    "{% elif part['type'] == 'video' %}{% set found.videos = found.videos + 1 %}{% endif %}"
    "{% endfor %}{% endfor %}"
    "{% for number in range(1, found.images + 1) %}"
    "{% if found.images > 1 %}Image {{ number }}{% endif %}<|image|>{% endfor %}"
    "{% for _ in range(found.videos) %}<|video|>{% endfor %}"
    "{% for message in messages %}<|im_start|>{{ message['role'] }}\n"
    "{% for part in message['content'] %}"
    "{% if part['type'] == 'text' %}{{ part['text'] }}{% endif %}{% endfor %}<|im_end|>\n"
    "{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
"""Pictures come before the first turn, and several images are numbered, as in the released one."""
MOLMO2_TOKENS = (
    "<im_start>", "<im_end>", "<im_patch>", "<im_col>", "<low_res_im_start>", "<im_low>",
    "<frame_start>", "<frame_end>", "<|image|>", "<|video|>",
)  # fmt: skip


def write_molmo2(folder: Path, *, seed: int = 0) -> Path:
    """Write a Molmo2: frames of 84 pixels, patches of 14, pooled by three: four tokens each."""
    from transformers import Molmo2Config, Molmo2ForConditionalGeneration

    tokenizer = _tokenizer({})
    words = len(tokenizer)
    tokenizer.add_special_tokens({"extra_special_tokens": list(MOLMO2_TOKENS)})
    tokenizer.chat_template = MOLMO2_TEMPLATE
    ids = tokenizer.convert_tokens_to_ids
    tower = {"num_attention_heads": 2, "num_key_value_heads": 2, "head_dim": 32}
    tower |= {"hidden_size": 64, "initializer_range": SPREAD}
    config = Molmo2Config(
        text_config={
            **TEXT,
            "vocab_size": words,
            "additional_vocab_size": len(MOLMO2_TOKENS),
            "rope_parameters": {"rope_type": "default", "rope_theta": 10000.0},
        },
        vision_config={
            **tower, "intermediate_size": 128, "num_hidden_layers": 2, "image_size": [84, 84]
        },
        adapter_config={
            **tower, "intermediate_size": 128, "text_hidden_size": 64,
            "vision_feature_layer": [-1, -2],
        },
        image_start_token_id=ids("<im_start>"),
        low_res_image_start_token_id=ids("<low_res_im_start>"),
        image_end_token_id=ids("<im_end>"),
        image_patch_id=ids("<im_patch>"),
        frame_start_token_id=ids("<frame_start>"),
        frame_end_token_id=ids("<frame_end>"),
    )  # fmt: skip
    _save(Molmo2ForConditionalGeneration, config, tokenizer, folder, seed)
    shared = {
        "patch_size": 14, "image_mean": HALF, "image_std": HALF, "resample": 2,
        "size": {"height": 84, "width": 84}, "processor_class": "Molmo2Processor",
    }  # fmt: skip
    _write(folder / "preprocessor_config.json", {
        **shared, "pooling_size": [2, 2], "max_crops": 4, "overlap_margins": [1, 1],
        "image_processor_type": "Molmo2ImageProcessor",
    })  # fmt: skip
    _write(folder / "video_preprocessor_config.json", {
        **shared, "pooling_size": [3, 3], "video_processor_type": "Molmo2VideoProcessor",
        "do_resize": True, "do_rescale": True, "do_normalize": True,  # no defaults of its class
    })  # fmt: skip
    _write(folder / "processor_config.json", {
        "processor_class": "Molmo2Processor", "use_single_crop_col_tokens": False,
    })  # fmt: skip
    return folder


def write_minicpm_v(folder: Path, *, seed: int = 0) -> Path:
    """Write a MiniCPM-V 4.7: patches of 8 pixels, 16 of which become one token."""
    from transformers import MiniCPMV4_7Config, MiniCPMV4_7ForConditionalGeneration

    names = {
        "image_token": "<|image_pad|>", "video_token": "<|video_pad|>",
        "image_start_token": "<image>", "image_end_token": "</image>",
        "slice_start_token": "<slice>", "slice_end_token": "</slice>",
        "image_id_start_token": "<image_id>", "image_id_end_token": "</image_id>",
    }  # fmt: skip
    tokenizer = _tokenizer(names)
    tokenizer.chat_template = MINICPM_V_TEMPLATE
    ids = tokenizer.convert_tokens_to_ids
    config = MiniCPMV4_7Config(
        text_config={"model_type": "qwen3_5_text", **_qwen3_5_text(tokenizer)},
        vision_config={
            "hidden_size": 64, "intermediate_size": 128, "num_hidden_layers": 2,
            "num_attention_heads": 2, "image_size": 64, "patch_size": 8,
        },
        insert_layer_id=0,
        image_token_id=ids("<|image_pad|>"),
        video_token_id=ids("<|video_pad|>"),
        image_start_id=ids("<image>"),
        image_end_id=ids("</image>"),
        slice_start_id=ids("<slice>"),
        slice_end_id=ids("</slice>"),
        newline_id=tokenizer.encode("\n")[0],
    )  # fmt: skip
    _save(MiniCPMV4_7ForConditionalGeneration, config, tokenizer, folder, seed)
    shared = {"patch_size": 8, "scale_resolution": 189, "image_mean": HALF, "image_std": HALF}
    shared |= {"processor_class": "MiniCPMV4_7Processor"}
    _write(folder / "preprocessor_config.json", {
        **shared, "image_processor_type": "MiniCPMV4_6ImageProcessor",
    })  # fmt: skip
    _write(folder / "video_preprocessor_config.json", {
        **shared, "video_processor_type": "MiniCPMV4_6VideoProcessor", "slice_mode": False,
    })  # fmt: skip
    return folder


MINICPM_V_TEMPLATE = (
    "{% for message in messages %}<|im_start|>{{ message['role'] }}\n"
    "{% for part in message['content'] %}"
    "{% if part['type'] == 'image' %}<|image_pad|>"
    "{% elif part['type'] == 'video' %}<|video_pad|>"
    "{% else %}{{ part['text'] }}{% endif %}{% endfor %}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)


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


WRITERS = {
    "internvl3_5": "write_internvl",
    "minicpm_v4_7": "write_minicpm_v",
    "molmo2": "write_molmo2",
    "perception_lm": "write_perception_lm",
    "qwen3_5": "write_qwen3_5",
    "qwen3_5_moe": "write_qwen3_5_moe",
    "qwen3_vl": "write_qwen3_vl",
}
"""Model -> the function that writes its tiny checkpoint."""
