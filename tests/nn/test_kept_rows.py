"""Rows that are kept: what was put there comes back, in memory and in files, until it is too much."""

from __future__ import annotations

import copy

import pytest
import torch

from lstm_onnx.data.room import DiskRoom
from lstm_onnx.nn import kept_rows
from lstm_onnx.nn.kept_rows import KeptRows

SIZE = 8


def filled(kept: KeptRows, count: int) -> None:
    for k in range(count):
        kept.add(str(k).encode(), torch.full((SIZE,), float(k)))


@pytest.mark.parametrize("room", [None, DiskRoom()])
def test_what_was_put_there_comes_back(room: DiskRoom | None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept_rows, "IN_MEMORY", 1)  # of three blocks, two lie in files
    kept = KeptRows(1 << 20, room)
    filled(kept, 2500)
    assert len(kept) == 2500
    assert all(torch.equal(kept[str(k).encode()], torch.full((SIZE,), float(k))) for k in (0, 1023, 1024, 2499))
    assert b"2500" not in kept
    kept.clear()
    assert len(kept) == 0 and b"0" not in kept


def test_a_copy_of_a_model_begins_with_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept_rows, "IN_MEMORY", 1)
    kept = KeptRows(1 << 20, DiskRoom())
    filled(kept, 1500)
    copied = copy.deepcopy(kept)
    assert len(copied) == 0
    filled(copied, 3)
    assert len(kept) == 1500 and torch.equal(copied[b"2"], kept[b"2"])


def test_those_beyond_the_first_lie_in_files(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept_rows, "IN_MEMORY", 1024 * SIZE * 4)
    made = list[int]()

    class Counting(DiskRoom):
        def empty(self, shape, kind):  # type: ignore[no-untyped-def]  # as that of DiskRoom
            made.append(shape[0])
            return super().empty(shape, kind)

    filled(KeptRows(1 << 20, Counting()), 3 * 1024)
    assert made == [1024, 1024]


def test_no_more_are_kept_than_may_be_or_than_the_disk_has_place_for(monkeypatch: pytest.MonkeyPatch) -> None:
    few = KeptRows(10 * SIZE * 4)
    filled(few, 12)
    assert len(few) == 10 and b"9" in few and b"10" not in few
    monkeypatch.setattr(kept_rows, "IN_MEMORY", 1)

    def full(*asked: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.posix_fallocate", full)
    kept = KeptRows(1 << 20, DiskRoom())
    filled(kept, 2000)
    assert len(kept) == 1024  # those in memory
