"""Scenes are what their captions say, come from the seed alone, and hold no kind that another part shows."""

from __future__ import annotations

import re
from collections import Counter

import numpy as np
import pytest
from lstm_onnx_captioning import scenes as drawn
from lstm_onnx_captioning.scenes import COLOURS, RELATIONS, SHAPES, SIZES, Group, Scene, scenes, share_out

ALL: drawn.Groups = tuple(
    Group(n, size, colour, shape) for n in (1, 2, 3) for size in SIZES for colour in COLOURS for shape in SHAPES
)
NAMES = {group.text: group for group in ALL}


def groups_of(caption: str) -> set[Group]:
    return {NAMES[text] for text in re.split("|".join(f" {r} " for r in RELATIONS), caption)}


@pytest.mark.parametrize("seed", range(20))
def test_no_group_is_in_two_parts_and_each_part_has_every_colour_with_every_shape(seed: int) -> None:
    parts = share_out(np.random.default_rng(seed))
    assert Counter(group for part in parts for group in part) == Counter(ALL)
    assert [len(part) for part in parts] == [224, 56, 56]
    for part in parts:
        assert {(g.colour, g.shape) for g in part} == {(c, s) for c in COLOURS for s in SHAPES}


def test_which_groups_are_kept_for_the_test_depends_on_the_seed() -> None:
    assert len({share_out(np.random.default_rng(seed))[2] for seed in range(10)}) == 10


def test_scenes_hold_groups_of_their_part_alone_and_some_of_each() -> None:
    _, _, test = share_out(np.random.default_rng(0))
    captions = [caption for _, caption in scenes(400, test, 16, np.random.default_rng(1))]
    count = Counter(group for caption in captions for group in groups_of(caption))
    assert set(count) == set(test)
    assert all(len(groups_of(c)) == 1 + any(f" {r} " in c for r in RELATIONS) for c in captions)


def test_the_same_seed_draws_the_same_scenes_and_another_others() -> None:
    first, again, other = (list(scenes(5, ALL, 32, np.random.default_rng(seed))) for seed in (3, 3, 4))
    assert [c for _, c in first] == [c for _, c in again] != [c for _, c in other]
    assert all(np.array_equal(a, b) for (a, _), (b, _) in zip(first, again, strict=True))


def test_captions_say_count_size_colour_shape_and_relation() -> None:
    stars, cross = Group(3, "small", "white", "star"), Group(2, "large", "blue", "cross")
    assert Scene((stars,)).caption == "three small white stars"
    assert Scene((cross, stars), "right of").caption == "two large blue crosses right of three small white stars"
    assert Group(1, "large", "red", "heart").text == "a large red heart"


def test_the_colour_that_comes_first_is_named_first() -> None:
    order = list(COLOURS)
    for _, caption in scenes(60, ALL, 16, np.random.default_rng(0)):
        named = [order.index(c) for c in re.findall("|".join(COLOURS), caption)]
        assert named == sorted(set(named))


def spots(pixels: np.ndarray, colour: str) -> np.ndarray:
    """Return rows and columns of the pixels that are nearer to a colour than to anything a background may be."""
    distance = np.linalg.norm(pixels.astype(float) - np.array(COLOURS[colour]), axis=-1)
    return np.argwhere(distance < 45)


@pytest.mark.parametrize("relation", RELATIONS)
def test_groups_lie_as_the_caption_says(relation: str) -> None:
    random = np.random.default_rng(5)
    for count in (1, 2, 3):
        pixels = None
        while pixels is None:
            scene = Scene((Group(count, "large", "red", "square"), Group(1, "small", "blue", "circle")), relation)
            pixels = drawn.draw(scene, 64, random)
        red, blue = spots(pixels, "red"), spots(pixels, "blue")
        axis = 1 if relation in ("left of", "right of") else 0
        before = relation in ("left of", "above")
        low, high = (red, blue) if before else (blue, red)
        assert low[:, axis].max() < high[:, axis].min()
        things = 3.4 * np.square(np.array(SIZES["large"]) * 64 * 0.85)
        assert things[0] * count < len(red) < 1.3 * things[1] * count + 20


AREAS = {"circle": 3.14, "square": 2.89, "triangle": 1.72, "star": 1.55, "cross": 2.04, "ring": 1.86, "heart": 2.1}
"""Of each shape, where half its width is 1."""


@pytest.mark.parametrize("shape", SHAPES)
def test_each_shape_covers_about_what_it_should(shape: str) -> None:
    random, shares = np.random.default_rng(0), []
    for _ in range(10):
        pixels = drawn.draw(Scene((Group(1, "large", "black", shape),)), 128, random)
        assert pixels is not None
        shares.append(len(spots(pixels, "black")) / 128**2 / 0.14**2)
    assert np.mean(shares) == pytest.approx(AREAS[shape], rel=0.15)


def test_things_that_find_no_room_are_not_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(drawn.SIZES, "large", (0.45, 0.46))
    pair = (Group(3, "large", "red", "ring"), Group(3, "large", "blue", "ring"))
    assert drawn.draw(Scene(pair, "above"), 16, np.random.default_rng(0)) is None
    assert drawn.draw(Scene(pair[:1]), 16, np.random.default_rng(0)) is None


def test_pixels_never_repeat() -> None:
    random = np.random.default_rng(0)
    scene = Scene((Group(1, "small", "red", "ring"),))
    made = {drawn.draw(scene, 32, random).tobytes() for _ in range(20)}  # type: ignore[union-attr]
    assert len(made) == 20
