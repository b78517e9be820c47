"""Reads and writes the files of an adoption: its checklist, the CSV, dumps, tenants' files.

The checklist is replaced as a whole or not at all, and never when somebody changed it in the meantime.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any, Final

from lifecycle.adoption.checks import TenantFile
from lifecycle.adoption.document import rendered
from lifecycle.adoption.state import FILE, Adoption, DumpFile, LegacyDump
from tiers.catalog.tier import Catalog
from tiers.errors import CatalogError
from tiers.files import UnreadableError, opened, read_text, written_beside
from tiers.portfolio.loading import read_portfolio
from tiers.portfolio.tenant import Tenant
from tiers.strict_yaml import MAX_FILE_BYTES, collect, load_model
from tiers.vocabulary import TenantId

_CHUNK: Final = 1 << 20
_READABLE: Final = 0o644
"""The mode of a new file that people review together."""


def read_adoption(folder: Path) -> tuple[Adoption, str]:
    """The checklist in *folder* and its text.

    Raises:
        CatalogError: When there is none, or with every mistake in it.
    """
    path = folder / FILE
    if not path.exists():
        raise CatalogError(f"{path}: no such file; begin with `costack adopt start --inventory estate.csv`")
    text = read_text(path, MAX_FILE_BYTES)
    adoption = load_model(Adoption, path)
    try:
        adoption.decided()
    except CatalogError as error:
        raise CatalogError(*(f"{path}: {problem}" for problem in error.problems)) from None
    return adoption, text


def write_adoption(folder: Path, adoption: Adoption, before: str) -> str:
    """Put *adoption* in the place of the checklist whose text was *before*; empty where there was none.

    Returns:
        The text that the file has now; what it had where nothing changed.

    Raises:
        CatalogError: When somebody else changed the file since it was read, or it cannot be written.
    """
    path = folder / FILE
    if before and load_model(Adoption, path) == adoption:
        return before
    text = rendered(tree_of(adoption), before)
    if len(text.encode()) > MAX_FILE_BYTES:
        raise CatalogError(
            f"{path}: would have more than {MAX_FILE_BYTES:,} bytes; adopt the estate in parts"
        )
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _replace(path, text, adoption, before)
    except OSError as error:
        raise CatalogError(f"{path}: cannot be written: {error.strerror}") from None
    return text


def _replace(path: Path, text: str, adoption: Adoption, before: str) -> None:
    with written_beside(path, text, newline="") as scratch:
        _refuse_otherwise(path, scratch, adoption, before)
        scratch.chmod(path.stat().st_mode & 0o777 if before else _READABLE)
        scratch.replace(path)


def _refuse_otherwise(path: Path, scratch: Path, adoption: Adoption, before: str) -> None:
    """Refuse a text that reads back as something else, and a file that somebody changed in the meantime."""
    if load_model(Adoption, scratch, shown_as=str(path)) != adoption:
        raise CatalogError(f"{path}: was not written: it would read back as something else")
    there = read_text(path, MAX_FILE_BYTES) if path.exists() else ""
    if there != before:
        raise CatalogError(f"{path}: was changed while costack worked; nothing was written, run it again")


def tree_of(adoption: Adoption) -> Mapping[str, Any]:
    """The content of the checklist as plain data; what is empty is left out."""
    tree: dict[str, Any] = adoption.model_dump(mode="json", exclude_none=True)
    for adopted in tree["tenants"].values():
        for name in ("spellings", "signed_off", "phases"):
            if not adopted[name]:
                del adopted[name]
        for record in adopted.get("phases", {}).values():
            for name in ("facts", "signed"):
                if not record[name]:
                    del record[name]
    return tree


def faults_of_dump(folder: Path, dump: LegacyDump, *, whole: bool) -> tuple[str, ...]:
    """What is wrong with the files of a dump; *whole* reads them, else their sizes alone are compared."""
    named = (("database", dump.database), ("filestore", dump.filestore))
    return tuple(
        f"dump.{name}: {fault}"
        for name, one in named
        if (fault := _fault_of(folder / one.file, one, whole=whole))
    )


def _fault_of(path: Path, wanted: DumpFile, *, whole: bool) -> str:
    digest, size = hashlib.sha256(), 0
    try:
        with opened(path) as stream:
            if not whole:
                size = os.fstat(stream.fileno()).st_size
            while whole and (chunk := stream.read(_CHUNK)):
                digest.update(chunk)
                size += len(chunk)
    except UnreadableError as error:
        return str(error)
    except OSError as error:
        return f"{path}: cannot be read: {error.strerror}"
    if size != wanted.bytes:
        return f"{path}: expected {wanted.bytes} bytes, found {size}"
    if whole and digest.hexdigest() != wanted.sha256:
        return f"{path}: expected sha256 {wanted.sha256[:12]}…, found {digest.hexdigest()[:12]}…"
    return ""


def tenant_files(portfolio: Path, catalog: Catalog) -> Mapping[TenantId, TenantFile]:
    """The files of a portfolio's tenants, with every mistake that `costack validate` finds in each.

    A file that cannot be read counts for the tenant of its name.
    """
    problems: list[str] = []
    read_portfolio(portfolio, catalog, problems)
    found: dict[TenantId, TenantFile] = {}
    for path in sorted((portfolio / "tenants").glob("*.yaml")):
        tenant = collect([], partial(load_model, Tenant, path, within=portfolio))
        own = tuple(each for each in problems if each.startswith((f"{path}:", f"{path}: ")))
        name = path.stem if tenant is None else tenant.tenant
        found[name] = TenantFile(str(path), tenant, own)
    return found


def write_tenant_file(portfolio: Path, tenant: TenantId, text: str) -> Path:
    """Write the file of a new tenant, once it is one.

    Raises:
        CatalogError: When it is there already, is no tenant's file, or cannot be written.
    """
    path = portfolio / "tenants" / f"{tenant}.yaml"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with written_beside(path, text) as scratch:
            load_model(Tenant, scratch, shown_as=str(path))
            scratch.chmod(_READABLE)
            os.link(scratch, path)  # refuses a file that is there, and none is ever half written
    except FileExistsError:
        raise CatalogError(f"{path}: exists already; nothing is overwritten") from None
    except OSError as error:
        raise CatalogError(f"{path}: cannot be written: {error.strerror}") from None
    return path
