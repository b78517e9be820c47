"""What our set-up does to a copy of production, beside what Odoo's own command does to the same data."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, Final

import pytest

from tests.odoo.conftest import Hosts
from tests.odoo.declared import STAGING
from tests.odoo.pod import Host
from tests.odoo.shop import in_odoo, install
from tests.odoo.test_copies import back_up, restore

pytestmark = pytest.mark.odoo

Change = tuple[str, str, str]
"""A table, a row's key, and the column that changed; `-` for a row that went, `+` for one that came."""
Rows = Mapping[tuple[str, str], Mapping[str, Any]]
"""The rows of all tables, by table and key."""

_APPS: Final = ("auth_oauth", "delivery", "google_calendar", "microsoft_calendar", "website_sale")
"""Each brings a part of Odoo's own command along."""
# Everything that Odoo's command looks for in these modules, with values that only production may have.
_HARM: Final = """
def fill(model, **values):
    fields = env[model]._fields
    return env[model].create({name: value for name, value in values.items() if name in fields})
fill('ir.mail_server', name='real', smtp_host='mail.example.com', smtp_port=25)
fill('fetchmail.server', name='real', server='mail.example.com', user='u', password='p', server_type='imap',
     state='done')
env['payment.provider'].search([], limit=1).write({'state': 'enabled', 'is_published': True})
env['delivery.carrier'].search([], limit=1).prod_environment = True
env['website'].search([], limit=1).write({'domain': 'https://shop.example.com', 'cdn_activated': True,
                                          'cdn_url': 'https://cdn.example.com'})
env['auth.oauth.provider'].search([], limit=1).write({'enabled': True, 'client_id': 'client'})
env['mail.template'].search([], limit=1).mail_server_id = env['ir.mail_server'].search([], limit=1)
for key in ('mail.web_push_vapid_private_key', 'mail.web_push_vapid_public_key', 'mail.sfu_server_key'):
    env['ir.config_parameter'].set_param(key, 'secret')
env['ir.config_parameter'].set_param('web.base.url', 'https://production.example.com')
if 'webhook_url' in env['ir.actions.server']._fields:
    fill('ir.actions.server', name='tells somebody', model_id=env.ref('base.model_res_partner').id,
         state='webhook', webhook_url='https://hook.example.com')
services = env['iap.service'].search([], limit=1).id if 'iap.service' in env else False
paid = fill('iap.account', service_name='sms', service_id=services)
env.cr.execute("UPDATE iap_account SET account_token = 'abcdef0123456789' WHERE id = %s", [paid.id])
env.cr.commit()
"""
_OWN_COMMAND: Final = 'odoo neutralize --config=/etc/odoo/odoo.conf --database="$1"'
_TABLES: Final = """SELECT c.relname,
    EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'id')
  FROM pg_class c WHERE c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace ORDER BY 1"""
# When and by whom is another question; the set-up itself logs in, which Odoo writes down.
_NOT_COMPARED: Final = "{write_date,write_uid,create_date,create_uid}"
_NAMED_BY: Final = {"ir_config_parameter": "key", "ir_mail_server": "name"}
"""Tables of which both commands make rows: a row is the same by its name, whatever its id."""


def rows(host: Host) -> Rows:
    """Every row of the tenant's database."""
    found: dict[tuple[str, str], Mapping[str, Any]] = {}
    for line in host.ask(_TABLES).split("\n"):
        table, numbered = line.split("|")
        key = _NAMED_BY.get(table, "id" if numbered == "t" else "")
        said = host.ask(f"SELECT to_jsonb(t) - '{_NOT_COMPARED}'::text[] FROM {table} t")  # noqa: S608 - a catalog's name
        for text in filter(None, said.split("\n")):
            row = json.loads(text)
            found[(table, str(row[key]) if key else text)] = row
    return found


def changes(before: Rows, after: Rows) -> dict[Change, Any]:
    """What differs, with the new value of each."""
    found: dict[Change, Any] = {(*key, "-"): None for key in before.keys() - after.keys()}
    for key, row in after.items():
        if key not in before:
            found[(*key, "+")] = {name: value for name, value in row.items() if name != "id"}
            continue
        found |= {(*key, name): value for name, value in row.items() if value != before[key].get(name)}
    return found


def test_our_set_up_does_all_that_odoos_own_command_does_and_more(
    hosts: Hosts, note: Callable[[str], None]
) -> None:
    """The same dump is restored twice into staging: Odoo's command runs on one, our set-up on the other."""
    production, staging = hosts.selling(hosts.of("xs")), hosts.of(STAGING)
    install(production, ",".join(_APPS))
    in_odoo(production, _HARM)
    back_up(production)
    restore(production, staging)
    original = rows(staging)
    done = staging.run(
        staging.manifests.job("odoo-setup"), ["/bin/bash", "-c", _OWN_COMMAND, "own", staging.database]
    )
    assert done.code == 0, done.output
    theirs = changes(original, rows(staging))
    restore(production, staging)
    done = staging.run(staging.manifests.job("odoo-setup"))
    assert done.code == 0, done.output
    ours = changes(original, rows(staging))

    missing = {key: value for key, value in theirs.items() if ours.get(key, "not changed") != value}
    assert missing == {}
    besides = ours.keys() - theirs.keys()
    more = sorted({key if table in _NAMED_BY else f"{table}.{column}" for table, key, column in besides})
    note(f"{len(theirs)} changes of Odoo's command, all made; besides: {', '.join(more)}")
