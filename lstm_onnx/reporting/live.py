"""A model that answers in the report itself: the page of the target `web`, with all that it loads put into it.

A page that is opened as a file may load nothing from beside it, so its modules become addresses that hold them, its
files come from a table, and the runtime is unpacked from the page. It stands in a frame of its own.
"""

from __future__ import annotations

import base64
import gzip
import json
import re
import tempfile
from html import escape
from pathlib import Path

from lstm_onnx.embedding.generate import embed
from lstm_onnx.errors import UserError

_BUNDLE, _WASM = "ort.wasm.bundle.min.mjs", "ort-wasm-simd-threaded.wasm"
_NO_MODULES = ("main.js", "serve.js", "vendor.js")
_NO_DATA = (".js", ".html", ".css", ".md", ".ts")
_IMPORT = re.compile(r'(\bfrom\s+|\bimport\s+)"(\.[^"]+)"')

_BEGIN = """
const packed = JSON.parse(document.getElementById("packed").textContent);
const bytes = async (text, packed) => {
  const stream = (await fetched(`data:application/octet-stream;base64,${text}`)).body;
  return new Response(packed ? stream.pipeThrough(new DecompressionStream("gzip")) : stream);
};
const fetched = window.fetch.bind(window);
window.fetch = (name, ...more) => (name in packed.files ? bytes(packed.files[name], true) : fetched(name, ...more));
Object.defineProperty(navigator, "gpu", { value: undefined }); // only the runtime without WebGPU is in the page
const ort = await import("onnxruntime-web");
ort.env.wasm.wasmBinary = await (await bytes(packed.wasm, true)).arrayBuffer();
await import("page/lib/page.js");
"""


def page(file: Path, runtime: Path) -> str:
    """Return a frame in which a file answers.

    Args:
        file: the exported file.
        runtime: folder with the runtime's module and its WebAssembly.

    Raises:
        UserError: the runtime is not there, or the target does not take the file.
    """
    for name in (_BUNDLE, _WASM):
        if not (runtime / name).is_file():
            raise UserError(
                f"--runtime {runtime}: there is no {name} in it; it is in the folder dist of onnxruntime-web: npm "
                f"install onnxruntime-web, then --runtime node_modules/onnxruntime-web/dist"
            )
    with tempfile.TemporaryDirectory() as folder:
        project = Path(folder) / "page"
        embed(file, "web", project)
        return f'<iframe title="the model" srcdoc="{escape(_whole(project, runtime))}"></iframe>'


def _whole(project: Path, runtime: Path) -> str:
    """Put a project of the target `web` into one page."""
    modules = {"onnxruntime-web": _module((runtime / _BUNDLE).read_text(encoding="utf-8"))}
    files = {}
    for path in sorted(p for p in project.rglob("*") if p.is_file()):
        name = path.relative_to(project).as_posix()
        if path.suffix == ".js" and name not in _NO_MODULES:
            modules[f"page/{name}"] = _module(_absolute(path.read_text(encoding="utf-8"), name))
        elif path.suffix not in _NO_DATA and not path.name.startswith("."):
            files[name] = _packed(path.read_bytes())
    packed = {"files": files, "wasm": _packed((runtime / _WASM).read_bytes())}
    body = (project / "index.html").read_text(encoding="utf-8")
    body = body[body.index("<body>") : body.index("</html>")]
    style = (project / "page.css").read_text(encoding="utf-8")
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="color-scheme" content="light dark">'
        f"<style>{style}</style>"
        f'<script type="importmap">{json.dumps({"imports": modules})}</script>'
        f'<script type="application/json" id="packed">{json.dumps(packed)}</script></head>{body}'
        f'<script type="module">{_BEGIN}</script></html>'
    )


def _absolute(text: str, name: str) -> str:
    """Write what a module imports from beside it as names that the import map knows."""
    parent = Path("page") / Path(name).parent

    def named(found: re.Match[str]) -> str:
        parts: list[str] = []
        for part in (parent / found[2]).as_posix().split("/"):
            if part == "..":
                parts.pop()
            elif part != ".":
                parts.append(part)
        return f'{found[1]}"{"/".join(parts)}"'

    return _IMPORT.sub(named, text)


def _module(text: str) -> str:
    return f"data:text/javascript;base64,{base64.b64encode(text.encode()).decode()}"


def _packed(content: bytes) -> str:
    return base64.b64encode(gzip.compress(content, 9, mtime=0)).decode()
