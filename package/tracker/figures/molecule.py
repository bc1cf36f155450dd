"""Molecules as balls and sticks: a Plotly figure, in plain dicts.

Atoms are read from PDB, PQR, CIF, SDF, MOL2 and GRO files; bonds are drawn between atoms that are
as near as their radii say. No cartoon of a protein's folds, no surfaces.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from tracker.errors import UsageError
from tracker.figures.cif import read_cif

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

MOST_ATOMS: Final = 20_000
_BOND_ATOMS = 4000
# Element: colour (after Corey, Pauling and Koltun) and covalent radius in ångström.
ELEMENTS: Final = {
    "H": ("#d0d0d0", 0.31), "C": ("#606060", 0.76), "N": ("#3050f8", 0.71),
    "O": ("#ff0d0d", 0.66), "F": ("#70c050", 0.57), "P": ("#ff8000", 1.07),
    "S": ("#d9b800", 1.05), "CL": ("#1ff01f", 1.02), "BR": ("#a62929", 1.20),
    "I": ("#940094", 1.39), "FE": ("#e06633", 1.32), "ZN": ("#7d80b0", 1.22),
    "MG": ("#40b000", 1.41), "CA": ("#3dff00", 1.76), "NA": ("#ab5cf2", 1.66),
    "K": ("#8f40d4", 2.03),
}  # fmt: skip
_OTHER = ("#d060b0", 1.0)
_TOLERANCE = 0.45


class Atom(NamedTuple):
    """An atom and where it is, in ångström."""

    element: str
    x: float
    y: float
    z: float


def molecule_figure(text: str, kind: str) -> dict[str, Any]:
    """Return the figure of a file of this format.

    Raises
    ------
    UsageError
        If the format is not read here, or there are no atoms or too many.
    """
    atoms = read_atoms(text, kind)
    if not atoms or len(atoms) > MOST_ATOMS:
        raise UsageError(
            f"The {kind} file has {len(atoms):,} atoms: 1 to {MOST_ATOMS:,} are drawn."
        )
    colours, radii = zip(*(ELEMENTS.get(a.element, _OTHER) for a in atoms), strict=True)
    x, y, z = ([atom[axis] for atom in atoms] for axis in (1, 2, 3))
    size = 26 if len(atoms) < 60 else 12 if len(atoms) < 600 else 5
    balls = {
        "type": "scatter3d", "mode": "markers", "x": x, "y": y, "z": z,
        "text": [atom.element.capitalize() for atom in atoms], "hoverinfo": "text",
        "marker": {"color": colours, "size": [size * (0.4 + 0.6 * r) for r in radii],
                   "opacity": 1, "line": {"width": 0}},
    }  # fmt: skip
    traces = [balls]
    if len(atoms) <= _BOND_ATOMS:
        traces.insert(0, _sticks(atoms, radii))
    hidden = {"visible": False}
    scene = {"xaxis": hidden, "yaxis": hidden, "zaxis": hidden, "aspectmode": "data"}
    margin = {"l": 0, "r": 0, "t": 0, "b": 0}
    layout = {"scene": scene, "margin": margin, "showlegend": False, "uirevision": "molecule"}
    return {"data": traces, "layout": layout}


def read_atoms(text: str, kind: str) -> list[Atom]:
    """Return the atoms of a file: of its first model where it has several.

    Raises
    ------
    UsageError
        If the format is not read here, or a line is not as it should be.
    """
    reader = _READERS.get(kind)
    if reader is None:
        known = ", ".join(sorted(_READERS))
        retired = " (it was retired in 2024: log the mmcif instead)" if kind == "mmtf" else ""
        raise UsageError(
            f"Molecules of format {kind} are kept but not drawn{retired}: expected {known}."
        )
    try:
        return reader(text.splitlines())
    except (ValueError, IndexError, KeyError, ZeroDivisionError) as error:
        raise UsageError(f"The {kind} file cannot be drawn: {error}.") from error


def _sticks(atoms: list[Atom], radii: tuple[float, ...]) -> dict[str, Any]:
    import numpy as np

    places = np.array([atom[1:] for atom in atoms])
    x: list[float | None] = []
    y: list[float | None] = []
    z: list[float | None] = []
    for first, second in _bonds(places, np.array(radii)):
        for axis, line in enumerate((x, y, z)):
            line += [places[first, axis], places[second, axis], None]
    return {"type": "scatter3d", "mode": "lines", "x": x, "y": y, "z": z, "hoverinfo": "skip",
            "line": {"color": "#9a9a9a", "width": 6}}  # fmt: skip


def _bonds(places: NDArray[np.float64], radii: NDArray[np.float64]) -> list[tuple[int, int]]:
    import numpy as np

    found: list[tuple[int, int]] = []
    for number in range(len(places) - 1):
        away = np.linalg.norm(places[number + 1 :] - places[number], axis=1)
        reach = radii[number + 1 :] + radii[number] + _TOLERANCE
        near = np.flatnonzero((away < reach) & (away > 0.1))
        found += [(number, int(other) + number + 1) for other in near]
    return found


def _read_pdb(lines: list[str]) -> list[Atom]:
    atoms = []
    for line in lines:
        if line.startswith("ENDMDL"):
            break
        if line.startswith(("ATOM", "HETATM")):
            element = line[76:78].strip() or _element_of(line[12:16])
            x, y, z = (float(line[start : start + 8]) for start in (30, 38, 46))
            atoms.append(Atom(element.upper(), x, y, z))
    return atoms


def _read_pqr(lines: list[str]) -> list[Atom]:
    rows = [line.split() for line in lines if line.startswith(("ATOM", "HETATM"))]
    # … x y z charge radius, and before them perhaps a chain.
    return [Atom(_element_of(row[2]), *map(float, row[-5:-2])) for row in rows]


def _read_sdf(lines: list[str]) -> list[Atom]:
    if len(lines) < 4 or "V3000" in lines[3]:
        raise ValueError("expected a table of atoms of version V2000")
    rows = [line.split() for line in lines[4 : 4 + int(lines[3][:3])]]
    return [Atom(row[3].upper(), *map(float, row[:3])) for row in rows]


def _read_mol2(lines: list[str]) -> list[Atom]:
    atoms, is_in = [], False
    for line in lines:
        if line.startswith("@<TRIPOS>"):
            is_in = line.startswith("@<TRIPOS>ATOM")
        elif is_in and line.strip():
            row = line.split()
            atoms.append(Atom(row[5].partition(".")[0].upper(), *map(float, row[2:5])))
    return atoms


def _read_gro(lines: list[str]) -> list[Atom]:
    rows = lines[2 : 2 + int(lines[1])]
    return [
        # Nanometres.
        Atom(_element_of(line[10:15]), *(10 * float(line[s : s + 8]) for s in (20, 28, 36)))
        for line in rows
    ]


def _read_cif(lines: list[str]) -> list[Atom]:
    return [Atom(*row) for row in read_cif(lines)]


def _element_of(name: str) -> str:
    letters = "".join(letter for letter in name.strip().upper() if letter.isalpha())
    is_two = letters[:2] in ("CL", "BR", "FE", "ZN", "MG", "NA")
    return letters[:2] if is_two else letters[:1]


_READERS: Final[dict[str, Callable[[list[str]], list[Atom]]]] = {
    "pdb": _read_pdb, "pqr": _read_pqr, "sdf": _read_sdf, "sd": _read_sdf, "mol2": _read_mol2,
    "gro": _read_gro, "cif": _read_cif, "mcif": _read_cif, "mmcif": _read_cif,
}  # fmt: skip
