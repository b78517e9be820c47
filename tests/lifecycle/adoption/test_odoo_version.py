"""A tenant that is adopted keeps its version of Odoo, where the platform has it by name."""

from __future__ import annotations

from lifecycle.adoption.checklist import progress, subjects
from lifecycle.adoption.phase import Status
from lifecycle.adoption.proposal import differences, document_of, file_text, tenant_of
from tests.lifecycle.adoption.estates import EVIDENCE, NOW, adoption, row
from tests.portfolios import catalog, wide_platform


def test_a_version_that_the_platform_has_by_name_is_proposed_by_that_name() -> None:
    rows = (row(odoo_version="17"),)
    (subject,) = subjects(adoption(rows), rows, wide_platform(), catalog())
    inventory = progress(subject, EVIDENCE, NOW).steps[0]
    assert inventory.record.status is Status.DONE
    document = document_of(subject, "shared-namespace", "xs")
    assert document["odoo"] == {"version": "17.0"}
    assert '\nodoo:\n  version: "17.0"\n' in file_text(document, "line 2")
    made = tenant_of(subject, "shared-namespace", "xs")
    assert not [each for each in differences(subject, made, "shared-namespace", "xs") if "odoo" in each]
    without = made.model_copy(update={"odoo": None})
    assert "odoo.version: its file leads to Odoo 18.0, and it runs 17.0" in list(
        differences(subject, without, "shared-namespace", "xs")
    )
