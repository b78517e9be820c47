"""Knows which changes of a server AWS makes only in the maintenance window, unless they are to be at once.

moto makes every change at once. Here a server stays as it is until a window opens by the loopback's clock
(`clock`), or until a modification says `ApplyImmediately`; that one makes everything that waits, too, as
AWS does (RDS User Guide, "Modifying an Amazon RDS DB instance", schedule modifications and settings). In
the window AWS also upgrades to a newer minor version whatever lets itself be upgraded (RDS API Reference,
ModifyDBInstance, `AutoMinorVersionUpgrade`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from moto.rds import models
from moto.rds.models import DBInstance, RDSBackend

from localcloud.aws.clock import inside, released
from localcloud.aws.deferred import complete, upgraded_to, waiting_of
from localcloud.aws.rds_point_in_time import latest, restore_db_instance_to_point_in_time
from localcloud.aws.rds_rules import (
    check_create,
    check_delete,
    check_group_is_free,
    check_modify,
    check_promotion,
    check_replica,
    check_subnets_are_free,
)
from localcloud.aws.versions import major, numbers, whole
from localcloud.aws.windows import opens, window_fault

if TYPE_CHECKING:
    pass

LATER: Final = {
    "db_instance_class": "DBInstanceClass",
    "multi_az": "MultiAZ",
    "allocated_storage": "AllocatedStorage",
    "engine_version": "EngineVersion",
    "new_db_instance_identifier": "DBInstanceIdentifier",
}
"""moto's attribute of an instance -> its name in PendingModifiedValues."""
_WITH_THE_VERSION: Final = "db_parameter_group_name"
"""A group of another family waits for the version that can use it (terraform-provider-aws, pull 47121)."""


def let_servers_wait() -> None:
    """Completes moto, once per process."""
    if RDSBackend.modify_db_instance.__module__ == __name__:
        return
    setattr(models, "valid_preferred_maintenance_window", window_fault)  # noqa: B010 - what moto calls
    for operation in (
        _create_db_instance,
        _create_db_instance_read_replica,
        _describe_db_instances,
        _restore_db_instance_to_point_in_time,
        _modify_db_instance,
        _promote_read_replica,
        _delete_db_instance,
        _delete_db_parameter_group,
        _delete_subnet_group,
    ):
        complete(RDSBackend, operation.__name__.removeprefix("_"), operation)
    setattr(DBInstance, "latest_restorable_time", property(latest))  # noqa: B010 - moto says now


def _create_db_instance(self: RDSBackend, original: Any, db_kwargs: dict[str, Any]) -> DBInstance:
    sent = dict(db_kwargs)
    if sent.get("engine_version"):
        sent["engine_version"] = _whole(sent["engine"], sent["engine_version"])
    check_create(self, sent)
    return _fresh(original(self, sent))


def _create_db_instance_read_replica(
    self: RDSBackend, original: Any, db_kwargs: dict[str, Any]
) -> DBInstance:
    sent = dict(db_kwargs)
    name = str(sent["source_db_instance_identifier"])
    source = self.find_db_from_id(name)
    abroad = source.region != self.region_name
    check_replica(self, source, sent, abroad=abroad)
    check_create(self, sent)
    made = _fresh(original(self, sent))
    if abroad and not sent.get("db_parameter_group_name"):
        made.db_parameter_group_name = None  # the source's is not there: the default one of the engine
    return made


def _restore_db_instance_to_point_in_time(
    self: RDSBackend, original: Any, source_db_identifier: str, target_db_identifier: str, overrides: Any
) -> DBInstance:
    return restore_db_instance_to_point_in_time(
        self, original, source_db_identifier, target_db_identifier, overrides
    )


def _fresh(made: DBInstance) -> DBInstance:
    """A new server, or the replica that moto copies from its source: nothing waits for it."""
    vars(made).update(waiting={}, pending_modified_values={}, since=inside(), instance_create_time=inside())
    return made


def _describe_db_instances(self: RDSBackend, original: Any, *given: Any, **named: Any) -> list[DBInstance]:
    _pass_windows(self)
    return list(original(self, *given, **named))


def _modify_db_instance(
    self: RDSBackend, original: Any, db_instance_identifier: str, db_kwargs: dict[str, Any]
) -> DBInstance:
    held: DBInstance = self.describe_db_instances(db_instance_identifier)[0]
    sent = dict(db_kwargs)
    if sent.get("engine_version"):
        sent["engine_version"] = _not_lower(held, sent["engine_version"])
    check_modify(self, held, sent)
    sent.pop("allow_major_version_upgrade", None)
    later = set(LATER) | ({_WITH_THE_VERSION} if _takes_other_family(self, held, sent) else set())
    wanted = {name: sent.pop(name) for name in later if sent.get(name) is not None}
    waiting = {name: value for name, value in waiting_of(held).items() if name not in sent}
    if sent.get("apply_immediately"):
        sent, waiting = {**sent, **waiting, **wanted}, {}
    else:
        # What waits is taken back "by specifying the --apply-immediately option" (RDS User Guide, "Using the
        # schedule modifications setting"); nothing says that it goes otherwise.
        waiting |= {name: value for name, value in wanted.items() if getattr(held, name, None) != value}
    had = held.allocated_storage
    changed: DBInstance = _ask(original, self, db_instance_identifier, sent)
    _note_growth(changed, had)
    _wait(changed, {name: value for name, value in waiting.items() if getattr(held, name, None) != value})
    return changed


def _ask(original: Any, self: RDSBackend, name: str, sent: dict[str, Any]) -> DBInstance:
    # moto renames by what it was called with.
    return original(self, name, sent)  # type: ignore[no-any-return]


def _wait(held: DBInstance, waiting: dict[str, Any]) -> None:
    shown = {LATER[name]: value for name, value in waiting.items() if name in LATER}
    vars(held).update(waiting=waiting, pending_modified_values=shown, asked_at=inside())


def _promote_read_replica(self: RDSBackend, original: Any, db_kwargs: dict[str, Any]) -> DBInstance:
    held: DBInstance = self.describe_db_instances(db_kwargs["db_instance_identifier"])[0]
    check_promotion(held)
    self.find_db_from_id(str(held.source_db_instance_identifier)).remove_replica(held)
    promoted: DBInstance = original(self, db_kwargs)
    vars(promoted).update(source_db_instance_identifier=None)
    return promoted


def _delete_db_instance(
    self: RDSBackend, original: Any, db_instance_identifier: str, **named: Any
) -> DBInstance:
    held: DBInstance = self.describe_db_instances(db_instance_identifier)[0]
    check_delete(held, **named)
    return original(self, db_instance_identifier, **named)  # type: ignore[no-any-return]


def _delete_db_parameter_group(self: RDSBackend, original: Any, db_parameter_group_name: str) -> Any:
    _pass_windows(self)
    check_group_is_free(self, db_parameter_group_name)
    return original(self, db_parameter_group_name)


def _delete_subnet_group(self: RDSBackend, original: Any, subnet_name: str) -> Any:
    check_subnets_are_free(self, subnet_name)
    return original(self, subnet_name)


def _pass_windows(self: RDSBackend) -> None:
    """Makes what the windows that have opened since then would have made."""
    now = inside()
    for held in list(self.databases.values()):
        window = held.preferred_maintenance_window or ""
        if (waiting := waiting_of(held)) and opens(window, vars(held)["asked_at"], now):
            _wait(held, {})
            _take(self, held, waiting)
        if held.auto_minor_version_upgrade:
            held.engine_version = upgraded_to(held, held.engine_version, window, now) or held.engine_version


def _take(self: RDSBackend, held: DBInstance, waiting: dict[str, Any]) -> None:
    sent = dict(waiting)
    if (name := sent.pop("new_db_instance_identifier", None)) is not None:
        del self.databases[held.db_instance_identifier]
        held.db_instance_identifier = name
        self.databases[name] = held
    had = held.allocated_storage
    held.update(**sent)
    _note_growth(held, had)


def _note_growth(held: DBInstance, had: int | None) -> None:
    if held.allocated_storage != had:
        vars(held)["grown_at"] = inside()


def _whole(engine: str, version: str) -> str:
    known = released(engine, version)
    return whole(version, known[0] if known else None) if engine == "postgres" else version


def _not_lower(held: DBInstance, version: str) -> str:
    """The version asked for; a major version alone asks for no lower minor version."""
    wanted = _whole(held.engine, version)
    stays = "." not in version and major(held.engine_version) == version
    return held.engine_version if stays and numbers(wanted) < numbers(held.engine_version) else wanted


def _takes_other_family(self: RDSBackend, held: DBInstance, sent: dict[str, Any]) -> bool:
    group = self.db_parameter_groups.get(str(sent.get(_WITH_THE_VERSION)))
    return group is not None and group.family != f"{held.engine}{major(held.engine_version)}"
