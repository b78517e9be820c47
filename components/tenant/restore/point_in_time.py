"""The jobs that copy a tenant's database from its server as it was at a moment into a side database."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import pulumi

from components.kubernetes import pods
from components.kubernetes.pods import Manifest
from components.places import Administered, ServerPlace
from components.restore_test import RESTORED
from components.scripts import script
from components.tenant.database import RoleSecret, database_job, identity_of, setup_environment
from components.tenant.restore.fill import CONFIGURATION, COUNTS_GIB, READY, at, scratch, step_of
from components.tenant.restore.origin import Origin
from tiers.facts.every_fact import Job, TenantDatabase
from tiers.facts.names import OPEN_RESTORED
from tiers.plan.plan import TenantPlan, fact_named, process_of

_COPY, _FILES = "copy", "files"
_FILESTORE: Final = "/files"


def open_server(
    tenant: TenantPlan, past: Administered, role: RoleSecret, moment: str, opts: pulumi.ResourceOptions
) -> pulumi.Resource:
    """Let the tenant's role into *past*, its server as it was at *moment*, with the password of today.

    Its own account alone may read that server's secret, and no other one's.
    """
    used = fact_named(tenant.facts, TenantDatabase, "database")
    ready = [past.administrator, role.secret]
    return database_job(
        tenant,
        fact_named(tenant.facts, Job, OPEN_RESTORED),
        script("restored_server.sh"),
        {
            **setup_environment(used, past, tenant.owner),
            "SETUP": script("database_setup.sh"),
            "MOMENT": moment,
        },
        administrator=past.administrator_name,
        role=role,
        distinguished_by=[identity_of(used), moment],
        opts=pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(depends_on=ready)),
    )


class MomentFill:
    """The containers that fill a side database from the server as it was; they follow each other in one pod.

    Args:
        tenant: The tenant.
        fact: The job whose pod it is; it runs as Odoo's user, who alone reads the files.
        names: The environment variables with the names of the databases, and the mark.
        origin: Where the copies of its files lie.
        past: The server as it was.
        moment: When that was.
    """

    def __init__(  # noqa: PLR0917 - what its pod is made of
        self,
        tenant: TenantPlan,
        fact: Job,
        names: Mapping[str, pulumi.Input[str]],
        origin: Origin,
        past: ServerPlace,
        moment: str,
    ) -> None:
        self._fact, self._names, self._origin, self._past = fact, names, origin, past
        self._tenant, self._moment = tenant, moment

    without_role: Final = (_COPY, READY)
    """The containers that get no token of the role that lists the bucket."""

    def steps(self) -> list[Manifest]:
        """The containers in their order."""
        moment = {"MOMENT": self._moment}
        copied = {
            **moment,
            **self._names,
            "SOURCE_HOST": self._past.address,
            "RESTORED": RESTORED,
            "AS_SQL": script("database_sql.sh"),
            "MEASURE_SQL": script("measure.sql"),
            "SEQUENCES_SQL": script("sequences.sql"),
            "NEWEST_SQL": script("newest.sql"),
        }
        listed = {
            **moment,
            **self._origin.in_bucket(self._origin.owner),
            "RESTORED": RESTORED,
            "FILES": _FILESTORE,
            "DATABASE": fact_named(self._tenant.facts, TenantDatabase, "database").database,
        }
        process = process_of(self._tenant)
        marked = {**moment, **self._names, "VERSION": process.version if process else ""}
        files: Manifest = {"name": "filestore", "mountPath": _FILESTORE, "readOnly": True}
        return [
            step_of(self._fact, _COPY, "side_database_fill.sh", copied, [CONFIGURATION, at(RESTORED)]),
            step_of(self._fact, _FILES, "restored_files.sh", listed, [files, at(RESTORED, read=True)]),
            step_of(self._fact, READY, "side_database_ready.sh", marked, [CONFIGURATION]),
        ]

    @staticmethod
    def volumes() -> list[Manifest]:
        """The volumes of these containers, but for files, odoo.conf and the last one's scratch directory."""
        names = (RESTORED.strip("/"), *(scratch(each) for each in (_COPY, _FILES)))
        return [pods.empty(name, COUNTS_GIB) for name in names]
