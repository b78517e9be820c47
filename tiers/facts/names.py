"""The fact ids and names that plans, components and commands share."""

from __future__ import annotations

from typing import Final

from tiers.facts.every_fact import FactId
from tiers.vocabulary import PLATFORM

STACK: Final = "pulumi:pulumi:Stack"
"""Pulumi's own type of a stack, whose outputs are the program's."""
COMPONENT_TYPE_PREFIX: Final = "costack:index:"
SHARED_PLATFORM: Final = f"{COMPONENT_TYPE_PREFIX}SharedPlatform"
TENANT_STACK: Final = f"{COMPONENT_TYPE_PREFIX}TenantStack"
"""Component types as Pulumi's state has them; they are part of every URN below a component."""

ODOO_SETUP: Final = "odoo-setup"
"""The job that installs Odoo, or makes a copy harmless, before its pods start."""
ODOO_UPDATE: Final = "odoo-update"
"""The job that updates modules while the pods are stopped."""
ODOO_START: Final = "odoo-start"
"""The job that starts the pods again that an update of modules left stopped."""
FINAL_BACKUP: Final = "final-backup"
LIVE_BACKUP: Final = "live-backup"
"""The backup of a tenant that another one's refresh asks for, while people work."""
DROP_DATABASE: Final = "drop-database"
EMPTY_FILESTORE: Final = "empty-filestore"
FINAL_DUMP: Final = "final-dump"
"""The space for the last dump of a tenant whose offer has no dumps."""
CLOSING_JOBS: Final = (FINAL_BACKUP, DROP_DATABASE, EMPTY_FILESTORE)
CLOSING_FACTS: Final = (FINAL_DUMP, *CLOSING_JOBS)
"""What a tenant gets while it is decommissioned, and never before."""

DASHBOARDS: Final = "platform/dashboards"
OTHER_DATABASE: Final = "other-database"
"""The tenant's database on the server that is not in use: the future copy, or the old original."""

COPY_DATABASE: Final = "copy-database"
COPY_FILES: Final = "copy-filestore"
# The ids are part of Job names in Pulumi's state, so they keep the words of the first release.
CUT_OVER: Final = "hand-over-database"
DROP_OLD_DATABASE: Final = "drop-left-database"
EMPTY_OLD_FILESTORE: Final = "empty-left-filestore"
MOVE_JOBS: Final = (COPY_DATABASE, COPY_FILES, CUT_OVER, DROP_OLD_DATABASE, EMPTY_OLD_FILESTORE)
"""The jobs of a move, each at one stage."""

SIDE_DATABASE: Final = "side-database"
"""The database beside the one in use, on the same server: what is to take its place, or was in use before."""
FILES_COPY: Final = "filestores-copy"
"""The replication of a tenant's files into its second region."""
MAKE_SIDE: Final = "make-side-database"
FILL_SIDE: Final = "fill-side-database"
SWITCH_SIDE: Final = "switch-side-database"
RESTORE_FILES: Final = "restore-filestore"
DROP_SIDE: Final = "drop-side-database"
OPEN_RESTORED: Final = "open-restored-server"
"""Lets the tenant's login into the server that is as its own one was at a moment."""
RESTORED_SERVER: Final = "restored-server"
"""That server, and part of its name in AWS."""
RESTORE_BEGAN: Final = "restore-began"
RESTORE_ANSWERED: Final = "restore-answered"
"""What the state says of a restore in place: when its switch began, and when Odoo answered again."""
RESTORE_JOBS: Final = (OPEN_RESTORED, MAKE_SIDE, FILL_SIDE, SWITCH_SIDE, RESTORE_FILES, DROP_SIDE)
"""The jobs of a restore, each at one or two stages."""

CHECK_UPGRADE: Final = "check-database-upgrade"
"""The job that asks a server what would make its upgrade to a newer major version fail."""
GATHER_STATISTICS: Final = "gather-statistics"
"""The job that gathers statistics and updates extensions on an upgraded server."""
FENCE_DATABASE: Final = "fence-database"
"""Closes a tenant's database, and waits until the standby has everything that was committed."""
OPEN_AGAIN: Final = "open-database-again"
OPEN_DATABASE: Final = "open-database"
"""Opens the database of a promoted standby, if that is the one that was closed."""
UPGRADE_SIDE: Final = "upgrade-side-database"
"""The job of an upgrade: it fills the side database from a backup and runs the command that upgrades it."""

DATABASE: Final[FactId] = "platform/database"
CACHE: Final[FactId] = "platform/cache"
FILE_SYSTEM: Final[FactId] = "platform/file-system"
BACKUP_BUCKET: Final[FactId] = "platform/backup-bucket"
OPERATIONS_NAMESPACE: Final = "odoo-operations"
POSTGRES_LOGIN: Final = "postgres-exporter-login"
"""The job that gives postgres_exporter its role."""
PARTS_NAMESPACE: Final = f"odoo-{PLATFORM}"
"""Where the platform parts run that are no tenant's; so is no tenant called."""
LOGS_NAMESPACE: Final = f"{PARTS_NAMESPACE}-logs"
"""Where the log shipper runs, alone: its pods read logs of the nodes."""
MAINTENANCE: Final = "maintenance"
"""The page of a tenant whose pods are stopped; the name of its pods, too."""
LOG_SHIPPER: Final = "fluent-bit"
"""The `app.kubernetes.io/name` of the log shipper and of its namespace, by which policies know them."""
NODE_LOGS: Final = ("/var/log/containers", "/var/log/pods")
"""The directories of a node that the log shipper reads: links by pod, and what they lead to."""
BACKUP: Final = "backup"
"""The nightly dump, the account of its pods, and the component in their labels."""
RESTORE_TEST_JOB: Final = "restore-test-job"
"""The scheduled restore test of a tenant's dumps; `restore-test` is AWS Backup's, of its files."""
FALL_ASLEEP: Final = "sleep"
WAKE_UP: Final = "wake"
SCHEDULE: Final = "schedule"
SLEEPING: Final = (SCHEDULE, FALL_ASLEEP, WAKE_UP)
"""What a tenant with a sleep schedule has, and loses when its decommissioning begins."""
HTTP_PORT: Final = 8069
EVENTED_PORT: Final = 8072


def log_group(portfolio: str, *tenant: str) -> str:
    """The CloudWatch log group of a tenant's pods; without a tenant, what the names of all begin with.

    >>> log_group("local", "acme")
    '/odoo/local/acme'
    """
    return "/".join(["/odoo", portfolio, *tenant])


def side_database(database: str) -> str:
    """The name of the database beside *database*; no tenant's own has two underscores in a row.

    >>> side_database("odoo_acme")
    'odoo_acme__side'
    """
    return f"{database}__side"


def kept_database(database: str) -> str:
    """What *database* is called when another has taken its place.

    >>> kept_database("odoo_acme")
    'odoo_acme__kept'
    """
    return f"{database}__kept"
