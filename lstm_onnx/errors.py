"""The one kind of error that is shown to people as a single line.

Anything that the person at the keyboard can mend is a `UserError`; the command line prints it without a traceback and
exits with status 2. Anything else is a bug of ours, and keeps its traceback.
"""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterable
from pathlib import Path


class UserError(Exception):
    """Input or usage that a person can correct: what is wrong, where, what was found, and what to do."""


class Interrupted(UserError):
    """Ctrl-C in training: the run folder is whole, and the message says how to go on."""


class CheckFailed(Exception):
    """A check such as `verify` ran properly and found a fault; exit status 1."""


def nearest(word: str, known: Iterable[str]) -> str:
    """Return `"; did you mean 'x'?"` for the known word nearest to `word`, or the list of what there is."""
    names = sorted(known)
    folded = next((name for name in names if name.strip().casefold() == word.strip().casefold()), None)
    close = [folded] if folded is not None else difflib.get_close_matches(word, names, n=1, cutoff=0.5)
    if close:
        return f"; did you mean '{close[0]}'?"
    return f"; there is: {', '.join(names)}" if names else ""


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
