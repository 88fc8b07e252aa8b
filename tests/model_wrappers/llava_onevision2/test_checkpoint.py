from __future__ import annotations

import json
import shutil

import pytest
import torch
from safetensors.torch import load_file, save_file

from jumpscore.errors import DataError, UsageError
from model_wrappers.checkpoints import digest, resolve
from model_wrappers.llava_onevision2.checkpoint import (
    inspect_checkpoint,
    load_model,
    load_tokenizer,
    save_checkpoint,
)
from model_wrappers.llava_onevision2.provenance import holds_only_our_code
from model_wrappers.llava_onevision2.tiny import TinyOptions, write_tiny


@pytest.fixture
def copy(tiny, tmp_path):
    """A checkpoint of this test's own, to be damaged."""
    return shutil.copytree(tiny, tmp_path / "copy")


def edit(path, **values):
    config = json.loads(path.read_text())
    path.write_text(json.dumps(config | values))


def edit_weights(folder, change):
    weights = load_file(folder / "model.safetensors")
    change(weights)
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})


def test_save_checkpoint_round_trip(tiny, model, tmp_path):
    tokenizer = load_tokenizer(tiny, model.config)
    save_checkpoint(model, tokenizer, tmp_path / "again")
    again = load_model(
        inspect_checkpoint(tmp_path / "again"), dtype="float32", device="cpu", attention="sdpa"
    )
    weights = again.state_dict()
    assert weights.keys() == model.state_dict().keys()
    for name, value in model.state_dict().items():
        assert torch.equal(weights[name], value), name
    settings = [loaded.config.to_dict() | {"_name_or_path": ""} for loaded in (again, model)]
    assert settings[0] == settings[1]
    assert sorted(p.name for p in (tmp_path / "again").iterdir()) == sorted(
        p.name for p in tiny.iterdir()
    )


def test_save_checkpoint_files_for_vllm(tiny):
    config = json.loads((tiny / "config.json").read_text())
    assert config["model_type"] == "llava_onevision2"
    assert config["architectures"] == ["LlavaOnevision2ForConditionalGeneration"]
    assert set(config["auto_map"]) == {"AutoConfig", "AutoModel", "AutoModelForImageTextToText"}
    vision = config["vision_config"]
    expected = {"spatial_merge_size": 2, "layer_norm_type": "layer_norm", "use_head": False}
    expected |= {"hidden_act": "gelu", "out_hidden_size": config["text_config"]["hidden_size"]}
    assert {name: vision[name] for name in expected} == expected
    preprocessing = json.loads((tiny / "preprocessor_config.json").read_text())
    assert preprocessing["temporal_patch_size"] == 1
    video = json.loads((tiny / "video_preprocessor_config.json").read_text())
    assert video == {"video_processor_type": "LlavaOnevision2VideoProcessor"}


@pytest.mark.slow
def test_save_checkpoint_auto_classes(tiny, model, tmp_path):
    from transformers import AutoConfig, AutoModelForImageTextToText, AutoProcessor, AutoTokenizer

    assert AutoConfig.from_pretrained(tiny, trust_remote_code=True).model_type == "llava_onevision2"
    again = AutoModelForImageTextToText.from_pretrained(tiny, trust_remote_code=True)
    assert type(again).__name__ == "LlavaOnevision2ForConditionalGeneration"
    ids = torch.tensor([[1, 2, 3]])
    assert torch.equal(again(input_ids=ids).logits, model(input_ids=ids).logits)
    processor = AutoProcessor.from_pretrained(tiny, trust_remote_code=True)
    assert type(processor).__name__ == "LlavaOnevision2Processor"
    tokenizer = AutoTokenizer.from_pretrained(tiny, trust_remote_code=True)
    assert tokenizer.encode("jump") == processor.tokenizer.encode("jump")
    # A folder saved afterwards still contains exactly what this package writes.
    save_checkpoint(model, load_tokenizer(tiny, model.config), tmp_path / "after")
    assert holds_only_our_code(tmp_path / "after")
    assert {p.name for p in (tmp_path / "after").iterdir()} == {p.name for p in tiny.iterdir()}


def test_load_model_shards_and_tied_embeddings(tmp_path):
    options = TinyOptions(text={"tie_word_embeddings": True}, dtype="bfloat16", seed=3)
    write_tiny(tmp_path / "tied", options)
    assert "lm_head.weight" not in load_file(tmp_path / "tied" / "model.safetensors")
    checkpoint = inspect_checkpoint(tmp_path / "tied")
    model = load_model(checkpoint, dtype="bfloat16", device="cpu", attention="sdpa")
    assert model.lm_head.weight is model.get_input_embeddings().weight
    model.save_pretrained(tmp_path / "tied", max_shard_size="100KB")
    (tmp_path / "tied" / "model.safetensors").unlink(missing_ok=True)
    assert len(list((tmp_path / "tied").glob("model-*.safetensors"))) > 1
    again = load_model(
        inspect_checkpoint(tmp_path / "tied"), dtype="bfloat16", device="cpu", attention="sdpa"
    )
    for name, value in model.state_dict().items():
        assert torch.equal(again.state_dict()[name], value), name


def test_write_tiny_is_deterministic(tmp_path):
    for name in ("one", "two"):
        write_tiny(tmp_path / name, TinyOptions(seed=7))
    write_tiny(tmp_path / "three", TinyOptions(seed=8))
    assert digest(tmp_path / "one") == digest(tmp_path / "two")
    assert digest(tmp_path / "one") != digest(tmp_path / "three")


def test_load_model_ignores_recommended_sampling(copy):
    edit(copy / "generation_config.json", do_sample=True, temperature=2.0, repetition_penalty=5.0)
    model = load_model(inspect_checkpoint(copy), dtype="float32", device="cpu", attention="sdpa")
    assert model.generation_config.repetition_penalty in (None, 1.0)
    assert not model.generation_config.do_sample
    assert model.generation_config.eos_token_id == [280, 278]


def test_resolve_missing_folder(tmp_path):
    with pytest.raises(DataError, match=r"not a folder; give a folder, 'owner/name'"):
        resolve(str(tmp_path / "gone"))
    with pytest.raises(DataError, match="not a folder"):
        resolve("./gone/away")
    with pytest.raises(UsageError, match="is a local folder, which has no revisions"):
        resolve(str(tmp_path), "main")


def test_resolve_unreachable_hub():
    with pytest.raises(DataError, match=r"the download failed .* set model\.checkpoint"):
        resolve("lmms-lab-encoder/LLaVA-OneVision-2-8B-Instruct", "main")


def test_inspect_checkpoint_of_another_model(copy):
    edit(copy / "config.json", model_type="qwen2_vl")
    with pytest.raises(DataError, match="model_type is 'qwen2_vl', expected 'llava_onevision2'"):
        inspect_checkpoint(copy)


def test_inspect_checkpoint_patch_size(copy):
    edit(copy / "preprocessor_config.json", patch_size=16)
    with pytest.raises(DataError, match=r"preprocessor_config.json: patch_size is 16, expected 14"):
        inspect_checkpoint(copy)
    config = json.loads((copy / "config.json").read_text())
    edit(copy / "config.json", vision_config=config["vision_config"] | {"patch_size": 16})
    # Now both files agree, and the weights do not.
    with pytest.raises(DataError, match=r"patch_embedding.weight .*expected \(64, 3, 16, 16\)"):
        inspect_checkpoint(copy)
    edit(copy / "config.json", vision_config=config["vision_config"] | {"patch_size": "16"})
    with pytest.raises(DataError, match=r"vision_config.patch_size is '16', expected a positive"):
        inspect_checkpoint(copy)


def test_inspect_checkpoint_wrong_weights(copy):
    def change(weights):
        del weights["model.visual.merger.ln_q.weight"]
        weights["model.visual.head.weight"] = torch.zeros(3)
        weights["lm_head.weight"] = torch.zeros(288, 32)

    edit_weights(copy, change)
    with pytest.raises(DataError) as caught:
        inspect_checkpoint(copy)
    message = str(caught.value)
    assert "1 missing: model.visual.merger.ln_q.weight" in message
    assert "1 unknown: model.visual.head.weight" in message
    assert "1 with a wrong shape: lm_head.weight (288, 32) (expected (288, 64))" in message


def test_inspect_checkpoint_counts_many_problems(copy):
    edit_weights(copy, lambda weights: [weights.pop(name) for name in list(weights)[:20]])
    with pytest.raises(DataError, match=r"20 missing: .* and 16 more"):
        inspect_checkpoint(copy)


def test_inspect_checkpoint_truncated_file(copy):
    path = copy / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-1000])
    with pytest.raises(
        DataError, match=r"model\.safetensors: damaged or truncated; download it again"
    ):
        inspect_checkpoint(copy)


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("config.json", None, "config.json: not found"),
        ("config.json", "{", "cannot be read"),
        ("config.json", "[]", "expected a JSON object, got list"),
        ("config.json", '{"model_type": "llava_onevision2", "vision_config": 3}', "config.json"),
        ("config.json", "[" * 100_000, "cannot be read"),
        ("preprocessor_config.json", None, "preprocessor_config.json: not found"),
        ("preprocessor_config.json", '{"size": 3}', "preprocessor_config.json"),
        ("model.safetensors", None, "weight file model.safetensors is missing"),
        ("model.safetensors", "no weights", "damaged"),
        ("model.safetensors.index.json", '{"weight_map": {"a": "../../etc/passwd"}}', "weight"),
        ("model.safetensors.index.json", '{"weight_map": [1]}', "weight"),
    ],
)
def test_inspect_checkpoint_damaged_files(copy, name, text, message):
    (copy / name).unlink(missing_ok=True)
    if text is not None:
        (copy / name).write_text(text)
    with pytest.raises(DataError, match=message):
        inspect_checkpoint(copy)


@pytest.mark.parametrize(
    ("part", "name", "value"),
    [
        ("vision_config", "num_attention_heads", 0),
        ("vision_config", "hidden_size", "64"),
        ("vision_config", "frame_windows_size", None),
        ("vision_config", "frame_windows_size", 2.5),
        ("vision_config", "num_hidden_layers", True),
        ("vision_config", "rope_theta", "x"),
        ("text_config", "hidden_size", "64"),
        ("text_config", "max_position_embeddings", "x"),
        ("text_config", "layer_types", ["nonsense"]),
        ("text_config", "hidden_act", "nonsense"),
        ("text_config", "head_dim", 0),
        ("text_config", "vocab_size", -1),
        ("text_config", "rope_parameters", {"rope_type": "nonsense"}),
        (None, "image_token_id", "a"),
        (None, "image_token_id", 10**9),
    ],
)
def test_inspect_checkpoint_odd_values(copy, part, name, value):
    config = json.loads((copy / "config.json").read_text())
    (config[part] if part else config)[name] = value
    (copy / "config.json").write_text(json.dumps(config))
    with pytest.raises(DataError, match=r"config\.json"):
        inspect_checkpoint(copy)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("generation_config.json", "[]"),
        ("config.json", {"quantization_config": {"quant_method": "gptq", "bits": 4}}),
    ],
)
def test_load_model_late_error(copy, name, content):
    if isinstance(content, dict):
        edit(copy / name, **content)
    else:
        (copy / name).write_text(content)
    with pytest.raises(DataError, match=r"cannot be (loaded|read)"):
        load_model(inspect_checkpoint(copy), dtype="float32", device="cpu", attention="sdpa")


def test_digest_changes_with_any_layer(copy):
    before = digest(copy)

    def change(weights):
        weights["model.language_model.layers.1.mlp.up_proj.weight"][0] += 1

    edit_weights(copy, change)
    assert digest(copy) != before


@pytest.mark.parametrize("text", [None, "[]", "{}", '{"model": {"type": "BPE"}}'])
def test_load_tokenizer_damaged(copy, model, text):
    (copy / "tokenizer.json").unlink()
    if text is not None:
        (copy / "tokenizer.json").write_text(text)
    with pytest.raises(DataError, match="tokenizer"):
        load_tokenizer(copy, model.config)


def test_load_tokenizer_of_another_model(copy, model):
    text = (copy / "tokenizer.json").read_text().replace("<|vision_end|>", "<|nonsense|>")
    (copy / "tokenizer.json").write_text(text)
    with pytest.raises(DataError, match=r"lacks the control tokens <\|vision_end\|>"):
        load_tokenizer(copy, model.config)


def test_save_checkpoint_other_pad_id(tiny, model, tmp_path):
    from model_wrappers.llava_onevision2.modeling import LlavaOnevision2ForConditionalGeneration
    from model_wrappers.llava_onevision2.sizes import size_config

    other = LlavaOnevision2ForConditionalGeneration(size_config("tiny", image_token_id=5))
    with pytest.raises(
        UsageError, match=r"image_pad\|> is 283 in the tokenizer, but image_token_id is 5"
    ):
        save_checkpoint(other, load_tokenizer(tiny, model.config), tmp_path / "new")


def test_write_tiny_non_empty_folder(tiny):
    with pytest.raises(UsageError, match="already exists"):
        write_tiny(tiny)
