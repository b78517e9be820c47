"""The jobs that upgrade a tenant to another major version of Odoo, on a database beside the one in use.

One pod restores a backup, runs the operator's command on it and checks what that has made: whoever begins
again
begins with the backup. The command sees an odoo.conf that leads to the side database, and files of its own:
it cannot write those of the tenant, has no role, and never learns what was counted before.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import pulumi

from components.kubernetes import jobs, odoo, pods
from components.kubernetes.filestore import Filestore
from components.kubernetes.pods import Manifest
from components.kubernetes.workload import OdooSettings
from components.places import BucketPlace, PlatformPlace
from components.restore_test import FETCHED
from components.scripts import script
from components.tenant.restore.fill import WITHOUT_ROLE, BackupFill, at
from components.tenant.restore.origin import Origin, origin_of
from components.tenant.restore.side_database import SideDatabase
from components.tenant.restore.side_jobs import SideJobs
from tiers.facts.every_fact import FactId, FileShare, LogicalBackup
from tiers.facts.names import MAKE_SIDE, UPGRADE_SIDE
from tiers.facts.odoo_upgrade import OdooUpgrade
from tiers.plan.plan import TenantPlan, facts_of, process_of
from tiers.portfolio.upgrade.stage import Upgrade, UpgradeStage

MAIN_TABLES: Final = (
    *("res_company", "res_partner", "res_users", "product_template", "product_product", "mail_message"),
    *("crm_lead", "sale_order", "sale_order_line", "purchase_order", "purchase_order_line"),
    *("account_move", "account_move_line", "account_payment", "stock_move", "stock_quant", "mrp_production"),
    *("project_project", "project_task", "hr_employee", "account_analytic_line", "pos_order", "event_event"),
)
"""What a firm would miss first, by names of 16.0 to 19.0; a table that is not there is not counted."""
_ACTIONS: Final = {
    UpgradeStage.UPGRADE: "switch",
    UpgradeStage.BACK: "back",
    UpgradeStage.CONFIRM: "drop-kept",
    UpgradeStage.DISCARD: "drop-side",
}
_SIDE, _STOOD, _FILES = "/side", "/stood", "/files"
_BEFORE, _NEUTRALISE, _COMMAND, AFTER = "before", "neutralise", "upgrade", "after"
_COUNTS_GIB: Final = 1
_LEAST_FILES_GIB: Final = 2
_FILES_ADDED: Final = 4
"""One part in so many of the files may be made anew, with a link for each: an assumption."""


def declare_upgrade(
    tenant: TenantPlan,
    platform: PlatformPlace,
    side: SideDatabase | None,
    *,
    own_buckets: Mapping[FactId, BucketPlace],
    mounted: tuple[Filestore, OdooSettings],
    after: tuple[Sequence[pulumi.Resource], Sequence[pulumi.Resource]],
    last: pulumi.Input[str] | None,
    opts: pulumi.ResourceOptions,
) -> None:
    """The jobs of an upgrade, while there is one.

    Args:
        tenant: The tenant.
        platform: The cluster, and the name that roles begin with.
        side: The database beside its own; None where there is none.
        own_buckets: Where the tenant's own backups are, by fact.
        mounted: Its files and its odoo.conf.
        after: Its backups, and what has stopped or was saved before.
        last: The mark of the backup that is made once all has stopped; None where none is.
        opts: Options of the jobs.
    """
    if tenant.upgrade is None or side is None:
        return
    bucket = own_buckets[facts_of(tenant.facts, LogicalBackup)[0].bucket]
    origin = origin_of(tenant, bucket, platform.name, platform.cluster, opts)
    UpgradeJobs(tenant, tenant.upgrade, side, origin, mounted, last, opts).declare(*after)


class UpgradeJobs(SideJobs):
    """The jobs of one tenant's upgrade, as its plan has them.

    Args:
        tenant: The tenant; it is being upgraded.
        upgrade: The version and the stage.
        side: The administrator's part, with the names of the databases.
        origin: Its own backups.
        mounted: Its directory, and its settings with the login of its role.
        last: As for `declare_upgrade`.
        opts: Options of the jobs.
    """

    def __init__(  # noqa: PLR0917 - what its pods are made of
        self,
        tenant: TenantPlan,
        upgrade: Upgrade,
        side: SideDatabase,
        origin: Origin,
        mounted: tuple[Filestore, OdooSettings],
        last: pulumi.Input[str] | None,
        opts: pulumi.ResourceOptions,
    ) -> None:
        super().__init__(tenant, side, origin, mounted, [upgrade.to, str(upgrade.stage)], opts)
        self._stage, self._last = upgrade.stage, last

    def declare(self, backups: Sequence[pulumi.Resource], still: Sequence[pulumi.Resource]) -> None:
        """Declare the jobs of its stage: *backups* has the role of them, *still* has stopped or was saved."""
        before: list[pulumi.Resource] = [*still]
        if MAKE_SIDE in self.jobs:
            made = self.side.make(self.jobs[MAKE_SIDE])
            # People work while it is rehearsed: then nothing has stopped that is to be waited for.
            waits = still if self._stage is UpgradeStage.UPGRADE else []
            before.append(self._run(self.after(made, *backups, *waits, self.files)))
        self.switch_or_drop(
            _ACTIONS.get(self._stage, ""), backups, before, may_lack=self._stage is UpgradeStage.BACK
        )

    def _run(self, opts: pulumi.ResourceOptions) -> pulumi.Resource:
        """The pod that restores, upgrades and checks."""
        fact = self.jobs[UPGRADE_SIDE]
        if fact.upgrade is None:
            raise ValueError(f"{fact.id}: says no upgrade")
        which: dict[str, pulumi.Input[str]] = {} if self._last is None else {"LAST": self._last}
        fill = BackupFill(self.tenant, fact, self.side.names, self.origin, which, keeps=True)
        scratch = [
            pods.empty(_scratch(name), _COUNTS_GIB) for name in (_BEFORE, _NEUTRALISE, _COMMAND, AFTER)
        ]
        volumes = [
            *pods.odoo_volumes(self.files.claim_name, self.settings.secret_name),
            *fill.volumes(),
            pods.empty(_SIDE.strip("/"), self._files_gib()),
            pods.empty(_STOOD.strip("/"), _COUNTS_GIB),
            *scratch,
        ]
        alone = (*WITHOUT_ROLE, _BEFORE, _NEUTRALISE, _COMMAND)
        steps = [*fill.steps(), *self._steps(fact.upgrade)]
        # Who waits is told at once: what a command has refused it refuses again, after another restore.
        return self.pod(UPGRADE_SIDE, steps, volumes, opts, alone, retries=0)

    def _steps(self, upgrade: OdooUpgrade) -> list[Manifest]:
        rehearses = {"REHEARSES": "yes" if upgrade.rehearses else "no"}
        marked = {**rehearses, **self.side.names, "SIDE": _SIDE, "STOOD": _STOOD, "FILES": _FILES}
        counted = {"STAND": script("odoo_upgrade_stand.sh"), **_sql()}
        conf: Manifest = {
            "name": "configuration",
            "mountPath": pods.CONFIGURATION_DIRECTORY,
            "readOnly": True,
        }
        read, written = _filestore(read=True), _filestore(read=False)
        own = [read, _part("data", pods.DATA_DIRECTORY)]
        prepared = {**marked, **counted, "OPTIONS": _options(upgrade)}
        neutral = {**rehearses, "NEUTRALISE": "yes", "NEUTRALISED": script("neutralised.sh"), "SETUP_JOB": ""}
        checked = {**marked, **counted, **self._told(upgrade)}
        present = _part("present", pods.CONFIGURATION_DIRECTORY)
        target = _part("target", pods.CONFIGURATION_DIRECTORY)
        tools = self.jobs[UPGRADE_SIDE].image
        bounded = {"MOST_SECONDS": str(60 * upgrade.minutes), "DATABASE": self.side.names["SIDE_DATABASE"]}
        return [
            self._step(
                _BEFORE, tools, "odoo_upgrade_before.sh", prepared, [conf, read, at(_SIDE), at(_STOOD)]
            ),
            self._step(_NEUTRALISE, self._odoo(), "odoo_upgrade_neutralise.sh", neutral, [present, *own]),
            self._step(
                _COMMAND, upgrade.image, "odoo_upgrade_command.sh", bounded, [target, *own], *upgrade.command
            ),
            self._step(
                AFTER,
                tools,
                "odoo_upgrade_after.sh",
                checked,
                [conf, written, at(FETCHED, read=True), at(_SIDE, read=True), at(_STOOD)],
            ),
        ]

    def _step(
        self,
        name: str,
        image: str,
        runs: str,
        env: Mapping[str, pulumi.Input[str]],
        mounts: Sequence[Manifest],
        *arguments: str,
    ) -> Manifest:
        """A container with a scratch directory of its own; *arguments* follow its script."""
        made: Any = jobs.command(script(runs))
        if arguments:
            made["command"] = [*made["command"], name, *arguments]
        odoo_rc = {"ODOO_RC": f"{pods.CONFIGURATION_DIRECTORY}/{odoo.CONFIGURATION_FILE}"}
        return pods.container(
            name,
            image,
            self.jobs[UPGRADE_SIDE].compute,
            mounts=mounts,
            scratch=_scratch(name),
            disk_gib=self._files_gib() + 2 * _COUNTS_GIB,
            env=pods.variables({"HOME": pods.SCRATCH_DIRECTORY, **odoo_rc, **env}),
            **made,
        )

    def _told(self, upgrade: OdooUpgrade) -> dict[str, pulumi.Input[str]]:
        """What the result says of the command, and what it is judged by."""
        return {
            **self.origin.in_bucket(self.tenant.owner),
            "FETCHED": FETCHED,
            "VERSION": upgrade.version,
            "COMMAND_IMAGE": upgrade.image,
            "COMMAND": " ".join(upgrade.command),
            "MAY_LOSE_ROWS": " ".join(upgrade.may_lose_rows),
            "MAIN_TABLES": " ".join(MAIN_TABLES),
        }

    def _odoo(self) -> str:
        process = process_of(self.tenant)
        if process is None:
            raise ValueError(f"{self.tenant.tenant}: runs no Odoo")
        return process.image

    def _files_gib(self) -> int:
        """What the command's own files take: links to all, and those that it makes anew."""
        shares = [fact.storage_gib for fact in facts_of(self.tenant.facts, FileShare) if fact.mounted]
        return _LEAST_FILES_GIB + max(shares, default=0) // _FILES_ADDED


def _options(upgrade: OdooUpgrade) -> str:
    """The lines of odoo.conf that are those of the version to come; without the sessions' module."""
    options = odoo.options_of_version(upgrade.version, upgrade.addons_path)
    return "".join(f"{key} = {value}\n" for key, value in sorted(options.items()))


def _filestore(*, read: bool) -> Manifest:
    return {"name": "filestore", "mountPath": _FILES, "readOnly": read}


def _part(name: str, place: str) -> Manifest:
    """A folder of what was prepared, in the place where Odoo looks for the tenant's own."""
    return {"name": _SIDE.strip("/"), "mountPath": place, "subPath": name}


def _scratch(container: str) -> str:
    return f"scratch-{container}"


def _sql() -> dict[str, str]:
    return {"USERS_SQL": script("users.sql"), "MEASURE_SQL": script("measure.sql")}
