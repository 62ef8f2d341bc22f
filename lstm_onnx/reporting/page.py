"""What a report consists of, whatever it is written as: sections of texts, facts, tables, pictures and commands."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar


@dataclass(frozen=True)
class Text:
    """A paragraph."""

    kind: ClassVar[str] = "text"
    text: str


@dataclass(frozen=True)
class Facts:
    """What is called what."""

    kind: ClassVar[str] = "facts"
    facts: Mapping[str, str]


@dataclass(frozen=True)
class Grid:
    """A table; `strong` is the row to look at first, and `left` says how many columns are words."""

    kind: ClassVar[str] = "grid"
    header: Sequence[str]
    rows: Sequence[Sequence[str]]
    title: str = ""
    strong: int | None = None
    left: int = 1


@dataclass(frozen=True)
class Bar:
    """A score with its interval, as shares (0 to 1) of the width that all bars of a chart have."""

    name: str
    value: str
    at: float
    low: float
    high: float


@dataclass(frozen=True)
class Bars:
    """Scores with intervals, one below the other on one axis."""

    kind: ClassVar[str] = "bars"
    title: str
    bars: Sequence[Bar]


@dataclass(frozen=True)
class Picture:
    """A picture, as `svg` or `png`."""

    kind: ClassVar[str] = "picture"
    name: str
    form: str
    content: bytes
    caption: str = ""


@dataclass(frozen=True)
class Commands:
    """What to type into a shell."""

    kind: ClassVar[str] = "commands"
    lines: str


Part = Text | Facts | Grid | Bars | Picture | Commands


@dataclass(frozen=True)
class Section:
    """A part of the page under a title of its own."""

    name: str
    title: str
    parts: Sequence[Part]


@dataclass(frozen=True)
class Tile:
    """A figure to see at a glance."""

    label: str
    value: str
    note: str = ""


@dataclass(frozen=True)
class Page:
    """A whole report.

    Attributes:
        name: of the model.
        kicker: what kind of model it is, in a few words.
        lead: what it answers, in a sentence.
        tiles: the figures that count most.
        sections: in the order in which they are read.
        remarks: what a reader should know before he trusts it.
        licence: of the training data, where that is known.
        task: the plugin.
        made: by which release, and when.
        live: HTML that answers in the page; empty where it cannot.
    """

    name: str
    kicker: str
    lead: str
    tiles: Sequence[Tile]
    sections: Sequence[Section]
    remarks: Sequence[str]
    licence: str | None
    task: str
    made: str
    live: str = field(default="", repr=False)
