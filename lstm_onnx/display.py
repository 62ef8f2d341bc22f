"""How results show themselves: as text where a program prints them, as tables and pictures in a notebook."""

from __future__ import annotations

import base64
import math
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lstm_onnx.contract import Scores


NOTHING = 1e-28
"""What is smaller than this is shown as 0: series without any spread are divided by 1e-30, and leave such rests."""


def number(value: float) -> str:
    """Four significant digits, never in the style of 1e+03 for everyday sizes."""
    if not math.isfinite(value):
        return "-"
    value = 0.0 if abs(value) < NOTHING else value
    digits = 4 if value == 0 else max(0, 3 - math.floor(math.log10(abs(value))))
    return f"{value:.{digits}f}" if 1e-4 <= abs(value) < 1e7 or value == 0 else f"{value:.3e}"


def scores_rows(scores: Scores) -> tuple[list[str], list[list[str]]]:
    """Lay out the model's scores beside its baselines: a header, and a metric a row, the primary one first."""
    rows = [
        [metric, *(number(s.get(metric, math.nan)) for s in (scores.model, *scores.baselines.values()))]
        for metric in sorted(scores.model, key=lambda m: m != scores.primary)
    ]
    return ["metric", "model", *scores.baselines], rows


def scores_text(scores: Scores) -> dict[str, str]:
    """Say each metric of the model, with those of its baselines in brackets."""
    header, rows = scores_rows(scores)
    return {
        metric: model + (f" ({', '.join(f'{n} {v}' for n, v in zip(header[2:], rest, strict=True))})" if rest else "")
        for metric, model, *rest in rows
    }


def text(title: str, facts: Mapping[str, object]) -> str:
    """Write a title, and a line for each fact below it."""
    width = max(map(len, facts), default=0)
    return "\n".join([title, *(f"  {name:<{width}}  {value}" for name, value in facts.items())])


def html(title: str, *parts: str) -> str:
    """Put parts of HTML under a title."""
    return "".join([f"<div><b>{escape(title)}</b>", *parts, "</div>"])


def html_facts(facts: Mapping[str, object]) -> str:
    """Make a table of two columns."""
    rows = "".join(f"<tr><th>{escape(name)}</th><td>{escape(str(value))}</td></tr>" for name, value in facts.items())
    return f"<table>{rows}</table>"


def html_table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Make a table with a header."""
    top = "".join(f"<th>{escape(name)}</th>" for name in header)
    body = "".join("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows)
    return f"<table><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table>"


def html_picture(path: Path) -> str:
    """Put a `.png` into the page itself; nothing, if there is none."""
    if path.suffix != ".png" or not path.is_file():
        return ""
    content = base64.b64encode(path.read_bytes()).decode()
    return f'<img alt="{escape(path.stem)}" style="max-width: 100%" src="data:image/png;base64,{content}">'


def shortened(text: str, most: int = 40) -> str:
    """Return a text on one line, cut to so many characters."""
    plain = " ".join(text.split())
    return plain if len(plain) <= most else plain[: most - 1] + "…"
