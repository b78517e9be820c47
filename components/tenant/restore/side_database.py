"""The administrator's jobs about a database beside a tenant's own, which takes its place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

import pulumi
import pulumi_random as random

from components.places import Administered
from components.scripts import script
from components.tenant.database import RoleSecret, database_job, identity_of, setup_environment
from components.tenant.rotation import command_role
from tiers.facts.every_fact import Job, TenantDatabase
from tiers.facts.names import SWITCH_SIDE, kept_database, side_database
from tiers.plan.plan import TenantPlan, fact_named, facts_of
from tiers.portfolio.restore.anonymised import digest
from tiers.portfolio.restore.stage import RestoreStage
from tiers.portfolio.upgrade.stage import UpgradeStage


def side_of(
    tenant: TenantPlan, administered: Administered, role: RoleSecret, opts: pulumi.ResourceOptions
) -> SideDatabase | None:
    """The database beside that of *tenant*, while it is restored or upgraded."""
    if tenant.upgrade is not None:
        return SideDatabase(tenant, "upgraded-data", administered, role, opts)
    return None if tenant.restore is None else SideDatabase(tenant, "restored-data", administered, role, opts)


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
        self._tenant, self._administered, self.role, self._opts = tenant, administered, role, opts
        self._used = fact_named(tenant.facts, TenantDatabase, "database")
        self.names: dict[str, pulumi.Input[str]] = {
            "SIDE_DATABASE": side_database(self._used.database),
            "KEPT_DATABASE": kept_database(self._used.database),
            "MARK": mark,
        }
        """The environment variables of every script about it."""
        if tenant.upgrade is not None:
            self.names["COMMAND_LOGIN"] = command_role(self._used.role)

    def make(self, job: Job, after: Sequence[pulumi.Input[pulumi.Resource]] = ()) -> pulumi.Resource:
        """Make it, empty, after all of *after*."""
        return self._run(job, "side_database.sh", {}, after)

    def before_pods(self, after: Sequence[pulumi.Resource]) -> list[pulumi.Resource]:
        """What comes before the pods that start again: the database that they work with has its name.

        The database before has it again in the very update after one that failed, whatever that one has done.
        The restored one has it since the update before, whose job stays as it is; where another update took
        it back since, that job runs anew, and lets nobody in.
        """
        restore, upgrade = self._tenant.restore, self._tenant.upgrade
        if restore and restore.stage is RestoreStage.START:
            return [self.act(self._switching, "switch", after, self.expected)]
        if (restore and restore.stage is RestoreStage.DISCARD) or (
            upgrade and upgrade.stage is UpgradeStage.DISCARD
        ):
            return [self.act(self._switching, "back", after)]
        return []

    @property
    def _switching(self) -> Job:
        return fact_named(self._tenant.facts, Job, SWITCH_SIDE)

    @property
    def expected(self) -> dict[str, str]:
        """What must be said of a database that takes the place: as what another's data is anonymised."""
        restore = self._tenant.restore
        section = self._tenant.anonymised if restore and restore.origin else None
        return {"ANONYMISED": digest(section)} if section else {}

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

    def _command_login(self) -> dict[str, pulumi.Input[str]]:
        """What makes and drops the login of an upgrade's command."""
        if self._tenant.upgrade is None:
            return {}
        beside = (each for each in facts_of(self._tenant.facts, TenantDatabase) if each != self._used)
        most = max((each.connection_limit for each in beside), default=0)
        return {"LOGIN": script("odoo_upgrade_login.sh"), "COMMAND_CONNECTIONS": str(most)}

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
            **self._command_login(),
            **more,
        }
        ready = [self._administered.administrator, self.role.secret, *after]
        return database_job(
            self._tenant,
            job,
            script(name),
            env,
            administrator=self._administered.administrator_name,
            role=self.role,
            distinguished_by=[identity_of(self._used), more.get("ACTION", "")],
            opts=pulumi.ResourceOptions.merge(self._opts, pulumi.ResourceOptions(depends_on=ready)),
        )
