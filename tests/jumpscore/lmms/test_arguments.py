from __future__ import annotations

import pytest

from jumpscore.errors import UsageError
from jumpscore.harness.compose import choices
from jumpscore.lmms.arguments import Flags, read_arguments, split_arguments
from model_wrappers import MODELS


def read(text, **flags):
    return read_arguments(split_arguments(text), Flags(**flags))


def test_read_arguments_configuration():
    config = read(
        "wrapper=llava_ov2,model.checkpoint=007,model.system='One, two.',input=frames,"
        "input.count=16,run.workers=4,on_error=empty"
    )
    assert config.name == "llava_ov2"
    assert config.options["checkpoint"] == "007"  # lmms-eval's own reading makes 7 of it
    assert config.options["system"] == "One, two."
    assert config.options["max_new_tokens"] == 1024  # from the YAML
    assert (config.input.kind, config.input.count) == ("frames", 16)
    assert config.run.workers == 4
    assert config.on_error == "empty"


def test_split_arguments_mappings_and_apostrophes():
    config = read("wrapper=vllm,model.arguments={a: 1, b: [2,3]},model.checkpoint=bob's")
    assert config.options["arguments"] == {"a": 1, "b": [2, 3]}
    assert config.options["checkpoint"] == "bob's"


@pytest.mark.parametrize("name", sorted(set(choices("model")) - {"oracle"}))
def test_read_arguments_every_wrapper(name):
    assert read(f"wrapper={name}").name in MODELS.names()


def test_read_arguments_python_values():
    config = read_arguments({"wrapper": "openai", "model.served_model": "m", "run.cache": False})
    assert config.run.cache is False


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "model_args must contain wrapper=NAME, one of content_free, "),
        ("wrapper=", "model_args must contain wrapper=NAME"),
        ("wraper=motion", "model_args: unknown key 'wraper'; did you mean 'wrapper'"),
        ("wrapper=moton", "unknown model 'moton'; did you mean 'motion'"),
        ("wrapper=motion,motion", "'motion' is not key=value"),
        ("wrapper=motion,wrapper=vllm", "wrapper is set twice, to 'motion' and 'vllm'"),
        ("wrapper=motion,input=film", "unknown input 'film'"),
        ("wrapper=motion,input.cuont=3", "unknown key 'input.cuont'; did you mean 'count'"),
        ("wrapper=motion,model.phse=3", "unknown key 'model.phse'; did you mean 'phase'"),
        ("wrapper=motion,input.count=-1", "input.count=-1: must be greater than 0"),
        ("wrapper=motion,run.limit=3", "run.limit cannot be set here"),
        ("wrapper=motion,task=jumpscore", "unknown key 'task'"),
        ("wrapper=motion,pretrained=x", "unknown key 'pretrained'"),
        ("wrapper=motion,on_error=ignore", "on_error='ignore' is unknown. Known: raise, empty"),
        ("wrapper=oracle", "needs the truth"),
    ],
)
def test_read_arguments_errors(text, message):
    with pytest.raises(UsageError, match=message.replace("(", r"\(")):
        read(text)


def test_read_arguments_flags_set_options():
    config = read("wrapper=llava_ov2", batch_size="4", device="cpu")
    assert (config.options["batch_size"], config.options["device"]) == ("4", "cpu")
    assert read("wrapper=llava_ov2", batch_size=1).options["batch_size"] == 8
    assert read("wrapper=llava_ov2,model.batch_size=4", batch_size="4").options["batch_size"] == "4"


@pytest.mark.parametrize(
    ("text", "flags", "message"),
    [
        ("wrapper=motion", {"batch_size": "4"}, "--batch_size 4: wrapper 'motion' has no option"),
        ("wrapper=motion", {"device": "cuda"}, "--device cuda: wrapper 'motion' has no option"),
        ("wrapper=llava_ov2", {"batch_size": "auto:4"}, "--batch_size auto"),
        ("wrapper=llava_ov2", {"max_batch_size": 64}, "--max_batch_size"),
        ("wrapper=llava_ov2,model.batch_size=8", {"batch_size": "4"}, "differ; set only one"),
    ],
)
def test_read_arguments_unsupported_flags(text, flags, message):
    with pytest.raises(UsageError, match=message):
        read(text, **flags)
