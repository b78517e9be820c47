"""Builds the wheel of Costack: the folders of the repository as packages of `costack`, and nothing beside it.

In the repository `components`, `tiers`, `cli` and the others lie at the top. In somebody's project these are
likely names of folders of their own, and Python has one module of a name. So the wheel has them below
`costack`, and every import of one of them says so; docs/adr/0018-one-package-in-the-wheel.md has the reasons.
It is a build backend (PEP 517): setuptools does the rest, and an editable install is setuptools' own.
"""

from __future__ import annotations

import ast
import base64
import csv
import hashlib
import io
import os
import re
import shutil
import tempfile
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from setuptools import build_meta
from setuptools.build_meta import (
    build_editable,
    build_sdist,
    get_requires_for_build_editable,
    get_requires_for_build_sdist,
    get_requires_for_build_wheel,
    prepare_metadata_for_build_editable,
    prepare_metadata_for_build_wheel,
)

__all__ = (
    "build_editable",
    "build_sdist",
    "build_wheel",
    "get_requires_for_build_editable",
    "get_requires_for_build_sdist",
    "get_requires_for_build_wheel",
    "prepare_metadata_for_build_editable",
    "prepare_metadata_for_build_wheel",
)

PACKAGE = "costack"
MOVED = ("allocation", "cli", "components", "lifecycle", "localcloud", "plugin", "policies", "tiers")
"""The folders that become packages of `costack`."""
_LEFT = shutil.ignore_patterns("__pycache__", "*.egg-info")
_READ = ("pyproject.toml", "README.md", "LICENSE", "requirements.txt", "MANIFEST.in")


class WheelError(Exception):
    """The source cannot be moved below `costack`; the message names file and line."""


def build_wheel(
    wheel_directory: str,
    config_settings: Mapping[str, object] | None = None,
    metadata_directory: str | None = None,
) -> str:
    """Build the wheel into *wheel_directory*; its name."""
    target = Path(wheel_directory).absolute()
    with tempfile.TemporaryDirectory(prefix="costack-wheel-") as scratch, _copied(Path(scratch)):
        name = build_meta.build_wheel(scratch, config_settings, metadata_directory)
        made = Path(scratch) / "moved.whl"
        write_moved(Path(scratch) / name, made)
        shutil.move(made, target / name)
    return name


@contextmanager
def _copied(scratch: Path) -> Iterator[None]:
    """Work in a copy of what is built: of a folder `build` in the clone, old files would be packed again."""
    here, copy = Path.cwd(), scratch / "source"
    copy.mkdir()
    for name in _READ:
        if (here / name).is_file():
            shutil.copy(here / name, copy)
    for name in (*MOVED, PACKAGE):
        shutil.copytree(here / name, copy / name, ignore=_LEFT)
    os.chdir(copy)
    try:
        yield
    finally:
        os.chdir(here)


def write_moved(flat: Path, target: Path) -> None:
    """Write the wheel *flat* anew to *target*, with its packages below `costack`."""
    record: list[tuple[str, str, int | str]] = []
    with zipfile.ZipFile(flat) as old, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as new:
        modules = frozenset(_modules(old.namelist()))
        for entry in old.infolist():
            if entry.filename.endswith(".dist-info/RECORD"):
                last = entry
                continue
            content = _moved_file(entry.filename, old.read(entry), modules)
            entry.filename = _moved_name(entry.filename)
            new.writestr(entry, content, zipfile.ZIP_DEFLATED)
            digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
            record.append((entry.filename, f"sha256={digest}", len(content)))
        record.append((last.filename, "", ""))
        text = io.StringIO()
        csv.writer(text, lineterminator="\n").writerows(record)
        new.writestr(last, text.getvalue(), zipfile.ZIP_DEFLATED)


def _moved_name(name: str) -> str:
    return f"{PACKAGE}/{name}" if name.split("/", 1)[0] in MOVED else name


def _modules(names: Iterable[str]) -> Iterator[str]:
    """The packages and modules among the files of a wheel that move, but for packages at the top."""
    for name in names:
        module = name.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
        if name.endswith(".py") and _moves(module) and "." in module:
            yield module


def _moved_file(name: str, content: bytes, modules: frozenset[str]) -> bytes:
    if name.endswith(".dist-info/top_level.txt"):
        return f"{PACKAGE}\n".encode()
    if name.endswith(".py") and ".dist-info/" not in name:
        return moved(content.decode(), name, modules).encode()
    return content


def moved(source: str, name: str, modules: frozenset[str] = frozenset()) -> str:
    """A module's *source* with `costack.` before every import of a folder that moves; lines stay lines.

    Args:
        source: What the file *name* holds.
        name: The name in sentences.
        modules: The names of all modules that move.

    Raises:
        WheelError: When it imports one by `import tiers`, whose name would change in all that follows, or
            names one in a text, which would be looked for where it no longer is.
    """
    lines = source.splitlines(keepends=True)
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom) and node.level == 0 and _moves(node.module or ""):
            line = lines[node.lineno - 1]
            start, word = line[: node.col_offset], line[node.col_offset :]
            lines[node.lineno - 1] = start + re.sub(r"^from\s+", f"from {PACKAGE}.", word, count=1)
        elif isinstance(node, ast.Import) and any(_moves(each.name) for each in node.names):
            raise WheelError(f"{name}:{node.lineno}: write `from … import …`: the wheel renames the package")
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value in modules:
            raise WheelError(f"{name}:{node.lineno}: '{node.value}' names a module; expected __name__")
    return "".join(lines)


def _moves(module: str) -> bool:
    return module.partition(".")[0] in MOVED
