"""Pictures that a table names, as a feature of a model: which columns they are, and where the files lie."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from pathlib import Path

import polars as pl

from lstm_onnx.data.found_from import folder_of
from lstm_onnx.data.images import IMAGE_FORMATS
from lstm_onnx.data.parquet_pieces import parquet_files
from lstm_onnx.data.picture_files import locate, picture_folders
from lstm_onnx.data.tables import FORMATS, PARQUET, read_table, row_number
from lstm_onnx.data.ucr_format import SUFFIX
from lstm_onnx.errors import UserError
from lstm_onnx.features.image import Image
from lstm_onnx.features.role_options import RoleOptions

_ENDING = rf"(?i)\.({'|'.join(ending.removeprefix('.') for ending in IMAGE_FORMATS)})$"
_IN_TEXT = re.compile(
    rf"\.({'|'.join(e.removeprefix('.') for e in IMAGE_FORMATS)})(?![a-z0-9])".encode(), re.IGNORECASE
)
_HEAD, _HEAD_ROWS = 1 << 16, 1000
"""Bytes and rows of a table that tell enough of whether it names pictures."""
_LOOKED_AT = 100_000
"""Rows by which columns of pictures are found."""
COMPACT = "compact"
"""The encoder that learns with the rest, which is the module's own."""


def holds_pictures(cells: pl.Series) -> bool:
    """Whether most cells of a column are called as files of pictures are."""
    if cells.dtype != pl.String:
        return False
    head = cells.drop_nulls().head(1000).str.strip_chars()
    return len(head) > 0 and 2 * int(head.str.contains(_ENDING).sum()) > len(head)


def may_name_pictures(path: Path) -> bool:
    """Whether a look at the beginning of a table tells that names of pictures may stand in it."""
    suffix = path.suffix.lower()
    if suffix in PARQUET and path.is_file():
        return bool(picture_columns(pl.read_parquet(path, n_rows=_HEAD_ROWS)))
    if suffix not in FORMATS or not path.is_file():
        return False
    with path.open("rb") as file:
        return _IN_TEXT.search(file.read(_HEAD)) is not None


def picture_columns(frame: pl.DataFrame, left: Collection[str | None] = ()) -> list[str]:
    """Name the columns most of whose cells are called as files of pictures are, without those that are left out."""
    return [c.name for c in frame if c.name not in left and holds_pictures(c)]


def picture_feature(name: str, column: str, config: RoleOptions) -> Image:
    """Return the feature of a column of pictures, as the options see them."""
    frozen = None if config.encoder == COMPACT else config.encoder
    return Image(name=name, column=column, pixels=config.size, square=config.fit, frozen=frozen)


def picture_paths(
    frame: pl.DataFrame, column: str, where: Path, config: RoleOptions, rows: list[int], notes: list[str]
) -> list[Path]:
    """Return the file of each picture that these rows of a column name.

    Args:
        frame: the table.
        column: of the names.
        where: the table's file.
        config: says which folder they are in, if not beside the table.
        rows: numbers of the rows.
        notes: gets a line where the folder was found.

    Raises:
        UserError: a cell is empty, or there is no such file; names the row.
    """
    names = [str(name or "").strip() for name in frame.get_column(column).cast(pl.String).gather(rows)]
    folders = picture_folders(names[0], folder_of(where), config.images, notes) if names else []
    paths = [locate(name, folders) if name else Path() for name in names]
    wrong = [i for i, path in enumerate(paths) if not names[i] or not path.is_file()]
    if wrong:
        name, row = names[wrong[0]], row_number(where, int(rows[wrong[0]]))
        found = f"found '{name}', and there is no such picture" if name else "the name of the picture is missing"
        more = f" (nor in {len(wrong) - 1:,} more rows)" if len(wrong) > 1 else ""
        raise UserError(
            f"{where}: row {row}, column '{column}': {found}{more}; name their folder with --images, mend the "
            f"cell{'s' * (len(wrong) > 1)}, or do without the column: --ignore '{column}'"
        )
    return paths


def picture_files(
    source: Path, config: RoleOptions, opened: Callable[[Path], pl.DataFrame] | None = None
) -> list[Path]:
    """Name the files beside a table that are read with it: its pictures, as far as they are there, and the encoder's.

    Args:
        source: the table.
        config: which columns name pictures, and where these are.
        opened: reads the table of a file; by default as `config` says.

    Raises:
        UserError: the table cannot be read.
    """
    files = [] if config.encoder == COMPACT else [Path(config.encoder)]
    if source.suffix.lower() == SUFFIX:
        return files
    parquet = parquet_files(source)  # of which no more is read than it takes
    if parquet:
        table = pl.scan_parquet(parquet)
    else:
        table = (read_table(source, names=config.header) if opened is None else opened(source)).lazy()
    frame = table.head(_LOOKED_AT).collect()
    left = {*config.ignore, *config.text, *config.category}
    columns = config.image or picture_columns(frame, left)
    found: dict[Path, None] = {}
    for column in columns:
        if column in frame.columns:
            told = table.select(pl.col(column).cast(pl.String).drop_nulls().unique(maintain_order=True)).collect()
            names = [n.strip() for n in told.to_series()]
            folders = picture_folders(names[0], source.parent, config.images) if names else []
            found |= dict.fromkeys(path for path in (locate(n, folders) for n in names if n) if path.is_file())
    return [*files, *found]
