"""Figures as parts of a page: lines as SVG, what would be too large that way as PNG."""

from __future__ import annotations

import base64
import io
import warnings
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.figure import Figure

LARGEST_SVG = 250_000
"""Bytes: pictures of photographs and of many points are smaller as PNG."""


def drawn(figure: Figure) -> tuple[str, bytes]:
    """Draw a figure: its format, `svg` or `png`, and its bytes; the same figure always gives the same."""
    from matplotlib import rc_context

    with rc_context({"svg.hashsalt": "lstm-onnx"}):
        svg = _saved(figure, "svg", {"Date": None, "Creator": None})
    return ("svg", svg) if len(svg) <= LARGEST_SVG else ("png", _saved(figure, "png", {"Software": None}))


def _saved(figure: Figure, kind: str, metadata: dict[str, None]) -> bytes:
    image = io.BytesIO()
    with warnings.catch_warnings():  # letters that the font lacks: a box stands there
        warnings.filterwarnings("ignore", message="Glyph .* missing from")
        figure.savefig(image, format=kind, dpi=130, metadata=metadata)
    return image.getvalue()


def address(kind: str, content: bytes) -> str:
    """Return a picture as an address that holds it."""
    media = "image/svg+xml" if kind == "svg" else "image/png"
    return f"data:{media};base64,{base64.b64encode(content).decode()}"
