"""Keeps weights of products as bytes in generated C, where they are whole numbers (see `embed --set weights=int8`)."""

from __future__ import annotations

import re

SMALLEST = 256
"""Elements that an array must have to be worth it."""

_ARRAY = re.compile(
    r"^(?P<before>[^\n=]*\b)float (?P<name>\w+)(?P<shape>(?:\[\d+\])+) = \{\n(?P<values>(?:[ ].*\n)*?)\};\n",
    re.MULTILINE,
)
_NUMBER = re.compile(r"(-?(?:0x[\da-f.]+p[+-]?\d+|\d[\d.]*(?:e[+-]?\d+)?))f", re.IGNORECASE)


def with_bytes(text: str) -> str:
    """Make arrays of whole numbers from -127 to 127 that one product alone reads arrays of bytes; C makes them floats.

    Args:
        text: as emx-onnx-cgen writes it.
    """
    for array in list(_ARRAY.finditer(text)):
        numbers = [_value(n) for n in _NUMBER.findall(array["values"])]
        if len(numbers) < SMALLEST or any(n != int(n) or abs(n) > 127 for n in numbers):
            continue
        name = array["name"]
        calls = re.findall(rf"^ *(\w+)\(((?:.*, )?{name}(?:, .*)?)\);$", text, re.MULTILINE)
        reads = [_reading_bytes(text, function, given.split(", ").index(name)) for function, given in calls]
        if len(reads) != 1 or not reads[0]:
            continue
        values = _NUMBER.sub(lambda found: str(int(_value(found[1]))), array["values"])
        text = reads[0].replace(array[0], f"{array['before']}int8_t {name}{array['shape']} = {{\n{values}}};\n")
        text = text.replace(f"extern const float {name}[", f"extern const int8_t {name}[")
    return text


def _value(number: str) -> float:
    return float.fromhex(number) if "x" in number else float(number)


def _reading_bytes(text: str, function: str, place: int) -> str:
    """Have a product read bytes for one of its parameters; empty where the function is none."""
    found = re.search(
        rf"^ \* OpType: MatMul\n(?: \*.*\n)*? \*/\nEMX_NODE_FN void {function}\((.*)\) \{{$", text, re.MULTILINE
    )
    if found is None:
        return ""
    parameters = found[1].split(", ")
    parameters[place] = parameters[place].replace("const float ", "const int8_t ")
    return text[: found.start(1)] + ", ".join(parameters) + text[found.end(1) :]
