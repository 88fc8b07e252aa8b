"""What needs a CUDA device: precision, memory and speed of the 8B model with random weights.

``make test-gpu`` runs these and prints what it measures; elsewhere they skip.
"""

from __future__ import annotations

import time

import pytest

torch = pytest.importorskip("torch")

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="torch finds no CUDA device"),
]

ROWS, COLUMNS = 28, 52
"""Patches of a canvas of 728x392, as a 720p video gives: 364 visual tokens."""
PAD = 151_655


def random_model(dtype, size="8b", **changes):
    from model_wrappers.llava_onevision2.modeling import LlavaOnevision2ForConditionalGeneration
    from model_wrappers.llava_onevision2.sizes import size_config

    before = torch.get_default_dtype()
    torch.manual_seed(0)
    torch.set_default_dtype(dtype)
    try:
        with torch.device("cuda"):
            model = LlavaOnevision2ForConditionalGeneration(size_config(size, **changes))
    finally:
        torch.set_default_dtype(before)
    return model.eval().requires_grad_(False)


def canvases(count):
    """A prompt with ``count`` canvases of noise, as the wrapper feeds them: bytes, on the CPU."""
    rng = torch.Generator().manual_seed(count)
    patches = count * ROWS * COLUMNS
    ids = torch.cat(
        [torch.arange(1, 40), torch.full((patches // 4,), PAD), torch.arange(40, 80)]
    ).unsqueeze(0)
    return {
        "input_ids": ids.cuda(),
        "attention_mask": torch.ones_like(ids).cuda(),
        "pixel_values": torch.randint(0, 256, (patches, 588), generator=rng, dtype=torch.uint8),
        "image_grid_thw": torch.tensor([[count, ROWS, COLUMNS]]),
        "patch_positions": torch.randint(0, 900, (patches, 3), generator=rng),
    }


def test_forward_bfloat16_is_near_float32():
    """The whole tower of the released size: directions of visual tokens agree."""
    exact = random_model(torch.float32, text={"num_hidden_layers": 2})
    inputs = canvases(8)
    arguments = [inputs[name] for name in ("pixel_values", "image_grid_thw", "patch_positions")]
    expected = exact.model.visual(*arguments).double()
    actual = exact.to(torch.bfloat16).model.visual(*arguments).double()
    alike = torch.cosine_similarity(actual, expected, dim=-1)
    print(f"\nbfloat16 against float32, cosine of visual tokens: least {alike.min():.5f}")
    assert alike.min() > 0.99


def test_forward_float32_gpu_equals_cpu():
    model = random_model(
        torch.float32, vision={"num_hidden_layers": 2}, text={"num_hidden_layers": 2}
    )
    inputs = canvases(2)
    on_gpu = model(**inputs, logits_to_keep=1).logits.cpu()
    on_cpu = model.cpu()(**{k: v.cpu() for k, v in inputs.items()}, logits_to_keep=1).logits
    assert (on_gpu - on_cpu).abs().max() < 1e-3 * on_cpu.abs().max()


def test_generate_8b_memory_and_speed():
    model = random_model(torch.bfloat16)
    weights = torch.cuda.memory_allocated()
    print(f"\n{torch.cuda.get_device_name()}: 8B, bfloat16, weights {weights / 2**30:.1f} GiB")
    model.generation_config.eos_token_id = None
    above = {}
    for count in (16, 16, 64, 128):  # the first warms up
        inputs = canvases(count)
        torch.cuda.reset_peak_memory_stats()
        tower = _timed(
            lambda inputs=inputs: model.model.visual(
                inputs["pixel_values"], inputs["image_grid_thw"], inputs["patch_positions"]
            )
        )
        above_tower = torch.cuda.max_memory_allocated() - weights
        prefill = _timed(lambda inputs=inputs: model.generate(**inputs, max_new_tokens=1))
        whole = _timed(lambda inputs=inputs: model.generate(**inputs, max_new_tokens=65))
        above[count] = torch.cuda.max_memory_allocated() - weights
        tokens = inputs["input_ids"].shape[1]
        print(
            f"  {count:3d} canvases, {tokens:5d} tokens: tower {tower:.2f} s "
            f"(+{above_tower / 2**30:.1f} GiB), prefill {prefill:.2f} s "
            f"({tokens / prefill:,.0f} tokens/s), then {64 / (whole - prefill):.0f} tokens/s, "
            f"peak +{above[count] / 2**30:.1f} GiB"
        )
    assert above[128] < 2.5 * above[64]


def _timed(job):
    torch.cuda.synchronize()
    before = time.perf_counter()
    with torch.inference_mode():
        job()
    torch.cuda.synchronize()
    return time.perf_counter() - before
