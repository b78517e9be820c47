"""The session cache on Amazon ElastiCache."""

from __future__ import annotations

from typing import Final

import pulumi
import pulumi_random as random
from pulumi_aws import elasticache

from components.aws.network import REDIS_PORT
from components.naming import CACHE_NAME_LIMIT, component_type, physical_name
from components.places import CachePlace, KeyPlace, NetworkPlace
from tiers.facts.every_fact import CacheGroup

_AUTH_TOKEN_LENGTH: Final = 48


class SessionCache(pulumi.ComponentResource):
    """A replication group that keeps Odoo's sessions: encrypted on the wire and at rest, behind a token."""

    def __init__(
        self,
        name: str,
        fact: CacheGroup,
        network: NetworkPlace,
        key: KeyPlace,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__(component_type("SessionCache"), name, fact.model_dump(mode="json"), opts)
        child = pulumi.ResourceOptions(parent=self)
        token = _token(name, fact.rotation_number, child)
        if fact.replaced_number is not None:
            _token(name, fact.replaced_number, child)
        self.group = elasticache.ReplicationGroup(
            name,
            replication_group_id=physical_name(name, limit=CACHE_NAME_LIMIT),
            description="Odoo sessions",
            engine=fact.engine,
            engine_version=fact.engine_version,
            node_type=fact.node_type,
            num_cache_clusters=fact.nodes,
            automatic_failover_enabled=fact.multi_az,
            multi_az_enabled=fact.multi_az,
            port=REDIS_PORT,
            subnet_group_name=_subnets(name, network, child).name,
            security_group_ids=[network.security_group_id],
            transit_encryption_enabled=True,
            at_rest_encryption_enabled=True,
            kms_key_id=key.arn,
            auth_token=token,
            auth_token_update_strategy=fact.rotation_update,
            auto_minor_version_upgrade=True,
            snapshot_retention_limit=fact.snapshot_retention_days,
            maintenance_window=fact.maintenance_window,
            opts=child,
        )
        # Who gets the token waits until the cache takes it.
        taken = pulumi.Output.all(token, self.group.arn).apply(lambda known: str(known[0]))
        self.place = CachePlace(self.group.arn, self.group.primary_endpoint_address, taken)
        self.register_outputs({"address": self.group.primary_endpoint_address})


def _token(name: str, number: int, child: pulumi.ResourceOptions) -> pulumi.Output[str]:
    """The token of that number; the one before stays in the state until nobody can need it."""
    turn = f"rotation-{number}-" if number else ""
    made = random.RandomPassword(f"{name}-{turn}token", length=_AUTH_TOKEN_LENGTH, special=False, opts=child)
    return made.result


def _subnets(name: str, network: NetworkPlace, child: pulumi.ResourceOptions) -> elasticache.SubnetGroup:
    return elasticache.SubnetGroup(
        f"{name}-subnets",
        description=f"Private subnets of {name}",
        subnet_ids=network.subnet_ids,
        opts=child,
    )
