"""The blocks of code in the documents, and what is said of each in a comment on the line before it.

<!-- not run: WHY -->   it cannot run in a test
<!-- awaits: WHAT -->   it does not run yet, since WHAT is not there; the tests fail as soon as it does
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_BLOCK = re.compile(
    r"(?:^[ \t]*<!-- (?P<mark>not run|awaits): (?P<why>.+?) -->\n)?"
    r"^(?P<indent>[ \t]*)```(?P<language>[\w+#-]*)(?P<title>[^\n]*)\n(?P<code>.*?)^(?P=indent)```$",
    re.MULTILINE | re.DOTALL,
)


@dataclass(frozen=True)
class Snippet:
    """One block of code.

    Attributes:
        document: where it stands.
        line: the line of its first line of code, from 1.
        language: as the document calls it; nothing if it says none.
        code: what stands in it.
        mark: `not run`, `awaits` or nothing.
        why: what the mark says.
    """

    document: Path
    line: int
    language: str
    code: str
    mark: str = ""
    why: str = ""


def snippets(document: Path) -> Iterator[Snippet]:
    """Yield the blocks of code of a document in their order."""
    text = document.read_text()
    for found in _BLOCK.finditer(text):
        yield Snippet(
            document,
            text.count("\n", 0, found.start("code")) + 1,
            found["language"],
            textwrap.dedent(found["code"]),
            found["mark"] or "",
            found["why"] or "",
        )


def shell_commands(code: str) -> Iterator[str]:
    """Yield the commands of a block for the shell, without comments, continued lines as one."""
    joined = code.replace("\\\n", " ")
    for line in joined.splitlines():
        command = re.sub(r"(^|\s)#.*$", "", line).strip()
        if command:
            yield command
