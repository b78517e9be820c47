"""Sets the cost tags that the resources of an estate lack, in the AWS account of the credentials in use."""

from __future__ import annotations

from dataclasses import dataclass

from lifecycle.adapters.aws_account import Account
from lifecycle.adoption.tags import TagCall
from lifecycle.errors import LifecycleError


@dataclass
class TaggedAccount(Account):
    """The AWS account of the credentials in use, where tags are set and none is removed."""

    def set_tags(self, call: TagCall) -> None:
        """Set the tags of one resource; its other tags stay.

        Raises:
            LifecycleError: When AWS refuses, or knows no such resource.
        """
        name, tags = call.row.resource.id, dict(call.tags)
        if call.of_ec2:
            pairs = [{"Key": key, "Value": value} for key, value in tags.items()]
            self._ask("ec2", call.region, "create_tags", Resources=[name], Tags=pairs)
            return
        service = "resourcegroupstaggingapi"
        said = self._ask(service, call.region, "tag_resources", ResourceARNList=[name], Tags=tags)
        # It answers 200 and lists what it could not tag (Resource Groups Tagging API, TagResources).
        for arn, failure in said.get("FailedResourcesMap", {}).items():
            told = failure.get("ErrorMessage") or failure.get("ErrorCode") or "no reason given"
            raise LifecycleError(f"line {call.row.line}: {arn}: its tags were not set: {told}")
