from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from evaluators.images import image_size, mask_pixels
from jumpscore.errors import DataError
from tests.evaluators.spatial.made import png


def test_mask_pixels_of_any_mode():
    with pytest.raises(DataError, match="marks no pixel"):
        mask_pixels(png(np.zeros((4, 4), dtype=np.uint8)))
    colour = np.zeros((2, 3, 4), dtype=np.uint8)
    colour[..., 3] = 255  # opaque, and black
    colour[0, 1, 2] = 7
    assert mask_pixels(png(colour)).tolist() == [[False, True, False], [False] * 3]
    palette = Image.fromarray(np.array([[0, 2]], dtype=np.uint8))
    palette.putpalette([0, 0, 0, 255, 0, 0, 0, 0, 0])
    out = io.BytesIO()
    palette.save(out, "PNG")
    assert mask_pixels(out.getvalue()).tolist() == [[False, True]]


def test_image_size_applies_exif_orientation(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new("RGB", (40, 30)).save(tmp_path / "a.jpg", exif=exif)
    assert image_size(tmp_path / "a.jpg") == (30, 40)
