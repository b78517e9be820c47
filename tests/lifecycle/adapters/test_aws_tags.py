from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import boto3
import httpx
import pytest
from moto.server import ThreadedMotoServer

from lifecycle.adapters.aws_tags import TaggedAccount
from lifecycle.adoption.tags import TagCall
from lifecycle.errors import LifecycleError
from tests.lifecycle.adoption.estates import row

WANTED = {"cost/tenant": "acme", "cost/client": "acme-ltd"}


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], Any]]:
    """An account on the loopback interface with nothing in it."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    httpx.post(f"http://{host}:{port}/moto-api/reset").raise_for_status()
    for name, value in (
        ("AWS_ENDPOINT_URL", f"http://{host}:{port}"),
        ("AWS_ACCESS_KEY_ID", "x"),
        ("AWS_SECRET_ACCESS_KEY", "x"),
        ("AWS_DEFAULT_REGION", "us-east-1"),
    ):
        monkeypatch.setenv(name, value)
    make: Any = boto3.client
    yield lambda service: make(service, region_name="us-east-1")
    server.stop()


def call(name: str) -> TagCall:
    return TagCall(row("acme", id=name), "us-east-1", WANTED)


def test_tags_are_added_and_none_is_removed(aws: Callable[[str], Any]) -> None:
    ec2, s3 = aws("ec2"), aws("s3")
    image = ec2.describe_images()["Images"][0]["ImageId"]
    [machine] = ec2.run_instances(ImageId=image, MinCount=1, MaxCount=1)["Instances"]
    name = machine["InstanceId"]
    ec2.create_tags(Resources=[name], Tags=[{"Key": "Env", "Value": "prod"}])
    s3.create_bucket(Bucket="acme-dumps")
    account = TaggedAccount("us-east-1")
    for once in (name, "arn:aws:s3:::acme-dumps"):
        assert (account.set_tags(call(once)), account.set_tags(call(once))) == (2, 0)
    tags = ec2.describe_tags(Filters=[{"Name": "resource-id", "Values": [name]}])["Tags"]
    assert {each["Key"]: each["Value"] for each in tags} == {"Env": "prod", **WANTED}
    ec2.create_tags(Resources=[name], Tags=[{"Key": "cost/tenant", "Value": "borealis"}])
    said = "has cost/tenant=borealis in the account, and the CSV does not say so"
    with pytest.raises(LifecycleError, match=f"line 2: {name}: {said}"):
        account.set_tags(call(name))
    known = row("acme", id=name, tags={"cost/tenant": "borealis"})
    account.set_tags(TagCall(known, "us-east-1", WANTED))
    tagging = {"TagSet": [{"Key": "cost/client", "Value": "other"}]}
    s3.put_bucket_tagging(Bucket="acme-dumps", Tagging=tagging)
    with pytest.raises(LifecycleError, match="has cost/client=other in the account"):
        account.set_tags(call("arn:aws:s3:::acme-dumps"))
    s3.put_bucket_tagging(Bucket="acme-dumps", Tagging={"TagSet": []})
    account.set_tags(call("arn:aws:s3:::acme-dumps"))
    bucket = s3.get_bucket_tagging(Bucket="acme-dumps")["TagSet"]
    assert {each["Key"]: each["Value"] for each in bucket} == WANTED


def test_what_aws_answers_and_does_not_do_is_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    name = "arn:aws:rds:us-east-1:123456789012:db:gone"
    answer = {"FailedResourcesMap": {name: {"StatusCode": 400, "ErrorCode": "InvalidParameterException"}}}
    monkeypatch.setattr(TaggedAccount, "_ask", lambda *_, **__: answer)
    monkeypatch.setattr(TaggedAccount, "_pages", lambda *_, **__: iter(()))
    with pytest.raises(LifecycleError, match=f"line 2: {name}: its tags were not set: InvalidParameter"):
        TaggedAccount("us-east-1").set_tags(call(name))
