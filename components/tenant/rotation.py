"""A tenant's generated passwords, and which of them are in use while they are rotated."""

from __future__ import annotations

from typing import Final

import pulumi
import pulumi_random as random

from components.naming import physical_name
from tiers.facts.every_fact import TenantDatabase
from tiers.plan.plan import TenantPlan, fact_named
from tiers.portfolio.rotation import NEVER

_LENGTH: Final = 40
_DATABASE: Final = "database-password"
_SECOND: Final = "second-password"
_READER: Final = "reader-password"
_MASTER: Final = "admin-password"
_SESSIONS: Final = "sessions-password"
_ADMINISTRATOR: Final = "administrator-password"


class TenantPasswords:
    """The passwords of one tenant. Another number is another resource: nothing is replaced in its place.

    So the way back finds the passwords that were in use before, as long as the rotation has not ended.
    """

    def __init__(self, tenant: TenantPlan, opts: pulumi.ResourceOptions) -> None:
        self._owner, self._opts = tenant.tenant, opts
        rotation = tenant.rotation or NEVER
        self.stage = rotation.stage
        database = fact_named(tenant.facts, TenantDatabase, "database")
        role = database.role
        self.second_role = second_role(role)
        self.database = self._make(_DATABASE, rotation.first_login)
        """The password of the role itself, on every server."""
        self.second: pulumi.Output[str] | None = None
        """The password of the second role, while there is one."""
        if rotation.stage is not None:
            self.second = self._make(_SECOND, rotation.number)
        self.reader: pulumi.Output[str] | None = None
        """The password of the login for reports, if there is one."""
        if database.reader_connections:
            self.reader = self._make(_READER, rotation.used)
        self.login = self.second_role if rotation.second_login else role
        self.login_password = self.second if rotation.second_login and self.second else self.database
        """Who pods log in as, and with which password."""
        self.master = self._make(_MASTER, rotation.used)
        self.administrator = self._make(_ADMINISTRATOR, rotation.used)
        self.replaced_administrator: pulumi.Output[str] | None = None
        """The administrator's earlier first password, while it can still be in use."""
        self._numbers = [each for each in (rotation.used, rotation.replaced) if each is not None]
        if rotation.replaced is not None:
            self._make(_MASTER, rotation.replaced)  # kept for the way back
            self.replaced_administrator = self._make(_ADMINISTRATOR, rotation.replaced)

    def sessions(self) -> list[pulumi.Output[str]]:
        """The passwords of its user in a cache: the one in use first, then one that pods can still have."""
        return [self._make(_SESSIONS, number) for number in self._numbers]

    def _make(self, purpose: str, number: int) -> pulumi.Output[str]:
        name = physical_name(self._owner, *(("rotation", str(number)) if number else ()), purpose)
        return random.RandomPassword(name, length=_LENGTH, special=False, opts=self._opts).result


def second_role(role: str) -> str:
    """The role that logs in for *role* while its password changes; no tenant's own role has such a name.

    >>> second_role("t_acme")
    'second_t_acme'
    """
    return f"second_{role}"


def reader_role(role: str) -> str:
    """The role that reads for reports in the database of *role*; no tenant's own role has such a name.

    >>> reader_role("t_acme")
    'reader_t_acme'
    """
    return f"reader_{role}"


def command_role(role: str) -> str:
    """The role that the command logs in as which upgrades a copy of the database of *role*.

    >>> command_role("t_acme")
    'upgrade_t_acme'
    """
    return f"upgrade_{role}"
