"""Damaged inputs, by the thousand: each has to be answered, or refused in a line.

A worker hands them to the commands one by one, in its own process, which the one who watches it can lose or stop.
"""

from __future__ import annotations

import contextlib
import io
import itertools
import json
import multiprocessing
import os
import resource
import traceback
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
from PIL import Image

import lstm_onnx as lo
from benchmarks.faults import hostile
from lstm_onnx.cli.app import run
from lstm_onnx.data.tables import read_table, write_table

ROOT = Path(__file__).parents[2]
EXPORTED = ROOT / "exported"
TRAFFIC = ROOT / "plugins" / "lstm_onnx_forecasting" / "datasets" / "traffic.csv"
SECONDS = 60
"""After which an input hangs."""
MEGABYTES = 8 * 1024
"""Address space of the worker: what asks for more fails in it, and not the machine."""

Spoil = Callable[[bytes, Random], bytes]


@dataclass(frozen=True)
class Kind:
    """Inputs of a kind: whole ones, how they are damaged, and the commands that read them; `{}` is the file."""

    name: str
    wholes: tuple[Path, ...]
    spoil: Spoil
    commands: tuple[tuple[str, ...], ...]


@dataclass
class Outcome:
    """What became of the inputs of a kind."""

    given: int = 0
    answered: int = 0
    refused: int = 0
    warned: int = 0
    tracebacks: int = 0
    crashes: int = 0
    hangs: int = 0
    found: Counter[str] = field(default_factory=Counter)
    """Each fault, with the first input that shows it; `damaged` makes that again."""


def kinds(folder: Path) -> list[Kind]:
    """Write whole inputs of every kind."""
    rows = TRAFFIC.read_text().splitlines()
    table = folder / "table.csv"
    table.write_text("\n".join([rows[0], *rows[-400:]]) + "\n")
    frame = read_table(table)
    written = tuple(folder / f"table{suffix}" for suffix in (".parquet", ".json"))
    for path in written:
        write_table(frame, path)
    contract = lo.load(EXPORTED / "vowels.onnx").require_contract()
    given = contract.examples[0].inputs
    arrays: dict[str, Any] = {name: values.array() for name, values in given.items()}
    np.savez(folder / "arrays.npz", **arrays)
    np.savez_compressed(folder / "packed.npz", **arrays)
    (folder / "arrays.json").write_text(json.dumps({name: array.tolist() for name, array in arrays.items()}))
    pixels = np.random.default_rng(0).integers(0, 256, (40, 60, 3), dtype=np.uint8)
    pictures = tuple(folder / f"picture{suffix}" for suffix in (".png", ".jpg", ".gif", ".bmp", ".webp", ".tif"))
    for path in pictures:
        Image.fromarray(pixels).save(path)
    traffic, vowels = EXPORTED / "traffic.onnx", EXPORTED / "vowels.onnx"
    predict = ("predict", str(traffic), "{}", "--timeout", "20", "--json")
    return [
        Kind("tables, CSV", (table,), hostile.spoil_cells, (predict,)),
        Kind("tables, Parquet", written[:1], hostile.spoil_bytes, (predict,)),
        Kind("tables, JSON", written[1:], hostile.spoil_json, (predict,)),
        Kind(
            "arrays, npz",
            (folder / "arrays.npz", folder / "packed.npz"),
            hostile.spoil_bytes,
            (("predict", str(vowels), "{}", "--timeout", "20"),),
        ),
        Kind(
            "arrays, JSON",
            (folder / "arrays.json",),
            hostile.spoil_json,
            (("predict", str(vowels), "{}", "--timeout", "20"),),
        ),
        Kind(
            "pictures",
            pictures,
            hostile.spoil_bytes,
            (("predict", str(EXPORTED / "scenes.onnx"), "{}", "--timeout", "20"),),
        ),
    ] + [
        Kind(f"{what}, {name}", (EXPORTED / f"{name}.onnx",), spoil, reading(*data))
        for what, spoil in (("contracts", hostile.spoil_contract), ("graphs", hostile.spoil_graph))
        for name, *data in (
            ("traffic", str(table)),
            ("traffic-int8", str(table)),
            ("vowels", str(folder / "arrays.npz")),
            ("news", "--text", "rain stops play"),
        )
    ]


def reading(*data: str) -> tuple[tuple[str, ...], ...]:
    """Return the commands that read a model, and make it answer for some data."""
    limit = ("--timeout", "20")
    return ("inspect", "{}", "--json"), ("verify", "{}", *limit), ("predict", "{}", *data, *limit)


def damaged(kind: Kind, seed: int, number: int) -> tuple[bytes, str, tuple[str, ...]]:
    """Return an input, the ending of its name, and the command for it: the same for the same numbers."""
    random = Random(f"{kind.name} {seed} {number}")
    whole = kind.wholes[number % len(kind.wholes)]
    return kind.spoil(whole.read_bytes(), random), whole.suffix, kind.commands[number % len(kind.commands)]


def give(folder: Path, count: int, seed: int) -> Iterator[tuple[str, Outcome]]:
    """Give `count` inputs of each kind to the commands; return what became of them."""
    folder.joinpath("whole").mkdir()
    for kind in kinds(folder / "whole"):
        for whole, command in itertools.product(kind.wholes, kind.commands):
            if _outcome(_on(command, whole))[0] != "answered":
                raise RuntimeError(f"{whole.name}: is not answered whole, so that nothing is learnt from its damage")
        outcome, number = Outcome(), 0
        while number < count:
            number = _watch(kind, folder, seed, number, count, outcome)
        yield kind.name, outcome


def _watch(kind: Kind, folder: Path, seed: int, first: int, count: int, outcome: Outcome) -> int:
    """Watch one worker from `first` on, to its end or its death; return the number that comes next."""
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    worker = context.Process(target=work, args=(there, kind, folder, seed, first, count))
    worker.start()
    there.close()
    number = first - 1
    try:
        for number in range(first, count):
            outcome.given += 1
            if not here.poll(SECONDS + (SECONDS if number == first else 0)):  # the first waits for imports, too
                outcome.hangs += 1
                outcome.found[f"hangs: {number}"] += 1
                break
            try:
                what, told = here.recv()
            except EOFError:
                worker.join()
                outcome.crashes += 1
                outcome.found[f"crash {worker.exitcode}: {number}"] += 1
                break
            setattr(outcome, what, getattr(outcome, what) + 1)
            if told:
                same = next((f for f in outcome.found if f.startswith(f"{told}: ")), f"{told}: {number}")
                outcome.found[same] += 1
    finally:
        worker.kill()
        worker.join()
    return number + 1


def work(results: Connection, kind: Kind, folder: Path, seed: int, first: int, count: int) -> None:
    """Hand over inputs, and send what became of each."""
    resource.setrlimit(resource.RLIMIT_AS, (MEGABYTES << 20, MEGABYTES << 20))
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)  # runtimes write there by themselves
    for number in range(first, count):
        content, suffix, command = damaged(kind, seed, number)
        path = folder / f"{kind.name}{suffix}"  # a contract must not lie beside another kind's file
        path.write_bytes(content)
        results.send(_outcome(_on(command, path)))


def _on(command: tuple[str, ...], file: Path) -> list[str]:
    return [str(file) if part == "{}" else part for part in command]


def _outcome(command: list[str]) -> tuple[str, str]:
    out, err = io.StringIO(), io.StringIO()
    with (
        warnings.catch_warnings(record=True) as caught,
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
    ):
        warnings.simplefilter("always")
        try:
            status = run(command)
        except BaseException as error:  # whatever a command does not catch is what is looked for
            frames = traceback.extract_tb(error.__traceback__)
            own = [f for f in frames if "lstm_onnx" in f.filename and "site-packages" not in f.filename]
            where = f"{Path(own[-1].filename).name}:{own[-1].lineno}" if own else "?"
            return "tracebacks", f"{command[0]}: {type(error).__name__} at {where}"
    if caught:
        return "warned", f"{command[0]}: {caught[0].category.__name__} at {Path(caught[0].filename).name}"
    if status == 0:
        return "answered", ""
    if not err.getvalue().startswith(("error: ", "failed: ")):
        return "tracebacks", f"{command[0]}: status {status} without a line"
    return "refused", "" if err.getvalue().count("\n") == 1 else f"{command[0]}: more than one line"
