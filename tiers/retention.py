"""How many days AWS keeps things: fixed menus and limits.

S3 and AWS Backup take any number of whole days (S3 API reference, LifecycleExpiration; AWS Backup API
reference, Lifecycle: its 90 days of cold storage do not apply, because nothing is moved there).
"""

from __future__ import annotations

from typing import Annotated, Final

from pydantic import AfterValidator, Field

LOG_DAYS: Final = (
    *(1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731),
    *(1096, 1827, 2192, 2557, 2922, 3288, 3653),
)
"""The days that a log group can keep (CloudWatch Logs API reference, PutRetentionPolicy)."""


def _log_days(value: int) -> int:
    if value not in LOG_DAYS:
        near = min(LOG_DAYS, key=lambda days: (abs(days - value), days))
        listed = ", ".join(map(str, LOG_DAYS))
        raise ValueError(f"Value should be a retention that CloudWatch has, such as {near}: {listed}")
    return value


def _none_or_log_days(value: int) -> int:
    return _log_days(value) if value else 0


LeastLogDays = Annotated[int, Field(ge=0), AfterValidator(_none_or_log_days)]
"""The fewest days that a log group must keep; 0 where it does not matter."""
LogDays = Annotated[int, Field(gt=0), AfterValidator(_log_days)]
"""How many days a log group keeps."""
ServerBackupDays = Annotated[int, Field(ge=1, le=35)]
"""How many days RDS keeps automated backups; 0 would end them (RDS API reference, CreateDBInstance)."""
SnapshotDays = Annotated[int, Field(ge=0, le=35)]
"""How many days ElastiCache keeps snapshots; 0 for none (ElastiCache User Guide, automatic backups)."""
