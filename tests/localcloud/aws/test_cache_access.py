"""Who may log in to a cache: what AWS and the official provider refuse, and the way from a token to users."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import pytest

from tests.localcloud.aws.driver import CheckRefusedError
from tests.localcloud.aws.examples import CACHE_USER, CACHE_USERS, EXAMPLES, Ground
from tests.localcloud.aws.test_refusals import CACHE, refused
from tests.localcloud.aws.test_resource import client

if TYPE_CHECKING:
    from tests.localcloud.aws.driver import Driver, Resource

MEMBER: Final = "aws:elasticache/userGroupAssociation:UserGroupAssociation"


def user(ground: Ground, name: str, **changed: Any) -> dict[str, Any]:
    return {**EXAMPLES[CACHE_USER](ground), "userId": name, "userName": name, **changed}


def with_default(driver: Driver, ground: Ground, name: str, engine: str = "redis") -> Resource:
    """A user group with a user called `default` of its own."""
    held = driver.create(CACHE_USER, f"{name}-d", user(ground, f"{name}-default", userName="default"))
    wanted = {"userGroupId": name, "engine": engine, "userIds": [held.id]}
    return driver.create(CACHE_USERS, name, wanted)


@pytest.mark.sample(2)
@pytest.mark.parametrize(
    "wrong",
    [
        {"passwords": ["fifteen-letters"]},
        {"passwords": ["x" * 129]},
        {"passwords": [f"long-enough-password-{n}" for n in range(3)]},
        {"engine": "memcached"},
        {"userId": "Acme"},
        {"userId": "9acme"},
        {"userId": "acme-"},
        {"userId": "ac--me"},
        {"userId": "a" * 41},
    ],
)
def test_the_provider_refuses_before_any_call(driver: Driver, ground: Ground, wrong: dict[str, Any]) -> None:
    with pytest.raises(CheckRefusedError):
        driver.create(CACHE_USER, "wrong", user(ground, "wrong", **wrong))


@pytest.mark.sample(3)
@pytest.mark.parametrize(
    "wrong",
    [
        {"passwords": None},
        {"passwords": ["an@address-as-password"]},
        {"passwords": ["a,comma-in-a-password"]},
        {"accessString": "on ~* +@all reset"},
        {"accessString": "on ~* +@all nopass"},
        {"accessString": "on ~* +@all >a-password-in-the-string"},
        {"accessString": "on ~* -@all +config"},
        {"accessString": "on ~* -@all +config|get"},
        {"accessString": "on session:* -@all +get"},
    ],
)
def test_aws_refuses_users(driver: Driver, ground: Ground, wrong: dict[str, Any]) -> None:
    refused("InvalidParameter", lambda: driver.create(CACHE_USER, "bad", user(ground, "bad", **wrong)))


@pytest.mark.sample(1)
@pytest.mark.parametrize(
    "right", ["on ~* +@all", "off ~keys* -@all +get", "on ~a:* %R~b* resetchannels -@all +get (~c +set)"]
)
def test_aws_takes_what_its_guide_writes(driver: Driver, ground: Ground, right: str) -> None:
    name = f"right-{len(right)}"
    held = driver.create(CACHE_USER, name, user(ground, name, accessString=right))
    assert held.state["accessString"] == right


def test_a_user_changes_in_place_and_its_name_never(driver: Driver, ground: Ground) -> None:
    held = driver.create(CACHE_USER, "turns", user(ground, "turns"))
    passwords = ["the-password-of-before", "the-password-of-later"]
    both = user(ground, "turns", passwords=passwords)
    assert driver.diff(held, both).replaces == []
    held = driver.update(held, both)
    (told,) = client(driver, "elasticache").describe_users(UserId="turns")["Users"]
    assert told["Authentication"] == {"Type": "password", "PasswordCount": 2}
    assert held.wire["passwords"].is_secret
    assert driver.diff(held, {**both, "userName": "turned"}).replaces == ["userName"]
    assert driver.diff(held, {**both, "userId": "turned"}).replaces == ["userId"]


def test_a_group_has_one_default_user_and_no_name_twice(driver: Driver, ground: Ground) -> None:
    alone = driver.create(CACHE_USER, "alone", user(ground, "alone")).id
    wanted = {"userGroupId": "lonely", "engine": "redis", "userIds": [alone]}
    refused("DefaultUserRequired", lambda: driver.create(CACHE_USERS, "lonely", wanted))
    group = with_default(driver, ground, "full")
    second = driver.create(CACHE_USER, "second", user(ground, "second", userName="default"))
    join = {"userGroupId": group.id, "userId": second.id}
    refused("DuplicateUserName", lambda: driver.create(MEMBER, "second", join))
    refused("UserNotFound", lambda: driver.create(MEMBER, "x", {**join, "userId": "nobody-at-all"}))
    refused("UserGroupNotFound", lambda: driver.create(MEMBER, "x", {**join, "userGroupId": "none"}))
    changed = {**group.inputs, "userIds": []}
    refused("DefaultUserRequired", lambda: driver.update(group, changed))


@pytest.mark.whole("a limit of AWS that a hundred users reach")
def test_a_group_is_full_with_a_hundred_users(driver: Driver, ground: Ground) -> None:
    group = with_default(driver, ground, "crowd")
    cache = client(driver, "elasticache")
    crowd = [f"crowd-{number}" for number in range(98)]
    for name in crowd:
        wanted = user(ground, name)
        cache.create_user(
            UserId=name,
            UserName=name,
            Engine="redis",
            AccessString=wanted["accessString"],
            Passwords=wanted["passwords"],
        )
    cache.modify_user_group(UserGroupId=group.id, UserIdsToAdd=crowd)
    for name in ("fits", "last"):
        driver.create(CACHE_USER, name, user(ground, f"crowd-{name}"))
    join = {"userGroupId": group.id, "userId": "crowd-fits"}
    driver.create(MEMBER, "fits", join)
    refused("UserGroupQuotaExceeded", lambda: driver.create(MEMBER, "last", {**join, "userId": "crowd-last"}))


def test_the_default_user_of_a_group_stays_and_others_leave_with_their_deletion(
    driver: Driver, ground: Ground
) -> None:
    group = with_default(driver, ground, "leaving")
    held = driver.create(CACHE_USER, "goes", user(ground, "goes"))
    joined = driver.create(MEMBER, "goes", {"userGroupId": group.id, "userId": held.id})
    cache = client(driver, "elasticache")

    def members() -> list[str]:
        found: list[str] = cache.describe_user_groups(UserGroupId=group.id)["UserGroups"][0]["UserIds"]
        return found

    assert members() == ["leaving-default", "goes"]
    with pytest.raises(cache.exceptions.DefaultUserAssociatedToUserGroupFault):
        cache.delete_user(UserId="leaving-default")
    driver.delete(held)
    assert members() == ["leaving-default"]
    assert driver.read(joined) is None
    driver.delete(joined)


@pytest.mark.whole("components declare none; tests/engine/test_data_services makes a cache")
def test_a_valkey_group_takes_no_user_without_password_and_no_cache_of_redis(
    driver: Driver, ground: Ground
) -> None:
    anybody = user(ground, "anybody", noPasswordRequired=True)
    del anybody["passwords"]
    refused(
        "InvalidParameterCombination",
        lambda: driver.create(CACHE_USER, "v", {**anybody, "engine": "valkey"}),
    )
    held = driver.create(CACHE_USER, "anybody", anybody)
    wanted = {"userGroupId": "strict", "engine": "valkey", "userIds": [held.id]}
    refused("InvalidParameterValue", lambda: driver.create(CACHE_USERS, "strict", wanted))
    group = with_default(driver, ground, "valkeys", "valkey")
    inputs = {**EXAMPLES[CACHE](ground), "userGroupIds": [group.id]}
    del inputs["authToken"]
    refused("InvalidParameterCombination", lambda: driver.create(CACHE, "r", inputs))
    member = driver.create(CACHE_USER, "vk", user(ground, "vk", engine="valkey"))
    join = {"userGroupId": with_default(driver, ground, "mixed").id, "userId": member.id}
    refused("InvalidParameterValue", lambda: driver.create(MEMBER, "vk", join))


def test_a_cache_goes_from_a_token_to_users_in_place(driver: Driver, ground: Ground) -> None:
    inputs = EXAMPLES[CACHE](ground)
    held = driver.create(CACHE, "moving", inputs)
    group = with_default(driver, ground, "moving-users")
    both = {**inputs, "userGroupIds": [group.id]}
    with pytest.raises(CheckRefusedError, match="conflicts with userGroupIds"):
        driver.update(held, both)
    users = {name: value for name, value in both.items() if name != "authToken"}
    silent = "User group can't be associated with auth token enabled. Pass AuthStrategy delete to proceed"
    refused(silent, lambda: driver.update(held, users))
    with pytest.raises(CheckRefusedError, match="DELETE"):
        driver.update(held, {**inputs, "authTokenUpdateStrategy": "DELETE"})
    wanted = {**users, "authTokenUpdateStrategy": "DELETE"}
    assert driver.diff(held, wanted).replaces == []
    moved = driver.update(held, wanted)
    (told,) = client(driver, "elasticache").describe_replication_groups(ReplicationGroupId=held.id)[
        "ReplicationGroups"
    ]
    assert (told["UserGroupIds"], told["AuthTokenEnabled"]) == ([group.id], False)
    assert not driver.diff(moved, wanted).changes
    # Without the word the provider would send an empty token.
    refused("InvalidParameterValue", lambda: driver.update(moved, users))
    refused("InvalidUserGroupState", lambda: driver.delete(group))


def test_a_cache_without_tls_or_with_two_groups_is_refused(driver: Driver, ground: Ground) -> None:
    groups = [with_default(driver, ground, name).id for name in ("one-group", "two-group")]
    inputs = {**EXAMPLES[CACHE](ground), "userGroupIds": groups[:1]}
    del inputs["authToken"]
    plain = {**inputs, "transitEncryptionEnabled": False}
    refused("InvalidParameterCombination", lambda: driver.create(CACHE, "plain", plain))
    refused("InvalidParameterValue", lambda: driver.create(CACHE, "two", {**inputs, "userGroupIds": groups}))
