"""What a tenant's database must say before anybody reaches it. The set-up job pipes it into `odoo shell`.

It runs in Odoo's interpreter, with Odoo's `env` and nothing of ours: `odoo.tools` and the ORM know of each
version what SQL would have to guess, and tell pods that run already what has changed.
"""

from __future__ import annotations

import os
import secrets
import sys
import uuid
from pathlib import Path
from typing import Any

ADMINISTRATOR = "admin"
# Odoo's data and demo data make these users with their own name as password.
KNOWN = (ADMINISTRATOR, "demo", "portal")
PASSWORD_FILE = "/run/secrets/administrator/password"  # noqa: S105 - where the password lies
REPLACED_FILE = "/run/secrets/administrator/replaced"
"""The administrator's earlier first password; it is there while a tenant's secrets are rotated."""
COPY_OF = "costack.copy"
"""Names the database whose identity a copy has got; production's own has none."""
CDN = "costack.cdn"
"""Names the CDN that websites were given; a CDN that somebody else wrote is left alone."""


def not_loaded(env: Any, config: Any, path_of: Any) -> list[str]:
    """What Odoo would go without, with no more than a line in its log: sentences."""
    wide = config["server_wide_modules"]
    names = wide.split(",") if isinstance(wide, str) else list(wide)
    failed = [name for name in names if name and f"odoo.addons.{name}" not in sys.modules]
    said = [f"the server-wide module {name} does not load; Odoo's log above says why" for name in failed]
    installed = env["ir.module.module"].search([("state", "=", "installed")]).mapped("name")
    lost = sorted(name for name in installed if not path_of(name, display_warning=False))
    if lost:
        said.append(f"the database has modules that the image does not have: {', '.join(lost)}")
    return said


def known_passwords(env: Any) -> list[Any]:
    """The users who have a password that everybody knows; the first administrator by whatever login."""
    users = env["res.users"].with_context(active_test=False)  # who is archived may be brought back
    context = users._crypt_context()  # noqa: SLF001 - Odoo's own check of a password
    found = []
    for user in users.search(["|", ("login", "in", KNOWN), ("id", "=", _administrator(env))]):
        kept = _kept_password(env, user)
        words = {user.login} | ({ADMINISTRATOR} if user.id == _administrator(env) else set())
        if kept and any(context.verify(word, kept) for word in words):
            found.append(user)
    return found


def close_known_passwords(env: Any, password: str) -> list[str]:
    """Give *password* to the administrator, and to others one that nobody knows; whose it was."""
    closed = known_passwords(env)
    for user in closed:
        is_administrator = user.login == ADMINISTRATOR or user.id == _administrator(env)
        user.password = password if is_administrator else secrets.token_urlsafe(32)
    env.flush_all()
    if known_passwords(env):
        raise SystemExit("a password that everybody knows could not be changed")
    return [user.login for user in closed]


def renew_first_password(env: Any, replaced: str, password: str) -> bool:
    """Give *password* to the administrator where *replaced* still opens; whether it did.

    Who has chosen one of his own keeps it: a rotation of ours is none of his.
    """
    user = env.ref("base.user_admin", raise_if_not_found=False)
    kept = _kept_password(env, user) if user else ""
    context = env["res.users"]._crypt_context()  # noqa: SLF001 - Odoo's own check of a password
    if not kept or not context.verify(replaced, kept):
        return False
    user.password = password
    env.flush_all()
    return True


def _kept_password(env: Any, user: Any) -> str:
    """The hash that Odoo keeps of a user's password; empty where there is none."""
    env.cr.execute("SELECT COALESCE(password, '') FROM res_users WHERE id = %s", [user.id])
    [kept] = env.cr.fetchone()
    return str(kept)


def _administrator(env: Any) -> int:
    """The id of the user that Odoo made as administrator; 0 where somebody deleted it."""
    first = env.ref("base.user_admin", raise_if_not_found=False)
    return int(first.id) if first else 0


def is_copy(parameters: Any) -> bool:
    """Whether the database was made harmless: nothing in Odoo takes that back."""
    return bool(parameters.get_param(COPY_OF) or parameters.get_param("database.is_neutralized"))


def give_identity(parameters: Any, database: str, address: str) -> bool:
    """Make a copy of production one of its own; whether it was not one before.

    Odoo asks its publisher, paid services and push servers in the name of the UUID, signs with the secret,
    and writes the address into mails and links.
    """
    new = bool(parameters.get_param(COPY_OF) != database)
    if new:
        parameters.set_param("database.uuid", str(uuid.uuid1()))
        parameters.set_param("database.secret", str(uuid.uuid4()))
        parameters.set_param(COPY_OF, database)
    parameters.set_param("web.base.url", address)
    parameters.set_param("web.base.url.freeze", "True")
    return new


def link_cdn(env: Any, parameters: Any, address: str, filters: str) -> list[str]:
    """Let all websites name the CDN at *address*; none, where that is empty, as in every copy of production.

    A website with a CDN that somebody else wrote keeps it.

    Returns:
        What was done, as sentences.
    """
    before = parameters.get_param(CDN) or ""
    parameters.set_param(CDN, address or False)
    if not address and not before:
        return []
    if "website" not in env:
        none = "there is no website yet, so nothing names the CDN: deploy anew once there is one"
        return [none] if address else []
    said = []
    for site in env["website"].search([]):
        if site.cdn_url not in {False, "", before, address}:
            said.append(f"website {site.name} keeps its own CDN, {site.cdn_url}")
        elif address:
            site.write({"cdn_activated": True, "cdn_url": address, "cdn_filters": filters})
            said.append(f"website {site.name} names the CDN {address}")
        elif site.cdn_url:
            usual = site.default_get(["cdn_filters"])
            site.write({"cdn_activated": False, "cdn_url": "", **usual})
            said.append(f"website {site.name} names the CDN {before} no longer")
    env.flush_all()
    return said


def settle(env: Any, config: Any, path_of: Any) -> None:
    """Check, and write what must be written.

    Raises:
        SystemExit: With what is wrong; nothing has been written then.
    """
    if wrong := not_loaded(env, config, path_of):
        said = "; ".join(wrong)
        raise SystemExit(f"{said}: images.odoo in platform.yaml names the image and its addons_path")
    parameters, copied = env["ir.config_parameter"].sudo(), os.environ.get("NEUTRALISE") == "yes"
    if not copied and is_copy(parameters):
        raise SystemExit(
            f"{env.cr.dbname} is a neutralised copy, and production needs one that sends mail and works: "
            "restore production's database, or switch on again what was switched off and delete the "
            f"parameters database.is_neutralized, {COPY_OF} and web.base.url.freeze; "
            "then run `pulumi up --refresh`"
        )
    password = Path(PASSWORD_FILE).read_text(encoding="utf-8").strip()
    for login in close_known_passwords(env, password):
        sys.stdout.write(f"user {login} had a password that everybody knows, and has another one now\n")
    replaced = Path(REPLACED_FILE)
    if replaced.exists() and renew_first_password(
        env, replaced.read_text(encoding="utf-8").strip(), password
    ):
        sys.stdout.write("the administrator's first password is another one now\n")
    # wkhtmltopdf asks Odoo for a report's styles: in its own pod they are to be had, whatever else is closed.
    parameters.set_param("report.url", os.environ["REPORT_ADDRESS"])
    for line in link_cdn(env, parameters, os.environ.get("CDN", ""), os.environ.get("CDN_FILTERS", "")):
        sys.stdout.write(f"{line}\n")
    if copied and give_identity(parameters, env.cr.dbname, os.environ["ADDRESS"]):
        sys.stdout.write(f"the copy {env.cr.dbname} has a UUID, a secret and an address of its own\n")
    env.cr.commit()


if __name__ == "__main__":
    from odoo.modules.module import get_module_path  # type: ignore[import-not-found]
    from odoo.tools import config as odoo_config  # type: ignore[import-not-found]

    settle(globals()["env"], odoo_config, get_module_path)
