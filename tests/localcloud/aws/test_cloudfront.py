"""A distribution is refused as CloudFront refuses it, and is deleted only once it serves nobody."""

from __future__ import annotations

from typing import Any

import boto3
import pytest

from lifecycle.recover.untracked import untracked_id
from localcloud.provider import ProviderError
from tests.localcloud.aws.driver import CheckRefusedError, Driver
from tests.localcloud.aws.examples import EXAMPLES, Ground

CDN = "aws:cloudfront/distribution:Distribution"


def wanted(ground: Ground, **changes: Any) -> dict[str, Any]:
    return {**EXAMPLES[CDN](ground), **changes}


def account(driver: Driver) -> Any:
    """CloudFront, as another program asks it."""
    make: Any = boto3.client
    known = {"aws_access_key_id": "testing", "aws_secret_access_key": "testing"}
    return make("cloudfront", endpoint_url=driver.endpoint, region_name="us-east-1", **known)


def test_two_distributions_have_no_name_in_common(driver: Driver, ground: Ground) -> None:
    first = driver.create(CDN, "first", wanted(ground))
    with pytest.raises(ProviderError, match=rf"CNAMEAlreadyExists: static\.acme\.example\.com .* {first.id}"):
        driver.create(CDN, "second", wanted(ground))
    other = driver.create(CDN, "second", wanted(ground, aliases=["static.borealis.example.com"]))
    with pytest.raises(ProviderError, match="CNAMEAlreadyExists"):
        driver.update(other, wanted(ground))
    driver.delete(first)
    assert driver.update(other, wanted(ground)).state["aliases"] == ["static.acme.example.com"]
    driver.delete(other)


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"viewerCertificate": {"acmCertificateArn": "arn:aws:acm:eu-west-1:1:certificate/0a"}}, "us-east-1"),
        ({"viewerCertificate": {"cloudfrontDefaultCertificate": True}}, "need a certificate"),
        ({"origins": []}, "NoSuchOrigin"),
    ],
)
def test_what_cloudfront_refuses_is_refused_in_a_preview(
    driver: Driver, ground: Ground, changes: dict[str, Any], why: str
) -> None:
    with pytest.raises(CheckRefusedError, match=why):
        driver.create(CDN, "refused", wanted(ground, **changes))


def test_a_policy_that_is_not_there_is_refused(driver: Driver, ground: Ground) -> None:
    default = wanted(ground)["defaultCacheBehavior"]
    other = {**default, "responseHeadersPolicyId": "0a"}
    with pytest.raises(ProviderError, match="NoSuchResponseHeadersPolicy"):
        driver.create(CDN, "refused", wanted(ground, defaultCacheBehavior=other))


def test_what_serves_is_not_deleted_and_a_change_is_seen(driver: Driver, ground: Ground) -> None:
    held = driver.create(CDN, "serves", wanted(ground))
    client = account(driver)
    tag = client.get_distribution(Id=held.id)["ETag"]
    with pytest.raises(client.exceptions.ClientError, match="DistributionNotDisabled"):
        client.delete_distribution(Id=held.id, IfMatch=tag)
    config = client.get_distribution(Id=held.id)["Distribution"]["DistributionConfig"]
    client.update_distribution(
        Id=held.id, IfMatch=tag, DistributionConfig={**config, "PriceClass": "PriceClass_All"}
    )
    seen = driver.read(held)
    assert seen is not None
    assert seen.inputs["priceClass"] == "PriceClass_All"
    driver.delete(held)
    assert driver.read(held) is None


def test_one_that_was_made_before_a_crash_is_found(
    driver: Driver, ground: Ground, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", driver.endpoint)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    assert untracked_id(CDN, wanted(ground), "eu-west-1", ()) is None
    held = driver.create(CDN, "made", wanted(ground))
    assert untracked_id(CDN, held.inputs, "eu-west-1", ()) == held.id
    assert (
        untracked_id(CDN, {**held.inputs, "aliases": ["static.borealis.example.com"]}, "eu-west-1", ())
        is None
    )
    driver.delete(held)
