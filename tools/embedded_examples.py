"""Writes examples/embedded: for each target a program as `lstm-onnx embed` writes it, to read.

python tools/embedded_examples.py

What is large or no text is left out: models, golden examples, generated weights, and what the page shares with Node.
"""

from __future__ import annotations

import shutil
import tempfile
from fnmatch import fnmatch
from pathlib import Path

from lstm_onnx.embedding.generate import embed

ROOT = Path(__file__).parents[1]
EXAMPLES = ROOT / "examples" / "embedded"
MODELS = {
    "c": "vowels",
    "cpp": "vowels",
    "rust": "vowels",
    "go": "vowels",
    "java": "vowels",
    "csharp": "vowels",
    "node": "vowels",
    "web": "vowels",
    "bare-c": "traffic-streaming",
    "triton": "traffic-streaming",
}
LEFT_OUT = {
    "*": ("*.onnx", "model.json", "golden.bin", "example.*", "request.json", ".lstm-onnx-embed.json"),
    "web": ("lib/*", "page.css", "serve.js", "vendor.js"),
    "bare-c": ("traffic_streaming.c", "self_test.c", "table.*"),
}


def generated(target: str) -> dict[str, bytes]:
    """Return what is shown of the program for a target: path in its folder -> content."""
    with tempfile.TemporaryDirectory() as folder:
        written = embed(ROOT / "exported" / f"{MODELS[target]}.onnx", target, Path(folder) / "program")
        unwanted = (*LEFT_OUT["*"], *LEFT_OUT.get(target, ()))
        return {
            name: (written.folder / name).read_bytes()
            for name in written.files
            if not any(fnmatch(name, pattern) for pattern in unwanted)
        }


def committed(target: str) -> dict[str, bytes]:
    """Return what lies in examples/embedded for a target."""
    folder = EXAMPLES / target
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def main() -> None:
    """Write them all anew."""
    for target in MODELS:
        files = generated(target)
        shutil.rmtree(EXAMPLES / target, ignore_errors=True)
        for name, content in files.items():
            (EXAMPLES / target / name).parent.mkdir(parents=True, exist_ok=True)
            (EXAMPLES / target / name).write_bytes(content)


if __name__ == "__main__":
    main()
