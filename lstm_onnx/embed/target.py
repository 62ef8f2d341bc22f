"""What a target is: a language and a runtime for which `lstm-onnx embed` writes a program around a model."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lstm_onnx.embed.project import Project


@dataclass(frozen=True)
class EmbedTarget:
    """A language and a runtime. Subclass it where templates are not enough.

    Commands are shell lines, run in the folder that is written; they are templates too, so that they can name the
    program: `build/{{ project.id }}`. Every program takes `--self-test`, `--bench`, `--model FILE` and `--golden FILE`,
    and without the first two answers for its standard input.

    Attributes:
        name: what `--target` takes.
        title: what is written, in a line.
        needs: what it takes to build and run it, in a line for a person.
        runtime: the target of `lstm-onnx doctor` by whose rules models are refused.
        templates: folder of Jinja2 templates. `X.j2` is rendered and written as `X`, anything else copied, and what
            begins with `_` or `.` is neither. In paths, `NAME` stands for the project's identifier as in `my_model` and
            `PASCAL` for it as in `MyModel`.
        build: commands that build the program.
        program: command that starts it.
        tools: programs that must be on the search path to build and run it.
    """

    name: str
    title: str
    needs: str
    runtime: str
    templates: Path
    build: tuple[str, ...]
    program: str
    tools: tuple[str, ...]

    def refusal(self, project: Project) -> str | None:
        """Say why a model cannot be embedded and what to do instead, if the rules of `runtime` do not say it."""
        return None

    def extra(self, project: Project, model: bytes) -> dict[str, bytes]:
        """Return files that are not made from templates: path in the folder -> content.

        Raises:
            UserError: they cannot be made.
        """
        return {}
