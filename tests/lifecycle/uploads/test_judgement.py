"""Whether an uploaded Odoo may come into a tenant: version, PostgreSQL and size are asked first."""

from __future__ import annotations

import io
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest

from lifecycle.uploads.archive import Archive, PreparedDump
from lifecycle.uploads.judgement import Room, noted, odoo_of, refused, refused_at_sight
from lifecycle.uploads.sql_dump import DumpContents
from tests.portfolios import plan_of, tenant

ROOM = Room("acme-trial", "18.0", 17, 5, 10)
GIB = 1 << 30


class Sizes:
    def __init__(self, sizes: Mapping[str, int]) -> None:
        self.sizes = sizes

    def each(self) -> Any:
        raise AssertionError


def archive(
    manifest: Mapping[str, Any] | None = None, dump: int = GIB, files: Mapping[str, int] | None = None
) -> Archive:
    holds = Sizes(files) if files is not None else None
    return Archive(
        "old.zip", "dump.sql", io.BytesIO, dump, manifest or {}, holds, datetime(2026, 1, 1, tzinfo=UTC)
    )


def dump(version: str = "18.0.1.3", server: str = "16.4", client: str = "17.6", **more: Any) -> PreparedDump:
    contents = DumpContents(modules={"base": ("installed", version)}, **more)
    return PreparedDump("0" * 64, 1, 1, server, client, contents)


def test_room_is_what_the_tenant_has_deployed() -> None:
    plan = plan_of(
        tenant("acme", tier="dedicated-db", options={"users": 5, "database_gib": 7, "filestore_gib": 9})
    )
    room = Room.of(plan, plan.tenants[0])
    assert (room.tenant, room.odoo.partition(".")[0], room.database_gib, room.filestore_gib) == (
        "acme",
        "18",
        7,
        9,
    )
    assert room.postgresql in {16, 17, 18}


@pytest.mark.parametrize(
    ("one", "why"),
    [
        (
            archive({"major_version": "17.0"}),
            "it is of Odoo 17.0, and acme-trial runs Odoo 18.0, which does not start",
        ),
        (archive({"major_version": "saas~17.2"}), "it is of Odoo saas~17.2, and acme-trial runs"),
        (
            archive(dump=5 * GIB + 1),
            "its dump has 6 GiB, and acme-trial has database_gib 5: write 6 into its options",
        ),
        (
            archive(files={"a": 10 * GIB, "b": 1}),
            "its files have 11 GiB, and acme-trial has filestore_gib 10: write 11",
        ),
    ],
)
def test_what_is_seen_before_the_dump_is_read(one: Archive, why: str) -> None:
    (told,) = refused_at_sight(one, ROOM)
    assert why in told


@pytest.mark.parametrize(
    ("one", "made", "why"),
    [
        (
            archive({"major_version": "18.0"}),
            dump("17.0.1.3"),
            "says Odoo 18.0, and its database is of Odoo 17.0",
        ),
        (archive(), dump("17.0.1.3"), "it is of Odoo 17.0"),
        (archive(), dump("saas~18.2.1.3"), "it is of Odoo saas~18.2"),
        (
            archive(),
            dump(server="19.0", client="19.1"),
            "its dump is of PostgreSQL 19.0, made by pg_dump 19.1: 16",
        ),
        (archive(), dump(client="19.1"), "made by pg_dump 19.1"),
        (archive(), dump(server="unknown"), "PostgreSQL unknown"),
        (archive(), PreparedDump("", 1, 1, "16.4", "17.6", DumpContents()), "module base is not installed"),
    ],
)
def test_what_is_seen_once_the_dump_was_read(one: Archive, made: PreparedDump, why: str) -> None:
    assert why in "; ".join(refused(one, made, ROOM))


def test_what_fits_is_not_refused_and_what_one_should_know_is_noted() -> None:
    lost = bytes.fromhex("ab" * 20)
    one, made = (
        archive({"major_version": "18.0"}, files={"cd" * 20: 1}),
        dump(server="18.0", files={lost, bytes.fromhex("cd" * 20)}),
    )
    assert not [*refused_at_sight(one, ROOM), *refused(one, made, ROOM)]
    newer, lacking = noted(one, made, ROOM)
    assert "the dump is of PostgreSQL 18, and the server is 17" in newer
    assert f"1 of 2 files that its attachments name are not in it, such as {lost.hex()}" in lacking
    (no_files,) = noted(archive(), dump(), ROOM)
    assert "it has no files" in no_files
    (older,) = noted(archive(files={}), dump(server="14.9"), ROOM)
    assert older == "the dump is of PostgreSQL 14: 16 to 18 were tried"
    custom = PreparedDump("", 1, 1, "16.4", "17.6", None)
    assert odoo_of(archive(), custom) == ""
    assert any("looked into by the Job" in each for each in noted(archive(files={}), custom, ROOM))
    assert any("INSERT" in each for each in noted(archive(files={}), dump(counted=False), ROOM))
