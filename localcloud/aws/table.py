"""Knows all types of the local cloud: one row each, listed by service family."""

from __future__ import annotations

from typing import TYPE_CHECKING

from localcloud.aws import (
    backup,
    cache_users,
    cloudfront,
    ec2,
    efs,
    eks,
    elasticache,
    iam,
    kms,
    logs,
    network,
    nodes,
    rds,
    rds_groups,
    replication,
    route53,
    routes,
    s3,
    s3_settings,
    scheduler,
    secretsmanager,
    ssm,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from localcloud.aws.row import Row

_FAMILIES = (
    backup,
    cache_users,
    cloudfront,
    ec2,
    efs,
    eks,
    elasticache,
    iam,
    kms,
    logs,
    network,
    nodes,
    rds,
    rds_groups,
    replication,
    route53,
    routes,
    s3,
    s3_settings,
    scheduler,
    secretsmanager,
    ssm,
)

ROWS: Mapping[str, Row] = {row.kind: row for family in _FAMILIES for row in family.ROWS}
"""Type token -> row."""
