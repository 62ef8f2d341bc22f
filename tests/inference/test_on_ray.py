"""Parts on a Ray cluster: the same bytes as without, whatever becomes of an actor."""

from __future__ import annotations

import os
import signal
import socket
import threading
import time
from pathlib import Path

import polars as pl
import pytest

from lstm_onnx.errors import UserError
from lstm_onnx.inference.in_parts import predict_parts
from lstm_onnx.inference.on_ray import BEGUN, Answering
from lstm_onnx.inference.part_answer import Asked
from lstm_onnx.inference.part_list import Part

NEWS = Path(__file__).parents[2] / "exported" / "news.onnx"
ROWS = 40


@pytest.fixture(scope="module")
def texts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("texts")
    for name, count in (("a", 1200), ("b", 400)):
        rows = {"id": range(count), "text": [f"oil bank rate {'corn ' * (k % 9)}" for k in range(count)]}
        pl.DataFrame(rows).write_parquet(folder / f"{name}.parquet")
    return folder / "*.parquet"


@pytest.fixture(scope="module")
def alone(texts: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The answers of one process."""
    folder = tmp_path_factory.mktemp("alone") / "out"
    predict_parts(Asked(str(NEWS)), texts, folder, part_rows=ROWS)
    return answers(folder)


def answers(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in folder.glob("*.parquet")}


def actors(node: int) -> list[int]:
    """List the processes of a node, given that of its driver, that answer."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            title = (folder / "cmdline").read_bytes()
            raylet = (folder / "stat").read_text().rpartition(")")[2].split()[1]
            driver = Path(f"/proc/{raylet}/stat").read_text().rpartition(")")[2].split()[1]
        except OSError:
            continue  # it has ended meanwhile
        if title.startswith(b"ray::MapWorker") and int(driver) == node:
            found.append(int(folder.name))
    return found


@pytest.mark.engines
@pytest.mark.filterwarnings("ignore")  # Ray Data warns of names of its own, and leaves sockets to the collector
def test_killed_actors_lose_and_double_nothing(
    ray_node: tuple[str, int], texts: Path, alone: dict[str, bytes], tmp_path: Path
) -> None:
    address, node = ray_node
    killed: list[int] = []

    def kill() -> None:
        """Kill all actors while one of them is within a part: they are held still, to see that it is."""
        while not killed:
            time.sleep(0.01)
            if len(answers(tmp_path / "out")) < 3 or not (there := actors(node)):
                continue
            for actor in there:
                os.kill(actor, signal.SIGSTOP)
            time.sleep(0.05)
            within = list((tmp_path / "out").glob(BEGUN))
            for actor in there:
                os.kill(actor, signal.SIGKILL if within else signal.SIGCONT)
            killed.extend(there if within else [])

    killer = threading.Thread(target=kill, daemon=True)
    killer.start()
    done = predict_parts(Asked(str(NEWS)), texts, tmp_path / "out", part_rows=ROWS, ray=address, workers=2)
    killer.join(1)
    assert killed, "it was killed in the middle"
    assert (done.parts, done.before, done.rows, done.failed) == (40, 0, 1600, {})
    assert answers(tmp_path / "out") == alone
    assert not list((tmp_path / "out").glob(".*"))


@pytest.mark.engines
@pytest.mark.filterwarnings("ignore")  # Ray Data warns of names of its own, and leaves sockets to the collector
def test_it_goes_on_where_one_process_was(
    ray_node: tuple[str, int], texts: Path, alone: dict[str, bytes], tmp_path: Path
) -> None:
    predict_parts(Asked(str(NEWS)), texts, tmp_path / "out", part_rows=ROWS)
    for name in ("a-07.parquet", "b-3.parquet"):
        (tmp_path / "out" / name).unlink()
    done = predict_parts(Asked(str(NEWS)), texts, tmp_path / "out", part_rows=ROWS, ray=ray_node[0])
    assert (done.parts, done.before, done.rows) == (40, 38, 80)
    assert answers(tmp_path / "out") == alone


def test_a_part_that_takes_its_process_with_it_is_set_aside(texts: Path, tmp_path: Path) -> None:
    part, begun = Part(texts.parent / "b.parquet", "b"), tmp_path / BEGUN.replace("*", "b")
    begun.write_text("3")
    _, rows, _, wrong = Answering().answer(Asked(str(NEWS)), part, tmp_path)
    assert rows == 0 and wrong is not None and "lost 3 times over" in wrong
    assert not begun.exists() and not answers(tmp_path)
    _, rows, _, wrong = Answering().answer(Asked(str(NEWS)), part, tmp_path)
    assert (rows, wrong) == (400, None) and list(answers(tmp_path)) == ["b.parquet"]
    assert not begun.exists()


def test_a_machine_without_the_model_says_so(texts: Path, tmp_path: Path) -> None:
    part = Part(texts.parent / "b.parquet", "b")
    *_, wrong = Answering().answer(Asked(str(tmp_path / "none.onnx")), part, tmp_path)
    assert wrong is not None and "b.parquet: " in wrong and "none.onnx" in wrong


def test_ray_that_is_not_there_is_named(texts: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "ray", None)
    with pytest.raises(UserError, match=r"--ray: Ray is not installed; pip install 'lstm-onnx\[ray\]'"):
        predict_parts(Asked(str(NEWS)), texts, tmp_path / "out", ray="local")


def test_an_address_where_nobody_is_is_refused_at_once(texts: Path, tmp_path: Path) -> None:
    pytest.importorskip("ray.data")
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"127.0.0.1:{server.getsockname()[1]}"
    with pytest.raises(UserError, match=rf"--ray {address}: there is no such cluster \(.*refused"):
        predict_parts(Asked(str(NEWS)), texts, tmp_path / "out", ray=address)
