"""Images: what they can be made of, and that they keep every pixel."""

from __future__ import annotations

import io
import warnings
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from matplotlib.figure import Figure
from PIL import Image as Pil

from tracker import Image
from tracker.errors import TrackerWarning, UsageError


def pixels(image: Image) -> np.ndarray:
    return np.asarray(image.image)


SHAPES = st.sampled_from([(1, 1), (4, 5), (4, 5, 1), (4, 5, 2), (4, 5, 3), (4, 5, 4)])


@settings(max_examples=60, deadline=None)
@given(array=SHAPES.flatmap(lambda shape: arrays.arrays(np.uint8, shape)))
def test_bytes_keep_every_pixel(array):
    image = Image(array)
    assert (image.format, image.width, image.height) == ("png", array.shape[1], array.shape[0])
    assert np.array_equal(pixels(image), array[:, :, 0] if array.shape[2:] == (1,) else array)


@pytest.mark.parametrize(
    ("array", "expected"),
    [
        (np.array([[0.0, 1.0, 0.5]]), [[0, 255, 128]]),
        (np.array([[-1.0, 1.0, 0.0]]), [[0, 255, 128]]),
        (np.array([[0, 1, 255]]), [[0, 1, 255]]),
        (np.array([[False, True]]), [[0, 255]]),
        (np.zeros((1, 2, 1)), [[0, 0]]),
        (np.zeros((1, 1, 2, 1), np.uint8), [[0, 0]]),
        (np.float16([[0.0, 1.0]]), [[0, 255]]),
        (np.zeros((1, 2))[:, ::-1], [[0, 0]]),
        ([[0, 255]], [[0, 255]]),
    ],
)
def test_numbers_become_shades(array, expected):
    assert pixels(Image(array)).tolist() == expected


def test_without_normalisation_floats_are_shades():
    assert pixels(Image(np.array([[0.0, 1.0, 200.7]]), normalize=False)).tolist() == [[0, 1, 200]]


def test_channels_may_come_first():
    array = np.arange(3 * 8 * 9, dtype=np.uint8).reshape(3, 8, 9)
    assert np.array_equal(pixels(Image(array)), array.transpose(1, 2, 0))
    batch = array[None]
    assert np.array_equal(pixels(Image(batch)), array.transpose(1, 2, 0))


@pytest.mark.parametrize(
    ("array", "sentence", "expected"),
    [
        (np.array([[0.0, 300.0]]), "values from 0 to 300: clipped", [[0, 255]]),
        (np.array([[-5, 100]]), "values from -5 to 100: clipped", [[0, 100]]),
        (np.array([[np.nan, 1.0, np.inf]]), "NaN or infinity: drawn as 0", [[0, 255, 0]]),
    ],
)
def test_what_is_no_shade_is_warned_of(array, sentence, expected):
    with pytest.warns(TrackerWarning, match=sentence) as caught:
        image = Image(array)
    assert caught[0].filename == __file__
    assert pixels(image).tolist() == expected


class Tensor:
    """Behaves as torch's: in another memory, with a gradient, perhaps in bfloat16."""

    def __init__(self, array, *, state="grad", dtype="torch.float32"):
        self._array, self._state, self.dtype = array, state, dtype

    def detach(self):
        return Tensor(self._array, state="gpu", dtype=self.dtype)

    def cpu(self):
        return Tensor(self._array, state="cpu", dtype=self.dtype)

    def float(self):
        return Tensor(self._array, state=self._state)

    def __array__(self, dtype=None, copy=None):
        if self._state != "cpu" or self.dtype == "torch.bfloat16":
            raise TypeError("can't convert")
        return self._array


@pytest.mark.parametrize("dtype", ["torch.float32", "torch.bfloat16"])
def test_tensors(dtype):
    image = Image(Tensor(np.ones((3, 4, 5), np.float32), dtype=dtype))
    assert pixels(image).shape == (4, 5, 3)
    assert pixels(image).min() == 255


def test_figures(tmp_path):
    figure = Figure(figsize=(2, 1), dpi=50)
    figure.subplots().plot([1, 2])
    for drawn in (figure, figure.axes[0]):
        image = Image(drawn, caption="c")
        assert image.format == "png"
        assert image.width > image.height > 20


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB", "RGBA", "LA", "CMYK", "F", "I", "YCbCr"])
def test_pictures_of_any_mode(mode):
    image = Image(Pil.new(mode, (3, 2)))
    assert (image.width, image.height) == (3, 2)
    image.image.load()


def test_files_are_kept_as_they_are(tmp_path):
    for format in ("png", "jpeg", "bmp", "gif", "webp"):
        path = tmp_path / f"x.{format}"
        Pil.new("RGB", (3, 2), (9, 8, 7)).save(path)
        for place in (path, str(path)):
            image = Image(place)
            assert image.content == path.read_bytes()
        assert image.format == {"jpeg": "jpg"}.get(format, format)


def test_other_files_are_converted(tmp_path):
    path = tmp_path / "x.tiff"
    Pil.new("RGB", (3, 2), (9, 8, 7)).save(path)
    assert (Image(path).format, pixels(Image(path))[0, 0].tolist()) == ("png", [9, 8, 7])
    assert pixels(Image(path, mode="L")).shape == (2, 3)


@pytest.mark.parametrize("file_type", ["png", "jpg", "jpeg", "bmp", "PNG"])
def test_the_encoding_can_be_chosen(file_type):
    image = Image(np.zeros((2, 2, 4), np.uint8), file_type=file_type)
    assert image.format == file_type.lower().replace("jpeg", "jpg")
    image.image.load()


def test_an_image_of_an_image():
    first = Image(np.zeros((2, 3), np.uint8), caption="a", boxes={"p": {}})
    second = Image(first, caption="b")
    assert (second.content, second.caption, second.boxes) == (first.content, "b", {"p": {}})
    assert Image(first).caption == "a"
    assert pixels(Image(first, mode="RGB")).shape == (2, 3, 3)


def test_what_is_stored_of_it(start, stored):
    boxes = {"predictions": {"box_data": [{"position": {"minX": np.float32(0.5)}, "class_id": 1}]}}
    masks = {"truth": {"mask_data": np.array([[0, 1, 2]]), "class_labels": {1: "cat"}}}
    image = Image(
        np.zeros((1, 3), np.uint8), caption="<b>x</b>", boxes=boxes, masks=masks,
        classes=[{"id": 1, "name": "cat"}], grouping=3,
    )  # fmt: skip
    with start() as run:
        run.log({"image": image})
        run.log({"image": image})
    found, again = stored.values(run, "image")
    assert found == again
    assert (found["_type"], found["caption"]) == ("image-file", "<b>x</b>")
    assert (found["width"], found["height"], found["size"]) == (3, 1, len(image.content))
    assert found["boxes"]["predictions"]["box_data"][0]["position"] == {"minX": 0.5}
    assert found["classes"] == [{"id": 1, "name": "cat"}]
    mask = found["masks"]["truth"]
    assert mask["class_labels"] == {"1": "cat"}
    place = stored.root / "objects"
    assert np.asarray(Pil.open(place / mask["sha256"][:2] / mask["sha256"][2:])).tolist() == [
        [0, 1, 2]
    ]
    kept = [path for path in place.rglob("*") if path.is_file()]
    assert len(kept) == 2
    assert (place / found["sha256"][:2] / found["sha256"][2:]).read_bytes() == image.content


def test_masks_of_floats_are_class_numbers(warns_once):
    """As ``(sigmoid(x) > 0.5).float()`` and ``np.zeros`` have them."""

    def numbers(data):
        image = Image(np.zeros((1, 3)), masks={"m": {"mask_data": data}})
        assert image.masks is not None
        return np.asarray(Pil.open(io.BytesIO(image.masks["m"].raster.content))).tolist()

    assert numbers(np.array([[0.0, 1.0, 255.0]])) == [[0, 1, 255]]
    assert numbers(np.array([[True, False, True]])) == [[1, 0, 1]]
    with warns_once("mask 'm' has fractions: they are cut off"):
        assert numbers(np.array([[0.0, 0.7, 1.5]])) == [[0, 0, 1]]


def test_notebooks_show_it():
    assert Image(np.zeros((2, 2)))._repr_png_() is not None
    jpeg = Image(np.zeros((2, 2)), file_type="jpg")
    assert jpeg._repr_png_() is None
    assert jpeg._repr_jpeg_() == jpeg.content


def bomb(folder: Path) -> Path:
    path = folder / "bomb.png"
    Pil.new("1", (20_000, 20_000)).save(path)
    return path


def written(name: str, content: bytes):
    def write(folder: Path) -> Path:
        (folder / name).write_bytes(content)
        return folder / name

    return write


def cut_png(folder: Path) -> Path:
    sink = io.BytesIO()
    Pil.new("RGB", (50, 50)).save(sink, "PNG")
    return written("cut.png", sink.getvalue()[:60])(folder)


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        (lambda folder: np.zeros((0, 3)), "no image"),
        (lambda folder: np.zeros(5), r"shape \(5,\) is no image"),
        (lambda folder: np.zeros((2, 3, 4, 5)), "is no image"),
        (lambda folder: np.zeros((5, 6, 7)), "with 1 to 4 channels"),
        (lambda folder: np.array([["a"]]), "dtype <U1 is no image"),
        (lambda folder: np.array([[None]]), "dtype object is no image"),
        (lambda folder: np.zeros((2, 2), complex), "dtype complex128 is no image"),
        (lambda folder: np.zeros((1, 65_501), np.uint8), "65501×1 pixels cannot be logged"),
        (lambda folder: object(), "is no image"),
        (lambda folder: None, "is no image"),
        (lambda folder: "missing.png", "missing.png cannot be used: No such file"),
        (lambda folder: folder, "cannot be used: it is no regular file"),
        (lambda folder: "/dev/zero", "cannot be used: it is no regular file"),
        (written("x.png", b"no image"), "cannot be used: no image"),
        (written("x.svg", b"<svg><script>1</script></svg>"), "cannot be used: no image"),
        (written("x.png", b""), "cannot be used"),
        (cut_png, "cannot be used"),
        (bomb, "cannot be used"),
        (lambda folder: "a\0b", "cannot be used"),
    ],
)
def test_what_is_no_image_is_told(tmp_path, given, sentence):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(UsageError, match=sentence):
            Image(given(tmp_path))


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"file_type": "svg"}, "file_type is 'svg': expected one of png, jpg"),
        ({"file_type": 3}, "file_type is 3"),
        ({"mode": "XYZ"}, "mode is 'XYZ'"),
        ({"masks": {"m": {}}}, "mask 'm'"),
        ({"masks": {"m": {"mask_data": np.zeros((2, 2, 3))}}}, "mask 'm'"),
        ({"masks": {"m": {"mask_data": np.full((2, 2), 300)}}}, "mask 'm'"),
        ({"masks": {"m": {"mask_data": np.array([[np.nan, 1.0]])}}}, "mask 'm'"),
        ({"masks": {"m": {"mask_data": np.array([[-0.5, 1.0]])}}}, "mask 'm'"),
        ({"masks": [1]}, "masks is"),
    ],
)
def test_options_that_do_not_exist_are_told(options, sentence):
    with pytest.raises(UsageError, match=sentence):
        Image(np.zeros((2, 2), np.uint8), **options)


def test_an_image_as_large_as_a_bomb_is_read_back_if_it_was_logged(keep, monkeypatch):
    monkeypatch.setattr(Pil, "MAX_IMAGE_PIXELS", 100)
    array = np.arange(240, dtype=np.uint8).reshape(12, 20)
    read = keep(Image(array, caption="large"))
    assert (read.width, read.height, read.caption, read.format) == (20, 12, "large", "png")
    assert read.content == Image(array).content
