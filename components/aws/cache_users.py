"""Who may log in to a session cache that tenants share: a user for each tenant, limited to its own keys.

Users and groups are of engine `redis`, which caches of Valkey take as well, so that a cache can become one of
Valkey in place; such a group needs a user called `default` (ElastiCache User Guide, "Role-Based Access
Control"). Ours can do nothing, with a password that nobody is given. Access strings are written as AWS tells
them, or the provider would find another one after every update.
"""

from __future__ import annotations

from typing import Final

import pulumi
from pulumi_aws import elasticache

from components.naming import CACHE_NAME_LIMIT, physical_name
from components.places import CachePlace
from tiers.facts.every_fact import CacheSpace

_ENGINE: Final = "redis"
# What session_redis runs (16.0 to 19.0: session.py), and what its client asks a connection that was idle.
# Never KEYS or SCAN: they tell the names of all keys, and the name of a session is its cookie.
_COMMANDS: Final = "-@all +del +expire +get +ping +set"
_SESSIONS: Final = "session:"
_NOTHING: Final = "off ~keys* -@all +get"
# One group changes at a time, and the others wait their turn: half a minute for each of a hundred users.
_TURN: Final = pulumi.CustomTimeouts(create="90m", delete="90m")


def access_string(prefix: str) -> str:
    """What the pods of one tenant may do: their commands, on keys of session_redis with *prefix*.

    >>> access_string("acme")
    'on ~session::acme:* -@all +del +expire +get +ping +set'
    """
    return f"on ~{_SESSIONS}:{prefix}:* {_COMMANDS}"


def users_of_all(
    name: str, passwords: list[pulumi.Output[str]], child: pulumi.ResourceOptions, *, open_to_tokens: bool
) -> elasticache.UserGroup:
    """The group of users of a cache; tenants add their own.

    Args:
        name: The cache.
        passwords: Of the user called `default`, who is who logs in without a name: one or two tokens.
        child: Options of the resources.
        open_to_tokens: Whether that user may log in: while pods still have a token. It runs what pods run.
    """
    default = elasticache.User(
        f"{name}-default",
        user_id=physical_name(name, "default", limit=CACHE_NAME_LIMIT),
        user_name="default",
        engine=_ENGINE,
        access_string=f"on ~{_SESSIONS}* {_COMMANDS}" if open_to_tokens else _NOTHING,
        passwords=passwords,
        opts=child,
    )
    return elasticache.UserGroup(
        f"{name}-users",
        user_group_id=physical_name(name, limit=CACHE_NAME_LIMIT),
        engine=_ENGINE,
        user_ids=[default.user_id],
        opts=pulumi.ResourceOptions.merge(child, pulumi.ResourceOptions(ignore_changes=["userIds"])),
    )


def user_of_tenant(
    tenant: str,
    space: CacheSpace,
    cache: CachePlace,
    passwords: list[pulumi.Output[str]],
    child: pulumi.ResourceOptions,
) -> pulumi.Output[str]:
    """The user of one tenant in *cache*; gives the first of its passwords, once the cache takes it.

    Args:
        tenant: The tenant.
        space: Its user and the prefix of its keys.
        cache: A cache with a user group.
        passwords: The one its pods use, and the other one while they are replaced.
        child: Options of the resources.
    """
    if space.user is None:
        raise ValueError(f"{space.id}: the tenant has no user; the plan gives it one")
    login = (space.user, access_string(space.prefix))
    return user_in_group(physical_name(tenant, "sessions"), login, cache, passwords, child)


def user_in_group(
    name: str,
    login: tuple[str, str],
    cache: CachePlace,
    passwords: list[pulumi.Output[str]],
    child: pulumi.ResourceOptions,
) -> pulumi.Output[str]:
    """A user of *cache*; gives the first of its passwords, once the cache takes it.

    Args:
        name: Logical name.
        login: What the user is called, and what it may do.
        cache: A cache with a user group.
        passwords: The one that pods use, and the other one while they are replaced.
        child: Options of the resources.
    """
    if cache.user_group is None:
        raise ValueError(f"{name}: the cache has no users; the plan gives it some")
    user, access = login
    made = elasticache.User(
        name,
        user_id=user,
        user_name=user,
        engine=_ENGINE,
        access_string=access,
        passwords=passwords,
        opts=child,
    )
    joined = elasticache.UserGroupAssociation(
        name,
        user_group_id=cache.user_group,
        user_id=made.user_id,
        opts=pulumi.ResourceOptions.merge(child, pulumi.ResourceOptions(custom_timeouts=_TURN)),
    )
    return pulumi.Output.all(passwords[0], made.arn, joined.id).apply(lambda known: str(known[0]))
