"""Runs the notebooks of the tutorials, and writes them as Markdown with what they really printed and drew.

    python -m tools.documents.notebooks docs/tutorials/forecast.ipynb   runs one, and prints the Markdown

Notebooks are stored without output. They run in an empty folder, each in a process of its own; what ran is kept in
`.cache/`, so that the site and the tests run one once for the same sources.
"""

from __future__ import annotations

import base64
import hashlib
import os
import re
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient
from traitlets.config import Config

from lstm_onnx.data.atomic_files import write_atomically
from tools.documents.links import ROOT

KEPT = ROOT / ".cache" / "notebooks"
STANDS_ON = ("lstm_onnx/**/*", "plugins/**/*", "pyproject.toml", "constraints.txt")
"""What may change the output of a notebook: with another of these it runs anew."""
SECONDS = 600
"""How long a cell may take, on a busy machine."""

_COLOUR = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


@dataclass
class Rendered:
    """A notebook as Markdown, and its pictures by the names that the Markdown has for them."""

    markdown: str
    pictures: dict[str, bytes] = field(default_factory=dict)


def read(path: Path) -> nbformat.NotebookNode:
    """Read a notebook as it is stored."""
    stored: nbformat.NotebookNode = nbformat.read(path, as_version=4)  # type: ignore[no-untyped-call]
    return stored


def run(path: Path) -> nbformat.NotebookNode:
    """Return a notebook with its output: as it was kept, if it ran with the sources that are there, or run now.

    Raises:
        nbclient.exceptions.CellExecutionError: a cell fails.
    """
    kept = KEPT / f"{path.stem}-{_sources(path)}.ipynb"
    if kept.exists():
        return read(kept)
    done = run_now(path)
    KEPT.mkdir(parents=True, exist_ok=True)
    for older in KEPT.glob(f"{path.stem}-*.ipynb"):
        older.unlink()
    write_atomically(kept, nbformat.writes(done))  # type: ignore[no-untyped-call]
    return done


def run_now(path: Path) -> nbformat.NotebookNode:
    """Run a notebook in an empty folder, and return it with its output.

    Raises:
        nbclient.exceptions.CellExecutionError: a cell fails.
    """
    notebook = read(path)
    search = os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"]))
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder, "work")
        work.mkdir()
        # sockets of files: nothing listens on a port
        options = Config({"KernelManager": {"transport": "ipc", "ip": f"{folder}/kernel"}})
        client = NotebookClient(notebook, config=options, timeout=SECONDS, resources={"metadata": {"path": str(work)}})
        client.execute(env=os.environ | {"PATH": search, "COLUMNS": "100"})
    return notebook


def _sources(path: Path) -> str:
    """A digest of a notebook and of all that it stands on."""
    files = (file for pattern in STANDS_ON for file in ROOT.glob(pattern) if "__pycache__" not in file.parts)
    digest = hashlib.sha256(sys.version.encode())
    for file in (path.resolve(), *sorted(file for file in files if file.is_file())):
        digest.update(f"{file.relative_to(ROOT)} ".encode() + hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()[:16]


def render(notebook: nbformat.NotebookNode, name: str) -> Rendered:
    """Write a notebook that was run as Markdown; `name` is what its pictures' names begin with."""
    page = Rendered("")
    parts = []
    for number, cell in enumerate(notebook.cells, start=1):
        if cell.cell_type == "markdown":
            parts.append(cell.source)
        elif cell.source.strip():
            parts.append(f"```python\n{cell.source.strip()}\n```")
            parts += _outputs(cell.outputs, f"{name}-{number}", page.pictures)
    page.markdown = "\n\n".join(parts) + "\n"
    return page


def _outputs(outputs: list[Any], name: str, pictures: dict[str, bytes]) -> Iterator[str]:
    printed = "".join(o.text for o in outputs if o.output_type == "stream")
    if text := _as_shown(printed):
        yield f'```text title="output"\n{text}\n```'
    for output in outputs:
        data = output.get("data", {})
        if "image/png" in data:
            file = f"{name}-{len(pictures)}.png"
            pictures[file] = base64.b64decode(data["image/png"])
            yield f"![what the cell draws]({file})"
        elif "text/html" in data:
            html = re.sub(r"\n\s*\n", "\n", data["text/html"])  # a blank line would end the block
            yield f'<div class="notebook-output">\n{html}\n</div>'
        elif "text/plain" in data:
            yield f'```text title="output"\n{_as_shown(data["text/plain"])}\n```'


def _as_shown(text: str) -> str:
    """Leave what a terminal would show in the end: no colours, and of overwritten lines the last."""
    lines = [line.rstrip("\r").rpartition("\r")[2].rstrip() for line in _COLOUR.sub("", text).split("\n")]
    return "\n".join(lines).strip("\n")


if __name__ == "__main__":
    for argument in sys.argv[1:]:
        print(render(run(Path(argument)), Path(argument).stem).markdown)
