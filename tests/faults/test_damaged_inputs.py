"""A few damaged inputs of every kind; `python -m benchmarks.faults inputs` gives thousands."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.faults.inputs import damaged, kinds
from lstm_onnx.cli.app import run
from lstm_onnx.data.tables import read_table
from lstm_onnx.errors import UserError

NUMBERS = range(6)


def test_whatever_is_damaged_is_answered_or_refused_in_a_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "whole").mkdir()
    statuses = set()
    for kind in kinds(tmp_path / "whole"):
        for number in NUMBERS:
            content, suffix, command = damaged(kind, 7, number)
            path = tmp_path / f"{kind.name}{suffix}"
            path.write_bytes(content)
            status = run([part.replace("{}", str(path)) for part in command])
            told = capsys.readouterr().err
            assert status == 0 or told.startswith(("error: ", "failed: ")), (kind.name, number)
            statuses.add(status)
    assert statuses == {0, 1, 2}


def test_parquet_on_which_polars_panics(tmp_path: Path) -> None:
    kind = next(k for k in kinds(tmp_path) if k.name == "tables, Parquet")
    path = tmp_path / "damaged.parquet"
    path.write_bytes(damaged(kind, 2, 277)[0])
    with pytest.raises(UserError, match=r"damaged\.parquet: cannot be read as parquet: it is damaged"):
        read_table(path)


def test_the_same_numbers_damage_alike(tmp_path: Path) -> None:
    made = kinds(tmp_path)
    assert {damaged(k, 0, 3) for k in made} == {damaged(k, 0, 3) for k in made}
    for kind in made:
        spoilt = [damaged(kind, 0, n)[0] for n in range(12)]
        assert sum(content not in {w.read_bytes() for w in kind.wholes} for content in spoilt) > 6, kind.name
