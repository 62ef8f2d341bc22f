"""What the documents tell people to type does run, on small data and for one epoch, slow kinds with small models."""

from __future__ import annotations

import io
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from lstm_onnx.cli.app import run
from tests.documents.workspace import fill
from tools.documents.links import ROOT, documents
from tools.documents.snippets import Snippet, shell_commands, snippets

pytestmark = pytest.mark.paints
RUN = ("python", "sh")
PAGES = [path for path in documents() if any(s.language in RUN and not s.why_not for s in snippets(path))]
RECORDS = [ROOT / "benchmarks", ROOT / "exported"]
"""What stands there was done once, and takes long."""
SMALL = {
    "textgen": {"--longest": "12", "--hidden": "16"},
    "captioning": {"--size": "32", "--hidden": "16", "--max-words": "6"},
}
"""Options of commands that train these where they do not give them: a text is proved step by step."""
TAUGHT = [path for path in PAGES if not any(path.is_relative_to(folder) for folder in RECORDS)]


@pytest.mark.parametrize("page", TAUGHT, ids=lambda path: str(path.relative_to(ROOT)))
def test_what_a_page_tells_to_type_runs(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("lstm_onnx_forecasting.data.bundled", lambda: tmp_path / "traffic.csv")  # a part of it
    names: dict[str, Any] = {"__name__": "__main__"}
    for snippet in snippets(page):
        if snippet.language in RUN and not snippet.why_not:
            _run(snippet, names)


def _fails(snippet: Snippet, names: dict[str, Any]) -> bool:
    try:
        _run(snippet, names)
    except Exception:
        return True
    return False


def _run(snippet: Snippet, names: dict[str, Any]) -> None:
    if snippet.language == "python":
        quick = re.sub(r"\bepochs=\d+", "epochs=1", snippet.code)
        exec(compile("\n" * (snippet.line - 1) + quick, snippet.document, "exec"), names)
        return
    for command in shell_commands(snippet.code):
        words = shlex.split(command)
        if words[0] == "lstm-onnx" and not {"|", "<", ">", "&&"} & set(words):
            if words[1] == "train":
                task = words[words.index("--plugin") + 1] if "--plugin" in words else ""
                small = {"--epochs": "1"} | SMALL.get(task, {})
                words += [word for pair in small.items() if pair[0] not in words for word in pair]
            assert run(words[1:]) == 0, f"{_place(snippet)}: {command}"
        else:
            path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
            done = subprocess.run(
                ["bash", "-euo", "pipefail", "-c", command], env=os.environ | {"PATH": path}, capture_output=True
            )
            assert done.returncode == 0, f"{_place(snippet)}: {command}: {done.stderr.decode()}"


def _place(snippet: Snippet) -> str:
    return f"{snippet.document.relative_to(ROOT)}:{snippet.line}"


def test_every_block_that_cannot_run_says_why() -> None:
    marked = [s for page in documents() for s in snippets(page) if s.why_not]
    assert len(marked) == sum(page.read_text().count("<!-- not run: ") for page in documents()), "one marks no block"
    assert all(len(s.why_not.split()) > 3 for s in marked)
    assert {s.language for s in marked} <= set(RUN), "other languages are not run anyway"


def test_a_block_that_fails_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    page = ROOT / "README.md"
    for language, code in (("python", "1 / 0"), ("sh", "lstm-onnx verify nothing.onnx"), ("sh", "false | cat")):
        assert _fails(Snippet(page, 1, language, code), {})
    assert not _fails(Snippet(page, 1, "sh", "true | cat"), {})
