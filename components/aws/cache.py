"""The session cache on Amazon ElastiCache."""

from __future__ import annotations

from typing import Any, Final

import pulumi
import pulumi_random as random
from pulumi_aws import elasticache

from components.aws.cache_users import users_of_all
from components.aws.network import REDIS_PORT
from components.naming import CACHE_NAME_LIMIT, component_type, physical_name
from components.places import CachePlace, KeyPlace, NetworkPlace
from tiers.facts.every_fact import CacheGroup

_AUTH_TOKEN_LENGTH: Final = 48


class SessionCache(pulumi.ComponentResource):
    """A replication group that keeps Odoo's sessions: encrypted on the wire and at rest, behind logins.

    AWS upgrades no version by itself: the provider takes none without a minor version, and replaces a cache
    that is asked for an older version than runs there, so that everybody would have to log in again
    (terraform-provider-aws, internal/service/elasticache/engine_version.go). Patches of a minor version
    come with AWS' service updates all the same (ElastiCache User Guide, "Service updates").
    """

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
        numbers = [each for each in (fact.rotation_number, fact.replaced_number) if each is not None]
        tokens = [_token(name, number, child) for number in numbers]
        users, login = _login(name, fact, tokens, child)
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
            **login,
            auto_minor_version_upgrade=False,
            snapshot_retention_limit=fact.snapshot_retention_days,
            maintenance_window=fact.maintenance_window,
            opts=child,
        )
        self.place = self._place(fact, tokens, users)
        self.register_outputs({"address": self.group.primary_endpoint_address})

    def _place(
        self, fact: CacheGroup, tokens: list[pulumi.Output[str]], users: elasticache.UserGroup | None
    ) -> CachePlace:
        """Who gets a token, or a user in the group, waits until the cache takes them."""
        at = (self.group.arn, self.group.primary_endpoint_address)
        if users is None:
            return CachePlace(*at, self._after(tokens[0]))
        left = self._after(tokens[-1]) if fact.replaced_number is not None else None
        return CachePlace(*at, left, self._after(users.user_group_id))

    def _after(self, value: pulumi.Output[str]) -> pulumi.Output[str]:
        return pulumi.Output.all(value, self.group.arn).apply(lambda known: str(known[0]))


def _login(
    name: str, fact: CacheGroup, tokens: list[pulumi.Output[str]], child: pulumi.ResourceOptions
) -> tuple[elasticache.UserGroup | None, dict[str, Any]]:
    """Who may log in: the users of a group, or who has the token; and that as arguments of the cache.

    The way from a token to users is one modification with the strategy DELETE, in place. The word stays: the
    provider sends an empty token when it is taken away (terraform-provider-aws, replication_group.go). That
    modification is made at once, because pods of the same update log in as users.
    """
    if not fact.users:
        return None, {"auth_token": tokens[0], "auth_token_update_strategy": fact.rotation_update}
    begins = fact.replaced_number is not None
    users = users_of_all(name, tokens, child, open_to_tokens=begins)
    return users, {
        "user_group_ids": [users.user_group_id],
        "auth_token_update_strategy": "DELETE",
        "apply_immediately": True if begins else None,
    }


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
