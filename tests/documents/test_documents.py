"""The documents say what the program does."""

from __future__ import annotations

import importlib
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest

from lstm_onnx.compatibility.runtimes import TARGETS
from lstm_onnx.embedding.generate import embed
from lstm_onnx.embedding.registry import load_targets
from lstm_onnx.plugins import hookspecs
from lstm_onnx.plugins.entry_points import task_names
from lstm_onnx.plugins.registry import load_task
from lstm_onnx.task import Task
from lstm_onnx.training.options import TrainingOptions
from tools.documents import reference
from tools.documents.links import DOCS, OUTSIDE, ROOT, documents, for_site, foreign_asset, links
from tools.documents.snippets import snippets

HAND = [path for path in documents() if not path.is_relative_to(ROOT / "benchmarks") and path.name != "CHANGELOG.md"]
TEXT = "\n".join(path.read_text() for path in HAND)
PAGES = documents()
LONGEST_README = 10_000
MOST_LINES = 2_600


def test_the_readme_is_short() -> None:
    assert (ROOT / "README.md").stat().st_size <= LONGEST_README


@pytest.mark.parametrize("name", reference.commands())
def test_every_command_is_told_by_hand(name: str) -> None:
    assert re.search(rf"lstm-onnx {name}\b", TEXT)


def test_the_reference_has_every_command_and_option() -> None:
    written = reference.fill("<!-- made from the code: commands -->")
    training = reference.fill("<!-- made from the code: options training -->")
    for name, command in reference.commands().items():
        section = written.split(f"\n## {name}\n")[1].split("\n## ")[0] + (training if name == "train" else "")
        assert [o for p in command.params for o in p.opts if o.startswith("--") and f"`{o}" not in section] == []


@pytest.mark.parametrize("name", task_names())
def test_every_task_has_a_page_with_its_options(name: str) -> None:
    page = DOCS / "tasks" / f"{name}.md"
    assert f"--plugin {name}" in page.read_text()
    written = reference.fill(page.read_text())
    options = load_task(name).task.Config.model_fields
    assert [o for o in options if f"`--{o.replace('_', '-')}" not in written] == []


def test_every_hook_is_told_and_documented() -> None:
    hooks = {name for name in vars(hookspecs) if name.startswith("lstm_onnx_")}
    assert hooks
    told = (DOCS / "how-to/write-a-plugin.md").read_text()
    assert {name for name in hooks if name not in told} == set()
    assert [name for name in hooks if not (getattr(hookspecs, name).__doc__ or "").strip()] == []
    assert set(re.findall(r"`(lstm_onnx_\w+)`", TEXT)) - hooks == set()


def test_every_member_of_task_is_documented() -> None:
    members = [m for m in vars(Task).values() if callable(m) and not m.__name__.startswith("_")]
    assert len(members) > 7
    assert [m.__name__ for m in members if not m.__doc__] == []


def test_every_key_of_the_contract_is_described() -> None:
    models = reference.contract_models()
    assert len(models) > 10
    blank = [f"{m.__name__}.{k}" for m in models for k, info in m.model_fields.items() if not info.description]
    assert blank == []
    written = reference.fill("<!-- made from the code: contract -->")
    assert [m.__name__ for m in models[1:] if f"\n### {m.__name__}\n" not in written] == []


def test_every_room_is_on_the_architecture_page() -> None:
    written = reference.fill((DOCS / "explanation/architecture.md").read_text())
    rooms = [p for p in (ROOT / "lstm_onnx").iterdir() if p.suffix == ".py" or (p / "__init__.py").exists()]
    assert [r.stem for r in rooms if r.stem != "__init__" and not re.search(rf"\| `{r.stem}` \| \S", written)] == []
    assert [c["name"] for c in reference.import_contracts() if f"- {c['name']}." not in written] == []


def test_every_runtime_and_every_target_is_told() -> None:
    runtimes = reference.fill((DOCS / "how-to/choose-a-runtime.md").read_text())
    assert [name for name in TARGETS if f"\n### {name}\n" not in runtimes] == []
    targets = reference.fill((DOCS / "how-to/embed.md").read_text())
    assert [t.name for t in load_targets()[0] if f"| `{t.name}` |" not in targets] == []


def test_every_reference_is_asked_for_by_a_page() -> None:
    asked = {mark.split()[0] for path in PAGES for mark in reference.MARK.findall(path.read_text())}
    assert asked == set(reference.PARTS)


def test_the_plugin_of_the_documents_is_the_one_that_is_tested() -> None:
    written = reference.fill((DOCS / "how-to/write-a-plugin.md").read_text())
    assert (ROOT / "examples" / "adding.py").read_text() in written


def test_a_room_says_what_it_does(tmp_path: Path) -> None:
    floors = reference.fill("<!-- made from the code: floors -->")
    assert "| `verification` | Holds a file against its contract" in floors
    (tmp_path / "bare.py").write_text("import os\n")
    with pytest.raises(AssertionError, match=r"bare.py begins without a docstring"):
        reference._docstring(tmp_path / "bare.py")


def test_ten_files_tell_the_main_path() -> None:
    section = (DOCS / "explanation/architecture.md").read_text().split("## Ten files")[1].split("\n## ")[0]
    files = [ROOT / name for name in re.findall(r"^\| `(lstm_onnx/.+?\.py)` \|", section, re.MULTILINE)]
    assert len(files) == 10
    assert sum(len(path.read_text().splitlines()) for path in files) <= MOST_LINES


def test_names_in_the_documents_are_there() -> None:
    names = set(re.findall(r"`((?:lstm_onnx)(?:\.\w+)+)(?:\(\))?`", TEXT))
    assert len(names) > 5
    assert [name for name in names if not _is_there(name)] == []
    paths = set(re.findall(r"`((?:lstm_onnx|plugins|examples|tests|docs|benchmarks|tools)/[\w/.]*\w)`", TEXT))
    assert len(paths) > 10
    assert [path for path in paths if not (ROOT / path).exists()] == []


def _is_there(name: str) -> bool:
    parts = name.split(".")
    for cut in range(len(parts), 0, -1):
        try:
            thing = importlib.import_module(".".join(parts[:cut]))
        except ImportError:
            continue
        for part in parts[cut:]:
            if not hasattr(thing, part):
                return False
            thing = getattr(thing, part)
        return True
    return False


def test_options_in_the_documents_are_there() -> None:
    tasks = [load_task(name).task.Config for name in task_names()]
    own = {f"--{f.replace('_', '-')}" for model in (TrainingOptions, *tasks) for f in model.model_fields}
    own |= {o.replace("--", "--no-", 1) for o in own} | {"--help", "--count"}  # --count is of examples/adding.py
    lost, told = set(), 0
    for path in HAND:
        for command in _commands(path):
            words = [w.partition("=")[0] for w in shlex.split(command.partition("|")[0], comments=True)]
            known = {o for p in reference.commands()[words[1]].params for o in (*p.opts, *p.secondary_opts)}
            known |= own if words[1] in ("train", "tune") else {"--help"}
            lost |= {f"lstm-onnx {words[1]} {w}" for w in words if w.startswith("--") and w not in known}
            told += 1
    assert told > 30
    assert lost == set()


def _commands(document: Path) -> Iterator[str]:
    """Yield every `lstm-onnx ...` that a document shows, in blocks of code and within a line."""
    for snippet in snippets(document):
        if snippet.language in ("sh", "text"):
            for line in snippet.code.replace("\\\n", " ").splitlines():
                if found := re.match(r"(?:\$ )?(lstm-onnx [a-z]+.*)", line):
                    yield found[1]
    yield from re.findall(r"`(lstm-onnx [a-z]+[^`\n]*)`", document.read_text())


@pytest.mark.parametrize("page", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    lost = []
    for target in links(page.read_text()):
        path, _, place = target.partition("#")
        there = (page.parent / path).resolve() if path else page
        if "://" in target or target.startswith("mailto:"):
            continue
        if not there.exists() or (place and place not in _anchors(there)):
            lost.append(target)
    assert lost == []


def _anchors(document: Path) -> set[str]:
    """Make the names of headings as mkdocs does."""
    from markdown.extensions.toc import slugify

    titles = re.findall(r"^#+ (.+)$", reference.fill(document.read_text()), re.MULTILINE)
    return {slugify(re.sub(r"[`*]", "", title), "-") for title in titles}


def test_there_are_links_and_the_site_has_them() -> None:
    assert sum(1 for page in PAGES for _ in links(page.read_text())) > 50
    assert for_site("[x](docs/how-to/stream.md#in-a-program)", ROOT / "README.md", "index.md") == (
        "[x](how-to/stream.md#in-a-program)"
    )
    assert for_site("[x](../../README.md)", DOCS / "how-to/stream.md", "how-to/stream.md") == "[x](../index.md)"
    assert for_site("[x](../../LICENSE)", DOCS / "how-to/stream.md", "how-to/stream.md") == "x"
    assert for_site("```\n[x](../../LICENSE)\n```", DOCS / "how-to/stream.md", "how-to/stream.md").count("LICENSE") == 1


@pytest.mark.parametrize(
    "text",
    [
        '<script async src="https://elsewhere/x.js"></script>',
        "<img alt=x src=//elsewhere/x.png>",
        '<link rel="stylesheet" href="http://elsewhere/x.css">',
        'body { background: url("https://elsewhere/x.png") }',
        '@import "https://elsewhere/x.css";',
    ],
)
def test_what_a_page_would_load_from_elsewhere_is_found(text: str) -> None:
    assert "elsewhere" in (foreign_asset(text) or "")


def test_what_a_reader_follows_is_no_matter() -> None:
    assert foreign_asset('<a href="https://elsewhere/">x</a><script src="../x.js"></script><img src="x.png">') is None


def test_every_page_is_in_the_navigation() -> None:
    navigation = (ROOT / "mkdocs.yml").read_text().partition("\nnav:")[2]
    pages = {p.relative_to(DOCS).with_suffix(".md").as_posix() for p in (*DOCS.rglob("*.md"), *DOCS.rglob("*.ipynb"))}
    assert {page for page in pages | set(OUTSIDE.values()) if f"{page}\n" not in navigation} == set()


LANGUAGES = {"c": "c", "cpp": "cpp", "rust": "rust", "go": "go", "java": "java", "csharp": "csharp", "js": "node"}
"""What the page on embedding calls a language, and the target that writes it."""

_NOT_OURS = {
    *("if", "return", "printf", "complain", "open_another_lane", "vector", "println", "from", "of", "log", "try"),
    *("using", "Println", "WriteLine", "values", "println!", "values"),
}


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_is_called_in_other_languages_is_written_by_embed(language: str, tmp_path: Path) -> None:
    written = ""
    models = [("traffic.onnx", LANGUAGES[language])]
    if language == "c":
        models.append(("traffic-streaming.onnx", "bare-c"))
    for number, (model, target) in enumerate(models):
        program = embed(ROOT / "exported" / model, target, tmp_path / str(number))
        files = [program.folder / name for name in program.files]
        written += "".join(f.read_text() for f in files if f.suffix not in (".onnx", ".bin", ".json", ".csv", ".md"))
    code = [s.code for s in snippets(DOCS / "how-to/embed.md") if s.language == language]
    assert code
    called = {name for c in code for name in re.findall(r"\b(\w+)\(", c)} - _NOT_OURS
    assert len(called) > 1
    assert {name for name in called if not re.search(rf"\b{name}\b", written)} == set()
