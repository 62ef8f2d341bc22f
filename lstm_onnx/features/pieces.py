"""Pieces of UTF-8: single bytes, frequent characters, and runs of them that byte-pair merges found in training.

Any text can be cut into pieces, as each byte is one. Which runs are pieces is learnt as in byte-pair encoding (Sennrich
and others 2016, doi:10.18653/v1/P16-1162); a text is cut from left to right, always into the longest piece that fits,
and not by going through the merges once more: that is the same in training, in Python and in a graph, needs whole
numbers alone, and models do as well with it (Uzan and others 2024, doi:10.18653/v1/2024.acl-short.73).
"""

from __future__ import annotations

import heapq
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from lstm_onnx.contract import Array
from lstm_onnx.features.words import FIRST

BYTES = 256
LONGEST = 16
"""Bytes of a piece at most; a graph looks at so many bytes after each."""
SINGLE = tuple(chr(k) if k < 128 else f"<0x{k:02X}>" for k in range(BYTES))
"""Names of the pieces of one byte: ASCII stands for itself, another byte is a part of a character."""

_CHUNK = re.compile(r"\n|[^\S\n]?\S+|\s")
_CHUNKS = 30_000
"""So many of the most frequent words say what is merged."""


def known_pieces(texts: Sequence[str], limit: int, least: int) -> tuple[str, ...]:
    """Learn the pieces: all bytes, then the most frequent characters beyond ASCII, then what merges give.

    Args:
        texts: of the training part.
        limit: pieces at most, the 256 bytes among them.
        least: how often a character, or two pieces side by side, must occur to be one; 2 at least.
    """
    room, least = max(0, limit - BYTES), max(2, least)
    if not room:
        return SINGLE
    signs = Counter(sign for text in texts for sign in text if not sign.isascii())
    ranked = sorted(signs.items(), key=lambda pair: (-pair[1], pair[0]))
    characters = [sign for sign, count in ranked if count >= least][:room]
    chunks = Counter(chunk for text in texts for chunk in _CHUNK.findall(text))
    frequent = sorted(chunks.items(), key=lambda pair: (-pair[1], pair[0]))[:_CHUNKS]
    merged = _merges(frequent, set(characters), room - len(characters), least)
    return (*SINGLE, *characters, *merged)


def _merges(chunks: Sequence[tuple[str, int]], characters: set[str], room: int, least: int) -> list[str]:
    """Join the two pieces that stand side by side most often, again and again."""
    rows = [[s if s.isascii() or s in characters else "" for s in chunk] for chunk, _ in chunks]  # "" joins nothing
    counts: Counter[tuple[str, str]] = Counter()
    where: defaultdict[tuple[str, str], set[int]] = defaultdict(set)

    def add(row: int, times: int) -> set[tuple[str, str]]:
        pairs = [pair for pair in pairwise(rows[row]) if all(pair) and len("".join(pair).encode()) <= LONGEST]
        for pair in pairs:
            counts[pair] += times
            where[pair].add(row)
        return set(pairs)

    for row, (_, count) in enumerate(chunks):
        add(row, count)
    queue = [(-count, pair) for pair, count in counts.items()]
    heapq.heapify(queue)
    found: dict[str, None] = {}
    while queue and len(found) < room:
        count, pair = heapq.heappop(queue)
        if -count != counts[pair]:  # it was counted again since, and stands in the queue as that, too
            continue
        if -count < least:
            break
        found["".join(pair)] = None
        changed: set[tuple[str, str]] = set()
        for row in sorted(where.pop(pair)):
            changed |= add(row, -chunks[row][1])
            rows[row] = _joined(rows[row], pair)
            changed |= add(row, chunks[row][1])
        for other in changed:
            heapq.heappush(queue, (-counts[other], other))
    return list(found)


def _joined(row: Sequence[str], pair: tuple[str, str]) -> list[str]:
    made: list[str] = []
    at = 0
    while at < len(row):
        both = tuple(row[at : at + 2]) == pair
        made.append("".join(pair) if both else row[at])
        at += 2 if both else 1
    return made


def blocks(texts: Iterable[str]) -> tuple[int, ...]:
    """Return the blocks of 256 characters of Unicode from which the texts have some; that of Latin-1 always."""
    return tuple(sorted({0, *(ord(sign) // BYTES for sign in set().union(*texts))}))


def contents(known: Sequence[str]) -> list[bytes]:
    """Return the bytes of each piece."""
    return [bytes([k]) for k in range(BYTES)] + [piece.encode() for piece in known[BYTES:]]


def numbered(known: Sequence[str]) -> dict[bytes, int]:
    """Return the number of each piece by its bytes."""
    return {content: k for k, content in enumerate(contents(known), start=FIRST)}


def cut(data: bytes, numbers: dict[bytes, int]) -> Array:
    """Return the numbers of the pieces of bytes, (pieces,): always the longest that fits."""
    if len(numbers) == BYTES:
        return np.frombuffer(data, dtype=np.uint8).astype(np.int64) + FIRST
    found, at = [], 0
    while at < len(data):
        size = next(n for n in range(LONGEST, 0, -1) if data[at : at + n] in numbers)
        found.append(numbers[data[at : at + size]])
        at += len(data[at : at + size])
    return np.array(found, dtype=np.int64)


class Trie(NamedTuple):
    """All pieces as ways from node 0, a byte a step, in arrays that a graph can look into (Aoe 1989, row displacement).

    The child of node n for byte b stands in place `base[n] + b`, if n owns that place. The last node is no way.

    Attributes:
        base: (nodes,).
        owner: (places,) the node that owns each, -1 for none.
        child: (places,) the node that is reached there.
        number: (nodes,) the number of the piece that ends there, 0 for none.
    """

    base: Array
    owner: Array
    child: Array
    number: Array


def trie(known: Sequence[str]) -> Trie:
    """Build it; bytes count from 0 to 256, the last of which stands behind a text and belongs to no piece."""
    children: list[dict[int, int]] = [{}]
    ends: dict[int, int] = {}
    for content, number in numbered(known).items():
        node = 0
        for byte in content:
            if byte not in children[node]:
                children[node][byte] = len(children)
                children.append({})
            node = children[node][byte]
        ends[node] = number
    children.append({})  # no way
    base = np.zeros(len(children), dtype=np.int64)
    owner: dict[int, int] = {}
    child: dict[int, int] = {}
    for node in sorted(range(len(children)), key=lambda n: -len(children[n])):  # what fits worst comes first
        while any(int(base[node]) + byte in owner for byte in children[node]):
            base[node] += 1
        for byte, other in children[node].items():
            owner[int(base[node]) + byte], child[int(base[node]) + byte] = node, other
    places = int(base.max()) + BYTES + 1
    return Trie(
        base=base,
        owner=np.array([owner.get(k, -1) for k in range(places)], dtype=np.int64),
        child=np.array([child.get(k, 0) for k in range(places)], dtype=np.int64),
        number=np.array([ends.get(k, 0) for k in range(len(children))], dtype=np.int64),
    )
