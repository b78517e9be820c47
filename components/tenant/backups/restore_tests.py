"""The CronJob that restores a tenant's newest dump on a schedule and checks it."""

from __future__ import annotations

from typing import Any, Final

import pulumi

from components.kubernetes import jobs, pods
from components.naming import physical_name
from components.places import BucketPlace
from components.restore_test import FETCHED, NAME, RESTORED, WITHOUT_ROLE, pod_spec
from tiers.facts.every_fact import LogicalBackup, ScheduledJob
from tiers.facts.names import BACKUP

_SECONDS_PER_MINUTE: Final = 60
# A cluster that was down at the moment tests later that day; else a monthly test would be a month late.
_LATE_SECONDS: Final = 24 * 60 * 60
# A test that failed stays to be read, and to be alerted of, until the next one.
_KEEP_FINISHED: Final = 1


def restore_on_schedule(
    owner: str,
    kept: LogicalBackup,
    run: ScheduledJob | None,
    bucket: BucketPlace,
    opts: pulumi.ResourceOptions,
) -> None:
    """Declare the CronJob, if the plan has a scheduled test *run*.

    Its pods have the labels and the account of backups, with which they reach the bucket.

    Args:
        owner: Whose the backups must be.
        kept: Where they lie.
        run: The scheduled test.
        bucket: The bucket.
        opts: Options of the CronJob; its account must exist.
    """
    if run is None or run.restore_test is None:
        return
    name, labels = physical_name(str(run.tenant), NAME), pods.identity(str(run.tenant), BACKUP)
    job = _job(owner, kept, run, bucket, labels)
    jobs.cron_job(name, run, labels, job, opts, kept=_KEEP_FINISHED, late_seconds=_LATE_SECONDS)


def _job(
    owner: str, kept: LogicalBackup, run: ScheduledJob, bucket: BucketPlace, labels: dict[str, str]
) -> pods.Manifest:
    room = run.restore_test
    if room is None:
        raise ValueError(f"{run.id}: is no restore test")
    where: dict[str, Any] = {
        "TENANT": kept.tenant,
        "BUCKET": bucket.name,
        "PREFIX": kept.prefix,
        "OWNER": owner,
        "BACKUP": "",
    }
    sizes = {FETCHED: room.fetched_gib, RESTORED: room.restored_gib}
    kept_seconds = room.kept_minutes * _SECONDS_PER_MINUTE
    return {
        "backoffLimit": 0,  # a second run of a failed test fails, too
        "activeDeadlineSeconds": room.deadline_minutes * _SECONDS_PER_MINUTE,
        **({"ttlSecondsAfterFinished": kept_seconds} if kept_seconds else {}),
        "template": pods.pod_template(labels, pod_spec(run, where, sizes, room.storage_class), WITHOUT_ROLE),
    }
