"""A long scheduled action runs once: neither PostgreSQL nor Odoo ends it half-way."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from typing import Final

import pytest

from tests.odoo.pod import Host
from tests.odoo.shop import in_odoo

pytestmark = pytest.mark.odoo
SECONDS: Final = int(os.environ.get("ODOO_LONG_ACTION_SECONDS", "20"))
_ACTION: Final = """
code = "env.cr.execute('SELECT pg_sleep({seconds})')\\nenv['res.partner'].create({{'name': 'worked long'}})"
env['res.partner'].search([('name', '=', 'worked long')]).unlink()
env['ir.cron'].search([]).active = False
env['ir.cron'].create({{
    'name': 'works long', 'model_id': env.ref('base.model_res_partner').id, 'state': 'code', 'code': code,
    'interval_type': 'months', 'nextcall': '2020-01-01 00:00:00'}})
env.cr.commit()
"""
_RUNS: Final = "SELECT count(*) FROM res_partner WHERE name = 'worked long'"


def test_a_long_action_runs_once(host: Host, note: Callable[[str], None]) -> None:
    if "cron" not in host.workloads:
        pytest.skip("this class has no scheduled actions")
    in_odoo(host, _ACTION.format(seconds=SECONDS))
    with host.cron() as cron:
        until = time.monotonic() + SECONDS + 90
        while host.ask(_RUNS) == "0":
            assert time.monotonic() < until, cron.output[-3000:]
            time.sleep(1)
        time.sleep(min(70, SECONDS))  # another run of it would have begun by now, and ended
        assert host.ask(_RUNS) == "1"
    assert "idle-in-transaction" not in cron.output
    note(f"{SECONDS} s")
