from __future__ import annotations

import io
import sys
from pathlib import Path

import pytest

from tracker.errors import UsageError
from tracker.media.molecule import Molecule

PDB = b"HEADER    WATER\nATOM      1  O   HOH A   1       0.000   0.000   0.000\nEND\n"


@pytest.mark.parametrize("kind", Molecule.SUPPORTED_TYPES)
def test_a_file_is_kept_as_it_is(tmp_path: Path, keep, kind: str) -> None:
    path = tmp_path / f"water.{kind}"
    path.write_bytes(PDB)
    for source in (path, str(path), path.open("rb")):
        logged = Molecule(source, caption="water")
        assert (logged.content, logged.format) == (PDB, kind)
        assert keep(logged) == logged
        if hasattr(source, "close"):
            source.close()


def test_an_open_file_without_a_name() -> None:
    assert Molecule(io.StringIO(PDB.decode()), file_type="pdb").content == PDB
    with pytest.raises(UsageError, match="Must pass file_type keyword argument"):
        Molecule(io.StringIO(PDB.decode()))


@pytest.mark.parametrize(
    ("given_data", "options", "sentence"),
    [
        (5, {}, "Data must be file name or a file object"),
        ("water.txt", {}, "only supports files of the type: pdb, pqr"),
        ("missing.pdb", {}, "missing.pdb cannot be used"),
        (io.StringIO("x"), {"file_type": "exe"}, "only supports files of the type"),
        (io.StringIO(""), {"file_type": "pdb"}, "empty file"),
    ],
)
def test_what_is_none_is_told_in_a_sentence(given_data, options, sentence) -> None:
    with pytest.raises(UsageError, match=sentence):
        Molecule(given_data, **options)


def test_missing_rdkit_is_named(monkeypatch) -> None:
    for name in ("rdkit", "rdkit.Chem"):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(
        UsageError, match=r"rdkit, which is not installed: run `pip install 'rdkit'"
    ):
        Molecule.from_smiles("CCO")


def test_molecules_of_rdkit(tmp_path: Path) -> None:
    chem = pytest.importorskip("rdkit.Chem")
    ethanol = Molecule.from_smiles("CCO", caption="ethanol")
    assert ethanol.format == "pdb"
    assert ethanol.content.count(b"HETATM") == 9
    assert Molecule.from_smiles("CCO") == Molecule.from_rdkit(chem.MolFromSmiles("CCO"))
    path = tmp_path / "a.mol"
    path.write_text(chem.MolToMolBlock(chem.MolFromSmiles("CCO")))
    assert Molecule.from_rdkit(str(path), convert_to_3d_and_optimize=False).content
    with pytest.raises(UsageError, match="Unable to parse the SMILES string 'C1'"):
        Molecule.from_smiles("C1")
    with pytest.raises(UsageError, match="rdchem"):
        Molecule.from_rdkit(5)
    with pytest.raises(UsageError, match="files of the type: mol, sdf"):
        Molecule.from_rdkit("a.pdb")
