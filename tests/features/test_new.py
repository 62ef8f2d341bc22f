"""`lstm-onnx new` writes a plugin that passes `lstm-onnx check` as it is."""

from __future__ import annotations

from pathlib import Path

import pytest

from lstm_onnx.cli.app import run
from lstm_onnx.errors import UserError
from lstm_onnx.features.new_plugin import write_plugin


def test_a_new_plugin_passes_the_check(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(["new", "up_down"]) == 0
    assert "lstm-onnx check up_down.py" in capsys.readouterr().out
    assert run(["check", "up_down.py", "--json"]) == 0
    out = capsys.readouterr().out
    assert '"evaluate", "embed", "int8", "numeric"]' in out
    assert sorted(p.name for p in tmp_path.iterdir()) == ["up_down.py"]  # it leaves nothing behind


def test_names_and_files_that_do_not_do_are_refused(tmp_path: Path) -> None:
    for name in ("Upper", "two words", "class", "1st", "é"):
        with pytest.raises(UserError, match="cannot name a task"):
            write_plugin(name, tmp_path)
    (tmp_path / "there.py").write_text("")
    with pytest.raises(UserError, match="is there already"):
        write_plugin("there", tmp_path)


def test_check_fails_in_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write_plugin("wrong", tmp_path)
    path.write_text(path.read_text().replace(', extra="forbid"', ""))
    assert run(["check", str(path)]) == 1
    assert 'Config needs extra="forbid"' in capsys.readouterr().err.replace("\n", " ")
    path.write_text(path.read_text().replace('"direction": self.head', '"directions": self.head'))
    assert run(["check", str(path), "--set", "hidden"]) == 2
    assert "give NAME=VALUE" in capsys.readouterr().err
