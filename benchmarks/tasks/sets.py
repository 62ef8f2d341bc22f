"""Public data sets for tasks on features, read from the packages that carry them.

None of the Python packages is imported: only data files are read, so they are installed without their dependencies.
"""

from __future__ import annotations

import functools
import gzip
import hashlib
import json
import os
import random
import re
import shutil
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import polars as pl

from benchmarks.tasks.said import digits

TENTHS = 1
"""Of the sentences of a set without an official split, so many tenths are its test part."""


def data_file(package: str, ending: str) -> Path:
    """Return the one file of an installed package whose path ends so."""
    try:
        found = [f for f in distribution(package).files or [] if str(f).endswith(ending)]
    except PackageNotFoundError:
        raise SystemExit(f"the package '{package}' is missing; see benchmarks/tasks/README.md") from None
    return Path(str(found[0].locate()))


def of_aeon(folder: Path, *endings: str) -> Path:
    """Copy files of aeon's data; return the first."""
    copies = [Path(shutil.copy(data_file("aeon", ending), folder)) for ending in endings]
    return copies[0]


def cars(folder: Path) -> Path:
    """Cars of 1970 to 1982: a name in words, where each was made, and figures of its engine and weight."""
    frame = pl.DataFrame(json.loads(data_file("vega-datasets", "cars.json").read_text()), infer_schema_length=None)
    year = pl.col("Year").str.slice(0, 4).cast(pl.Int64)
    frame.with_columns(year).write_csv(folder / "cars.csv")
    return folder / "cars.csv"


def written(folder: Path) -> Path:
    """Digits as people wrote them, 1,797 pictures of 8 by 8 pixels, each as a PNG file, and a table that names them.

    The first half is to learn from and the second to score, as in scikit-learn's own example.
    """
    from PIL import Image

    with gzip.open(data_file("scikit-learn", "datasets/data/digits.csv.gz"), "rt") as file:
        rows = [[int(float(cell)) for cell in line.split(",")] for line in file]
    (folder / "pictures").mkdir()
    for i, row in enumerate(rows):
        grey = bytes(round(cell * 255 / 16) for cell in row[:64])
        Image.frombytes("L", (8, 8), grey).save(folder / "pictures" / f"{i:04}.png")
    half = len(rows) // 2
    frame = pl.DataFrame({"picture": [f"{i:04}.png" for i in range(len(rows))], "label": [row[64] for row in rows]})
    parts = ["train" if i < half else "test" for i in range(len(rows))]
    frame.with_columns(pl.Series("split", parts)).write_csv(folder / "digits.csv")
    return folder / "digits.csv"


def heart(folder: Path) -> Path:
    """An electrocardiogram that TimeEval's generator drew, with three anomalies in the rows to score."""
    for part, name in (("TRAIN", "TRAIN_NA"), ("TEST", "TEST")):
        shutil.copy(data_file("aeon", f"ecg-diff-count-3_{name}.csv"), folder / f"heart_{part}.csv")
    return folder / "heart_TRAIN.csv"


def turkish(folder: Path) -> Path:
    """The Turkish Web Treebank (Kayadelen and others 2020), 4,851 sentences: `upos` of each inflectional group.

    It has no official split; a hash of the sentence puts a tenth into the test part, for ever.
    """
    parts: dict[str, list[str]] = {"train": [], "test": []}
    for name in ("web", "wiki"):
        text = data_file("turkish-treebanks", f"data/{name}.conllu").read_text(encoding="utf-8")
        for block in re.split(r"\n\s*\n", text.strip()):
            words = " ".join(line.split("\t")[1] for line in block.splitlines() if not line.startswith("#"))
            number = int.from_bytes(hashlib.sha256(words.encode()).digest()[:8], "big")
            parts["test" if number % 10 < TENTHS else "train"].append(block)
    for part, blocks in parts.items():
        (folder / f"twt_{part}.conllu").write_text("\n\n".join(blocks) + "\n", encoding="utf-8")
    return folder / "twt_train.conllu"


def molecules(folder: Path) -> Path:
    """MOSES (Polykovskiy and others 2020): all molecules to learn from, and 20,000 of the official test part."""
    for part, count in (("train", None), ("test", 20_000)):
        with gzip.open(data_file("molsets", f"dataset/data/{part}.csv.gz"), "rt") as file:
            lines = [line.split(",")[0].strip() for line in file][1:]
        if count is not None:
            random.Random(0).shuffle(lines)
        (folder / f"smiles_{part}.csv").write_text("\n".join(["smiles", *lines[:count]]) + "\n")
    return folder / "smiles_train.csv"


def spellings(folder: Path) -> Path:
    """The words of CMUdict that are letters alone, each with all its sounds, without stress: 12,000 to test on."""
    found: dict[str, list[str]] = {}
    for line in data_file("cmudict", "data/cmudict.dict").read_text(encoding="utf-8").splitlines():
        spelt, *sounds = line.split("#")[0].split()
        word, said = spelt.split("(")[0], " ".join(sound.rstrip("012") for sound in sounds)
        if all(sign.isalpha() or sign == "'" for sign in word) and said not in found.setdefault(word, []):
            found[word].append(said)
    words = sorted(found)
    random.Random(0).shuffle(words)
    parts = dict.fromkeys(words[:12_000], "test") | dict.fromkeys(words[12_000:14_700], "validation")
    rows = [f"{word},{said},{parts.get(word, 'train')}" for word in sorted(words) for said in found[word]]
    (folder / "cmudict.csv").write_text("\n".join(["word,phonemes,split", *rows]) + "\n")
    return folder / "cmudict.csv"


def prompts(folder: Path, language: str = "en") -> Path:
    """What the telephone says in Asterisk (Debian packages asterisk-core-sounds-LANGUAGE and …-wav): WAV files, texts.

    A hash of the text puts a sixth into the test part, so that no text is on both sides. Tones, which have no text, are
    left out.
    """
    root = Path(os.environ.get("ASTERISK_ROOT", "/"))
    told = root / f"usr/share/doc/asterisk-core-sounds-{language}/core-sounds-{language}.txt.gz"
    places = sorted((root / "usr/share/asterisk/sounds").glob(f"{language}_*"))
    if not told.is_file() or not places:
        raise SystemExit(f"asterisk-core-sounds-{language} is not there; see benchmarks/tasks/README.md")
    rows = ["path\ttext\tsplit"]
    for line in gzip.decompress(told.read_bytes()).decode(errors="replace").splitlines():
        name, colon, text = line.partition(":")
        path = places[0] / f"{name.strip()}.wav"
        if line.startswith(";") or not colon or "[" in text or "<" in text or not path.is_file():
            continue
        words = " ".join(text.split())
        number = int.from_bytes(hashlib.sha256(words.lower().encode()).digest()[:8], "big")
        rows.append(f"{path}\t{words}\t{'test' if number % 6 == 0 else 'train'}")
    (folder / "prompts.tsv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    return folder / "prompts.tsv"


def drawn(folder: Path) -> None:
    """What the plugin draws, or plants, itself."""
    return None


SETS: dict[str, Callable[[Path], Path | None]] = {
    "machines": drawn,
    "covid": lambda f: of_aeon(f, "Covid3Month_TRAIN.ts", "Covid3Month_TEST.ts"),
    "cardano": lambda f: of_aeon(f, "CardanoSentiment_TRAIN.ts", "CardanoSentiment_TEST.ts"),
    "cars": cars,
    "written": written,
    "traffic": drawn,
    "bleeding": lambda f: of_aeon(f, "InternalBleeding16_TRAIN.csv", "InternalBleeding16_TEST.csv"),
    "heart": heart,
    "sentences": drawn,
    "weather": drawn,
    "molecules": molecules,
    "dates": drawn,
    "spellings": spellings,
    "turkish": turkish,
    "utterances": drawn,
    "prompts": prompts,
    **{f"prompts-{language}": functools.partial(prompts, language=language) for language in ("fr", "es", "it", "ru")},
    "digits": digits,
}
"""What writes each set into a folder and returns the file that `train` takes; None for a plugin's own."""
