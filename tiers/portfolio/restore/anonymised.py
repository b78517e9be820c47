"""What of a person a copy of production loses before anybody works with it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from enum import StrEnum, unique
from typing import Annotated, Final, Self

from pydantic import Field, StringConstraints, model_validator

from tiers.strict_yaml import Fault
from tiers.vocabulary import Environment, Frozen

_NAME: Final = r"[a-z_][a-z0-9_]{0,62}"
ColumnName = Annotated[str, StringConstraints(pattern=rf"^{_NAME}\.{_NAME}$")]
"""A column of Odoo's database, such as `res_partner.email`."""


@unique
class Method(StrEnum):
    """What becomes of a column's values."""

    ERASE = "erase"
    """Nothing is left: NULL, or an empty text where there must be one."""
    HASH = "hash"
    """Another text, the same one for the same value within a copy; nobody can tell which it was."""
    FIXED = "fixed"
    """The same text in every row."""


class AnonymisedColumn(Frozen):
    """A column, and what becomes of its values."""

    column: ColumnName
    """Table and column as PostgreSQL calls them; one that the copy does not have ends the Job."""
    by: Method
    """`erase`, `hash` (equal values stay equal, an address stays one) or `fixed`."""
    value: Annotated[str, StringConstraints(max_length=200)] | None = None
    """The text of `fixed`."""

    @model_validator(mode="after")
    def _says_what_is_fixed(self) -> Self:
        if (self.value is not None) is not (self.by is Method.FIXED):
            raise ValueError("value: expected with `by: fixed`, and with that alone")
        return self


class AnonymisedSection(Frozen):
    """What of a person is taken out of each copy that the tenant gets by a refresh."""

    contacts: bool = False
    """Whether names, addresses, mail and notes of contacts, leads, applicants and employees are."""
    attachments: bool = False
    """Whether files that belong to a record are, such as pictures and documents."""
    columns: Annotated[tuple[AnonymisedColumn, ...], Field(max_length=500)] = ()
    """Further columns; one that is also among the contacts' counts as written here."""

    @model_validator(mode="after")
    def _names_something_once(self) -> Self:
        names = [each.column for each in self.columns]
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise ValueError(f"columns: {', '.join(twice)} more than once")
        if not (self.contacts or self.attachments or self.columns):
            raise ValueError("expected contacts, attachments or columns")
        return self


_WHERE_REACHED: Final = ("phone", "mobile", "phone_sanitized", "street", "street2", "zip", "city")
CONTACTS: Final = tuple(
    AnonymisedColumn(column=f"{table}.{column}", by=by)
    for by, tables in {
        Method.HASH: {
            "res_partner": (
                "name",
                "complete_name",
                "email",
                "email_normalized",
                "ref",
                "vat",
                "company_name",
                "commercial_company_name",
                "company_registry",
            ),
            # Odoo makes the title of a lead or an application of the sender's name, or of the mail's subject.
            "crm_lead": ("name", "contact_name", "partner_name", "email_from", "email_normalized"),
            "hr_applicant": ("name", "partner_name", "email_from", "email_normalized", "partner_phone"),
            "hr_candidate": ("partner_name", "email_from", "email_normalized", "partner_phone"),
            "hr_employee": ("name", "legal_name", "work_email", "private_email"),
            "resource_resource": ("name",),
            "res_partner_bank": ("acc_number", "sanitized_acc_number", "acc_holder_name"),
            "mail_message": ("email_from", "reply_to", "record_name"),
            "mailing_contact": (
                *("name", "first_name", "last_name", "company_name", "email", "email_normalized"),
            ),
            "mailing_trace": ("email",),
            "mail_blacklist": ("email",),
            "calendar_attendee": ("common_name",),
            "event_registration": ("name", "email", "company_name"),
        },
        Method.ERASE: {
            "res_partner": (
                *(*_WHERE_REACHED, "website", "comment"),
                *("display_name", "function", "contact_address_complete"),
                *("partner_latitude", "partner_longitude"),
            ),
            "res_users": ("signature",),
            "crm_lead": (
                *(*_WHERE_REACHED, "description"),
                *("email_cc", "email_domain_criterion", "function", "referred", "website"),
            ),
            "hr_applicant": (
                *("partner_phone_sanitized", "partner_mobile", "partner_mobile_sanitized", "email_cc"),
                *("linkedin_profile", "applicant_notes", "description"),
            ),
            "hr_candidate": ("partner_phone_sanitized", "linkedin_profile", "email_cc"),
            "event_registration": ("phone",),
            "hr_employee": (
                *("work_phone", "mobile_phone", "private_phone", "private_street", "private_street2"),
                *(
                    "private_zip",
                    "private_city",
                    "identification_id",
                    "passport_id",
                    "ssnid",
                    "birthday",
                    "pin",
                ),
                *("emergency_contact", "emergency_phone", "place_of_birth", "spouse_complete_name"),
                *("spouse_birthdate", "sinid", "permit_no", "visa_no", "work_permit_name", "barcode"),
                *("additional_note", "notes", "departure_description", "private_car_plate"),
                *("study_field", "study_school"),
            ),
            # From 19.0 on what of an employee may change lies here.
            "hr_version": (
                *("private_street", "private_street2", "private_zip", "private_city", "identification_id"),
                *("passport_id", "ssnid", "spouse_complete_name", "spouse_birthdate"),
                "departure_description",
            ),
            "mail_message": ("body", "subject"),
            "mail_message_translation": ("body",),
            "mail_scheduled_message": ("body", "subject"),
            "mail_activity": ("note", "summary"),
            "sms_sms": ("number", "body"),
            "mail_mail": ("body_html", "email_to", "email_cc", "headers"),
            "mail_tracking_value": ("old_value_char", "new_value_char", "old_value_text", "new_value_text"),
        },
    }.items()
    for table, columns in tables.items()
    for column in columns
)
"""The columns of `contacts`, of Odoo 16 to 19; a copy has those of its modules and its version."""


def wanted(section: AnonymisedSection) -> list[dict[str, object]]:
    """All columns as the Job takes them; `optional` are those that a copy need not have.

    >>> wanted(AnonymisedSection(columns=[{"column": "res_users.login", "by": "hash"}]))
    [{'table': 'res_users', 'column': 'login', 'method': 'hash', 'value': None, 'optional': False}]
    """
    own = {each.column: each for each in section.columns}
    usual = {each.column: each for each in CONTACTS} if section.contacts else {}
    return [
        dict(
            zip(("table", "column"), each.column.split("."), strict=True),
            method=str(each.by),
            value=each.value,
            optional=each.column not in own,
        )
        for each in (usual | own).values()
    ]


def in_words(section: AnonymisedSection) -> str:
    """What is taken out.

    >>> in_words(AnonymisedSection(contacts=True, columns=[{"column": "res_users.login", "by": "hash"}]))
    'contacts, 1 column'
    """
    number = len(section.columns)
    columns = f"{number} column{'s' if number > 1 else ''}" if number else ""
    parts = ("contacts" if section.contacts else "", "attachments" if section.attachments else "", columns)
    return ", ".join(each for each in parts if each)


def digest(section: AnonymisedSection) -> str:
    """A short name of what it says: a copy that was anonymised otherwise is not the one that is asked for."""
    said = json.dumps([wanted(section), section.attachments], sort_keys=True)
    return hashlib.sha256(said.encode()).hexdigest()[:16]


def anonymised_faults(environment: Environment, section: AnonymisedSection | None) -> Iterator[Fault]:
    """Why a tenant may not be anonymised."""
    if section is not None and environment is Environment.PRODUCTION:
        yield ("anonymised",), "production is never anonymised: it would lose what is taken out for good"
