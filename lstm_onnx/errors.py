"""The one kind of error that is shown to people as a single line.

Anything that the person at the keyboard can mend is a `UserError`; the command line prints it without a traceback and
exits with status 2. Anything else is a bug of ours, and keeps its traceback.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Iterable
from pathlib import Path

_ALIKE = 0.6
"""Least share of letters that two words have in common, in their order: `dya` is like `day`, `Lat` not like `date`."""
_LISTED = 20
"""Names to show of what there is."""


class UserError(Exception):
    """Input or usage that a person can correct: what is wrong, where, what was found, and what to do."""


class Interrupted(UserError):
    """Ctrl-C in training: the run folder is whole, and the message says how to go on."""


class CheckFailed(Exception):
    """A check such as `verify` ran properly and found a fault; exit status 1."""


def nearest(word: str, known: Iterable[str]) -> str:
    """Return `"; did you mean 'x'?"` for the known word nearest to `word`, or the list of what there is."""
    names = list(known)
    close = similar(word, names)
    if close is not None:
        return f"; did you mean '{close}'?"
    more = f" and {len(names) - _LISTED:,} more" if len(names) > _LISTED else ""
    return f"; there is: {', '.join(sorted(names)[:_LISTED])}{more}" if names else ""


def similar(word: str, known: Iterable[str]) -> str | None:
    """Return the known word that was probably meant: equal but for capitals, spelt alike, or with `word` in it."""
    folded = {name.strip().casefold(): name for name in sorted(known, reverse=True)}
    asked = word.strip().casefold()
    if asked in folded:
        return folded[asked]
    spelt = difflib.get_close_matches(asked, folded, n=1, cutoff=_ALIKE)
    within = [name for name in sorted(folded, key=len) if asked in re.split(r"[\W_]+", name)]
    return next((folded[name] for name in (*spelt, *within)), None)


def no_such_file(path: Path, endings: Collection[str] = ()) -> UserError:
    """Return the error of a file that is not there, with the nearest name in its folder of those that end so."""
    there = path.parent.iterdir() if endings and path.parent.is_dir() else ()
    close = nearest(path.name, [p.name for p in there if p.suffix.lower() in endings])
    return UserError(f"{path}: no such file{close or '; check the spelling and the folder'}")


def nothing_in(path: Path | str) -> UserError:
    """Return the error of a file with nothing in it."""
    return UserError(f"{path}: is empty; choose another file")


def first_line(error: BaseException) -> str:
    """The first line of an error that says something; its type where none does."""
    return next((line.strip() for line in str(error).splitlines() if line.strip()), type(error).__name__)
