"""Edits a tenant's file, or the platform's, as a person would: one line, everything else unchanged."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from tiers.errors import CatalogError
from tiers.files import read_text, written_beside
from tiers.portfolio.tenant import Tenant
from tiers.strict_yaml import MAX_FILE_BYTES, load_model, load_tree
from tiers.vocabulary import Frozen

_LINE: Final = r"^{name}:.*(\n[ ].*)*\n?"
_INNER: Final = r"^{indent}{name}:.*(\n{indent}[ ].*)*\n?"
_SECTION: Final = r"^{name}:[ ]*(#.*)?\n(?P<body>([ ].*\n?|[ ]*(#.*)?\n)*)"
_INLINE: Final = r"^(?P<head>{name}:[ ]*\{{)(?P<body>[^#\n]*)(?P<tail>\}}[ ]*(#.*)?)$"
_INDENT: Final = re.compile(r"^( +)[^ #\n]", re.MULTILINE)
_AFTER: Final = re.compile(r"^hostname:.*$", re.MULTILINE)


def set_field(path: Path, name: str, value: str) -> bool:
    """Write `name: value` into the file, as `set_fields` does."""
    return set_fields(path, {name: value})


def set_fields(path: Path, values: Mapping[str, str | None], model: type[Frozen] = Tenant) -> bool:
    """Write each `name: value` into the file, in place of the old value or below the host name.

    `options.users` is a line below `options`; None removes a field. Comments and order stay. The new file is
    checked as *model* before it replaces the old one.

    Returns:
        Whether anything changed.

    Raises:
        CatalogError: When the file would no longer be valid, or is written so that a field has no place.
    """
    written = read_text(path, MAX_FILE_BYTES)
    before = written.replace("\r\n", "\n")
    line_end = "\r\n" if before != written else "\n"
    after = before
    for name, value in values.items():
        placed = _with_field(after, name, value)
        if placed is None:
            raise _no_place(path, name, value)
        after = placed
    if after == before:
        _refuse_left(path, path, values)
        return False
    _replace(path, after, line_end, model, values)
    return True


def append_item(path: Path, name: str, item: str, after: str, model: type[Frozen] = Tenant) -> None:
    """Write *item* as the last one of the list `name`, below the line of the field *after* if there is none.

    Comments and order stay. The new file is checked as *model* before it replaces the old one.

    Raises:
        CatalogError: When the file would no longer be valid, or the list is written in an unusual way.
    """
    written = read_text(path, MAX_FILE_BYTES)
    lines = written.replace("\r\n", "\n").splitlines()
    at = next((number for number, line in enumerate(lines) if line.startswith(f"{name}:")), None)
    if at is None:
        above = next((number for number, line in enumerate(lines) if line.startswith(f"{after}:")), None)
        place = None if above is None else above + 1
        new = [f"{name}:", f"  - {item}"]
    elif re.fullmatch(rf"{re.escape(name)}:[ ]*\[[ ]*\][ ]*", lines[at]):
        lines[at], place, new = f"{name}:", at + 1, [f"  - {item}"]
    else:
        place, new = _end_of_list(lines, at, item)
    if place is None:
        raise _no_place(path, name, f"\n  - {item}")
    lines[place:place] = new
    _replace(path, "\n".join(lines) + "\n", "\r\n" if "\r\n" in written else "\n", model, {})


def _end_of_list(lines: list[str], at: int, item: str) -> tuple[int | None, list[str]]:
    """Behind which line a block list that begins below line *at* ends, and its next item."""
    if not re.fullmatch(r"\w+:[ ]*(#.*)?", lines[at]):
        return None, []
    first, last = None, None
    for number, line in enumerate(lines[at + 1 :], start=at + 1):
        stripped = line.strip()
        if stripped.startswith("#") or not stripped:
            continue
        if not line.startswith((" ", "- ")):
            break
        first, last = first if first is not None else number, number
    if first is None or last is None or not lines[first].lstrip().startswith("- "):
        return None, []
    indent = lines[first][: len(lines[first]) - len(lines[first].lstrip())]
    return last + 1, [f"{indent}- {item}"]


def _replace(
    path: Path, after: str, line_end: str, model: type[Frozen], values: Mapping[str, str | None]
) -> None:
    """Put the text *after* in the place of the file, once it was checked."""
    try:
        with written_beside(path, after, newline=line_end) as scratch:
            load_model(model, scratch, shown_as=str(path))
            _refuse_left(path, scratch, values)
            scratch.chmod(path.stat().st_mode)
            scratch.replace(path)
    except OSError as error:
        raise CatalogError(f"{path}: cannot be written: {error.strerror}; it stays as it was") from None


def _no_place(path: Path, name: str, value: str | None) -> CatalogError:
    remedy = f"take {name} out of it" if value is None else f"write {name}: {value} into it"
    return CatalogError(f"{path}: found no place for `{name}`; {remedy} yourself")


def _refuse_left(path: Path, written: Path, values: Mapping[str, str | None]) -> None:
    """Refuse a file in which a removed field is still there: its line is written in an unusual way."""
    for name in (name for name, value in values.items() if value is None):
        within, _, key = name.rpartition(".")
        tree = load_tree(written)
        section = tree.get(within) if within and isinstance(tree, dict) else tree
        if isinstance(section, dict) and key in section:
            raise _no_place(path, name, None)


def _with_field(text: str, name: str, value: str | None) -> str | None:
    """The text with the field; None where neither the field nor a place for it is found."""
    within, _, key = name.rpartition(".")
    if within:
        return _with_inner_field(text, within, key, value)
    pattern = re.compile(_LINE.format(name=re.escape(key)), re.MULTILINE)
    if value is None:
        return pattern.sub("", text, count=1)
    line = f"{key}: {value}"
    if pattern.search(text):
        return pattern.sub(lambda _: f"{line}\n", text, count=1)
    added, places = _AFTER.subn(lambda match: f"{match.group()}\n{line}", text, count=1)
    return added if places else None


def _with_inner_field(text: str, within: str, key: str, value: str | None) -> str | None:
    """The text with a line in the section *within*, indented as the section's other lines are."""
    section = re.search(_SECTION.format(name=re.escape(within)), text, re.MULTILINE)
    if section is None:
        inline = re.search(_INLINE.format(name=re.escape(within)), text, re.MULTILINE)
        if inline is not None:
            return f"{text[: inline.start()]}{_with_inline_field(inline, key, value)}{text[inline.end() :]}"
        return text if value is None else None
    start, end = section.span("body")
    body = section["body"]
    first = _INDENT.search(body)
    indent = first[1] if first else "  "
    line = "" if value is None else f"{indent}{key}: {value}\n"
    pattern = re.compile(_INNER.format(indent=indent, name=re.escape(key)), re.MULTILINE)
    changed = pattern.sub(lambda _: line, body, count=1) if pattern.search(body) else line + body
    return text[:start] + changed + text[end:]


def _with_inline_field(inline: re.Match[str], key: str, value: str | None) -> str:
    """The line of a section in braces, with the field: in place of the old one, or first; None removes it."""
    field = rf"(?<![\w.])({re.escape(key)}:[ ]*)(\"[^\"]*\"|'[^']*'|[^,{{}}\[\]]+)"
    if value is None:
        body = re.sub(rf"{field},[ ]*|(,[ ]*)?{field}", "", inline["body"], count=1)
        return f"{inline['head']}{body}{inline['tail']}"
    pattern = re.compile(field)
    body, said = pattern.subn(lambda old: f"{old[1]}{value}", inline["body"], count=1)
    if not said:
        body = f"{key}: {value}, {body}" if body.strip() else f"{key}: {value}"
    return f"{inline['head']}{body}{inline['tail']}"


def remove(path: Path) -> bool:
    """Remove the file from the portfolio; whether it existed."""
    if not path.exists():
        return False
    path.unlink()
    return True
