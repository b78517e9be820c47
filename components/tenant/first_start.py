"""Odoo's first start: the job that installs it, and the Secret with its administrator's first password."""

from __future__ import annotations

from typing import Any, Final

import pulumi
import pulumi_kubernetes as k8s

from components.kubernetes import jobs, odoo, pods
from components.kubernetes.filestore import Filestore
from components.kubernetes.workload import OdooSettings
from components.naming import physical_name
from components.scripts import script
from tiers.facts.every_fact import Job, OdooProcess, Route
from tiers.plan.plan import TenantPlan

_MOUNT: Final = "/run/secrets/administrator"


def administrator_secret(
    tenant: str, namespace: str, password: pulumi.Input[str], opts: pulumi.ResourceOptions
) -> k8s.core.v1.Secret:
    """The Secret that only the set-up job mounts: Odoo's own pods never see the password."""
    name = physical_name(tenant, "admin")
    data = {"login": "admin", "password": password}
    return k8s.core.v1.Secret(
        name, metadata={"name": name, "namespace": namespace}, string_data=data, opts=opts
    )


def set_up_odoo(
    tenant: TenantPlan,
    fact: Job,
    process: OdooProcess,
    route: Route,
    *,
    files: Filestore,
    settings: OdooSettings,
    opts: pulumi.ResourceOptions,
) -> jobs.OneOffJob:
    """Install Odoo where there is none, and open nothing before it is safe to be reached.

    Odoo's pods and so its route get traffic only after this job has succeeded.
    """
    env = {
        "OWNER": tenant.owner,
        "NEUTRALISE": "yes" if fact.neutralises else "no",
        "ADDRESS": f"https://{route.hostname}",
        "REPORT_ADDRESS": odoo.report_address(route),
        "SETTINGS": script("odoo_settings.py"),
        "NEUTRALISED": script("neutralised.sh"),
    }
    text = script("odoo_setup.sh")
    secret = physical_name(tenant.tenant, "admin")
    mount = {"name": "administrator", "mountPath": _MOUNT, "readOnly": True}
    container = pods.container(
        fact.name,
        fact.image,
        fact.compute,
        mounts=[*pods.odoo_mounts(), mount],
        env=pods.variables({"HOME": pods.SCRATCH_DIRECTORY, **env}),
        **jobs.command(text),
    )
    volume: dict[str, Any] = {"name": "administrator", "secret": {"secretName": secret, "defaultMode": 0o440}}
    volumes = [*pods.odoo_volumes(files.claim_name, settings.secret_name), volume]
    account = settings.service_account
    return jobs.OneOffJob(
        tenant,
        fact,
        spec=pods.pod(fact.run_as_user, fact.run_as_group, account, [container], volumes),
        distinguished_by=[text, env, process.addons_path],
        opts=opts,
    )
