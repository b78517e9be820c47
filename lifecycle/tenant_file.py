"""Edits the file of a tenant the way a person would: one line, everything else as it stands."""

from __future__ import annotations

import os
import re
import tempfile
from pathlib import Path
from typing import Final

from tiers.errors import CatalogError
from tiers.loader import load_model
from tiers.tenancy import Tenant
from tiers.vocabulary import TenantId

_LINE: Final = "^{name}:.*$"
_AFTER: Final = re.compile(r"^hostname:.*$", re.MULTILINE)


def file_of(portfolio: Path, tenant: TenantId) -> Path:
    """The file in which *tenant* stands.

    Raises:
        CatalogError: When no file of the portfolio holds it.
    """
    for path in sorted((portfolio / "tenants").glob("*.yaml")):
        if re.search(
            rf"^tenant: *{re.escape(tenant)}\s*(#.*)?$", path.read_text(encoding="utf-8"), re.MULTILINE
        ):
            return path
    raise CatalogError(f"{portfolio / 'tenants'}: no file holds tenant '{tenant}'")


def set_field(path: Path, name: str, value: str) -> bool:
    """Write `name: value` into the file, in place of what it says or under the host name.

    Comments and order stay. The file is read back before it takes the old one's place.

    Returns:
        Whether anything changed.

    Raises:
        CatalogError: When the file would no longer be a tenant's.
    """
    before = path.read_text(encoding="utf-8")
    line = f"{name}: {value}"
    pattern = re.compile(_LINE.format(name=re.escape(name)), re.MULTILINE)
    if pattern.search(before):
        after = pattern.sub(line, before, count=1)
    else:
        after = _AFTER.sub(lambda match: f"{match.group()}\n{line}", before, count=1)
    if after == before:
        return False
    handle, scratch = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(after)
        load_model(Tenant, Path(scratch), shown_as=str(path))
        Path(scratch).chmod(path.stat().st_mode)
        Path(scratch).replace(path)
    except BaseException:
        Path(scratch).unlink(missing_ok=True)
        raise
    return True


def remove(path: Path) -> bool:
    """Take the file out of the portfolio; whether it was there."""
    if not path.exists():
        return False
    path.unlink()
    return True
