"""Power cuts on a real file system: ext4 on a loop device, copied while it is in use, mounted again from the copy.

What the copy holds is what the device had received when it was taken: a cut of the power. Needs root, losetup and
mkfs.ext4; everywhere else the recorder (`kills.cuts`) stands in.
"""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.faults.kills import COMMAND, OPTIONS, _is_whole

MEGABYTES = 128


def possible() -> bool:
    """Whether this machine lets us mount an image."""
    tools = all(shutil.which(tool) for tool in ("losetup", "mkfs.ext4", "mount"))
    return sys.platform == "linux" and os.geteuid() == 0 and tools


def cut(folder: Path, count: int, seed: int) -> dict[str, int]:
    """Cut the power `count` times while a run trains, and count what is left."""
    chance = random.Random(seed)
    counts = {"cuts": 0, "before the first file": 0, "whole": 0, "lost": 0}
    image = folder / "disk.img"
    with image.open("wb") as file:
        file.truncate(MEGABYTES << 20)
    subprocess.run(["mkfs.ext4", "-q", "-F", str(image)], check=True)
    with mounted(image, folder / "disk") as disk:
        child = subprocess.Popen([*COMMAND, *OPTIONS, f"--runs={disk / 'runs'}"], stdout=subprocess.DEVNULL)
        promised = False
        while child.poll() is None and not (disk / "runs" / "adding").exists():
            time.sleep(0.1)  # it is still reading its own code
        while child.poll() is None and counts["cuts"] < count:
            time.sleep(chance.uniform(0.2, 1.5))
            here = (disk / "runs" / "adding" / "run.json").exists()  # said before the copy is taken
            copy = folder / "copy.img"
            child.send_signal(signal.SIGSTOP)  # nothing of ours reaches the device while it is copied
            shutil.copyfile(image, copy)
            child.send_signal(signal.SIGCONT)
            counts["cuts"] += 1
            with mounted(copy, folder / "left") as left:
                run = left / "runs" / "adding"
                if not promised and not (run / "run.json").exists():
                    counts["before the first file"] += 1
                else:
                    counts["whole" if _is_whole(run, left / "exported") else "lost"] += 1
            promised = promised or here
        child.kill()
        child.wait()
    return counts


@contextmanager
def mounted(image: Path, at: Path) -> Iterator[Path]:
    """Mount an image, and unmount it however the block ends."""
    at.mkdir(exist_ok=True)
    subprocess.run(["mount", "-o", "loop", str(image), str(at)], check=True)
    try:
        yield at
    finally:
        subprocess.run(["umount", str(at)], check=True)
