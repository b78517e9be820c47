"""Knows which changes of a cache AWS makes only in the maintenance window, unless they are to be at once.

As `waiting` does for servers: by the loopback's clock, or with a modification that says `ApplyImmediately`
(ElastiCache API Reference, ModifyReplicationGroup). moto has no nodes of a replication group; the nodes
that are asked for by name tell the version that runs, as AWS' do. Its third number is made up.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from moto.core.responses import ActionResult
from moto.elasticache.models import ElastiCacheBackend, ReplicationGroup
from moto.elasticache.responses import ElastiCacheResponse

from localcloud.aws.cache_access import refuse
from localcloud.aws.clock import inside
from localcloud.aws.deferred import complete, upgraded_to, waiting_of
from localcloud.aws.versions import numbers
from localcloud.aws.windows import opens

if TYPE_CHECKING:
    pass

LATER: Final = {"CacheNodeType": "cache_node_type", "Engine": "engine", "EngineVersion": "engine_version"}
"""A parameter of ModifyReplicationGroup -> moto's attribute of a group."""
_AT_ONCE: Final = {"PreferredMaintenanceWindow": "preferred_maintenance_window"}
_NOBODY_CHOSE: Final = "sun:05:00-sun:06:00"
"""AWS picks a window where nobody does; the loopback always this one."""
_DEFAULT: Final = {"valkey": "8.0", "redis": "7.1"}


def let_caches_wait() -> None:
    """Completes moto, once per process."""
    if ElastiCacheResponse.modify_replication_group.__module__ == __name__:
        return
    for operation in (_create_replication_group, _modify_replication_group, _describe_cache_clusters):
        complete(ElastiCacheResponse, operation.__name__.removeprefix("_"), operation)
    complete(ElastiCacheBackend, "describe_replication_groups", _describe_replication_groups)


def _create_replication_group(self: ElastiCacheResponse, original: Any) -> Any:
    made = original(self)
    name = self._get_param("ReplicationGroupId")
    held = self.elasticache_backend.replication_groups.get(name)
    if held is not None:
        vars(held).update(waiting={}, since=inside())
        held.engine_version = held.engine_version or _DEFAULT.get(held.engine, "")
    return made


def _modify_replication_group(self: ElastiCacheResponse, original: Any) -> Any:
    held = self.elasticache_backend.replication_groups.get(self._get_param("ReplicationGroupId"))
    if held is None:
        return original(self)
    _pass_windows(self.elasticache_backend)
    _check(held, self._get_param("Engine"), self._get_param("EngineVersion"))
    for parameter, name in _AT_ONCE.items():
        setattr(held, name, self._get_param(parameter) or getattr(held, name))
    wanted = {name: self._get_param(parameter) for parameter, name in LATER.items()}
    waiting = {**waiting_of(held), **{name: value for name, value in wanted.items() if value is not None}}
    for parameter in LATER:
        self.params.pop(parameter, None)  # what is changed, and when, is said here
    if self._get_bool_param("ApplyImmediately"):
        _take(held, waiting)
        waiting = {}
    changes = {name: value for name, value in waiting.items() if getattr(held, name) != value}
    vars(held).update(waiting=changes, asked_at=inside())
    return original(self)


def _check(held: ReplicationGroup, engine: str | None, version: str | None) -> None:
    """ElastiCache API Reference, ModifyReplicationGroup, `EngineVersion`: no earlier version.

    From Valkey nothing leads back to Redis (User Guide, "Upgrading engine versions including cross engine
    upgrades").
    """
    if engine == "redis" and held.engine == "valkey":
        refuse("InvalidParameterCombination", f"Cannot modify engine from {held.engine} to {engine}")
    lower = version and held.engine_version and numbers(version) < numbers(held.engine_version)
    if lower and (engine or held.engine) == held.engine:
        refuse(
            "InvalidParameterValue",
            f"Cannot downgrade engine version from {held.engine_version} to {version}",
        )


def check_subnets_are_free(self: ElastiCacheBackend, name: str) -> None:
    """A subnet group that a cache lies in cannot go (ElastiCache API Reference, DeleteCacheSubnetGroup)."""
    if any(held.cache_subnet_group_name == name for held in self.replication_groups.values()):
        refuse("CacheSubnetGroupInUse", f"Cache subnet group {name} is currently in use by a cache cluster.")


def _describe_replication_groups(self: ElastiCacheBackend, original: Any, *given: Any, **named: Any) -> Any:
    _pass_windows(self)
    return original(self, *given, **named)


def _describe_cache_clusters(self: ElastiCacheResponse, original: Any) -> Any:
    """A node of a replication group, by its name; all others as moto has them."""
    node = self._get_param("CacheClusterId") or ""
    held = self.elasticache_backend.replication_groups.get(node.rpartition("-")[0])
    if held is None or not node.rpartition("-")[2].isdecimal():
        return original(self)
    _pass_windows(self.elasticache_backend)
    waiting = waiting_of(held)
    shown = {parameter: waiting[name] for parameter, name in LATER.items() if name in waiting}
    told = {
        "CacheClusterId": node,
        "ReplicationGroupId": held.replication_group_id,
        "Engine": held.engine,
        "EngineVersion": f"{held.engine_version}.0",
        "CacheNodeType": held.cache_node_type,
        "PreferredMaintenanceWindow": held.preferred_maintenance_window,
        "PendingModifiedValues": {name: value for name, value in shown.items() if name != "Engine"},
    }
    return ActionResult({"CacheClusters": [told]})


def _pass_windows(self: ElastiCacheBackend) -> None:
    """Makes what the windows that have opened since then would have made."""
    now = inside()
    for held in self.replication_groups.values():
        window = held.preferred_maintenance_window or _NOBODY_CHOSE
        if (waiting := waiting_of(held)) and opens(window, vars(held)["asked_at"], now):
            _take(held, waiting)
            vars(held).update(waiting={})
        if _is_yes(held.auto_minor_version_upgrade):
            version = held.engine_version or ""
            held.engine_version = upgraded_to(held, version, window, now) or held.engine_version


def _take(held: ReplicationGroup, waiting: dict[str, Any]) -> None:
    vars(held).update(waiting)


def _is_yes(given: Any) -> bool:
    return given is True or str(given).lower() == "true"
