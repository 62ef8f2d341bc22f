"""What the benchmark holds out of public sets is really new to the model, in the way that its name says."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

import pytest

from benchmarks.captioning.sets import VENDORS, Drawing, Split, one_vendor, skin_tones, whole_vendor

TONES = ("light", "medium", "dark")
CAPTIONS = [*(f"thing {i}" for i in range(50)), *(f"hand {i}: {tone} skin tone" for i in range(50) for tone in TONES)]
DRAWINGS = [
    Drawing(vendor, caption, Path(f"{vendor}/{number}.png"))
    for number, caption in enumerate(CAPTIONS)
    for vendor in VENDORS[: 1 + number % 4]
]


def captions(split: Split, part: str) -> set[str]:
    return {d.caption for i, d in enumerate(DRAWINGS) if split.get(i, "train") == part}


def test_captions_with_a_skin_tone_are_held_out_whole() -> None:
    split = skin_tones(DRAWINGS)
    parts = [captions(split, part) for part in ("train", "validation", "test")]
    assert [len(p) for p in parts] == [158, 12, 30]  # 30 of 150, then 12 of 120
    assert set.union(*parts) == set(CAPTIONS)
    assert all("skin tone" in caption for caption in parts[1] | parts[2])
    assert skin_tones(DRAWINGS) == split


def test_of_each_caption_one_drawing_is_held_out_and_one_at_least_is_learnt_from() -> None:
    split = one_vendor(DRAWINGS)
    by_caption: dict[str, list[str]] = defaultdict(list)
    for i, d in enumerate(DRAWINGS):
        by_caption[d.caption].append(split.get(i, "train"))
    assert all(parts.count("test") == (len(parts) > 1) and "train" in parts for parts in by_caption.values())
    assert 5 < sum("validation" in parts for parts in by_caption.values()) < 25  # a tenth, where three draw it
    assert len({DRAWINGS[i].vendor for i, part in split.items() if part == "test"}) == 4


@pytest.mark.parametrize("vendor", VENDORS)
def test_nothing_of_a_vendor_is_learnt_or_validated_on(vendor: str) -> None:
    split = whole_vendor(vendor)(DRAWINGS)
    assert {DRAWINGS[i].vendor for i, part in split.items() if part == "test"} == {vendor}
    assert all(split.get(i) == "test" for i, d in enumerate(DRAWINGS) if d.vendor == vendor)
    assert "validation" in split.values()
