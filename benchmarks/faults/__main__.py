"""Faults by the dozen: kills, power cuts, faults planted in files, and damaged inputs, with counts of what went wrong.

python -m benchmarks.faults                         # a few of each, some minutes
python -m benchmarks.faults mutants --count 300     # for longer, of one kind
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
from pathlib import Path

PARTS = ("kills", "power", "mutants", "inputs")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.faults", description=__doc__)
    parser.add_argument("parts", nargs="*", default=PARTS, help=f"of {', '.join(PARTS)}; all if none is given")
    parser.add_argument(
        "--count", type=int, default=10, help="kills, cuts of a real disk, faults or inputs of each kind"
    )
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--models", nargs="*", default=("adding", "vowels", "texts", "traffic"))
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        os.environ.setdefault("LSTM_ONNX_CONFIG", str(Path(name) / "config"))
        for part in given.parts:
            folder = Path(name) / part
            folder.mkdir()
            for what, found in run(part, folder, given).items():
                print(json.dumps({"part": part, "of": what} | found), flush=True)


def run(part: str, folder: Path, given: argparse.Namespace) -> dict[str, dict[str, object]]:
    """Return the counts of a part, by what they are of."""
    if part == "kills":
        from benchmarks.faults.kills import kill

        return {"training": vars(kill(folder, given.count, given.seed))}
    if part == "power":
        from benchmarks.faults.disk_image import cut, possible
        from benchmarks.faults.kills import cuts

        found: dict[str, dict[str, object]] = {"recorder": dict(cuts(folder))}
        if possible():
            found["ext4 on a loop device"] = dict(cut(folder, given.count, given.seed))
        return found
    if part == "inputs":
        from benchmarks.faults.inputs import give

        return {name: vars(o) | {"found": dict(o.found)} for name, o in give(folder, given.count, given.seed)}
    from benchmarks.faults.models import subjects
    from benchmarks.faults.mutants import plant

    return {
        subject.name: vars(tally.all) | {"share": tally.all.share, "missed": dict(tally.missed)}
        for subject in subjects(folder, tuple(given.models))
        for tally in [plant(subject, given.count, given.seed)]
    }


if __name__ == "__main__":
    main()
