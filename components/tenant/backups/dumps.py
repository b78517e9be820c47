"""A tenant's nightly dump and filestore copy, its last one, and the role that may write them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from types import MappingProxyType
from typing import Any, Final

import pulumi
import pulumi_random as random

from components.aws.bucket import DUMPS
from components.aws.iam import PodRole
from components.kubernetes import jobs, pods
from components.kubernetes.filestore import Filestore
from components.kubernetes.priority import scheduling
from components.kubernetes.workload import OdooSettings
from components.naming import component_type, physical_name
from components.places import BucketPlace, PlatformPlace, Text
from components.scripts import script
from components.tags.cost_tags import cost_tagged
from components.tenant.backups.restore_tests import restore_on_schedule
from tiers.facts.every_fact import FactId, Job, LogicalBackup, ScheduledJob
from tiers.facts.names import BACKUP, FINAL_BACKUP, LIVE_BACKUP, RESTORE_TEST_JOB
from tiers.plan.plan import TenantPlan, facts_of
from tiers.tags import CostTags
from tiers.vocabulary import CostDomain

_KEEP_FINISHED = 3
KINDS: Final = (DUMPS, "filestores", "manifests")
"""What the objects of a tenant begin with, before its own prefix."""


class TenantBackups(pulumi.ComponentResource):
    """CronJobs that can write only to the tenant's own prefix of the bucket, and the job of the last dump.

    *test* restores a dump on a schedule; `mark` is what the last dump says of itself, *mark* where given.
    *asked* makes one more while people work, for another tenant's refresh: `live` has its Job. A tenant whose
    offer has no dumps has no CronJob: *run* is None, and it is there for *last* alone. It goes before the
    claim that it mounts: pods of past nights go with it, and hold the claim until then.
    """

    def __init__(
        self,
        tenant: TenantPlan,
        kept: LogicalBackup,
        run: ScheduledJob | None,
        *,
        tags: CostTags,
        cluster: Text,
        role_name: str,
        bucket: BucketPlace,
        files: Filestore,
        settings: OdooSettings,
        still: Sequence[pulumi.Resource] = (),
        last: Job | None = None,
        mark: pulumi.Output[str] | None = None,
        asked: Job | None = None,
        test: ScheduledJob | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        name, pod = backup_account(tenant.tenant), run or last
        if pod is None:
            raise ValueError(f"{name}: there is neither a nightly backup nor a last one")
        props = {"kept": kept.model_dump(mode="json"), "run": pod.model_dump(mode="json")}
        super().__init__(component_type("TenantBackups"), name, props, cost_tagged(tags, opts))
        child = pulumi.ResourceOptions(parent=self)
        account = pods.service_account(name, name, pod.namespace, child)
        may, where = may_write(bucket, kept), pod.namespace
        PodRole(role_name, cluster=cluster, namespace=where, service_account=name, statements=may, opts=child)
        make = partial(_backup_pod, tenant.owner, kept, pod, bucket, name, _volumes(files, settings))
        if run:
            after = pulumi.ResourceOptions(parent=self, depends_on=[account, files])
            _nightly(name, pods.identity(tenant.tenant, run.name), run, make(), after)
            restore_on_schedule(tenant.owner, kept, test, bucket, after)
        # After what this update changes of it, or after all writers have stopped.
        after = pulumi.ResourceOptions(parent=self, depends_on=[account, files, *still])
        self.live = [_job(tenant, asked, make({"ASKED_FOR": asked.asked_for or ""}), after)] if asked else []
        self.mark = (mark or _mark(tenant, child)) if last else None
        self.last = [_job(tenant, last, make({"LAST": self.mark or ""}), after)] if last else []
        self.register_outputs({})


def _mark(tenant: TenantPlan, opts: pulumi.ResourceOptions) -> pulumi.Output[str]:
    """Decommissioning looks for the dump with this mark: clocks prove nothing."""
    return random.RandomId(f"{tenant.tenant}-last", byte_length=8, opts=opts).hex


def _nightly(
    name: str, labels: dict[str, str], run: ScheduledJob, pod: pods.Manifest, opts: pulumi.ResourceOptions
) -> None:
    job = {"backoffLimit": 1, "template": pods.pod_template(labels, pod)}
    jobs.cron_job(name, run, labels, job, opts, kept=_KEEP_FINISHED)


def _job(tenant: TenantPlan, job: Job, spec: pods.Manifest, opts: pulumi.ResourceOptions) -> jobs.OneOffJob:
    gib, which = jobs.data_gib(tenant), job.asked_for or "last"
    return jobs.OneOffJob(tenant.tenant, job, gib=gib, spec=spec, distinguished_by=which, opts=opts)


def backup_account(tenant: str) -> str:
    """The service account whose pods may read and write the backups of *tenant*.

    >>> backup_account("acme")
    'acme-backup'
    """
    return physical_name(tenant, "backup")


def backups_of(  # noqa: PLR0917 - what a tenant's backups are made of
    tenant: TenantPlan,
    platform: PlatformPlace,
    buckets: Mapping[FactId, BucketPlace],
    mounted: tuple[Filestore, OdooSettings],
    still: Sequence[pulumi.Resource],
    opts: pulumi.ResourceOptions,
) -> TenantBackups | None:
    """The backups of *tenant*, whose pods mount *mounted*; None where nothing is dumped.

    The last dump is made when *still* has ended: all that writes.
    """
    kept = facts_of(tenant.facts, LogicalBackup)
    scheduled = {job.name: job for job in facts_of(tenant.facts, ScheduledJob)}
    once = {job.name: job for job in facts_of(tenant.facts, Job)}
    last = once.get(FINAL_BACKUP)
    if not kept or (BACKUP not in scheduled and last is None):
        return None  # what a tenant has left in a region that it works in no longer is not backed up again
    return TenantBackups(
        tenant,
        kept[0],
        scheduled.get(BACKUP),
        tags=tenant.cost_tags(CostDomain.RESILIENCE),
        cluster=platform.cluster,
        role_name=physical_name(platform.name, tenant.tenant, BACKUP),
        bucket=buckets[kept[0].bucket],
        files=mounted[0],
        settings=mounted[1],
        still=still,
        last=last,
        asked=once.get(LIVE_BACKUP),
        test=scheduled.get(RESTORE_TEST_JOB),
        opts=opts,
    )


def _volumes(files: Filestore, settings: OdooSettings) -> list[pods.Manifest]:
    return pods.odoo_volumes(files.claim_name, settings.secret_name)


def _backup_pod(  # noqa: PLR0917 - what a pod is made of
    owner: str,
    kept: LogicalBackup,
    run: Job | ScheduledJob,
    bucket: BucketPlace,
    account: str,
    volumes: list[pods.Manifest],
    more: Mapping[str, pulumi.Input[str]] = MappingProxyType({}),
) -> pods.Manifest:
    container = jobs.operations_container(
        run,
        script("backup.sh"),
        {**backup_environment(owner, kept, bucket), **more},
        pods.odoo_mounts(),
    )
    return pods.pod(
        run.run_as_user,
        run.run_as_group,
        account,
        [container],
        volumes,
        restartPolicy="Never",
        **scheduling(run),
    )


def may_read(bucket: BucketPlace, prefix: str) -> list[dict[str, Any]]:
    """The statements of a role that reads the backups under *prefix*, and writes and deletes nothing."""
    mine = [f"{kind}/{prefix}/*" for kind in KINDS]
    return [
        {
            "Effect": "Allow",
            "Action": "s3:GetObject",
            "Resource": [pulumi.Output.concat(bucket.arn, "/", path) for path in mine],
        },
        _may_list(bucket, mine),
        _may_use_its_key(bucket, "kms:Decrypt"),
    ]


def may_say(bucket: BucketPlace, prefix: str, *folders: str) -> list[dict[str, Any]]:
    """The statements of a role that leaves results in *folders* below the manifests under *prefix*.

    Results only: a backup it can neither replace nor delete.
    """
    places = [pulumi.Output.concat(bucket.arn, f"/manifests/{prefix}/{folder}/*") for folder in folders]
    return [
        {
            "Effect": "Allow",
            "Action": "s3:PutObject",
            "Resource": places if len(places) > 1 else places[0],
        },
        _may_use_its_key(bucket, "kms:GenerateDataKey"),
    ]


def _may_list(bucket: BucketPlace, mine: list[str]) -> dict[str, Any]:
    return {
        "Effect": "Allow",
        "Action": "s3:ListBucket",
        "Resource": bucket.arn,
        "Condition": {"StringLike": {"s3:prefix": mine}},
    }


def _may_use_its_key(bucket: BucketPlace, *actions: str) -> dict[str, Any]:
    return {
        "Effect": "Allow",
        "Action": list(actions) if len(actions) > 1 else actions[0],
        "Resource": bucket.key_arn,
        "Condition": {"StringEquals": {"kms:EncryptionContext:aws:s3:arn": bucket.arn}},
    }


def backup_environment(owner: str, kept: LogicalBackup, bucket: BucketPlace) -> dict[str, pulumi.Input[str]]:
    """The environment variables of backup.sh."""
    return {
        "TENANT": str(kept.tenant),
        "OWNER": owner,
        "BUCKET": bucket.name,
        "PREFIX": kept.prefix,
        "RETENTION_DAYS": str(kept.retention_days),
        "MEASURE_SQL": script("measure.sql"),
        "SEQUENCES_SQL": script("sequences.sql"),
        "USERS_SQL": script("users.sql"),
    }


def may_write(bucket: BucketPlace, kept: LogicalBackup) -> list[dict[str, Any]]:
    """What a role that makes backups may do, as IAM statements: under the tenant's own prefixes only."""
    mine = [f"{kind}/{kept.prefix}/*" for kind in KINDS]
    return [
        {
            "Effect": "Allow",
            # To abort is to leave no parts of an upload that failed; what is whole it does not touch.
            "Action": ["s3:PutObject", "s3:GetObject", "s3:AbortMultipartUpload"],
            "Resource": [pulumi.Output.concat(bucket.arn, "/", path) for path in mine],
        },
        {
            # Of dumps past their retention; the bucket keeps the version, which this role may not delete.
            "Effect": "Allow",
            "Action": "s3:DeleteObject",
            "Resource": pulumi.Output.concat(bucket.arn, "/", f"{DUMPS}/{kept.prefix}/*"),
        },
        _may_list(bucket, mine),
        # S3 uses the caller's permissions for a data key, and to decrypt parts of a multipart upload.
        _may_use_its_key(bucket, "kms:GenerateDataKey", "kms:Decrypt"),
    ]
