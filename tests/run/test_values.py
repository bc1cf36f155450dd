"""What becomes of the values that are logged."""

from __future__ import annotations

import dataclasses
import datetime
import decimal
import enum
import fractions
import math
import threading
import uuid
import warnings
from collections import ChainMap, OrderedDict, UserDict, deque, namedtuple
from pathlib import PurePosixPath

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure
from PIL import Image as Pil

import tracker
from tracker.errors import TrackerWarning


class Colour(enum.Enum):
    RED = "red"


class Level(enum.IntEnum):
    HIGH = 3


class Word(str, enum.Enum):  # noqa: UP042 - its str() differs
    YES = "y"


@dataclasses.dataclass
class Score:
    value: float
    parts: list[int]


Point = namedtuple("Point", "x y")


class Tensor:
    """Behaves as torch's tensors do: no NumPy array, and not to be read before `detach`."""

    def __init__(self, content, *, needs_grad=True):
        self._array = np.asarray(content)
        self._needs_grad = needs_grad

    @property
    def shape(self):
        return self._array.shape

    def detach(self):
        return Tensor(self._array, needs_grad=False)

    def cpu(self):
        return self

    def double(self):
        return Tensor(self._array.astype(np.float64), needs_grad=self._needs_grad)

    def item(self):
        return self._array.item()

    def tolist(self):
        return self._array.tolist()

    def __array__(self, dtype=None, copy=None):
        if self._needs_grad:
            raise RuntimeError("Can't call numpy() on Tensor that requires grad.")
        return self._array.astype(dtype)


class EagerTensor:
    """Behaves as TensorFlow's: `numpy` and nothing else."""

    def __init__(self, content):
        self._array = np.asarray(content, dtype=np.float32)
        self.shape = self._array.shape

    def numpy(self):
        return self._array[()]


class Bfloat16:
    """Behaves as the scalars of ml_dtypes: a number only by `__float__`."""

    def __float__(self):
        return 1.5


def same(found, expected):
    """Equal, of the same types, and NaN equal to NaN."""
    if isinstance(expected, float) and math.isnan(expected):
        return isinstance(found, float) and math.isnan(found)
    if isinstance(expected, list):
        return (
            isinstance(found, list)
            and len(found) == len(expected)
            and all(map(same, found, expected))
        )
    return type(found) is type(expected) and found == expected


CASES = [
    (1, 1),
    (1.5, 1.5),
    (True, True),
    (None, None),
    ("text", "text"),
    (math.nan, math.nan),
    (math.inf, math.inf),
    (-math.inf, -math.inf),
    (2**53 + 1, 2**53 + 1),
    (2**64 - 1, 2**64 - 1),
    (-(2**63), -(2**63)),
    (2**70, float(2**70)),
    (-(2**70), -float(2**70)),
    (10**400, math.inf),
    (-(10**400), -math.inf),
    (np.float64(0.5), 0.5),
    (np.float32(0.5), 0.5),
    (np.float16(0.5), 0.5),
    (np.longdouble(0.5), 0.5),
    (np.int64(7), 7),
    (np.uint8(7), 7),
    (np.bool_(True), True),
    (np.str_("a"), "a"),
    (np.array(2.5), 2.5),
    (np.array([2.5]), 2.5),
    (np.array([[3]]), 3),
    (np.array([]), []),
    (np.arange(3), [0, 1, 2]),
    (np.arange(32), list(range(32))),
    (np.array([[1, 2], [3, 4]]), [[1, 2], [3, 4]]),
    (np.array([1 + 2j, 3]), ["(1+2j)", "(3+0j)"]),
    (np.array(["a", "b"]), ["a", "b"]),
    (np.array([{"a": 1}], dtype=object), {"a": 1}),
    (np.array([None], dtype=object), None),
    (np.datetime64("2024-02-03T04:05"), "2024-02-03T04:05"),
    (np.array(["2024-01-01", "NaT"], dtype="M8[ns]"), ["2024-01-01T00:00:00.000000000", "NaT"]),
    (np.clongdouble(1 + 2j), "(1+2j)"),
    (np.ma.masked, None),
    (np.ma.masked_array([1.0, 2.0], mask=[False, True]), [1.0, None]),
    (Tensor(0.25), 0.25),
    (Tensor([1, 2]), [1, 2]),
    (EagerTensor(0.25), 0.25),
    (EagerTensor([1, 2]), [1.0, 2.0]),
    (Bfloat16(), 1.5),
    (fractions.Fraction(1, 4), 0.25),
    (decimal.Decimal("1.10"), "1.10"),
    (1 + 2j, "(1+2j)"),
    (b"raw\xff", "raw\ufffd"),
    (bytearray(b"raw"), "raw"),
    (datetime.datetime(2024, 2, 3, 4, tzinfo=datetime.UTC), "2024-02-03T04:00:00+00:00"),
    (datetime.date(2024, 2, 3), "2024-02-03"),
    (datetime.time(4, 5), "04:05:00"),
    (datetime.timedelta(seconds=90), "0:01:30"),
    (Colour.RED, "red"),
    (Level.HIGH, 3),
    (Word.YES, "y"),
    ({3, 1, 2}, [1, 2, 3]),
    (frozenset({"a"}), ["a"]),
    ((1, "a"), [1, "a"]),
    (Point(1, 2), [1, 2]),
    (range(3), [0, 1, 2]),
    (range(10**9), "range(0, 1000000000)"),
    (deque([1, 2]), [1, 2]),
    ([1, [2, {"a": np.int8(3)}]], [1, [2, {"a": 3}]]),
    ([np.arange(40)], [list(range(40))]),
    (len, "builtins.len"),
    (Score, f"{__name__}.Score"),
    (Score(0.5, [1]), {"value": 0.5, "parts": [1]}),
    (PurePosixPath("/a/b"), "/a/b"),
    (uuid.UUID(int=1), "00000000-0000-0000-0000-000000000001"),
    (pd.Timestamp("2024-02-03"), "2024-02-03T00:00:00"),
    (pd.NaT, None),
    (pd.NA, None),
    (pd.Series([1, 2]), [1, 2]),
    (pd.Index(["a", "b"]), ["a", "b"]),
    ("\ud83d lone", "? lone"),
    ("emoji 🧪 NUL \0 RTL \u202e", "emoji 🧪 NUL \0 RTL \u202e"),
    ("x" * 1_000_000, "x" * 1_000_000),
    ({}, {}),
]


@pytest.fixture(scope="module")
def logged(tmp_path_factory, look_into, plain_settings) -> dict[str, list[object]]:
    """What is stored of each case, logged twice, in one run."""
    folder = tmp_path_factory.mktemp("values")
    with (
        warnings.catch_warnings(),
        tracker.init(project="p", dir=folder, reinit="create_new", settings=plain_settings) as run,
    ):
        warnings.simplefilter("error")
        for number, (value, _) in enumerate(CASES):
            for _ in range(2):
                run.log({f"x{number}": value})
    stored = look_into(folder / ".tracker")
    found: dict[str, list[object]] = {}
    for key, _, value in stored.points(run):
        found.setdefault(key, []).append(value)
    return found


@pytest.mark.parametrize("number", range(len(CASES)))
def test_value_is_stored_as(logged, number):
    value, expected = CASES[number]
    found = logged[f"x{number}"]
    assert len(found) == 2
    assert all(same(each, expected) for each in found), (value, found, expected)


def test_nested_dicts_become_dotted_keys(start, stored):
    with start() as run:
        run.log({"a": {"b": 1, 2: {"c": np.float32(0.5)}}, "d/e": 3})
        run.log({"a": OrderedDict(b=4), "u": UserDict(v=5), "w": ChainMap({"x": 6})})
    assert stored.rows(run) == {
        0: {"a.b": 1, "a.2.c": 0.5, "d/e": 3},
        1: {"a.b": 4, "u.v": 5, "w.x": 6},
    }


def test_a_large_array_becomes_a_histogram(start, stored):
    numbers = np.concatenate([np.linspace(0, 1, 60), [math.nan, math.inf]])
    with start() as run:
        run.log({"x": numbers, "tensor": Tensor(numbers), "series": pd.Series(numbers)})
        run.log({"x": np.ma.masked_array(np.append(np.arange(64), 1e9), mask=[0] * 64 + [1])})
        run.log({"x": np.full(40, math.nan)})
        run.log({"x": np.array([-1.5e308, 1.5e308] * 20)})
    first, masked, empty, wide = stored.values(run, "x")
    assert first["_type"] == "histogram"
    assert len(first["values"]) == 32
    assert sum(first["values"]) == 60
    assert (first["bins"][0], first["bins"][-1], first["not_finite"]) == (0.0, 1.0, 2)
    assert stored.values(run, "tensor") == [first]
    assert stored.values(run, "series") == [first]
    assert masked["bins"][-1] == 63.0
    assert (empty["values"], empty["not_finite"]) == ([], 40)
    assert sum(wide["values"]) == 40


def test_a_large_array_of_no_numbers_stays_a_list(start, stored):
    words = np.array([f"w{number}" for number in range(40)])
    with start() as run:
        run.log({"words": words, "objects": words.astype(object)})
    assert stored.rows(run)[0] == {"words": words.tolist(), "objects": words.tolist()}


def test_a_data_frame_becomes_a_table(start, stored):
    frame = pd.DataFrame({"a": [1, 2], "b": ["x", None]})
    with start(config={"frame": frame}) as run:
        run.log({"frame": frame, "frames": [frame, frame]})
    row = stored.rows(run)[0]
    assert (row["frame"]["_type"], row["frame"]["columns"]) == ("table-file", ["a", "b"])
    assert [each["sha256"] for each in row["frames"]["items"]] == [row["frame"]["sha256"]] * 2
    assert stored.run(run).config["frame"] == str(frame)


def test_a_data_frame_that_is_no_table_is_stored_as_its_rows(start, stored, warns_once):
    odd = pd.DataFrame({"a": [1, "x", None], 3: pd.to_datetime(["2024-01-01"] * 3)})
    with start() as run, warns_once("A DataFrame cannot be kept as a table"):
        run.log({"frame": odd})
        run.log({"frame": odd, "frames": [odd]})
    (found, _) = stored.values(run, "frame")
    assert found["columns"] == ["a", "3"]
    assert found["data"][1] == ["x", "2024-01-01T00:00:00"]
    assert (found["nrows"], found["ncols"]) == (3, 2)


def test_figures_of_other_libraries_become_media(start, stored):
    import plotly.graph_objects as go

    with start() as run:
        run.log({"figure": go.Figure(go.Scatter(y=[1, 2]))})
    assert stored.values(run, "figure")[0]["_type"] == "plotly-file"


def test_drawings_and_pictures_become_images(start, stored):
    figure = Figure(figsize=(1, 1))
    axes = figure.subplots()
    picture = Pil.new("L", (3, 2))
    with start() as run:
        run.log({"figure": figure, "axes": axes, "picture": picture, "both": [figure, picture]})
    row = stored.rows(run)[0]
    assert {row[key]["_type"] for key in ("figure", "axes", "picture")} == {"image-file"}
    assert row["figure"]["sha256"] == row["axes"]["sha256"]
    assert (row["picture"]["width"], row["picture"]["height"]) == (3, 2)
    assert row["both"]["_type"] == "media-list"
    assert [each["sha256"] for each in row["both"]["items"]] == [
        row["figure"]["sha256"], row["picture"]["sha256"],
    ]  # fmt: skip


def test_the_current_pyplot_figure_is_an_image(start, stored):
    from matplotlib import pyplot

    pyplot.switch_backend("agg")
    pyplot.figure(figsize=(1, 1))
    with start() as run:
        run.log({"plot": pyplot})
    pyplot.close()
    assert stored.values(run, "plot")[0]["_type"] == "image-file"


def test_lists_of_images(start, stored):
    images = [tracker.Image(np.full((2, 2), shade, np.uint8)) for shade in (0, 9, 0)]
    with start() as run:
        run.log({"images": images, "mixed": [images[0], 1]})
    found = stored.rows(run)[0]
    shas = [each["sha256"] for each in found["images"]["items"]]
    assert shas[0] == shas[2] != shas[1]
    assert found["mixed"][0]["sha256"] == shas[0]
    assert found["mixed"][1] == 1


def test_an_unknown_object_is_stored_as_its_text_with_one_warning(start, stored, warns_once):
    class Thing:
        def __str__(self):
            return "a thing"

    with start() as run, warns_once(r"type Thing is no number"):
        run.log({"x": Thing(), "y": [Thing()]})
        run.log({"x": Thing()})
    assert stored.values(run, "x") == ["a thing", "a thing"]
    assert stored.values(run, "y") == [["a thing"]]


def test_a_warning_names_the_line_that_led_to_it(start):
    with start() as run, pytest.warns(TrackerWarning) as caught:
        run.log({"x": object()})
    assert caught[0].filename == __file__


def test_a_changing_dict_can_be_logged(start, stored):
    """A thread that adds keys meanwhile must not tear a row apart."""
    data: dict[str, int] = {"loss": 1}
    is_over = threading.Event()

    def change():
        number = 0
        while not is_over.is_set():
            number += 1
            data[f"k{number % 50}"] = number
            if number % 50 == 0:
                for key in list(data):
                    if key != "loss":
                        del data[key]

    thread = threading.Thread(target=change)
    thread.start()
    with start() as run:
        for _ in range(2_000):
            run.log(data)
        is_over.set()
        thread.join()
    assert len(stored.values(run, "loss")) == 2_000


def test_arrays_of_a_config_and_of_a_summary(start, stored):
    with start(config={"small": np.arange(3), "large": np.arange(100)}) as run:
        run.summary["large"] = np.arange(100.0)
    record = stored.run(run)
    assert record.config["small"] == [0, 1, 2]
    assert record.config["large"].startswith("[ 0  1  2")
    assert record.summary["large"]["_type"] == "numpy.ndarray"
    assert record.summary["large"]["mean"] == 49.5
    assert record.summary["large"]["25%"] == 24.75
