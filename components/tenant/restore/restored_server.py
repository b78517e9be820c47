"""A tenant's own server as it was at a moment: a second one, for as long as its data is copied.

What AWS demands of it is told where it is declared; sources are in docs/restores.md.
"""

from __future__ import annotations

from typing import Any, Final

import pulumi
from pulumi_aws import rds

from components.aws.database import PostgresServer
from components.kubernetes.database_administrator import tenants_administrator
from components.naming import component_type, physical_name
from components.places import Administered, KeyPlace, PlatformPlace, ServerPlace
from components.tags.cost_tags import cost_tagged
from tiers.facts.every_fact import FactId, RestoredServer
from tiers.facts.names import RESTORED_SERVER
from tiers.plan.plan import TenantPlan, facts_of
from tiers.portfolio.restore.stage import named_moment
from tiers.vocabulary import CostDomain

_TIMEOUTS: Final = pulumi.CustomTimeouts(create="4h")
"""AWS copies the disk and replays the log of up to a day first, and names no time for that."""


class ServerAsItWas(pulumi.ComponentResource):
    """The RDS instance of a fact, made of another one's automated backups.

    Only what RestoreDBInstanceToPointInTime and the provider after it take is said; the version, the storage
    and the key are the source's. Named, gp3 would have to come with its IOPS (API Reference, `StorageType`).
    RDS makes it with default groups unless it is given some, so it has those of its source: its security
    group lets in whom that one lets in. AWS manages the master's password, which the provider asks for once
    the server is there (terraform-provider-aws, pull 33699): nobody has to know what it was at that moment.
    It has no protection, no final snapshot, and its automated backups go with it: all that it has is in its
    source and in that one's backups.
    """

    def __init__(
        self,
        name: str,
        fact: RestoredServer,
        source: rds.Instance,
        key: KeyPlace,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__(component_type("ServerAsItWas"), name, fact.model_dump(mode="json"), opts)
        self.instance = rds.Instance(
            name,
            identifier=name,
            restore_to_point_in_time={
                "source_db_instance_identifier": source.identifier,
                "restore_time": named_moment(fact.at),
            },
            **_unprotected(fact),
            db_subnet_group_name=source.db_subnet_group_name,
            vpc_security_group_ids=source.vpc_security_group_ids,
            parameter_group_name=source.parameter_group_name,
            kms_key_id=key.arn,
            manage_master_user_password=True,
            master_user_secret_kms_key_id=key.key_id,
            opts=pulumi.ResourceOptions(
                parent=self,
                # What its source becomes meanwhile changes nothing of it: it is read, and goes.
                ignore_changes=["parameterGroupName", "dbSubnetGroupName"],
                # An update that failed may have left one of another moment, which has the name.
                delete_before_replace=True,
                custom_timeouts=_TIMEOUTS,
            ),
        )
        self.register_outputs({"address": self.instance.address})

    @property
    def place(self) -> ServerPlace:
        """Its address, and the secret that AWS keeps its master's password in."""
        made = self.instance
        secret = made.master_user_secrets.apply(lambda kept: kept[0].secret_arn or "" if kept else "")
        return ServerPlace(made.arn, made.address, secret, made.allocated_storage)


def servers_as_they_were(
    tenant: TenantPlan,
    platform: PlatformPlace,
    source: tuple[FactId, PostgresServer],
    key: KeyPlace,
    opts: pulumi.ResourceOptions,
) -> dict[FactId, Administered]:
    """Those of *source* in the plan of *tenant*, each with an account that may read its secret and no other.

    Args:
        tenant: The tenant.
        platform: The cluster, and the name that roles begin with.
        source: Its own server, by fact.
        key: The key of both.
        opts: Options of what is declared.
    """
    made: dict[FactId, Administered] = {}
    for fact in facts_of(tenant.facts, RestoredServer):
        if fact.server != source[0]:
            continue
        beside = physical_name(platform.name, tenant.tenant, "postgresql")
        name = physical_name(beside, RESTORED_SERVER)
        resilient = cost_tagged(tenant.cost_tags(CostDomain.RESILIENCE), opts)
        place = ServerAsItWas(name, fact, source[1].instance, key, resilient).place
        made[fact.id] = Administered(
            place, *tenants_administrator(tenant, platform, RESTORED_SERVER, place, key, opts)
        )
    return made


def _unprotected(fact: RestoredServer) -> dict[str, Any]:
    return {
        "instance_class": fact.instance_class,
        "engine": "postgres",
        "multi_az": False,
        "max_allocated_storage": fact.max_storage_gib,
        "storage_encrypted": True,
        "publicly_accessible": False,
        "iam_database_authentication_enabled": True,
        "auto_minor_version_upgrade": False,
        "copy_tags_to_snapshot": True,
        "deletion_protection": False,
        "skip_final_snapshot": True,
        "delete_automated_backups": True,
        "apply_immediately": True,
    }
