"""What a part of a file holds, ready to be asked about."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import polars as pl

from lstm_onnx.data.text_pieces import piece_of
from lstm_onnx.errors import UserError
from lstm_onnx.inference.part_list import Part


@contextmanager
def rows_of(part: Part, folder: Path) -> Iterator[Path | pl.DataFrame]:
    """Hand out a part: the file, its rows, or of text a file with its lines, which goes when the block ends.

    Args:
        part: what is wanted.
        folder: where such a file is made; one that a killed process left behind is called `.NAME.part.*`.

    Raises:
        UserError: it cannot be read; errors within the block that name the file of lines name the part instead.
    """
    if part.span is None:
        yield part.file if part.rows is None else _rows(part)
        return
    place = folder / f".{part.name}.part{part.file.suffix}"
    try:
        place.write_bytes(piece_of(part.file, *part.span))
        yield place
    except OSError as error:
        raise UserError(f"{part}: cannot be read: {error.strerror or error}") from None
    except UserError as error:
        raise UserError(str(error).replace(str(place), f"{part}, counted from the header")) from None
    finally:
        place.unlink(missing_ok=True)


def _rows(part: Part) -> pl.DataFrame:
    try:
        return pl.scan_parquet(part.file).slice(part.begin, part.rows).collect()
    except (pl.exceptions.PolarsError, OSError) as error:
        raise UserError(f"cannot be read: {error}") from None
