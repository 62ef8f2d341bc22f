"""Parts of much data are answered on a Ray cluster: by `map_batches` of Ray Data over the parts, an actor a processor.

The parts travel, their rows do not: each actor reads them itself, and writes their answers, so that model, data and
the folder of answers must be where every machine of the cluster finds them, under the same paths.
https://docs.ray.io/en/latest/data/transforming-data.html
"""

from __future__ import annotations

import logging
import os
import pickle
import socket
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Any

from lstm_onnx.data.atomic_files import sweep, write_atomically
from lstm_onnx.errors import UserError, first_line
from lstm_onnx.inference.model import Model
from lstm_onnx.inference.part_answer import Answered, Asked, answer_part, open_model
from lstm_onnx.inference.part_list import Part

HERE = "local"
"""The address that starts a cluster on this machine, for this one command."""
BEGUN = ".*.begun"
"""Files in the folder of answers that say how often a part was begun; gone when it is done."""
_TRIES = 3
"""How often a part is begun: Ray itself would begin one that takes all memory again and again."""
_STORE = 128 * 2**20
"""Bytes for what Ray's processes share here: the list of parts."""

_PATIENCE = 10.0
"""Seconds in which the machine of an address must answer."""
_ADVICE = f"give its address, auto on one of its machines, or {HERE} to start one here"


class Answering:
    """What runs on the cluster: it opens the model at its first part, and keeps it.

    Not before: an actor that cannot be made ends all, but a part that cannot be answered is named and set aside.
    """

    def __init__(self) -> None:
        self.model: Model | None = None

    def __call__(self, batch: dict[str, Any]) -> dict[str, Any]:
        """Answer the parts of a batch."""
        return {"answered": [pickle.dumps(self.answer(*pickle.loads(work))) for work in batch["work"]]}

    def answer(self, asked: Asked, part: Part, folder: Path) -> Answered:
        """Answer a part, unless it was begun too often."""
        begun = folder / BEGUN.replace("*", part.name)
        tries = int(begun.read_text(encoding="utf-8")) if begun.exists() else 0
        if tries >= _TRIES:
            begun.unlink()
            return _refused(part, f"the process was lost {tries} times over (out of memory? take fewer --part-rows)")
        write_atomically(begun, str(tries + 1))
        try:
            if self.model is None:
                self.model = open_model(asked)
            answered = answer_part(self.model, part, asked, folder)
        except UserError as error:
            answered = _refused(part, error)
        begun.unlink(missing_ok=True)
        return answered


def _refused(part: Part, why: object) -> Answered:
    return part, 0, (), f"{part}: {why}"


@contextmanager
def answers_on_ray(
    asked: Asked, parts: Sequence[Part], folder: Path, address: str, workers: int | None
) -> Iterator[Iterator[Answered]]:
    """Hand out the answers to parts as they come.

    Args:
        asked: which model, and how.
        parts: what is left to answer.
        folder: of the answers.
        address: of the cluster, `auto` for the one that this machine belongs to, or `local` to start one here.
        workers: actors; as many as the cluster has processors if not said, and no more than that.

    Raises:
        UserError: Ray is not installed, or the cluster is not there.
    """
    if not parts:
        yield iter(())
        return
    ray = _begin(address, workers)
    try:
        processors = int(ray.cluster_resources().get("CPU", 1))
        whole = replace(asked, file=str(Path(asked.file).absolute()))
        rows = [
            {"work": pickle.dumps((whole, replace(part, file=part.file.absolute()), folder.absolute()))}
            for part in parts
        ]
        with _quiet(ray):
            answered = ray.data.from_items(rows, override_num_blocks=len(rows)).map_batches(
                Answering,
                batch_size=1,
                num_cpus=1,
                compute=ray.data.ActorPoolStrategy(
                    size=max(1, min(workers or processors, processors, len(parts))), max_tasks_in_flight_per_actor=1
                ),
            )
            yield (pickle.loads(row["answered"]) for row in answered.iter_rows())
    finally:
        ray.shutdown()
        sweep(folder)  # what an actor that was lost left half-written


def _begin(address: str, workers: int | None) -> Any:
    """Join a cluster, or start one; return the package."""
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # a cluster that is started here reports to nobody
    try:
        ray: Any = import_module("ray")
        import_module("ray.data")
    except ImportError:
        raise UserError("--ray: Ray is not installed; pip install 'lstm-onnx[ray]'") from None
    quiet: dict[str, Any] = {"log_to_driver": False, "logging_level": logging.ERROR}
    if address == HERE:
        here = {"num_cpus": workers, "include_dashboard": False, "object_store_memory": _STORE}
        _start(lambda: ray.init(address=HERE, **here, **quiet), f"--ray {HERE}: no Ray node started here", "try again")
    else:
        _start(lambda: _join(ray, address, quiet), f"--ray {address}: there is no such cluster", _ADVICE)
    return ray


def _join(ray: Any, address: str, quiet: dict[str, Any]) -> None:
    host, _, port = address.rpartition(":")
    if port.isdigit() and "/" not in host:
        socket.create_connection((host.strip("[]"), int(port)), _PATIENCE).close()  # Ray itself would wait for minutes
    ray.init(address=address, **quiet)


def _start(init: Callable[[], object], what: str, advice: str) -> None:
    try:
        init()
    except Exception as error:  # a node that does not start in time raises no narrower one
        raise UserError(f"{what} ({first_line(error)}); {advice}") from None


@contextmanager
def _quiet(ray: Any) -> Iterator[None]:
    """Let Ray Data show nothing but errors: the command has a progress of its own."""
    context = ray.data.DataContext.get_current().copy()
    context.enable_progress_bars = context.print_on_execution_start = False
    logger = logging.getLogger("ray.data")
    before = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with ray.data.DataContext.current(context):
            yield
    finally:
        logger.setLevel(before)
