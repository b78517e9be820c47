"""A quotation is printed as a styled PDF by tenants of every class, with the way out open and closed."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.odoo.pod import Host, Running
from tests.odoo.services import silent_host
from tests.odoo.shop import in_odoo
from tests.odoo.visitor import Visitor

pytestmark = pytest.mark.odoo
STYLES = "/web/assets/"


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


def assert_styled(pdf: bytes, web: Running) -> None:
    """Its style sheets were asked for and delivered, and the fonts that they name are in it."""
    sheets = [line for line in web.output.splitlines() if STYLES in line and ".css" in line and "GET" in line]
    assert sheets, web.output[-3000:]
    assert all('" 200 ' in line for line in sheets), sheets
    assert b"Lato" in pdf, "the font of Odoo's style sheets is not in the PDF"


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
            assert_styled(pdf, web)
            assert took < 60, f"{took:.0f} s"
    assert web.memory.killed == 0
    note(f"{way_out}: {len(pdf) // 1000} kB in {took:.0f} s, peak {web.memory.peak_mib} MiB")


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
