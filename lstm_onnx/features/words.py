"""From texts to the numbers of words, two ways; the ONNX graphs that do the same are in `word_graphs`.

Strings are cut at white space and looked up as they stand, so every usual spelling of a word is a key of its own:
`good`, `Good`, `GOOD`, `good,`. Bytes are folded to lower case (ASCII), cut where no letter or digit stands, and looked
up by a hash, in integer arithmetic alone: any runtime can do it, and a graph holds no word.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

Array = NDArray[Any]

PADDING, UNKNOWN, FIRST = 0, 1, 2
"""Numbers of no word, of any word that is not known, and of the first known word."""

SPACES = ("\n", "\r", "\t", " ")
MARKS = ("", ",", ".", "!", "?", ";", ":")
"""What may follow a known word without making it unknown."""

_ARROWS = "\u2190"
"""The first of the signs among which pictures are: before it stand ©, ® and °."""
_CHUNK = re.compile(f"[^{''.join(SPACES)}]+")
_BYTE_WORD = re.compile(rb"[0-9a-z\x80-\xff]+")
_PLACES = 32
"""The hash of a word tells places in it apart up to this many; further on they repeat."""


Units = Literal["words", "characters", "exact", "pieces"]
"""What bytes are cut into: words, characters but for white space and case, characters exactly as they stand, or pieces
of bytes (see `pieces`)."""

WORDLESS: Array = np.zeros(0, dtype=np.int64)
"""The numbers of no words."""


class Words(BaseModel):
    """How texts become numbers."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    column: str = Field(description="column of the table that held the texts")
    known: tuple[str, ...] = Field(description="words by id, from 2 on; 0 is padding, 1 any other word")
    units: Units = Field("words", description="what bytes are cut into; strings: words")
    blocks: tuple[int, ...] = Field((), description="blocks of 256 characters of Unicode that the texts have some of")
    letters: int = Field(0, ge=0, description="letters of a word that are read, too")
    alphabet: str = Field("", description="letters by number, from 2 on; 0 is none, 1 any other letter")
    spellings: dict[str, int] = Field(
        default_factory=dict, description="further ways to write known words, such as with a full stop -> id"
    )


def chunks(text: str) -> list[str]:
    """Cut at white space."""
    return _CHUNK.findall(text)


def plain(chunk: str) -> str:
    """Return a chunk in lower case without the marks around it.

    A chunk of marks alone is a word, such as `:)`. A picture in a chunk is the word, as it is what tells most: that of
    `love😍😍` is `😍`; with white space before it both are words.
    """
    if not chunk.isascii() and (picture := next((c for c in chunk if is_picture(c)), None)):
        return picture
    begin, end = 0, len(chunk)
    while begin < end and not chunk[begin].isalnum():
        begin += 1
    while end > begin and not chunk[end - 1].isalnum():
        end -= 1
    return chunk[begin:end].lower() or chunk


def is_picture(sign: str) -> bool:
    """Whether a sign is an emoji or its like."""
    return sign >= _ARROWS and unicodedata.category(sign) == "So"


def known_words(texts: Iterable[str], limit: int, min_count: int) -> tuple[tuple[str, ...], dict[str, int]]:
    """Learn the words of strings: the most frequent ones, and the ways in which they are written there -> number."""
    spelt = Counter(chunk for text in texts for chunk in chunks(text))
    counts: Counter[str] = Counter()
    for chunk, count in spelt.items():
        if word := plain(chunk):
            counts[word] += count
    known = _most_frequent(counts, limit, min_count)
    number = {word: i for i, word in enumerate(known, start=FIRST)}
    written = {chunk: number[plain(chunk)] for chunk in sorted(spelt) if plain(chunk) in number}
    return known, {chunk: n for chunk, n in written.items() if chunk not in usual_spellings(known[n - FIRST])}


def known_byte_words(texts: Iterable[str], limit: int, min_count: int) -> tuple[str, ...]:
    """Learn the words of bytes: the most frequent ones."""
    counts = Counter(word for text in texts for word in _BYTE_WORD.findall(text.encode().lower()))
    readable = Counter({word.decode(): count for word, count in counts.items() if _is_utf8(word)})
    return _most_frequent(readable, limit, min_count)


def known_characters(texts: Iterable[str], limit: int, min_count: int) -> tuple[str, ...]:
    """Learn the characters of bytes but for white space, the most frequent ones; ASCII capitals are small letters."""
    counts = Counter(sign for text in texts for sign in text)
    folded: Counter[str] = Counter()
    for sign, count in counts.items():
        if sign not in SPACES:
            folded[sign.lower() if sign.isascii() else sign] += count
    return _most_frequent(folded, limit, min_count)


def known_exactly(texts: Iterable[str], limit: int, min_count: int) -> tuple[str, ...]:
    """Learn the characters of bytes as they stand, white space among them, the most frequent ones."""
    return _most_frequent(Counter(sign for text in texts for sign in text), limit, min_count)


def _is_utf8(word: bytes) -> bool:
    try:
        word.decode()
    except UnicodeDecodeError:  # a letter cut in two: its first byte may not be one of ours
        return False
    return True


def _most_frequent(counts: Counter[str], limit: int, min_count: int) -> tuple[str, ...]:
    ranked = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))
    return tuple(word for word, count in ranked[:limit] if count >= min_count)


def usual_spellings(word: str) -> tuple[str, ...]:
    """Ways to write a known word that need no mention in the data: cases, and marks after it."""
    cases = dict.fromkeys((word, word.capitalize(), word.upper()))
    return tuple(case + mark for case in cases for mark in MARKS)


def spelling_table(known: Sequence[str], spellings: dict[str, int]) -> dict[str, int]:
    """Return every key -> the number of its word; what the data spells counts more than what is only usual."""
    table = {s: i for i, word in reversed(list(enumerate(known, start=FIRST))) for s in usual_spellings(word)}
    return table | spellings | {word: i for i, word in enumerate(known, start=FIRST)}


def look_up(texts: Sequence[str], table: dict[str, int]) -> tuple[Array, Array]:
    """Return the numbers of the words of strings, (batch, word) padded to one at least, and how many there are."""
    return pad([numbers(text, table) for text in texts])


def numbers(text: str, table: dict[str, int]) -> Array:
    """Return the numbers of the words of one string, (words,)."""
    return np.array([table.get(c, UNKNOWN) for c in chunks(text)], dtype=np.int64)


def pad(rows: Sequence[Array]) -> tuple[Array, Array]:
    """Pad rows of differing length with zeros to a common one, of at least 1."""
    lengths = np.array([len(row) for row in rows], dtype=np.int64)
    padded = np.zeros((len(rows), max(1, int(lengths.max(initial=0)))), dtype=np.int64)
    for target, row in zip(padded, rows, strict=True):
        target[: len(row)] = row
    return padded, lengths


def to_bytes(texts: Sequence[str]) -> tuple[Array, Array]:
    """Return UTF-8 bytes (batch, byte), padded with zeros to one at least, and how many there are."""
    encoded = [np.frombuffer(text.encode(), dtype=np.uint8) for text in texts]
    padded, lengths = pad(encoded)
    return padded.astype(np.uint8), lengths


@lru_cache(maxsize=3)
def byte_codes(units: Units = "words") -> Array:
    """Numbers (place in the word * 256 + byte) of which a word's hash is the sum; 0 for what is no letter.

    Of characters that count as they stand, the sum is another one for each. Else these are random numbers, that is
    tabulation hashing (Zobrist 1970): capitals have the codes of small letters, so that case makes no difference. The
    numbers stay below 2**18, so that the sums of words up to 64 bytes are exact even in float32.
    """
    if units == "exact":
        exact = np.zeros((_PLACES, 256), dtype=np.int64)
        exact[0] = np.arange(256)
        for place in (1, 2, 3):  # a byte that follows the first has 6 bits of its own
            exact[place] = np.arange(256) % 64 << 2 + 6 * place
        return exact.ravel()
    codes = np.random.default_rng(1970).integers(1, 2**18, size=(_PLACES, 256), dtype=np.int64)
    codes[:, ~letters(units)] = 0
    codes[:, ord("A") : ord("Z") + 1] = codes[:, ord("a") : ord("z") + 1]
    return codes.ravel()


def heads() -> Array:
    """Which bytes begin a character of UTF-8, (256,)."""
    found: Array = (np.arange(256) & 0xC0) != 0x80
    return found


def letters(units: Units = "words") -> Array:
    """Which bytes belong to words, (256,): letters, digits, all beyond ASCII; to characters: all, or no white space."""
    if units == "exact":
        return np.ones(256, dtype=np.bool_)
    if units == "characters":
        return np.array([chr(i) not in SPACES for i in range(256)])
    found = np.zeros(256, dtype=np.bool_)
    for one in b"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ":
        found[one] = True
    found[128:] = True
    return found


def bucket_count(known: int) -> int:
    """How many hashes to tell apart: a power of 2, 16 or more for each word as long as the table stays within 2**18.

    Of unknown words 3 to 7% meet the bucket of a known one, with up to 20,000 known words.
    """
    return int(2 ** np.clip(np.ceil(np.log2(16 * max(known, 1))), 8, 18))


def bucket_table(known: Sequence[str], units: Units = "words") -> Array:
    """Return the number of the word in each bucket, (buckets,); the more frequent word keeps a bucket that two want.

    Characters that count as they stand get so many buckets that no two want one, if a few more are enough for that.
    """
    codes = byte_codes(units)
    sums = []
    for word in known:
        found = np.frombuffer(word.encode(), dtype=np.uint8).astype(np.int64)
        sums.append(int(codes[np.arange(len(found)) % _PLACES * 256 + found].sum()))
    count = bucket_count(len(known))
    if units == "exact":
        apart = (n for n in range(count, 2 * count) if len({s % n for s in sums}) == len(sums))
        count = next(apart, count)
    table = np.full(count, UNKNOWN, dtype=np.int64)
    for i, s in reversed(list(enumerate(sums, start=FIRST))):
        table[s % count] = i
    return table


def look_up_bytes(padded: Array, lengths: Array, table: Array, units: Units = "words") -> tuple[Array, Array]:
    """Return the numbers of the words of bytes, (batch, word) padded to one at least, and how many there are.

    Step by step as the graph does it.

    Args:
        padded: uint8 (batch, byte).
        lengths: how many bytes of each row count.
        table: the word of each bucket.
        units: what is a word.
    """
    data = padded.astype(np.int64)
    batch, size = data.shape
    place = np.arange(size)
    inside = letters(units)[data] & (place < lengths[:, None])
    if units != "words":
        starts = inside & (heads()[data] | (place == 0))
        inside &= starts.cumsum(axis=1) > 0
    else:
        before = np.concatenate([np.zeros((batch, 1), dtype=np.bool_), inside[:, :-1]], axis=1)
        starts = inside & ~before
    number = starts.cumsum(axis=1)  # of the word that a byte is in, from 1
    counts = number[:, -1]
    slots = max(1, int(counts.max(initial=0)))
    slot = np.where(inside, number - 1, slots)  # one more for all that is in no word
    rows = np.broadcast_to(np.arange(batch)[:, None], slot.shape)
    first = np.zeros((batch, slots + 1), dtype=np.int64)
    np.add.at(first, (rows, slot), place * starts)
    within = (place - np.take_along_axis(first, slot, axis=1)) % _PLACES
    hashed = np.zeros((batch, slots + 1), dtype=np.int64)
    np.add.at(hashed, (rows, slot), byte_codes(units)[within * 256 + data])
    words = table[hashed[:, :slots] % len(table)]
    return np.where(np.arange(slots) < counts[:, None], words, PADDING), counts
