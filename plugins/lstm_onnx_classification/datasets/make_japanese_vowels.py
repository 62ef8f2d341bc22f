"""Makes `japanese_vowels.npz` from JapaneseVowels_TRAIN.ts and JapaneseVowels_TEST.ts; see `README.md`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np

from lstm_onnx.data.ucr_format import read_ts


def arrays(path: Path, prefix: str) -> dict[str, Any]:
    """Return the arrays of one part, padded with zeros to its longest sequence."""
    found = read_ts(path)
    lengths = np.array([len(s) for s in found.sequences], dtype=np.int16)
    values = np.zeros((len(lengths), int(lengths.max()), len(found.channels)), dtype=np.float32)
    for row, sequence in zip(values, found.sequences, strict=True):
        row[: len(sequence)] = sequence
    return {f"{prefix}values": values, f"{prefix}lengths": lengths, f"{prefix}labels": np.array(found.labels)}


def main(folder: Path, target: Path) -> None:
    """Write both parts into one compressed file."""
    train, test = (arrays(folder / f"JapaneseVowels_{part}.ts", prefix) for part, prefix in _PARTS)
    names = np.array([f"cepstrum {i + 1}" for i in range(train["values"].shape[2])])
    np.savez_compressed(target, **train, **test, channels=names)


_PARTS = (("TRAIN", ""), ("TEST", "test_"))

if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(__file__).with_name("japanese_vowels.npz"))
