"""What mkdocs does beyond Markdown, as a hook of `mkdocs.yml`."""

from __future__ import annotations

from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import PluginError
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

from tools.documents import notebooks, reference
from tools.documents.links import DOCS, OUTSIDE, ROOT, for_site, foreign_asset

_SOURCES: dict[str, Path] = {}
"""Where pages lie on disk that are not in `docs/` as they are."""


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the documents outside of `docs/`, and run the notebooks."""
    for name, page in OUTSIDE.items():
        _SOURCES[page] = ROOT / name
        files.append(File.generated(config, page, content=(ROOT / name).read_text()))
    for path in sorted(DOCS.rglob("*.ipynb")):
        page = path.relative_to(DOCS).with_suffix(".md").as_posix()
        _SOURCES[page] = path
        rendered = notebooks.render(notebooks.run(path), path.stem)
        files.append(File.generated(config, page, content=rendered.markdown))
        for picture, content in rendered.pictures.items():
            files.append(File.generated(config, str(Path(page).parent / picture), content=content))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Put in what is made from the code, and make links lead to pages."""
    name = page.file.src_uri
    return for_site(reference.fill(markdown), _SOURCES.get(name, DOCS / name), name)


def on_post_build(config: MkDocsConfig) -> None:
    """Refuse a site that would load anything from elsewhere.

    Raises:
        PluginError: a page does.
    """
    for path in sorted(p for p in Path(config.site_dir).rglob("*") if p.suffix in (".html", ".css")):
        if found := foreign_asset(path.read_text()):
            raise PluginError(f"{path}: loads something from elsewhere: {found}")
