"""COCO's captions, and the splits of Karpathy and Fei-Fei (2015) of COCO, Flickr8k and Flickr30k."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from lstm_onnx.data.parts import part_of
from lstm_onnx.errors import UserError
from lstm_onnx_captioning.options import Config
from lstm_onnx_captioning.raw_captions import RawCaptions, Row

_FORMS = (
    "COCO's {'images': [{'id', 'file_name'}], 'annotations': [{'image_id', 'caption'}]}, Karpathy's {'images': "
    "[{'filename', 'split', 'sentences': [{'raw'}]}]}, or a list of records [{'image', 'caption'}]"
)


def read_json(content: Any, source: Path, config: Config) -> RawCaptions:
    """Read what `load_json` gave.

    Raises:
        UserError: it is of neither form, or an entry lacks something; says which.
    """
    images = content.get("images") if isinstance(content, dict) else None
    if not isinstance(images, list) or not images:
        raise UserError(f"{source}: holds JSON that is not {_FORMS}")
    if "annotations" in content:
        return _read_coco(images, content["annotations"], source, config)
    return RawCaptions(list(_karpathy_rows(images, source)), config)


def _read_coco(images: list[Any], annotations: Any, source: Path, config: Config) -> RawCaptions:
    captions: dict[str, list[str]] = defaultdict(list)
    empty = 0
    if not isinstance(annotations, list):
        raise UserError(f"{source}: annotations: is no list; it should be {_FORMS}")
    for i, entry in enumerate(annotations):
        place = f"{source}: annotations[{i}]"
        of = str(_value(entry, "image_id", place))  # "7" and 7 are the same picture
        if _value(entry, "caption", place) is None:
            empty += 1
            continue
        captions[of].append(_text(entry, "caption", place))
    _refuse_strangers(images, captions, source)
    rows = []
    for i, entry in enumerate(images):
        place = f"{source}: images[{i}]"
        own = captions.pop(str(_value(entry, "id", place)), [])
        part = part_of(entry["split"], place) if entry.get("split") is not None else None
        rows.append(Row(_text(entry, "file_name", place), tuple(own), part, place))
    lost = sum(map(len, captions.values()))
    notes = [f"captions of pictures that are not in the list, which are left out: {lost:,}"] if lost else []
    notes += [f"captions that are null, which are left out: {empty:,}"] if empty else []
    return RawCaptions(rows, config, tuple(notes))


def _refuse_strangers(images: list[Any], captions: Mapping[str, list[str]], source: Path) -> None:
    """Refuse captions of which none belongs to a picture of the list."""
    ids = [str(_value(entry, "id", f"{source}: images[{i}]")) for i, entry in enumerate(images)]
    if captions and not captions.keys() & set(ids):
        raise UserError(
            f"{source}: no image_id of the annotations is an id of the images: '{next(iter(captions))}' is an "
            f"image_id, and '{ids[0]}' an id; do both parts belong together?"
        )


def _karpathy_rows(images: list[Any], source: Path) -> Iterator[Row]:
    for i, entry in enumerate(images):
        place = f"{source}: images[{i}]"
        sentences = _value(entry, "sentences", place)
        if not isinstance(sentences, list):
            raise UserError(f"{place}: its 'sentences' are no list; the form is {_FORMS}")
        told = enumerate(s for s in sentences if not (isinstance(s, dict) and s.get("raw", "") is None))
        captions = tuple(_sentence(s, f"{place}.sentences[{k}]") for k, s in told)
        name = _text(entry, "filename", place)
        if entry.get("filepath"):
            name = f"{_text(entry, 'filepath', place)}/{name}"
        yield Row(name, captions, part_of(_value(entry, "split", place), place), place)


def _sentence(entry: Any, place: str) -> str:
    if isinstance(entry, dict) and "raw" not in entry and isinstance(entry.get("tokens"), list):
        return " ".join(map(str, entry["tokens"]))
    return _text(entry, "raw", place)


def _value(entry: Any, key: str, place: str) -> Any:
    if not isinstance(entry, dict) or key not in entry:
        found = f"found {', '.join(map(repr, entry))}" if isinstance(entry, dict) else f"found {type(entry).__name__}"
        raise UserError(f"{place}: has no '{key}' ({found}); the form is {_FORMS}")
    return entry[key]


def _text(entry: Any, key: str, place: str) -> str:
    value = _value(entry, key, place)
    if not isinstance(value, str):
        raise UserError(f"{place}: its '{key}' is {json.dumps(value)[:40]}, where text is needed")
    return value
