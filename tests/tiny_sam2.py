"""Write a tiny random SAM 2 video model as a real checkpoint."""

from __future__ import annotations

from pathlib import Path

SIDE = 64


def tiny_sam2(folder: Path, *, seed: int = 0) -> Path:
    import torch
    from transformers import Sam2VideoConfig, Sam2VideoModel, Sam2VisionConfig
    from transformers.models.sam2.configuration_sam2 import Sam2HieraDetConfig
    from transformers.models.sam2_video.configuration_sam2_video import (
        Sam2VideoMaskDecoderConfig,
        Sam2VideoPromptEncoderConfig,
    )

    width, sizes = 128, [[SIDE // 4] * 2, [SIDE // 8] * 2, [SIDE // 16] * 2]
    backbone = Sam2HieraDetConfig(
        hidden_size=8,
        image_size=[SIDE, SIDE],
        blocks_per_stage=[1, 1, 2, 1],
        embed_dim_per_stage=[8, 16, 32, 64],
        num_attention_heads_per_stage=[1, 1, 1, 1],
        window_size_per_stage=[4, 4, 4, 4],
        global_attention_blocks=[3],
        window_positional_embedding_background_size=[4, 4],
    )
    config = Sam2VideoConfig(
        vision_config=Sam2VisionConfig(
            backbone_config=backbone,
            backbone_channel_list=[64, 32, 16, 8],
            backbone_feature_sizes=sizes,
            fpn_hidden_size=width,
        ),
        prompt_encoder_config=Sam2VideoPromptEncoderConfig(
            hidden_size=width, image_size=SIDE, patch_size=16, mask_input_channels=4
        ),
        mask_decoder_config=Sam2VideoMaskDecoderConfig(
            hidden_size=width,
            mlp_dim=32,
            num_hidden_layers=1,
            num_attention_heads=2,
            iou_head_hidden_dim=16,
        ),
        image_size=SIDE,
        memory_attention_hidden_size=width,
        memory_attention_num_layers=1,
        memory_attention_feed_forward_hidden_size=32,
        memory_attention_rope_feat_sizes=[SIDE // 16, SIDE // 16],
        memory_encoder_hidden_size=width,
        memory_encoder_output_channels=64,
        mask_downsampler_embed_dim=width,
        memory_fuser_num_layers=1,
        memory_fuser_embed_dim=width,
        memory_fuser_intermediate_dim=32,
    )
    torch.manual_seed(seed)
    model = Sam2VideoModel(config).eval()
    with torch.no_grad():
        # With the default initialisation, masks are noise that does not depend on the input.
        for parameter in model.parameters():
            if parameter.ndim > 1:
                parameter.normal_(std=(parameter[0].numel()) ** -0.5)
    model.save_pretrained(folder)
    return folder
