"""A tenant in two regions, each with a server, a cache and files of its own, and people who write.

Buckets and the secrets of master users are in the loopback cloud, which jobs reach with the AWS CLI.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import shutil
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

import httpx

from localcloud.aws.clients import Clients
from tests.clouds import running_cloud
from tests.components.conftest import declare_plan
from tests.components.monitor import Declared
from tests.declarations import SECOND_REGION
from tests.odoo.declared import Manifest, Manifests, platform
from tests.odoo.pod import Host
from tests.odoo.services import Cache, running_cache
from tests.odoo.staged import empty
from tests.odoo.tree import Tree
from tests.odoo.visitor import Visitor
from tests.portfolios import plan_of, second_cluster, tenant, two_regions
from tests.postgres import (
    ADMIN,
    ADMIN_PASSWORD,
    LEADING,
    Server,
    following_server,
    running_server,
    scratch,
)
from tiers.plan.plan import Plan
from tiers.portfolio.platform import Platform

OWNER: Final = "xs"
HERE, THERE = "us-east-1", "eu-west-1"
SEEN_EVERY_SECONDS: Final = 0.2
WRITES_EVERY_SECONDS: Final = 0.4
_PATIENCE_SECONDS: Final = 300
OWN_SERVERS: Final = ("max_connections=100", "shared_buffers=128MB")


def aws_cli() -> str | None:
    """The AWS CLI of this machine; None without one. A shim that needs a home is no use to a pod's user."""
    return os.environ.get("AWS_CLI") or shutil.which("aws")


def both(tree: Tree) -> Platform:
    """The platform with that Odoo, and a cluster in the second region."""
    network = two_regions().dr_networks[THERE].model_copy(update={"cluster": second_cluster()})
    return platform(tree).model_copy(update={"dr_networks": {THERE: network}})


def planned(tree: Tree, stage: str | None, **section: Any) -> Plan:
    """The plan of the tenant at a stage of its failover; at rest without one."""
    failover = {"number": 1, "to": THERE, "stage": stage, **section} if stage else None
    options = {"users": 5, "warm_standby": True, "workload_class": OWNER}
    one = tenant(OWNER, tier="cross-region-backup", options=options, failover=failover)
    return plan_of(one, platform=both(tree))


@dataclass(frozen=True)
class RegionHost(Host):
    """Where the tenant's pods run in one region; `endpoint` is the AWS that they reach."""

    region: str = ""
    endpoint: str = ""

    def prepare(self) -> None:
        """Make the folders and the tools: the AWS CLI is the real one."""
        super().prepare()
        tool = self.folder / "tools" / "aws"
        tool.write_text(f'#!/bin/bash\nexec "{aws_cli()}" "$@"\n', encoding="utf-8")

    def at(self, stage: str | None, **section: Any) -> RegionHost:
        """The same with what is declared in this region at that stage."""
        return replace(self, manifests=declared_in(self.region, planned(self.tree, stage, **section)))

    def perform(self, *jobs: str) -> str:
        """Run jobs to their good end, in volumes of their own; what they said."""
        said = ""
        apart = replace(self, volumes="stage")
        for name in jobs:
            empty(apart)
            done = apart.run(apart.manifests.job(name))
            assert done.code == 0, (self.region, name, done.output)
            said += done.output
        return said

    def perform_backup(self) -> None:
        """The nightly backup, into the bucket of this region."""
        done = self.run(self.manifests.cron_job("backup"))
        assert done.code == 0, done.output

    def _environment(self, container: Manifest, mapped: Callable[[str], str]) -> dict[str, str]:
        named = {each["name"]: each.get("value") for each in container.get("env", ())}
        own = {"BUCKET": named["BUCKET"]} if "BUCKET" in named else {}
        return {**super()._environment(container, mapped), **own, **as_aws(self.endpoint, self.region)}


def as_aws(endpoint: str, region: str) -> dict[str, str]:
    """What EKS tells a pod that has a role there."""
    keys = dict.fromkeys(("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"), "test")
    where = {"AWS_REGION": region, "AWS_DEFAULT_REGION": region, "AWS_ENDPOINT_URL": endpoint}
    return {**keys, **where, "AWS_EC2_METADATA_DISABLED": "true"}


def declared_in(region: str, plan: Plan) -> Manifests:
    """The tenant's objects in the cluster of a region."""
    found = tuple(each for each in declare_plan(plan) if _is_there(each) is (region == THERE))
    return Manifests(found, OWNER)


def _is_there(each: Declared) -> bool:
    return any(word in each.urn for word in SECOND_REGION)


@dataclass
class Regions:
    """The tenant in both; `here` is its own region."""

    here: RegionHost
    there: RegionHost
    clients: Clients

    def objects(self, bucket: str) -> list[str]:
        """The keys in the bucket of the second region."""
        listed = self.clients.get("s3", THERE).list_objects_v2(Bucket=bucket)
        return [each["Key"] for each in listed.get("Contents", ())]


@contextmanager
def running_regions(tree: Tree, folder: Path) -> Iterator[Regions]:
    """Both regions as long as the block lasts; the tenant is set up in the first, the standby follows."""
    with ExitStack() as stack:
        cloud = stack.enter_context(running_cloud(folder / "cloud"))
        clients = Clients(cloud.endpoint)
        first = stack.enter_context(running_server(like_rds=True, settings=(*LEADING, *OWN_SERVERS)))
        caches = [stack.enter_context(running_cache()) for _ in (HERE, THERE)]
        plan = planned(tree, None)
        secrets = _in_the_cloud(clients, plan)

        def host(region: str, server: Server, cache: Cache) -> RegionHost:
            elsewhere = {**secrets, f"local-{OWNER}-sessions.test": cache.server.host}
            own = stack.enter_context(scratch())
            name = "postgresql" if region == HERE else "postgresql-standby"
            elsewhere[f"local-{OWNER}-{name}.test"] = server.host
            manifests = declared_in(region, plan)
            token = manifests.secret(f"{OWNER}-odoo")["session-token"]
            cache.server.let_in("default", "on ~* &* +@all", [token])
            given = (tree, own, server, manifests, elsewhere, cache.certificate)
            made = RegionHost(*given, region=region, endpoint=cloud.endpoint)
            made.prepare()
            return made

        here = host(HERE, first, caches[0])
        here.perform("database-setup", "odoo-setup")
        following = stack.enter_context(following_server(first, settings=OWN_SERVERS))
        yield Regions(here, host(THERE, following, caches[1]), clients)


def _in_the_cloud(clients: Clients, plan: Plan) -> dict[str, str]:
    """Make the buckets and the master's secrets of both regions; declared ARNs -> those that were given."""
    arns = {}
    for each in declare_plan(plan):
        region = each.props.get("region", HERE)
        if each.type == "aws:s3/bucket:Bucket":
            where = {} if region == HERE else {"CreateBucketConfiguration": {"LocationConstraint": region}}
            clients.get("s3", region).create_bucket(Bucket=f"{each.name}-1a2b3c4", **where)
        elif each.type == "aws:secretsmanager/secret:Secret" and each.name.endswith("-master"):
            said = json.dumps({"username": ADMIN, "password": ADMIN_PASSWORD})
            made = clients.get("secretsmanager", region).create_secret(Name=each.name, SecretString=said)
            arns[f"arn:aws:secretsmanager:us-east-1:1:secret:{each.name}"] = made["ARN"]
            arns[f"arn:aws:test:us-east-1:123456789012:{each.name}"] = made["ARN"]
    return arns


class FileReplication:
    """Copies the files of one region to the other, again and again, as EFS does; what is older stays."""

    def __init__(self, source: Path, target: Path, pause_seconds: float) -> None:
        self._source, self._target, self._pause = source, target, pause_seconds
        self._over = threading.Event()
        self.replicated_until = 0.0
        """Everything that was written before is there: `LastReplicatedTimestamp` of EFS."""
        self._thread = threading.Thread(target=self._replicate)
        self._thread.start()

    def wait_past(self, moment: float) -> None:
        """Until everything is there that was written before that moment."""
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while self.replicated_until <= moment:
            assert time.monotonic() < deadline
            time.sleep(0.1)

    def end(self) -> None:
        """The replica is written by others from now on."""
        self._over.set()
        self._thread.join()

    def _replicate(self) -> None:
        while not self._over.wait(self._pause):
            began = time.time()
            # Files that Odoo removes meanwhile are no fault.
            subprocess.run(
                ["cp", "--archive", "--update", f"{self._source}/.", str(self._target)],
                check=False,
                capture_output=True,
            )
            self.replicated_until = began


@dataclass
class Written:
    """What somebody was told is saved."""

    contact: str
    at: float
    digest: str = ""
    """The SHA-1 of the file that was attached to it; empty before that was saved, too."""


@dataclass
class Person:
    """Somebody who writes contacts with a file each, wherever the name leads, and logs in anew."""

    name: str
    password: str
    written: list[Written] = field(default_factory=list)
    refused: list[float] = field(default_factory=list)
    _over: threading.Event = field(default_factory=threading.Event)

    def work(self) -> None:
        """Until it is over."""
        visitor: Visitor | None = None
        number = 0
        while not self._over.wait(WRITES_EVERY_SECONDS):
            number += 1
            try:
                visitor = visitor or self._logged_in()
                self._write(visitor, number)
            except (
                AssertionError,
                ValueError,
                KeyError,
                httpx.HTTPError,
            ):  # an error, or a page that says so
                self.refused.append(time.time())
                visitor = None
                self._over.wait(SEEN_EVERY_SECONDS)

    def _logged_in(self) -> Visitor:
        visitor = Visitor()
        assert visitor.log_in("admin", self.password)
        return visitor

    def _write(self, visitor: Visitor, number: int) -> None:
        name, content = f"contact {self.name} {number}", f"{self.name} {number} ".encode() * 3000
        contact = visitor.call("res.partner", "create", {"name": name})
        saved = Written(name, time.time())
        self.written.append(saved)
        file = {"name": name, "datas": base64.b64encode(content).decode(), "res_model": "res.partner"}
        visitor.call("ir.attachment", "create", {**file, "res_id": contact})
        saved.digest = hashlib.sha1(content).hexdigest()  # noqa: S324 - as Odoo names it

    def wait_for(self, more: int) -> None:
        """Until so many more were acknowledged."""
        wanted, deadline = len(self.written) + more, time.monotonic() + _PATIENCE_SECONDS
        while len(self.written) < wanted:
            assert time.monotonic() < deadline, f"{self.name} wrote {len(self.written)} and then nothing"
            time.sleep(0.1)

    def stop(self) -> None:
        """Write no more."""
        self._over.set()


@contextmanager
def at_work(password: str, *names: str) -> Iterator[list[Person]]:
    """People at work for as long as the block."""
    people = [Person(name, password) for name in names]
    threads = [threading.Thread(target=each.work) for each in people]
    for thread in threads:
        thread.start()
    try:
        yield people
    finally:
        for each in people:
            each.stop()
        for thread in threads:
            thread.join()


def pause_around(people: list[Person], moment: float) -> float:
    """For how many seconds around a moment nobody was told that anything is saved."""
    saved = [each.at for person in people for each in person.written]
    return min(at for at in saved if at > moment) - max(at for at in saved if at <= moment)


def lost(host: Host, people: list[Person]) -> tuple[set[str], set[str]]:
    """Which acknowledged contacts are not in the database, and which files are not where it says."""
    saved = [(each.contact, each.digest) for person in people for each in person.written]
    contacts = set(host.ask("SELECT name FROM res_partner").splitlines())
    of_contacts = "res_model = 'res.partner' AND res_field IS NULL AND store_fname IS NOT NULL"
    named = set(host.ask(f"SELECT store_fname FROM ir_attachment WHERE {of_contacts}").splitlines())  # noqa: S608
    filestore = host.data / "filestore" / host.database
    there = {name[3:] for name in named if _is_whole(filestore / name)}
    return {contact for contact, _ in saved} - contacts, {digest for _, digest in saved if digest} - there


def _is_whole(path: Path) -> bool:
    return path.is_file() and hashlib.sha1(path.read_bytes()).hexdigest() == path.name  # noqa: S324 - as Odoo names it


def opened(host: Host, password: str, most: int = 20) -> int:
    """Log in and open that many of the newest files as a browser does; how many there were."""
    visitor = Visitor()
    assert visitor.log_in("admin", password)
    of_contacts = "res_model = 'res.partner' AND res_field IS NULL AND store_fname IS NOT NULL"
    newest = f"SELECT id FROM ir_attachment WHERE {of_contacts} ORDER BY id DESC LIMIT {most}"  # noqa: S608
    listed = host.ask(newest).split()
    for each in listed:
        answer = visitor.client.get(f"/web/content/{each}?download=true", follow_redirects=True)
        assert answer.status_code == 200, (each, answer.status_code)
    return len(listed)
