"""Text and JSON as files hold them: one decoding, and one way to say that it is not what the file holds."""

from __future__ import annotations

import codecs
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
        if utf8 and data[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):  # a spreadsheet's "Unicode text"
            return data.decode("utf-16")
        return data.decode("utf-8-sig" if utf8 else encoding)
    except LookupError:
        raise UserError(f"--encoding '{encoding}' is not known; give one such as utf-8, latin-1 or cp1252") from None
    except UnicodeDecodeError as error:
        row, found = data.count(b"\n", 0, error.start) + first, data[error.start : error.start + 1].hex()
        raise UserError(
            f"{where}: {unit} {row}: is not {'UTF-8' if utf8 else encoding} text (found the byte 0x{found}); {advice}"
        ) from None


def other_encoding(encoding: str) -> str | None:
    """Return the encoding, if it is not UTF-8."""
    return None if encoding.lower().replace("_", "-") in _UTF8 else encoding


def decode_as_trained(data: bytes, where: Path | str, encoding: str | None) -> str:
    """Decode a file like that of training: UTF-8 if it is (other encodings hardly ever look like it), else as that."""
    try:
        return decode(data, where)
    except UserError:
        if encoding is None:
            raise
        return decode(data, where, encoding)


def read_lines(path: Path, encoding: str | None = None) -> list[str]:
    """Return the lines of a file of text, in UTF-8 or else in `encoding`, without their ends.

    Raises:
        UserError: it is neither; names the row and the byte.
    """
    text = decode_as_trained(path.read_bytes(), path, encoding)
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
