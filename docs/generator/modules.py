"""The list of modules: every folder and file of code, with the first line of its docstring."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from docs.generator.markdown import NOTICE, table

_LEFT_OUT: Final = frozenset({"tests", "mutants", "build"})
_INTRODUCTION: Final = """\
Every folder and module with the first line of its docstring. [architecture.md](architecture.md) says how they
work together, [glossary.md](glossary.md) what the words mean."""


def module_page(root: Path) -> str:
    """The page for the repository in *root*."""
    sections = [_section(root, folder) for folder in _folders(root)]
    return "\n\n".join([NOTICE, "# Modules", _INTRODUCTION, *sections]) + "\n"


def _folders(root: Path) -> Iterator[Path]:
    for top in sorted(root.iterdir()):
        if top.is_dir() and top.name not in _LEFT_OUT and not top.name.startswith("."):
            yield from sorted({path.parent for path in top.rglob("*.py")})


def _section(root: Path, folder: Path) -> str:
    modules = [path for path in sorted(folder.glob("*.py")) if path.name != "__init__.py"]
    parts = [f"## `{folder.relative_to(root).as_posix()}/`"]
    if (package := folder / "__init__.py").is_file():
        parts.append(_first_line(package))
    if modules:
        rows = [
            [f"[{path.stem}](../{path.relative_to(root).as_posix()})", _first_line(path)] for path in modules
        ]
        parts.append(table(["module", "what it knows"], rows))
    return "\n\n".join(parts)


def _first_line(path: Path) -> str:
    explained = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
    return explained.partition("\n")[0]
