"""Whether several runs can be scored together: on a test part that none of them has learnt from."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import TYPE_CHECKING

from lstm_onnx.errors import UserError
from lstm_onnx.training.own_data import load_own, own_data
from lstm_onnx.training.scoring import BATCH

if TYPE_CHECKING:
    from lstm_onnx.training.restore import Restored


def refuse_leaks(members: Sequence[Restored]) -> None:
    """Refuse runs that kept different examples for the test.

    Raises:
        UserError: they did, or their data is gone so that nobody can tell.
    """
    if len({_parted_by(m) for m in members}) > 1 and len({_test_part(m) for m in members}) > 1:
        raise UserError(
            "these runs kept different examples for the test, so that each was learnt from by another of them; score "
            "the file on other data (lstm-onnx evaluate FILE DATA), or train with one --parts-seed, as --seeds does"
        )


def _parted_by(member: Restored) -> tuple[str, ...]:
    """What decides which examples a run keeps for the test, and perhaps more."""
    record = member.run.record
    asked = record.training
    return (record.fingerprint, str(asked.data_seed), str(asked.fold), member.config.model_dump_json())


def _test_part(member: Restored) -> str:
    """Digest of the examples that a run kept for the test."""
    run, asked = member.run, member.run.record.training
    source = own_data(run, member.task)
    data = load_own(
        member.task, source, member.config, asked.data_seed, member.info, run.record.base, asked.fold, asked.hold_out
    )
    digest = hashlib.sha256()
    for batch in data.test.batches(BATCH):
        for t in member.graphs[0].inputs:
            array = batch[t.name]
            digest.update(repr(array.tolist()).encode() if array.dtype.kind in "OSU" else array.tobytes())
    return digest.hexdigest()
