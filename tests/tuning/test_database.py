"""A search that processes share through a database, as several machines would. Needs PostgreSQL's programs."""

from __future__ import annotations

import gc
import os
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from lstm_onnx.tuning import study as studies

ADDING = Path(__file__).parents[1] / "adding.py"
WORDS = "--hidden 4 --longest 6 --threads 1 --quiet --trials 5 --epochs 2 --count 200".split()


def programs() -> Path | None:
    """Find where PostgreSQL's programs lie; Debian keeps them out of the path."""
    found = [*Path("/usr/lib/postgresql").glob("*/bin/initdb"), shutil.which("initdb")]
    return next((Path(initdb).parent for initdb in found if initdb), None)


@pytest.fixture(scope="module")
def database() -> Iterator[str]:
    """Start a server with an empty base; hand out its URL."""
    pytest.importorskip("psycopg")
    if (where := programs()) is None:
        pytest.skip("PostgreSQL is not installed")
    user = "postgres" if os.geteuid() == 0 else None  # it refuses to run as root
    folder = Path(tempfile.mkdtemp(prefix="base"))  # not below pytest's, which no other user may enter
    if user is not None:
        shutil.chown(folder, user)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]

    def run(*words: str) -> None:
        subprocess.run(words, check=True, user=user, cwd=folder, stdout=subprocess.DEVNULL)

    control = [str(where / "pg_ctl"), "-D", str(folder / "base"), "-w"]
    run(str(where / "initdb"), "-D", str(folder / "base"), "-U", "tester", "-A", "trust", "--no-sync")
    settings = f"-p {port} -k {folder} -c listen_addresses=127.0.0.1 -c fsync=off"
    run(*control, "-l", str(folder / "log"), "-o", settings, "start")
    try:
        yield f"postgresql+psycopg://tester@127.0.0.1:{port}/postgres"
    finally:
        run(*control, "-m", "immediate", "stop")
        shutil.rmtree(folder)


@pytest.mark.engines
@pytest.mark.filterwarnings("ignore")
def test_two_processes_share_a_database(database: str, tmp_path: Path) -> None:
    words = ["tune", "--plugin-file", str(ADDING), "--name", "shared", *WORDS, "--storage", database]
    command = [sys.executable, "-m", "lstm_onnx", *words, "--runs", str(tmp_path)]
    both = [subprocess.Popen(command, env=dict(os.environ)) for _ in range(2)]
    assert [p.wait(timeout=400) for p in both] == [0, 0]
    study, is_new = studies.open_study("shared", database, tmp_path, ["min"], 0, True)
    trials = study.get_trials()
    del study
    gc.collect()  # SQLAlchemy leaves its connections to the collector, and psycopg warns of them
    assert not is_new
    assert len({t.user_attrs[studies.WORKER] for t in trials if studies.WORKER in t.user_attrs}) == 2
    assert 5 <= len(trials) <= 6  # both may begin the last
    assert [t.user_attrs["run"] for t in trials].count("recipe") == 1
    # a machine with a folder of its own, that comes when all is done
    late = subprocess.run([*command[:-1], str(tmp_path / "own")], capture_output=True, text=True)
    assert late.returncode == 2
    assert "every trial that is complete lies on another machine" in late.stderr
