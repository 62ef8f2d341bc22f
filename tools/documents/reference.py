"""The parts of the documents that are made from the code, so that they cannot drift.

A page asks for one by a comment on a line of its own, `<!-- made from the code: NAME ARGUMENT -->`; `PARTS` has all
names.
"""

from __future__ import annotations

import inspect
import re
import tomllib
import types
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from typer.core import TyperArgument, TyperCommand, TyperOption

import lstm_onnx
from lstm_onnx import errors, plugin
from lstm_onnx.cli.app import COMMANDS, load
from lstm_onnx.compatibility.runtimes import TARGETS
from lstm_onnx.contract import Contract
from lstm_onnx.embedding.registry import load_targets
from lstm_onnx.plugins.registry import load_task
from lstm_onnx.task import Task
from lstm_onnx.training.options import TrainingOptions
from lstm_onnx.verification import report

ROOT = Path(__file__).parents[2]
MARK = re.compile(r"^<!-- made from the code: (.+?) -->$", re.MULTILINE)


def fill(markdown: str) -> str:
    """Put what the code says in the place of every mark.

    Raises:
        KeyError: a mark names no part.
    """

    def part(match: re.Match[str]) -> str:
        name, *arguments = match[1].split()
        return PARTS[name](*arguments)

    return MARK.sub(part, markdown)


def commands() -> dict[str, TyperCommand]:
    """Return every command of the command line by its name; `train` with the options that every task has."""
    return {name: load(name)[0] for name in COMMANDS}


def _commands() -> str:
    """Write a table of all commands, then each with its arguments and options."""
    rows = [(f"[`{name}`](#{name})", _plain(_first_line(c.help))) for name, c in commands().items()]
    return "\n\n".join((_table(("command", "what it does"), rows), *(_command(n, c) for n, c in commands().items())))


def _command(name: str, command: TyperCommand) -> str:
    arguments = [p for p in command.params if isinstance(p, TyperArgument)]
    elsewhere = TrainingOptions.model_fields if name == "train" else {}
    options = [p for p in command.params if isinstance(p, TyperOption) and p.name not in elsewhere]
    usage = " ".join((f"lstm-onnx {name}", *(f"{a.metavar or _metavar(a)}" for a in arguments), "[OPTIONS]"))
    rows = [(f"`{a.metavar or _metavar(a)}`", _plain(a.help or ""), _default(a.default)) for a in arguments]
    rows += [(_signature(o), _plain(o.help or ""), _shown_default(o)) for o in options]
    lines = [f"## {name}", _plain(command.help or ""), f"```text\n{usage}\n```"]
    lines.append(_table(("argument or option", "meaning", "if not given"), rows))
    if name == "train":
        lines.append("All [options of training](#options-of-training), and those of the task, are options of it too.")
    return "\n\n".join(lines)


def _shown_default(option: TyperOption) -> str:
    if isinstance(option.show_default, str):  # an option whose default stands in a model
        return " ".join(f"`{word}`" for word in option.show_default.split())
    return "" if option.is_flag else _default(option.default)


def _metavar(argument: TyperArgument) -> str:
    name = str(argument.name).upper()
    return name if argument.required else f"[{name}]"


def _signature(option: TyperOption) -> str:
    names = " / ".join(f"`{n}`" for n in (*option.opts, *option.secondary_opts))
    return names if option.is_flag else f"{names} {option.metavar or _takes(option.type_descriptor.annotation)}"


def _options(name: str) -> str:
    """Write a table of the options of a task, or with `training` of those that every task has."""
    model = TrainingOptions if name == "training" else load_task(name).task.Config
    rows = [
        (f"`{_flag(field, info)}` {_takes(info.annotation)}".strip(), info.description or "", _default(info.default))
        for field, info in model.model_fields.items()
    ]
    return _table(("option", "meaning", "if not given"), rows)


def _training_of(name: str) -> str:
    """Say which defaults of training a task brings of its own."""
    return ", ".join(f"`--{k.replace('_', '-')} {v}`" for k, v in load_task(name).task.training.items())


def _flag(name: str, info: FieldInfo) -> str:
    dashed = name.replace("_", "-")
    return f"--{dashed} / --no-{dashed}" if info.annotation is bool else f"--{dashed}"


def _takes(annotation: Any) -> str:
    kind = _without_none(annotation)
    if kind is bool:
        return ""
    if get_origin(kind) in (tuple, list):
        return f"{_takes(get_args(kind)[0])} …"
    if get_origin(kind) is Literal:
        return _choices(get_args(kind))
    return {int: "INTEGER", float: "NUMBER", str: "TEXT"}.get(kind, "PATH")


def _choices(names: Iterable[str]) -> str:
    return " or ".join(f"`{name}`" for name in names)


def _default(value: Any) -> str:
    if value is None or value in ("", (), {}):
        return ""
    if isinstance(value, bool):
        return "on" if value else "off"
    return " ".join(f"`{v}`" for v in (value if isinstance(value, (tuple, list)) else [value]))


def contract_models() -> list[type[BaseModel]]:
    """Return every model that a contract is made of, in the order in which they are met."""
    found: list[type[BaseModel]] = []

    def visit(model: type[BaseModel]) -> None:
        found.append(model)
        for info in model.model_fields.values():
            for inner in _models_in(info.annotation):
                if inner not in found:
                    visit(inner)

    visit(Contract)
    return found


def _models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in get_args(annotation):
        yield from _models_in(argument)


def _contract() -> str:
    """Write a table of keys for each part of the contract."""
    parts = []
    for model in contract_models():
        keys = [
            (
                f"`{name}`",
                _json(info.annotation),
                info.description or "",
                "must be there" if info.is_required() else _default(info.get_default(call_default_factory=True)),
            )
            for name, info in model.model_fields.items()
        ]
        title = "The whole" if model is Contract else model.__name__
        table = _table(("key", "value", "meaning", "if left out"), keys)
        parts.append(f"### {title}\n\n{_paragraph(model.__doc__)}\n\n{table}")
    return "\n\n".join(parts)


def _json(annotation: Any) -> str:
    """Say of what kind a value is in JSON."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _json(arguments[0])
    if origin in (Union, types.UnionType):
        return " or ".join(dict.fromkeys(_json(a) for a in arguments if a is not type(None)))
    if origin is tuple:
        return f"list of {_json(arguments[0])}"
    if origin is dict:
        return f"object: name to {_json(arguments[1])}"
    if origin is Literal:
        return " or ".join(f"`{a}`" for a in arguments)
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return f"[{annotation.__name__}](#{annotation.__name__.lower()})"
    names = {str: "text", int: "integer", float: "number", bool: "true or false", Any: "any"}
    return names[annotation]


def _runtimes() -> str:
    """Write for each runtime that `doctor` knows what it takes and what it does not."""
    words = {"stops": "does not run", "differs": "answers otherwise, or needs a hand", "slow": "is slow"}
    parts = []
    for target in TARGETS.values():
        opset, ir = (
            f"up to {limit}" if limit else "without a limit that we met" for limit in (target.max_opset, target.max_ir)
        )
        rows = [(f"`{r.name}`", words[r.severity], r.why, r.advice) for r in target.others]
        sources = dict.fromkeys((target.versions.source, *(r.source for r in target.others)))
        parts += [
            f"### {target.name}",
            f"{target.what}. Opset {opset}, IR {ir}. Known from: {'; '.join(sources)}.",
            _table(("rule", "then it", "because", "what to do"), rows),
        ]
    return "\n\n".join(parts)


def _embed_targets() -> str:
    """Write a table of what `embed` can write for."""
    rows = [(f"`{t.name}`", t.title, t.needs) for t in load_targets()[0]]
    return _table(("target", "what is written", "needs"), rows)


def _failures() -> str:
    """Write a table of the ways in which a verification fails."""
    kinds = [k for k in vars(report).values() if inspect.isclass(k) and issubclass(k, errors.CheckFailed)]
    return _table(("type", "meaning"), [(f"`{k.__name__}`", _paragraph(k.__doc__)) for k in kinds])


def _names_of(module: types.ModuleType) -> list[str]:
    """Return where the functions and classes that a module offers are defined."""
    things = [getattr(module, name) for name in module.__all__]
    return [f"{t.__module__}.{t.__qualname__}" for t in things if inspect.isclass(t) or inspect.isfunction(t)]


def _python() -> str:
    """Ask mkdocstrings for the functions and classes that a person calls."""
    names = sorted(_names_of(lstm_onnx), key=lambda name: name.rpartition(".")[2][0].isupper())  # what one calls first
    return "\n\n".join(f"::: {name}" for name in names)


def _plugin_names() -> str:
    """Ask mkdocstrings for the classes that a plugin is made of, `Task` first."""
    first = f"{Task.__module__}.{Task.__qualname__}"
    names = dict.fromkeys((first, *_names_of(plugin)))
    return "\n\n".join(f"::: {name}" for name in names if name not in _names_of(lstm_onnx))


def import_contracts() -> list[dict[str, Any]]:
    """Return what `pyproject.toml` says of who may import whom, as import-linter reads it."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    contracts: list[dict[str, Any]] = project["tool"]["importlinter"]["contracts"]
    return contracts


def _floors() -> str:
    """Write a table of the packages from the top floor down, each with the first line of its docstring."""
    floors = next(c["layers"] for c in import_contracts() if c["type"] == "layers")
    rows = []
    for number, floor in enumerate(floors):
        for room in re.findall(r"\w+", floor):
            path = ROOT / "lstm_onnx" / room
            source = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
            if source.exists():  # a floor in brackets is optional
                rows.append((str(len(floors) - number), f"`{room}`", _paragraph(_docstring(source))))
    return _table(("floor", "room", "what it does"), rows)


def _docstring(source: Path) -> str:
    """Return the docstring of a module that has one, without importing it.

    Not by `ast.parse`: that of CPython 3.11 raises SystemError where another thread makes AST objects meanwhile.
    """
    text = compile(source.read_text(), source, "exec").co_consts[0]
    assert isinstance(text, str), f"{source} begins without a docstring"
    return text


def _import_rules() -> str:
    """List the import contracts by name."""
    return "\n".join(f"- {contract['name']}." for contract in import_contracts())


def _file(name: str) -> str:
    """Show a file of the repository."""
    path = ROOT / name
    language = {".py": "python"}.get(path.suffix, path.suffix.lstrip("."))
    return f'```{language} title="{name}"\n{path.read_text()}```'


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [head, ("---",) * len(head), *rows]
    return "\n".join("| " + " | ".join(_cell(cell) for cell in line) + " |" for line in lines)


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def _plain(text: str) -> str:
    """Leave out rich's markup, and what escapes it."""
    return re.sub(r"\[/?(?:bold|b|red|dim)?\]", "", text).replace("\\[", "[").strip()


def _first_line(text: str | None) -> str:
    return (text or "").strip().partition("\n")[0]


def _paragraph(text: str | None) -> str:
    return inspect.cleandoc(text or "").partition("\n\n")[0].replace("\n", " ")


def _without_none(annotation: Any) -> Any:
    if get_origin(annotation) in (Union, types.UnionType):
        return next(a for a in get_args(annotation) if a is not type(None))
    return annotation


PARTS: dict[str, Callable[..., str]] = {
    "file": _file,
    "floors": _floors,
    "import-rules": _import_rules,
    "commands": _commands,
    "options": _options,
    "training-of": _training_of,
    "contract": _contract,
    "runtimes": _runtimes,
    "embed-targets": _embed_targets,
    "failures": _failures,
    "python": _python,
    "plugin-names": _plugin_names,
}
