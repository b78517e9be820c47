"""What an account holds of everything the product creates, and what is left of it."""

from __future__ import annotations

from typing import Any

from localcloud.aws.clients import Clients


def holdings(clients: Clients) -> dict[str, set[str]]:
    """What an account holds of everything the product creates, by kind."""
    ec2, rds, iam, kms = (clients.get(service) for service in ("ec2", "rds", "iam", "kms"))
    cache, efs, backup = (clients.get(service) for service in ("elasticache", "efs", "backup"))
    simulated = clients.get("ssm").get_paginator("get_parameters_by_path")
    pages = simulated.paginate(Path="/localcloud/simulated", Recursive=True)
    return {
        "vpc": {each["VpcId"] for each in ec2.describe_vpcs()["Vpcs"]},
        "subnet": {each["SubnetId"] for each in ec2.describe_subnets()["Subnets"]},
        "security group": {each["GroupId"] for each in ec2.describe_security_groups()["SecurityGroups"]},
        "database": _each(rds.describe_db_instances()["DBInstances"], "DBInstanceIdentifier"),
        "database subnets": _each(rds.describe_db_subnet_groups()["DBSubnetGroups"], "DBSubnetGroupName"),
        "parameters": _each(rds.describe_db_parameter_groups()["DBParameterGroups"], "DBParameterGroupName"),
        "cache": _each(cache.describe_replication_groups()["ReplicationGroups"], "ReplicationGroupId"),
        "cache subnets": _each(cache.describe_cache_subnet_groups()["CacheSubnetGroups"], "ARN"),
        "cache user": _each(cache.describe_users()["Users"], "UserId"),
        "cache user group": _each(cache.describe_user_groups()["UserGroups"], "UserGroupId"),
        "file system": _each(efs.describe_file_systems()["FileSystems"], "FileSystemId"),
        "access point": _each(efs.describe_access_points()["AccessPoints"], "AccessPointId"),
        "bucket": _each(clients.get("s3").list_buckets()["Buckets"], "Name"),
        "vault": _each(backup.list_backup_vaults()["BackupVaultList"], "BackupVaultName"),
        "backup plan": _each(backup.list_backup_plans()["BackupPlansList"], "BackupPlanId"),
        "log group": _each(clients.get("logs").describe_log_groups()["logGroups"], "logGroupName"),
        "schedule": _each(clients.get("scheduler").list_schedules()["Schedules"], "Name"),
        "role": _each(iam.list_roles()["Roles"], "RoleName"),
        "secret": _each(clients.get("secretsmanager").list_secrets()["SecretList"], "Name"),
        "key alias": _each(kms.list_aliases()["Aliases"], "AliasName"),
        "enabled key": {key for key in _each(kms.list_keys()["Keys"], "KeyId") if _is_enabled(kms, key)},
        "simulated": {each["Name"] for page in pages for each in page["Parameters"]},
    }


def left_behind(clients: Clients, before: dict[str, set[str]]) -> dict[str, int]:
    """How many things of each kind an account holds that it did not hold before."""
    found = {kind: len(names - before[kind]) for kind, names in holdings(clients).items()}
    return {kind: count for kind, count in found.items() if count}


def _each(found: list[dict[str, Any]], name: str) -> set[str]:
    return {str(each[name]) for each in found}


def _is_enabled(kms: Any, key: str) -> bool:
    return bool(kms.describe_key(KeyId=key)["KeyMetadata"]["Enabled"])
