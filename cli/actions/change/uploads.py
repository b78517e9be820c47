"""`costack refresh --from FILE`: looks into an Odoo where it lies, and uploads it to where a Job reads it."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import Final, NamedTuple

from pydantic import TypeAdapter, ValidationError

from allocation.adapters.deliveries.bucket import SCHEME
from cli.console.output import echo, say
from lifecycle.adapters.decommission_world import newest_backup_of
from lifecycle.adapters.uploads.buckets import RemoteFile, UploadBucket
from lifecycle.decommission.final_backup import bucket_name
from lifecycle.errors import RefusedError
from lifecycle.uploads.archive import Archive, PreparedDump, opened_archive
from lifecycle.uploads.errors import ArchiveError
from lifecycle.uploads.judgement import (
    Room,
    installed,
    noted,
    odoo_of,
    refused,
    refused_at_sight,
    worked_in,
)
from lifecycle.uploads.placing import Place, Uploaded, take_away, upload
from lifecycle.uploads.source import LocalFile, Source
from tiers.facts.names import BACKUP_BUCKET
from tiers.inventory import Inventory
from tiers.plan.plan import TenantPlan
from tiers.portfolio.restore.source import upload_prefix
from tiers.portfolio.restore.stage import ArchiveName
from tiers.vocabulary import Environment, TenantId

_NAMES: Final[TypeAdapter[str]] = TypeAdapter(ArchiveName)
_MIB: Final = 1 << 20
_GIB: Final = 1 << 30


class Imported(NamedTuple):
    """What was uploaded: when it was made, and what its file is called."""

    moment: datetime
    name: ArchiveName


def is_archive(text: str) -> bool:
    """Whether `--from` names a file, not a tenant.

    >>> is_archive("s3://bucket/acme.zip"), is_archive("acme.dump"), is_archive("./acme"), is_archive("acme")
    (True, True, True, False)
    """
    return text.startswith(SCHEME) or "." in text or "/" in text


def bring_in(  # noqa: PLR0917 - what is brought to whom
    inventory: Inventory, deployed: TenantPlan, address: str, files: str | None, cwd: Path, now: datetime
) -> Imported:
    """Check the archive at *address* for a tenant, then upload it.

    Raises:
        ArchiveError: When it cannot be read.
        RefusedError: When it may not come into this tenant; nothing was uploaded.
        AllocationError: When an archive in S3 cannot be read.
        LifecycleError: When it cannot be uploaded; the same command goes on.
    """
    name = _name(address)
    _refuse_worked(inventory, deployed)
    bucket = _bucket(inventory)
    room = Room.of(inventory.plan, deployed)
    beside = _source(files, cwd) if files else None
    with opened_archive(_source(address, cwd), beside) as archive:
        _refuse(archive, refused_at_sight(archive, room))
        with tempfile.TemporaryFile(prefix="costack-import-") as written:
            dump = archive.write_dump(written, room.database_gib * _GIB, _reading)
            say("")
            _refuse(archive, refused(archive, dump, room))
            _tell(archive, dump, room)
            moment = min(archive.taken, now.replace(microsecond=0))
            prefix = upload_prefix(deployed.tenant)
            place = Place(bucket.bucket, prefix, deployed.tenant, deployed.owner, moment)
            done = upload(archive, dump, written, place, bucket, say)
    _told(done, dump, place)
    return Imported(moment, name)


def remove_upload(inventory: Inventory, tenant: TenantId) -> None:
    """Take away what was uploaded for *tenant*.

    Raises:
        LifecycleError: When the bucket cannot be written.
    """
    bucket = _bucket(inventory)
    number = take_away(upload_prefix(tenant), bucket)
    echo(f"deleted the {number} objects of the upload from s3://{bucket.bucket}")


def _name(address: str) -> ArchiveName:
    path = PurePosixPath(address) if address.startswith(SCHEME) else Path(address)
    try:
        return _NAMES.validate_python(path.name)
    except ValidationError:
        raise ArchiveError(
            f"{address}: expected a name of letters, digits, '.', '_', '+' and '-', because it is written "
            "into the tenant's file: rename it"
        ) from None


def _refuse_worked(inventory: Inventory, deployed: TenantPlan) -> None:
    """Refuse a production whose newest backup shows that people have worked in it.

    The Job of `prepare` asks the database itself, and is all that can tell where no backup was made yet.
    """
    if deployed.environment is not Environment.PRODUCTION:
        return
    made = newest_backup_of(inventory, deployed.tenant)
    if made is not None and (why := worked_in(made)):
        raise RefusedError(
            f"{deployed.tenant} is production, and {why}: an upload takes its place before its first day "
            "only; import it into a sandbox"
        )


def _source(address: str, cwd: Path) -> Source:
    return RemoteFile.of(address) if address.startswith(SCHEME) else LocalFile.of(cwd / address)


def _bucket(inventory: Inventory) -> UploadBucket:
    return UploadBucket(inventory.plan.region, bucket_name(inventory, BACKUP_BUCKET))


def _refuse(archive: Archive, why: Iterable[str]) -> None:
    if found := [f"{archive.name}: {each}" for each in why]:
        raise RefusedError(*found)


def _reading(count: int) -> None:
    say(f"dump: {count // _MIB} MiB are read")


def _tell(archive: Archive, dump: PreparedDump, room: Room) -> None:
    """What was found in it, before it is uploaded."""
    version, modules = odoo_of(archive, dump), installed(dump)
    odoo = f"Odoo {version}" if version else "Odoo of an unknown version"
    rows = sum(each.rows for each in dump.contents.tables.values()) if dump.contents else 0
    counts = f", {rows} rows in {len(dump.contents.tables)} tables" if dump.contents and rows else ""
    with_modules = f", {len(modules)} modules installed" if modules else ""
    files = f", {len(archive.files.sizes)} files" if archive.files else ""
    echo(f"{archive.name}: {odoo} on PostgreSQL {dump.server_version}{counts}{with_modules}{files}")
    for sentence in noted(archive, dump, room):
        echo(f"{archive.name}: {sentence}")


def _told(done: Uploaded, dump: PreparedDump, place: Place) -> None:
    there = f", {done.there} were there already" if done.there else ""
    echo(
        f"uploaded the dump ({dump.bytes} bytes) and {done.sent} files{there} to s3://{place.bucket}, below "
        f"{place.prefix}/"
    )
    if done.altered:
        echo(
            f"{len(done.altered)} files are not what their names say and were left out, such as "
            f"{done.altered[0]}: these attachments will not open"
        )
