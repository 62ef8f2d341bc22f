"""From one written time to the pattern that it follows: `20.01.23 13:00` is of `%d.%m.%y %H:%M`.

Where one time alone does not tell the order of day and month, all patterns that it may follow are named.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from lstm_onnx.data.times.patterns import ZONE, is_weekday

_MON = r"[A-Za-z]{3,9}\.?"
_TIME = (
    r"(?P<gap>[T ]+|, )(?P<H>\d{1,2})(?:(?P<colon>[:.h]?)(?P<M>\d{2})"
    r"(?:(?P=colon)(?P<S>\d{2})(?:(?P<point>[.,])(?P<f>\d{1,9}))?)?)?(?:(?P<space>\s*)(?P<p>[AaPp]\.?[Mm]\.?))?"
)
_WHOLE = re.compile(rf"^(?P<week>[A-Za-z]{{3,9}},?\s+)?(?P<date>.+?)(?:{_TIME})?(?P<far>\s*)(?P<z>{ZONE})?$")
_DATES: tuple[tuple[str, tuple[str, ...]], ...] = (
    (r"\d{4}(?P<s>[-/. ])(?P<m>\d{1,2})(?P=s)(?P<d>\d{1,2})", ("%Y{s}%m{s}%d",)),
    (r"(?P<d>\d{1,2})(?P<s>\.\s?)(?P<m>\d{1,2})(?P=s)\d{4}", ("%d{s}%m{s}%Y",)),
    (r"(?P<d>\d{1,2})(?P<s>[-/ ])(?P<m>\d{1,2})(?P=s)\d{4}", ("%d{s}%m{s}%Y", "%m{s}%d{s}%Y")),
    (r"(?P<d>\d{1,2})\.(?P<m>\d{1,2})\.\d{2}", ("%d.%m.%y",)),
    (r"(?P<d>\d{1,2})(?P<s>[-/ ])(?P<m>\d{1,2})(?P=s)\d{2}", ("%d{s}%m{s}%y", "%m{s}%d{s}%y", "%y{s}%m{s}%d")),
    (rf"(?P<d>\d{{1,2}})(?P<s>[-/ .]|\. )(?P<b>{_MON})(?P=s)\d{{4}}", ("%d{s}%b{s}%Y",)),
    (rf"(?P<d>\d{{1,2}})(?P<b>{_MON})\d{{4}}", ("%d%b%Y",)),
    (rf"(?P<d>\d{{1,2}})(?P<s>[-/ .])(?P<b>{_MON})(?P=s)\d{{2}}", ("%d{s}%b{s}%y",)),
    (rf"(?P<b>{_MON}) (?P<d>\d{{1,2}})(?P<s>,? )\d{{4}}", ("%b %d{s}%Y",)),
    (rf"(?P<b>{_MON})(?P<s>[-/])(?P<d>\d{{1,2}})(?P=s)\d{{4}}", ("%b{s}%d{s}%Y",)),
    (rf"\d{{4}}(?P<s>[-/ .])(?P<b>{_MON})(?P=s)(?P<d>\d{{1,2}})", ("%Y{s}%b{s}%d",)),
    (r"\d{4}-W\d{2}-[1-7]", ("%G-W%V-%u",)),
    (r"\d{4}W\d{2}[1-7]", ("%GW%V%u",)),
    (r"\d{4}(?P<s>[- /.]?)[Ww](?P<t> ?)\d{2}", ("%G{s}W{t}%V",)),
    (r"[Ww](?P<t> ?)\d{1,2}(?P<s>[- /.,]+)\d{4}", ("W{t}%V{s}%G",)),
    (r"(?:KW|CW|wk|Wk|WK|[Ww]eek)(?P<t>[ ]?)\d{1,2}(?P<s>[- /.,]+)\d{4}", ("{word}{t}%V{s}%G",)),
    (r"\d{4}(?P<s>[-/. ])(?P<m>\d{1,2})", ("%Y{s}%m",)),
    (r"(?P<m>\d{1,2})(?P<s>[-/. ])\d{4}", ("%m{s}%Y",)),
    (r"\d{4}M(?P<m>\d{2})", ("%YM%m",)),
    (r"\d{4}(?P<s>[- :/]?)[Qq][1-4]", ("%Y{s}Q%q",)),
    (r"[Qq][1-4](?P<s>[- :/]?)\d{4}", ("Q%q{s}%Y",)),
    (r"[Qq][1-4](?P<s>[- /']{1,2})\d{2}", ("Q%q{s}%y",)),
    (rf"(?P<b>{_MON})(?P<s>[-/ .,']{{1,2}})\d{{4}}", ("%b{s}%Y",)),
    (rf"(?P<b>{_MON})(?P<s>[-/ .']{{1,2}})\d{{2}}", ("%b{s}%y",)),
    (rf"\d{{4}}(?P<s>[-/ .]?)(?P<b>{_MON})", ("%Y{s}%b",)),
    (r"\d{8}", ("%Y%m%d",)),
    (r"\d{4}", ("%Y",)),
)
_COMPILED = tuple((re.compile(f"^(?:{pattern})$"), forms) for pattern, forms in _DATES)
_COMPACT = re.compile(rf"^(?P<date>\d{{8}})(?P<gap>[T ]?)(?P<H>\d{{2}})(?P<M>\d{{2}})?(?P<S>\d{{2}})?(?P<z>{ZONE})?$")
_MONTH = re.compile(r"^(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)", re.IGNORECASE)
_OF_DAY = re.compile(rf"^{_TIME.replace('(?P<gap>[T ]+|, )', '')}$")


def forms_of(cell: str) -> tuple[str, ...]:
    """Name the patterns that a written time may follow; none if it is no time."""
    cell = cell.strip()
    if compact := _COMPACT.match(cell):
        clock = "%H" + "%M" * bool(compact["M"]) + "%S" * bool(compact["S"])
        return (f"%Y%m%d{compact['gap']}{clock}{_zone(compact['z'])}",)
    if found := tuple(_whole_dates(cell)):
        return found
    match = _WHOLE.match(cell)
    if match is None:
        return ()
    lead = ""
    if match["week"]:
        word = re.sub(r"[^A-Za-z]", "", match["week"])
        if not is_weekday(word):
            return ()
        lead = ("%a" if len(word) == 3 else "%A") + match["week"][len(word) :]
    tail = ""
    if match["H"]:
        tail = re.sub(r"T+", "T", match["gap"]) + _clock(match) + match["far"] + _zone(match["z"])
    elif match["z"]:
        tail = match["far"] + _zone(match["z"])
    return tuple(f"{lead}{form}{tail}" for form in _whole_dates(match["date"]))


def form_of_day(cell: str) -> str | None:
    """Name the pattern of a written time of day, such as `%H:%M`."""
    match = _OF_DAY.match(cell.strip())
    return _clock(match) if match is not None and match["M"] else None


def _whole_dates(date: str) -> Iterator[str]:
    for pattern, forms in _COMPILED:
        match = pattern.match(date)
        if match is None:
            continue
        groups = match.groupdict()
        if groups.get("b") and not _MONTH.match(groups["b"]):
            continue
        for form in forms:
            yield _filled(form, groups, date)
        return


def _filled(form: str, groups: dict[str, str | None], date: str) -> str:
    if groups.get("b"):
        word = str(groups["b"]).rstrip(".")
        form = form.replace("%b", ("%b" if len(word) <= 4 else "%B") + "." * str(groups["b"]).endswith("."))
    form = form.replace("{word}", re.sub(r"[^A-Za-z].*", "", date))
    return form.replace("{s}", groups.get("s") or "").replace("{t}", groups.get("t") or "")


def _clock(match: re.Match[str]) -> str:
    colon = match["colon"] or ""
    hour = ("%-" if len(match["H"]) == 1 else "%") + ("I" if match["p"] else "H")
    text = hour + (f"{colon}%M" if match["M"] else "") + (f"{colon}%S" if match["S"] else "")
    if match["f"]:
        text += f"{match['point']}%{len(match['f'])}f"
    return text + (f"{match['space']}%p" if match["p"] else "")


def _zone(zone: str | None) -> str:
    if not zone:
        return ""
    if zone[0] not in "+-":
        return "%Z"
    return "%:z" if ":" in zone else "%z" if len(zone) == 5 else "%-z"
