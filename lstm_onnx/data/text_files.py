"""Text and JSON as files hold them: one decoding, and one way to say that it is not what the file holds."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from lstm_onnx import json_text
from lstm_onnx.errors import UserError

_UTF8 = ("utf-8", "utf8", "utf-8-sig")
_SAVE = "save it as UTF-8, or convert it from the encoding it has, such as Latin-1"


def decode(
    data: bytes,
    where: Path | str,
    encoding: str = "utf-8",
    advice: str = _SAVE,
    unit: str = "row",
    first: int = 1,
) -> str:
    """Return the text that bytes stand for, without a byte order mark.

    Args:
        data: the bytes.
        where: the file, for errors.
        encoding: which; a name that Python knows.
        advice: what to do about other bytes.
        unit: what a line is called there.
        first: number of the first line.

    Raises:
        UserError: it is not text in this encoding; names the line and the byte.
    """
    utf8 = encoding.lower().replace("_", "-") in _UTF8
    try:
        return data.decode("utf-8-sig" if utf8 else encoding)
    except LookupError:
        raise UserError(f"--encoding '{encoding}' is not known; give one such as utf-8, latin-1 or cp1252") from None
    except UnicodeDecodeError as error:
        row, found = data.count(b"\n", 0, error.start) + first, data[error.start : error.start + 1].hex()
        raise UserError(
            f"{where}: {unit} {row}: is not {'UTF-8' if utf8 else encoding} text (found the byte 0x{found}); {advice}"
        ) from None


def read_lines(path: Path) -> list[str]:
    """Return the lines of a file of UTF-8 text, without their ends.

    Raises:
        UserError: it is not UTF-8; names the row and the byte.
    """
    text = decode(path.read_bytes(), path)
    return [line.removesuffix("\r") for line in text.removesuffix("\n").split("\n")]


def parse_json(data: bytes, where: Path | str, first: int = 1) -> Any:
    """Parse JSON in UTF-8; `first` is the number of its first line.

    Raises:
        UserError: it is something else; says where.
    """
    return json_text.parse_json(decode(data, where), where, first)


def load_json(path: Path) -> Any:
    """Parse a JSON file; see `parse_json`."""
    return parse_json(path.read_bytes(), path)
