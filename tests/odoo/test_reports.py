"""A quotation is printed as a styled PDF by tenants of every class, with the way out open and closed."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final

import pytest

from tests.odoo.pod import Host
from tests.odoo.services import silent_host
from tests.odoo.shop import in_odoo
from tests.odoo.visitor import Visitor

pytestmark = pytest.mark.odoo
_LEAST_BYTES: Final = 20_000
"""A page with text in fonts of its own."""


def address(seller: Host, url: str) -> None:
    """What Odoo believes to be its address outside."""
    in_odoo(seller, f"env['ir.config_parameter'].set_param('web.base.url', '{url}')\nenv.cr.commit()")


def print_quotation(visitor: Visitor) -> bytes:
    (order,) = visitor.call("sale.order", "search", [], limit=1)
    answer = visitor.client.get(f"/report/pdf/sale.report_saleorder/{order}")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/pdf"), answer.text[
        :2000
    ]
    assert answer.content.startswith(b"%PDF-")
    return answer.content


def assert_styled(pdf: bytes, log: str) -> None:
    """Its style sheets were asked for and delivered, and the fonts that they name."""
    for kind in (r"/web/assets/\S+\.css", r"/web/static/fonts/\S+"):
        asked = re.findall(rf'"GET ({kind}) HTTP/1\.\d" (\d+)', log)
        assert asked, f"nobody asked for {kind}"
        assert {code for _, code in asked} <= {"200", "304"}, asked
    assert len(pdf) > _LEAST_BYTES


@pytest.mark.parametrize("way_out", ["open", "closed"])
def test_a_quotation_is_printed_and_styled(seller: Host, way_out: str, note: Callable[[str], None]) -> None:
    with silent_host() as nowhere:
        address(seller, "http://127.0.0.1:8069" if way_out == "open" else nowhere)
        with seller.web() as web:
            visitor = Visitor()
            assert visitor.log_in("admin", seller.administrator_password)
            began = time.monotonic()
            pdf = print_quotation(visitor)
            took = time.monotonic() - began
            assert_styled(pdf, web.output)
            assert took < 60, f"{took:.0f} s"
    assert web.memory.killed == 0
    note(f"{len(pdf) // 1000} kB in {took:.0f} s, peak {web.memory.peak_mib} MiB")


def test_as_many_print_at_once_as_there_are_workers(seller: Host, note: Callable[[str], None]) -> None:
    """Each waits for styles that another worker must deliver."""
    workers = int(seller.manifests.deployment("web")["containers"][0]["args"][1].partition("=")[2]) or 4
    with seller.web() as web:
        visitors = [Visitor() for _ in range(workers)]
        for visitor in visitors:
            assert visitor.log_in("admin", seller.administrator_password)
        began = time.monotonic()
        with ThreadPoolExecutor(workers) as pool:
            printed = list(pool.map(print_quotation, visitors))
        took = time.monotonic() - began
        assert len(printed) == workers
    assert web.memory.killed == 0
    note(f"{workers} at once in {took:.0f} s, peak {web.memory.peak_mib} MiB")


_MONTHLY: Final = """
code = (
    "order = env['sale.order'].search([], limit=1)\\n"
    "report = env['ir.actions.report']\\n"
    "pdf = report._render_qweb_pdf('sale.action_report_saleorder', order.ids)[0]\\n"
    "env['ir.attachment'].create({'name': 'printed by night', 'raw': pdf})\\n"
)
env['ir.cron'].search([]).active = False
env['ir.cron'].create({
    'name': 'prints by night', 'model_id': env.ref('base.model_res_partner').id, 'state': 'code',
    'code': code, 'interval_type': 'months', 'nextcall': '2020-01-01 00:00:00'})
env['ir.attachment'].search([('name', '=', 'printed by night')]).unlink()
env.cr.commit()
"""


_PRINTED: Final = "SELECT file_size FROM ir_attachment WHERE name = 'printed by night'"


def test_a_scheduled_action_prints_a_styled_report(seller: Host, note: Callable[[str], None]) -> None:
    """Mails with reports go out of the pod of scheduled actions, where no visitor is served."""
    if "cron" not in seller.workloads:
        pytest.skip("this class has no scheduled actions")
    in_odoo(seller, _MONTHLY)
    with silent_host() as nowhere:
        address(seller, nowhere)
        with seller.cron() as cron:
            until = time.monotonic() + 150
            while not (size := seller.ask(_PRINTED)):
                assert time.monotonic() < until, cron.output[-3000:]
                time.sleep(1)
            assert_styled(b" " * int(size), cron.output)
    assert cron.memory.killed == 0
    note(f"{int(size) // 1000} kB, peak {cron.memory.peak_mib} MiB")
