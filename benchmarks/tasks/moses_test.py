"""What MOSES knows of its official test part, and how near drawn molecules come to it (Polykovskiy and others 2020).

The wheel of molsets 0.3.1 holds the figures of all 176,074 test molecules, made by the rdkit of its day, as a pickle.
It is read by a reader that makes nothing but counters and arrays.
"""

from __future__ import annotations

import io
import pickle
import zipfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from benchmarks.tasks.chemnet import frechet, moments

ROWS = 2_000
"""Molecules at once, for the nearest neighbours."""
_SAFE = {
    ("collections", "Counter"): Counter,
    ("_codecs", "encode"): lambda text, coding: text.encode("latin1" if coding == "latin1" else "ascii"),
    ("numpy", "ndarray"): np.ndarray,
    ("numpy", "dtype"): np.dtype,
    ("numpy.core.multiarray", "_reconstruct"): lambda kind, shape, code: np.ndarray.__new__(np.ndarray, shape, code),
}


class _Reader(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        """Return one of the few makers that are known to be safe."""
        if (module, name) not in _SAFE:
            raise pickle.UnpicklingError(f"holds {module}.{name}, which figures of molecules do not need")
        return _SAFE[module, name]


def known_figures(file: Path) -> dict[str, Any]:
    """Return the figures of the test part: of each metric a dict of what it compares."""
    with zipfile.ZipFile(file) as archive:
        content = io.BytesIO(archive.read("stats.npy"))
    npy.read_magic(content)
    npy.read_array_header_1_0(content)
    (found,) = _Reader(content).load().ravel()
    return dict(found)


def distances(molecules: Sequence[str], test: dict[str, Any], chemnet: Path) -> dict[str, float]:
    """Return FCD, SNN, Frag and Scaf of drawn molecules to the test part, by MOSES' definitions.

    - FCD: Fréchet distance of ChemNet's hidden states; 0 is the same.
    - SNN: Tanimoto similarity (Morgan, radius 2, 1,024 bits) to the nearest test molecule, on average.
    - Frag, Scaf: cosine of how often BRICS fragments, and Bemis-Murcko scaffolds of two rings or more, occur.

    Args:
        molecules: valid ones, canonical, as often as they were drawn.
        test: by `known_figures`.
        chemnet: its weights.
    """
    from rdkit import Chem
    from rdkit.Chem.Scaffolds import MurckoScaffold

    known = [Chem.MolFromSmiles(molecule) for molecule in molecules]
    fragments: Counter[str] = Counter()
    scaffolds: Counter[str] = Counter()
    for molecule in known:
        fragments.update(Chem.MolToSmiles(Chem.FragmentOnBRICSBonds(molecule)).split("."))
        scaffold = MurckoScaffold.GetScaffoldForMol(molecule)
        if scaffold.GetRingInfo().NumRings() >= 2:
            scaffolds[Chem.MolToSmiles(scaffold)] += 1
    mean, covariance = moments(molecules, chemnet)
    return {
        "FCD/Test": frechet((mean, covariance), (test["FCD"]["mu"], test["FCD"]["sigma"])),
        "SNN/Test": nearest(_fingerprints(known), np.asarray(test["SNN"]["fps"])),
        "Frag/Test": cosine(test["Frag"]["frag"], fragments),
        "Scaf/Test": cosine(test["Scaf"]["scaf"], scaffolds),
    }


def _fingerprints(molecules: Sequence[Any]) -> NDArray[np.float32]:
    from rdkit.Chem import rdFingerprintGenerator

    maker = rdFingerprintGenerator.GetMorganGenerator(radius=2, fpSize=1024)
    return np.stack([maker.GetFingerprintAsNumPy(molecule) for molecule in molecules]).astype(np.float32)


def nearest(drawn: NDArray[np.float32], known: NDArray[Any]) -> float:
    """Return the mean over drawn fingerprints (molecule, bit) of the similarity to the nearest known one."""
    best = np.zeros(len(drawn), np.float32)
    own = drawn.sum(axis=1)
    for first in range(0, len(known), ROWS):
        some = known[first : first + ROWS].astype(np.float32)
        shared = drawn @ some.T
        either = own[:, None] + some.sum(axis=1) - shared
        shared /= np.maximum(either, 1)
        np.maximum(best, shared.max(axis=1), out=best)
    return float(best.mean())


def cosine(one: Counter[str], other: Counter[str]) -> float:
    """Return the cosine of two counts."""
    length = np.sqrt(sum(n * n for n in one.values()) * sum(n * n for n in other.values()))
    return float(sum(n * other[name] for name, n in one.items() if name in other) / length)
