"""Whether an uploaded Odoo may come into a tenant: asked before anything is uploaded, stopped or changed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

from lifecycle.uploads.archive import Archive, PreparedDump
from tiers.facts.every_fact import DatabaseInstance, FileShare, TenantDatabase
from tiers.plan.plan import Plan, TenantPlan, facts_of, process_of

OLDEST_POSTGRESQL: Final = 16
NEWEST_POSTGRESQL: Final = 18
"""The major versions whose dumps were tried. PostgreSQL reads dumps of older ones, of newer ones by luck."""
_GIB: Final = 1 << 30
_NAMED: Final = 20


class Room(NamedTuple):
    """What a tenant has for an uploaded Odoo, as it is deployed.

    Attributes:
        odoo: Its version of Odoo, such as 18.0; '' where it has no pods.
        postgresql: The major version of its server; None where the plan does not say.
    """

    tenant: str
    odoo: str
    postgresql: int | None
    database_gib: int
    filestore_gib: int

    @classmethod
    def of(cls, plan: Plan, tenant: TenantPlan) -> Room:
        """That of *tenant*."""
        process = process_of(tenant)
        databases = facts_of(tenant.facts, TenantDatabase)
        servers = {fact.id: fact for fact in plan.all_facts() if isinstance(fact, DatabaseInstance)}
        on = next((servers[each.server] for each in databases if each.server in servers), None)
        return cls(
            tenant.tenant,
            process.version if process else "",
            int(on.engine_version.partition(".")[0]) if on else None,
            max((fact.storage_gib for fact in databases), default=0),
            max((fact.storage_gib for fact in facts_of(tenant.facts, FileShare)), default=0),
        )


def gib_of(count: int) -> int:
    """*count* bytes in GiB, rounded up."""
    return -(-count // _GIB)


def odoo_of(archive: Archive, dump: PreparedDump | None) -> str:
    """The version of Odoo as the database says it, else as the manifest; '' where neither is known.

    The module base of 18.0 has version 18.0.1.3, that of an Odoo between two saas~18.2.1.3.
    """
    if dump is not None and dump.contents is not None and "base" in dump.contents.modules:
        return ".".join(dump.contents.modules["base"][1].split(".")[:2])
    said = archive.manifest.get("major_version") or archive.manifest.get("version") or ""
    return said if isinstance(said, str) else ""


def refused_at_sight(archive: Archive, room: Room) -> Iterator[str]:
    """Why it may not come, of what is known before its dump is read."""
    yield from _other_odoo(odoo_of(archive, None), room)
    if (needs := gib_of(archive.dump_bytes)) > room.database_gib:
        yield _too_small("its dump has", needs, "database_gib", room.database_gib, room.tenant)
    files = sum(archive.files.sizes.values()) if archive.files else 0
    if (needs := gib_of(files)) > room.filestore_gib:
        yield _too_small("its files have", needs, "filestore_gib", room.filestore_gib, room.tenant)


def refused(archive: Archive, dump: PreparedDump, room: Room) -> Iterator[str]:
    """Why it may not come, once its dump was read."""
    inside, said = odoo_of(archive, dump), odoo_of(archive, None)
    if said and inside and said != inside:
        yield f"its manifest.json says Odoo {said}, and its database is of Odoo {inside}"
    yield from _other_odoo(inside, room)
    if (contents := dump.contents) is not None and contents.counted:
        state, _ = contents.modules.get("base", ("", ""))
        if state != "installed":
            yield "its dump holds no Odoo: module base is not installed in it"
    server, client = _major(dump.server_version), _major(dump.client_version)
    if not server or not client or max(server, client) > NEWEST_POSTGRESQL:
        yield (
            f"its dump is of PostgreSQL {dump.server_version or 'unknown'}, made by pg_dump "
            f"{dump.client_version or 'unknown'}: {OLDEST_POSTGRESQL} to {NEWEST_POSTGRESQL} were tried, and "
            "newer ones may say what the server cannot read"
        )


def noted(archive: Archive, dump: PreparedDump, room: Room) -> Iterator[str]:
    """What whoever imports it should know, and what stops nothing."""
    major = _major(dump.server_version)
    if major is not None and room.postgresql is not None and major > room.postgresql:
        yield (
            f"the dump is of PostgreSQL {major}, and the server is {room.postgresql}: what the older one "
            "cannot read ends the Job of prepare, and nothing else"
        )
    if major is not None and major < OLDEST_POSTGRESQL:
        yield f"the dump is of PostgreSQL {major}: {OLDEST_POSTGRESQL} to {NEWEST_POSTGRESQL} were tried"
    if archive.files is None:
        yield "it has no files: attachments that lie in the filestore will not open"
    if (contents := dump.contents) is None:
        yield "its dump is in pg_dump's own format: versions, modules and rows are looked into by the Job"
        return
    if not contents.counted:
        yield "its dump has INSERT statements: its rows are not counted before they are restored"
    has = archive.files.sizes if archive.files else {}
    lacking = sorted(each.hex() for each in contents.files if each.hex() not in has)
    if lacking and archive.files is not None:
        shown = ", ".join(lacking[:3])
        yield (
            f"{len(lacking)} of {len(contents.files)} files that its attachments name are not in it, such as "
            f"{shown}: these attachments will not open"
        )


def worked_in(manifest: Mapping[str, Any]) -> str:
    """What the *manifest* of a tenant's own backup says of people who worked in it; '' where nobody did.

    Odoo writes a row for every login (res.users.log of 16.0 to 19.0), and a backup counts rows.
    """
    tables = manifest.get("tables")
    logins = tables.get("public.res_users_log", {}).get("rows") if isinstance(tables, dict) else None
    return f"{logins} logins are in its backup of {manifest.get('started')}" if logins else ""


def installed(dump: PreparedDump) -> tuple[str, ...]:
    """The modules that its database has installed, in order."""
    modules = dump.contents.modules if dump.contents else {}
    return tuple(sorted(name for name, (state, _) in modules.items() if state == "installed"))


def _other_odoo(version: str, room: Room) -> Iterator[str]:
    if version and room.odoo and version.partition(".")[0] != room.odoo.partition(".")[0]:
        yield (
            f"it is of Odoo {version}, and {room.tenant} runs Odoo {room.odoo}, which does not start on it: "
            f"let a sandbox run Odoo {version.partition('.')[0]} (`odoo: {{version: NAME}}` in its file), "
            "import it there, then upgrade it"
        )


def _too_small(what: str, needs: int, name: str, has: int, tenant: str) -> str:
    return f"{what} {needs} GiB, and {tenant} has {name} {has}: write {needs} into its options"


def _major(version: str) -> int | None:
    digits = version.partition(".")[0]
    return int(digits) if digits.isdigit() else None
