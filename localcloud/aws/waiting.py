"""Knows which changes AWS makes only in the maintenance window, unless it is told to make them at once.

moto makes every change at once. Here a server, or a cache group, stays as it is until a modification says
`ApplyImmediately`; that one makes everything that waits, too, as AWS does (RDS User Guide, "Modifying an
Amazon RDS DB instance", schedule modifications and settings; ElastiCache API Reference,
ModifyReplicationGroup). No window ever comes by itself.
"""

from __future__ import annotations

from typing import Any, Final

from moto.elasticache.responses import ElastiCacheResponse
from moto.rds.models import DBInstance, RDSBackend

LATER: Final = {
    "db_instance_class": "DBInstanceClass",
    "multi_az": "MultiAZ",
    "allocated_storage": "AllocatedStorage",
    "engine_version": "EngineVersion",
}
"""moto's attribute of an instance -> its name in PendingModifiedValues."""
_NODE_TYPE: Final = "CacheNodeType"


def let_changes_wait() -> None:
    """Completes moto, once per process."""
    _let_servers_wait()
    _let_caches_wait()


def _let_servers_wait() -> None:
    original = RDSBackend.modify_db_instance
    if original.__module__ == __name__:
        return

    def modify_db_instance(self: RDSBackend, db_instance_identifier: str, db_kwargs: Any) -> Any:
        held: DBInstance = self.describe_db_instances(db_instance_identifier)[0]
        sent = dict(db_kwargs)
        wanted = {name: sent.pop(name) for name in LATER if sent.get(name) is not None}
        waiting = {**vars(held).get("waiting", {}), **wanted}
        if sent.get("apply_immediately"):
            sent, waiting = {**sent, **waiting}, {}
        changed = original(self, db_instance_identifier, sent)
        waiting = {name: value for name, value in waiting.items() if getattr(held, name) != value}
        shown = {LATER[name]: value for name, value in waiting.items()}
        vars(held).update(waiting=waiting, pending_modified_values=shown)
        return changed

    setattr(RDSBackend, original.__name__, modify_db_instance)


def _let_caches_wait() -> None:
    original = ElastiCacheResponse.modify_replication_group
    if original.__module__ == __name__:
        return

    def modify_replication_group(self: ElastiCacheResponse) -> Any:
        name, wanted = self._get_param("ReplicationGroupId"), self._get_param(_NODE_TYPE)
        held: Any = self.elasticache_backend.replication_groups.get(name)
        waiting = wanted or getattr(held, "waiting", None)
        if held is None or not waiting:
            return original(self)
        at_once = self._get_bool_param("ApplyImmediately")
        self.params[_NODE_TYPE] = waiting if at_once else held.cache_node_type
        held.waiting = None if at_once or waiting == held.cache_node_type else waiting
        return original(self)

    setattr(ElastiCacheResponse, original.__name__, modify_replication_group)
