from __future__ import annotations

from typing import Any

import pytest

from tests.portfolios import catalog, plan_of, tenant
from tiers.facts.compute import Job, ScheduledJob, Workload
from tiers.facts.data import FileShare, LogicalBackup, TenantDatabase
from tiers.facts.names import OPERATIONS_NAMESPACE
from tiers.facts.network import Egress, Route
from tiers.facts.record import FactRecord
from tiers.plan.plan import TenantPlan, fact_named, facts_of

MIGRATION: dict[str, Any] = {
    "environment": "migration",
    "expires_at": "2027-01-31T00:00:00Z",
    "cutover": "2027-01-15",
}


def planned(**changes: Any) -> TenantPlan:
    return plan_of(tenant("acme", **changes)).tenants[0]


def the(plan: TenantPlan, kind: type[FactRecord]) -> Any:
    (fact,) = facts_of(plan.facts, kind)
    return fact


@pytest.mark.parametrize(("workload_class", "port"), [("xs", 8072), ("m", 8072), ("sandbox", 8069)])
def test_the_websocket_port_follows_the_workers(workload_class: str, port: int) -> None:
    plan = planned(options={"users": 1, "workload_class": workload_class})
    assert the(plan, Route).websocket_port == port
    workers = fact_named(plan.facts, Workload, "web").odoo
    assert workers is not None
    assert (workers.web_workers > 0) is (port == 8072)


def test_a_production_tenant_has_scheduled_actions_beside_its_web_pods() -> None:
    plan = planned()
    web, cron = facts_of(plan.facts, Workload)
    assert web.odoo is not None
    assert cron.odoo is not None
    assert (web.odoo.cron_threads, cron.odoo.web_workers, cron.odoo.cron_threads) == (0, 0, 1)


@pytest.mark.parametrize("changes", [{"environment": "staging"}, MIGRATION])
def test_a_copy_of_production_stays_quiet(changes: dict[str, Any]) -> None:
    plan = planned(**changes)
    assert [fact.name for fact in facts_of(plan.facts, Workload)] == ["web"]
    assert the(plan, Egress).internet is False


def test_production_may_send_mail() -> None:
    assert the(planned(), Egress).internet is True
    assert the(planned(), Egress).mail_ports == (465, 587)


def test_production_fetches_mail_where_its_file_says_so_and_copies_never_do() -> None:
    fetching = planned(options={"users": 1, "mail_ports": [993, 465, 587, 993]})
    assert the(fetching, Egress).mail_ports == (465, 587, 993)
    assert the(planned(options={"users": 1, "mail_ports": []}), Egress).mail_ports == ()
    assert the(planned(environment="staging"), Egress).mail_ports == ()


@pytest.mark.parametrize("port", [25, 110, 143, 443, 2525, 0, -1, 70000])
def test_a_mail_port_without_tls_is_refused_with_those_there_are(port: int) -> None:
    with pytest.raises(ValueError, match=r"465 or 587, which send mail, 993 \(IMAP\) or 995 \(POP\)"):
        planned(options={"users": 1, "mail_ports": [port]})


def test_a_migration_is_not_backed_up_and_says_when_it_ends() -> None:
    plan = planned(**MIGRATION)
    assert facts_of(plan.facts, LogicalBackup) == []
    assert facts_of(plan.facts, ScheduledJob) == []
    assert plan.expires_at is not None
    assert plan.expires_at.isoformat() == "2027-01-31T00:00:00+00:00"


def test_backups_hold_every_kept_dump_and_the_files_once() -> None:
    plan = planned(options={"users": 1, "database_gib": 7, "filestore_gib": 3})
    # 30 daily dumps of a quarter of 7 GiB are 52.5 GiB, rounded up; then the filestore.
    assert the(plan, LogicalBackup).storage_gib == 53 + 3
    assert fact_named(plan.facts, ScheduledJob, "backup").minutes_per_month == 300


@pytest.mark.parametrize(
    ("workload_class", "ceiling"),
    [
        ("xs", 2 * 8 + 16 + 1 * 9 + 1 + 4),  # two workers and the websocket process, a cron thread, LISTEN
        ("m", 4 * (4 * 8 + 16) + 2 * 9 + 1 + 4),  # up to four pods of four workers
        ("sandbox", 32 + 1 + 4),  # one threaded process, no scheduled actions
    ],
)
def test_a_role_may_open_what_its_processes_can_hold(workload_class: str, ceiling: int) -> None:
    plan = planned(options={"users": 1, "workload_class": workload_class})
    assert the(plan, TenantDatabase).connection_limit == ceiling


def test_names_in_postgresql_have_no_dashes() -> None:
    database = the(plan_of(tenant("acme-two")).tenants[0], TenantDatabase)
    assert (database.database, database.role) == ("odoo_acme_two", "t_acme_two")


def test_databases_are_set_up_where_the_master_secret_may_be_read() -> None:
    setup, odoo = facts_of(planned().facts, Job)
    assert (setup.namespace, odoo.namespace) == (OPERATIONS_NAMESPACE, "odoo-production")


def test_files_belong_to_odoo() -> None:
    share = the(planned(), FileShare)
    assert (share.path, share.owner_user, share.owner_group) == ("/tenants/acme", 100, 101)


def test_every_offer_of_every_tier_can_be_planned() -> None:
    seen = 0
    for name, tier in catalog().tiers.items():
        for environment in tier.offers:
            ends = MIGRATION if environment == "migration" else {}
            plan = planned(tier=name, **{"environment": environment} | ends)
            assert plan.facts
            seen += 1
    assert seen >= 3
