"""Draws ``llava_onevision2.svg``: ``python docs/images/draw_llava_onevision2.py`` (extra: models).

Every number in the picture comes from the configuration of the 8B model.
"""

from __future__ import annotations

from html import escape
from pathlib import Path

from model_wrappers.llava_onevision2.rotary import AXIS_UNITS
from model_wrappers.llava_onevision2.sizes import size_config

WIDTH, HEIGHT = 1000, 640
INK, SOFT, PAPER = "#1f2933", "#7b8794", "#ffffff"
FRAMES = ("#3b7dd8", "#e8833a", "#4a9d5b", "#a35bb5", "#d0b13f")
"""Colours of source frames."""
TOWER, TEXT, MERGER = "#e3edf9", "#f4ece1", "#e4f1e6"

# Which source frame each block of four canvases comes from: the first is a whole frame.
CANVASES = (
    (0, 0, 0, 0, 0, 0),
    (1, 1, 1, 1, 2, 2),
    (2, 2, 2, 3, 3, 3),
    (3, 3, 4, 4, 4, 4),
)


def main() -> None:
    """Write the picture beside this file."""
    Path(__file__).with_name("llava_onevision2.svg").write_text(draw(), encoding="utf-8")


def draw() -> str:
    """Return the picture as SVG."""
    config = size_config("8b")
    vision, text = config.vision_config, config.text_config
    shapes = [
        *_canvases(40, 70),
        *_patches(vision, 40, 300),
        *_tower(vision, 330, 70),
        *_merger(vision, 330, 500),
        *_rotary(vision, 40, 490),
        *_prompt(690, 70),
        *_language(text, 690, 400),
    ]
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
            f'width="{WIDTH}" height="{HEIGHT}" font-family="Helvetica, Arial, sans-serif">',
            '<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" '
            f'markerHeight="7" orient="auto"><path d="M0 0 L8 4 L0 8 Z" fill="{SOFT}"/>'
            "</marker></defs>",
            f'<rect width="{WIDTH}" height="{HEIGHT}" fill="{PAPER}"/>',
            *shapes,
            "</svg>\n",
        ]
    )


def _canvases(x: int, y: int) -> list[str]:
    """Four canvases of 3 x 2 blocks, coloured by source frame."""
    shapes = [_title(x, y - 34, "1  canvases of a video, one grid row")]
    shapes.append(_note(x, y - 16, "colours: source frames; squares: 28x28 pixels"))
    for place, blocks in enumerate(CANVASES):
        left, top = x + place % 2 * 112, y + place // 2 * 92
        for block, frame in enumerate(blocks):
            shapes.append(
                _box(left + block % 3 * 32, top + block // 3 * 32, 30, 30, fill=FRAMES[frame])
            )
        shapes.append(_note(left, top + 80, f"canvas {place}"))
    shapes.append(_arrow(x + 226, y + 70, 322, y + 70))
    return shapes


def _patches(vision, x: int, y: int) -> list[str]:
    """One block as 2 x 2 patches with their coordinates."""
    side = vision.patch_size
    shapes = [_title(x, y - 16, "a block: 2x2 patches, in block order")]
    names = ("t=17, h=4, w=6", "t=17, h=4, w=7", "t=17, h=5, w=6", "t=17, h=5, w=7")
    for place, name in enumerate(names):
        left, top = x + place % 2 * 112, y + place // 2 * 46
        shapes.append(_box(left, top, 108, 42, fill=FRAMES[2], opacity=0.25))
        shapes.append(_text(left + 54, top + 26, name, size=12, anchor="middle"))
    shapes.append(_note(x, y + 112, "t, h, w: source frame and place there,"))
    shapes.append(_note(x, y + 129, f"{side}x{side}x3 = {3 * side * side} values each"))
    return shapes


def _rotary(vision, x: int, y: int) -> list[str]:
    """One head's channels, dealt among the axes."""
    size = vision.head_size
    unit = size // 32
    shapes = [_title(x, y - 16, f"rotary positions of a head, {size} channels")]
    left = x
    scale = 224 / size
    for _half in range(2):
        for name, units, colour in zip("thw", AXIS_UNITS, ("#e8b4b8", "#b8d4e8", "#c8e0b8"),
                                       strict=True):  # fmt: skip
            wide = units * unit * scale
            shapes.append(_box(left, y, wide, 26, fill=colour))
            shapes.append(
                _text(left + wide / 2, y + 18, f"{name} {units * unit}", size=11, anchor="middle")
            )
            left += wide
    lines = (
        "angles lie as for pairs (i, i + half),",
        "but neighbours (0, 1), (2, 3), ... are turned:",
        "no true rotation, and kept so",
    )
    shapes += [_note(x, y + 46 + 17 * place, line) for place, line in enumerate(lines)]
    return shapes


def _tower(vision, x: int, y: int) -> list[str]:
    """The blocks of the tower, from below to above as tokens go down the page."""
    shapes = [_title(x, y - 34, "2  vision tower (OneVision-Encoder)")]
    window = vision.frame_windows_size
    shapes.append(_note(x, y - 16, f"windows of {window} canvases: no patch sees beyond its own"))
    shapes.append(_box(x, y, 290, 356, fill=TOWER))
    steps = (
        f"patch embedding, {3 * vision.patch_size**2} to {vision.hidden_size}, no bias",
        "layer norm",
    )
    for place, step in enumerate(steps):
        shapes.append(_step(x + 16, y + 14 + 44 * place, 258, step))
    top = y + 112
    shapes.append(_box(x + 10, top, 270, 226, fill="#cfe0f5"))
    shapes.append(
        _text(x + 272, top + 20, f"x {vision.num_hidden_layers}", bold=True, anchor="end")
    )
    shapes.append(_step(x + 22, top + 32, 232, "layer norm"))
    attention = f"attention in the window, {vision.num_attention_heads} heads"
    shapes.append(_step(x + 22, top + 72, 232, attention, strong=True))
    shapes.append(_note(x + 30, top + 122, "q, k with 3D rotary positions (t, h, w)"))
    shapes.append(_step(x + 22, top + 134, 232, "layer norm"))
    mlp = f"MLP {vision.hidden_size}, {vision.intermediate_size}, {vision.hidden_size}, GELU"
    shapes.append(_step(x + 22, top + 174, 232, mlp))
    shapes.append(_arrow(x + 145, y + 358, x + 145, y + 418))
    return shapes


def _merger(vision, x: int, y: int) -> list[str]:
    wide = vision.hidden_size * vision.spatial_merge_size**2
    shapes = [_box(x, y, 290, 78, fill=MERGER)]
    shapes.append(_text(x + 14, y + 24, "merger: 4 patches to 1 visual token", bold=True))
    shapes.append(_note(x + 14, y + 46, f"layer norm, then 4 side by side: {wide} wide"))
    shapes.append(_note(x + 14, y + 64, f"MLP {wide}, {wide}, {vision.out_hidden_size}, GELU"))
    shapes.append(_elbow(x + 290, y + 39, 655, 150, 686))
    return shapes


def _prompt(x: int, y: int) -> list[str]:
    """The prompt: a stamp, a run of tokens of one source frame, and so on."""
    shapes = [_title(x, y - 34, "3  prompt")]
    shapes.append(_note(x, y - 16, "a time stamp for every run of one source frame"))
    shapes.append(_box(x, y, 270, 246, fill=TEXT))
    runs = (("<0.00 seconds>", 0, 6), ("<0.13 seconds>", 1, 4), ("<0.37 seconds>", 2, 5),
            ("<0.50 seconds>", 3, 5), ("<0.90 seconds>", 4, 4))  # fmt: skip
    shapes.append(_mono(x + 14, y + 24, "<|im_start|>user"))
    for place, (stamp, frame, tokens) in enumerate(runs):
        top = y + 36 + 34 * place
        shapes.append(_mono(x + 14, top + 17, stamp))
        for token in range(tokens):
            shapes.append(_box(x + 132 + 21 * token, top, 19, 22, fill=FRAMES[frame]))
    shapes.append(_mono(x + 14, y + 222, "Please list the start time of ..."))
    shapes.append(_arrow(x + 210, y + 248, x + 210, y + 322))
    return shapes


def _language(text, x: int, y: int) -> list[str]:
    shapes = [_title(x, y - 14, "4  text model: Qwen3")]
    shapes.append(_box(x, y, 270, 92, fill=TEXT))
    shapes.append(_text(x + 256, y + 24, f"x {text.num_hidden_layers}", bold=True, anchor="end"))
    shapes.append(_text(x + 14, y + 24, "causal, 1-D positions", size=13))
    heads = f"{text.num_attention_heads} heads, {text.num_key_value_heads} for keys and values"
    shapes.append(_note(x + 14, y + 46, f"{text.hidden_size} wide, {heads}"))
    shapes.append(_note(x + 14, y + 64, "visual tokens stand for <|image_pad|>"))
    shapes.append(_note(x + 14, y + 82, f"vocabulary {text.vocab_size:,}"))
    shapes.append(_arrow(x + 210, y + 94, x + 210, y + 138))
    shapes.append(_box(x, y + 142, 270, 40, fill="#ffffff"))
    shapes.append(_mono(x + 14, y + 167, "[0.53, 1.02, 1.48, 1.97]"))
    return shapes


def _step(x: float, y: float, width: float, text: str, *, strong: bool = False) -> str:
    fill = "#9fc2ec" if strong else PAPER
    return _box(x, y, width, 32, fill=fill) + _text(x + width / 2, y + 21, text, size=12,
                                                    anchor="middle")  # fmt: skip


def _box(x: float, y: float, width: float, height: float, *, fill: str, opacity: float = 1) -> str:
    return (
        f'<rect x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}" rx="4" fill="{fill}" '
        f'fill-opacity="{opacity:g}" stroke="{SOFT}" stroke-width="0.8"/>'
    )


def _text(
    x: float, y: float, text: str, *, size: int = 13, bold: bool = False, anchor: str = "start",
    colour: str = INK, family: str = "",
) -> str:  # fmt: skip
    weight = ' font-weight="bold"' if bold else ""
    face = f' font-family="{family}"' if family else ""
    return (
        f'<text x="{x:g}" y="{y:g}" font-size="{size}" text-anchor="{anchor}" fill="{colour}"'
        f"{weight}{face}>{escape(text)}</text>"
    )


def _title(x: float, y: float, text: str) -> str:
    return _text(x, y, text, bold=True, size=15 if text[:1].isdigit() else 13)


def _note(x: float, y: float, text: str) -> str:
    return _text(x, y, text, size=12, colour="#52606d")


def _mono(x: float, y: float, text: str) -> str:
    return _text(x, y, text, size=12, family="Menlo, Consolas, monospace")


def _arrow(x: float, y: float, to_x: float, to_y: float) -> str:
    return (
        f'<path d="M{x:g} {y:g} L{to_x:g} {to_y:g}" stroke="{SOFT}" stroke-width="1.6" '
        'fill="none" marker-end="url(#tip)"/>'
    )


def _elbow(x: float, y: float, by_x: float, to_y: float, to_x: float) -> str:
    return (
        f'<path d="M{x:g} {y:g} H{by_x:g} V{to_y:g} H{to_x:g}" stroke="{SOFT}" '
        'stroke-width="1.6" fill="none" marker-end="url(#tip)"/>'
    )


if __name__ == "__main__":
    main()
