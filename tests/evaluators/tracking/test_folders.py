"""Folders of PNGs, written by Pillow, against trackeval and against masks in memory."""

from __future__ import annotations

import contextlib
import io
import json
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest

from evaluators.tracking import davis_scores
from evaluators.tracking.folders import METRICS, find_sequences, read_labels, score_folders
from jumpscore.errors import DataError
from tests.tracking_support import encoded, sav_masks, trackeval_j_and_f, trackeval_sequence

Image = pytest.importorskip("PIL.Image")
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")


def write(folder, labels, *, mode="P", first=0) -> None:
    folder.mkdir(parents=True)
    for frame, picture in enumerate(labels, start=first):
        image = Image.fromarray(np.asarray(picture, dtype=np.uint8))
        if mode == "P":
            image.putpalette(np.random.default_rng(0).integers(0, 256, 768).astype(np.uint8))
        image.save(folder / f"{frame:05d}.png")


def real_labels(shift: int = 0) -> np.ndarray:
    """Objects 1 and 2 of a real video, every fourth frame."""
    labels = np.zeros((16, 848, 480), dtype=np.uint8)
    for value, name in ((1, "0"), (2, "2")):
        masks = sav_masks(name, frames=slice(0, 64, 4)) > 0
        labels[np.roll(masks, shift, axis=2)] = value
    return labels


@pytest.fixture
def folders(tmp_path):
    true, result = real_labels(), real_labels(shift=15)
    write(tmp_path / "DAVIS" / "Annotations" / "480p" / "cat", true)
    write(tmp_path / "DAVIS" / "Annotations" / "480p" / "still", true[:5])
    write(tmp_path / "found" / "cat", result[:-1], mode="L")
    write(tmp_path / "found" / "still", true[1:5], first=1)
    return tmp_path / "found", tmp_path / "DAVIS", true, result


def test_score_folders_of_a_data_set(folders):
    prediction, truth, true, result = folders
    scores = score_folders(prediction, truth)
    by_id = {score.id: score for score in scores.objects}
    assert list(by_id) == ["cat/1", "cat/2", "still/1", "still/2"]
    assert by_id["still/2"].values["j_and_f"] == 1.0
    for value in (1, 2):
        expected = davis_scores(true == value, result == value)
        values = by_id[f"cat/{value}"].values
        assert values["j"] == expected.j.mean
        assert values["f_decay"] == expected.f.decay
        assert values["j_and_f"] == expected.mean
    mean = np.mean([score.values["f"] for score in scores.objects])
    assert scores.overall["f"].mean == pytest.approx(mean)
    assert scores.overall["f"].ci_low < scores.overall["f"].ci_high  # two sequences
    assert scores.notes == {}
    assert set(scores.overall) == {metric.name for metric in METRICS}


def test_score_folders_equals_trackeval(folders):
    prediction, truth, true, result = folders
    scores = {score.id: score.values for score in score_folders(prediction, truth).objects}
    pairs = [[encoded(labels[1:-1] == value) for value in (1, 2)] for labels in (true, result)]
    with contextlib.redirect_stdout(io.StringIO()):
        public = trackeval_j_and_f(trackeval_sequence(*pairs))
    for ours, theirs in (
        ("j", "J-Mean"),
        ("j_recall", "J-Recall"),
        ("j_decay", "J-Decay"),
        ("f", "F-Mean"),
        ("f_recall", "F-Recall"),
        ("f_decay", "F-Decay"),
    ):
        mean = np.mean([scores[f"cat/{value}"][ours] for value in (1, 2)])
        assert mean == pytest.approx(float(np.mean(public[theirs])), abs=1e-9), ours


def test_score_folders_ignores_void_pixels(tmp_path):
    true = np.zeros((4, 20, 20), dtype=np.uint8)
    true[:, 5:15, 5:10] = 1
    result = true.copy()
    result[:, 5:15, 10:15] = 1
    true[:, 5:15, 10:15] = 255
    write(tmp_path / "true" / "a", true)
    write(tmp_path / "found" / "a", result)
    [score] = score_folders(tmp_path / "found", tmp_path / "true").objects
    assert score.values["j"] == score.values["f"] == 1.0


def test_score_folders_counts_oddities(tmp_path):
    true = np.zeros((4, 20, 20), dtype=np.uint8)
    true[:, 5:15, 5:10] = 3
    result = true.copy()
    true[2:, 0, 0] = 4
    result[:, 19, 19] = 9
    write(tmp_path / "true" / "a", true)
    write(tmp_path / "found" / "a", [*result, result[0]])
    write(tmp_path / "found" / "b", result)
    scores = score_folders(tmp_path / "found", tmp_path / "true")
    assert [score.id for score in scores.objects] == ["a/3"]
    assert scores.objects[0].values["j"] == 1.0
    assert scores.notes == {
        "predicted sequences that are not in the truth": 1,
        "predicted frames that are not in the truth": 1,
        "true objects that are not in the first frame": 1,
        "predicted objects that are not in the truth": 1,
    }


def test_find_sequences_layouts(tmp_path):
    labels = np.ones((3, 8, 8), dtype=np.uint8)
    write(tmp_path / "a", labels)
    assert find_sequences(tmp_path / "a") == {"a": tmp_path / "a"}
    assert score_folders(tmp_path / "a", tmp_path / "a").overall["j"].mean == 1.0
    write(tmp_path / "set" / "Annotations" / "480p" / "a", labels)
    write(tmp_path / "set" / "Annotations" / "Full-Resolution" / "a", labels)
    with pytest.raises(DataError, match=r"several sets of masks \(480p, Full-Resolution\)"):
        find_sequences(tmp_path / "set")
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match="contains no folders of PNGs"):
        find_sequences(tmp_path / "empty")
    with pytest.raises(DataError, match="no such folder"):
        find_sequences(tmp_path / "nowhere")


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (np.ones((3, 8, 9)), "is 8 high and 9 wide, the truth 8 and 8"),
        (np.ones((2, 8, 8)), r"1 of 2 frames are missing \(00002\.png"),
        (np.ones((4, 8, 8, 3)), "kind rgb24, not of object numbers"),
    ],
)
def test_score_folders_names_invalid_predictions(tmp_path, labels, message):
    write(tmp_path / "true" / "a", np.ones((4, 8, 8)))
    write(tmp_path / "found" / "a", labels, mode="L")
    with pytest.raises(DataError, match=message):
        score_folders(tmp_path / "found", tmp_path / "true")


def test_score_folders_names_invalid_truths(tmp_path):
    write(tmp_path / "two" / "a", np.ones((2, 8, 8)))
    with pytest.raises(DataError, match="has 2 frames"):
        score_folders(tmp_path / "two", tmp_path / "two")
    # DAVIS 2016 has its one object at 255.
    write(tmp_path / "binary" / "a", np.full((3, 8, 8), 255))
    with pytest.raises(DataError, match="255 is void"):
        score_folders(tmp_path / "binary", tmp_path / "binary")
    write(tmp_path / "found" / "b", np.ones((3, 8, 8)))
    write(tmp_path / "true" / "a", np.ones((3, 8, 8)))
    with pytest.raises(DataError, match=r"1 of 1 sequences are missing \(a\)"):
        score_folders(tmp_path / "found", tmp_path / "true")


@pytest.mark.parametrize("bits", [1, 2, 4, 8])
def test_read_labels_of_indexed_pictures(tmp_path, bits):
    generator = np.random.default_rng(bits)
    labels = generator.integers(0, 2**bits, (37, 53)).astype(np.uint8)
    image = Image.fromarray(labels)
    image.putpalette(generator.integers(0, 256, 3 * 2**bits).astype(np.uint8))
    image.save(tmp_path / "a.png", bits=bits)
    np.testing.assert_array_equal(read_labels(tmp_path / "a.png"), labels)


@pytest.mark.parametrize("content", [b"", b"PNG", b"\x89PNG\r\n\x1a\n" + bytes(100)])
def test_read_labels_of_other_files(tmp_path, content):
    (tmp_path / "a.png").write_bytes(content)
    with pytest.raises(DataError, match=r"a\.png: cannot be read as PNG"):
        read_labels(tmp_path / "a.png")


@pytest.mark.parametrize("name", ["concat:1.png|1.png", "file:1.png", "1%d.png"])
def test_read_labels_treats_addresses_as_paths(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    for number, file in enumerate(("1.png", name), start=1):
        Image.fromarray(np.full((2, 3), number, np.uint8)).convert("P").save(tmp_path / file, "png")
    assert read_labels(Path(name)).tolist() == [[2] * 3] * 2


def test_read_labels_of_damaged_pixels(tmp_path):
    whole = grey_png(np.zeros((37, 53), np.uint8), 8)
    start = whole.index(b"IDAT") + 4
    (tmp_path / "a.png").write_bytes(whole[:start] + b"1e999" + whole[start + 5 :])
    with pytest.raises(DataError, match=r"a\.png: cannot be read as PNG"):
        read_labels(tmp_path / "a.png")


def test_score_masks_command(folders, capsys):
    from jumpscore.cli.score_masks import score_mask_folders

    prediction, truth, *_ = folders
    score_mask_folders(prediction, truth, as_json=True)
    error = json.loads(capsys.readouterr().out)
    assert error["objects"]["still/1"]["j_and_f"] == 1.0
    assert error["overall"]["j"]["n"] == 4
    score_mask_folders(prediction, truth, as_json=False)
    output = capsys.readouterr().out
    assert "4 objects in 2 sequences" in output
    assert "cat/2" in output


# Masks as people have them.


def boxes(value: int, frames: int = 4) -> np.ndarray:
    labels = np.zeros((frames, 20, 30), dtype=np.uint8)
    labels[:, 5:15, 5:20] = value
    return labels


def test_score_folders_refuses_predictions_of_0_and_255(tmp_path):
    write(tmp_path / "true" / "dog", boxes(1))
    write(tmp_path / "found" / "dog", boxes(255), mode="L")
    with pytest.raises(DataError, match=r"dog: the masks have the values 255, .*mask // 255"):
        score_folders(tmp_path / "found", tmp_path / "true")
    write(tmp_path / "mended" / "dog", boxes(255) // 255, mode="L")
    assert score_folders(tmp_path / "mended", tmp_path / "true").overall["j"].mean == 1.0


@pytest.mark.parametrize("labels", [(38, 75), (2, 9), (255, 75)])
def test_score_folders_refuses_predictions_without_true_objects(tmp_path, labels):
    true = boxes(1)
    true[:, :3, :3] = 3
    predicted = boxes(labels[0])
    predicted[:, :3, :3] = labels[1]
    write(tmp_path / "true" / "dog", true)
    write(tmp_path / "found" / "dog", predicted, mode="L")
    with pytest.raises(DataError, match=f"{min(labels)}, {max(labels)}, .* are 1, 3"):
        score_folders(tmp_path / "found", tmp_path / "true")


def test_score_folders_refuses_truths_of_0_and_255(tmp_path):
    write(tmp_path / "true" / "dog", boxes(255), mode="L")
    write(tmp_path / "found" / "dog", boxes(1))
    with pytest.raises(DataError, match=r"255 is void\. If .*mask // 255"):
        score_folders(tmp_path / "found", tmp_path / "true")


def test_score_folders_counts_void_predictions(tmp_path):
    write(tmp_path / "true" / "dog", boxes(1))
    predicted = boxes(1)
    predicted[:, 5:15, 5:10] = 255
    write(tmp_path / "found" / "dog", predicted)
    scores = score_folders(tmp_path / "found", tmp_path / "true")
    assert scores.overall["j"].mean == pytest.approx(2 / 3)
    [note] = scores.notes
    assert "void in the truth only" in note
    assert "use the truth's number of each object" in note
    # A truth with void is right as a prediction.
    true = boxes(1)
    true[:, 0, 0] = 255
    write(tmp_path / "void" / "dog", true)
    assert score_folders(tmp_path / "void", tmp_path / "void").notes == {}


def test_score_folders_of_an_empty_prediction(tmp_path):
    write(tmp_path / "true" / "dog", boxes(1))
    write(tmp_path / "found" / "dog", boxes(0))
    assert score_folders(tmp_path / "found", tmp_path / "true").overall["j"].mean == 0.0


@pytest.mark.parametrize("bits", [1, 2, 4, 8])
def test_read_labels_of_grey_pictures(tmp_path, bits):
    labels = np.random.default_rng(bits).integers(0, 2**bits, (37, 53)).astype(np.uint8)
    (tmp_path / "a.png").write_bytes(grey_png(labels, bits))
    np.testing.assert_array_equal(read_labels(tmp_path / "a.png"), labels)


def grey_png(labels: np.ndarray, bits: int) -> bytes:
    """A grey PNG of few bits per value, which common libraries do not write."""
    height, width = labels.shape
    each = np.unpackbits(labels[..., None], axis=2)[..., 8 - bits :].reshape(height, -1)
    rows = b"".join(b"\0" + row.tobytes() for row in np.packbits(each, axis=1))
    content = b"\x89PNG\r\n\x1a\n"
    header = struct.pack(">IIBBBBB", width, height, bits, 0, 0, 0, 0)
    for kind, data in ((b"IHDR", header), (b"IDAT", zlib.compress(rows)), (b"IEND", b"")):
        content += struct.pack(">I", len(data)) + kind + data
        content += struct.pack(">I", zlib.crc32(kind + data))
    return content


def test_read_labels_of_pillow_bool_masks(tmp_path):
    labels = boxes(1)
    write(tmp_path / "true" / "dog", labels)
    (tmp_path / "found" / "dog").mkdir(parents=True)
    for frame, picture in enumerate(labels):
        Image.fromarray(picture > 0).save(tmp_path / "found" / "dog" / f"{frame:05d}.png")
    assert score_folders(tmp_path / "found", tmp_path / "true").overall["j"].mean == 1.0


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "LA", "I;16"])
def test_read_labels_refuses_colour_pictures(tmp_path, mode):
    picture = Image.fromarray(boxes(1)[0]).convert("I" if mode == "I;16" else mode)
    (picture.convert(mode) if mode == "I;16" else picture).save(tmp_path / "a.png")
    with pytest.raises(DataError, match=r"not of object numbers; write an indexed or an 8-bit"):
        read_labels(tmp_path / "a.png")


def test_score_folders_strict_f(tmp_path):
    write(tmp_path / "true" / "dog", np.stack([boxes(1)[0], *np.ones((3, 20, 30))]))
    write(tmp_path / "found" / "dog", np.zeros((4, 20, 30)))
    values = {
        k: v.mean for k, v in score_folders(tmp_path / "found", tmp_path / "true").overall.items()
    }
    assert (values["j"], values["f"], values["j_and_f"]) == (0.0, 1.0, 0.5)
    assert (values["f_strict"], values["j_and_f_strict"]) == (0.0, 0.0)
