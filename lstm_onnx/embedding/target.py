"""What a target is: a language and a runtime for which `lstm-onnx embed` writes a program around a model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from lstm_onnx.errors import UserError

if TYPE_CHECKING:
    from lstm_onnx.embedding.project import Project


class Refusal(UserError):
    """Why a target would not run a model, and what to do instead; `embed` says of which file and target."""


@dataclass(frozen=True)
class Setting:
    """What a person may choose of a program, such as what its module is called.

    Attributes:
        name: what stands before the equals sign of `--set`.
        default: what holds where nothing is chosen; a template that sees `project`.
        meaning: what it is, in a line.
        form: regular expression that the whole value must fit.
        like: a value that does.
    """

    name: str
    default: str
    meaning: str
    form: str
    like: str


@dataclass(frozen=True)
class EmbedTarget:
    """A language and a runtime. Subclass it where templates are not enough: its methods are called in their order here.

    Commands are shell lines, run in the folder that is written; they are templates too, so that they can name the
    program: `build/{{ project.id }}`. A program takes `--self-test`, `--bench`, `--model FILE` and `--golden FILE`,
    and without the first two answers for its standard input, or asks a golden example (see `reads`).

    Attributes:
        name: what `--target` takes.
        title: what is written, in a line.
        needs: what it takes to build and run it, in a line for a person.
        runtime: the target of `lstm-onnx doctor` by whose rules models are refused.
        templates: folder of Jinja2 templates. `X.j2` is rendered and written as `X`, anything else copied, and what
            begins with `_` or `.` is neither. In paths, `NAME` stands for the project's identifier as in `my_model` and
            `PASCAL` for it as in `MyModel`.
        build: commands that build the program.
        program: command that starts it; empty where what is written is no program, such as a server's configuration.
        tools: programs that must be on the search path to build and run it.
        more: other commands, by what they do: how a server is started.
        has_files: whether the program opens the model and the golden examples when it runs (`--model`, `--golden`), and
            does not hold them in itself.
        reads: whether the program reads tables, texts and pictures; a library does not, and its program asks the first
            golden example instead.
        settings: what a person may choose (`--set NAME=VALUE`); templates see it as `settings.NAME`.
    """

    name: str
    title: str
    needs: str
    runtime: str
    templates: Path
    build: tuple[str, ...]
    program: str
    tools: tuple[str, ...]
    more: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    has_files: bool = True
    reads: bool = True
    settings: tuple[Setting, ...] = ()

    def chosen(self, settings: Mapping[str, str]) -> EmbedTarget:
        """Return the target as these settings make it, such as with other commands."""
        return self

    def layout(self) -> dict[str, str]:
        """Return what is written from which template: path in the folder -> template, both below `templates`."""
        return {path: path for path in templates_in(self.templates)}

    def fit(self, project: Project, model: bytes) -> Project:
        """Return the project as this target writes it, such as with fixed sizes; `project.settings` is what was chosen.

        Raises:
            Refusal: the target does not run this model, and the rules of `runtime` do not say so.
        """
        return project

    def context(self, project: Project, model: bytes) -> dict[str, object]:
        """Return what the templates see beside `project`, `target` and `commands`.

        Raises:
            Refusal: the target does not run this model, which only shows when it is tried.
        """
        return {}

    def files(self, project: Project, model: bytes, contract: str) -> dict[str, bytes]:
        """Return files that are not made from templates: path in the folder -> content.

        Args:
            project: as `fit` returned it.
            model: content of the file.
            contract: its contract, as it stands in the file.
        """
        from lstm_onnx.embedding.golden_file import golden_file

        return {
            "model.onnx": model,
            "model.json": f"{contract}\n".encode(),  # as export writes it
            "golden.bin": golden_file(project.contract),
        }

    def notes(self, project: Project) -> tuple[str, ...]:
        """Return what a person must know of this program before building it."""
        return ()


def templates_in(folder: Path) -> list[str]:
    """Return the files below a folder of templates, without parts that other templates include."""
    paths = sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file())
    return [path for path in paths if not any(part.startswith((".", "_")) for part in path.split("/"))]
