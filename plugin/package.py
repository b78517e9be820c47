"""What the plugin offers, as Pulumi's schema: components, their inputs and outputs, a function, metadata."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from pydantic import Field

from plugin.contract import Contract
from plugin.typed import PACKAGE, Spec, Types
from tiers.portfolio.platform import Platform
from tiers.portfolio.tenant import Tenant
from tiers.vocabulary import CostDomain, Frozen

INVENTORY: Final = (
    " Its fields may change: it names its own format by `schema_version`, which "
    "`tiers/schema/inventory.schema.json` describes and later versions of `costack allocate` read. A typed "
    "copy would make every new fact a breaking change of five SDKs."
)
_GO: Final = "example.com/pulumi-costack/sdk/go"
_LANGUAGES: Final[Mapping[str, Spec]] = {
    # Not Costack.Costack, in which `Costack.Costack.Environment` means Costack.Costack.Costack.Environment.
    "csharp": {
        "respectSchemaVersion": True,
        "rootNamespace": "Costack",
        "namespaces": {PACKAGE: "PulumiPackage"},
    },
    "go": {"respectSchemaVersion": True, "modulePath": _GO, "importBasePath": f"{_GO}/costack"},
    "java": {"respectSchemaVersion": True},
    "nodejs": {"respectSchemaVersion": True, "packageName": "@costack/pulumi"},
    "python": {"respectSchemaVersion": True, "packageName": "pulumi_costack", "pyproject": {"enabled": True}},
}
"""Names of SDKs. Left out, they and the namespace would differ with the address that a package was added
from: the engine takes the owner of a git repository, and fails if that is no word (pulumi 3.259,
cmd/pulumi/packages/packages.go, `setSpecNamespace`)."""
_CSHARP_NAMES: Final[Mapping[tuple[str, str], str]] = {
    ("Inventory", "inventory"): "Joined",
    ("Tenant", "tenant"): "Id",
}
"""Properties that are spelled as their class, which C# refuses (CS0542), and what they are called there."""
_DESCRIPTION: Final = (
    "Odoo for many clients on AWS and Kubernetes: isolated tenants, with their cost tags and their "
    "inventory, so that every bill can be divided among the clients who pay it."
)
_KEYWORDS: Final = ("pulumi", "costack", "kind/component", "category/cloud", "odoo", "finops", "multi-tenant")


class Tagged(Frozen):
    """What `CostTagged` is told beside the tags."""

    domain: CostDomain | None = None
    """Which part of the service the cost belongs to, where it is not that of the tags."""


class Estimate(Frozen):
    """What a portfolio is expected to cost in a month, by the price book and the rulebook."""

    month: str
    """The month, such as `2026-11`."""
    currency: str
    """The platform's currency, such as `USD`."""
    tenants: Mapping[str, str] = Field(default_factory=dict)
    """What each tenant costs, shares of what is shared included: its id to an amount such as `412.07`."""
    idle: str
    """What nobody uses."""
    unallocated: str
    """What no rule gives to a tenant."""
    unpriced: Mapping[str, str] = Field(default_factory=dict)
    """What the amount of a tenant lacks because it has no known price, by the tenant's id."""


def package_spec(version: str, project: Mapping[str, Any]) -> Spec:
    """The whole schema.

    Args:
        version: The version of the package.
        project: The table `project` of `pyproject.toml`.
    """
    types = Types()
    resources = {
        "SharedPlatform": _shared_platform(types),
        "TenantStack": _tenant_stack(types),
        "CostTagged": _cost_tagged(types),
        "Inventory": _inventory(),
    }
    functions = {"monthlyEstimate": _monthly_estimate(types)}
    for (owner, name), csharp in _CSHARP_NAMES.items():
        properties = resources.get(owner, types.made.get(f"{PACKAGE}:index:{owner}", {}))["properties"]
        properties[name] = {**properties[name], "language": {"csharp": {"name": csharp}}}
    return {
        "name": PACKAGE,
        "namespace": PACKAGE,
        "displayName": "Costack",
        "version": version,
        "description": _DESCRIPTION,
        "keywords": list(_KEYWORDS),
        "license": project["license"],
        "publisher": "Costack",
        **_addresses(project.get("urls", {})),
        "language": dict(_LANGUAGES),
        "meta": {"moduleFormat": "(.*)", "supportPack": True},
        "types": types.made,
        "resources": {f"{PACKAGE}:index:{name}": spec for name, spec in resources.items()},
        "functions": {f"{PACKAGE}:index:{name}": spec for name, spec in functions.items()},
    }


def _addresses(urls: Mapping[str, str]) -> Spec:
    """Where the package is at home, as far as `pyproject.toml` says it: no address is made up."""
    known = {
        "homepage": urls.get("Homepage"),
        "repository": urls.get("Repository"),
        "logoUrl": urls.get("Logo"),
    }
    return {name: url for name, url in known.items() if url}


def _component(
    description: str,
    inputs: Spec,
    outputs: Mapping[str, Spec],
    required: list[str],
    optional: tuple[str, ...] = (),
) -> Spec:
    return {
        "isComponent": True,
        "description": description,
        "inputProperties": inputs,
        "requiredInputs": sorted(required),
        "properties": dict(outputs),
        "required": sorted(set(outputs) - set(optional)),
    }


def _text(description: str, **more: Any) -> Spec:
    return {"type": "string", "description": description, **more}


def _texts(description: str) -> Spec:
    return {"type": "object", "additionalProperties": {"type": "string"}, "description": description}


def _opaque(description: str) -> Spec:
    return {"$ref": "pulumi.json#/Any", "description": description + INVENTORY}


def _documents(types: Types) -> Spec:
    platform, tenant = types.of_model(Platform, plain=True), types.of_model(Tenant, plain=True)
    return {
        "platform": {
            **platform,
            "plain": True,
            "description": "The platform: the fields of a `platform.yaml`.",
        },
        "tenants": {
            "type": "array",
            "items": {**tenant, "plain": True},
            "plain": True,
            "description": "All tenants on it, which decide how large its parts are: the fields of tenant "
            "files.",
        },
    }


def _shared_platform(types: Types) -> Spec:
    outputs = {
        "contract": {
            **types.of_model(Contract, plain=False),
            "description": "What a `TenantStack` needs to know of it.",
        },
        # The component returns it as a secret. Said here, too, SDKs for C# and Java would not compile: their
        # generators write an option for it that components have in neither language (pulumi-java 1.12).
        "sessionToken": _text(
            "The token that all tenants' sessions shared, a secret, as long as pods still have it; else "
            "empty."
        ),
        "costTags": _texts(
            "The cost tags of what tenants share: for a `CostTagged`, or for tags of one's own."
        ),
        "cluster": _text("Name of the EKS cluster."),
        "databaseEndpoint": _text("Host name of the shared PostgreSQL server; it listens on 5432."),
        "monthlyEstimates": _texts(
            "What each tenant is expected to cost this month, such as `412.07 USD`, by its id; `(idle)` is "
            "what nobody uses, `(unallocated)` what no rule gives to a tenant, `(unpriced)` says what the "
            "amounts lack because it has no known price, `(unknown)` why there is no amount."
        ),
        "inventory": _opaque("The platform's part of the inventory, for an `Inventory`."),
    }
    about = (
        "The shared platform of a portfolio: network, PostgreSQL, cache, file system, backups, namespaces. "
        "The portfolio names it, so that every program gives it the same URN."
    )
    return _component(about, _documents(types), outputs, ["platform", "tenants"])


def _tenant_stack(types: Types) -> Spec:
    fields = types.fields_of(Tenant, plain=True)
    inputs = {
        **fields["properties"],
        "platform": _documents(types)["platform"],
        "contract": {
            **types.of_model(Contract, plain=False),
            "description": "The platform's output `contract`.",
        },
        "sessionToken": _text("The platform's output `sessionToken`.", secret=True),
    }
    outputs = {
        "namespace": _text("The Kubernetes namespace of its pods."),
        "url": _text("Where people reach its Odoo, such as `https://acme.odoo.example.com`."),
        "databaseEndpoint": _text("Host name of the PostgreSQL server that its database is on, port 5432."),
        "databaseName": _text("Name of its database."),
        "costTags": _texts("Its cost tags: for a `CostTagged`, or for tags of one's own."),
        "monthlyEstimate": _text(
            "What it is expected to cost this month, such as `412.07 USD`; `unknown` if its platform cannot "
            "tell. `monthlyEstimateNote` says why, or what the amount lacks."
        ),
        "monthlyEstimateNote": _text(
            "Why `monthlyEstimate` is unknown, or what it lacks because it has no known price; empty where "
            "all is priced."
        ),
        "inventory": _opaque("The tenant's part of the inventory, for an `Inventory`."),
    }
    about = (
        "One tenant's Odoo in one environment: database, files, pods, route, backups. "
        "The tenant names it, so that every program gives it the same URN."
    )
    return _component(about, inputs, outputs, [*fields["required"], "platform", "contract", "sessionToken"])


def _cost_tagged(types: Types) -> Spec:
    fields = types.fields_of(Tagged, plain=True)
    inputs = {
        "costTags": _texts("The output `costTags` of a tenant or of the platform."),
        **fields["properties"],
    }
    outputs = {
        "costTags": _texts("The tags that resources below it get, for what takes tags in a way of its own.")
    }
    about = (
        "Puts the cost tags of a tenant, or of the platform, on resources of your own, so that their cost "
        "lands in the statement: declare them with this as their parent. It tags AWS resources that can "
        "have tags and labels Kubernetes objects with their pod templates; a tag that a resource has "
        "already stays."
    )
    return _component(about, inputs, outputs, ["costTags"])


def _inventory() -> Spec:
    parts = {"$ref": "pulumi.json#/Any"}
    inputs = {
        "platform": _opaque("The platform's output `inventory`."),
        "tenants": {
            "type": "array",
            "items": parts,
            "description": "The output `inventory` of every tenant.",
        },
    }
    outputs = {
        "inventory": _opaque("The inventory: export it as `inventory`, where `costack allocate` reads it.")
    }
    return _component("Joins the parts of an inventory.", inputs, outputs, ["platform", "tenants"])


def _monthly_estimate(types: Types) -> Spec:
    month = _text("The month to estimate, such as `2026-11`; this month if it is left out.", plain=True)
    outputs = types.fields_of(Estimate, plain=False)
    return {
        "description": "What tenants would cost in a month, before anything is deployed.",
        "inputs": {
            "type": "object",
            "description": "A platform and its tenants.",
            "properties": {**_documents(types), "month": month},
            "required": ["platform", "tenants"],
        },
        "outputs": {
            "type": "object",
            "description": "The estimate.",
            **outputs,
            "required": sorted(outputs["properties"]),
        },
    }
