"""Work that is shared out among processes, each with something of its own that is made once: a loaded model."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing import get_context
from typing import Any, TypeVar

from lstm_onnx.errors import UserError

OwnT = TypeVar("OwnT")
ItemT = TypeVar("ItemT")
ResultT = TypeVar("ResultT")

_own: list[Any] = []  # of this process


@contextmanager
def in_processes(
    own: OwnT,
    make: Callable[[], OwnT],
    work: Callable[[OwnT, ItemT], ResultT],
    items: Sequence[ItemT],
    workers: int,
    advice: str,
) -> Iterator[Iterator[ResultT]]:
    """Hand out what comes of the items, in their order.

    Args:
        own: what this process works with, if it does so alone.
        make: makes the like in each other process.
        work: is done with it for an item; as `make`, it must be something that another process finds by its name.
        items: what there is to do.
        workers: processes; one or none is this one.
        advice: what to do when a process is gone, for the error.

    Raises:
        UserError: a process was killed; or as `work`.
    """
    if workers < 2:
        yield (work(own, item) for item in items)
        return
    # not forked: ONNX Runtime has threads, which a fork does not take along
    pool = ProcessPoolExecutor(workers, get_context("spawn"), _begin, (make,))
    try:
        yield (future.result() for future in [pool.submit(_do, work, item) for item in items])
    except BrokenProcessPool:
        raise UserError(
            f"a process ended before its part was done (out of memory, perhaps: take fewer --workers or --part-rows)"
            f"{advice}"
        ) from None
    finally:
        pool.shutdown(cancel_futures=True)


def _begin(make: Callable[[], object]) -> None:
    _own.append(make())


def _do(work: Callable[[Any, ItemT], ResultT], item: ItemT) -> ResultT:
    return work(_own[0], item)
