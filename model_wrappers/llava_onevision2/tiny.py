"""Random checkpoints of any size with a small real tokenizer, for tests and training."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from jumpscore.errors import JumpScoreError, UsageError
from model_wrappers.llava_onevision2.prompts import (
    CHAT_END,
    CHAT_TEMPLATE,
    CONTROL_TOKENS,
    END_OF_TEXT,
    IMAGE_PAD,
    VIDEO_PAD,
    VISION_END,
    VISION_START,
)

if TYPE_CHECKING:
    from model_wrappers.llava_onevision2.modeling import LlavaOnevision2ForConditionalGeneration

WORDS = (" seconds", " jump", "assistant", "user")
"""Words that are one token each; everything else is spelt in bytes. Planned stamp tokens assume
that the unit of a stamp is one token, as in Qwen3's tokenizer."""

# The relevant parts of Qwen3's rule: digits are never merged, words take one leading space.
SPLIT = r"\p{N}| ?\p{L}+| ?[^\s\p{L}\p{N}]+|\s+"

TIMED_SPLIT = r"\.\p{N}\p{N}|, |" + SPLIT
"""The same, but hundredths of a time and the comma of a list are one piece."""


class TinyOptions(BaseModel):
    """Options of a random checkpoint.

    Attributes:
        size: A size of ``sizes.SIZES``; ``tiny`` has 298,112 parameters.
        seed: Seed of the weights.
        dtype: Data type of the weights.
        spread: Standard deviation of the weights. With the usual 0.02 the answers of a random model
            hardly depend on its input; a larger value makes differences visible.
        vision: Fields of the vision configuration that differ.
        text: Fields of the text configuration that differ.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    size: str = "tiny"
    seed: int = Field(default=0, ge=0, lt=2**63)
    dtype: Literal["float32", "bfloat16", "float16"] = "float32"
    spread: float = Field(default=0.02, gt=0)
    vision: dict[str, Any] = Field(default_factory=dict)
    text: dict[str, Any] = Field(default_factory=dict)


def write_tiny(folder: Path, options: TinyOptions | None = None) -> int:
    """Write a random checkpoint and return its number of parameters.

    Args:
        folder: A new or empty folder.
        options: Options of the checkpoint.

    Raises:
        UsageError: The folder is not empty, or an option is invalid.
        DataError: The configuration is unsupported.
    """
    from model_wrappers.llava_onevision2.checkpoint import save_checkpoint

    options = options or TinyOptions()
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UsageError(f"{folder}: already exists and is not an empty folder; choose a new one")
    tokenizer = small_tokenizer()
    try:
        model = random_model(tokenizer, options)
        save_checkpoint(model, tokenizer, folder)
    except JumpScoreError:
        raise
    except Exception as error:  # incompatible fields of the text model, a full disk
        raise UsageError(
            f"{folder}: cannot write a checkpoint with these options ({error})"
        ) from None
    return sum(parameter.numel() for parameter in model.parameters())


def random_model(tokenizer: Any, options: TinyOptions) -> LlavaOnevision2ForConditionalGeneration:
    """Return a model with random weights; the same options give the same weights."""
    import torch
    from transformers import GenerationConfig

    from model_wrappers.llava_onevision2.modeling import LlavaOnevision2ForConditionalGeneration
    from model_wrappers.llava_onevision2.sizes import size_config

    ids = {
        name: tokenizer.convert_tokens_to_ids(token)
        for name, token in (
            ("image_token_id", IMAGE_PAD),
            ("video_token_id", VIDEO_PAD),
            ("vision_start_token_id", VISION_START),
            ("vision_end_token_id", VISION_END),
        )
    }
    ends = tokenizer.convert_tokens_to_ids([CHAT_END, END_OF_TEXT])
    spread = {"initializer_range": options.spread}
    config = size_config(
        options.size,
        vision=spread | options.vision,
        text=spread | {"eos_token_id": ends[0], "pad_token_id": ends[1]} | options.text,
        **ids,
    )
    if config.text_config.vocab_size < len(tokenizer):
        raise UsageError(
            f"text.vocab_size={config.text_config.vocab_size}: the tokenizer has {len(tokenizer)} "
            "tokens; use at least that"
        )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(options.seed)
        model = LlavaOnevision2ForConditionalGeneration(config)
    model.generation_config = GenerationConfig(eos_token_id=ends, pad_token_id=ends[1])
    return model.to(getattr(torch, options.dtype)).eval()


def small_tokenizer(phrases: Sequence[str] = ()) -> Any:
    """Return a byte-level BPE tokenizer with the control tokens and the words of ``WORDS``.

    Args:
        phrases: Texts whose words become one token each as well. If there are any, the hundredths
            of a stamp (``.56``) and the comma of a list (``, ``) are one token too, so that copying
            a time takes two steps instead of four.
    """
    from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    split = pre_tokenizers.Split(Regex(TIMED_SPLIT if phrases else SPLIT), behavior="isolated")
    in_bytes = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    pieces = sorted(pre_tokenizers.ByteLevel.alphabet())
    merges: list[tuple[str, str]] = []
    for word in WORDS:
        spelt = word.replace(" ", "\N{LATIN CAPITAL LETTER G WITH DOT ABOVE}")
        for end in range(1, len(spelt)):
            pair = (spelt[:end], spelt[end])
            if pair not in merges:
                merges.append(pair)
                pieces.append(spelt[: end + 1])
    if phrases:
        chain = pre_tokenizers.Sequence([split, in_bytes])
        whole = [f".{hundredths:02d}" for hundredths in range(100)]
        for phrase in phrases:
            whole += [piece for piece, _ in chain.pre_tokenize_str(phrase)]
        pieces = list(dict.fromkeys(pieces + whole))
    backend = Tokenizer(
        models.BPE(
            vocab={piece: place for place, piece in enumerate(pieces)},
            merges=merges,
            ignore_merges=bool(phrases),  # use words of the vocabulary whole
        )
    )
    backend.pre_tokenizer = pre_tokenizers.Sequence([split, in_bytes])
    backend.decoder = decoders.ByteLevel()
    backend.add_special_tokens(
        [AddedToken(token, special=True, normalized=False) for token in CONTROL_TOKENS]
    )
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=backend,
        eos_token=CHAT_END,
        pad_token=END_OF_TEXT,
        padding_side="left",
    )
    tokenizer.chat_template = CHAT_TEMPLATE
    return tokenizer
