"""The ids and names that facts have in common: what plans, components and commands look for."""

from __future__ import annotations

from typing import Final

from tiers.facts.every_fact import FactId

COMPONENT_TYPE_PREFIX: Final = "costack:index:"
SHARED_PLATFORM: Final = f"{COMPONENT_TYPE_PREFIX}SharedPlatform"
TENANT_STACK: Final = f"{COMPONENT_TYPE_PREFIX}TenantStack"
"""Types of components as Pulumi's state has them; they are part of every URN below a component."""

KEY_DELETION_WINDOW_DAYS: Final = 30
"""A key may be scheduled for deletion only as far ahead as AWS allows; the last backup must die first."""

FINAL_BACKUP: Final = "final-backup"
DROP_DATABASE: Final = "drop-database"
EMPTY_FILESTORE: Final = "empty-filestore"
CLOSING_JOBS: Final = (FINAL_BACKUP, DROP_DATABASE, EMPTY_FILESTORE)
"""What a tenant gets on its way out and never had before."""

DASHBOARDS: Final = "platform/dashboards"
OTHER_DATABASE: Final = "other-database"
"""The tenant's database on the server where no work goes on: the copy to be, or what was left."""

COPY_DATABASE: Final = "copy-database"
COPY_FILES: Final = "copy-filestore"
HAND_OVER: Final = "hand-over-database"
DROP_LEFT: Final = "drop-left-database"
EMPTY_LEFT: Final = "empty-left-filestore"
MOVE_JOBS: Final = (COPY_DATABASE, COPY_FILES, HAND_OVER, DROP_LEFT, EMPTY_LEFT)
"""What is done once on the way, each at one stage."""

DATABASE: Final[FactId] = "platform/database"
CACHE: Final[FactId] = "platform/cache"
FILE_SYSTEM: Final[FactId] = "platform/file-system"
BACKUP_BUCKET: Final[FactId] = "platform/backup-bucket"
OPERATIONS_NAMESPACE: Final = "odoo-operations"
FALL_ASLEEP: Final = "sleep"
WAKE_UP: Final = "wake"
HTTP_PORT: Final = 8069
EVENTED_PORT: Final = 8072
