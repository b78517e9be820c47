"""Knows how a database instance ends: with a final snapshot of a new name, or explicitly without."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from localcloud.aws.errors import refuse

if TYPE_CHECKING:
    from localcloud.aws.row import Call

SNAPSHOT_NAME = r"[A-Za-z](?!.*--)[0-9A-Za-z-]{0,254}(?<!-)"
SNAPSHOT_RULE = "must begin with a letter, hold letters, digits and single hyphens only, and not end with one"


def delete_instance(call: Call) -> None:
    """Deletes it only when the state says what becomes of its data, as AWS demands.

    Where both are set the official provider sends the skip alone (terraform-provider-aws,
    internal/service/rds/instance.go, `resourceInstanceDelete`).
    """
    inputs = call.old
    skip, final = bool(inputs.get("skipFinalSnapshot")), inputs.get("finalSnapshotIdentifier")
    if not skip and not final:
        refuse(
            "InvalidParameterCombination",
            "FinalDBSnapshotIdentifier is required unless SkipFinalSnapshot is specified: "
            "set finalSnapshotIdentifier or skipFinalSnapshot, run `pulumi up`, then destroy",
        )
    if final and not skip:
        _snapshot_is_new(call, str(final))
    call.ask(
        "delete_db_instance",
        DBInstanceIdentifier=str(call.state.get("identifier") or call.id),
        SkipFinalSnapshot=skip,
        FinalDBSnapshotIdentifier=None if skip else final,
        DeleteAutomatedBackups=inputs.get("deleteAutomatedBackups", True),
    )


def _snapshot_is_new(call: Call, name: str) -> None:
    if not re.fullmatch(SNAPSHOT_NAME, name):
        refuse("InvalidParameterValue", f"the final snapshot's name {name!r} {SNAPSHOT_RULE}")
    if call.seek("describe_db_snapshots", DBSnapshotIdentifier=name) is None:
        return
    refuse(
        "DBSnapshotAlreadyExists",
        f"the final snapshot {name} exists already; choose another finalSnapshotIdentifier, run `pulumi up`, "
        "then destroy",
    )
