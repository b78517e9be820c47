"""A PostgreSQL server in a second region that follows the first one's."""

from __future__ import annotations

from typing import Any

import pulumi
import pulumi_random as random
from pulumi_aws import rds

from components.aws.database import every_server, log_groups, parameter_groups
from components.naming import component_type, physical_name
from components.places import KeyPlace, ServerPlace
from tiers.facts.every_fact import DatabaseStandby, LogGroup


class StandbyServer(pulumi.ComponentResource):
    """A cross-region read replica, encrypted with its own region's key.

    It is promoted by a failover, whose update takes its source away, or by a person. A promoted replica is an
    independent server, and no update makes it a replica again: the provider refuses a source for a server
    that has none (terraform-provider-aws, internal/service/rds/instance.go, "cannot elect new source database
    for replication"), so after a refresh every update would fail.

    A replica leaves no final snapshot (RDS API Reference, DeleteDBInstance: `FinalDBSnapshotIdentifier`
    "can't be specified when deleting a read replica"); one that the plan knows as promoted does.
    """

    def __init__(
        self,
        name: str,
        fact: DatabaseStandby,
        *,
        logs: LogGroup,
        source: ServerPlace,
        key: KeyPlace,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__(component_type("StandbyServer"), name, fact.model_dump(mode="json"), opts)
        child = pulumi.ResourceOptions(parent=self)
        subnets = rds.SubnetGroup(
            f"{name}-subnets",
            description=f"Subnets of {name}",
            subnet_ids=list(fact.subnet_ids),
            opts=child,
        )
        life = random.RandomId(f"{name}-life", byte_length=4, opts=child)
        groups = parameter_groups(name, fact, child)
        self.instance = rds.Instance(
            name,
            identifier=physical_name(name),
            kms_key_id=key.arn,
            db_subnet_group_name=subnets.name,
            vpc_security_group_ids=[fact.security_group_id],
            parameter_group_name=groups[0].name,
            final_snapshot_identifier=life.hex.apply(lambda suffix: f"{name}-final-{suffix}"),
            performance_insights_kms_key_id=key.arn if fact.performance_insights else None,
            **every_server(fact),
            **_end_and_version(fact),
            **_source_or_backups(fact, source),
            opts=pulumi.ResourceOptions(
                parent=self,
                protect=fact.deletion_protection,
                depends_on=[*log_groups(name, logs, key, child), *groups],
                ignore_changes=None if fact.takes_over else ["replicateSourceDb"],
            ),
        )
        self.register_outputs({"address": self.instance.address})


def _end_and_version(fact: DatabaseStandby) -> dict[str, Any]:
    """How it ends, and how it comes to a version; made, a replica has that of its source.

    A replica takes a newer minor version before its source does, and nobody works with it: what changes it
    is made at once, so that the next update finds it ready (`tiers/change/versions/upgrades.py`).
    """
    return {
        "skip_final_snapshot": not fact.promoted,
        "engine_version": fact.engine_version,
        # What takes over grows before anybody works with it.
        "apply_immediately": not fact.promoted or fact.takes_over,
    }


def _source_or_backups(fact: DatabaseStandby, source: ServerPlace) -> dict[str, Any]:
    """Whom it follows, or what a server of its own needs: the provider promotes one that loses its source.

    What a person promoted keeps the source that its state has, unsent.
    """
    if not fact.takes_over:
        return {"replicate_source_db": source.arn}
    return {"backup_retention_period": fact.backup_retention_days, "backup_window": fact.backup_window}
