"""Which passwords are in use at each stage of a rotation, and who learns of it."""

from __future__ import annotations

from itertools import pairwise
from typing import Any, Final

import pytest

from components.kubernetes.fingerprint import ANNOTATION
from tests.components.conftest import declare_plan
from tests.components.monitor import Declared
from tests.components.queries import the
from tests.portfolios import local_portfolio, plan_of, tenant
from tiers.portfolio.rotation import Rotation, TokenRotation
from tiers.vocabulary import RotationStage

SECRET, DEPLOYMENT = "kubernetes:core/v1:Secret", "kubernetes:apps/v1:Deployment"
CACHE: Final = "aws:elasticache/replicationGroup:ReplicationGroup"
USER: Final = "aws:elasticache/user:User"
MEMBER: Final = "aws:elasticache/userGroupAssociation:UserGroupAssociation"


def at(number: int, stage: str | None = None, tier: str = "ha-postgresql") -> list[Declared]:
    rotation = Rotation(number=number, stage=RotationStage(stage) if stage else None)
    return declare_plan(plan_of(tenant("acme", tier=tier, rotation=rotation)))


def secret(declared: list[Declared], name: str) -> dict[str, str]:
    return dict(the(declared, SECRET, name).props["stringData"])


def conf(declared: list[Declared]) -> dict[str, str]:
    lines = secret(declared, "acme-odoo")["odoo.conf"].splitlines()
    return dict(line.split(" = ", 1) for line in lines if " = " in line)


def word(purpose: str, number: int = 0) -> str:
    """The generated password of that number, as the monitor makes it up."""
    return f"password-of-acme-{f'rotation-{number}-' if number else ''}{purpose}"


@pytest.mark.sample(1)
@pytest.mark.parametrize(
    ("number", "stage", "login", "password", "role", "used", "replaced"),
    [
        (0, None, "t_acme", word("database-password"), 0, 0, None),
        (1, "second-login", "second_t_acme", word("second-password", 1), 0, 1, 0),
        (1, "first-login", "t_acme", word("database-password", 1), 1, 1, 0),
        (1, "back", "t_acme", word("database-password"), 0, 0, 1),
        (1, None, "t_acme", word("database-password", 1), 1, 1, None),
        (8, "second-login", "second_t_acme", word("second-password", 8), 7, 8, 7),
    ],
)
def test_each_stage_has_its_passwords(  # noqa: PLR0917 - a table
    number: int, stage: str | None, login: str, password: str, role: int, used: int, replaced: int | None
) -> None:
    declared = at(number, stage)
    options = conf(declared)
    assert (options["db_user"], options["db_password"]) == (login, password)
    assert options["admin_passwd"] == word("admin-password", used)
    second = {"second": word("second-password", number)} if stage else {}
    assert secret(declared, "acme-database") == {"password": word("database-password", role), **second}
    before = {} if replaced is None else {"replaced": word("administrator-password", replaced)}
    expected = {"login": "admin", "password": word("administrator-password", used), **before}
    assert secret(declared, "acme-admin") == expected
    token = f"password-of-local-acme-sessions-{f'rotation-{used}-' if used else ''}token"
    update = "ROTATE" if stage else "SET"
    assert secret(declared, "acme-odoo")["session-token"] == token
    cache = the(declared, CACHE, "local-acme-sessions").props
    assert (cache["authToken"], cache.get("authTokenUpdateStrategy")) == (token, update)


@pytest.mark.sample(1)
@pytest.mark.parametrize("way", [("second-login", "first-login"), ("second-login", "back")])
def test_the_stage_before_and_the_next_share_a_login(way: tuple[str, ...]) -> None:
    """Whoever read odoo.conf before an update can log in until it has ended."""
    stages = [at(0), *(at(1, stage) for stage in way), at(0 if "back" in way else 1)]
    for before, after in pairwise(stages):
        options, role = conf(before), secret(after, "acme-database")
        opens = {"t_acme": {role["password"]}, "second_t_acme": {role.get("second", "")}}
        assert options["db_password"] in opens[options["db_user"]]


@pytest.mark.sample(1)
@pytest.mark.parametrize(
    ("number", "stage", "passwords"),
    [
        (0, None, [0]),
        (1, "second-login", [1, 0]),
        (1, "first-login", [1, 0]),
        (1, "back", [0, 1]),
        (1, None, [1]),
        (8, "second-login", [8, 7]),
    ],
)
def test_each_stage_has_its_passwords_of_the_user_in_the_shared_cache(
    number: int, stage: str | None, passwords: list[int]
) -> None:
    """Pods have the first; the other one is that of pods that were not replaced yet."""
    declared = at(number, stage, tier="shared-namespace")
    known = [word("sessions-password", each) for each in passwords]
    user = the(declared, USER, "acme-sessions")
    assert (user.props["userName"], user.props["passwords"]) == ("local-acme", known)
    assert "passwords" in user.secret_props
    assert secret(declared, "acme-odoo").keys() == {"odoo.conf", "session-password"}
    assert secret(declared, "acme-odoo")["session-password"] == known[0]


def test_the_secret_waits_for_the_user_and_its_place_in_the_group() -> None:
    declared = at(0, tier="shared-namespace")
    made_of = the(declared, SECRET, "acme-odoo").made_of["stringData"]
    assert {the(declared, USER, "acme-sessions").urn, the(declared, MEMBER, "acme-sessions").urn} <= made_of
    member = the(declared, MEMBER, "acme-sessions")
    cache = the(declared, CACHE, "local-sessions").urn
    assert cache in member.made_of["userGroupId"]
    assert member.create_timeout == "90m"


@pytest.mark.whole("tests/components/test_cache_users goes from the token to users")
def test_the_token_of_the_shared_cache_opens_it_until_users_are_everywhere() -> None:
    usual = local_portfolio().platform

    def with_token(rotation: TokenRotation | None) -> tuple[list[Declared], dict[str, str]]:
        cache = usual.cache.model_copy(update={"rotation": rotation})
        platform = usual.model_copy(update={"cache": cache})
        declared = declare_plan(plan_of(tenant("acme"), tenant("borealis"), platform=platform))
        marks = {
            f"{owner}-{name}": the(declared, DEPLOYMENT, f"{owner}-{name}").props["spec"]["template"]
            for owner in ("acme", "borealis")
            for name in ("web", "cron")
        }
        return declared, {name: each["metadata"]["annotations"][ANNOTATION] for name, each in marks.items()}

    (never, before), (both, during), (ended, after) = (
        with_token(each)
        for each in (None, TokenRotation(number=1, stage="both-tokens"), TokenRotation(number=1))
    )
    for declared in (never, both, ended):
        cache = the(declared, CACHE, "local-sessions").props
        assert "authToken" not in cache
        assert (cache["userGroupIds"], cache["authTokenUpdateStrategy"]) == (["local-sessions"], "DELETE")
    assert the(both, CACHE, "local-sessions").props["applyImmediately"] is True
    assert "applyImmediately" not in the(ended, CACHE, "local-sessions").props
    old, new = "password-of-local-sessions-token", "password-of-local-sessions-rotation-1-token"
    users = {
        name: the(each, USER, "local-sessions-default").props
        for name, each in (("both", both), ("end", ended))
    }
    assert users["both"]["passwords"] == [new, old]
    assert users["both"]["accessString"] == "on ~session:* -@all +del +expire +get +ping +set"
    assert (users["end"]["passwords"], users["end"]["accessString"]) == ([new], "off ~keys* -@all +get")
    assert secret(both, "acme-odoo")["session-token"] == old
    assert "session-token" not in secret(ended, "acme-odoo")
    assert before == during == after, "the users are the same: nothing starts anew when the token ends"


def test_a_tenants_rotation_leaves_its_neighbours_alone() -> None:
    def pods(rotation: Rotation | None) -> dict[str, Any]:
        declared = declare_plan(plan_of(tenant("acme", rotation=rotation), tenant("borealis")))
        return {each.urn: each.props for each in declared if "borealis" in each.urn or "platform" in each.urn}

    assert pods(None) == pods(Rotation(number=1, stage=RotationStage.SECOND_LOGIN)) != {}


@pytest.mark.sample(1)
@pytest.mark.parametrize(
    ("number", "stage", "used"),
    [(1, "second-login", 0), (1, "back", 0), (8, "first-login", 7), (8, None, 8)],
)
def test_the_master_that_costack_makes_changes_with_the_end_of_a_rotation(
    number: int, stage: str | None, used: int
) -> None:
    """There is no way back from it, so it waits until none is needed."""
    declared = at(number, stage, tier="cross-region-backup")
    name = "local-acme-postgresql"
    password = f"password-of-{name}-{f'rotation-{used}-' if used else ''}master"
    assert the(declared, "aws:rds/instance:Instance", name).props["password"] == password
    stored = the(declared, "aws:secretsmanager/secretVersion:SecretVersion", f"{name}-master")
    assert f'"{password}"' in stored.props["secretString"]
