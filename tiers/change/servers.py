"""What a change does to PostgreSQL servers and session caches.

Costack leaves `apply_immediately` false, so AWS applies most changes in the next maintenance window (RDS User
Guide, "Settings for DB instances"; ElastiCache API reference, ModifyReplicationGroup). Minutes are named only
where AWS names them. A new major version of PostgreSQL: RDS User Guide, "Major version upgrades"; it needs a
parameter group of the new family: RDS API reference, ModifyDBInstance (`EngineVersion`). Until then the
server keeps the group of before (terraform-provider-aws, pull 47121), and RDS deletes none that a server has.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from tiers.change.effect import EffectKind
from tiers.facts.copies import DatabaseStandby
from tiers.facts.data import CacheGroup, DatabaseInstance
from tiers.vocabulary import is_older_version, version_numbers

Server = DatabaseInstance | DatabaseStandby


class Change(NamedTuple):
    """What happens to one resource; `waits` until the maintenance window if AWS defers it."""

    kind: EffectKind
    what: str
    waits: bool = False


def server_changes(before: Server, after: Server) -> Iterator[Change]:
    """What happens to a server that was there before."""
    if before.region != after.region:
        yield Change(EffectKind.DATA, f"a new, empty server in {after.region} would replace it")
        return
    yield from _followed(before, after) if _follows(after) else _versions(before, after)
    waits = not _is_changed_at_once(after)
    if before.instance_class != after.instance_class:
        yield Change(EffectKind.RESTART, _new_class(before, after), waits=waits)
    if before.storage_gib < after.storage_gib:
        yield _grows(before, after, waits=waits)
    if isinstance(before, DatabaseInstance) and isinstance(after, DatabaseInstance):
        yield from _only_primaries(before, after)
    if before.deletion_protection and not after.deletion_protection:
        yield Change(EffectKind.DATA, "no longer refuses its deletion")


def _grows(before: Server, after: Server, *, waits: bool) -> Change:
    """RDS User Guide, "Scaling up DB instance storage": "by at least 10 percent", and 6 hours between."""
    step = f"storage {before.storage_gib} → {after.storage_gib} GiB"
    if (after.storage_gib - before.storage_gib) * 10 < before.storage_gib:
        least = -(-before.storage_gib * 11 // 10)
        what = f"{step}: RDS adds no less than a tenth, so the update would fail; {least} GiB or more"
        return Change(EffectKind.MAJOR, what)
    return Change(
        EffectKind.NOTICE, f"{step} without downtime; it cannot grow again for 6 hours", waits=waits
    )


def _versions(before: Server, after: Server) -> Iterator[Change]:
    if before.engine_version == after.engine_version:
        return
    old, new = (_major(each) for each in (before, after))
    step = f"PostgreSQL {before.engine_version} → {after.engine_version}"
    if new > old:
        what = (
            f"{step}, a new major version: it does not answer for several minutes (RDS User Guide), and only "
            "a restore leads back"
        )
        yield Change(EffectKind.MAJOR, what, waits=not _at_once(after))
        group = f"its parameter group of postgres{old} goes with the first update after `pulumi refresh`"
        yield Change(EffectKind.NOTICE, group)
    elif is_older_version(after.engine_version, before.engine_version):
        what = f"{step}: RDS takes no server back to an older version; the update would fail"
        yield Change(EffectKind.MAJOR, what)
    elif "." not in after.engine_version:
        what = f"{step}: AWS upgrades its minor version by itself; it does not answer while it restarts"
        yield Change(EffectKind.RESTART, what, waits=True)
    elif "." not in before.engine_version:
        what = (
            f"{step}: AWS no longer upgrades its minor version by itself; the update fails where a newer one "
            "runs, and else it does not answer while it restarts"
        )
        yield Change(EffectKind.RESTART, what, waits=True)
    else:
        yield Change(EffectKind.RESTART, f"{step}: it does not answer while it restarts", waits=True)


def _at_once(server: Server) -> bool:
    """Whether the update itself upgrades it, and not AWS in its window."""
    return isinstance(server, DatabaseInstance) and server.upgrade is not None and server.upgrade.at_once


def _follows(server: Server) -> bool:
    return isinstance(server, DatabaseStandby) and not server.promoted


def _is_changed_at_once(server: Server) -> bool:
    """Nobody works with a standby, nor with one that takes over before it is opened."""
    return isinstance(server, DatabaseStandby) and (not server.promoted or server.takes_over)


def _followed(before: Server, after: Server) -> Iterator[Change]:
    """A replica is upgraded before its source, to no major version (`tiers/change/versions/upgrades.py`)."""
    if before.engine_version == after.engine_version:
        return
    step = f"PostgreSQL {before.engine_version} → {after.engine_version}"
    if _major(before) != _major(after):
        what = "RDS takes no standby in another region to a new major version, so the update stops"
        way = "take warm_standby out before, and write it again after the window of its server"
        yield Change(EffectKind.MAJOR, f"{step}: {what}; {way}")
    else:
        what = "where it is older, this update takes it there at once, and the next one its server"
        yield Change(EffectKind.NOTICE, f"{step}: {what}")


def _major(server: Server) -> int:
    return (version_numbers(server.engine_version) or (0,))[0]


def _new_class(before: Server, after: Server) -> str:
    step = f"{before.instance_class} → {after.instance_class}"
    if all(isinstance(each, DatabaseInstance) and each.multi_az for each in (before, after)):
        return (
            f"{step}: 1 to 2 minutes without answers while it fails over (RDS User Guide: 60 to 120 seconds)"
        )
    return f"{step}: it does not answer until it has started again; AWS names no time for a single zone"


def _only_primaries(before: DatabaseInstance, after: DatabaseInstance) -> Iterator[Change]:
    if not before.multi_az and after.multi_az:
        what = "gets its standby in a second zone: no downtime, writes are slower while the standby fills"
        yield Change(EffectKind.NOTICE, what, waits=True)
    if before.multi_az and not after.multi_az:
        what = "loses its standby in a second zone: no downtime now, a failed zone stops it"
        yield Change(EffectKind.NOTICE, what, waits=True)
    kept, keeps = before.backup_retention_days, after.backup_retention_days
    if bool(kept) != bool(keeps):
        what = "automated backups start" if keeps else "automated backups end"
        yield Change(EffectKind.RESTART, f"{what}: some seconds to some minutes without answers", waits=True)
    if kept > keeps:
        what = f"automated backups are kept {keeps} days, {kept} before; older ones are deleted"
        yield Change(EffectKind.DATA, what)


def cache_changes(before: CacheGroup, after: CacheGroup) -> Iterator[Change]:
    """What happens to a session cache that was there before."""
    everyone = "a new, empty cache replaces it: everybody has to log in again"
    if before.region != after.region or _older(before, after):
        yield Change(EffectKind.RESTART, everyone)
        return
    if after.users:
        yield from _user_changes(before, after)
    elif before.rotation_number != after.rotation_number:
        yield Change(EffectKind.RESTART, "takes a new token beside the one before: pods start anew with it")
    elif before.replaced_number is not None and after.replaced_number is None:
        yield Change(EffectKind.NOTICE, "takes the new token alone")
    if (before.engine, before.engine_version) != (after.engine, after.engine_version):
        step = f"{before.engine} {before.engine_version} → {after.engine} {after.engine_version}"
        yield Change(EffectKind.RESTART, f"{step}: connections break while its nodes restart", waits=True)
    if before.node_type != after.node_type:
        step = f"{before.node_type} → {after.node_type}"
        yield Change(EffectKind.RESTART, f"{step}: connections break while nodes are exchanged", waits=True)
    if before.multi_az and not after.multi_az:
        yield Change(
            EffectKind.NOTICE, "loses its standby: when its node fails, everybody has to log in again"
        )


def _user_changes(before: CacheGroup, after: CacheGroup) -> Iterator[Change]:
    if not before.users:
        what = (
            "each tenant gets a user of its own: pods start anew with it; what waits for its window is made"
        )
        yield Change(EffectKind.RESTART, f"{what} at once")
    elif before.replaced_number is not None and after.replaced_number is None:
        yield Change(EffectKind.NOTICE, "the token that all tenants had no longer opens it")


def _older(before: CacheGroup, after: CacheGroup) -> bool:
    """Whether ElastiCache must replace it: no cache goes back in versions, nor from Valkey to Redis."""
    if before.engine != after.engine:
        return after.engine == "redis"
    return is_older_version(after.engine_version, before.engine_version)
