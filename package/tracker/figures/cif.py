"""The atoms in CIF files: mmCIF of proteins, and those of crystals, as far as one cell says.

Of a crystal the atoms are drawn that the file names: its symmetry makes no more of them.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

Row = tuple[str, float, float, float]

# A quoted text ends at a quote before a space, a comment begins a word, and the rest are words.
_WORDS: Final = re.compile(
    r"""'(?P<one>.*?)'(?=\s|$)|"(?P<two>.*?)"(?=\s|$)|\#.*|(?P<word>\S+)""",
)
_KEYWORDS: Final = ("loop_", "data_", "save_", "stop_", "global_")
_SITE, _CELL = "_atom_site_", "_cell_"
_UNKNOWN: Final = frozenset({".", "?"})


def read_cif(lines: Sequence[str]) -> list[Row]:
    """Return element, x, y and z of each atom, in ångström; of the first model.

    Raises
    ------
    ValueError
        If an atom lacks its place, or a number is none.
    """
    columns = _columns(lines)
    labels = columns.get(f"{_SITE}type_symbol") or columns.get(f"{_SITE}label") or []
    models = columns.get(f"{_SITE}pdbx_pdb_model_num") or [""] * len(labels)
    is_crystal = f"{_SITE}cartn_x" not in columns
    kind = "fract" if is_crystal else "cartn"
    axes = [columns.get(f"{_SITE}{kind}_{axis}", []) for axis in "xyz"]
    rows = [
        (_element(label), _number(x), _number(y), _number(z))
        for label, x, y, z, model in zip(labels, *axes, models, strict=True)
        if model == models[0] and not {x, y, z} & _UNKNOWN
    ]
    return _in_space(rows, columns) if is_crystal and rows else rows


def _in_space(rows: list[Row], columns: Mapping[str, Sequence[str]]) -> list[Row]:
    """Return atoms that were placed in parts of a cell's sides."""
    a, b, c = (_number(columns[f"{_CELL}length_{side}"][0]) for side in "abc")
    angles = [_number(columns[f"{_CELL}angle_{name}"][0]) for name in ("alpha", "beta", "gamma")]
    cos_a, cos_b, cos_c = (math.cos(math.radians(angle)) for angle in angles)
    sin_c = math.sin(math.radians(angles[2]))
    lean = (cos_a - cos_b * cos_c) / sin_c
    rise = math.sqrt(1 - cos_b**2 - lean**2)
    return [
        (
            element,
            a * x + b * cos_c * y + c * cos_b * z,
            b * sin_c * y + c * lean * z,
            c * rise * z,
        )
        for element, x, y, z in rows
    ]


def _columns(lines: Sequence[str]) -> dict[str, list[str]]:
    """Return what the file says of atoms and of the cell, by name; old and new names are one."""
    found: dict[str, list[str]] = {}
    names: list[str] = []
    values: list[str] = []
    is_loop = False

    def close() -> None:
        for place, name in enumerate(names):
            if name.startswith((_SITE, _CELL)):
                found.setdefault(name, values[place :: len(names)])
        names.clear()
        values.clear()

    for word, is_quoted in _words(lines):
        lower = word.lower()
        if is_quoted or not (lower.startswith(("_", *_KEYWORDS))):
            values.append(word)
        elif lower.startswith("_"):
            if values or (names and not is_loop):
                close()
                is_loop = False
            names.append(lower.replace(".", "_", 1))
        else:
            close()
            is_loop = lower == "loop_"
    close()
    return found


def _words(lines: Sequence[str]) -> Iterator[tuple[str, bool]]:
    """Yield each word, and whether it is a text in quotes or of whole lines."""
    text: list[str] | None = None
    for line in lines:
        if line.startswith(";"):
            if text is None:
                text = [line[1:]]
                continue
            yield "\n".join(text), True
            text, line = None, line[1:]
        if text is not None:
            text.append(line)
            continue
        for match in _WORDS.finditer(line):
            if match["word"] is not None:
                yield match["word"], False
            elif match.lastgroup is not None:
                yield match[match.lastgroup], True


def _element(label: str) -> str:
    """Return the element of a symbol such as ``Fe3+``, or of a label such as ``C12``."""
    return re.match(r"[A-Za-z]*", label)[0].upper()  # type: ignore[index]


def _number(text: str) -> float:
    """Return a number without the uncertainty behind it, as in ``0.123(4)``."""
    return float(text.partition("(")[0])
