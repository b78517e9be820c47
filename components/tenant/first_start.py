"""Odoo's first start: the job that installs it, and the Secret with its administrator's first password."""

from __future__ import annotations

from typing import Any, Final

import pulumi

from components.kubernetes import jobs, odoo, pods
from components.kubernetes.filestore import Filestore
from components.kubernetes.fingerprint import fingerprint
from components.kubernetes.secrets import MadeSecret, secret_of
from components.kubernetes.workload import OdooSettings
from components.naming import physical_name
from components.places import SecretPlace
from components.scripts import script
from components.tenant.rotation import TenantPasswords, reader_role
from tiers.facts.cdn import LINKED
from tiers.facts.every_fact import Cdn, Job, OdooProcess, Route, TenantDatabase
from tiers.plan.plan import TenantPlan, fact_named, facts_of
from tiers.portfolio.failover.stage import FailoverStage
from tiers.portfolio.restore.stage import RESTORED
from tiers.portfolio.upgrade.stage import UpgradeStage

_MOUNT: Final = "/run/secrets/administrator"


def administrator_secret(
    tenant: str,
    namespace: str,
    passwords: TenantPasswords,
    *,
    place: SecretPlace,
    opts: pulumi.ResourceOptions,
) -> MadeSecret:
    """The Secret that only the set-up job mounts: Odoo's own pods never see the password.

    While secrets are rotated it has the password before too.

    Where that one still opens, the job puts the new one in its place.
    """
    name = physical_name(tenant, "admin")
    data: dict[str, pulumi.Input[str]] = {"login": "admin", "password": passwords.administrator}
    if passwords.replaced_administrator is not None:
        data["replaced"] = passwords.replaced_administrator
    return secret_of(name, namespace, data, called=name, place=place, opts=opts)


def set_up_odoo(
    tenant: TenantPlan,
    fact: Job,
    process: OdooProcess,
    route: Route,
    *,
    files: Filestore,
    settings: OdooSettings,
    administrator: MadeSecret,
    opts: pulumi.ResourceOptions,
) -> jobs.OneOffJob:
    """Install Odoo where there is none, and open nothing before it is safe to be reached.

    Odoo's pods and so its route get traffic only after this job has succeeded; it runs again whenever what it
    or they read has changed, so that no pod meets a login that does not open.
    """
    env = _environment(tenant, fact, process, route)
    text = script("odoo_setup.sh")
    mount = {"name": "administrator", "mountPath": _MOUNT, "readOnly": True}
    container = pods.container(
        fact.name,
        fact.image,
        fact.compute,
        mounts=[*pods.odoo_mounts(), mount],
        env=pods.variables({"HOME": pods.SCRATCH_DIRECTORY, **env}),
        **jobs.command(text),
    )
    volume: dict[str, Any] = {
        "name": "administrator",
        "secret": {"secretName": administrator.name, "defaultMode": 0o440},
    }
    volumes = [*pods.odoo_volumes(files.claim_name, settings.secret_name), volume]
    user, group, account = fact.run_as_user, fact.run_as_group, settings.service_account
    return jobs.OneOffJob(
        tenant.tenant,
        fact,
        gib=jobs.data_gib(tenant),
        spec=pods.pod(user, group, account, [container], volumes),
        distinguished_by=[text, env, process.addons_path, *_restored(tenant)],
        has_read=fingerprint(settings.fingerprint, administrator.fingerprint),
        opts=pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(depends_on=[administrator.resource])),
    )


def _restored(tenant: TenantPlan) -> list[str]:
    """What makes the job run anew on a database that was restored: it is as old as its backup.

    A copy is made harmless once more, and passwords that everybody knows are closed, before a pod starts.
    Of a database that a failover had closed it left out what it should have done.
    """
    restore, failover = tenant.restore, tenant.failover
    if failover is not None and failover.stage is FailoverStage.REOPEN:
        return [f"open again {failover.number}"]
    return [restore.moment] if restore is not None and restore.stage in RESTORED else []


def _goes_back(tenant: TenantPlan) -> bool:
    """Whether the database in use may be of the version that the tenant is taken back from."""
    return tenant.upgrade is not None and tenant.upgrade.stage is UpgradeStage.BACK


def _environment(tenant: TenantPlan, fact: Job, process: OdooProcess, route: Route) -> dict[str, str]:
    """The environment variables of odoo_setup.sh."""
    return {
        "OWNER": tenant.owner,
        "VERSION": process.version,
        "NEUTRALISE": "yes" if fact.neutralises else "no",
        "ADDRESS": f"https://{route.hostname}",
        "REPORT_ADDRESS": odoo.report_address(route),
        "SETTINGS": script("odoo_settings.py"),
        "NEUTRALISED": script("neutralised.sh"),
        "SETUP_JOB": jobs.selection(tenant.tenant, fact.name, fact.namespace),
        **({"UPDATE": str(process.update_number)} if process.update_number else {}),
        **({"GOES_BACK": "yes"} if _goes_back(tenant) else {}),
        **_reading(tenant),
        **_linking(tenant),
    }


def _linking(tenant: TenantPlan) -> dict[str, str]:
    """Which name the job makes Odoo's website write for static files; without one it takes it back."""
    linked = [cdn for cdn in facts_of(tenant.facts, Cdn) if cdn.links]
    return {"CDN": f"https://{linked[0].hostname}/", "CDN_FILTERS": "\n".join(LINKED)} if linked else {}


def _reading(tenant: TenantPlan) -> dict[str, str]:
    """Whom the job lets read for reports."""
    database = fact_named(tenant.facts, TenantDatabase, "database")
    if not database.reader_connections:
        return {}
    return {"READER_ROLE": reader_role(database.role), "READER_RIGHTS": script("reader_rights.sql")}
