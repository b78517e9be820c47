"""Knows how RDS makes a server as another one was at a moment, inside the server of moto.

moto makes a copy of the other server as it is, whichever moment is asked for. RDS API Reference,
RestoreDBInstanceToPointInTime; the log reaches up to now here, because no client waits for its upload.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, NoReturn

from moto.core.responses import ActionResult
from moto.rds.exceptions import RDSClientError
from moto.rds.models import rds_backends

from localcloud.aws.clients import ACCOUNT
from localcloud.aws.clock import inside

if TYPE_CHECKING:
    from moto.rds.models import DBInstance, RDSBackend
    from moto.rds.responses import RDSResponse

_OF_THE_PASSWORD: Final = ("manage_master_user_password", "master_user_secret")
_MOST: Final = {"DBInstances": 40, "AllocatedStorage": 100_000}
"""The quotas of a new account (RDS User Guide, "Quotas and constraints for Amazon RDS")."""


def restore_db_instance_to_point_in_time(
    self: RDSBackend, original: Any, source_db_identifier: str, target_db_identifier: str, overrides: Any
) -> DBInstance:
    """Restore, as far as RDS does; what is not said is not the source's, but RDS's default."""
    source = self.find_db_from_id(source_db_identifier)
    _check_moment(source, overrides)
    _check_manages_no_password(source, overrides)
    kept: dict[str, Any] = {name: vars(source).pop(name) for name in _OF_THE_PASSWORD if name in vars(source)}
    try:  # whose secret AWS makes, keeps it to itself
        made: DBInstance = original(self, source_db_identifier, target_db_identifier, overrides)
    finally:
        vars(source).update(kept)
    vars(made).update(
        multi_az=_is_true(overrides, "multi_az"),
        deletion_protection=_is_true(overrides, "deletion_protection"),
        waiting={},
        pending_modified_values={},
        since=inside(),
        instance_create_time=inside(),
    )
    if not overrides.get("db_parameter_group_name"):
        made.db_parameter_group_name = None
    return made


def window(held: DBInstance) -> tuple[datetime, datetime] | None:
    """From when until when a server can be restored, by the loopback's clock; None where it cannot be."""
    if not held.backup_retention_period:
        return None
    latest = inside()
    since: datetime = vars(held).get("since") or latest
    return max(since, latest - timedelta(days=int(held.backup_retention_period))), latest


def latest(held: DBInstance) -> datetime | None:
    """The last moment that a server can be restored to; None where RDS names none."""
    return None if (known := window(held)) is None else known[1]


def describe_account_attributes(self: RDSResponse) -> ActionResult:
    """The quotas of RDS that the account has, and what is used of them."""
    servers = list(rds_backends[ACCOUNT][self.region].databases.values())
    used = {"DBInstances": len(servers), "AllocatedStorage": sum(int(s.allocated_storage) for s in servers)}
    listed = [{"AccountQuotaName": name, "Used": used[name], "Max": most} for name, most in _MOST.items()]
    return ActionResult({"AccountQuotas": listed})


def _check_moment(source: DBInstance, sent: Any) -> None:
    moment, latest = sent.get("restore_time"), _is_true(sent, "use_latest_restorable_time")
    if bool(moment) == latest:
        _refuse("InvalidParameterCombination", "expected either RestoreTime or UseLatestRestorableTime")
    if (known := window(source)) is None:
        _refuse(
            "PointInTimeRestoreNotEnabled",
            f"automated backups are not enabled for {source.db_instance_identifier}",
        )
    if not moment:
        return
    wanted = moment if isinstance(moment, datetime) else datetime.fromisoformat(str(moment))
    wanted = wanted.replace(tzinfo=UTC) if wanted.tzinfo is None else wanted
    if not known[0] <= wanted <= known[1]:
        _refuse(
            "InvalidParameterValue",
            f"{source.db_instance_identifier} can be restored to times from {known[0]:%Y-%m-%dT%H:%M:%SZ} to "
            f"{known[1]:%Y-%m-%dT%H:%M:%SZ}, and not to {wanted:%Y-%m-%dT%H:%M:%SZ}",
        )


def _check_manages_no_password(source: DBInstance, sent: Any) -> None:
    """Of another engine than Oracle only a modification does (`ManageMasterUserPassword`)."""
    if sent.get("manage_master_user_password") and not str(source.engine).startswith("oracle"):
        _refuse(
            "InvalidParameterCombination",
            "ManageMasterUserPassword is supported for RDS for Oracle only here",
        )


def _is_true(sent: Any, name: str) -> bool:
    return str(sent.get(name)).lower() == "true"


def _refuse(code: str, message: str) -> NoReturn:
    raise RDSClientError(code, message)
