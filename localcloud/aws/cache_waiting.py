"""Knows which changes of a cache AWS makes only in the maintenance window, unless they are to be at once.

As `waiting` does for servers: by the loopback's clock, or with a modification that says `ApplyImmediately`
(ElastiCache API Reference, ModifyReplicationGroup). moto has no nodes of a replication group; the nodes
that are asked for by name tell the version that runs, as AWS' do. Its third number is made up.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NoReturn

from moto.core.responses import ActionResult
from moto.elasticache.exceptions import ElastiCacheException
from moto.elasticache.models import ElastiCacheBackend, ReplicationGroup
from moto.elasticache.responses import ElastiCacheResponse

from localcloud.aws.clock import inside, released
from localcloud.aws.versions import major, numbers
from localcloud.aws.windows import opens

if TYPE_CHECKING:
    from datetime import datetime

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
        _complete(ElastiCacheResponse, operation.__name__.removeprefix("_"), operation)
    _complete(ElastiCacheBackend, "describe_replication_groups", _describe_replication_groups)


def _complete(owner: type, name: str, completed: Any) -> None:
    original = getattr(owner, name)

    def operation(self: Any, *given: Any, **named: Any) -> Any:
        return completed(self, original, *given, **named)

    setattr(owner, name, operation)


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
    waiting = {**_waiting(held), **{name: value for name, value in wanted.items() if value is not None}}
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
        _refuse("InvalidParameterCombination", f"Cannot modify engine from {held.engine} to {engine}")
    lower = version and held.engine_version and numbers(version) < numbers(held.engine_version)
    if lower and (engine or held.engine) == held.engine:
        _refuse(
            "InvalidParameterValue",
            f"Cannot downgrade engine version from {held.engine_version} to {version}",
        )


def check_subnets_are_free(self: ElastiCacheBackend, name: str) -> None:
    """A subnet group that a cache lies in cannot go (ElastiCache API Reference, DeleteCacheSubnetGroup)."""
    if any(held.cache_subnet_group_name == name for held in self.replication_groups.values()):
        _refuse("CacheSubnetGroupInUse", f"Cache subnet group {name} is currently in use by a cache cluster.")


def _refuse(code: str, message: str) -> NoReturn:
    error = ElastiCacheException(message)
    error.code = code
    raise error


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
    shown = {parameter: _waiting(held)[name] for parameter, name in LATER.items() if name in _waiting(held)}
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
        if (waiting := _waiting(held)) and opens(window, vars(held)["asked_at"], now):
            _take(held, waiting)
            vars(held).update(waiting={})
        if newer := _automatic(held, window, now):
            held.engine_version = newer


def _take(held: ReplicationGroup, waiting: dict[str, Any]) -> None:
    vars(held).update(waiting)


def _automatic(held: ReplicationGroup, window: str, now: datetime) -> str | None:
    """The minor version to which AWS has upgraded it by itself; None for none."""
    known = released(held.engine, major(held.engine_version or ""))
    if known is None or not _is_yes(held.auto_minor_version_upgrade):
        return None
    version, since = known
    older = numbers(held.engine_version or "") < numbers(version)
    begun = max(since, vars(held).get("since", since))
    return version if older and opens(window, begun, now) else None


def _is_yes(given: Any) -> bool:
    return given is True or str(given).lower() == "true"


def _waiting(held: ReplicationGroup) -> dict[str, Any]:
    found: dict[str, Any] = vars(held).get("waiting", {})
    return found
