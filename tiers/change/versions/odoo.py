"""Says which version of Odoo an update may not ask for: older ones, and newer ones that nobody prepared."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from tiers.facts.compute import Job
from tiers.plan.plan import Plan, TenantPlan, facts_of, process_of
from tiers.portfolio.upgrade.stage import Upgrade, UpgradeStage, may_follow
from tiers.vocabulary import Environment, version_numbers


def major_of(version: str) -> str:
    """The major version of Odoo.

    >>> major_of("18.0")
    '18'
    """
    return version.partition(".")[0]


def refused_odoo(before: TenantPlan, after: TenantPlan) -> Iterator[str]:
    """Why *after* may not have its version of Odoo where *before* is deployed; nothing where it may."""
    old, new = process_of(before), process_of(after)
    if old is None or new is None or old.version == new.version or _by_its_stages(before, after):
        return
    if version_numbers(new.version) < version_numbers(old.version):
        yield (
            f"{after.tenant}: Odoo takes no database back from {old.version} to {new.version}: put its "
            "version back as it was deployed; only a backup from before leads there, restored by hand"
        )
    elif major_of(new.version) != major_of(old.version) and not _is_upgraded(after, new.version):
        yield (
            f"{after.tenant}: Odoo {new.version} does not start on a database of {old.version}: put its "
            f"version back and run `costack upgrade {after.tenant}`, or upgrade its database by hand "
            "(docs/odoo-versions.md, Another major version), then "
            f'write odoo: {{version: …, upgraded_to: "{new.version}"}}'
        )
    elif major_of(new.version) != major_of(old.version) and (before.restore or after.restore):
        yield (
            f"{after.tenant}: it is being restored, and what is restored is of Odoo {old.version}: finish "
            f"the restore, then take its version to {new.version}"
        )


def refused_update(before: TenantPlan, after: TenantPlan) -> Iterator[str]:
    """Why the update of modules in the file of *after* may not follow that of *before*."""
    old, new = (each.odoo.update if each.odoo else None for each in (before, after))
    if new is None:
        return
    if old is not None and new.number < old.number:
        yield (
            f"{after.tenant}: its update of modules has number {new.number} in its file, and {old.number} is "
            f"deployed: write {old.number}, or {old.number + 1} to update once more"
        )
    elif old is not None and new.number == old.number and set(new.modules) != set(old.modules):
        yield (
            f"{after.tenant}: update {old.number} of modules was made for {', '.join(old.modules)}: for "
            f"{', '.join(new.modules)} write number: {old.number + 1}"
        )
    elif (before.move or after.move) and (old is None or new.number > old.number):
        yield f"{after.tenant}: its data moves: finish the move, then update modules (odoo.update)"
    elif (before.failover or after.failover) and (old is None or new.number > old.number):
        yield (
            f"{after.tenant}: it works in its second region or is on its way: come home, then update modules "
            "(odoo.update)"
        )
    elif (before.restore or after.restore) and (old is None or new.number > old.number):
        yield f"{after.tenant}: it is being restored: finish the restore, then update modules (odoo.update)"
    elif (before.upgrade or after.upgrade) and (old is None or new.number > old.number):
        yield f"{after.tenant}: it is being upgraded: finish the upgrade, then update modules (odoo.update)"


def refused_upgrade(before: TenantPlan, after: TenantPlan, stack: str) -> Iterator[str]:
    """Why the stage of its upgrade in the file of *after* may not follow that of *before*.

    Production is upgraded by what was rehearsed: another command, image or version is rehearsed first.
    """
    there, here = before.upgrade, after.upgrade
    if not may_follow(there, here):
        yield (
            f"{after.tenant}: it is {_where(there)} in the stack, and {_where(here)} in its file, which is "
            "not the next step: put the file back as it was deployed and run `costack upgrade "
            f"{after.tenant} --stack {stack}` with --next or --back"
        )
        return
    if there is None or here is None or there.stage is here.stage or here.stage is not UpgradeStage.UPGRADE:
        return
    old, new = (_told(each) for each in (before, after))
    if changed := ", ".join(name for name in new if new[name] != old.get(name)):
        yield (
            f"{after.tenant}: its upgrade to {here.to} was rehearsed with another {changed}: write stage: "
            "rehearse into its file and run `pulumi up`, which rehearses it with this one, then "
            f"`costack upgrade {after.tenant} --stack {stack} --next`"
        )


def _told(tenant: TenantPlan) -> dict[str, Any]:
    """What its job runs to upgrade, and on what; empty where there is no such job."""
    process = process_of(tenant)
    for job in facts_of(tenant.facts, Job):
        if job.upgrade is not None and process is not None:
            return {"present version": process.version, **job.upgrade.model_dump(exclude={"rehearses"})}
    return {}


def _where(upgrade: Upgrade | None) -> str:
    return (
        "not being upgraded"
        if upgrade is None
        else f"at stage {upgrade.stage} of its upgrade to {upgrade.to}"
    )


def _by_its_stages(before: TenantPlan, after: TenantPlan) -> bool:
    """Whether the stages of an upgrade lead from one version to the other: there, or back."""
    there, here = before.upgrade, after.upgrade
    if there is None or here is None or there.to != here.to:
        return False
    ahead = (there.stage, here.stage) == (UpgradeStage.UPGRADE, UpgradeStage.START)
    return ahead or here.stage is UpgradeStage.BACK


def _is_upgraded(tenant: TenantPlan, version: str) -> bool:
    said = tenant.odoo.upgraded_to if tenant.odoo else None
    return said is not None and major_of(said) == major_of(version)


def untried(deployed: Mapping[str, Mapping[str, Any]], plan: Plan) -> Iterator[str]:
    """Productions that would take a build for staging first before anybody of their client has run it.

    Args:
        deployed: Tenant -> its plan as plain data, as it is deployed; empty where that is not known.
        plan: What the next update would deploy.
    """
    for tenant in plan.tenants:
        image, there = _image_ahead(tenant), deployed.get(tenant.tenant)
        if not tenant.staging_first or image is None or not there or image in _images(there):
            continue
        others = {
            name: each
            for name, each in deployed.items()
            if each.get("client") == tenant.client and each.get("environment") != Environment.PRODUCTION
        }
        if others and not any(image in _images(each) for each in others.values()):
            yield (
                f"{tenant.tenant}: its version of Odoo is for staging first, and none of {', '.join(others)} "
                "is deployed with this build: deploy it there and try it, then here"
            )


def _image_ahead(tenant: TenantPlan) -> str | None:
    """The build that it runs or is upgraded for: once Odoo is stopped it is too late to refuse."""
    for job in facts_of(tenant.facts, Job):
        if job.upgrade is not None and not job.upgrade.rehearses:
            return job.upgrade.odoo_image
    process = process_of(tenant)
    return None if process is None else process.image


def _images(plan: Mapping[str, Any]) -> set[Any]:
    processes = (fact.get("odoo") for fact in plan.get("facts") or ())
    return {each.get("image") for each in processes if each}
