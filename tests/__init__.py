"""Tests, in one thread each: pytest runs as many processes as there are cores, and a test's subprocesses are theirs."""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")  # read when numpy and torch are loaded, which the first fixtures do
