"""Deciding how one column of times is written: once, for the column as a whole.

One cell that does not fit is an error with its row, never a reason to read all others otherwise; what can be read in
two ways is refused, with the option that settles it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from lstm_onnx.data.times.errors import IMPOSSIBLE, refuse_cells
from lstm_onnx.data.times.numbers import DECIMAL, UNIX, number_form
from lstm_onnx.data.times.patterns import ReadTimes, fault_of_pattern, group_lengths, read_pattern
from lstm_onnx.data.times.shapes import forms_of
from lstm_onnx.errors import UserError

NUMBERS = (*UNIX, "excel", "steps")
TYPED = ("datetime", "date")
ORDERS = {"day-first": "dmY", "month-first": "mdY", "year-first": "Ymd"}
WORDS = (*ORDERS, *NUMBERS, "rows")
"""What `--time-format` may say beside patterns (%d.%m.%Y, dd.mm.yyyy)."""
_LETTERS = {"yyyy": "%Y", "yy": "%y", "mmm": "%b", "mm": "%m", "dd": "%d", "hh": "%H", "ss": "%S", "ww": "%V"}
_MOSTLY = 0.8
_SAMPLE = 2000
_DOTTED_MONTH = r"^(?:1[7-9]|2[01])\d{2}\.(?:0[1-9]|1[0-2])$"


@dataclass(frozen=True)
class Decided:
    """How a column is written, what a person should know of it, and what it says, where that was read already."""

    form: str
    notes: tuple[str, ...] = ()
    read: ReadTimes | None = None


def parse_word(word: str) -> str:
    """Return the form, or the order, that a word of `--time-format` names.

    Raises:
        UserError: it names none.
    """
    plain = word.strip()
    if plain.lower() in (*WORDS, *TYPED, "hour-1", "period", "time"):
        return plain.lower()
    form = plain if "%" in plain else _from_letters(plain)
    fault = fault_of_pattern(form) if "%" in form else "it has no part of a time"
    if fault is not None and not re.fullmatch(r"(?:%-?[YymdbBqVGuHIMSp]|%[1-9]?f|[:. ])+", form):
        raise UserError(
            f"--time-format '{word}': {fault}; write a pattern such as %d.%m.%Y or dd.mm.yyyy hh:mm, or one of "
            f"{', '.join(WORDS)}"
        )
    return form


def decide_form(cells: pl.Series, column: str, where: Path | str, word: str | None = None) -> Decided:
    """Decide how a column without missing cells is written.

    Args:
        cells: of any type.
        column: its name.
        where: its file, for errors.
        word: what the person says of it, as `parse_word` returns it.

    Raises:
        UserError: it holds no times, or they can be read in several ways.
    """
    if cells.dtype == pl.Date:
        return Decided("date")
    if isinstance(cells.dtype, pl.Datetime):
        return Decided("datetime")
    if cells.dtype.is_numeric():
        return _numeric(cells, column, where, word)
    if cells.dtype != pl.String:
        raise UserError(f"{where}: column '{column}' holds {cells.dtype}, where times are needed; choose another")
    text = cells.str.strip_chars()
    if word is not None and word not in (*ORDERS, *TYPED):
        return Decided(word if word in NUMBERS else with_padding(text, word))
    sample = _sample(text)
    if bool(sample.str.contains(_DOTTED_MONTH).all()) and word is None:
        return Decided("%Y.%m")
    plain = sample.str.contains(DECIMAL)
    if float(plain.mean() or 0) >= _MOSTLY:  # type: ignore[arg-type]
        refuse_cells((~text.str.contains(DECIMAL)).to_numpy(), cells, column, where, "is no number, as other rows are")
        numbers = text.str.replace(r"\.0*$", "").cast(pl.Int64, strict=False)
        found = numbers if not numbers.null_count() else text.cast(pl.Float64)
        return _numeric(found, column, where, word)
    return _textual(text, sample, column, where, word)


def with_padding(text: pl.Series, form: str) -> str:
    """Return the pattern that says which of its numbers are written without a nought before them."""
    text = _sample(text)
    for token in ("d", "m", "H", "I", "V"):
        if f"%{token}" in form and group_lengths(text, form, token) == 1:
            form = form.replace(f"%{token}", f"%-{token}")
    return form


def _from_letters(text: str) -> str:
    """Turn `dd.mm.yyyy hh:mm` into a pattern; the `mm` that follows hours are minutes."""
    found, hours = [], False
    for piece in re.findall(r"[Yy]{4}|[Yy]{2}|[Mm]{3}|[Mm]{2}|[Dd]{2}|[Hh]{2}|[Ss]{2}|[Ww]{2}|.", text):
        letters = piece.lower()
        if letters == "mm" and hours:
            found.append("%M")
        else:
            found.append(_LETTERS.get(letters, piece))
        hours |= letters == "hh"
    form = "".join(found)
    return form.replace("%Y", "%G") if "%V" in form else form


def _sample(text: pl.Series) -> pl.Series:
    if len(text) <= _SAMPLE:
        return text
    return text.gather(np.linspace(0, len(text) - 1, _SAMPLE).astype(np.int64))


def _numeric(cells: pl.Series, column: str, where: Path | str, word: str | None) -> Decided:
    if word is not None and word not in (*ORDERS, *TYPED):
        return Decided(word)
    form, note = number_form(cells, column, where)
    return Decided(form, (note,) if note else ())


def _textual(text: pl.Series, sample: pl.Series, column: str, where: Path | str, word: str | None) -> Decided:
    forms = _candidates(sample)
    if word in ORDERS:
        forms = [f for f in forms if _order(f) in (ORDERS[word], None)] or forms
    shares = {f: float((~read_pattern(sample, f).bad).mean()) for f in forms}
    best = max(shares.values(), default=0.0)
    if best == 0:
        refuse_cells(np.ones(len(text), dtype=np.bool_), text, column, where, "is not a time")
    chosen = [f for f in forms if shares[f] == best]
    reads = {f: read_pattern(text, f) for f in chosen[:3]}
    form = chosen[0] if len(chosen) == 1 else _settled(reads, text, column, where)
    read = reads[form]
    refuse_cells(read.bad, text, column, where, "is not a time of the form that the other rows have")
    refuse_cells(read.impossible, text, column, where, IMPOSSIBLE)
    form = with_padding(text, form)
    told = len(chosen) > 1 or "%y" in form
    note = f"column '{column}': read as {form}, '{text[0]}' as {str(np.datetime64(int(read.wall[0]), 'us'))[:16]}"
    return Decided(form, (note.replace("T00:00", ""),) if told else (), read)


def _candidates(sample: pl.Series) -> list[str]:
    """Return the patterns that some cells may follow: the longest of them, and some from everywhere."""
    cells = sample.gather(np.unique(np.linspace(0, len(sample) - 1, 20).astype(np.int64))).to_list()
    longest = str(sample[int(sample.str.len_chars().arg_max() or 0)])
    # sorted by length, so that of patterns that read the same the one with most parts wins
    ordered = sorted(dict.fromkeys([longest, *cells]), key=len, reverse=True)
    return list(dict.fromkeys(form for cell in ordered for form in forms_of(cell)))


def _order(form: str) -> str | None:
    order = re.sub(r"[^Ydm]", "", form.split("%H")[0].split("%I")[0].replace("%y", "%Y"))
    return order if sorted(order) == ["Y", "d", "m"] else None


def _settled(reads: dict[str, ReadTimes], text: pl.Series, column: str, where: Path | str) -> str:
    """Tell day from month by the dates that exist, for all rows together, or refuse to guess."""
    wrong = {form: int(read.impossible.sum()) for form, read in reads.items()}
    possible = [form for form, count in wrong.items() if not count]
    if len({_order(f) for f in reads}) == 1:  # they read dates alike, and differ in what comes after
        return next(iter(reads))
    if len(possible) == 1:
        return possible[0]
    if len(possible) > 1:
        words = [word for word, order in ORDERS.items() if any(_order(f) == order for f in possible)]
        kinds = " or ".join(word.split("-")[0] for word in words)
        options = " or ".join(f"--time-format {word}" for word in words)
        raise UserError(
            f"{where}: column '{column}': dates such as '{text[0]}' can be read in two ways, {kinds} first; give "
            f"{options}, or write times as 2020-01-31 or 2020-01-31 13:00"
        )
    ordered = sorted(wrong, key=lambda form: wrong[form])
    best, second = ordered[:2]
    if wrong[best] > 0.2 * len(text):
        either = np.where(reads[best].impossible & ~reads[second].impossible)[0]
        if len(either):
            spot = np.zeros(len(text), dtype=np.bool_)
            spot[either] = True
            refuse_cells(spot, text, column, where, f"does not follow {best}, and other rows do not follow {second}")
    return best
