"""Reads JSON from anywhere, with one line for whatever can be wrong with it."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from lstm_onnx.errors import UserError

_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")


def parse_json(content: bytes | str, where: str | Path, first: int = 1) -> Any:
    """Parse JSON in UTF-8.

    Args:
        content: the text, or its bytes.
        where: names it in errors.
        first: number of the first line.

    Raises:
        UserError: it is not UTF-8 or not JSON, is nested too deeply, or holds a number or a text that nobody can hold.
    """
    data = (
        content.encode("utf-8", "surrogatepass") if isinstance(content, str) else content.removeprefix(b"\xef\xbb\xbf")
    )
    try:
        found = json.loads(data.decode("utf-8"))
        if _SURROGATE.search(data):
            json.dumps(found, ensure_ascii=False).encode("utf-8")
        return found
    except UnicodeDecodeError as error:
        raise UserError(f"{where}: is not UTF-8 text (at byte {error.start:,}); save it as UTF-8") from None
    except UnicodeEncodeError:
        raise UserError(f"{where}: holds half a character (a lone surrogate, \\ud8…), which is no text") from None
    except json.JSONDecodeError as error:
        place = f"at line {error.lineno - 1 + first}, column {error.colno}"
        raise UserError(f"{where}: is not JSON {place}: {error.msg}") from None
    except RecursionError:
        raise UserError(f"{where}: holds lists or objects nested too deeply to be read") from None
    except ValueError:  # Python refuses whole numbers of more than 4,300 digits
        raise UserError(f"{where}: holds a number of thousands of digits, which is no number to work with") from None
