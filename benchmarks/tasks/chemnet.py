"""ChemNet, the network whose hidden states the Fréchet ChemNet distance compares (Preuer and others 2018).

The weights are those of fcd_torch 1.0.7, as MOSES takes them; they are read without running what a pickle may hold, and
nothing of that package is imported.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

Matrix = NDArray[np.float64]

SIGNS = "C N O H F Cl P B Br S I Si # ( ) + - 1 2 3 4 5 6 7 8 = [ ] @ c n o s X .".split()
"""What ChemNet tells apart; X is anything else, and a full stop ends a molecule."""
LONGEST = 350
_CUT = re.compile("|".join(re.escape(s) for s in sorted(SIGNS, key=len, reverse=True)) + "|(?s:.)")


class ChemNet(nn.Module):
    """Two strided convolutions and two LSTMs that read a molecule from its end; the state of the last one is given.

    Args:
        file: the weights of the wheel.
    """

    def __init__(self, file: Path) -> None:
        super().__init__()
        self.convolutions, self.lstms = nn.ModuleList(), nn.ModuleList()
        self.strides: list[tuple[int, int]] = []
        for kind, (weights, sizes, _) in torch.load(file, map_location="cpu", weights_only=True):
            layer: Any = {"Conv1d": nn.Conv1d, "LSTM": nn.LSTM}[kind](**sizes)
            layer.load_state_dict(weights)
            if kind == "Conv1d":
                self.strides.append((layer.stride[0], layer.kernel_size[0]))
            (self.convolutions if kind == "Conv1d" else self.lstms).append(layer)
        self.eval()

    def forward(self, codes: Tensor) -> Tensor:
        """Return what stands for each molecule, (molecule, 512), given the numbers of its signs (molecule, `LONGEST`).

        -1 stands behind the end.
        """
        x = nn.functional.one_hot(codes + 1, len(SIGNS) + 1)[:, :, 1:].transpose(1, 2) / len(SIGNS)
        for layer, (stride, width) in zip(self.convolutions, self.strides, strict=True):
            whole = max(width - (x.shape[2] % stride or stride), 0)  # so that stride divides what comes out
            before = whole // stride
            x = torch.selu(layer(nn.functional.pad(x, (before, before if whole % stride == 0 else whole - before))))
        x = x.transpose(1, 2)
        for lstm in self.lstms:  # each from the end of what it gets
            x, _ = lstm(x.flip(1))
        return x[:, -1]


def codes_of(molecule: str) -> list[int]:
    """Return the numbers of the signs of a molecule as SMILES, its end last, at most `LONGEST`."""
    known = {sign: k for k, sign in enumerate(SIGNS)}
    codes = [known.get(sign, known["X"]) for sign in _CUT.findall(molecule)][: LONGEST - 1]
    return [*codes, known["."]]


def moments(molecules: Iterable[str], file: Path, batch: int = 256) -> tuple[Matrix, Matrix]:
    """Return mean and covariance of what stands for each molecule.

    Args:
        molecules: as SMILES, canonical.
        file: the weights of the wheel.
        batch: molecules at once.
    """
    network, coded, states = ChemNet(file), [codes_of(m) for m in molecules], []
    with torch.no_grad():
        for first in range(0, len(coded), batch):
            rows = coded[first : first + batch]
            codes = torch.full((len(rows), LONGEST), -1)
            for row, known in zip(codes, rows, strict=True):
                row[: len(known)] = torch.tensor(known)
            states.append(network(codes).double().numpy())
    every = np.concatenate(states)
    return every.mean(axis=0), np.cov(every.T)


def frechet(one: tuple[Matrix, Matrix], other: tuple[Matrix, Matrix]) -> float:
    """Return the squared distance of two normal distributions (Dowson and Landau 1982), given mean and covariance.

    The trace of the root of a product is that of the root of a symmetric matrix, which has no imaginary part.
    """
    values, vectors = np.linalg.eigh(one[1])
    root = (vectors * np.sqrt(values.clip(min=0))) @ vectors.T
    shared = np.sqrt(np.linalg.eigvalsh(root @ other[1] @ root).clip(min=0)).sum()
    apart = one[0] - other[0]
    return float(apart @ apart + np.trace(one[1]) + np.trace(other[1]) - 2 * shared)
