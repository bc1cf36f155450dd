"""What events of TensorBoard hold, as what runs log."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from typing import Any

import tracker
from tracker.integrations import need

_make_ndarray = need("tensorboard.util.tensor_util", "tensorboard").make_ndarray

Named = Iterator[tuple[str, Any]]


def _scalar(value: Any) -> Named:
    array = _make_ndarray(value.tensor)
    yield value.tag, array.item() if array.size == 1 else array


def _images(value: Any) -> Named:
    from PIL import Image

    held = value.tensor.string_val[2:]  # behind the width and the height
    made: list[Any] = []
    for content in held:
        if content.startswith(b"GIF"):
            made.append(tracker.Video(io.BytesIO(content), format="gif"))
        else:
            made.append(tracker.Image(Image.open(io.BytesIO(content))))
    start, _, last = value.tag.rpartition("/")
    tag = start if start and last.isdigit() else value.tag
    yield tag.replace("/", "_").replace("\\", "_"), made


def _histogram(value: Any) -> Named:
    buckets = _make_ndarray(value.tensor)  # left, right, count
    if not len(buckets):
        return
    width = -(-len(buckets) // tracker.Histogram.MAX_LENGTH)
    counts = [float(buckets[n : n + width, 2].sum()) for n in range(0, len(buckets), width)]
    edges = [*buckets[::width, 0].tolist(), float(buckets[-1, 1])]
    yield value.tag, tracker.Histogram(np_histogram=(counts, edges))


def _text(value: Any) -> Named:
    texts = [
        each.decode(errors="replace") if isinstance(each, bytes) else str(each)
        for each in _make_ndarray(value.tensor).ravel()
    ]
    # PyTorch's and tensorboardX's writers add the ending.
    yield value.tag.removesuffix("/text_summary"), tracker.Text("\n".join(texts))


def _sounds(value: Any) -> Named:
    held = _make_ndarray(value.tensor)
    sounds = held[:, 0] if held.ndim == 2 else held  # TensorFlow puts labels beside them
    yield value.tag, [tracker.Audio(io.BytesIO(bytes(each))) for each in sounds]


def _curve(value: Any) -> Named:
    *_, precision, recall = _make_ndarray(value.tensor)
    points = sorted(
        ([float(r), float(p)] for r, p in zip(recall, precision, strict=True) if r != 0 or p != 0),
        key=lambda point: (point[0], -point[1]),
    )
    table = tracker.Table(columns=["recall", "precision"], data=points)
    title = f"{value.tag} Precision v. Recall"
    fields = {"x": "recall", "y": "precision"}
    yield value.tag, tracker.plot_table("wandb/line/v0", table, fields, {"title": title})


def _hyperparameters(value: Any) -> Named:
    data = need("tensorboard.plugins.hparams.plugin_data_pb2").HParamsPluginData()
    data.ParseFromString(value.metadata.plugin_data.content)
    found = {}
    for name, held in data.session_start_info.hparams.items():
        kind = held.WhichOneof("kind")
        if kind in ("number_value", "string_value", "bool_value"):
            found[name] = getattr(held, kind)
    if found:
        yield "", found


# name of TensorBoard's plugin -> how its values are read; the name "" stands for the config
READERS: dict[str, Callable[[Any], Named]] = {
    "audio": _sounds,
    "histograms": _histogram,
    "hparams": _hyperparameters,
    "images": _images,
    "pr_curves": _curve,
    "scalars": _scalar,
    "text": _text,
}
