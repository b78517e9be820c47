"""A website gets its scripts through a CDN that refuses everything else; a copy of it names no CDN."""

from __future__ import annotations

import base64
import http.client
import re
from collections.abc import Callable, Iterator
from typing import Final
from urllib.parse import urlsplit

import httpx
import pytest

from tests.odoo.conftest import Hosts
from tests.odoo.declared import CDN, SITE, STAGING
from tests.odoo.edge import Edge, serving
from tests.odoo.pod import Host
from tests.odoo.shop import in_odoo, install
from tests.odoo.test_copies import back_up, restore
from tests.odoo.visitor import BASE, Visitor
from tiers.plan.routes.cdn import KIB_PER_VISIT, KIB_PER_VISIT_WITHOUT, REQUESTS_PER_VISIT

pytestmark = pytest.mark.odoo

_HOST: Final = f"https://{CDN['hostname']}/"
_NAMED: Final = re.compile(rf'(?:src|href)="({re.escape(_HOST)}[^"]+)"')
_SECRET: Final = "the salaries of the year"
_SETTINGS: Final = "SELECT coalesce(cdn_activated, false), coalesce(cdn_url, '') FROM website ORDER BY id"


@pytest.fixture(scope="module")
def site(hosts: Hosts) -> Host:
    """A tenant with a CDN and a website, set up once more since it has one."""
    host = hosts.of(SITE)
    install(host, "website")
    done = host.run(host.manifests.job("odoo-setup"))
    assert done.code == 0, done.output
    assert f"names the CDN {_HOST}" in done.output
    return host


@pytest.fixture
def edge(site: Host) -> Iterator[Edge]:
    with site.web(), serving(site.manifests.distribution(), BASE) as running:
        yield running


def page(path: str) -> str:
    answer = httpx.get(f"{BASE}{path}", trust_env=False, timeout=120, follow_redirects=True)
    assert answer.status_code == httpx.codes.OK, answer.text[:500]
    return answer.text


def through(edge: Edge, url: str, **headers: str) -> httpx.Response:
    """What the CDN answers at an address of its own."""
    return httpx.get(f"{edge.address}{urlsplit(url).path}", headers=headers, trust_env=False, timeout=120)


def raw(edge: Edge, method: str, target: str, cookie: str) -> tuple[int, str, str | None]:
    """A request that no client has tidied: status, body, and what cookie is set."""
    asked = http.client.HTTPConnection(urlsplit(edge.address).netloc, timeout=120)
    known = {"Cookie": f"session_id={cookie}", "Authorization": f"Bearer {cookie}", "X-Session-Id": cookie}
    asked.request(method, target, headers=known)
    answer = asked.getresponse()
    return answer.status, answer.read().decode(errors="replace"), answer.getheader("Set-Cookie")


def test_pages_name_the_cdn_and_render_with_what_it_serves(edge: Edge, note: Callable[[str], None]) -> None:
    named = {path: _NAMED.findall(page(path)) for path in ("/", "/web/login", "/contactus")}
    asked: list[str] = []
    plain = 0
    for path, urls in named.items():
        assert any(url.endswith(".js") for url in urls), path
        assert not [url for url in urls if url.endswith(".css")], path
    for url in dict.fromkeys(named["/"]):
        first, again = through(edge, url), through(edge, url)
        own = httpx.get(f"{BASE}{urlsplit(url).path}", trust_env=False, timeout=120)
        assert (first.status_code, first.content) == (200, own.content), url
        assert first.headers["access-control-allow-origin"] == "*"
        assert not {"set-cookie"} & {*first.headers, *again.headers}, url
        assert (first.headers["x-cache"], again.headers["x-cache"]) == (
            "Miss from cloudfront",
            "Hit from cloudfront",
        )
        asked.append(urlsplit(url).path)
        plain += len(own.content)
    assert edge.asked == asked
    # Odoo gives whoever has none a session; a kept one would be everybody's.
    assert any(each.startswith("session_id=") for each in edge.cookies)
    compressed, count = edge.sent // 2 // 1024, len(asked)
    note(f"{count} files, {compressed} KiB from the CDN, {plain // 1024} KiB without it")
    # What estimates count on is what is seen, with room for a site's own pictures in modules.
    assert count <= REQUESTS_PER_VISIT
    assert compressed <= KIB_PER_VISIT <= 2 * compressed
    assert plain // 1024 <= KIB_PER_VISIT_WITHOUT <= 2 * plain // 1024


def test_nothing_private_comes_through_it_with_whatever_session(site: Host, edge: Edge) -> None:
    visitor = Visitor()
    assert visitor.log_in("admin", site.administrator_password)
    datas = base64.b64encode(_SECRET.encode()).decode()
    made = {"name": "salaries.txt", "datas": datas, "mimetype": "text/plain"}
    number = visitor.call("ir.attachment", "create", made)
    (token,) = visitor.call("ir.attachment", "generate_access_token", [number])
    own = f"/web/content/{number}"
    assert visitor.client.get(own).text == _SECRET
    refused = (
        *(own, f"{own}?access_token={token}", f"/web/image/{number}", f"/web//content/{number}"),
        *("/", "/odoo", "/my", "/web/login", "/web/session/get_session_info", "/sitemap.xml"),
        *(f"/web/{way}/content/{number}" for way in ("static/..", "static/%2e%2e", "assets/..")),
    )
    for target in refused:
        assert raw(edge, "GET", target, visitor.session) == (403, "MissingKey", None), target
    assert edge.asked == []
    passed = (
        *(f"{own}/static/x", f"/web/content/static/{number}/static/", "/my/static/x"),
        f"/x/static/../../web/content/{number}/static/x",
        *(f"/web/{way}%2fcontent%2f{number}" for way in ("assets/..", "static/..%2f..")),
        f"/web/assets/{number}/salaries.txt?access_token={token}",
    )
    for target in passed:
        status, text, cookie = raw(edge, "GET", target, visitor.session)
        assert (status != httpx.codes.OK, _SECRET in text, cookie) == (True, False, None), target
    for method in ("POST", "PUT", "DELETE"):
        assert raw(edge, method, "/web/assets/x/y.js", visitor.session)[0] in {403, 501}


def test_a_copy_of_it_names_no_cdn_and_the_option_is_taken_back(site: Host, hosts: Hosts) -> None:
    assert site.ask(_SETTINGS) == f"t|{_HOST}"
    staging = hosts.of(STAGING)
    back_up(site)
    restore(site, staging)
    done = staging.run(staging.manifests.job("odoo-setup"))
    assert done.code == 0, done.output
    assert staging.ask(_SETTINGS) == "f|"
    with staging.web():
        for path in ("/", "/web/login"):
            assert CDN["hostname"] not in page(path)
    theirs = "{'name': 'theirs', 'cdn_activated': True, 'cdn_url': 'https://cdn.example.net'}"
    in_odoo(site, f"env['website'].create({theirs})\nenv.cr.commit()")
    done = site.run(site.manifests.job("odoo-setup"))
    assert "website theirs keeps its own CDN, https://cdn.example.net" in done.output
    done = site.run(site.manifests.job("odoo-setup"), CDN="", CDN_FILTERS="")
    assert done.code == 0, done.output
    assert site.ask(_SETTINGS) == "f|\nt|https://cdn.example.net"
    with site.web():
        assert CDN["hostname"] not in page("/")
