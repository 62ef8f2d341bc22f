"""Names that are safe as identifiers in every language that there is a target for, and text that is safe in sources."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable

_RESERVED = frozenset(
    """
    abstract alignas alignof and any array as asm assert async auto await base become bool boolean box break byte case
    catch chan char checked class const constexpr continue crate decimal default defer delegate delete do double dyn
    else enum eval event explicit export extends extern fallthrough false final finally fixed float fn for foreach
    friend from func function go goto if impl implements implicit import in inline inout int interface internal is
    lambda let lock long loop macro main map match mod module move mut mutable namespace native new nil not null number
    object operator or out override package params priv private protected pub public range readonly record ref register
    restrict return sbyte sealed select self short signed sizeof stackalloc static str strictfp string struct super
    switch synchronized template this throw throws trait transient true try type typedef typeid typename typeof uint
    ulong unchecked undefined union unsafe unsigned unsized use ushort using var virtual void volatile where while
    with xor yield instanceof java
    arguments checked ort results tensor undefined
    model answer state session error golden csv inputs outputs input_names output_names content good length ahead room
    err calendar table work self_test instance
    """.split()
)
"""Keywords of the languages, and the names that generated programs use for themselves."""


def snake(name: str) -> str:
    """Make an identifier such as `traffic_streaming`."""
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name)
    plain = re.sub(r"[^a-z0-9]+", "_", words.lower()).strip("_") or "x"
    plain = f"x{plain}" if plain[0].isdigit() else plain
    return f"{plain}_" if plain in _RESERVED else plain


def unique(names: Iterable[str], taken: Iterable[str] = ()) -> list[str]:
    """Make identifiers that differ from each other and from those taken."""
    used, found = set(taken), []
    for name in map(snake, names):
        while name in used:
            name += "_"
        used.add(name)
        found.append(name)
    return found


def camel(name: str) -> str:
    """Turn `my_model` into `myModel`."""
    first, *others = name.strip("_").split("_")
    return first + "".join(w.capitalize() for w in others) + name[len(name.rstrip("_")) :]


def pascal(name: str) -> str:
    """Turn `my_model` into `MyModel`."""
    return "".join(w.capitalize() for w in name.split("_"))


def verb(task: str) -> str:
    """Name what a task does: `forecasting` is to forecast, `classification` to classify."""
    name = snake(task).strip("_")
    if name.endswith("ification"):
        return f"{name.removesuffix('ication')}y"
    if name.endswith("ing") and len(name) > 5:
        return snake(name.removesuffix("ing"))
    return snake(name)


def one_line(text: object) -> str:
    """Make text that is safe in a comment of any language: one line, and no end of a comment in it."""
    return " ".join(str(text).split()).replace("*/", "* /").replace("-->", "-- >").replace("\\u", "\\ u")


def c_string(text: str) -> str:
    """Write a literal for C and C++; whatever is not plain ASCII as octal bytes of its UTF-8."""
    plain = {ord('"'): '\\"', ord("\\"): "\\\\", ord("?"): "\\?"}
    return '"' + "".join(plain.get(b, chr(b) if 32 <= b < 127 else f"\\{b:03o}") for b in text.encode()) + '"'


def json_string(text: str) -> str:
    """Write a literal for JavaScript, Java, C#, Go and JSON, in sources that are UTF-8."""
    literal = json.dumps(text, ensure_ascii=False)
    for end in "\x85\u2028\u2029":  # ends of a line, to C#
        literal = literal.replace(end, f"\\u{ord(end):04x}")
    return literal


def rust_string(text: str) -> str:
    """Write a literal for Rust."""
    plain = {'"': '\\"', "\\": "\\\\"}
    return '"' + "".join(plain.get(c, c if " " <= c <= "~" else f"\\u{{{ord(c):x}}}") for c in text) + '"'


def csv_cell(text: str) -> str:
    """Write a cell of CSV, in quotes where it needs them."""
    return '"' + text.replace('"', '""') + '"' if any(c in text for c in ',"\r\n') else text
