"""The expected usage of a tenant in a month, from its offer's `expected_use`; nothing is measured."""

from __future__ import annotations

from typing import Final

from tiers.catalog.classes import BackupClass
from tiers.catalog.tier import ExpectedUsage, Offer
from tiers.facts.network import Traffic
from tiers.plan.owner import about
from tiers.portfolio.tenant import Tenant
from tiers.vocabulary import CostCategory

_DAYS_PER_MONTH: Final = 30
_MIB_PER_GIB: Final = 1024
_PERCENT: Final = 100
# The AWS CLI uploads in parts of 8 MiB (its `multipart_chunksize`), each a request.
_MIB_PER_PART: Final = 8
# The start and end of a dump's upload, and the manifest.
_REQUESTS_PER_RUN: Final = 3
# An attachment of half a MiB on average; each is an object of its own.
_FILES_PER_GIB: Final = 2048


def traffic(tenant: Tenant, use: ExpectedUsage) -> Traffic:
    """The traffic that *tenant* is expected to send."""
    return Traffic(
        **about(tenant, "traffic", CostCategory.NETWORK),
        internet_gib_per_month=use.internet_gib,
        inter_zone_gib_per_month=use.inter_zone_gib,
    )


def changed_mib_per_day(offer: Offer) -> int:
    """How much of the database is rewritten every day."""
    changed = offer.database_gib * _MIB_PER_GIB * offer.expected_use.database_change_percent_per_day
    return up(changed, _PERCENT)


def changed_gib_per_month(offer: Offer) -> int:
    """The monthly transfer of a database copy to another region: its changes, in whole GiB."""
    return up(_DAYS_PER_MONTH * changed_mib_per_day(offer), _MIB_PER_GIB)


def automated_backups_gib(database_gib: int, changed_mib: int, retention_days: int) -> int:
    """The size of automated backups: the data once, and the changes of every day they are kept.

    Snapshots of RDS are incremental after the first (RDS User Guide, working with backups).

    >>> automated_backups_gib(50, 1536, 35)
    103
    """
    return database_gib + up(retention_days * changed_mib, _MIB_PER_GIB)


def dumped_gib_per_month(backup: BackupClass, database_gib: int) -> int:
    """The total size of a month's dumps, in whole GiB."""
    return up(backup.runs_per_month * database_gib * backup.dump_percent_of_database, _PERCENT)


def backup_requests_per_month(backup: BackupClass, offer: Offer) -> int:
    """The PUT requests of a month of backups: parts of dumps, manifests, and one for each new file.

    The LIST requests of the nightly comparison, one for every thousand files, are not counted.
    """
    dump_mib = offer.database_gib * _MIB_PER_GIB * backup.dump_percent_of_database
    parts = up(dump_mib, _PERCENT * _MIB_PER_PART)
    files = offer.expected_use.filestore_write_gib * _FILES_PER_GIB
    return backup.runs_per_month * (parts + _REQUESTS_PER_RUN) + files


def up(quantity: int, per: int) -> int:
    """*quantity* in units of *per*; what is begun counts as whole."""
    return -(-quantity // per)


def dumps_gib(backup: BackupClass, database_gib: int, retention_days: int) -> int:
    """The expected size of the dumps of *retention_days*, in whole GiB."""
    dumps = backup.runs_per_month * retention_days * database_gib * backup.dump_percent_of_database
    return up(dumps, _DAYS_PER_MONTH * _PERCENT)
