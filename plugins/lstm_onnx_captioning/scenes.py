"""Scenes that the plugin draws itself: coloured shapes, with a caption that says exactly what is there.

A scene holds one group of like things, or two that stand apart: `three large white stars`, `two small red circles
above a large blue square`. There is one right caption for each picture: the group whose colour comes first in `COLOURS`
is named first, things do not overlap, and two groups lie clearly beside each other or clearly one above the other.

No part of the data shows a group that another part shows: where `two small red circles` are in the test, they are never
in training, but other numbers or sizes of red circles are. So a test scene cannot be told by having seen its like.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from math import cos, pi, sin

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

Pixels = NDArray[np.uint8]
Floats = NDArray[np.float64]
Point = tuple[float, float]

COLOURS = {
    "red": (205, 30, 35),
    "orange": (245, 130, 20),
    "yellow": (245, 225, 50),
    "green": (35, 150, 55),
    "blue": (35, 75, 205),
    "purple": (135, 40, 160),
    "white": (250, 250, 250),
    "black": (12, 12, 12),
}
SHAPES = ("circle", "square", "triangle", "star", "cross", "ring", "heart")
COUNTS = ("a", "two", "three")
SIZES = {"small": (0.08, 0.092), "large": (0.13, 0.15)}
"""Half the width of a thing, of the picture's: from, to."""
RELATIONS = ("left of", "right of", "above", "below")

_THROWS = 128
"""So often the places of a group are drawn by lot, to find some where nothing overlaps."""
_BESIDE = 0.4
"""Two groups lie beside each other if the one is at most so much higher as it is further left; likewise above."""
_FINER = 3
"""Things are drawn so many times as large and then made smaller, for smooth edges."""
_ALONE = 0.2
"""Share of scenes with one group."""
_MARGIN, _GAP = 0.015, 0.02
"""Of the picture's width: what stays free at its edge, and between two things."""


@dataclass(frozen=True)
class Group:
    """Like things: how many, how large, of which colour and shape."""

    count: int
    size: str
    colour: str
    shape: str

    @property
    def text(self) -> str:
        """Name it: `two small red crosses`."""
        plural = "" if self.count == 1 else "es" if self.shape == "cross" else "s"
        return f"{COUNTS[self.count - 1]} {self.size} {self.colour} {self.shape}{plural}"


Groups = tuple[Group, ...]


@dataclass(frozen=True)
class Scene:
    """One group, or two and where the first lies as seen from the second."""

    groups: Groups
    relation: str = ""

    @property
    def caption(self) -> str:
        """Say what is there."""
        return f" {self.relation} ".join(g.text for g in self.groups)


def share_out(random: np.random.Generator) -> tuple[Groups, Groups, Groups]:
    """Deal all groups to training, validation and test: of each colour and shape one to the test, one to validation."""
    parts: tuple[list[Group], list[Group], list[Group]] = ([], [], [])
    for colour, shape in product(COLOURS, SHAPES):
        kinds = [Group(count, size, colour, shape) for count, size in product(range(1, len(COUNTS) + 1), SIZES)]
        test, validation, *train = (kinds[i] for i in random.permutation(len(kinds)))
        for part, dealt in zip(parts, (train, [validation], [test]), strict=True):
            part += dealt
    return tuple(parts[0]), tuple(parts[1]), tuple(parts[2])


def scenes(count: int, groups: Groups, size: int, random: np.random.Generator) -> Iterator[tuple[Pixels, str]]:
    """Draw pictures (size, size, 3) with their captions, of these groups alone."""
    for _ in range(count):
        pixels = None
        while pixels is None:
            scene = invent(groups, random)
            pixels = draw(scene, size, random)
        yield pixels, scene.caption


def invent(groups: Groups, random: np.random.Generator) -> Scene:
    """Make up a scene of one group, or of two of different colours."""
    first = groups[random.integers(len(groups))]
    others = [group for group in groups if group.colour != first.colour]
    if not others or random.random() < _ALONE:
        return Scene((first,))
    order = list(COLOURS)
    pair = (first, others[random.integers(len(others))])
    return Scene(tuple(sorted(pair, key=lambda group: order.index(group.colour))), str(random.choice(RELATIONS)))


def draw(scene: Scene, size: int, random: np.random.Generator) -> Pixels | None:
    """Draw a scene on (size, size, 3) pixels; None where its things found no room."""
    radii = [random.uniform(*SIZES[g.size], size=g.count) for g in scene.groups]
    places = _places(scene.relation, radii, random)
    if places is None:
        return None
    side = size * _FINER
    image = _background(random).resize((side, side), Image.Resampling.BICUBIC)
    pen = ImageDraw.Draw(image)
    for group, reaches, centres in zip(scene.groups, radii, places, strict=True):
        colour = _varied(COLOURS[group.colour], 12, random)
        for (x, y), reach in zip(centres * side, reaches * side, strict=True):
            _thing(pen, group.shape, (float(x), float(y)), float(reach), float(random.uniform(-0.25, 0.25)), colour)
    small = np.asarray(image.resize((size, size), Image.Resampling.BOX), dtype=np.float32)
    grain = random.normal(0, random.uniform(1, 5), size=small.shape)
    return np.clip(np.rint(small + grain), 0, 255).astype(np.uint8)


def _places(relation: str, radii: list[Floats], random: np.random.Generator) -> list[Floats] | None:
    """Find centres (thing, 2) for each group, x and y from 0 to 1, where nothing overlaps and the relation is clear."""
    if len(radii) == 1:
        alone = _throw(radii[0], np.zeros(2), np.ones(2), random)
        return [alone[0]] if len(alone) else None
    axis = 0 if relation in ("left of", "right of") else 1
    end, begin = np.ones(2), np.zeros(2)
    end[axis] = begin[axis] = random.uniform(0.45, 0.55)
    first_is_near = relation in ("left of", "above")
    near, far = (
        _throw(radii[not first_is_near], np.zeros(2), end, random),
        _throw(radii[first_is_near], begin, np.ones(2), random),
    )
    if not len(near) or not len(far):
        return None
    apart = far.mean(axis=1)[None] - near.mean(axis=1)[:, None]  # (throw, throw, 2)
    clear = np.argwhere(np.abs(apart[..., 1 - axis]) <= _BESIDE * apart[..., axis])
    if not len(clear):
        return None
    i, j = clear[random.integers(len(clear))]
    return [near[i], far[j]] if first_is_near else [far[j], near[i]]


def _throw(radii: Floats, low: Floats, high: Floats, random: np.random.Generator) -> Floats:
    """Return centres (throw, thing, 2) of things within a box, of the throws where none overlap."""
    edge = radii[:, None] + _MARGIN
    begin, end = low + edge, high - edge
    if bool((begin > end).any()):
        return np.empty((0, len(radii), 2))
    centres = random.uniform(begin, end, size=(_THROWS, len(radii), 2))
    distances = np.linalg.norm(centres[:, :, None] - centres[:, None], axis=-1)
    needed = radii[:, None] + radii + _GAP
    np.fill_diagonal(needed, 0)
    chosen: Floats = centres[(distances >= needed).all(axis=(1, 2))]
    return chosen


def _background(random: np.random.Generator) -> Image.Image:
    """Make a few pixels of a soft middle grey, tinted, from which a background grows."""
    base = random.uniform(120, 185) + random.uniform(-14, 14, size=3)
    corners = base + random.uniform(-18, 18, size=(3, 3, 1)) + random.uniform(-6, 6, size=(3, 3, 3))
    return Image.fromarray(np.clip(corners, 0, 255).astype(np.uint8))


def _varied(colour: tuple[int, int, int], by: float, random: np.random.Generator) -> tuple[int, int, int]:
    red, green, blue = (int(np.clip(c + random.uniform(-by, by), 0, 255)) for c in colour)
    return red, green, blue


def _thing(
    pen: ImageDraw.ImageDraw, shape: str, centre: Point, reach: float, turn: float, colour: tuple[int, int, int]
) -> None:
    """Draw one thing around a centre; `reach` is half its width in pixels, `turn` in radians."""
    x, y = centre
    box = (x - reach, y - reach, x + reach, y + reach)
    if shape == "circle":
        pen.ellipse(box, fill=colour)
    elif shape == "ring":
        pen.ellipse(box, outline=colour, width=round(0.36 * reach))
    else:
        c, s = cos(turn), sin(turn)
        pen.polygon([(x + reach * (c * u - s * v), y + reach * (s * u + c * v)) for u, v in OUTLINES[shape]], colour)


def _wheel(*radii: float, corners: int) -> tuple[Point, ...]:
    """Corners around the centre, the first above it, at these distances in turn."""
    angles = [2 * pi * k / corners - pi / 2 for k in range(corners)]
    return tuple((radii[k % len(radii)] * cos(a), radii[k % len(radii)] * sin(a)) for k, a in enumerate(angles))


def _heart() -> tuple[Point, ...]:
    """A well-known curve of sines, 32 points of it, of half the width 1."""
    angles = [2 * pi * k / 32 for k in range(32)]
    tops = [13 * cos(a) - 5 * cos(2 * a) - 2 * cos(3 * a) - cos(4 * a) for a in angles]
    return tuple((sin(a) ** 3, -(top + 2.5) / 16) for a, top in zip(angles, tops, strict=True))


OUTLINES: dict[str, tuple[Point, ...]] = {
    "square": ((-0.85, -0.85), (0.85, -0.85), (0.85, 0.85), (-0.85, 0.85)),
    "triangle": tuple((u, v + 0.15) for u, v in _wheel(1.15, corners=3)),
    "star": _wheel(1.1, 0.48, corners=10),
    "cross": (
        *((-0.3, -1.0), (0.3, -1.0), (0.3, -0.3), (1.0, -0.3), (1.0, 0.3), (0.3, 0.3)),
        *((0.3, 1.0), (-0.3, 1.0), (-0.3, 0.3), (-1.0, 0.3), (-1.0, -0.3), (-0.3, -0.3)),
    ),
    "heart": _heart(),
}
"""Corners of each shape that has some, x to the right and y down, within about 1 of the centre."""
