"""Knows schedules of EventBridge Scheduler."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from localcloud.aws.row import Call, Change, Name, Row, fields, names
from localcloud.aws.schedule_expressions import scheduled

if TYPE_CHECKING:
    from collections.abc import Mapping

_DEFAULT_GROUP = "default"
_CHANGEABLE = """description endDate flexibleTimeWindow kmsKeyArn scheduleExpression
    scheduleExpressionTimezone startDate state target actionAfterCompletion"""


def _create(call: Call) -> str:
    call.ask("create_schedule", **call.parameters())
    return f"{call.new.get('groupName') or _DEFAULT_GROUP}/{call.new['name']}"


def _named(call: Call) -> dict[str, Any]:
    group, _, name = call.id.partition("/")
    return {"GroupName": group, "Name": name}


def _find(call: Call) -> Mapping[str, Any] | None:
    return call.seek("get_schedule", **_named(call))


ROWS = (
    Row(
        kind="aws:scheduler/schedule:Schedule",
        service="scheduler",
        inputs=fields(f"name groupName {_CHANGEABLE}"),
        live=fields(f"name groupName arn {_CHANGEABLE}"),
        create=_create,
        find=_find,
        changes=(
            # An update says everything anew: what it leaves out is taken back to its default.
            Change(
                names(_CHANGEABLE),
                lambda call: call.ask("update_schedule", **{**call.parameters(), **_named(call)}),
            ),
        ),
        delete=lambda call: call.ask("delete_schedule", **_named(call)),
        replaces=names("name namePrefix groupName"),
        name=Name("name", "namePrefix"),
        checks=(scheduled("scheduleExpression"),),
        defaults={"state": "ENABLED", "scheduleExpressionTimezone": "UTC", "groupName": _DEFAULT_GROUP},
    ),
)
