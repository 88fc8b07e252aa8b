"""Models, one module each. ``MODELS`` names them; nothing is imported before it is used."""

from jumpscore.registry import Registry
from model_wrappers.base import ModelWrapper

MODELS: Registry[ModelWrapper] = Registry(
    "model",
    ModelWrapper,
    builtin={
        "internvl3_5": "model_wrappers.transformers.internvl:InternVL",
        "perception_lm": "model_wrappers.transformers.perception_lm:PerceptionLM",
        "qwen3_vl": "model_wrappers.transformers.qwen3_vl:Qwen3VL",
        "content_free": "model_wrappers.content_free:ContentFree",
        "llava_ov2": "model_wrappers.llava_onevision2.wrapper:LlavaOnevision2",
        "motion": "model_wrappers.motion:Motion",
        "openai": "model_wrappers.openai_compatible.wrapper:OpenAICompatible",
        "oracle": "model_wrappers.oracle:Oracle",
        "vllm": "model_wrappers.vllm.wrapper:VLLM",
        "replay": "model_wrappers.replay:Replay",
    },
    group="jumpscore.models",
)
