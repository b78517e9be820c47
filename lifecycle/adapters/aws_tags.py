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

    def set_tags(self, call: TagCall) -> int:
        """Set the tags of one resource that it has otherwise or not; its other tags stay.

        Returns:
            How many were set; 0 when it had all of them.

        Raises:
            LifecycleError: When AWS refuses, knows no such resource, or has a cost tag of which the CSV says
                nothing: it may be somebody else's.
        """
        name, found = call.row.resource.id, self._tags_of(call)
        for key, there in found.items():
            if key in call.tags and there not in {call.tags[key], call.row.resource.tags.get(key)}:
                raise LifecycleError(
                    f"line {call.row.line}: {name}: has {key}={there} in the account, and the CSV does not "
                    "say so: write its tags into the CSV as they are, and look whose it is"
                )
        tags = {key: value for key, value in call.tags.items() if found.get(key) != value}
        if tags:
            self._set(call, tags)
        return len(tags)

    def _set(self, call: TagCall, tags: Mapping[str, str]) -> None:
        name = call.row.resource.id
        if call.of_ec2:
            listed = [{"Key": key, "Value": value} for key, value in tags.items()]
            self._ask("ec2", call.region, "create_tags", Resources=[name], Tags=listed)
            return
        service = "resourcegroupstaggingapi"
        said = self._ask(service, call.region, "tag_resources", ResourceARNList=[name], Tags=dict(tags))
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
