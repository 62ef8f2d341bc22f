"""Reads files of captions, whatever their form."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from lstm_onnx.data.images import IMAGE_FORMATS
from lstm_onnx.data.tables import FORMATS, check_readable, read_table, records_frame
from lstm_onnx.data.text_files import load_json
from lstm_onnx_captioning.options import Config
from lstm_onnx_captioning.raw_captions import RawCaptions, merged
from lstm_onnx_captioning.reading_folder import read_folder
from lstm_onnx_captioning.reading_json import read_json
from lstm_onnx_captioning.reading_tables import read_frame
from lstm_onnx_captioning.reading_tokens import SUFFIX, is_token_file, read_tokens


def read(source: Path, config: Config) -> RawCaptions:
    """Read the names of pictures with their captions; each picture comes in one row.

    A `.json` file may be COCO's captions, Karpathy's splits, or a list of records; a `.txt` file Flickr8k's tokens; a
    folder has pictures with texts beside them; all else is a table.

    Raises:
        UserError: the file cannot be read as any of these; says where, what was found and what to do.
    """
    if source.is_dir() and any(f.suffix.lower() in IMAGE_FORMATS for f in source.iterdir()):
        return read_folder(source, config)
    check_readable(source, (*FORMATS, SUFFIX))
    suffix = source.suffix.lower()
    if suffix == ".json":
        content = load_json(source)
        frame = records_frame(content, source) if isinstance(content, list) and content else None
        found = read_json(content, source, config) if frame is None else read_frame(frame, source, config)
    elif suffix == SUFFIX or (suffix == ".txt" and is_token_file(source)):
        found = read_tokens(source, config)
    else:
        found = read_frame(read_table(source), source, config)
    return replace(found, rows=merged(found.rows, source))
