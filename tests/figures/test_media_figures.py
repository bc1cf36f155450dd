"""Molecules, graphs and embeddings as figures."""

from __future__ import annotations

import contextlib

import numpy as np
import plotly.graph_objects as go
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tracker.errors import UsageError
from tracker.figures.embedding import embedding_figure
from tracker.figures.graph import graph_figure, layered
from tracker.figures.molecule import molecule_figure, read_atoms

WATER = [("O", 0.0, 0.0, 0.117), ("H", 0.0, 0.757, -0.469), ("H", 0.0, -0.757, -0.469)]
PDB = "\n".join(
    f"HETATM{number:5d} {name:<4} HOH A   1    {x:8.3f}{y:8.3f}{z:8.3f}  1.00  0.00{name:>12}"
    for number, (name, x, y, z) in enumerate(WATER, 1)
)
PQR = "\n".join(
    f"ATOM {number} {name}1 HOH 1 {x} {y} {z} -0.8 1.5"
    for number, (name, x, y, z) in enumerate(WATER)
)
SDF = "water\n\n\n  3  2  0  0  0  0  0  0  0  0999 V2000\n" + "\n".join(
    f"{x:10.4f}{y:10.4f}{z:10.4f} {name}   0  0" for name, x, y, z in WATER
)
ATOMS = "\n".join(
    f"{number} {name}{number} {x} {y} {z} {name}.3 1 HOH 0"
    for number, (name, x, y, z) in enumerate(WATER)
)
MOL2 = f"@<TRIPOS>MOLECULE\nwater\n@<TRIPOS>ATOM\n{ATOMS}\n@<TRIPOS>BOND\n1 1 2 1"
GRO = "water\n3\n" + "\n".join(
    f"    1HOH  {name + str(number):>5}{number:5d}{x / 10:8.4f}{y / 10:8.4f}{z / 10:8.4f}"
    for number, (name, x, y, z) in enumerate(WATER, 1)
)  # fmt: skip
MMCIF = "\n".join(
    [
        *("data_water", "#", "_entry.id 'it's water'", "loop_", "_note.id", "_note.text", "1"),
        *(";_atom_site.x", "loop_", ";", "loop_", "_atom_site.group_PDB", "_atom_site.id"),
        *("_atom_site.type_symbol", "_atom_site.label_atom_id", "_atom_site.Cartn_x"),
        *("_atom_site.Cartn_y", "_atom_site.Cartn_z", "_atom_site.pdbx_PDB_model_num"),
        *(
            f'HETATM {number} {name} "{name}1\'" {x} {y} {z} {model}'
            for model in (1, 2)
            for number, (name, x, y, z) in enumerate(WATER)
        ),
        *("HETATM 9 C C9 ? ? ? 1", "# the end", ""),
    ]
)
CIF = (
    "data_ice\n_cell_length_a 4.0(2)\n_cell_length_b 5\n_cell_length_c 8\n"
    + (
        "_cell_angle_alpha 90\n_cell_angle_beta 90.00(1)\n_cell_angle_gamma 90\n"
        "loop_\n_atom_site_label\n_atom_site_type_symbol\n"
        "_atom_site_fract_x\n_atom_site_fract_y\n_atom_site_fract_z\n"
    )
    + "\n".join(f"{name}1 {name}2- {x / 4}(3) {y / 5} {z / 8}" for name, x, y, z in WATER)
)
FILES = {"pdb": PDB, "pqr": PQR, "sdf": SDF, "mol2": MOL2, "gro": GRO, "mmcif": MMCIF, "cif": CIF}


@pytest.mark.parametrize("kind", FILES)
def test_atoms_are_read_from_every_format(kind: str) -> None:
    atoms = read_atoms(FILES[kind], kind)
    assert [atom.element for atom in atoms] == ["O", "H", "H"]
    found = np.array([atom[1:] for atom in atoms])
    assert np.allclose(found, [row[1:] for row in WATER], atol=1e-3)


def test_cells_of_crystals_may_lean() -> None:
    one = CIF.partition("O1 ")[0].replace("gamma 90", "gamma 120")
    rows = "\n".join(f"C1 C {a} {b} {c}" for a, b, c in np.eye(3))
    a, b, c = (np.array(atom[1:]) for atom in read_atoms(one + rows, "cif"))
    assert np.allclose([np.linalg.norm(side) for side in (a, b, c)], [4, 5, 8])
    assert a @ b == pytest.approx(4 * 5 * np.cos(np.radians(120)))
    assert c @ a == pytest.approx(0, abs=1e-9)


@settings(max_examples=100, deadline=None)
@given(st.text(alphabet="loop_atm. site;'\"#\n12fract_xyz?", max_size=200))
def test_any_cif_is_drawn_or_one_sentence(text: str) -> None:
    with contextlib.suppress(UsageError):
        molecule_figure("loop_\n_atom_site.type_symbol\n_atom_site.Cartn_x\n" + text, "cif")


def test_near_atoms_are_joined_and_far_ones_are_not() -> None:
    figure = molecule_figure(PDB, "pdb")
    go.Figure(figure)
    sticks, balls = figure["data"]
    assert len(sticks["x"]) == 2 * 3
    assert balls["text"] == ["O", "H", "H"]


def test_only_the_first_model_of_a_file_is_drawn() -> None:
    assert len(read_atoms(f"MODEL 1\n{PDB}\nENDMDL\nMODEL 2\n{PDB}\nENDMDL", "pdb")) == 3


@pytest.mark.parametrize(
    ("text", "kind", "sentence"),
    [
        ("", "pdb", "has 0 atoms"),
        (PDB.replace("0.757", "x.757"), "pdb", "cannot be drawn"),
        ("x", "sdf", "version V2000"),
        ("data_x", "cif", "has 0 atoms"),
        (CIF.replace("_cell_length_a", "_x"), "cif", "cannot be drawn"),
        (CIF.replace("_fract_y", "_y"), "cif", "cannot be drawn"),
        ("x", "mmtf", r"retired in 2024: log the mmcif instead\): expected cif, gro, mcif"),
    ],
)
def test_what_is_no_molecule_is_a_sentence(text: str, kind: str, sentence: str) -> None:
    with pytest.raises(UsageError, match=sentence):
        molecule_figure(text, kind)


NODES = st.integers(1, 12).flatmap(
    lambda count: st.tuples(
        st.just(list(range(count))),
        st.lists(st.tuples(st.integers(0, count), st.integers(0, count)), max_size=30),
    )
)


@settings(max_examples=200, deadline=None)
@given(graph=NODES)
def test_every_node_has_a_place_of_its_own_whatever_circles_there_are(graph) -> None:
    nodes, edges = graph
    places = layered(nodes, edges)
    assert sorted(places) == nodes
    assert len(set(places.values())) == len(nodes)


def test_nodes_stand_below_those_that_lead_to_them() -> None:
    places = layered("abcd", [("a", "b"), ("b", "c"), ("a", "c"), ("c", "d"), ("x", "d")])
    assert [places[node][1] for node in "abcd"] == [0, 1, 2, 3]


def test_a_graph_says_what_its_nodes_are_and_takes_no_markup() -> None:
    nodes = [{"id": 1, "class_name": "<b>"}, {"id": 2, "name": "<i>out", "units": 3}]
    figure = graph_figure({"nodes": nodes, "edges": [[1, 2], [1, 9]]})
    go.Figure(figure)
    lines, dots = figure["data"]
    assert len(lines["x"]) == 3
    assert "<i>" not in "".join(dots["text"])
    assert "units: 3" in dots["hovertext"][1]
    with pytest.raises(UsageError, match="has 0 nodes"):
        graph_figure({"nodes": []})


def test_points_of_an_embedding_are_coloured_by_their_label() -> None:
    places = [[0.0, 1.0], [2.0, 3.0], [4.0, 5.0]]
    figure = embedding_figure(places, ["a", "<b>", "a"], ["x", "<y>", "z"])
    go.Figure(figure)
    assert [(trace["name"], trace["x"]) for trace in figure["data"]] == [
        ("a", [0.0, 4.0]), ("&lt;b>", [2.0]),
    ]  # fmt: skip
    assert figure["data"][1]["text"] == ["&lt;y>"]
    many = [[float(number), 0.0, 1.0] for number in range(40)]
    (trace,) = embedding_figure(many, list(range(40)), [""] * 40)["data"]
    assert trace["type"] == "scatter3d"
    assert trace["marker"]["color"] == list(range(40))
    (trace,) = embedding_figure(places, None, [""] * 3)["data"]
    assert trace["marker"]["showscale"] is False
