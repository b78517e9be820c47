"""Knows who may log in to a cache: users, user groups and tokens, completed inside the server of moto.

moto makes, describes and deletes users; it has no groups, changes no user, and forgets the token and the
groups of a cache that is modified. The words of refusals are AWS's (terraform-provider-aws, issues 31710 and
34496) where they are known. Sources of the rules: ElastiCache User Guide, "Role-Based Access Control", and
its API Reference.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from moto.core.resource_tagging import TaggedResource
from moto.core.responses import ActionResult
from moto.elasticache.exceptions import ElastiCacheException, UserNotFound
from moto.elasticache.models import ElastiCacheBackend, ReplicationGroup, User
from moto.elasticache.responses import ElastiCacheResponse

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import NoReturn

USERS_PER_GROUP: Final = 100
DEFAULT: Final = "default"
_VALKEY: Final = "valkey"
_RULE: Final = re.compile(
    r"on|off|allkeys|resetkeys|allchannels|resetchannels|allcommands|nocommands|clearselectors"
    r"|~\S+|%(R|W|RW)~\S+|&\S+|[+-]@[a-z]+|[+-][a-z]+(\|[a-z-]+)?"
)
_SELECTORS: Final = re.compile(r"\([^()]*\)")
_RESTRICTED: Final = frozenset(
    {"bgrewriteaof", "bgsave", "config", "debug", "migrate"}
    | {"replicaof", "save", "slaveof", "shutdown", "sync"}
)
_FORBIDDEN_IN_PASSWORDS: Final = frozenset(',"/@')


def let_users_log_in() -> None:
    """Completes moto, once per process."""
    if ElastiCacheResponse.create_user.__module__ == __name__:
        return
    _make_of(ElastiCacheResponse.create_user, _create_user)
    _make_of(ElastiCacheResponse.create_replication_group, _create_replication_group)
    _make_of(ElastiCacheResponse.modify_replication_group, _modify_replication_group)
    original = ElastiCacheBackend.list_tags_for_resource
    setattr(
        ElastiCacheBackend,
        original.__name__,
        lambda self, arn: (_list_tags if ":usergroup:" in arn else original)(self, arn),
    )
    listing = ElastiCacheBackend.iter_tagged_resources
    setattr(ElastiCacheBackend, listing.__name__, _list_tagged(listing))
    for operation in (
        _modify_user,
        _delete_user,
        _create_user_group,
        _describe_user_groups,
        _modify_user_group,
        _delete_user_group,
    ):
        setattr(ElastiCacheResponse, operation.__name__.removeprefix("_"), operation)


def _make_of(original: Any, completed: Any) -> None:
    def operation(self: ElastiCacheResponse) -> Any:
        return completed(self, original)

    operation.__name__ = original.__name__
    setattr(ElastiCacheResponse, original.__name__, operation)


def refuse(code: str, message: str) -> NoReturn:
    """Raises what ElastiCache answers, inside the server of moto."""
    error = ElastiCacheException(message)
    error.code = code
    raise error


def _groups(self: ElastiCacheResponse) -> dict[str, dict[str, Any]]:
    held: dict[str, dict[str, Any]] = vars(self.elasticache_backend).setdefault("user_groups", {})
    return held


def _group(self: ElastiCacheResponse, name: str) -> dict[str, Any]:
    if name not in _groups(self):
        refuse("UserGroupNotFound", f"User group {name} not found.")
    return _groups(self)[name]


def _user(self: ElastiCacheResponse, name: str) -> User:
    if name not in self.elasticache_backend.users:
        raise UserNotFound(name)
    return self.elasticache_backend.users[name]


def _check_access(access: str) -> None:
    for rule in _SELECTORS.sub("", access).split():
        if not _RULE.fullmatch(rule):
            refuse("InvalidParameterValue", f"Access string has the rule {rule}, which is not allowed.")
        if rule[1:].partition("|")[0] in _RESTRICTED:
            refuse("InvalidParameterValue", f"Access string names the restricted command {rule[1:]}.")


def _check_passwords(passwords: list[str], engine: str, *, none_required: bool) -> None:
    if none_required and (passwords or engine == _VALKEY):
        refuse("InvalidParameterCombination", "A user without a password has none, and is not of Valkey.")
    if not none_required and not passwords:
        refuse("InvalidParameterValue", "No password was provided, and NoPasswordRequired is not set.")
    if len(passwords) > 2:  # noqa: PLR2004 - the rule itself
        refuse("InvalidParameterValue", "A user can have up to two passwords.")
    for each in passwords:
        if not (16 <= len(each) <= 128 and each.isprintable() and each.isascii()):  # noqa: PLR2004
            refuse("InvalidParameterValue", "Passwords need 16 to 128 printable characters.")
        if _FORBIDDEN_IN_PASSWORDS & set(each):
            refuse("InvalidParameterValue", 'Passwords may not contain , " / or @.')


def _create_user(self: ElastiCacheResponse, original: Any) -> Any:
    none_required = bool(self._get_bool_param("NoPasswordRequired"))
    engine = self._get_param("Engine").lower()
    _check_access(self._get_param("AccessString"))
    _check_passwords(self._get_param("Passwords") or [], engine, none_required=none_required)
    return original(self)


def _modify_user(self: ElastiCacheResponse) -> ActionResult:
    user = _user(self, self._get_param("UserId"))
    if user.id == DEFAULT:
        refuse("InvalidParameterValue", "User default can not be modified.")
    passwords = self._get_param("Passwords")
    if passwords is not None:
        _check_passwords(passwords, user.engine, none_required=False)
        user.passwords, user.no_password_required = list(passwords), False
    access = self._get_param("AccessString")
    if access is not None:
        _check_access(access)
        user.access_string = access
    user.engine = (self._get_param("Engine") or user.engine).lower()
    return ActionResult(user)


def _delete_user(self: ElastiCacheResponse) -> ActionResult:
    """A user leaves its groups by being deleted; one called `default` cannot, where the group needs it."""
    user = _user(self, self._get_param("UserId"))
    if user.id == DEFAULT:
        refuse("InvalidParameterValue", "User default can not be deleted.")
    holding = [group for group in _groups(self).values() if user.id in group["UserIds"]]
    if user.name == DEFAULT and any(group["Engine"] != _VALKEY for group in holding):
        refuse("DefaultUserAssociatedToUserGroup", f"User {user.id} is the default user of a user group.")
    for group in holding:
        group["UserIds"].remove(user.id)
    del self.elasticache_backend.users[user.id]
    self.elasticache_backend.tagging_service.delete_all_tags_for_resource(user.arn)
    return ActionResult(user)


def _check_members(self: ElastiCacheResponse, engine: str, ids: list[str]) -> None:
    users = [_user(self, each) for each in ids]
    names = [user.name for user in users]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        refuse("DuplicateUserName", f"User group has more than one user called {', '.join(twice)}.")
    if engine != _VALKEY and DEFAULT not in names:
        refuse("DefaultUserRequired", "User group needs to contain a user with the user name default.")
    if len(users) > USERS_PER_GROUP:
        refuse("UserGroupQuotaExceeded", f"A user group has at most {USERS_PER_GROUP} users.")
    for user in users:
        if engine == _VALKEY and user.no_password_required:
            refuse("InvalidParameterValue", f"User {user.id} asks for no password, {engine} does.")
        if engine != _VALKEY and user.engine == _VALKEY:
            refuse("InvalidParameterValue", f"User {user.id} is of {_VALKEY}, the group of {engine}.")


def _create_user_group(self: ElastiCacheResponse) -> ActionResult:
    name, engine = self._get_param("UserGroupId").lower(), self._get_param("Engine").lower()
    ids = [each.lower() for each in self._get_param("UserIds") or []]
    if name in _groups(self):
        refuse("UserGroupAlreadyExists", f"User group {name} already exists.")
    _check_members(self, engine, ids)
    backend = self.elasticache_backend
    made = {
        "UserGroupId": name,
        "Status": "active",
        "Engine": engine,
        "UserIds": ids,
        "MinimumEngineVersion": "6.0",
        "ReplicationGroups": [],
        "ARN": f"arn:aws:elasticache:{backend.region_name}:{backend.account_id}:usergroup:{name}",
    }
    _groups(self)[name] = made
    backend.tagging_service.tag_resource(made["ARN"], self._get_param("Tags") or [])
    return ActionResult(_told(self, made))


def _told(self: ElastiCacheResponse, group: dict[str, Any]) -> dict[str, Any]:
    """As it is told: whose caches have it is asked of the caches, which may be gone."""
    caches = self.elasticache_backend.replication_groups.values()
    used = [each.replication_group_id for each in caches if group["UserGroupId"] in each.user_group_ids]
    return {**group, "UserIds": list(group["UserIds"]), "ReplicationGroups": used}


def _describe_user_groups(self: ElastiCacheResponse) -> ActionResult:
    name = self._get_param("UserGroupId")
    wanted = [_group(self, name)] if name else list(_groups(self).values())
    return ActionResult({"UserGroups": [_told(self, each) for each in wanted]})


def _modify_user_group(self: ElastiCacheResponse) -> ActionResult:
    group = _group(self, self._get_param("UserGroupId"))
    more, fewer = (self._get_param(f"UserIdsTo{word}") or [] for word in ("Add", "Remove"))
    for each in fewer:
        if each not in group["UserIds"]:
            refuse("InvalidParameterValue", f"{each} is not a member of user group {group['UserGroupId']}.")
    for each in more:
        if each in group["UserIds"]:
            refuse("InvalidParameterValue", f"{each} is a member of user group {group['UserGroupId']}.")
    ids = [*(each for each in group["UserIds"] if each not in fewer), *more]
    _check_members(self, group["Engine"], ids)
    group["UserIds"] = ids
    return ActionResult(_told(self, group))


def _delete_user_group(self: ElastiCacheResponse) -> ActionResult:
    group = _told(self, _group(self, self._get_param("UserGroupId")))
    if used := group["ReplicationGroups"]:
        name = group["UserGroupId"]
        refuse("InvalidUserGroupState", f"User group {name} is associated with {', '.join(used)}.")
    del _groups(self)[group["UserGroupId"]]
    self.elasticache_backend.tagging_service.delete_all_tags_for_resource(group["ARN"])
    return ActionResult(group)


def _check_groups(self: ElastiCacheResponse, engine: str, wanted: list[str], *, encrypted: bool) -> None:
    if len(wanted) > 1:
        refuse("InvalidParameterValue", "A replication group has at most one user group.")
    for each in wanted:
        if not encrypted:
            refuse("InvalidParameterCombination", "A user group needs TransitEncryptionEnabled.")
        if engine != _VALKEY and _group(self, each)["Engine"] == _VALKEY:
            refuse("InvalidParameterCombination", f"User group {each} is of {_VALKEY}, the cache {engine}.")


def _create_replication_group(self: ElastiCacheResponse, original: Any) -> Any:
    groups = self._get_param("UserGroupIds") or []
    if groups and self._get_param("AuthToken"):
        refuse("InvalidParameterCombination", "Auth token and user groups exclude each other.")
    encrypted = bool(self._get_bool_param("TransitEncryptionEnabled"))
    _check_groups(self, self._get_param("Engine") or "redis", groups, encrypted=encrypted)
    return original(self)


def _modify_replication_group(self: ElastiCacheResponse, original: Any) -> Any:
    held = self.elasticache_backend.replication_groups.get(self._get_param("ReplicationGroupId"))
    if held is not None:
        _change_access(self, held)
    return original(self)


def _change_access(self: ElastiCacheResponse, held: ReplicationGroup) -> None:
    token, strategy = self._get_param("AuthToken"), self._get_param("AuthTokenUpdateStrategy")
    more, fewer = (self._get_param(f"UserGroupIdsTo{word}") or [] for word in ("Add", "Remove"))
    kept = [each for each in held.user_group_ids if each not in fewer]
    if more and held.auth_token_enabled and strategy != "DELETE":
        refuse(
            "InvalidParameterCombination",
            "User group can't be associated with auth token enabled. Pass AuthStrategy delete to proceed.",
        )
    if strategy == "DELETE" and (token or not more):
        refuse("InvalidParameterCombination", "DELETE takes a user group and no auth token.")
    if token is not None and kept:
        refuse(
            "InvalidParameterCombination",
            "Auth tokens can't be enabled with a user group already associated. "
            "Pass RemoveUserGroups to proceed.",
        )
    encrypted = bool(held.transit_encryption_enabled)
    _check_groups(self, held.engine or "redis", [*kept, *more], encrypted=encrypted)
    held.user_group_ids = [*kept, *more]
    held.auth_token_enabled = bool(token) or (held.auth_token_enabled and strategy != "DELETE")


def _list_tags(self: ElastiCacheBackend, arn: str) -> Any:
    """Of a user group, whose ARN moto takes for none."""
    return self.tagging_service.list_tags_for_resource(arn)


def _list_tagged(original: Any) -> Any:
    def iter_tagged_resources(self: ElastiCacheBackend) -> Iterator[TaggedResource]:
        yield from original(self)
        for group in vars(self).get("user_groups", {}).values():
            tags = self.tagging_service.get_tag_dict_for_resource(group["ARN"])
            yield TaggedResource(arn=group["ARN"], tags=tags, resource_type="elasticache:usergroup")

    return iter_tagged_resources
