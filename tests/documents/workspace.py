"""A folder with the files that the documents speak of, small."""

from __future__ import annotations

import shutil
from datetime import date, timedelta
from itertools import islice
from pathlib import Path

import numpy as np
import polars as pl
from lstm_onnx_speech.drawn import RATE, draw
from PIL import Image

from lstm_onnx.data.sounds import write_sound
from tests.exporting.test_adopt import lstm_file
from tools.documents.links import ROOT

TRAFFIC = ROOT / "plugins/lstm_onnx_forecasting/datasets/traffic.csv"


def fill(folder: Path) -> None:
    """Make what a reader of the documents would have."""
    (folder / "examples").symlink_to(ROOT / "examples")
    shutil.copytree(ROOT / "exported", folder / "exported")
    with TRAFFIC.open() as lines:
        (folder / "traffic.csv").write_text("".join(islice(lines, 1200)))
    random = np.random.default_rng(0)
    _sales(random).write_csv(folder / "sales.csv")
    _reviews(random).write_csv(folder / "reviews.csv")
    _machines(random).write_csv(folder / "machines.csv")
    _sensors(random).write_csv(folder / "sensors.csv")
    _names(random, folder / "names.conll")
    _prompts(random, folder)
    _reviews(random).select(source="review", target="label").write_csv(folder / "pairs.csv")
    (folder / "titles.txt").write_text("\n".join(_reviews(random).get_column("review")))
    _pictures(random, folder)
    _articles(folder)
    lstm_file(folder)  # theirs.onnx


def _sales(random: np.random.Generator) -> pl.DataFrame:
    days = 300
    sold = 40 + 10 * np.sin(np.arange(days) * 2 * np.pi / 7) + random.normal(0, 2, days)
    return pl.DataFrame(
        {
            "day": [date(2025, 1, 1) + timedelta(k) for k in range(days)],
            "sold": sold.round(1),
            "price": random.choice([2.2, 2.5], days),
            "holiday": random.integers(0, 2, days),
        }
    )


def _reviews(random: np.random.Generator) -> pl.DataFrame:
    words = {"good": ["warm", "moving", "bright", "lovely"], "bad": ["dull", "slow", "empty", "tired"]}
    rows = []
    for k in range(120):
        label = ("good", "bad")[k % 2]
        rows.append({"review": f"A {' '.join(random.choice(words[label], 3))} film, number {k}.", "label": label})
    return pl.DataFrame(rows)


def _prompts(random: np.random.Generator, folder: Path) -> None:
    """Twenty sounds, with a table of them, and one more."""
    sounds, texts = draw(20, random)
    for k, sound in enumerate(sounds):
        write_sound(folder / f"prompt{k}.wav", sound, RATE)
    shutil.copy(folder / "prompt0.wav", folder / "clip.wav")
    frame = pl.DataFrame({"file": [f"prompt{k}.wav" for k in range(len(sounds))], "text": texts})
    frame.write_csv(folder / "prompts.csv")


def _articles(folder: Path) -> None:
    (folder / "articles").mkdir()
    for k in range(2):
        rows = [{"id": 10 * k + n, "text": f"Wheat prices rose {n} cents."} for n in range(3)]
        pl.DataFrame(rows).write_parquet(folder / "articles" / f"{k}.parquet")


def _machines(random: np.random.Generator) -> pl.DataFrame:
    rows = []
    for machine in range(60):
        left = float(random.uniform(0, 100))
        kind, load = ("fan", "pump")[machine % 2], float(random.uniform(0.5, 1.5))
        for hour in range(int(random.integers(5, 12))):
            row = {"machine": f"m{machine}", "hour": hour, "vibration": 5 - left / 50 + random.normal(0, 0.2)}
            rows.append(row | {"temperature": 40 + random.normal(), "kind": kind, "load": load, "hours left": left})
    return pl.DataFrame(rows)


def _sensors(random: np.random.Generator) -> pl.DataFrame:
    at = np.arange(1200)
    wave = np.sin(at / 5)
    columns = {"level": 60 + 5 * wave + random.normal(0, 0.1, 1200), "speed": 3 * wave + random.normal(0, 0.1, 1200)}
    columns["speed"][1000] += 9
    return pl.DataFrame({"time": at, **columns, "anomaly": (at == 1000).astype(int)})


def _names(random: np.random.Generator, path: Path) -> None:
    people, places = ["Ann", "Bob", "Eve", "Tom"], ["Rome", "Oslo", "Lima"]
    lines = []
    for _ in range(120):
        lines += [f"{random.choice(people)} B-person", "lives O", "in O", f"{random.choice(places)} B-place", ". O", ""]
    path.write_text("\n".join(lines))


def _pictures(random: np.random.Generator, folder: Path) -> None:
    colours = {"red": (255, 0, 0), "green": (0, 128, 0), "blue": (0, 0, 255)}
    rows = []
    (folder / "photos").mkdir()
    for k in range(60):
        name = list(colours)[k % 3]
        pixels = np.clip(np.array(colours[name]) + random.integers(-20, 20, (24, 24, 3)), 0, 255).astype(np.uint8)
        Image.fromarray(pixels).save(folder / "photos" / f"{k}.png")
        rows.append({"image": f"{k}.png", "caption": f"a {name} picture"})
    pl.DataFrame(rows).write_csv(folder / "captions.csv")
    classes = [{"photo": r["image"], "sharp": k % 5, "label": r["caption"].split()[1]} for k, r in enumerate(rows)]
    pl.DataFrame(classes).write_csv(folder / "colours.csv")
    (folder / "holiday").mkdir()
    for name in ("holiday.jpg", "holiday/one.jpg", "holiday/two.jpg"):
        Image.fromarray(random.integers(0, 255, (30, 40, 3), dtype=np.uint8)).save(folder / name)
