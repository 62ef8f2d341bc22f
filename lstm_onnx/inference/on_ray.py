"""Parts of much data are answered on a Ray cluster: an actor for each processor, a session in each.

The files, and the folder of the answers, must be where every machine of the cluster finds them, under the same paths.
https://docs.ray.io/en/latest/ray-core/actors.html
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from lstm_onnx.errors import UserError
from lstm_onnx.inference.part_answer import Answered, Asked, answer_part, open_model
from lstm_onnx.inference.part_list import Part

HERE = "local"
"""The address that starts a cluster on this machine, for this one command."""
_AGAIN = 3
"""How often a part is begun again whose process was lost."""


class Actor:
    """What runs on the cluster: a loaded model."""

    def __init__(self, asked: Asked) -> None:
        self.asked, self.model = asked, open_model(asked)

    def answer(self, part: Part, folder: Path) -> Answered:
        """Answer a part."""
        return answer_part(self.model, self.asked, part, folder)


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
        workers: actors; as many as the cluster has processors if not said.

    Raises:
        UserError: Ray is not installed, the cluster is not there, or a part was lost again and again.
    """
    try:
        import ray
    except ImportError:
        raise UserError("--ray: Ray is not installed; pip install 'lstm-onnx[ray]'") from None
    engine: Any = ray
    started = not engine.is_initialized()
    if started:
        _begin(engine, address, workers)
    try:
        count = min(workers or int(engine.cluster_resources().get("CPU", 1)), len(parts) or 1)
        kind = engine.remote(num_cpus=1, max_restarts=-1, max_task_retries=_AGAIN)(Actor)
        actors = [kind.remote(asked) for _ in range(count)]
        yield _as_they_come(engine, actors, parts, folder.absolute())
    finally:
        if started:
            engine.shutdown()


def _begin(ray: Any, address: str, workers: int | None) -> None:
    quiet: dict[str, Any] = {"log_to_driver": False, "logging_level": "ERROR"}
    try:
        if address == HERE:
            ray.init(num_cpus=workers, include_dashboard=False, **quiet)
        else:
            ray.init(address=address, **quiet)
    except Exception as error:  # a node that does not start in time raises no narrower one
        raise UserError(
            f"--ray {address}: there is no such cluster ({str(error).splitlines()[0]}); give its address, auto on one "
            f"of its machines, or {HERE} to start one here"
        ) from None


def _as_they_come(ray: Any, actors: Sequence[Any], parts: Sequence[Part], folder: Path) -> Iterator[Answered]:
    """Keep every actor at work, a part each."""
    left, running = list(parts)[::-1], dict[Any, Any]()
    for actor in actors:
        if left:
            running[actor.answer.remote(_whole(left.pop()), folder)] = actor
    while running:
        (done,), _ = ray.wait(list(running))
        actor = running.pop(done)
        try:
            answered: Answered = ray.get(done)
        except ray.exceptions.RayActorError:
            raise UserError(
                f"--ray: a process was lost {_AGAIN + 1} times over one part (out of memory, perhaps: take fewer "
                f"--part-rows); what is done stands in {folder}, and the same command goes on from there"
            ) from None
        if left:
            running[actor.answer.remote(_whole(left.pop()), folder)] = actor
        yield answered


def _whole(part: Part) -> Part:
    """Return a part with the whole path of its file: a process of the cluster works in another folder."""
    return replace(part, file=part.file.absolute())
