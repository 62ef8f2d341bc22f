"""Links between documents: as they stand on disk, and as the site has them.

On disk a link is a path from the document that holds it, be it in `docs/` or elsewhere in the repository. The site has
the documents of `docs/`, and of the others those in `OUTSIDE`; a link to anything else is only its text there.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"

OUTSIDE = {
    "README.md": "index.md",
    "CHANGELOG.md": "changelog.md",
    "CONTRIBUTING.md": "contributing.md",
    "exported/README.md": "exported/README.md",
    "benchmarks/README.md": "benchmarks/README.md",
    "benchmarks/accuracy/README.md": "benchmarks/accuracy/README.md",
    "benchmarks/captioning/README.md": "benchmarks/captioning/README.md",
    "benchmarks/classification/README.md": "benchmarks/classification/README.md",
    "benchmarks/development/README.md": "benchmarks/development/README.md",
    "benchmarks/embedded/README.md": "benchmarks/embedded/README.md",
    "benchmarks/faults/README.md": "benchmarks/faults/README.md",
    "benchmarks/scale/README.md": "benchmarks/scale/README.md",
    "benchmarks/speed/README.md": "benchmarks/speed/README.md",
    "benchmarks/tasks/README.md": "benchmarks/tasks/README.md",
}
"""Documents outside of `docs/` that are pages of the site too, and where."""

LINK = re.compile(r"(!?)\[((?:[^\[\]]|\[[^\[\]]*\])*)\]\(([^()\s]+)\)")
_ASSET = re.compile(
    r"""<(?:script|img|iframe|source|video|audio)\b[^>]*?\bsrc=["']?(?:https?:)?//[^"'>]*"""
    r"""|<link\b(?![^>]*\brel=["']?canonical)[^>]*?\bhref=["']?(?:https?:)?//[^"'>]*"""
    r"""|(?:\burl\(|@import\s)\s*["']?(?:https?:)?//[^"')]*"""
)
_FENCE = re.compile(r"^( *)(`{3,}|~{3,}).*?^\1\2\s*$", re.MULTILINE | re.DOTALL)


def documents() -> list[Path]:
    """Return every document: those of `docs/` and those outside that are pages too."""
    return sorted({*DOCS.rglob("*.md"), *(ROOT / name for name in OUTSIDE)})


def links(markdown: str) -> Iterator[str]:
    """Yield where links and pictures point to, leaving out what stands in blocks of code."""
    for match in LINK.finditer(_FENCE.sub("", markdown)):
        yield match[3]


def foreign_asset(text: str) -> str | None:
    """Find what a page or a style sheet would load from elsewhere; what only a reader follows is no matter."""
    found = _ASSET.search(text)
    return found[0] if found else None


def for_site(markdown: str, source: Path, page: str) -> str:
    """Rewrite the links of a document for the site.

    Args:
        markdown: its text.
        source: where it lies on disk.
        page: its name in the site, such as `how-to/stream.md`.
    """

    def rewritten(match: re.Match[str]) -> str:
        picture, text, target = match.groups()
        if "://" in target or target.startswith(("#", "mailto:")):
            return match[0]
        path, hash_, place = target.partition("#")
        there = _page_of((source.parent / path).resolve())
        if there is None:
            return text
        relative = os.path.relpath(there, Path(page).parent)
        return f"{picture}[{text}]({relative}{hash_}{place})"

    done, position = [], 0
    for fence in _FENCE.finditer(markdown):
        done += [LINK.sub(rewritten, markdown[position : fence.start()]), fence[0]]
        position = fence.end()
    return "".join((*done, LINK.sub(rewritten, markdown[position:])))


def _page_of(path: Path) -> str | None:
    """Return what the site calls a file of the repository, or None if it is not in the site."""
    if path.is_dir() and (path / "README.md").exists():
        path /= "README.md"
    if path == DOCS or not path.is_relative_to(ROOT):
        return None
    name = path.relative_to(ROOT).as_posix()
    if path.is_relative_to(DOCS):
        return path.relative_to(DOCS).with_suffix(".md" if path.suffix == ".ipynb" else path.suffix).as_posix()
    return OUTSIDE.get(name)
