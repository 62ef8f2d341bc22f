"""How far slow work has come: shown where a command says so, silent in a program that uses the library."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from rich.console import Console

PLAIN_EVERY = 10.0
"""Seconds between two lines where there is no terminal to draw a bar on."""

_console: ContextVar[Console | None] = ContextVar("_console", default=None)


@contextmanager
def showing(console: Console | None) -> Iterator[None]:
    """Show on this console what is counted within; nowhere, if it is None."""
    token = _console.set(console)
    try:
        yield
    finally:
        _console.reset(token)


@contextmanager
def counting(what: str) -> Iterator[Callable[[int, int], None]]:
    """Hand out a function to call with how many of how many are done.

    It moves a bar on a terminal, prints a line now and then elsewhere, and does nothing where nobody is `showing`.

    Args:
        what: is being done: `reading pictures`.
    """
    console = _console.get()
    if console is None:
        yield lambda done, total: None
    elif console.is_terminal:
        from rich.progress import (
            BarColumn,
            MofNCompleteColumn,
            Progress,
            TaskProgressColumn,
            TextColumn,
            TimeRemainingColumn,
        )

        label = TextColumn("{task.description}", style="progress.description", markup=False)
        columns = (label, BarColumn(), TaskProgressColumn(), TimeRemainingColumn(), MofNCompleteColumn())
        with Progress(*columns, console=console, transient=True) as bar:
            task = bar.add_task(what, total=None)
            yield lambda done, total: bar.update(task, completed=done, total=total)
    else:
        last = [time.monotonic()]

        def line(done: int, total: int) -> None:
            if time.monotonic() - last[0] > PLAIN_EVERY:
                last[0] = time.monotonic()
                console.print(f"{what}: {done:,} of {total:,}", highlight=False, markup=False, emoji=False)

        yield line


@contextmanager
def busy(what: str) -> Iterator[None]:
    """Turn a spinner on a terminal while something is done that cannot be counted; what is counted within is silent.

    Args:
        what: is being done: `verifying`.
    """
    console = _console.get()
    if console is None or not console.is_terminal:
        yield
        return
    from rich.text import Text

    with showing(None), console.status(Text(what)):
        yield
