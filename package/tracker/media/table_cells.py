"""A table's column as one that Parquet holds, and back."""

from __future__ import annotations

import base64
import datetime
import decimal
import enum
import json
import math
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from tracker.media.media import Put
from tracker.media.missing import is_missing
from tracker.media.table_types import LISTS
from tracker.media.wrapping import as_media

if TYPE_CHECKING:
    import numpy as np

PLAIN = frozenset({bool, bytes, datetime.date, datetime.datetime, float, int, str, type(None)})
EXACT_IN_DOUBLE = 2**53


def snapshot_cell(value: Any) -> Any:
    """Return a copy that nothing outside can change, in as few kinds of values as possible.

    Arrays and tensors become NumPy arrays, those without axes a number; figures, frames and
    the like become media; what pandas and NumPy write for a missing value becomes None.
    """
    if type(value) in PLAIN or hasattr(value, "cell_type"):
        return value
    if hasattr(value, "to_reference"):
        return value
    if is_missing(value):
        return None
    if isinstance(value, LISTS):
        copies = map(snapshot_cell, value)
        return type(value)(copies) if type(value) in LISTS else list(copies)
    if isinstance(value, Mapping):
        return {key: snapshot_cell(item) for key, item in value.items()}
    return _snapshot_object(value)


def _snapshot_object(value: Any) -> Any:
    if isinstance(value, enum.Enum):
        return snapshot_cell(value.value)
    if isinstance(value, datetime.datetime):
        is_finer = getattr(value, "nanosecond", 0)
        return value.to_pydatetime() if hasattr(value, "to_pydatetime") and not is_finer else value
    if isinstance(value, bytearray | memoryview):
        return bytes(value)
    if hasattr(value, "dtype") and hasattr(value, "shape"):
        return _snapshot_array(value)
    return as_media(value) or value


def _snapshot_array(value: Any) -> Any:
    import numpy as np

    if isinstance(value, np.datetime64):
        return _moment(value)
    if isinstance(value, np.generic):
        return value
    if hasattr(value, "detach"):
        value = value.detach().cpu()
        value = value.float() if "bfloat16" in str(value.dtype) else value
    frame = as_media(value)
    if frame is not None:
        return frame
    copy = np.array(value)
    if copy.dtype.kind == "O":
        return snapshot_cell(copy.tolist())
    return copy if copy.ndim else snapshot_cell(copy[()])


def _moment(value: np.datetime64) -> Any:
    """Return NumPy's moment as Python's, as pandas' where it is finer than microseconds."""
    coarse = value.astype("datetime64[us]")
    if coarse == value:
        return coarse.item() if isinstance(coarse.item(), datetime.datetime) else str(value)
    import pandas as pd

    return pd.Timestamp(value.astype("datetime64[ns]"))


# ------------------------------------------------------------------ JSON for whatever is left


def to_json(value: Any, put_bytes: Put) -> Any:
    """Return a cell as JSON from which :func:`from_json` makes the same again."""
    if isinstance(value, bool | str) or value is None:
        return _cleaned(str(value)) if isinstance(value, str) else value
    if isinstance(value, float) and not math.isfinite(value):
        return {"_type": "number", "value": str(float(value))}
    if isinstance(value, int | float):
        return int(value) if isinstance(value, int) else float(value)
    if hasattr(value, "to_reference"):
        return value.to_reference(put_bytes)
    if isinstance(value, LISTS):
        return [to_json(item, put_bytes) for item in value]
    if isinstance(value, Mapping):
        return _dict_to_json(value, put_bytes)
    return _object_to_json(value, put_bytes)


def _dict_to_json(value: Mapping[Any, Any], put_bytes: Put) -> Any:
    pairs = [[to_json(key, put_bytes), to_json(item, put_bytes)] for key, item in value.items()]
    if "_type" in value or not all(isinstance(key, str) for key in value):
        return {"_type": "dict", "pairs": pairs}
    return dict(pairs)


def _object_to_json(value: Any, put_bytes: Put) -> Any:
    for kind, name in _MOMENTS:
        if isinstance(value, kind):
            tag = "timestamp" if getattr(value, "nanosecond", 0) else name
            return {"_type": tag, "value": value.isoformat()}
    if isinstance(value, datetime.timedelta):
        seconds = [value.days, value.seconds, value.microseconds]
        return {"_type": "timedelta", "value": seconds}
    if isinstance(value, bytes):
        return {"_type": "bytes", "value": base64.b64encode(value).decode()}
    if isinstance(value, complex):
        return {"_type": "complex", "value": [str(value.real), str(value.imag)]}
    if isinstance(value, decimal.Decimal):
        return {"_type": "decimal", "value": str(value)}
    if hasattr(value, "dtype") and hasattr(value, "tobytes"):
        return _array_to_json(value, put_bytes)
    return _cleaned(str(value))


def _array_to_json(value: Any, put_bytes: Put) -> Any:
    if not value.shape:
        held = value.item()
        is_open = type(held) is type(value)
        return to_json(float(held) if is_open else held, put_bytes)
    return {
        "_type": "ndarray",
        "dtype": value.dtype.str,
        "shape": list(value.shape),
        "value": base64.b64encode(value.tobytes()).decode(),
    }


def from_json(value: Any, load: Callable[[dict[str, Any]], Any]) -> Any:
    """Return the cell that :func:`to_json` was given; `load` reads references to media.

    Tuples and sets come back as lists, objects of other classes as their text.
    """
    if isinstance(value, list):
        return [from_json(item, load) for item in value]
    if not isinstance(value, dict):
        return value
    kind = value.get("_type")
    if kind is None:
        return {key: from_json(item, load) for key, item in value.items()}
    if kind == "dict":
        return {from_json(key, load): from_json(item, load) for key, item in value["pairs"]}
    reader = _READERS.get(kind)
    return load(value) if reader is None else reader(value)


def _read_array(tagged: dict[str, Any]) -> Any:
    import numpy as np

    flat = np.frombuffer(base64.b64decode(tagged["value"]), dtype=np.dtype(tagged["dtype"]))
    return flat.reshape(tagged["shape"]).copy()


def _read_moment(tagged: dict[str, Any]) -> Any:
    import pandas as pd

    return pd.Timestamp(tagged["value"])


_MOMENTS = (
    (datetime.datetime, "datetime"),
    (datetime.date, "date"),
    (datetime.time, "time"),
)
_READERS: dict[str, Callable[[dict[str, Any]], Any]] = {
    "bytes": lambda tagged: base64.b64decode(tagged["value"]),
    "complex": lambda tagged: complex(*map(float, tagged["value"])),
    "date": lambda tagged: datetime.date.fromisoformat(tagged["value"]),
    "datetime": lambda tagged: datetime.datetime.fromisoformat(tagged["value"]),
    "decimal": lambda tagged: decimal.Decimal(tagged["value"]),
    "ndarray": _read_array,
    "number": lambda tagged: float(tagged["value"]),
    "time": lambda tagged: datetime.time.fromisoformat(tagged["value"]),
    "timedelta": lambda tagged: datetime.timedelta(*tagged["value"]),
    "timestamp": _read_moment,
}


def dump(value: Any, put_bytes: Put) -> str:
    """Return a cell as JSON text."""
    return json.dumps(to_json(value, put_bytes), ensure_ascii=False, separators=(",", ":"))


def _cleaned(text: str) -> str:
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode(errors="replace").decode()
    return text
