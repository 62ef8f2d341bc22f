"""Renders a target's templates, and writes a folder whole or not at all; what a person changed stays as it is."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import jinja2

from lstm_onnx.data.atomic_files import make_folder, move, stage_beside
from lstm_onnx.data.cells import NAN_WORDS, TRUTH
from lstm_onnx.embedding import identifiers
from lstm_onnx.embedding.project import Project
from lstm_onnx.embedding.target import EmbedTarget
from lstm_onnx.errors import UserError

MARKER = ".lstm-onnx-embed.json"
"""Remembers the digest of each file that was written, to tell our files from a person's."""


def environment(folder: Path) -> jinja2.Environment:
    """Return Jinja2 as all templates are rendered: `common/` beside the target's folder can be included too."""
    made = jinja2.Environment(
        loader=jinja2.FileSystemLoader([folder, Path(__file__).parent / "templates" / "common"]),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,
    )
    made.filters |= {
        "snake": identifiers.snake,
        "camel": identifiers.camel,
        "pascal": identifiers.pascal,
        "comment": identifiers.one_line,
        "csv": identifiers.csv_cell,
        "c_string": identifiers.c_string,
        "json_string": identifiers.json_string,
        "rust_string": identifiers.rust_string,
    }
    return made


def render(
    target: EmbedTarget, project: Project, model: bytes, chosen: Mapping[str, str] | None = None
) -> dict[str, bytes]:
    """Return the files that a target's templates make: path in the folder -> content.

    Args:
        target: what to write for.
        project: the model, as templates see it.
        model: content of the file.
        chosen: values of settings, by their names; the others have their defaults.

    Raises:
        Refusal: the target would not run this model.
    """
    jinja = environment(target.templates)
    own = target.context(project, model)
    rules = {"nan_words": NAN_WORDS, "truth": TRUTH}  # how cells of a table are read
    settings = {s.name: jinja.from_string(s.default).render(project=project) for s in target.settings} | {
        **(chosen or {})
    }
    context = {
        **own,
        **rules,
        "project": project,
        "target": target,
        "settings": settings,
        "commands": commands(target, project),
    }
    found: dict[str, bytes] = {}
    for path, template in target.layout().items():
        if template.endswith(".j2"):
            content = jinja.get_template(template).render(context).encode()
            if not content.strip():
                continue  # for models of another kind
        else:
            content = (target.templates / template).read_bytes()
        found[output_path(path, project)] = content
    return found


def output_path(path: str, project: Project) -> str:
    """Return where the template at `path` is written."""
    return path.removesuffix(".j2").replace("NAME", project.id).replace("PASCAL", identifiers.pascal(project.id))


def commands(target: EmbedTarget, project: Project) -> dict[str, tuple[str, ...]]:
    """Return a target's commands for a project, by what they do."""
    jinja = environment(target.templates)

    def rendered(lines: Iterable[str]) -> tuple[str, ...]:
        return tuple(jinja.from_string(line).render(project=project) for line in lines)

    steps = {"build": rendered(target.build)}
    for program in rendered([target.program] if target.program else []):
        steps["self-test"] = (f"{program} --self-test",)
        if not target.reads:
            steps["example"] = (program,)
        elif project.mode != "library":
            steps["run"] = (f"{program} < {project.example_file}",)
        steps["bench"] = (f"{program} --bench",)
    return steps | {what: rendered(lines) for what, lines in target.more.items()}


def write_folder(out: Path, files: Mapping[str, bytes], target: str, force: bool = False) -> None:
    """Write files into a folder; all of them, or none. Other files that lie there stay.

    Args:
        out: the folder; its parent must exist.
        files: path in the folder -> content.
        target: name of the target, to tell whether the folder was written for another.
        force: overwrite files of the same names, whoever wrote them.

    Raises:
        UserError: the folder holds something else, or a file that was changed by hand; or writing is forbidden.
    """
    if out.exists() and not out.is_dir():
        raise UserError(f"--out {out}: is a file; name a folder")
    if not out.parent.is_dir():
        raise UserError(f"--out {out}: its folder does not exist; create {out.parent} first")
    if not force:
        _refuse_foreign(out, files, target)
    digests = {path: _digest(content) for path, content in sorted(files.items())}
    marker = json.dumps({"target": target, "files": digests}, indent=1).encode()
    before = _known(out)
    both = {"target": target, "files": digests, "before": before}  # holds while some files are still the old ones
    moving = json.dumps(both, indent=1).encode()
    try:
        with stage_beside(out) as stage:
            for path, content in {**files, MARKER: marker}.items():
                (stage / path).parent.mkdir(parents=True, exist_ok=True)
                (stage / path).write_bytes(content)
            _move(stage, out, moving, {path: known for path, known in before.items() if path not in files})
    except OSError as error:
        raise UserError(f"--out {out}: cannot be written: {error.strerror or error}") from None


def _move(stage: Path, out: Path, moving: bytes, left: Mapping[str, list[str]]) -> None:
    """Move all files, then remove those of the program before that this one has not: a build would take them along."""
    if not out.exists():
        stage.chmod(0o777 & ~_umask())
        move(stage, out)
        return
    files = [p for p in stage.rglob("*") if p.is_file() and p != stage / MARKER]
    (stage / f"{MARKER}.moving").write_bytes(moving)
    move(stage / f"{MARKER}.moving", out / MARKER)
    for file in files:
        place = out / file.relative_to(stage)
        make_folder(place.parent)
        move(file, place)
    for path, known in left.items():
        if (out / path).is_file() and _digest((out / path).read_bytes()) in known:
            (out / path).unlink()
    move(stage / MARKER, out / MARKER)  # the last, because it says that the others are there


def _refuse_foreign(out: Path, files: Mapping[str, bytes], target: str) -> None:
    if not out.is_dir() or not any(out.iterdir()):
        return
    before = _marker(out)
    if before is None:
        raise UserError(f"--out {out}: is not empty; name a new folder, or overwrite with --force")
    if before["target"] != target:
        raise UserError(f"--out {out}: holds a program for {before['target']}; name another folder, or use --force")
    known = _known(out)
    for path in files:
        there = out / path
        if there.exists() and (not there.is_file() or _digest(there.read_bytes()) not in known.get(path, ())):
            raise UserError(f"{there}: was changed by hand; name another folder, or overwrite it with --force")


def _marker(out: Path) -> dict[str, Any] | None:
    """What the last run wrote into a folder, or None where that is not said."""
    try:
        found = json.loads((out / MARKER).read_bytes())
    except (OSError, ValueError):
        return None
    whole = isinstance(found, dict) and isinstance(found.get("files"), dict) and "target" in found
    return found if whole else None


def _known(out: Path) -> dict[str, list[str]]:
    """Digests that each file of ours may have: of a run that was cut off, those of the program before it too."""
    found = _marker(out) or {"files": {}}
    known = {path: list(digests) for path, digests in found.get("before", {}).items()}
    for path, digest in found["files"].items():
        if digest not in known.setdefault(path, []):
            known[path].append(digest)
    return known


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
