"""Knows pod identity: which role the pods of a service account take."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

from localcloud.aws.remembered import remembered

if TYPE_CHECKING:
    from localcloud.aws.row import Call


def _facts(call: Call, made: str) -> dict[str, Any]:
    return {
        "associationId": made,
        "associationArn": call.arn(f"podidentityassociation/{call.new['clusterName']}/{made}"),
    }


ROWS = (
    remembered(
        "aws:eks/podIdentityAssociation:PodIdentityAssociation",
        service="eks",
        inputs="clusterName namespace serviceAccount roleArn targetRoleArn disableSessionTags",
        replaces="clusterName namespace serviceAccount",
        identify=lambda _: f"a-{uuid.uuid4().hex[:17]}",
        facts=_facts,
        outputs="associationId associationArn",
        taggable=True,
    ),
)
