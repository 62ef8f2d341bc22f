"""Several processes that train one model, as `torchrun` starts them.

Every process reads the data and draws the same batches; each takes its own rows of a batch, and gradients are added up,
weighted by how many rows each had. So the batch size is that of all together, weights are the same in all, and where
the loss is a mean over examples the curve is that of one process but for the order of additions. The first process
validates, decides, and writes; the others' run folders are temporary.

Variables of the environment: https://docs.pytorch.org/docs/stable/elastic/run.html
"""

from __future__ import annotations

import atexit
import os
import shutil
import signal
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from types import FrameType
from typing import NoReturn, TypeVar, cast

import torch
from torch import Tensor, nn

from lstm_onnx.errors import Interrupted, UserError

T = TypeVar("T")
_PATIENCE = timedelta(hours=1)
"""How long a process waits for another: the first one validates while the others wait."""


class WorkerLost(Interrupted):
    """Another process has ended, or the one that started all has told this one to end."""

    def __init__(self) -> None:
        super().__init__("torchrun: another process has ended")


def asked() -> tuple[int, int]:
    """Return the number of this process, from 0, and how many there are, as the environment says."""
    return int(os.environ.get("RANK", "0")), int(os.environ.get("WORLD_SIZE", "1"))


@dataclass(frozen=True)
class Workers:
    """The processes of a training.

    Attributes:
        rank: number of this one, from 0.
        count: of all.
    """

    rank: int = 0
    count: int = 1

    @property
    def is_first(self) -> bool:
        """Whether this process validates and writes."""
        return self.rank == 0

    def runs(self, runs: Path) -> Path:
        """Return the folder for the run folder of this process."""
        if self.is_first:
            return runs
        folder = tempfile.mkdtemp(prefix="lstm-onnx-worker-")
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
        return Path(folder)

    def agree(self, find: Callable[[], T]) -> T:
        """Return what the first process finds; the others wait for it.

        Raises:
            WorkerLost: another process has ended.
        """
        if self.count == 1:
            return find()
        from torch import distributed

        held = [find() if self.is_first else None]
        with _watched():
            distributed.broadcast_object_list(held, src=0)
        return cast(T, held[0])

    def rows(self, batch: Mapping[str, Tensor]) -> tuple[dict[str, Tensor], float]:
        """Return this process's rows of a batch, and which share of all they are; empty for a batch of too few.

        Raises:
            UserError: the tensors of the batch do not have a row for each example.
        """
        if self.count == 1:
            return dict(batch), 1.0
        sizes = {len(tensor) for tensor in batch.values()}
        if len(sizes) != 1:
            raise UserError("torchrun: a batch of this task has no row for each example, so it cannot be shared out")
        size = sizes.pop()
        low, high = (size * k // self.count for k in (self.rank, self.rank + 1))
        return ({name: tensor[low:high] for name, tensor in batch.items()} if high > low else {}), (high - low) / size

    def add_up(self, model: nn.Module, loss: float) -> float:
        """Add up the gradients of all processes, in place, and their losses.

        Args:
            model: with gradients, weighted by each process's share.
            loss: likewise.

        Returns:
            the loss over all rows.

        Raises:
            WorkerLost: another process has ended.
        """
        if self.count == 1:
            return loss
        from torch import distributed

        learnt = [p for p in model.parameters() if p.requires_grad]
        there = torch.tensor([loss, *(float(p.grad is not None) for p in learnt)], dtype=torch.float64)
        flat = [p.grad if p.grad is not None else torch.zeros_like(p) for p in learnt]
        together = torch.cat([gradient.detach().float().flatten().cpu() for gradient in flat])
        with _watched():
            distributed.all_reduce(there)
            distributed.all_reduce(together)
        pieces = torch.split(together, [p.numel() for p in learnt])
        for parameter, piece, known in zip(learnt, pieces, there[1:].tolist(), strict=True):
            parameter.grad = piece.view_as(parameter).to(parameter) if known else None
        return float(there[0])

    def leave(self) -> None:
        """Say good-bye to the others, when all is done."""
        if self.count > 1:
            from torch import distributed

            if distributed.is_initialized():
                distributed.destroy_process_group()


ALONE = Workers()


def join() -> Workers:
    """Join the other processes of a training, if `torchrun` or its like started some.

    Raises:
        UserError: they cannot be reached.
    """
    rank, count = asked()
    if count == 1:
        return ALONE
    from torch import distributed

    if not distributed.is_available():
        raise UserError("torchrun: this PyTorch is built without torch.distributed; train with one process")
    if not distributed.is_initialized():
        try:
            distributed.init_process_group("gloo", timeout=_PATIENCE)
        except (RuntimeError, ValueError) as error:
            first = str(error).splitlines()[0]
            raise UserError(f"torchrun: process {rank + 1} of {count} does not reach the others: {first}") from None
    if torch.cuda.is_available():
        torch.cuda.set_device(int(os.environ.get("LOCAL_RANK", rank)) % torch.cuda.device_count())
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, _told_to_end)
    return Workers(rank, count)


def refuse_workers(what: str) -> None:
    """Refuse what several processes cannot do together.

    Raises:
        UserError: there are several.
    """
    if asked()[1] > 1:
        raise UserError(f"torchrun: {what} trains several models; several processes train one: leave torchrun out")


def _told_to_end(number: int, frame: FrameType | None) -> NoReturn:
    raise _lost()


@contextmanager
def _watched() -> Iterator[None]:
    """What goes wrong between processes is that one of them is gone."""
    try:
        yield
    except RuntimeError as error:
        raise _lost() from error


def _lost() -> WorkerLost:
    """Return the error; who has it is not told again, so that it ends when it has stored how far it came."""
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    return WorkerLost()
