from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from tracker.errors import NotFoundError, StoreError
from tracker.media.html import Html
from tracker.media.image import Image
from tracker.media.loading import KINDS, digests, load, load_value, value_of
from tracker.media.text import Text

MISSING = "0" * 64


def test_plain_values_are_themselves(objects) -> None:
    for value in (1, "x", None, [1, 2], {"a": 1}):
        assert load(value, objects) == value
        assert load_value(value, objects) == value


def test_a_list_of_media(objects) -> None:
    items = [Text("a"), Text("b")]
    reference = {
        "_type": "media-list",
        "items": [item.to_reference(objects.put_bytes) for item in items],
    }
    assert load(reference, objects) == items
    assert load_value(reference, objects) == ["a", "b"]
    assert len(set(digests(reference, objects))) == 2


def test_an_image_is_an_array(objects) -> None:
    array = np.arange(24, dtype=np.uint8).reshape(2, 4, 3)
    masks = {"m": {"mask_data": array[:, :, 0], "class_labels": {1: "cat"}}}
    logged = Image(array, caption="c", boxes={"a": {}}, masks=masks)
    reference = logged.to_reference(objects.put_bytes)
    assert np.array_equal(load_value(reference, objects), array)
    read = load(reference, objects)
    assert (read.caption, read.boxes) == ("c", {"a": {}})
    assert read.to_reference(objects.put_bytes) == reference
    assert len(set(digests(reference, objects))) == 2
    assert value_of(5) == 5


def test_a_finder_serves_as_well_as_objects(objects) -> None:
    reference = Html("x").to_reference(objects.put_bytes)
    assert load(reference, objects.path) == load(reference, objects)


@pytest.mark.parametrize(
    "kind", sorted({*KINDS, "image-file"} - {"histogram", "joined-table", "custom-chart"})
)
def test_a_lost_file_is_told(objects, kind: str) -> None:
    with pytest.raises(NotFoundError):
        load({"_type": kind, "sha256": MISSING, "format": "npy"}, objects)


@pytest.mark.parametrize("kind", sorted({*KINDS, "image-file", "media-list", "of the future"}))
@pytest.mark.parametrize("sha256", [None, 5, "../../etc/passwd", "/etc/passwd", "x" * 64, ""])
def test_a_reference_that_was_tampered_with_reads_nothing(objects, kind, sha256) -> None:
    for reference in ({"_type": kind}, {"_type": kind, "sha256": sha256}):
        with pytest.raises((NotFoundError, StoreError)):
            load(reference, objects)


@pytest.mark.parametrize("kind", sorted({*KINDS} - {"histogram", "joined-table", "custom-chart"}))
def test_rubbish_in_a_file_is_told_or_kept_as_rubbish(objects, kind: str) -> None:
    digest = objects.put_bytes(b"\xff\0rubbish")
    for format in ("npy", "gif", "glb", "pdb", "wav", None):
        reference = {"_type": kind, "sha256": digest, "format": format}
        if kind == "molecule-file" and format == "pdb":
            assert load(reference, objects).content == b"\xff\0rubbish"
        else:
            with pytest.raises(StoreError):
                load(reference, objects)


def test_a_lost_table_is_named_all_the_same(objects) -> None:
    assert list(digests({"_type": "table-file", "sha256": MISSING}, objects)) == [MISSING]


def test_media_load_no_heavy_library() -> None:
    """numpy and duckdb are what the store needs anyway; the rest waits for its first use."""
    names = [module for module, _ in KINDS.values()]
    code = (
        "import sys\n"
        f"for name in {names!r}: __import__('tracker.media.' + name)\n"
        "import tracker.plot\n"
        "print(*{name.partition('.')[0] for name in sys.modules})"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    heavy = {"pandas", "plotly", "matplotlib", "PIL", "sklearn", "scipy", "bokeh", "altair"}
    assert not heavy & set(done.stdout.split())
