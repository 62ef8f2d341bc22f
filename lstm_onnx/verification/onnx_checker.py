"""ONNX's full checker, in a process of its own: on some files it crashes, which must not end the one that asks."""

from __future__ import annotations

import os
import subprocess
import sys

TIME_LIMIT = 120.0
"""Seconds; the largest file that an LSTM makes takes a few."""

_REFUSED = 3
_CODE = f"""
import sys, onnx
try:
    onnx.checker.check_model(sys.stdin.buffer.read(), full_check=True)
except Exception as error:
    print(str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__)
    sys.exit({_REFUSED})
"""


class UnsoundError(Exception):
    """The checker refuses the file; says why."""


def run_checker(content: bytes) -> str:
    """Check a file's content, shapes included; about 0.3 s, most of it for the start of the process.

    Returns:
        in words what the checker said. That it crashed, or did not end in time, says nothing of the file.

    Raises:
        UnsoundError: it refuses the file.
    """
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    command = [sys.executable, "-P", "-c", _CODE]
    try:
        done = subprocess.run(
            command, input=content, capture_output=True, env=environment, timeout=TIME_LIMIT, check=False
        )
    except subprocess.TimeoutExpired:
        return f"the ONNX checker did not end within {TIME_LIMIT:g} s, and was stopped"
    if done.returncode == _REFUSED:
        raise UnsoundError(done.stdout.decode("utf-8", "replace").strip())
    if done.returncode:
        ended = f"signal {-done.returncode}" if done.returncode < 0 else f"exit status {done.returncode}"
        return f"the ONNX checker crashed ({ended}), which says nothing of the file"
    return "ONNX checker clean"
