"""postgres_exporter: sizes and statistics of the databases on the shared server."""

from __future__ import annotations

from typing import Final

import pulumi
import pulumi_random as random

from components.kubernetes import jobs, pods
from components.kubernetes.network_policies import to_postgresql
from components.kubernetes.parts.exporter import PASSWORD, exporter, metrics
from components.kubernetes.secrets import MadeSecret, secret_of
from components.naming import component_type, physical_name
from components.places import Administered, NetworkPlace, SecretPlace
from components.scripts import script
from tiers.facts.every_fact import Job, PostgresExporter

PORT: Final = 9187
_MOUNT: Final = "/run/secrets/monitor"
_LENGTH: Final = 40


class PostgresStatistics(pulumi.ComponentResource):
    """One pod with a role of its own on the server, which reads statistics and no table of a tenant.

    Args:
        portfolio: The portfolio whose server it is.
        fact: What it measures, and as which role.
        login: The job that makes the role.
        on: The server, and who may administer it.
        network: Where the server is.
        place: How Secrets come into the cluster.
        opts: Options of the component; the namespaces come as `depends_on`.
    """

    def __init__(
        self,
        portfolio: str,
        fact: PostgresExporter,
        login: Job,
        *,
        on: Administered,
        network: NetworkPlace,
        place: SecretPlace,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        name = physical_name(portfolio, fact.name)
        super().__init__(component_type("PostgresStatistics"), name, fact.model_dump(mode="json"), opts)
        child = pulumi.ResourceOptions(parent=self)
        password = random.RandomPassword(f"{name}-password", length=_LENGTH, special=False, opts=child).result

        def secret(logical: str, namespace: str) -> MadeSecret:
            data = {PASSWORD: password}
            return secret_of(logical, namespace, data, called=logical, place=place, opts=child)

        known = secret(physical_name(portfolio, login.name), login.namespace)
        role = _made(portfolio, fact, login, on, known, child)
        read = secret(name, fact.namespace)
        account = pods.service_account(name, name, fact.namespace, child)
        exporter(
            name,
            fact,
            pods.identity(portfolio, "postgres", name="postgres-exporter"),
            _pod(fact, name, on, read),
            parent=self,
            port=PORT,
            openings=[to_postgresql(network.subnet_cidrs)],
            after=[account, role, read.resource],
            has_read=read.fingerprint,
        )
        self.register_outputs({})


def login_script() -> str:
    """What makes the role, and gives it its password."""
    return "\n".join((script("second_login.sh"), script("monitor_login.sh")))


def _made(  # noqa: PLR0917 - what a job is made of
    portfolio: str,
    fact: PostgresExporter,
    login: Job,
    on: Administered,
    known: MadeSecret,
    child: pulumi.ResourceOptions,
) -> jobs.OneOffJob:
    text = login_script()
    env: dict[str, pulumi.Input[str]] = {
        "PGHOST": on.server.address,
        "MASTER_SECRET_ARN": on.server.master_secret_arn,
        "MONITOR_ROLE": fact.role,
    }
    container = jobs.operations_container(login, text, env, [_mount()])
    user, group, who = login.run_as_user, login.run_as_group, on.administrator_name
    after = pulumi.ResourceOptions(depends_on=[on.administrator, known.resource])
    return jobs.OneOffJob(
        portfolio,
        login,
        spec=pods.pod(user, group, who, [container], [_volume(known)]),
        distinguished_by=[text, fact.role],
        has_read=known.fingerprint,
        opts=pulumi.ResourceOptions.merge(child, after),
    )


def _pod(fact: PostgresExporter, account: str, on: Administered, read: MadeSecret) -> pods.Manifest:
    container = pods.container(
        fact.name,
        fact.image,
        fact.compute,
        mounts=[_mount()],
        env=pods.variables(
            {
                "DATA_SOURCE_URI": pulumi.Output.concat(on.server.address, ":5432/postgres?sslmode=require"),
                "DATA_SOURCE_USER": fact.role,
                "DATA_SOURCE_PASS_FILE": f"{_MOUNT}/{PASSWORD}",
            }
        ),
        # A setting may hold a path or a name; nobody asks for them.
        args=["--disable-settings-metrics"],
        **metrics(PORT, "/"),
    )
    return pods.pod(fact.run_as_user, fact.run_as_group, account, [container], [_volume(read)])


def _mount() -> pods.Manifest:
    return {"name": "monitor", "mountPath": _MOUNT, "readOnly": True}


def _volume(secret: MadeSecret) -> pods.Manifest:
    return {"name": "monitor", "secret": {"secretName": secret.name, "defaultMode": 0o440}}
