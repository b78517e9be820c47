"""The jobs of an upgrade of a PostgreSQL server to a newer major version."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import pulumi

from components.kubernetes import jobs, pods
from components.places import Administered
from components.scripts import script
from tiers.facts.every_fact import DatabaseInstance, Fact, Job
from tiers.facts.names import CHECK_UPGRADE, GATHER_STATISTICS
from tiers.plan.plan import facts_of

_SCRIPTS: Final[Mapping[str, str]] = {
    CHECK_UPGRADE: "upgrade_check.sh",
    GATHER_STATISTICS: "upgrade_statistics.sh",
}


def upgrade_script(job: str) -> str:
    """What the job *job* of an upgrade runs."""
    return "\n".join((script("upgrade_login.sh"), script(_SCRIPTS[job])))


def declare_database_upgrade(
    owner: str, facts: tuple[Fact, ...], on: Administered, opts: pulumi.ResourceOptions
) -> None:
    """The job of an upgrade at its stage; without an upgrade nothing.

    Args:
        owner: Whose server it is: the portfolio or a tenant.
        facts: Its facts: the server, and the job.
        on: The server, and who may administer it.
        opts: Options of the job; namespaces come as `depends_on`.
    """
    wanted = {fact.name: fact for fact in facts_of(facts, Job) if fact.name in _SCRIPTS}
    for server in facts_of(facts, DatabaseInstance):
        for name, fact in wanted.items() if server.upgrade else ():
            _job(owner, fact, server, on, upgrade_script(name), opts)


def _job(  # noqa: PLR0917 - what a job is made of
    owner: str,
    fact: Job,
    server: DatabaseInstance,
    on: Administered,
    text: str,
    opts: pulumi.ResourceOptions,
) -> None:
    """It begins anew when another version is asked for, and while it has not succeeded."""
    to = server.upgrade.to if server.upgrade else ""
    env: dict[str, pulumi.Input[str]] = {
        "PGHOST": on.server.address,
        "MASTER_SECRET_ARN": on.server.master_secret_arn,
        "REGION": server.region,
        "TO": to,
        "CHECK_SQL": script("upgrade_check.sql"),
    }
    container = jobs.operations_container(fact, text, env)
    after = pulumi.ResourceOptions(depends_on=[on.administrator])
    jobs.OneOffJob(
        owner,
        fact,
        gib=server.storage_gib,
        spec=pods.pod(fact.run_as_user, fact.run_as_group, on.administrator_name, [container]),
        distinguished_by=[text, script("upgrade_check.sql"), to],
        opts=pulumi.ResourceOptions.merge(opts, after),
    )
