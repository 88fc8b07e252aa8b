"""Models, one module each. ``MODELS`` maps names to classes and imports them on first use."""

from jumpscore.registry import Registry
from model_wrappers.base import ModelWrapper

MODELS: Registry[ModelWrapper] = Registry(
    "model",
    ModelWrapper,
    builtin={
        "content_free": "model_wrappers.content_free:ContentFree",
        "internvl3_5": "model_wrappers.transformers.internvl:InternVL",
        "keye_vl1_5": "model_wrappers.vllm.keye_vl15:KeyeVL15",
        "keye_vl2": "model_wrappers.openai_compatible.families:KeyeVL2",
        "llava_ov1_5": "model_wrappers.openai_compatible.llava_onevision15:LlavaOnevision15",
        "llava_ov2": "model_wrappers.llava_onevision2.wrapper:LlavaOnevision2",
        "minicpm_v4_7": "model_wrappers.transformers.minicpm_v:MiniCPMV",
        "molmo2": "model_wrappers.transformers.molmo2:Molmo2",
        "motion": "model_wrappers.motion:Motion",
        "openai": "model_wrappers.openai_compatible.wrapper:OpenAICompatible",
        "oracle": "model_wrappers.oracle:Oracle",
        "perception_lm": "model_wrappers.transformers.perception_lm:PerceptionLM",
        "qwen3_5": "model_wrappers.transformers.qwen3_vl:Qwen35",
        "qwen3_5_moe": "model_wrappers.transformers.qwen3_vl:Qwen35MoE",
        "qwen3_vl": "model_wrappers.transformers.qwen3_vl:Qwen3VL",
        "replay": "model_wrappers.replay:Replay",
        "timelens": "model_wrappers.openai_compatible.families:TimeLens",
        "vllm_offline": "model_wrappers.vllm.offline:OfflineVLLM",
        "vllm": "model_wrappers.vllm.wrapper:VLLM",
    },
    group="jumpscore.models",
)
