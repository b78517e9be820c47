"""Edits a tenant's file, or the platform's, as a person would: one line, everything else unchanged."""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from tiers.errors import CatalogError
from tiers.portfolio.tenant import Tenant
from tiers.strict_yaml import load_model
from tiers.vocabulary import Frozen, TenantId

_LINE: Final = r"^{name}:.*(\n[ ].*)*\n?"
_INNER: Final = r"^ +{name}:.*\n?"
_SECTION: Final = r"^{name}:[ ]*(#.*)?$"
_AFTER: Final = re.compile(r"^hostname:.*$", re.MULTILINE)


def file_of(portfolio: Path, tenant: TenantId) -> Path:
    """The file of *tenant*.

    Raises:
        CatalogError: When no file of the portfolio has it.
    """
    for path in sorted((portfolio / "tenants").glob("*.yaml")):
        if re.search(
            rf"^tenant: *{re.escape(tenant)}\s*(#.*)?$", path.read_text(encoding="utf-8"), re.MULTILINE
        ):
            return path
    raise CatalogError(f"{portfolio / 'tenants'}: no file has tenant '{tenant}'")


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
        CatalogError: When the file would no longer be valid.
    """
    before = path.read_text(encoding="utf-8")
    after = before
    for name, value in values.items():
        after = _with_field(after, name, value)
    if after == before:
        return False
    handle, scratch = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(after)
        load_model(model, Path(scratch), shown_as=str(path))
        Path(scratch).chmod(path.stat().st_mode)
        Path(scratch).replace(path)
    except BaseException:
        Path(scratch).unlink(missing_ok=True)
        raise
    return True


def _with_field(text: str, name: str, value: str | None) -> str:
    within, _, key = name.rpartition(".")
    field = _INNER if within else _LINE
    pattern = re.compile(field.format(name=re.escape(key)), re.MULTILINE)
    if value is None:
        return pattern.sub("", text, count=1)
    line = f"{'  ' if within else ''}{key}: {value}"
    if pattern.search(text):
        return pattern.sub(lambda _: f"{line}\n", text, count=1)
    after = re.compile(_SECTION.format(name=re.escape(within)), re.MULTILINE) if within else _AFTER
    return after.sub(lambda match: f"{match.group()}\n{line}", text, count=1)


def remove(path: Path) -> bool:
    """Remove the file from the portfolio; whether it existed."""
    if not path.exists():
        return False
    path.unlink()
    return True
