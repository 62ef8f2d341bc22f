"""Writes a program in another language around an exported file: the main path of `lstm-onnx embed`."""

from __future__ import annotations

import hashlib
import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, replace
from os import PathLike
from pathlib import Path

import onnx

from lstm_onnx.compatibility.examine import examine
from lstm_onnx.compatibility.rules import external
from lstm_onnx.contract import Contract, to_json
from lstm_onnx.data.given import given_file, given_path
from lstm_onnx.embedding.consistent import refuse_inconsistent
from lstm_onnx.embedding.example_input import check_example, example_input, refuse_unanswerable
from lstm_onnx.embedding.from_contract import project_of
from lstm_onnx.embedding.project import Project
from lstm_onnx.embedding.registry import load_target
from lstm_onnx.embedding.render import commands, render, write_folder
from lstm_onnx.embedding.target import EmbedTarget, Refusal
from lstm_onnx.errors import UserError, nearest
from lstm_onnx.graph.model_file import parse_model, read_contract
from lstm_onnx.version import __version__


@dataclass(frozen=True)
class Embedded:
    """What was written, the commands to run there, what of its tools is not here, and what a person must know."""

    folder: Path
    files: tuple[str, ...]
    commands: dict[str, tuple[str, ...]]
    needs: str
    missing: tuple[str, ...]
    notes: tuple[str, ...]
    project: Project


def embed(
    file: str | PathLike[str],
    target: str,
    out: str | PathLike[str],
    force: bool = False,
    plugin_file: str | Path | None = None,
    settings: Mapping[str, str] | None = None,
) -> Embedded:
    """Write a program around an exported file.

    Args:
        file: the `.onnx` file: its path, what `export` returned, or a loaded `Model`.
        target: what to write for, such as c, rust or web.
        out: folder to write.
        force: write into a folder that holds such a program already.
        plugin_file: Python file of a plugin that brings the target, if it is not installed.
        settings: what is chosen of the program, by the target's names for it: `{"module": "example.com/traffic"}`.

    Raises:
        UserError: there is no such file, target or setting, the target cannot run the model, or the folder is not ours
            to write.
    """
    path, folder = given_file(file, "embed"), given_path(out, "embed", "a folder to write into")
    chosen = load_target(target, Path(plugin_file) if plugin_file is not None else None)
    chosen_settings = _settings(chosen, settings or {})
    chosen = chosen.chosen(chosen_settings)
    content = path.read_bytes()
    model = parse_model(content, path)
    contract = _contract(model, path)
    project = project_of(contract, len(content), __version__, hashlib.sha256(content).hexdigest())
    _refuse(model, chosen, path)
    example = b""
    if chosen.program and chosen.reads:
        refuse_unanswerable(project, str(path))
        example = example_input(project)
    if example:
        check_example(project, content, path, example)
    try:
        project = chosen.fit(replace(project, settings=chosen_settings), content)
        files = {
            **render(chosen, project, content, chosen_settings),
            **chosen.files(project, content, to_json(contract)),
        }
    except Refusal as refusal:
        raise UserError(f"{path}: target '{chosen.name}' would not run it: {refusal}") from refusal
    if example:
        files[project.example_file] = example
    write_folder(folder, files, chosen.name, force)
    missing = tuple(tool for tool in chosen.tools if shutil.which(tool) is None)
    return Embedded(
        folder=folder,
        files=tuple(sorted(files)),
        commands=commands(chosen, project),
        needs=chosen.needs,
        missing=missing,
        notes=(*chosen.notes(project), *_arrays_only(chosen, project)),
        project=project,
    )


def _arrays_only(target: EmbedTarget, project: Project) -> tuple[str, ...]:
    if not target.program or not target.reads or project.mode != "library":
        return ()
    return ("the program reads no input: this model's is read in ways that programs do not know; give it arrays",)


def _settings(target: EmbedTarget, given: Mapping[str, str]) -> dict[str, str]:
    known = {s.name: s for s in target.settings}
    for name, value in given.items():
        if name not in known:
            raise UserError(f"--set {name}: target '{target.name}' has no such setting{nearest(name, known)}")
        if re.fullmatch(known[name].form, value) is None:
            raise UserError(f"--set {name}={value}: must be {known[name].meaning}, such as {known[name].like}")
    return dict(given)


def _contract(model: onnx.ModelProto, path: Path) -> Contract:
    contract = read_contract(model, path)
    if contract is None:
        raise UserError(f"{path}: has no lstm-onnx contract, which embed works from; export it with lstm-onnx export")
    if not contract.examples:
        raise UserError(f"{path}: has no golden examples for the self-test; export it again")
    if {t.name for t in contract.outputs} <= {s.output for s in contract.states}:
        raise UserError(
            f"{path}: all its outputs are states, so that a program would have no answer; give the graph an output "
            f"that is none, and export it again"
        )
    refuse_inconsistent(model, contract, path)
    return contract


def _refuse(model: onnx.ModelProto, target: EmbedTarget, path: Path) -> None:
    """Refuse before anything is written what the target would not run."""
    for where, found in external(model):
        raise UserError(f"{path}: {where}: {found}; export it as one file")
    for finding in examine(model, target.runtime):
        if finding.severity == "stops":
            raise UserError(
                f"{path}: target '{target.name}' would not run it: {finding.where}: {finding.found}: {finding.why}; "
                f"{finding.advice}"
            )
