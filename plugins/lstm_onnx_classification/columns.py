"""Which column of a table is what: the class, the text, or the steps of sequences."""

from __future__ import annotations

from collections.abc import Iterable, Sequence, Set
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl

from lstm_onnx.column_reading import LEFT_OUT, STEP, ColumnReading
from lstm_onnx.data.blocks import Blocks, are_channels, blocks_in, chosen_blocks, told_blocks
from lstm_onnx.data.columns import called
from lstm_onnx.data.measures import is_id_name, no_measure, numbered, odd_ones
from lstm_onnx.data.parts import split_column
from lstm_onnx.data.tables import is_numeric
from lstm_onnx.data.timestamps import looks_like_time, require_asked
from lstm_onnx.data.understanding import Understanding
from lstm_onnx.errors import UserError
from lstm_onnx_classification.options import Config

LEAST_STEPS = 3
"""A table with fewer columns of numbers and nothing that tells sequences apart is no table of a row per sequence."""
LABELS = ("label", "class", "target", "category")
"""What a column of classes is called, in any mixture of capitals."""
_TEXT = ("text", "sentence", "review", "message", "content", "document")
_SEQUENCE = ("sequence", "series", "case", "recording", "trial", "sample")
_SEQUENCES = (*_SEQUENCE, *(f"{name}_id" for name in _SEQUENCE), "id")
_TIME = ("time", "step", "t", "timestamp", "date", "datetime", "frame", "tick")


@dataclass(frozen=True)
class Roles:
    """What each column is for.

    Attributes:
        label: holds the class.
        group: what must not be torn apart by a split.
        split: says which part an example belongs to.
        text: holds the texts; None for sequences.
        ids: tell sequences apart together; in a wide table one names them, if anything does.
        time: orders the steps of a long table.
        channels: columns of numbers of a long table; steps of a wide one.
        wide: whether each row is a whole sequence.
        blocks: of a wide table of several channels, the columns of each; empty where there is one.
        others: columns of a wide table that are no steps.
        notes: what was found, one line each.
        unused: columns that nothing is made of, and why.
    """

    label: str
    group: str | None = None
    split: str | None = None
    text: str | None = None
    ids: tuple[str, ...] = ()
    time: str | None = None
    channels: tuple[str, ...] = ()
    wide: bool = False
    blocks: Blocks = field(default_factory=dict)
    others: tuple[str, ...] = ()
    notes: list[str] = field(default_factory=list)
    unused: dict[str, str] = field(default_factory=dict)

    @property
    def known(self) -> tuple[str, ...]:
        """Columns that tell of an example, and are not what it is classified by."""
        return tuple(c for c in (self.label, self.group, self.split) if c is not None)


def find_roles(table: Understanding, where: Path, config: Config) -> Roles:
    """Take the columns that were asked for, and find the others by their names and by what they hold.

    Raises:
        UserError: a column is not there, has two roles, or cannot be told; says which option decides.
    """
    frame = table.looks
    _refuse_wrong_choice(frame, where, config)
    notes: list[str] = []
    label = config.label or called(frame, LABELS)
    if label is None:
        raise no_label(frame, where)
    split = config.split or split_column(frame)
    if split and not config.split:
        notes.append(f"column '{split}' says which part an example belongs to")
    roles = Roles(label=label, group=config.group, split=split, notes=notes)
    free = [c for c in frame.columns if c not in roles.known]
    numbers = set(table.numbers)
    if config.text or not (config.sequence or config.time or config.channels or config.windows or config.blocks):
        text = config.text[0] if config.text else _text_column(frame, where, free, numbers)
        if text is not None:
            notes.append(f"texts of column '{text}', classes of column '{label}'")
            unused = {c: "is no text, class, group or part" for c in free if c != text}
            return Roles(label, config.group, split, text, notes=notes, unused=unused)
    return _series_roles(table, where, config, roles, free)


def no_label(frame: pl.DataFrame, where: Path) -> UserError:
    """Return what is said of a table without a column of classes."""
    return UserError(
        f"{where}: no column is called {', '.join(LABELS[:-1])} or {LABELS[-1]}; name the one that holds the class "
        f"with --label; there is: {', '.join(frame.columns[:20])}"
    )


def readings(table: Understanding, roles: Roles, steps: Sequence[str] = ()) -> tuple[ColumnReading, ...]:
    """Say of every column of a table what it is used as."""
    used: dict[str | None, tuple[str, str | None]] = dict.fromkeys(roles.channels, ("channel", "number"))
    used |= dict.fromkeys(steps, (STEP, "number"))
    used |= {c: (f"{STEP} of {name}", "number") for name, columns in roles.blocks.items() for c in columns}
    used |= dict.fromkeys(roles.ids, ("sequence", "id"))
    used |= {
        **({} if roles.group in roles.ids else {roles.group: ("group", "id")}),
        roles.split: ("split", "category"),
        roles.label: ("label", "category"),
        roles.text: ("text", "text"),
        roles.time: ("time", "number" if roles.time in table.numbers else "time"),
    }
    return tuple(table.reading(c, *used.get(c, (LEFT_OUT, None)), odd=roles.unused.get(c)) for c in table.frame.columns)


def wide_columns(frame: pl.DataFrame, others: Iterable[str | None]) -> list[str]:
    """Name the steps of a wide table: the columns of numbers that have no other role, as they stand."""
    return [c for c in frame.columns if c not in others and is_numeric(frame.get_column(c))]


def _refuse_wrong_choice(frame: pl.DataFrame, where: Path, config: Config) -> None:
    chosen = {f"--{name}": getattr(config, name) for name in ("label", "time", "group", "split")}
    several = [(f"--{name}", c) for name in ("text", "sequence", "channels") for c in getattr(config, name)]
    taken: dict[str, str] = {}
    for option, column in [*chosen.items(), *several]:
        if column is None:
            continue
        require_asked(frame, column, where, option)
        if column in taken and {option, taken[column]} != {"--sequence", "--group"}:
            raise UserError(f"{where}: column '{column}' is asked for by {taken[column]} and {option}; it can be one")
        taken[column] = option
    if config.blocks and (config.text or config.sequence or config.channels or config.windows):
        raise UserError(f"{where}: --blocks takes each row for a sequence; leave --text, --sequence, --windows and "
                        "--channels out")  # fmt: skip


def _text_column(frame: pl.DataFrame, where: Path, free: list[str], numbers: set[str]) -> str | None:
    """Find the one column whose cells are texts of several words, if there is one."""
    words = [c for c in free if c not in numbers and frame.get_column(c).dtype == pl.String]
    named = called(frame.select(words), _TEXT)
    if named is not None:
        return named
    found = [c for c in words if _holds_texts(frame, c)]
    if len(found) > 1:
        shown = " and ".join(repr(c) for c in found[:3])
        raise UserError(f"{where}: the columns {shown} hold texts; choose one with --text")
    rest = [c for c in free if c in numbers]
    if found and len(rest) >= LEAST_STEPS:
        raise UserError(
            f"{where}: column '{found[0]}' holds texts, and {len(rest)} columns hold numbers; to classify the texts "
            f"give --text '{found[0]}', to classify the numbers leave that column out"
        )
    return found[0] if found else None


def _holds_texts(frame: pl.DataFrame, column: str) -> bool:
    if looks_like_time(frame, column):
        return False
    head = frame.get_column(column).drop_nulls().head(1000).str.strip_chars()
    return len(head) > 0 and 2 * int(head.str.contains(r"\s").sum()) >= len(head)


def _series_roles(table: Understanding, where: Path, config: Config, roles: Roles, free: list[str]) -> Roles:
    frame, numbers = table.looks, table.numbers
    # the group may be what tells sequences apart, where each is a group of its own
    free = [c for c in frame.columns if c in free or c in config.sequence]
    sequence = called(frame.select(free), _SEQUENCES)
    repeated = sequence is not None and frame.get_column(sequence).n_unique() < frame.height
    if config.sequence or repeated or config.windows:
        ids = config.sequence or ((sequence,) if repeated and sequence is not None else ())
        if not config.sequence and ids:
            _refuse_several_ids(frame, where, ids[0], [c for c in free if c not in ids])
        return _long_roles(frame, where, config, roles, [c for c in free if c not in ids], numbers, ids)
    rest = [c for c in free if c != sequence]
    time = config.time or _time_column(frame, rest, config)
    if time is not None and (time in numbers or not numbered([c for c in rest if c in numbers])):
        raise UserError(
            f"{where}: column '{time}' orders steps, and nothing tells which sequence a row belongs to; name that "
            "column with --sequence; one long recording is cut into windows with --windows 100 (rows) or --windows 4s"
        )
    steps, unused = list(config.channels), dict[str, str]()
    blocks = _blocks(where, [c for c in rest if c in numbers], config)
    if blocks:
        steps = [c for columns in blocks.values() for c in columns]
        unused = {c: f"is not numbered like '{steps[0]}'" for c in rest if c in numbers and c not in steps}
    elif not steps:
        steps, unused = _steps(table, where, [c for c in rest if c in numbers], roles.notes)
    if len(steps) < LEAST_STEPS:
        raise UserError(
            f"{where}: found no texts, and no more than {len(steps)} columns of numbers beside '{roles.label}'; name "
            "the column of texts with --text, or, if each row is a step, the one that tells sequences apart with "
            "--sequence"
        )
    one = f"one channel: {len(steps)} steps, columns '{steps[0]}' to '{steps[-1]}'"
    roles.notes.append(f"a row is a sequence of {told_blocks(blocks) if blocks else one}")
    others = [c for c in frame.columns if c not in steps]
    left = [c for c in others if c not in roles.known and c != sequence]
    _note_unused([c for c in left if c not in unused], roles.notes)
    for column, why in unused.items():
        roles.notes.append(f"column '{column}' is no step: it {why}; name all steps with --channels if it should be")
    return Roles(
        roles.label,
        roles.group,
        roles.split,
        ids=(sequence,) if sequence is not None else (),
        channels=tuple(steps) if config.channels or unused else (),
        wide=True,
        blocks=blocks,
        others=tuple(c for c in others if c != sequence),
        notes=roles.notes,
        unused={c: "holds no numbers" for c in left} | unused,
    )


def _blocks(where: Path, numbers: list[str], config: Config) -> Blocks:
    """Return the channels of a wide table of several: those asked for, or those beyond doubt."""
    if config.blocks:
        return chosen_blocks(numbers, config.blocks, str(where))
    found = {} if config.channels else blocks_in(numbers)
    most = max(map(len, found.values()), default=0)
    if most:
        _refuse_torn_blocks(where, numbers, most)
    alike = {name: columns for name, columns in found.items() if len(columns) == most}
    return alike if are_channels(alike) and 2 * most * len(alike) >= len(numbers) else {}


def _refuse_torn_blocks(where: Path, numbers: list[str], most: int) -> None:
    """Refuse columns that are numbered as the steps of another channel, where some are missing."""
    for columns in numbered(numbers, gaps=True).values():
        if most // 2 < len(columns) < most:
            largest = next(g for g in numbered(numbers).values() if len(g) == most)
            raise UserError(
                f"{where}: '{largest[0]}' to '{largest[-1]}' are {most} numbered columns, and '{columns[0]}' to "
                f"'{columns[-1]}' are {len(columns)}: if these are channels, give both the same steps; if not, name "
                "the steps of one channel with --channels, or leave the others out of the table"
            )


def _steps(table: Understanding, where: Path, numbers: list[str], notes: list[str]) -> tuple[list[str], dict[str, str]]:
    """Choose the steps of a wide table of its columns of numbers, and say why others are none.

    Steps are numbered, as `s0` to `s29`; where no names are, ids, counts of rows and columns of quite another size than
    all others are no steps.
    """
    groups = numbered(numbers)
    if groups:
        most = max(len(g) for g in groups.values())
        alike = [g for g in groups.values() if len(g) == most]
        if len(alike) > 1:
            shown = " and ".join(f"'{g[0]}' to '{g[-1]}'" for g in alike[:4])
            raise UserError(
                f"{where}: the columns {shown} seem to be {len(alike)} channels of {most} steps; if they are, say "
                f"--blocks {' '.join(_word(name) for name in blocks_in([c for g in alike for c in g]))}; if not, name "
                "the columns that are the steps of one channel with --channels"
            )
        if 2 * most >= len(numbers):
            chosen = alike[0]
            if [c for c in numbers if c in chosen] != chosen:
                notes.append(f"steps are taken in the order of their numbers, '{chosen[0]}' to '{chosen[-1]}'")
            return chosen, {c: f"is not numbered like '{chosen[0]}'" for c in numbers if c not in chosen}
    passed = {c: why for c in numbers if is_id_name(c) and (why := no_measure(table, c)) is not None}
    passed |= {c: why for c in numbers if (why := no_measure(table, c)) is not None and "counts" in why}
    passed |= odd_ones(table, [c for c in numbers if c not in passed])
    rest = [c for c in numbers if c not in passed]
    return (rest, passed) if len(rest) >= LEAST_STEPS else (numbers, {})


def _refuse_several_ids(frame: pl.DataFrame, where: Path, sequence: str, others: list[str]) -> None:
    """Refuse a table whose sequences stand apart in it, where another column tells their pieces apart."""
    name = frame.get_column(sequence)
    run = (name.ne_missing(name.shift(1))).cast(pl.Int64).cum_sum().rename("run")
    runs = int(run[-1]) + (1 if int(run[0]) == 0 else 0)
    if runs <= name.n_unique():
        return
    for other in others:
        pair = pl.DataFrame({"run": run, "name": name, "other": frame.get_column(other)})
        steady = pair.group_by("run").agg(pl.col("other").n_unique()).get_column("other").max() == 1
        if steady and pair.select("name", "other").n_unique() == runs:
            raise UserError(
                f"{where}: {runs:,} recordings have {name.n_unique():,} names in '{sequence}', which begins anew with "
                f"each '{other}'; tell them apart by both: --sequence {_word(other)} {_word(sequence)}"
            )


def _word(column: str) -> str:
    return f"'{column}'" if " " in column else column


def _time_column(frame: pl.DataFrame, free: list[str], config: Config) -> str | None:
    return called(frame.select(c for c in free if c not in config.channels), _TIME)


def _long_roles(
    frame: pl.DataFrame,
    where: Path,
    config: Config,
    roles: Roles,
    free: list[str],
    numbers: Set[str],
    ids: tuple[str, ...],
) -> Roles:
    time = config.time or _time_column(frame, free, config)
    free = [c for c in free if c != time]
    unused: dict[str, str] = {}
    channels = config.channels
    if not channels:
        measured = [c for c in free if c in numbers]
        unused = {c: "has the name of an id, and whole numbers" for c in measured if _is_id(frame, c)}
        channels = tuple(c for c in measured if c not in unused)
    if not channels:
        words = next((c for c in free if frame.get_column(c).dtype == pl.String), None)
        hint = f"; there is: {', '.join(frame.columns[:20])}"
        if words is not None:
            found = " and ".join(f"'{w}'" for w in frame.get_column(words).drop_nulls().unique(maintain_order=True)[:2])
            hint = f"; column '{words}' holds names ({found}): give a column for each name, with 1 and 0, in its place"
        raise UserError(f"{where}: no column of numbers is left to learn from{hint}")
    shown = ", ".join(f"'{c}'" for c in channels[:8]) + (f" and {len(channels) - 8} more" if len(channels) > 8 else "")
    order = f"in the order of '{time}'" if time else "in the order in which they stand"
    named = " and ".join(map(repr, ids))
    apart = f"{named} tell{'s' * (len(ids) == 1)} sequences apart" if ids else "all of one recording"
    roles.notes.append(f"a row is a step: {apart}, steps {order}, channels {shown}")
    _note_unused([c for c in free if c not in channels and c not in unused], roles.notes)
    for column, why in unused.items():
        roles.notes.append(f"column '{column}' is no channel: it {why}; name all with --channels if it should be")
    left = {c: "not named with --channels" if c in numbers else "holds no numbers" for c in free if c not in channels}
    return Roles(
        roles.label,
        roles.group,
        roles.split,
        ids=ids,
        time=time,
        channels=channels,
        notes=roles.notes,
        unused=left | unused,
    )


def _is_id(frame: pl.DataFrame, column: str) -> bool:
    if not is_id_name(column):
        return False
    values = frame.get_column(column).cast(pl.Float64, strict=False).drop_nulls()
    return bool((values == values.floor()).all())


def _note_unused(columns: list[str], notes: list[str]) -> None:
    if columns:
        more = f" and {len(columns) - 5} more" if len(columns) > 5 else ""
        notes.append(f"not used: {', '.join(repr(c) for c in columns[:5])}{more}")
