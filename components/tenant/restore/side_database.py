"""The administrator's jobs about a database beside a tenant's own, which takes its place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

import pulumi
import pulumi_random as random

from components.places import Administered
from components.scripts import script
from components.tenant.database import RoleSecret, database_job, identity_of, setup_environment
from tiers.facts.every_fact import Job, TenantDatabase
from tiers.facts.names import kept_database, side_database
from tiers.plan.plan import TenantPlan, fact_named


class SideDatabase:
    """The administrator's jobs about a database beside the one in use, on the same server.

    A mark lives as long as the attempt: what another attempt left is not touched.

    Args:
        tenant: The tenant; its plan has the jobs.
        purpose: What it is for, as part of the mark's name: `restored-data`.
        administered: The server, and the account that may make and rename databases on it.
        role: The password of the tenant's role.
        opts: Options of the jobs.
    """

    def __init__(
        self,
        tenant: TenantPlan,
        purpose: str,
        administered: Administered,
        role: RoleSecret,
        opts: pulumi.ResourceOptions,
    ) -> None:
        mark = random.RandomId(f"{tenant.tenant}-{purpose}", byte_length=8, opts=opts).hex
        self._tenant, self._administered, self._role, self._opts = tenant, administered, role, opts
        self._used = fact_named(tenant.facts, TenantDatabase, "database")
        self.names: dict[str, pulumi.Input[str]] = {
            "SIDE_DATABASE": side_database(self._used.database),
            "KEPT_DATABASE": kept_database(self._used.database),
            "MARK": mark,
        }
        """The environment variables of every script about it."""

    def make(self, job: Job, after: Sequence[pulumi.Input[pulumi.Resource]] = ()) -> pulumi.Resource:
        """Make it, empty, after all of *after*."""
        return self._run(job, "side_database.sh", {}, after)

    def act(
        self,
        job: Job,
        action: str,
        after: Sequence[pulumi.Input[pulumi.Resource]],
        expected: Mapping[str, str] = MappingProxyType({}),
    ) -> pulumi.Resource:
        """Do *action* of side_database_switch.sh after all of *after*, where *expected* is true."""
        more = {"ACTION": action, "MAKE": script("side_database.sh"), **expected}
        return self._run(job, "side_database_switch.sh", more, after)

    def _run(
        self,
        job: Job,
        name: str,
        more: Mapping[str, pulumi.Input[str]],
        after: Sequence[pulumi.Input[pulumi.Resource]],
    ) -> pulumi.Resource:
        env = {
            **setup_environment(self._used, self._administered, self._tenant.owner),
            **self.names,
            "SETUP": script("database_setup.sh"),
            "DROP": script("database_drop.sh"),
            **more,
        }
        ready = [self._administered.administrator, self._role.secret, *after]
        return database_job(
            self._tenant,
            job,
            script(name),
            env,
            administrator=self._administered.administrator_name,
            role=self._role,
            distinguished_by=[identity_of(self._used), more.get("ACTION", "")],
            opts=pulumi.ResourceOptions.merge(self._opts, pulumi.ResourceOptions(depends_on=ready)),
        )
