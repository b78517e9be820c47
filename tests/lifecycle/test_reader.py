"""The login for reports on a real PostgreSQL server: it reads what people work with, no secret."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any, Final

import pytest

from components.scripts import script
from components.tenant.rotation import reader_role
from tests.lifecycle.hostile import ONE, OTHER, answered, connect
from tests.lifecycle.pods import READER_PASSWORD, Pods, set_up
from tests.postgres import NEWEST_SOLD, Server

pytestmark = [pytest.mark.postgres, pytest.mark.parametrize("server", [NEWEST_SOLD], indirect=True)]
ROLE: Final = reader_role(ONE["user"])
READER: Final = {"user": ROLE, "password": READER_PASSWORD, "database": ONE["database"]}
TABLES: Final = """
CREATE TABLE sale_order (id integer, name text, amount_total numeric, access_token text);
INSERT INTO sale_order VALUES (1, 'S00001', 100, 'a link without a password');
CREATE TABLE res_users (id integer, login text, password text, totp_secret text);
INSERT INTO res_users VALUES (1, 'anna', 'a hash', 'a seed');
CREATE TABLE ir_config_parameter (id integer, key text, value text);
CREATE TABLE res_users_apikeys (id integer, name text);
CREATE TABLE payment_provider (id integer, code text, stripe_secret_key text);
CREATE TABLE hr_employee (id integer, name text, pin text);
CREATE TABLE l10n_es_edi_certificate (id integer, content bytea);
CREATE VIEW sale_report AS SELECT name, amount_total AS price_total FROM sale_order;
"""
CLOSED: Final = (
    "SELECT password FROM res_users",
    "SELECT * FROM res_users",
    "SELECT totp_secret FROM res_users",
    "SELECT access_token FROM sale_order",
    "SELECT value FROM ir_config_parameter",
    "SELECT name FROM res_users_apikeys",
    "SELECT code FROM payment_provider",
    "SELECT pin FROM hr_employee",
    "SELECT content FROM l10n_es_edi_certificate",
    "SELECT * FROM pg_authid",
    f"SET ROLE {ONE['user']}",
    "SET default_transaction_read_only = off; UPDATE sale_order SET name = 'mine'",
    "SET default_transaction_read_only = off; CREATE TABLE mine (id integer)",
)


def deploy(pods: Pods, readers: int) -> subprocess.CompletedProcess[str]:
    """Run the set-up job of the database."""
    return set_up(pods, ONE["user"], ONE["database"], ONE["password"], readers=readers)


def give_rights(server: Server) -> None:
    """What the set-up job of Odoo does with the tenant's own login."""
    text = script("reader_rights.sql").replace(':"reader"', ROLE).replace(":'reader'", f"'{ROLE}'")
    server.ask(text.replace(':"db"', ONE["database"]), **ONE)


@pytest.fixture
def one(pods: Pods) -> Iterator[Server]:
    """A server with two tenants; the one has tables as Odoo makes them."""
    assert deploy(pods, 2).returncode == 0
    assert set_up(pods, OTHER["user"], OTHER["database"], OTHER["password"]).returncode == 0
    pods.server.ask(TABLES, **ONE)
    yield pods.server
    for tenant in (ONE, OTHER):
        drop(pods, tenant)


def drop(pods: Pods, tenant: dict[str, str]) -> subprocess.CompletedProcess[str]:
    env: dict[str, Any] = {
        "MASTER_SECRET_ARN": "arn:master",
        "TENANT_ROLE": tenant["user"],
        "SECOND_LOGIN": f"second_{tenant['user']}",
        "READER_ROLE": reader_role(tenant["user"]),
        "TENANT_DATABASE": tenant["database"],
        "PGHOST": pods.server.host,
    }
    return pods.run(script("database_drop.sh"), **env)


def test_it_reads_what_people_work_with_and_no_secret(one: Server) -> None:
    refused = one.try_to_ask("SELECT 1", **READER)
    assert "User does not have CONNECT privilege" in refused.stderr
    for _ in range(2):  # safe to run again
        give_rights(one)
    assert one.ask("SELECT name, amount_total FROM sale_order", **READER) == "S00001|100"
    assert one.ask("SELECT login FROM res_users", **READER) == "anna"
    assert one.ask("SELECT price_total FROM sale_report", **READER) == "100"
    for sql in CLOSED:
        tried = one.try_to_ask(sql, **READER)
        assert tried.returncode, sql
        assert "denied" in tried.stderr, tried.stderr
    assert one.try_to_ask("SELECT 1", **{**READER, "database": OTHER["database"]}).returncode
    assert READER_PASSWORD not in one.log


def test_what_a_module_adds_is_closed_until_the_set_up_runs_again(one: Server) -> None:
    give_rights(one)
    one.ask("ALTER TABLE sale_order ADD margin numeric; CREATE TABLE crm_lead (id integer)", **ONE)
    for sql in ("SELECT margin FROM sale_order", "SELECT id FROM crm_lead"):
        assert "denied" in one.try_to_ask(sql, **READER).stderr
    give_rights(one)
    assert one.ask("SELECT count(margin) FROM sale_order", **READER) == "0"
    assert one.ask("SELECT count(id) FROM crm_lead", **READER) == "0"


@pytest.mark.whole("a database that somebody changed by hand")
def test_a_table_that_is_not_the_tenants_stops_nothing(one: Server) -> None:
    one.ask("CREATE TABLE public.of_an_extension (id integer)", database=ONE["database"])
    try:
        give_rights(one)
        assert one.ask("SELECT login FROM res_users", **READER) == "anna"
        assert "denied" in one.try_to_ask("SELECT id FROM of_an_extension", **READER).stderr
    finally:
        one.ask("DROP TABLE public.of_an_extension", database=ONE["database"])


def test_it_ends_with_a_line_of_the_file_and_goes_with_its_tenant(pods: Pods, one: Server) -> None:
    give_rights(one)
    with ExitStack() as stack:
        report = connect(one, READER, stack)  # stays connected, as programs with a pool do
        assert answered(report) == "here"
        assert "may not log in any longer" in deploy(pods, 0).stdout
        assert answered(report, "SELECT login FROM res_users") == ""  # its connection was ended
    assert "not permitted to log in" in one.try_to_ask("SELECT 1", **READER).stderr
    assert deploy(pods, 2).returncode == 0
    assert one.ask("SELECT login FROM res_users", **READER) == "anna"
    assert drop(pods, ONE).returncode == 0
    assert one.ask(f"SELECT count(*) FROM pg_roles WHERE rolname = '{ROLE}'") == "0"  # noqa: S608 - made here


@pytest.mark.whole("test_owner asks it of the tenant's own role")
def test_a_role_that_somebody_else_made_is_left_alone(pods: Pods, one: Server) -> None:
    one.ask(f"COMMENT ON ROLE {ROLE} IS 'of the warehouse'")
    done = deploy(pods, 2)
    assert done.returncode == 1
    assert "says 'of the warehouse'" in done.stderr
    assert "nothing was changed" in done.stderr
    assert drop(pods, ONE).returncode == 0
    assert one.ask(f"SELECT rolcanlogin FROM pg_roles WHERE rolname = '{ROLE}'") == "t"  # noqa: S608
    one.ask(f"DROP ROLE {ROLE}")
