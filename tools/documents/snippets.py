"""The blocks of code in the documents.

One that cannot run in a test says why, in a comment before it, with or without an empty line between:

<!-- not run: WHY -->
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_BLOCK = re.compile(
    r"(?:^[ \t]*<!-- not run: (?P<why>(?:(?!-->).)+?) -->\n(?:[ \t]*\n)*)?"
    r"^(?P<indent>[ \t]*)```(?P<language>[\w+#-]*)[^\n]*\n"
    r"(?P<code>.*?)^(?P=indent)```$",
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
        why_not: why it is not run; nothing if it is.
    """

    document: Path
    line: int
    language: str
    code: str
    why_not: str = ""


def snippets(document: Path) -> Iterator[Snippet]:
    """Yield the blocks of code of a document in their order."""
    text = document.read_text()
    for found in _BLOCK.finditer(text):
        yield Snippet(
            document,
            text.count("\n", 0, found.start("code")) + 1,
            found["language"],
            textwrap.dedent(found["code"]),
            found["why"] or "",
        )


def shell_commands(code: str) -> Iterator[str]:
    """Yield the commands of a block for the shell, without comments, continued lines as one."""
    joined = code.replace("\\\n", " ")
    for line in joined.splitlines():
        command = re.sub(r"(^|\s)#.*$", "", line).strip()
        if command:
            yield command
