"""Video: what is to be seen in a clip, and from when to when. Each frame gets a caption; those that agree are joined.

The frames are drawn: three scenes of coloured shapes, each for some frames, with a little noise. Another clip is a
folder of pictures, as `ffmpeg -i clip.mp4 -r 5 frames/%04d.png` writes them.

    python examples/worked/clip_captions.py exported/scenes.onnx
"""

import itertools
import sys
import tempfile
from collections import Counter
from pathlib import Path

import numpy as np
from lstm_onnx_captioning.scenes import scenes, share_out
from PIL import Image

import lstm_onnx as lo

RATE = 5
"""Frames a second."""


def drawn(folder, shots, random):
    """Write the frames of some shots; return what is to be seen in each, and in how many frames."""
    told, number = [], 0
    for pixels, caption in scenes(shots, share_out(random)[0], 64, random):
        frames = int(random.integers(8, 16))
        for _ in range(frames):
            noisy = np.clip(pixels + random.normal(0, 4, pixels.shape), 0, 255).astype(np.uint8)
            Image.fromarray(noisy).save(folder / f"{number:04}.png")
            number += 1
        told.append((caption, frames))
    return told


def joined(captions, around=2):
    """Take of each frame the caption that most frames around it have, and join neighbours: (caption, first, last)."""
    voted = [Counter(captions[max(0, k - around) : k + around + 1]).most_common(1)[0][0] for k in range(len(captions))]
    found, at = [], 0
    for caption, group in itertools.groupby(voted):
        count = len(list(group))
        found.append((caption, at, at + count))
        at += count
    return found


def main(file, frames=None, seed=0):
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(frames or temporary)
        told = drawn(folder, 3, np.random.default_rng(seed)) if frames is None else []
        captions = lo.load(file).predict(folder).table["caption"].to_list()
    found = joined(captions)
    for caption, first, last in found:
        print(f"{first / RATE:4.1f} to {last / RATE:4.1f} s: {caption}")
    for caption, count in told:
        print(f"really: {caption}, {count} frames")
    return found, told


if __name__ == "__main__":
    main(*sys.argv[1:3])
