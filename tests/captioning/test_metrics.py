"""The metrics are those of pycocoevalcap, and are what they should be where that can be worked out by hand."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from lstm_onnx_captioning.baselines import nearest
from lstm_onnx_captioning.metrics import cider, finish, totals

from lstm_onnx.data.collected import Collected
from lstm_onnx.data.room import DiskRoom
from lstm_onnx.data.stored_rows import stored
from lstm_onnx.features.image import Image
from tests.captioning.tiny import frozen_encoder

WORDS = "a the red blue small large dog cat sits runs on under mat tree".split()


def corpus(seed: int, count: int, references: int, shortest: int) -> tuple[list[str], list[list[str]]]:
    """Random captions that share words with their references; some are exact, some empty."""
    random = np.random.default_rng(seed)

    def sentence() -> str:
        return " ".join(random.choice(WORDS, size=random.integers(shortest, 12)))

    captions, texts = [], []
    for k in range(count):
        own = [sentence() for _ in range(int(random.integers(1, references + 1)))]
        words = own[0].split()
        changed = [w if random.random() < 0.7 else str(random.choice(WORDS)) for w in words]
        captions.append(own[0] if k % 5 == 0 else "" if k % 7 == 6 else " ".join(changed))
        texts.append(own)
    return captions, texts


def scored(captions: list[str], texts: list[list[str]]) -> dict[str, float]:
    halves = []
    for part in (slice(0, len(captions) // 2), slice(len(captions) // 2, None)):
        references = np.array(["\n".join(t) for t in texts[part]], dtype=object)
        halves.append(totals({"caption": np.array(captions[part], dtype=object)}, {"caption": references}))
    judged = 0.0 + halves[0]["captions"][0] + halves[1]["captions"][0]
    return finish({"captions": (judged, len(captions))})


@pytest.mark.parametrize(("seed", "count", "references", "shortest"), [(0, 40, 1, 1), (1, 40, 5, 1), (2, 7, 3, 5)])
def test_scores_are_those_of_pycocoevalcap(seed: int, count: int, references: int, shortest: int) -> None:
    bleu = pytest.importorskip("pycocoevalcap.bleu.bleu_scorer")
    rouge = pytest.importorskip("pycocoevalcap.rouge.rouge")
    cider_d = pytest.importorskip("pycocoevalcap.cider.cider_scorer")
    captions, texts = corpus(seed, count, references, shortest)
    own = scored(captions, texts)
    judge = bleu.BleuScorer(n=4)
    weigh = cider_d.CiderScorer(n=4, sigma=6.0)
    for caption, references_of in zip(captions, texts, strict=True):
        judge += (caption, references_of)
        weigh += (caption, references_of)
    wanted, _ = judge.compute_score(option="closest", verbose=0)
    for n in range(4):
        assert own[f"bleu{n + 1}"] == pytest.approx(wanted[n], rel=1e-9, abs=1e-9)
    assert own["cider"] == pytest.approx(weigh.compute_score()[0], rel=1e-9)
    lengths = rouge.Rouge()
    alike = [lengths.calc_score([c], t) if c else 0.0 for c, t in zip(captions, texts, strict=True)]
    assert own["rouge_l"] == pytest.approx(float(np.mean(alike)), rel=1e-9)
    assert own["exact"] == np.mean([c in t for c, t in zip(captions, texts, strict=True)])


def test_what_is_right_scores_best_and_what_is_wrong_nothing() -> None:
    texts = [["a red dog on a mat"], ["the small cat under a tree"], ["two birds sing in the morning"]]
    best = scored([t[0] for t in texts], texts)
    assert best["exact"] == best["rouge_l"] == 1
    assert best["cider"] == pytest.approx(10)
    assert best["bleu4"] == pytest.approx(1)
    worst = scored(["fish", "fish", "fish"], texts)
    assert worst["exact"] == worst["rouge_l"] == worst["cider"] == 0
    assert worst["bleu1"] < 1e-6


def test_cider_of_one_picture_is_nothing_and_of_none_is_no_number() -> None:
    assert cider([["a", "dog"]], [[["a", "dog"]]]) == 0  # every word occurs in every picture
    assert all(math.isnan(v) for v in finish({"captions": (Collected(), 0.0)}).values())


def test_the_nearest_picture_is_found_by_colours_or_by_features(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LSTM_ONNX_CACHE", str(tmp_path / "cache"))
    random = np.random.default_rng(0)
    images = random.integers(0, 256, (300, 24, 24, 3)).astype(np.uint8)
    captions = [f"picture {k}" for k in range(300)]
    asked = np.clip(images[[7, 299]].astype(int) + 5, 0, 255).astype(np.uint8)
    picture = Image(name="image", pixels=24)
    monkeypatch.setattr("lstm_onnx_captioning.baselines._COMPARED", 100)
    for pictures in (list(images), stored([list(images)], DiskRoom(tmp_path))):
        answer = nearest(picture, pictures, captions)
        assert answer({"image": asked})["caption"].tolist() == ["picture 7", "picture 299"]
    frozen = Image(name="image", pixels=24, frozen=str(frozen_encoder(tmp_path / "eye.onnx"))).fit(list(images[:6]))
    answer = nearest(frozen, list(images[:20]), captions)
    seen = frozen.collate(frozen.prepare(list(images[[3, 11]])))
    assert answer({"image_features": 2 * seen["image_features"]})["caption"].tolist() == ["picture 3", "picture 11"]
