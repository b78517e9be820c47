from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.docs.markdown import Found, anchors, code, current_pages, fences, inline, links, pages
from tests.portfolios import ROOT

TOPS = frozenset(path.name for path in ROOT.iterdir() if path.is_dir() and not path.name.startswith("."))
PACKAGES = frozenset(top for top in TOPS if any((ROOT / top).rglob("*.py")))
PACKAGE = "costack"
WRITTEN_BY_THE_READER = frozenset({"stacks/Pulumi.production.yaml", "portfolios/production"})
"""Paths that a page tells its reader to make."""
_PATH = re.compile(r"[\w.*-]+(/[\w.*@-]+)+/?")
_MODULE = re.compile(rf"(?<![\w./-])(?:{'|'.join(sorted(PACKAGES))})(?:\.[A-Za-z_]\w*)+(?![\w/(-])")
_FILE_ENDINGS = frozenset({"py", "yaml", "json", "md", "sh", "sql", "txt", "toml"})
IDS = [str(page.relative_to(ROOT)) for page in pages()]


def test_the_pages_are_found() -> None:
    assert {"README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md", "docs/index.md"} <= set(IDS)
    assert sum(1 for page in pages() for _ in links(page)) > 100


@pytest.mark.parametrize("page", pages(), ids=IDS)
def test_links_lead_to_files_and_headings_that_exist(page: Path) -> None:
    assert [str(link) for link in links(page) if not _leads_somewhere(link)] == []


@pytest.mark.parametrize("page", pages(), ids=IDS)
def test_images_have_a_text_for_who_does_not_see_them(page: Path) -> None:
    assert [line for line, image in inline(page, "image") if not image.content.strip()] == []


@pytest.mark.parametrize("page", current_pages(), ids=lambda page: str(page.relative_to(ROOT)))
def test_paths_of_the_repository_exist(page: Path) -> None:
    assert [str(found) for found in code(page) if not _exists(found.text)] == []


@pytest.mark.parametrize("page", current_pages(), ids=lambda page: str(page.relative_to(ROOT)))
def test_modules_and_what_is_in_them_exist(page: Path) -> None:
    named = [
        Found(found.page, found.line, name)
        for found in (*code(page), *fences(page))
        for name in _MODULE.findall(found.text)
    ]
    assert [str(found) for found in named if not _is_defined(found.text)] == []


def test_every_page_of_the_documentation_is_in_the_index() -> None:
    index = ROOT / "docs" / "index.md"
    listed = {(index.parent / link.text.partition("#")[0]).resolve() for link in links(index)}
    documents = set((ROOT / "docs").rglob("*.md")) - {index}
    assert sorted(str(page.relative_to(ROOT)) for page in documents - listed) == []


def test_a_broken_link_and_a_path_that_is_gone_are_seen(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("# One\n\n# One\n\n[a](#one-1) [b](#two) [c](none.md)\n", encoding="utf-8")
    assert [link.text for link in links(page) if not _leads_somewhere(link)] == ["#two", "none.md"]
    assert not _exists("tiers/none.py")
    assert not _exists("no_such_module_of_ours.py")
    assert not _is_defined("allocation.no_such_module")
    assert not _is_defined("allocation.money.no_such_name")


def _leads_somewhere(link: Found) -> bool:
    if link.text.startswith(("https://", "http://", "mailto:")):
        return True
    path, _, fragment = link.text.partition("#")
    target = (link.page.parent / path).resolve() if path else link.page
    if not target.exists() or (path and not target.is_relative_to(ROOT)):
        return False
    return not fragment or (target.suffix == ".md" and fragment in anchors(target))


def _exists(text: str) -> bool:
    """Whether a path of the repository exists; what is no path of it passes."""
    if text in WRITTEN_BY_THE_READER or (text.startswith(f"{PACKAGE}/") and not text.endswith(".py")):
        return True  # tags and annotations begin like that, too
    if _PATH.fullmatch(text) and text.partition("/")[0] in TOPS:
        return any(ROOT.glob(text.rstrip("/")))
    name, _, ending = text.rpartition(".")
    if ending == "py" and re.fullmatch(r"\w+", name):
        return any(any((ROOT / top).rglob(text)) for top in PACKAGES) or (ROOT / text).exists()
    return True


def _is_defined(name: str) -> bool:
    """Whether a dotted name is a module of ours, or something that one of them defines."""
    parts = name.split(".")
    if parts[0] == PACKAGE and (ROOT / parts[1]).is_dir():
        del parts[0]  # as the wheel calls it
    if parts[-1] in _FILE_ENDINGS:
        return True
    for length in range(len(parts), 0, -1):
        base = ROOT.joinpath(*parts[:length])
        if base.is_dir():
            return length == len(parts)
        if base.with_suffix(".py").is_file():
            source = base.with_suffix(".py").read_text(encoding="utf-8")
            return all(re.search(rf"\b{re.escape(part)}\b", source) for part in parts[length:])
    return False
