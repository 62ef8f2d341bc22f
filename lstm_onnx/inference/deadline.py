"""A time limit on everything that runs a model: a graph can loop for ever, and a foreign one may be made to.

ONNX Runtime is told to stop between two nodes, from another thread; Python code, such as onnx's reference evaluator, is
stopped by an alarm, where the system has one and the main thread waits.
"""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from types import FrameType

from lstm_onnx.errors import UserError

_until: ContextVar[float | None] = ContextVar("until", default=None)


class TimeIsUp(UserError):
    """A model took longer than it was given."""


class Stopped(BaseException):
    """Ends what runs inside `deadline`, past all who catch an `Exception` to say that a model does not run."""


@contextmanager
def deadline(seconds: float | None) -> Iterator[None]:
    """Give all that runs models inside so many seconds together; None gives them all the time that they need.

    Raises:
        TimeIsUp: they took longer.
    """
    if seconds is None:
        yield
        return
    token = _until.set(time.monotonic() + seconds)
    alarmed = hasattr(signal, "setitimer") and threading.current_thread() is threading.main_thread()
    before = signal.signal(signal.SIGALRM, _ring) if alarmed else None
    try:
        if alarmed:
            signal.setitimer(signal.ITIMER_REAL, seconds)
        yield
    except Stopped:
        raise TimeIsUp(
            f"the model took longer than the {seconds:g} s that --timeout gives it; it may never end, or needs more"
        ) from None
    finally:
        if alarmed:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, before)
        _until.reset(token)


def left() -> float | None:
    """Seconds that are left, or None where there is no limit.

    Raises:
        Stopped: none are.
    """
    until = _until.get()
    if until is None:
        return None
    seconds = until - time.monotonic()
    if seconds <= 0:
        raise Stopped
    return seconds


def _ring(number: int, frame: FrameType | None) -> None:
    raise Stopped
