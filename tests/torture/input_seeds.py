"""Small files and answers that can be read, one of each kind that people give us, and their readers."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial
from pathlib import Path
from shutil import copytree, ignore_patterns

import duckdb
import stamina

from allocation.adapters.bill import ingest
from allocation.adapters.folders.earlier_months import month_in
from allocation.adapters.folders.review_sign_off import read_sign_off, sign_off_text
from allocation.adapters.price_list.fetching import PriceList
from allocation.adapters.price_list.offers import on_demand_rows, open_offer
from allocation.adapters.pulumi.deployed import inventory_of_state
from allocation.adapters.pulumi.preview import plans_of_preview
from allocation.adapters.pulumi.stack_files import stacks_of
from allocation.adapters.pulumi.stack_outputs import inventory_of_file
from allocation.adapters.usage import known_quantities
from allocation.adapters.usage.backup_manifests import counted_users
from allocation.adapters.usage.endpoint import Endpoint
from allocation.adapters.usage.intake import read_usage
from allocation.adapters.usage.opencost import HOURS, OpenCost
from allocation.adapters.usage.prometheus import Prometheus
from allocation.adapters.usage.queries import queries
from allocation.charges import ChargePeriod
from allocation.engine.rulebook import rules_on
from allocation.estimate.estimated_statement import estimated_statement
from allocation.prices.price_book import load_price_book
from lifecycle.adapters.adoption_file import read_adoption, tree_of, write_adoption
from lifecycle.adoption.checklist import with_spellings
from lifecycle.adoption.document import rendered
from lifecycle.adoption.inventory import read_inventory
from lifecycle.adoption.state import FILE
from lifecycle.decommission.plan import read_plan
from lifecycle.evidence import read as read_evidence
from lifecycle.import_estate import match_resources, read_planned, read_rows
from tests.allocation.adapters.price_list.offer_files import RDS
from tests.allocation.adapters.price_list.price_server import index_of
from tests.allocation.adapters.raw_server import HEAD
from tests.allocation.adapters.usage.server import vector
from tests.lifecycle.adoption.estates import adoption
from tests.portfolios import ROOT, catalog
from tests.torture import bill_fuzz
from tiers.catalog.loading import CATALOG_DIRECTORY, load_catalog
from tiers.files import read_json
from tiers.inventory import Inventory
from tiers.plan.resolve import resolve
from tiers.portfolio.loading import load_portfolio

STORED = ROOT / "tests" / "data" / "stored" / "0.1"
NOVEMBER = ChargePeriod.month("2026-11")
DRIVER = "storage-gib"
DAY = ChargePeriod(NOVEMBER.start, NOVEMBER.start + timedelta(days=1))


@dataclass(frozen=True)
class Given:
    """Something that people give us: its kind, the ending of its name, its content, and who reads it."""

    kind: str
    name: str
    content: bytes
    read: Callable[[bytes], object]


def givens(folder: Path, url: Callable[[bytes], str]) -> Iterator[Given]:
    """One of each kind; *url* sets the answer of a server."""
    yield from _of_portfolios(folder)
    yield from _of_stacks(folder)
    yield from _of_money(folder)
    yield from _of_servers(folder, url)
    yield from _of_adoptions(folder)


def _written(path: Path, read: Callable[[Path], object]) -> Callable[[bytes], object]:
    def reading(content: bytes) -> object:
        path.write_bytes(content)
        return read(path)

    path.parent.mkdir(parents=True, exist_ok=True)
    return reading


def _stored(kind: str, of: str, path: Path, read: Callable[[Path], object]) -> Given:
    content = (STORED / of).read_bytes()
    return Given(kind, path.name, content, _written(path, read))


def _kept(path: Path, read: Callable[[Path], object]) -> Callable[[bytes], object]:
    """Reads a file among others, which is as it was afterwards."""
    before = path.read_bytes()

    def reading(content: bytes) -> object:
        try:
            return _written(path, read)(content)
        finally:
            path.write_bytes(before)

    return reading


def _of_portfolios(folder: Path) -> Iterator[Given]:
    portfolio = Path(copytree(STORED / "portfolio", folder / "stored"))
    sold = Path(
        copytree(CATALOG_DIRECTORY, folder / "catalog", ignore=ignore_patterns("*.py", "__pycache__"))
    )
    for name, priced in (("tenants/acme.yaml", False), ("platform.yaml", False), ("tenants/acme.yaml", True)):
        file = portfolio / name
        kind = f"{'estimate' if priced else 'portfolio'} {file.name}"
        read = _estimated if priced else _planned
        yield Given(kind, file.name, file.read_bytes(), _kept(file, partial(_of_folder, read, portfolio)))
    for name in ("classes.yaml", "dedicated-db.yaml"):
        file = sold / name
        yield Given(
            f"catalog {name}", name, file.read_bytes(), _kept(file, lambda path: load_catalog(path.parent))
        )
    prices = folder / "prices" / "aws.yaml"
    read_prices = lambda path: load_price_book("USD", path.parent, ["us-east-1"])  # noqa: E731 - a reader
    yield _stored("prices", "prices/aws-us-east-1.yaml", prices, read_prices)
    rules = folder / "rules" / "2026-11.yaml"
    read_rules = lambda path: rules_on(date(2026, 11, 1), path.parent)  # noqa: E731 - a reader
    yield _stored("rules", "rulebook/2026-11.yaml", rules, read_rules)
    facts = tuple(inventory_of_file(STORED / "local" / "inventory.json").plan.all_facts())
    read_quantities = lambda path: known_quantities.read_usage(path, facts, date(2026, 11, 1))  # noqa: E731 - a reader
    yield _stored("quantities", "usage/quantities.yaml", folder / "quantities.yaml", read_quantities)
    signing = sign_off_text("2026-11", ["a", "b"], {"a": {"decision": "x", "by": "y", "on": "2026-11-01"}})
    sign_off = _written(folder / "sign-off.yaml", lambda path: read_sign_off(path, "2026-11"))
    yield Given("sign-off", "sign-off.yaml", signing.encode(), sign_off)


def _of_folder(read: Callable[[Path], object], portfolio: Path, _file: Path) -> object:
    return read(portfolio)


def _planned(folder: Path) -> Inventory:
    return Inventory(plan=resolve(catalog(), load_portfolio(folder, catalog())), cloud_ids={})


def _estimated(folder: Path) -> object:
    prices = load_price_book("USD", regions=["us-east-1"])
    return estimated_statement(_planned(folder), NOVEMBER, prices, rules_on(date(2026, 11, 1)))


def _of_stacks(folder: Path) -> Iterator[Given]:
    stack = b"config:\n  costack:portfolio: local\n  aws:region: us-east-1\nencryptionsalt: v1:a:v1:b\n"
    stack_file = _written(folder / "project" / "Pulumi.a.yaml", lambda path: stacks_of("local", path.parent))
    yield Given("stack file", "Pulumi.a.yaml", stack, stack_file)
    yield _stored("inventory", "month/inventory.json", folder / "inventory.json", inventory_of_file)
    yield _stored("state", "lifecycle/state.json", folder / "state.json", _deployed)
    preview = gzip.decompress((STORED / "local" / "pulumi-preview.json.gz").read_bytes())
    yield Given("preview", "preview.json", preview, _written(folder / "preview.json", plans_of_preview))
    yield _stored("plan", "lifecycle/sandbox.plan.json", folder / "plan.json", read_plan)
    yield _stored("evidence", "lifecycle/sandbox.evidence.jsonl", folder / "evidence.csv", read_evidence)
    yield _stored("estate", "local/estate.csv", folder / "estate.csv", partial(_matched, preview))
    manifest = folder / "manifests" / "manifest.json"
    read_users = lambda path: counted_users(path.parent, NOVEMBER)  # noqa: E731 - a reader
    told = json.loads((STORED / "lifecycle" / "manifest.json").read_text(encoding="utf-8"))
    told |= {"started": "2026-11-01T02:00:00Z", "active_users": 5}
    yield Given("manifest", manifest.name, json.dumps(told).encode(), _written(manifest, read_users))


def _deployed(path: Path) -> object:
    return inventory_of_state(read_json(path), str(path))


def _matched(preview: bytes, path: Path) -> object:
    return match_resources(read_rows(path), read_planned(json.loads(preview), "preview"))


def _of_money(folder: Path) -> Iterator[Given]:
    filed = folder / "filed" / "2026-11" / "statement.json"
    yield _stored("filed month", "month/run/statement.json", filed, lambda path: month_in(path.parent))
    for name, text in (("offer.csv", RDS.as_csv()), ("offer.json", RDS.as_json())):
        yield Given(f"price list {name}", name, text.encode(), _written(folder / name, _offered))
    for name, content in bill_fuzz.seeds().items():
        yield Given(f"bill {name}", name, content, _written(folder / "bills" / name, _ingested))
    yield _stored("usage", "usage/every-driver.csv", folder / "usage.csv", _used)
    rows = folder / "rows.parquet"
    duckdb.sql(f"COPY (FROM read_csv('{STORED}/usage/every-driver.csv', all_varchar = true)) TO '{rows}'")
    yield Given("usage rows.parquet", rows.name, rows.read_bytes(), _written(rows, _used))


def _offered(path: Path) -> object:
    return list(on_demand_rows(open_offer(path)))


def _ingested(path: Path) -> object:
    with duckdb.connect(config={"threads": "1", "memory_limit": "200MB"}) as connection:
        return ingest(connection, [path], NOVEMBER, "USD")


def _used(path: Path) -> object:
    with duckdb.connect(config={"threads": "1", "memory_limit": "200MB"}) as connection:
        return read_usage(connection, [path], NOVEMBER, ["users", "cpu-used"])


def _of_servers(folder: Path, url: Callable[[bytes], str]) -> Iterator[Given]:
    hours = {field: 24 for field, _ in HOURS.values()}
    answers: dict[str, tuple[str, Callable[[str], object]]] = {
        "Prometheus": (vector(({queries().of(DRIVER).tenant: "acme"}, "288")), _measured),
        "OpenCost": (json.dumps({"code": 200, "data": [{"acme": hours, "bolt": hours}]}), _counted),
        "price index": (index_of(RDS), partial(_fetched, folder)),
    }
    for kind, (body, read) in answers.items():
        for form in ("json", "json.gz", "http"):
            wrapped = partial(_wrapped, form)
            content = gzip.compress(body.encode(), mtime=0) if form == "json.gz" else body.encode()
            seed = wrapped(content) if form == "http" else content
            asked = partial(_asked, url, wrapped if form != "http" else bytes, read)
            yield Given(f"{kind} {form}", f"answer.{form}", seed, asked)


def _wrapped(form: str, body: bytes) -> bytes:
    encoding = b"Content-Encoding: gzip\r\n" if form == "json.gz" else b""
    return HEAD + encoding + b"Content-Length: %d\r\n\r\n" % len(body) + body


def _asked(
    url: Callable[[bytes], str], wrap: Callable[[bytes], bytes], read: Callable[[str], object], content: bytes
) -> object:
    with stamina.set_testing(True, attempts=1):
        return read(url(wrap(content)))


def _measured(url: str) -> object:
    # It answers everything alike: also to checks, in how many samples of the day they find something.
    server = Prometheus(Endpoint(url, timeout_seconds=20), unlabelled="shared", least_coverage_percent=0)
    return list(server.fetch(DAY, [DRIVER]))


def _counted(url: str) -> object:
    return list(OpenCost(Endpoint(url, timeout_seconds=20), unlabelled="shared").fetch(DAY))


def _fetched(folder: Path, url: str) -> object:
    return PriceList(url, first_wait_seconds=0.01).fetch("AmazonRDS", "us-east-1", folder, lambda *_: None)


def _of_adoptions(folder: Path) -> Iterator[Given]:
    estate = ROOT / "examples" / "adopt" / "estate.csv"
    inventory = _written(folder / "adoption" / "estate.csv", read_inventory)
    yield Given("inventory of an adoption", estate.name, estate.read_bytes(), inventory)
    rows = read_inventory(estate).rows
    text = f"# ours\n{rendered(tree_of(with_spellings(adoption(()), rows)))}"
    checklist = _written(folder / "adoption" / FILE, lambda path: _written_anew(path.parent))
    yield Given("checklist of an adoption", FILE, text.encode(), checklist)


def _written_anew(folder: Path) -> str:
    """The checklist with another headroom, as it is written when a person changed it in whatever way."""
    known, text = read_adoption(folder)
    other = known.model_copy(update={"headroom_percent": 399 - known.headroom_percent % 2})
    return write_adoption(folder, other, text)
