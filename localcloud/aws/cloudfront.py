"""Knows distributions of CloudFront: what AWS refuses, and that only a disabled one is deleted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from moto.cloudfront.exceptions import CloudFrontException
from moto.cloudfront.models import CloudFrontBackend

from localcloud.aws.deferred import complete
from localcloud.aws.errors import refuse
from localcloud.aws.row import Call, Change, Row, Tags, fields, names
from localcloud.aws.spelling import camel, pascal
from localcloud.provider import Failure

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_ZONE: Final = "Z2FDTNDATAQYW2"
_CERTIFICATE_REGION: Final = "us-east-1"
_HEADERS: Final = {
    "60669652-455b-4ae9-85a4-c4c02393f86c": "SimpleCORS",
    "67f7725c-6f97-4210-82d7-5512b31e9d03": "SecurityHeadersPolicy",
}
"""Managed policies (CloudFront Developer Guide: managed response headers policies)."""
_SPELLED: Final = {
    "httpPort": "HTTPPort",
    "httpsPort": "HTTPSPort",
    "acmCertificateArn": "ACMCertificateArn",
    "sslSupportMethod": "SSLSupportMethod",
    "originId": "Id",
}
_OF_ORIGIN: Final = names("originId domainName customOriginConfig")
_OF_CUSTOM: Final = names("httpPort httpsPort originProtocolPolicy originSslProtocols")
_PLAIN: Final = names("targetOriginId viewerProtocolPolicy compress responseHeadersPolicyId")
_TTLS: Final = {"minTtl": "MinTTL", "defaultTtl": "DefaultTTL", "maxTtl": "MaxTTL"}
_OF_BEHAVIOUR: Final = _PLAIN | names(
    "allowedMethods cachedMethods trustedSigners pathPattern forwardedValues minTtl defaultTtl maxTtl"
)
_INPUTS: Final = """aliases comment enabled isIpv6Enabled httpVersion priceClass origins defaultCacheBehavior
    orderedCacheBehaviors restrictions viewerCertificate"""


def refuse_to_delete_what_serves() -> None:
    """Completes moto (CloudFront API reference, DeleteDistribution)."""
    complete(CloudFrontBackend, "delete_distribution", _delete_disabled)


def _delete_disabled(self: Any, original: Any, distribution_id: str, if_match: object) -> None:
    held = self.distributions.get(distribution_id)
    if held is not None and held.distribution_config.Enabled:
        message = "The distribution you are trying to delete has not been disabled."
        raise CloudFrontException("DistributionNotDisabled", message)
    original(self, distribution_id, if_match)


def _listed(values: Any) -> dict[str, Any]:
    return {"Quantity": len(values or ()), "Items": list(values or ())}


def _behaviour(given: Mapping[str, Any]) -> dict[str, Any]:
    methods = {**_listed(given["allowedMethods"]), "CachedMethods": _listed(given["cachedMethods"])}
    signers = given.get("trustedSigners") or []
    return {
        **pascal({name: given[name] for name in _PLAIN | {"pathPattern"} if given.get(name) is not None}, {}),
        **{api: int(given[name]) for name, api in _TTLS.items()},
        "ForwardedValues": {
            "QueryString": given["forwardedValues"]["queryString"],
            "Cookies": {"Forward": given["forwardedValues"]["cookies"]["forward"]},
        },
        "AllowedMethods": methods,
        "TrustedSigners": {**_listed(signers), "Enabled": bool(signers)},
    }


def _origin(given: Mapping[str, Any]) -> dict[str, Any]:
    custom = dict(given["customOriginConfig"])
    protocols = custom.pop("originSslProtocols")
    plain = {name: value for name, value in given.items() if name != "customOriginConfig"}
    said = {**pascal(custom, _SPELLED), "OriginSslProtocols": _listed(protocols)}
    return {**pascal(plain, _SPELLED), "CustomOriginConfig": said}


def _config(call: Call, *, enabled: bool | None = None) -> dict[str, Any]:
    """The inputs as CloudFront takes them; *enabled* in place of what they say."""
    wanted = call.new or call.old
    geo = wanted["restrictions"]["geoRestriction"]
    places = _listed(geo.get("locations"))
    return {
        "CallerReference": call.state.get("callerReference") or call.name,
        "Aliases": _listed(wanted.get("aliases")),
        "Comment": wanted.get("comment") or "",
        "Enabled": wanted["enabled"] if enabled is None else enabled,
        "IsIPV6Enabled": bool(wanted.get("isIpv6Enabled")),
        "HttpVersion": wanted.get("httpVersion") or "http2",
        "PriceClass": wanted.get("priceClass") or "PriceClass_All",
        "Origins": _listed([_origin(each) for each in wanted["origins"]]),
        "DefaultCacheBehavior": _behaviour(wanted["defaultCacheBehavior"]),
        "CacheBehaviors": _listed([_behaviour(each) for each in wanted.get("orderedCacheBehaviors") or ()]),
        "Restrictions": {"GeoRestriction": {"RestrictionType": geo["restrictionType"], **places}},
        "ViewerCertificate": pascal(wanted["viewerCertificate"], _SPELLED),
    }


def _pairs(tags: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in tags.items()]


def _create(call: Call) -> str:
    tagged = {"DistributionConfig": _config(call), "Tags": {"Items": _pairs(call.new.get("tags") or {})}}
    made = call.ask("create_distribution_with_tags", DistributionConfigWithTags=tagged)
    return str(made["Distribution"]["Id"])


def _update(call: Call, *, enabled: bool | None = None) -> None:
    held = call.ask("get_distribution", Id=call.id)
    config = _config(call, enabled=enabled)
    config["CallerReference"] = held["Distribution"]["DistributionConfig"]["CallerReference"]
    call.ask("update_distribution", Id=call.id, IfMatch=held["ETag"], DistributionConfig=config)


def _delete(call: Call) -> None:
    """As the provider does: disable, wait until that is deployed, delete."""
    held = call.seek("get_distribution", Id=call.id)
    if held is None:
        return
    _update(call, enabled=False)
    call.ask("delete_distribution", Id=call.id, IfMatch=call.ask("get_distribution", Id=call.id)["ETag"])


def _found_behaviour(held: Mapping[str, Any]) -> dict[str, Any]:
    plain = camel({key: held[key] for key in (pascal(dict.fromkeys(_PLAIN, 0), {})) if held.get(key)}, {})
    signers = (held.get("TrustedSigners") or {}).get("Items")
    forwarded = held["ForwardedValues"]
    return {
        **plain,
        **{name: held[api] for name, api in _TTLS.items()},
        "forwardedValues": {
            "queryString": forwarded["QueryString"],
            "cookies": {"forward": forwarded["Cookies"]["Forward"]},
        },
        "allowedMethods": held["AllowedMethods"]["Items"],
        "cachedMethods": held["AllowedMethods"]["CachedMethods"]["Items"],
        **({"pathPattern": held["PathPattern"]} if held.get("PathPattern") else {}),
        **({"trustedSigners": signers} if signers else {}),
    }


def _found_origin(held: Mapping[str, Any]) -> dict[str, Any]:
    custom = held["CustomOriginConfig"]
    known = camel({_SPELLED.get(n, n[0].upper() + n[1:]): 0 for n in _OF_CUSTOM}, _SPELLED)
    said = {name: custom[_SPELLED.get(name, name[0].upper() + name[1:])] for name in known}
    said["originSslProtocols"] = said["originSslProtocols"]["Items"]
    return {"originId": held["Id"], "domainName": held["DomainName"], "customOriginConfig": said}


def _find(call: Call) -> Mapping[str, Any] | None:
    answer = call.seek("get_distribution", Id=call.id)
    if answer is None:
        return None
    held = answer["Distribution"]
    config = held["DistributionConfig"]
    certificate = config["ViewerCertificate"]
    geo = config["Restrictions"]["GeoRestriction"]
    return {
        "aliases": config["Aliases"].get("Items") or None,
        "comment": config["Comment"],
        "enabled": config["Enabled"],
        "isIpv6Enabled": config["IsIPV6Enabled"],
        "httpVersion": config["HttpVersion"],
        "priceClass": config["PriceClass"],
        "origins": [_found_origin(each) for each in config["Origins"]["Items"]],
        "defaultCacheBehavior": _found_behaviour(config["DefaultCacheBehavior"]),
        "orderedCacheBehaviors": [
            _found_behaviour(each) for each in config["CacheBehaviors"].get("Items") or ()
        ],
        "restrictions": {
            "geoRestriction": {
                "restrictionType": geo["RestrictionType"],
                **({"locations": geo["Items"]} if geo.get("Items") else {}),
            }
        },
        "viewerCertificate": {
            "acmCertificateArn": certificate["ACMCertificateArn"],
            "minimumProtocolVersion": certificate["MinimumProtocolVersion"],
            "sslSupportMethod": certificate["SSLSupportMethod"],
        },
        "arn": held["ARN"],
        "domainName": held["DomainName"],
        "callerReference": config["CallerReference"],
    }


def _names_are_free(call: Call) -> None:
    """A name is one distribution's, whoever has it (API reference, CNAMEAlreadyExists)."""
    mine = set(call.new.get("aliases") or ())
    for each in (call.ask("list_distributions")["DistributionList"]).get("Items") or ():
        if each["Id"] != call.id and (taken := mine & set(each["Aliases"].get("Items") or ())):
            refuse("CNAMEAlreadyExists", f"{', '.join(sorted(taken))} is a name of distribution {each['Id']}")


def _policies_exist(call: Call) -> None:
    for each in (call.new["defaultCacheBehavior"], *(call.new.get("orderedCacheBehaviors") or ())):
        headers = each.get("responseHeadersPolicyId")
        if headers is not None and headers not in _HEADERS:
            refuse("NoSuchResponseHeadersPolicy", f"the response headers policy {headers} does not exist")


def _check(inputs: Mapping[str, Any]) -> Iterator[Failure]:
    """What CloudFront refuses of the inputs by themselves, and what is not simulated."""
    behaviours = [inputs.get("defaultCacheBehavior") or {}, *(inputs.get("orderedCacheBehaviors") or ())]
    origins = [each for each in inputs.get("origins") or () if isinstance(each, dict)]
    for where, given, known in (
        *(("origins", each, _OF_ORIGIN) for each in origins),
        *(("origins", each.get("customOriginConfig") or {}, _OF_CUSTOM) for each in origins),
        *(("orderedCacheBehaviors", each, _OF_BEHAVIOUR) for each in behaviours),
    ):
        for name in sorted(set(given) - known):
            yield Failure(
                where, f"the local cloud does not know {name}: add it to localcloud/aws/cloudfront.py"
            )
    there = {each.get("originId") for each in origins}
    for each in behaviours:
        if isinstance(target := each.get("targetOriginId"), str) and target not in there:
            yield Failure("origins", f"NoSuchOrigin: a cache behaviour leads to {target}, which is no origin")
    arn = (inputs.get("viewerCertificate") or {}).get("acmCertificateArn")
    if isinstance(arn, str) and arn.split(":")[3] != _CERTIFICATE_REGION:
        why = f"InvalidViewerCertificate: {arn} is not in {_CERTIFICATE_REGION}"
        yield Failure("viewerCertificate", why)
    if inputs.get("aliases") and arn is None:
        yield Failure("aliases", "InvalidViewerCertificate: names of one's own need a certificate")


def _tags_of(call: Call, arn: str, _: Mapping[str, Any]) -> dict[str, str]:
    listed = call.ask("list_tags_for_resource", Resource=arn)["Tags"].get("Items") or ()
    return {tag["Key"]: tag["Value"] for tag in listed}


def _tag(call: Call, arn: str, tags: Mapping[str, str]) -> None:
    call.ask("tag_resource", Resource=arn, Tags={"Items": _pairs(tags)})


def _untag(call: Call, arn: str, keys: list[str]) -> None:
    call.ask("untag_resource", Resource=arn, TagKeys={"Items": keys})


_SAME: Final = {name: name for name in _INPUTS.split()}

ROWS = (
    Row(
        kind="aws:cloudfront/distribution:Distribution",
        service="cloudfront",
        inputs=fields(f"{_INPUTS} waitForDeployment= retainOnDelete="),
        live={**_SAME, "arn": "arn", "domainName": "domainName", "callerReference": "callerReference"},
        create=_create,
        find=_find,
        changes=(Change(names(_INPUTS), _update),),
        delete=_delete,
        tags=Tags(at_create=lambda *_: {}, read=_tags_of, add=_tag, remove=_untag),
        derive=lambda *_: {"hostedZoneId": _ZONE},
        derived=names("hostedZoneId"),
        checks=(_check,),
        before_create=(_names_are_free, _policies_exist),
        before_update=(_names_are_free, _policies_exist),
        regional=False,
        defaults={"waitForDeployment": True, "retainOnDelete": False},
    ),
)
