"""Tables with a row for each picture, or for each caption."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

import polars as pl

from lstm_onnx.data.columns import called
from lstm_onnx.data.parts import part_of, split_column
from lstm_onnx.data.table_options import TableOptions
from lstm_onnx.data.tables import require, row_number
from lstm_onnx.data.understanding import Understanding
from lstm_onnx.errors import UserError
from lstm_onnx_captioning.options import Config
from lstm_onnx_captioning.raw_captions import RawCaptions, Row

_IMAGE = ("image", "file", "filename", "file_name", "path", "filepath", "image_path", "picture", "photo", "img")
_CAPTION = ("caption", "captions", "text", "sentence", "sentences", "description", "comment")


def read_frame(frame: pl.DataFrame, source: Path, config: Config) -> RawCaptions:
    """Read names of pictures, and a caption or a list of them in each row.

    Raises:
        UserError: a column is missing or holds something else; says which option names it.
    """
    image = _column(frame, source, config.image_column, "image_column", _IMAGE, "names of pictures")
    captions = _caption_columns(frame, source, config)
    split = _split(frame, source, config.split)
    _refuse_kind(frame, image, source, "names of pictures")
    for caption in captions:
        _refuse_kind(frame, caption, source, "captions")
    rows = []
    parts = frame.get_column(split).to_list() if split else [None] * frame.height
    names = frame.get_column(image).cast(pl.String).to_list()
    cells = zip(*(frame.get_column(c).to_list() for c in captions), strict=True)
    for i, (name, row, part) in enumerate(zip(names, cells, parts, strict=True)):
        place = f"{source}: row {row_number(source, i)}"
        if name is None or not name.strip():
            raise UserError(
                f"{place}, column '{image}': the name of the picture is missing; fill it in or delete the row"
            )
        texts = [text for cell in row for text in (cell if isinstance(cell, list) else [cell])]
        found = part_of(part, f"{place}, column '{split}'") if split else None
        rows.append(Row(name.strip(), tuple(str(t) for t in texts if t is not None), found, place))
    told = ", ".join(f"'{c}'" for c in captions)
    notes = [f"pictures of column '{image}', captions of column{'s' * (len(captions) > 1)} {told}"]
    if split and not config.split:
        notes.append(f"column '{split}' says which part a picture belongs to")
    filled = {"image_column": image, "caption_column": captions, "split": split}
    roles: dict[str, tuple[str, str | None]] = dict.fromkeys(captions, ("caption", "text"))
    roles |= {image: ("picture", "text")} | ({split: ("split", "category")} if split else {})
    understood = Understanding(frame, source, TableOptions()).settle(roles).understood
    return RawCaptions(rows, config.model_copy(update=filled), tuple(notes), understood)


def _caption_columns(frame: pl.DataFrame, source: Path, config: Config) -> tuple[str, ...]:
    """Take the columns that were asked for, or one with a usual name and those with its name and a number."""
    if config.caption_column is not None:
        for column in config.caption_column:
            require(frame, column, source, "--caption-column")
        return config.caption_column
    for name in _CAPTION:
        one = re.compile(rf"{name}[ _-]?\d*", re.IGNORECASE)
        if found := tuple(c for c in frame.columns if one.fullmatch(c.strip())):
            return found
    return (_column(frame, source, None, "caption_column", _CAPTION, "captions"),)


def _column(frame: pl.DataFrame, source: Path, chosen: str | None, option: str, usual: Iterable[str], what: str) -> str:
    flag = "--" + option.replace("_", "-")
    if chosen is not None:
        require(frame, chosen, source, flag)
        return chosen
    found = called(frame, usual)
    if found is None:
        raise UserError(
            f"{source}: no column is called {', '.join(usual)}; name the one that holds {what} with {flag}; there is: "
            f"{', '.join(frame.columns[:20])}"
        )
    return found


def _split(frame: pl.DataFrame, source: Path, chosen: str | None) -> str | None:
    """Take the column that was asked for, or one that is called so and holds names of parts."""
    if chosen is not None:
        require(frame, chosen, source, "--split")
        return chosen
    return split_column(frame)


def _refuse_kind(frame: pl.DataFrame, column: str, source: Path, what: str) -> None:
    kind = frame.get_column(column).dtype
    inner = kind.inner if isinstance(kind, pl.List) and what == "captions" else kind
    if inner.is_nested() or inner == pl.Binary:
        raise UserError(f"{source}: column '{column}' holds {kind}, where {what} are needed; choose another")
