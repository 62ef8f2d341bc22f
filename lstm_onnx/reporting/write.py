"""Writes a report: as one page of HTML that holds its pictures, or as a model card in Markdown with pictures beside."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import jinja2
from markupsafe import Markup

from lstm_onnx.data.atomic_files import make_folder, write_atomically
from lstm_onnx.reporting.page import Page, Picture
from lstm_onnx.reporting.pictures import address

_TEMPLATES = Path(__file__).parent / "templates"


def write(page: Page, to: Path, kind: Literal["html", "md"]) -> tuple[Path, tuple[Path, ...]]:
    """Write the page; returns its path, and those of the pictures beside it."""
    make_folder(to.parent)
    if kind == "html":
        write_atomically(to, _rendered("report.html.j2", page, escape=True))
        return to, ()
    folder = to.with_name(f"{to.stem}-pictures")
    pictures = [part for section in page.sections for part in section.parts if isinstance(part, Picture)]
    if pictures:
        make_folder(folder)
    written = []
    for picture in pictures:
        written.append(folder / f"{picture.name}.{picture.form}")
        write_atomically(written[-1], picture.content)
    write_atomically(to, _rendered("card.md.j2", page, escape=False, pictures=folder.name))
    return to, tuple(written)


def _rendered(template: str, page: Page, escape: bool, **more: str) -> str:
    made = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_TEMPLATES),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=escape,
    )
    made.filters |= {"address": _address, "cell": _cell, "line": _line}
    style = Markup((_TEMPLATES / "report.css").read_text(encoding="utf-8"))  # ours, and no tag in it
    return made.get_template(template).render(page=page, style=style, live=Markup(page.live), **more)


def _address(picture: Picture) -> str:
    return address(picture.form, picture.content)


def _cell(text: str) -> str:
    """Write a cell of a table in Markdown."""
    return _line(text).replace("|", "\\|")


def _line(text: str) -> str:
    """Write on one line what Markdown shall take as it stands."""
    plain = " ".join(text.split())
    return "".join(f"\\{c}" if c in "\\`*_[]<>#" else c for c in plain)
