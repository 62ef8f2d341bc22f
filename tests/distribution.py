"""How `make test` shares the tests out: a file to a process, pages one by one, and first what takes longest."""

from __future__ import annotations

from typing import Any

import pytest
from xdist.scheduler import LoadFileScheduling

BY_TEST = ("tests/documents/test_snippets.py", "tests/documents/test_notebooks.py")
"""Files whose tests share nothing: each is a unit of its own."""
FIRST = (
    "tests/documents/test_notebooks.py",
    "tests/documents/test_snippets.py",
    "tests/captioning/test_graph.py",
    "tests/textgen/test_path.py",
    "tests/exporting/test_joint_search.py",
    "tests/embedding/test_programs.py",
    "tests/speech/test_path.py",
    "tests/translate/test_path.py",
    "tests/tagging/test_path.py",
)
"""What takes longest, so that no process is busy with it at the end, when the others have nothing left."""


class ByFile(LoadFileScheduling):  # type: ignore[misc]
    """xdist's `--dist loadfile`, but for the tests of `BY_TEST`."""

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        return nodeid if file in BY_TEST else file


def slow_first(items: list[pytest.Item]) -> None:
    """Sort tests in place: those of `FIRST` in their order, and then the others as they were."""
    place = {file: number for number, file in enumerate(FIRST)}
    items.sort(key=lambda item: place.get(item.nodeid.partition("::")[0], len(FIRST)))


def scheduler(config: pytest.Config, log: Any) -> ByFile | None:
    """Return what shares out the tests where `--dist loadfile` was asked for."""
    if config.getvalue("dist") != "loadfile":
        return None
    config.option.loadscopereorder = False  # the order is that of `slow_first`
    return ByFile(config, log)
