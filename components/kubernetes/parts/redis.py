"""redis_exporter: memory, connections and evictions of the shared session cache."""

from __future__ import annotations

from typing import Final

import pulumi
import pulumi_random as random

from components.aws.cache_users import user_in_group
from components.kubernetes import pods
from components.kubernetes.network_policies import to_cache
from components.kubernetes.parts.exporter import PASSWORD, exporter, metrics
from components.kubernetes.secrets import MadeSecret, secret_of
from components.naming import component_type, physical_name
from components.places import CachePlace, NetworkPlace, SecretPlace
from tiers.facts.every_fact import RedisExporter

PORT: Final = 9121
ACCESS: Final = "on ~nothing -@all +info"
"""Counters only. Never SLOWLOG, MONITOR, KEYS or SCAN: they tell the names of sessions, which are cookies."""
_LENGTH: Final = 40


class RedisStatistics(pulumi.ComponentResource):
    """One pod with a user of its own in the cache, which reads counters and no key.

    Args:
        portfolio: The portfolio whose cache it is.
        fact: What it measures, and as which user.
        cache: The cache.
        network: Where the cache is.
        place: How Secrets come into the cluster.
        opts: Options of the component; the namespace comes as `depends_on`.
    """

    def __init__(
        self,
        portfolio: str,
        fact: RedisExporter,
        *,
        cache: CachePlace,
        network: NetworkPlace,
        place: SecretPlace,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        name = physical_name(portfolio, fact.name)
        super().__init__(component_type("RedisStatistics"), name, fact.model_dump(mode="json"), opts)
        child = pulumi.ResourceOptions(parent=self)
        password = random.RandomPassword(f"{name}-password", length=_LENGTH, special=False, opts=child).result
        admitted = user_in_group(name, (fact.user, ACCESS), cache, [password], child)
        data = {PASSWORD: admitted}
        read = secret_of(name, fact.namespace, data, called=name, place=place, opts=child)
        account = pods.service_account(name, name, fact.namespace, child)
        exporter(
            name,
            fact,
            pods.identity(portfolio, "redis", name="redis-exporter"),
            _pod(fact, name, cache, read),
            parent=self,
            port=PORT,
            openings=[to_cache(network.subnet_cidrs)],
            after=[account, read.resource],
            has_read=read.fingerprint,
        )
        self.register_outputs({})


def settings(address: pulumi.Input[str], user: str) -> dict[str, pulumi.Input[str]]:
    """Its environment variables, without the password.

    ElastiCache has no CONFIG for anybody (ElastiCache User Guide, "Supported commands").
    """
    return {
        "REDIS_ADDR": address,
        "REDIS_USER": user,
        "REDIS_EXPORTER_CONFIG_COMMAND": "-",
        "REDIS_EXPORTER_SET_CLIENT_NAME": "false",
    }


def _pod(fact: RedisExporter, account: str, cache: CachePlace, read: MadeSecret) -> pods.Manifest:
    address = pulumi.Output.concat("rediss://", cache.address, ":6379")
    named = pods.variables(settings(address, fact.user))
    reference = {"name": read.name, "key": PASSWORD}
    container = pods.container(
        fact.name,
        fact.image,
        fact.compute,
        env=[*named, {"name": "REDIS_PASSWORD", "valueFrom": {"secretKeyRef": reference}}],
        **metrics(PORT, "/health"),
    )
    return pods.pod(fact.run_as_user, fact.run_as_group, account, [container])
