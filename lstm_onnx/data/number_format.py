"""How the numbers of a column are written: decimal sign, marks between thousands, a unit in each cell.

What is found in a column as a whole holds for all of it. A cell that could be either of two numbers (`1,234`) settles
nothing: another cell of the column, another column of the file, or a person has to.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from lstm_onnx.data.cells import NAN_WORDS, TRUTH, parse_number

MARKS = ".,"
_SIGNS = "€$£¥₹₽₩₺₴₫"
_CODES = "eur|usd|gbp|chf|jpy|cny|inr|sek|nok|dkk|pln|czk|huf|aud|cad|nzd|brl|zar|try"
_UNITS = (
    "%|‰|°c|°f|°|k|w|kw|mw|gw|wh|kwh|mwh|gwh|va|kva|v|mv|kv|a|ma|hz|khz|mhz|ghz|mm|cm|m|km|km/h|kmh|mph|m/s|kn|kts|"
    "mg|g|kg|t|lb|lbs|oz|ml|l|hl|m2|m²|m3|m³|l/s|l/min|m3/h|m³/h|pa|hpa|kpa|mpa|bar|mbar|psi|ppm|ppb|µg/m3|µg/m³|ug/m3|"
    "w/m2|w/m²|ms|s|sec|min|h|db|dba|lux|lx|rpm|bpm|pcs|kb|mb|gb|mbit/s|nm|j|kj|mj|cal|kcal|psu|mol"
)
_CURRENCY = rf"(?:[{_SIGNS}]|{_CODES})"
_CELL = re.compile(
    rf"(?P<open>\()?\s*(?P<sign>[+-]?)\s*(?P<before>{_CURRENCY})?\s*(?P<inner>[+-]?)"
    rf"(?P<body>[0-9][0-9.,' ]*|[.,][0-9]+)(?P<power>e[+-]?[0-9]+)?"
    rf"\s*(?P<after>{_CURRENCY}|{_UNITS})?\s*(?P<close>\))?\Z"
)
_SPACES = str.maketrans({"\u00a0": " ", "\u202f": " ", "\u2009": " ", "\u2212": "-", "\u2019": "'"})
_INTEGER = re.compile(r"[0-9]+\Z")
_EITHER = re.compile(r"[1-9][0-9]{0,2}([.,])[0-9]{3}\Z")
"""A number of thousands, or one of three decimals."""
_DECIMALS = re.compile(r"(?:[0-9]+([.,])[0-9]*|([.,])[0-9]+)\Z")
_GROUPS = re.compile(r"[0-9]{1,3}(?:(?P<mark>[.,' ])[0-9]{3})(?:(?P=mark)[0-9]{3})*(?:(?P<decimal>[.,])[0-9]*)?\Z")


@dataclass(frozen=True)
class NumberFormat:
    """How numbers are written.

    Attributes:
        decimal: `.` or `,`.
        thousands: the mark between thousands, or None.
        unit: what stands beside each number, in small letters, or None.
    """

    decimal: str = "."
    thousands: str | None = None
    unit: str | None = None

    @property
    def is_plain(self) -> bool:
        """Whether every reader understands it."""
        return self == NumberFormat()

    def plain(self, cell: str) -> str | None:
        """Rewrite a cell as every reader understands it; words such as `NA` stay, and None says that it does not fit.

        A text that was written in another way than the column is refused (None), even where it is a number by itself.
        """
        text = tidy(cell)
        if text in NAN_WORDS or text in TRUTH:
            return text
        if self.is_plain and parse_number(text) is not None:
            return text
        if (match := _CELL.match(text)) is None or bool(match["open"]) != bool(match["close"]):
            return None
        unit = match["before"] or match["after"]
        if (match["before"] and match["after"]) or (unit != self.unit and (unit is not None or self.unit == "%")):
            return None
        body = self._body(match["body"].rstrip())
        if body is None:
            return None
        negative = "-" if (match["sign"] == "-") ^ (match["inner"] == "-") ^ bool(match["open"]) else ""
        return f"{negative}{body}{match['power'] or ''}"

    def _body(self, body: str) -> str | None:
        """Rewrite digits and marks, or return None where they do not fit."""
        if _INTEGER.match(body):
            return body
        if (groups := _GROUPS.match(body)) and groups["mark"] != self.decimal and self._groups_by(groups["mark"]):
            if groups["decimal"] in (None, self.decimal) and body[0] != "0":
                return body.replace(groups["mark"], "").replace(",", ".")
            return None
        if (match := _DECIMALS.match(body)) and (match[1] or match[2]) == self.decimal:
            return body.replace(",", ".")
        return None

    def _groups_by(self, mark: str) -> bool:
        """Whether thousands may be parted so: as found or, where the decimal sign is a comma, by nothing else."""
        return mark == self.thousands or (self.decimal == "," and self.thousands is None)

    def describe(self) -> str:
        """Say it in words, for notes."""
        said = [f"decimal sign '{self.decimal}'"] if self.decimal != "." else []
        said += [f"thousands by '{self.thousands}'"] if self.thousands else []
        return ", ".join((*said, *([f"the unit {self.unit} left off"] if self.unit else [])))


def tidy(cell: str) -> str:
    """Return a cell in small letters, with plain spaces, minus signs and apostrophes, and nothing around it."""
    return cell.translate(_SPACES).strip().lower()


@dataclass
class Evidence:
    """What the cells of a column show of how its numbers are written; each list holds cells, the first first.

    Attributes:
        known: cells that are not missing.
        numbers: those of them that are numbers in some way of writing.
        comma: cells in which the comma is the decimal sign.
        point: cells in which the point is.
        either: cells such as `1,234` and `1.234`, by their mark.
        whole: the largest whole number without any mark.
        thousands: marks between thousands, of which no cell leaves a doubt.
        units: what stands beside numbers, None for nothing, with a cell of each.
    """

    known: int = 0
    numbers: int = 0
    comma: list[str] = field(default_factory=list)
    point: list[str] = field(default_factory=list)
    either: dict[str, list[str]] = field(default_factory=lambda: {",": [], ".": []})
    whole: int | None = None
    thousands: dict[str, str] = field(default_factory=dict)
    units: dict[str | None, str] = field(default_factory=dict)

    @property
    def signs(self) -> set[str]:
        """The decimal signs that are beyond doubt."""
        return ({","} if self.comma else set()) | ({"."} if self.point else set())

    def pure(self, mark: str) -> bool:
        """Whether every number is written as `1.234`, with three digits after one mark: as a program prints them."""
        return bool(self.either[mark]) and self.whole is None and not self.signs


def gather(cells: Iterable[tuple[str, int]], missing: frozenset[str] = frozenset()) -> Evidence:
    """Look at the different cells of a column, each with how often it stands there; `missing` are left out of it."""
    found = Evidence()
    for cell, count in cells:
        text = tidy(cell)
        if text in NAN_WORDS or text in missing:
            continue
        found.known += count
        if text in TRUTH:
            found.numbers += count
            continue
        match = _CELL.match(text)
        if match is None or bool(match["open"]) != bool(match["close"]) or (match["before"] and match["after"]):
            continue
        if _look(match["body"].rstrip(), cell, bool(match["power"]), found):
            found.numbers += count
            found.units.setdefault(match["before"] or match["after"], cell)
    return found


def _look(body: str, cell: str, power: bool, found: Evidence) -> bool:
    """Add what one number shows; False if it is none."""
    if _INTEGER.match(body):
        found.whole = max(found.whole or 0, int(body[:18]))
        return True
    if (either := _EITHER.match(body)) and not power:
        found.either[either[1]].append(cell)
        return True
    if decimals := _DECIMALS.match(body):
        (found.comma if (decimals[1] or decimals[2]) == "," else found.point).append(cell)
        return True
    groups = _GROUPS.match(body)
    if groups is None or body[0] == "0" or groups["mark"] == groups["decimal"]:
        return False
    found.thousands.setdefault(groups["mark"], cell)
    if groups["mark"] in MARKS:
        (found.point if groups["mark"] == "," else found.comma).append(cell)
    elif groups["decimal"]:
        (found.comma if groups["decimal"] == "," else found.point).append(cell)
    return True
