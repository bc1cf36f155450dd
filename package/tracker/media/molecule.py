"""Molecules: files of the formats that chemists use."""

from __future__ import annotations

import io
import os
from pathlib import Path
from typing import Any, ClassVar

from tracker.errors import UsageError
from tracker.media.media import Find, Media, import_extra
from tracker.media.source import read_source


class Molecule(Media):
    """A molecule to log: ``run.log({"protein": tracker.Molecule("6lu7.pdb")})``.

    Parameters
    ----------
    data_or_path : path or open file
        Of one of the formats in :attr:`SUPPORTED_TYPES`.
    caption : str, optional
        Shown under it, as plain text.
    file_type : str, optional
        The format; needed for an open file without a name.

    Raises
    ------
    UsageError
        If the format is another, or the file cannot be read.
    """

    type_name: ClassVar[str] = "molecule-file"
    SUPPORTED_TYPES: ClassVar[tuple[str, ...]] = (
        "pdb", "pqr", "mmcif", "mcif", "cif", "sdf", "sd", "gro", "mol2", "mmtf",
    )  # fmt: skip
    SUPPORTED_RDKIT_TYPES: ClassVar[tuple[str, ...]] = ("mol", "sdf")

    def __init__(
        self, data_or_path: Any, caption: str | None = None, file_type: str | None = None
    ) -> None:
        super().__init__(caption)
        if not isinstance(data_or_path, str | os.PathLike) and not hasattr(data_or_path, "read"):
            raise UsageError(
                "Data must be file name or a file object, and this is a "
                f"{type(data_or_path).__name__}."
            )
        is_path = isinstance(data_or_path, str | os.PathLike)
        name = data_or_path if is_path else getattr(data_or_path, "name", "")
        suffix = Path(str(name)).suffix[1:].lower()
        if file_type is None and suffix == "" and not is_path:
            raise UsageError("Must pass file_type keyword argument when using io objects.")
        self.format = (file_type or suffix).lower()
        if self.format not in self.SUPPORTED_TYPES:
            raise UsageError(
                f"Molecule only supports files of the type: {', '.join(self.SUPPORTED_TYPES)}; and "
                f"this is {self.format!r}."
            )
        self._content = read_source(data_or_path, "Molecule")[0]

    @property
    def content(self) -> bytes:
        """The file."""
        return self._content

    @classmethod
    def from_rdkit(
        cls,
        data_or_path: Any,
        caption: str | None = None,
        convert_to_3d_and_optimize: bool = True,
        mmff_optimize_molecule_max_iterations: int = 200,
    ) -> Molecule:
        """Return an RDKit molecule, or a mol or sdf file, as a molecule in pdb.

        Parameters
        ----------
        data_or_path : rdkit Mol or path
            The molecule.
        caption : str, optional
            Shown under it.
        convert_to_3d_and_optimize : bool
            Find coordinates in space, which may take long. Default True.
        mmff_optimize_molecule_max_iterations : int
            How long to optimise them. Default 200.

        Raises
        ------
        UsageError
            If RDKit is not installed, or it cannot read the molecule.
        """
        chem = import_extra("rdkit.Chem", "Molecule.from_rdkit", package="rdkit", extra=False)
        molecule = _read_by_rdkit(chem, data_or_path, cls.SUPPORTED_RDKIT_TYPES)
        if convert_to_3d_and_optimize:
            space = import_extra(
                "rdkit.Chem.AllChem", "Molecule.from_rdkit", package="rdkit", extra=False
            )
            molecule = chem.AddHs(molecule)
            if space.EmbedMolecule(molecule, randomSeed=0) == 0:
                space.MMFFOptimizeMolecule(molecule, maxIters=mmff_optimize_molecule_max_iterations)
        block = chem.MolToPDBBlock(molecule)
        return cls(io.StringIO(block), caption=caption, file_type="pdb")

    @classmethod
    def from_smiles(
        cls,
        data: str,
        caption: str | None = None,
        sanitize: bool = True,
        convert_to_3d_and_optimize: bool = True,
        mmff_optimize_molecule_max_iterations: int = 200,
    ) -> Molecule:
        """Return the molecule that a SMILES string names.

        Parameters
        ----------
        data : str
            Such as ``"CCO"``.
        caption : str, optional
            Shown under it.
        sanitize : bool
            Check that it is chemically reasonable. Default True.
        convert_to_3d_and_optimize : bool
            As of :meth:`from_rdkit`.
        mmff_optimize_molecule_max_iterations : int
            As of :meth:`from_rdkit`.

        Raises
        ------
        UsageError
            If RDKit is not installed, or does not understand the string.
        """
        chem = import_extra("rdkit.Chem", "Molecule.from_smiles", package="rdkit", extra=False)
        molecule = chem.MolFromSmiles(data, sanitize=sanitize)
        if molecule is None:
            raise UsageError(f"Unable to parse the SMILES string {data!r:.100}.")
        return cls.from_rdkit(
            molecule, caption, convert_to_3d_and_optimize, mmff_optimize_molecule_max_iterations
        )

    @classmethod
    def restore(cls, reference: dict[str, Any], find: Find) -> Molecule:
        """Return what was logged."""
        return cls(find(reference["sha256"]), reference.get("caption"), reference["format"])


def _read_by_rdkit(chem: Any, given: Any, formats: tuple[str, ...]) -> Any:
    if not isinstance(given, str | os.PathLike):
        if not hasattr(given, "GetNumAtoms"):
            raise UsageError(
                "Data must be file name or an rdkit.Chem.rdchem.Mol object, and this is a "
                f"{type(given).__name__}."
            )
        return given
    suffix = Path(given).suffix[1:].lower()
    if suffix not in formats:
        raise UsageError(
            f"Molecule.from_rdkit only supports files of the type: {', '.join(formats)}; and this "
            f"is {suffix!r}."
        )
    text = read_source(given, "Molecule")[0].decode(errors="replace")
    molecule = chem.MolFromMolBlock(text.partition("$$$$")[0])
    if molecule is None:
        raise UsageError(f"Molecule file {given} cannot be used: RDKit does not understand it.")
    return molecule
