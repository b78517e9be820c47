"""The pod of a rehearsal: what a tenant would come back from in its second region, restored and answering.

Three containers follow each other: `fetch` reads the newest copied backup, `restore` restores it into a
server of the pod's own, `files` brings the files that it names. Then three run beside each other: `database`,
`odoo` and `report`. As in a restore test (`components/restore_test.py`), what runs on restored data has no
role: `restore`, `database` and `odoo`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from components.openings import to_aws, to_names
from components.placement import placement
from components.restore_test import (
    FETCH,
    FETCHED,
    REPORT,
    RESTORE,
    RESTORED,
    Manifest,
    container,
    counting,
    node_disk,
    scratch_of,
    unprivileged,
    volume,
)
from components.scripts import script
from tiers.facts.every_fact import ComputeRequest, OdooProcess, ScheduledJob
from tiers.facts.names import HTTP_PORT
from tiers.facts.network import DnsPeer

__all__ = (
    "BRING",
    "DATABASE",
    "FETCH",
    "FETCHED",
    "FILES",
    "ODOO",
    "PATIENCE_SECONDS",
    "REPORT",
    "RESTORE",
    "RESTORED",
    "WITHOUT_ROLE",
    "pod_spec",
    "traffic",
)
FILES: Final = "/files"
BRING: Final = "files"
DATABASE: Final = "database"
ODOO: Final = "odoo"
"""The containers of its own."""
_ODOO_FILES: Final = "/var/lib/odoo"
_SETTINGS: Final = "/etc/odoo"
# EKS gives the other containers of the pod the role's token, and these neither its variables nor its mount
# (aws/amazon-eks-pod-identity-webhook, pkg/handler/handler.go at 3bf80a3, for both kinds of roles).
WITHOUT_ROLE: Final = {"eks.amazonaws.com/skip-containers": f"{RESTORE},{DATABASE},{ODOO}"}
"""Annotations of the pod."""
PATIENCE_SECONDS: Final = 1200
"""How long Odoo may take to answer: its start probe allows a pod 10 minutes, and an image takes as long."""


def pod_spec(
    run: ScheduledJob,
    odoo: tuple[OdooProcess, ComputeRequest],
    where: Mapping[str, str],
    sizes: Mapping[str, int],
    *,
    account: str,
    storage_class: str | None,
) -> Manifest:
    """The pod that rehearses a recovery.

    Args:
        run: The tenant's backup, whose image, size and place the containers about data have.
        odoo: The tenant's Odoo, and the size of the pods it runs in.
        where: What says where the copies lie, whose they must be, and since when somebody waits: TENANT,
            OWNER, BUCKET, PREFIX, BACKUP, REGION, ASKED.
        sizes: The size in GiB of the volumes FETCHED, RESTORED and FILES.
        account: The service account that has the role.
        storage_class: The class of volumes to restore into; None for the node's own disk.
    """
    disk = node_disk(0 if storage_class else sum(sizes.values()))
    steps, beside = _steps(run, where, disk), _beside(run, odoo, where, disk)
    volumes = [{"name": place.strip("/"), **volume(size, storage_class)} for place, size in sizes.items()]
    scratch = [
        {"name": scratch_of(each["name"]), "emptyDir": {"sizeLimit": "1Gi"}} for each in (*steps, *beside)
    ]
    return {
        **unprivileged(run, account),
        "initContainers": steps,
        "containers": beside,
        "volumes": [*volumes, {"name": "settings", "emptyDir": {"sizeLimit": "1Mi"}}, *scratch],
        **placement(run),
    }


def traffic(peers: Sequence[DnsPeer]) -> Manifest:
    """The spec of a policy for all its pods: nothing comes in, and nothing goes out but to AWS.

    So what is restored reaches no database, no cache and no mail server, whatever it says. *peers* answer for
    names.
    """
    openings = [*map(to_names, peers), *to_aws()]
    return {"podSelector": {}, "policyTypes": ["Ingress", "Egress"], "egress": openings}


def _steps(run: ScheduledJob, where: Mapping[str, str], disk: str) -> list[Manifest]:
    """In the order in which they run; each starts when the one before it has ended well."""
    bring = {**where, "BRING": script("filestore_bring.sh")}
    steps: tuple[tuple[str, str, Mapping[str, str], Mapping[str, bool]], ...] = (
        (FETCH, "restore_test_fetch.sh", where, {FETCHED: True}),
        (RESTORE, "restore_test.sh", {**counting(), "KEEP_SERVER": "yes"}, {FETCHED: False, RESTORED: True}),
        (BRING, "rehearsal_files.sh", bring, {FETCHED: True, RESTORED: False, FILES: True}),
    )
    return [
        container(run, name, runs, environment=environment, places=places, disk=disk)
        for name, runs, environment, places in steps
    ]


def _beside(
    run: ScheduledJob, odoo: tuple[OdooProcess, ComputeRequest], where: Mapping[str, str], disk: str
) -> list[Manifest]:
    asked = {
        **where,
        "CHECKS": script("restore_test_report.sh"),
        "HTTP_PORT": str(HTTP_PORT),
        "PATIENCE_SECONDS": str(PATIENCE_SECONDS),
        "ENDED": _SETTINGS,
    }
    report = container(
        run,
        REPORT,
        "rehearsal_report.sh",
        environment=asked,
        places={FETCHED: True, RESTORED: False},
        disk=disk,
    )
    report["volumeMounts"].append({"name": "settings", "mountPath": _SETTINGS, "readOnly": True})
    database = container(
        run,
        DATABASE,
        "rehearsal_database.sh",
        environment={},
        places={FETCHED: False, RESTORED: True},
        disk=disk,
    )
    return [database, _odoo(run, *odoo, disk), report]


def _odoo(run: ScheduledJob, process: OdooProcess, compute: ComputeRequest, disk: str) -> Manifest:
    """The tenant's own image, as the user it is built for, on a configuration that it writes itself."""
    asked = {
        "VERSION": process.version,
        "ADDONS_PATH": ",".join(process.addons_path),
        "HTTP_PORT": str(HTTP_PORT),
        "NEUTRALISED": script("neutralised.sh"),
        "SETUP_JOB": "a rehearsal",
    }
    like = run.model_copy(update={"image": process.image, "compute": compute})
    made = container(
        like,
        ODOO,
        "rehearsal_odoo.sh",
        environment=asked,
        places={FETCHED: False, RESTORED: False},
        disk=disk,
    )
    made["securityContext"] |= {"runAsUser": process.run_as_user, "runAsGroup": process.run_as_group}
    made["volumeMounts"] += [
        {"name": FILES.strip("/"), "mountPath": _ODOO_FILES, "readOnly": False},
        {"name": "settings", "mountPath": _SETTINGS, "readOnly": False},
    ]
    return made
