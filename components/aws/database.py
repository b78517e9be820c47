"""PostgreSQL on Amazon RDS."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import pulumi
import pulumi_random as random
from pulumi_aws import cloudwatch, rds, secretsmanager

from components.naming import component_type, physical_name
from components.places import KeyPlace, NetworkPlace, ServerPlace
from tiers.facts.every_fact import DatabaseInstance, DatabaseStandby, LogGroup

# TLS for every connection, slow statements and DDL in the log, and what a tenant needs to move to its own
# server later: logical replication (it needs a reboot, so it is on from the first day).
_PARAMETERS: Final = {
    "rds.force_ssl": "1",
    "log_statement": "ddl",
    "log_min_duration_statement": "1000",
    "idle_in_transaction_session_timeout": "600000",
    "shared_preload_libraries": "pg_stat_statements,pgaudit",
    "track_io_timing": "1",
    "rds.logical_replication": "1",
}
_AUDIT: Final = "pgaudit.log"
_TEMPORARY: Final = "temp_file_limit"
_KIB_PER_GIB: Final = 1024 * 1024
_MASTER: Final = "costack"
_PASSWORD_LENGTH: Final = 48
LOGS: Final = ("postgresql", "upgrade")
_STRIPED_FROM_GIB: Final = 400
_STRIPED: Final = {"iops": 12_000, "storage_throughput": 500}
"""What gp3 of PostgreSQL does without extra charge from 400 GiB on, where it is striped (RDS User Guide, "gp3
storage"). Unsaid, a server that grows that far is sent the 3,000 IOPS it had, and RDS refuses them
(terraform-provider-aws, issue 28382)."""
_NEEDS_REBOOT: Final = frozenset({"shared_preload_libraries", "rds.logical_replication"})


class PostgresServer(pulumi.ComponentResource):
    """The RDS instance of a fact; `multi_az` means a Multi-AZ *instance*, never a cluster.

    A Multi-AZ cluster has no cross-region automated backups, no stop and start, and no storage
    autoscaling (RDS User Guide, Multi-AZ DB cluster limitations). What a destroy needs is set at
    creation, because a destroy reads it from the state: a final snapshot name that no earlier server of
    this name has used, and retained backups. `master_secret` is the content of the master user's secret, None
    where AWS makes the password.
    """

    def __init__(
        self,
        name: str,
        fact: DatabaseInstance,
        *,
        logs: LogGroup,
        network: NetworkPlace,
        key: KeyPlace,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__(component_type("PostgresServer"), name, fact.model_dump(mode="json"), opts)
        child = pulumi.ResourceOptions(parent=self)
        subnets = rds.SubnetGroup(
            f"{name}-subnets",
            description=f"Private subnets of {name}",
            subnet_ids=network.subnet_ids,
            opts=child,
        )
        life = random.RandomId(f"{name}-life", byte_length=4, opts=child)
        master, groups = _master_of(name, fact, key, child), parameter_groups(name, fact, child)
        self.instance = rds.Instance(
            name,
            identifier=physical_name(name),
            **every_server(fact),
            **_original(fact),
            db_subnet_group_name=subnets.name,
            vpc_security_group_ids=[network.security_group_id],
            parameter_group_name=groups[0].name,
            kms_key_id=key.arn,
            performance_insights_kms_key_id=key.arn if fact.performance_insights else None,
            **master.arguments,
            final_snapshot_identifier=life.hex.apply(lambda suffix: f"{name}-final-{suffix}"),
            opts=pulumi.ResourceOptions(
                parent=self,
                protect=fact.deletion_protection,
                depends_on=[*log_groups(name, logs, key, child), *groups],
            ),
        )
        self.place, self.master_secret = _place(self.instance, master.secret_arn), master.secret
        self.register_outputs({"address": self.instance.address})


class _Master(NamedTuple):
    """The password of the master user as arguments of a server, and its secret; None for AWS' own."""

    arguments: dict[str, Any]
    secret_arn: pulumi.Output[str] | None
    secret: pulumi.Output[str] | None = None


def _master_of(name: str, fact: DatabaseInstance, key: KeyPlace, child: pulumi.ResourceOptions) -> _Master:
    """AWS makes and renews the password, except where a replica may follow the server.

    RDS makes no replica of a server whose password AWS manages (RDS User Guide, "Password management with
    Amazon RDS and AWS Secrets Manager", limitations). A deployed server takes the other password in place.
    """
    if not fact.may_have_replica:
        return _Master(
            {"manage_master_user_password": True, "master_user_secret_kms_key_id": key.key_id}, None
        )
    # Another number is another resource, as of a tenant's other passwords.
    numbered = physical_name(name, "rotation", str(fact.master_number)) if fact.master_number else name
    made = random.RandomPassword(f"{numbered}-master", length=_PASSWORD_LENGTH, special=False, opts=child)
    # As RDS writes it, so that Jobs read either.
    content: pulumi.Output[str] = pulumi.Output.json_dumps({"username": _MASTER, "password": made.result})
    arn = master_secret(name, content, key, child)
    return _Master({"password": made.result}, arn, content)


def master_secret(
    name: str, content: pulumi.Output[str], key: KeyPlace, child: pulumi.ResourceOptions
) -> pulumi.Output[str]:
    """The ARN of a secret with the master user of the server *name*; known once it has its content."""
    secret = secretsmanager.Secret(
        f"{name}-master",
        description=f"Master user of {name}",
        kms_key_id=key.arn,
        # It goes with its server: what the final snapshot is restored to gets another password.
        recovery_window_in_days=0,
        opts=child,
    )
    version = secretsmanager.SecretVersion(
        f"{name}-master", secret_id=secret.id, secret_string=content, opts=child
    )
    known: pulumi.Output[str] = version.secret_arn
    return known


def _place(instance: rds.Instance, secret_arn: pulumi.Output[str] | None) -> ServerPlace:
    managed = instance.master_user_secrets.apply(
        lambda secrets: secrets[0].secret_arn or "" if secrets else ""
    )
    secret = managed if secret_arn is None else secret_arn
    return ServerPlace(instance.arn, instance.address, secret, instance.allocated_storage)


def parameter_groups(
    name: str, fact: DatabaseInstance | DatabaseStandby, child: pulumi.ResourceOptions
) -> list[rds.ParameterGroup]:
    """The parameter group of a server, and that of the major version that still runs.

    Until the window a server keeps its group of before, and RDS deletes none that a server has (RDS API
    Reference, DeleteDBParameterGroup). So every major version has a group of its own, and the old one goes
    with the first update that knows of the new version. Before there was one for all, which the first of
    these was: it is that one's alias.

    The first is the one to send. Where the provider sends no version any more, RDS refuses the group of the
    new one alone, and the provider sees the old (terraform-provider-aws, pull 47121): then the old is first.
    """
    before = pulumi.ResourceOptions(aliases=[pulumi.Alias(name=f"{name}-parameters")])
    known = pulumi.ResourceOptions.merge(child, before)
    asked = fact.engine_version.partition(".")[0]
    if fact.kept_group_version is None:
        return [_parameter_group(name, fact, asked, known)]
    kept = _parameter_group(name, fact, fact.kept_group_version, known)
    new = _parameter_group(name, fact, asked, child)
    return [kept, new] if fact.upgrade_is_asked else [new, kept]


def _parameter_group(
    name: str, fact: DatabaseInstance | DatabaseStandby, major: str, opts: pulumi.ResourceOptions
) -> rds.ParameterGroup:
    """The parameter group of every server; `temp_file_limit` is in KiB."""
    values = {**_PARAMETERS, _AUDIT: "ddl,role" if fact.audited else "none"}
    if isinstance(fact, DatabaseInstance) and fact.temp_file_limit_gib is not None:
        values[_TEMPORARY] = str(fact.temp_file_limit_gib * _KIB_PER_GIB)
    return rds.ParameterGroup(
        f"{name}-parameters-postgres{major}",
        family=f"postgres{major}",
        description=f"Parameters of {name}",
        parameters=[
            {
                "name": parameter,
                "value": value,
                "apply_method": "pending-reboot" if parameter in _NEEDS_REBOOT else "immediate",
            }
            for parameter, value in values.items()
        ],
        opts=opts,
    )


def log_groups(
    name: str, fact: LogGroup, key: KeyPlace, child: pulumi.ResourceOptions
) -> list[pulumi.Resource]:
    """The log groups that RDS writes to: created by RDS they would have no tags and no retention."""
    return [
        cloudwatch.LogGroup(
            f"{name}-{log}-log",
            name=f"/aws/rds/instance/{physical_name(name)}/{log}",
            retention_in_days=fact.retention_days,
            kms_key_id=key.arn,
            opts=child,
        )
        for log in LOGS
    ]


def follows_minor_versions(engine_version: str) -> bool:
    """Whether AWS upgrades a server in its window: where a major version is asked for.

    A server that asks for a minor version keeps it. Upgraded all the same, every later update would ask RDS
    for the older version, which it refuses (RDS API Reference, ModifyDBInstance, `EngineVersion`).
    """
    return "." not in engine_version


def every_server(fact: DatabaseInstance | DatabaseStandby) -> dict[str, Any]:
    """The settings that primaries and standbys share."""
    return {
        "instance_class": fact.instance_class,
        "storage_type": "gp3",
        "max_allocated_storage": fact.max_storage_gib,
        "storage_encrypted": True,
        "publicly_accessible": False,
        "iam_database_authentication_enabled": True,
        "maintenance_window": fact.maintenance_window,
        "auto_minor_version_upgrade": follows_minor_versions(fact.engine_version),
        # Alone it upgrades nothing; without it RDS refuses to (RDS API reference, ModifyDBInstance).
        "allow_major_version_upgrade": True,
        "copy_tags_to_snapshot": True,
        "delete_automated_backups": False,
        "deletion_protection": fact.deletion_protection,
        "enabled_cloudwatch_logs_exports": list(LOGS),
        # Since 2026-07-31 its page is that of Database Insights in standard mode; the setting, seven days
        # without charge and the API are what they were (RDS User Guide, "Turning Performance Insights on").
        "performance_insights_enabled": fact.performance_insights,
    }


def _original(fact: DatabaseInstance) -> dict[str, Any]:
    return {
        "skip_final_snapshot": False,
        **(_STRIPED if fact.storage_gib >= _STRIPED_FROM_GIB else {}),
        "engine": "postgres",
        "engine_version": fact.engine_version,
        "multi_az": fact.multi_az,
        "allocated_storage": fact.storage_gib,
        "username": _MASTER,
        "backup_retention_period": fact.backup_retention_days,
        "backup_window": fact.backup_window,
        "apply_immediately": fact.upgrade is not None and fact.upgrade.at_once,
        "ca_cert_identifier": "rds-ca-rsa2048-g1",
    }
