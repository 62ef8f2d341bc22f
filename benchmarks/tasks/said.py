"""Digits that espeak-ng says (GPL-3, Debian package `espeak-ng`): made here, as no package carries recorded digits.

Strings of three to six English digits, in accents and voices of espeak-ng that differ in throat, pitch, pace and
distance between words; those that are tested on were never heard in training. It is more regular than people are.
"""

from __future__ import annotations

import random
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

WORDS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
HEARD = [f"{a}+{v}" for a in ("en-us", "en-gb", "en-gb-x-rp") for v in ("m1", "m2", "m3", "m4", "m5", "f1", "f2", "f3")]
UNHEARD = [f"en-gb-scotland+{variant}" for variant in ("m6", "m7", "f4", "f5")]
"""Another accent and other throats."""


def digits(folder: Path, train: int = 600, test: int = 150) -> Path:
    """Write WAV files and a table of them.

    Raises:
        SystemExit: espeak-ng is not there.
    """
    program = shutil.which("espeak-ng")
    if program is None:
        raise SystemExit("espeak-ng is not there; see benchmarks/tasks/README.md")
    draw, rows = random.Random(0), ["path\ttext\tsplit"]
    parts = [("train", HEARD)] * train + [("test", UNHEARD)] * test
    for number, (part, voices) in enumerate(parts):
        words = draw.choices(WORDS, k=draw.randint(3, 6))
        path = folder / f"digits-{number}.wav"
        say(program, " ".join(words), path, draw, voices)
        rows.append(f"{path}\t{' '.join(words)}\t{part}")
    (folder / "digits.tsv").write_text("\n".join(rows) + "\n")
    return folder / "digits.tsv"


def say(program: str, text: str, path: Path, draw: random.Random, voices: Sequence[str]) -> None:
    """Let espeak-ng say a text, into a WAV file."""
    options = ["-v", draw.choice(voices), "-s", str(draw.randint(120, 220)), "-p", str(draw.randint(20, 80))]
    options += ["-a", str(draw.randint(60, 140)), "-g", str(draw.randint(0, 8)), "-w", str(path)]
    subprocess.run([program, *options, text], check=True, capture_output=True)
