"""Sets the cost tags that the resources of an estate lack, in the AWS account of the credentials in use."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from lifecycle.adapters.aws_account import Account, pairs
from lifecycle.adoption.tags import TagCall
from lifecycle.errors import LifecycleError


@dataclass
class TaggedAccount(Account):
    """The AWS account of the credentials in use, where tags are set and none is removed."""

    def set_tags(self, call: TagCall) -> None:
        """Set the tags of one resource; its other tags stay.

        Raises:
            LifecycleError: When AWS refuses, knows no such resource, or has a cost tag of which the CSV says
                nothing: it may be somebody else's.
        """
        name, tags = call.row.resource.id, dict(call.tags)
        for key, there in self._tags_of(call).items():
            if key in tags and there not in {tags[key], call.row.resource.tags.get(key)}:
                raise LifecycleError(
                    f"line {call.row.line}: {name}: has {key}={there} in the account, and the CSV does not "
                    "say so: write its tags into the CSV as they are, and look whose it is"
                )
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

    def _tags_of(self, call: TagCall) -> Mapping[str, str]:
        """The tags that the resource has in the account."""
        name = call.row.resource.id
        if call.of_ec2:
            wanted = [{"Name": "resource-id", "Values": [name]}]
            pages = self._pages("ec2", call.region, "describe_tags", Filters=wanted)
            return pairs([each for page in pages for each in page["Tags"]]) or {}
        return self.tags(name, call.region) or {}
