"""Offer files as AWS publishes them, with a few lines each and the traps among them."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

VERSION = "20261006224050"
PUBLISHED = "2026-10-06T22:40:50Z"


@dataclass(frozen=True)
class Product:
    """One SKU: its attributes as JSON spells them, and its ranges: begin, unit, dollars."""

    sku: str
    family: str
    attributes: dict[str, str]
    ranges: Sequence[tuple[str, str, str]]
    reserved: str = ""


@dataclass(frozen=True)
class Offer:
    """A price list of one service."""

    code: str
    products: Sequence[Product] = field(default_factory=tuple)
    version: str = VERSION
    published: str = PUBLISHED

    def as_csv(self) -> str:
        said = (
            ("FormatVersion", "v1.0"),
            ("Disclaimer", "This pricing list is for informational purposes only."),
            ("Publication Date", self.published),
            ("Version", self.version),
            ("OfferCode", self.code),
        )
        stream = io.StringIO()
        writer = csv.writer(stream, quoting=csv.QUOTE_ALL, lineterminator="\n")
        writer.writerows(said)
        writer.writerow((*_TERMS, *_COLUMNS.values()))
        for product in self.products:
            for begins, unit, dollars in product.ranges:
                writer.writerow(_row(product, "OnDemand", begins, unit, dollars))
            if product.reserved:
                writer.writerow(_row(product, "Reserved", "0", "Hrs", product.reserved))
        return stream.getvalue()

    def as_json(self) -> str:
        terms = {"OnDemand": {each.sku: _term(each.sku, each.ranges) for each in self.products}}
        terms["Reserved"] = {
            each.sku: _term(each.sku, [("0", "Hrs", each.reserved)])
            for each in self.products
            if each.reserved
        }
        return json.dumps(
            {
                "formatVersion": "v1.0",
                "offerCode": self.code,
                "version": self.version,
                "publicationDate": self.published,
                "products": {
                    each.sku: {"sku": each.sku, "productFamily": each.family, "attributes": each.attributes}
                    for each in self.products
                },
                "terms": terms,
            }
        )

    def written(self, folder: Path, suffix: str = ".csv") -> Path:
        path = folder / f"{self.code}{suffix}"
        path.write_text(self.as_csv() if suffix == ".csv" else self.as_json(), encoding="utf-8")
        return path


_TERMS = (
    "SKU",
    "OfferTermCode",
    "TermType",
    "StartingRange",
    "EndingRange",
    "Unit",
    "PricePerUnit",
    "Currency",
)
_COLUMNS = {
    "productFamily": "Product Family",
    "instanceType": "Instance Type",
    "databaseEngine": "Database Engine",
    "deploymentOption": "Deployment Option",
    "deploymentModel": "Deployment Model",
    "locationType": "Location Type",
    "cacheEngine": "Cache Engine",
    "operatingSystem": "Operating System",
    "tenancy": "Tenancy",
    "capacitystatus": "CapacityStatus",
    "preInstalledSw": "Pre Installed S/W",
    "storageClass": "Storage Class",
    "operation": "operation",
    "usagetype": "usageType",
}


def _row(product: Product, term: str, begins: str, unit: str, dollars: str) -> tuple[str, ...]:
    said = {**product.attributes, "productFamily": product.family}
    terms = (product.sku, "JRTCKXETXF", term, begins, "Inf", unit, dollars, "USD")
    return (*terms, *(said.get(name, "") for name in _COLUMNS))


def _term(sku: str, ranges: Sequence[tuple[str, str, str]]) -> dict[str, object]:
    dimensions = {
        f"{sku}.T.{at}": {"unit": unit, "beginRange": begins, "pricePerUnit": {"USD": dollars}}
        for at, (begins, unit, dollars) in enumerate(ranges)
    }
    return {f"{sku}.T": {"sku": sku, "priceDimensions": dimensions}}


def database(sku: str, usage: str, dollars: str, zones: str = "Single-AZ", **more: str) -> Product:
    """A PostgreSQL server, unless *more* says otherwise."""
    said = {
        "usagetype": usage,
        "instanceType": usage.partition(":")[2],
        "databaseEngine": "PostgreSQL",
        "deploymentOption": zones,
        "locationType": "AWS Region",
    }
    return Product(sku, "Database Instance", said | more, [("0", "Hrs", dollars)], reserved="0.0100000000")


def storage(sku: str, usage: str, dollars: str, **more: str) -> Product:
    """Storage of PostgreSQL servers."""
    said = {"usagetype": usage, "databaseEngine": "PostgreSQL", "locationType": "AWS Region"}
    return Product(sku, "Database Storage", said | more, [("0", "GB-Mo", dollars)])


RDS = Offer(
    "AmazonRDS",
    (
        database("PGSMALL1", "InstanceUsage:db.t4g.small", "0.0320000000"),
        database("PGSMALL2", "Multi-AZUsage:db.t4g.small", "0.0650000000", "Multi-AZ"),
        database("MYSMALL1", "InstanceUsage:db.t4g.small", "0.0310000000", databaseEngine="MySQL"),
        database("CUSTOM01", "InstanceUsage:db.t4g.small", "0.0390000000", deploymentModel="Custom"),
        database("OUTPOST1", "InstanceUsage:db.t4g.small", "0.0200000000", locationType="AWS Outposts"),
        database("CLUSTER1", "Multi-AZUsage:db.t4g.small", "0.0970000000", "Multi-AZ (readable standbys)"),
        database("EXTEND01", "ExtendedSupport:Yr1-Yr2:PostgreSQL11", "0.1000000000"),
        database("PGMIXED1", "InstanceUsage:db.m5.xl", "0.3560000000", instanceType="db.m5.xlarge"),
        storage("GP3ONE01", "RDS:GP3-Storage", "0.1150000000", volumeType="General Purpose-GP3"),
        storage("GP3TWO01", "RDS:Multi-AZ-GP3-Storage", "0.2300000000", volumeType="General Purpose-GP3"),
        storage("GP2ONE01", "RDS:GP2-Storage", "0.1140000000", volumeType="General Purpose"),
        storage("GP3MYSQL", "RDS:GP3-Storage", "0.1160000000", databaseEngine="MySQL"),
    ),
)
"""PostgreSQL, and everything that a careless reader takes for it."""

BACKUP = Offer(
    "AWSBackup",
    (
        Product(
            "WARMEFS1",
            "AWS Backup Storage",
            {"usagetype": "USE1-WarmStorage-ByteHrs-EFS", "operation": "Storage"},
            [("0", "GB-Mo", "0.0500000000")],
        ),
        Product(
            "WARMLAGV",
            "AWS Backup Storage",
            {"usagetype": "USE1-WarmStorage-ByteHrs-EFS-LAGV", "operation": "Storage"},
            [("0", "GB-Mo", "0.0575000000")],
        ),
        Product(
            "WARMCOPY",
            "AWS Backup Storage",
            {"usagetype": "USE1-USW2-WarmStorage-ByteHrs-EFS", "operation": "CrossRegion-Storage"},
            [("0", "GB-Mo", "0.0200000000")],
        ),
    ),
)
S3 = Offer(
    "AmazonS3",
    (
        Product(
            "S3TIERED",
            "Storage",
            {"usagetype": "TimedStorage-ByteHrs", "storageClass": "General Purpose"},
            [("51200", "GB-Mo", "0.0220000000"), ("0", "GB-Mo", "0.0230000000")],
        ),
        Product(
            "S3ANNOT1",
            "Storage",
            {"usagetype": "TimedStorage-ByteHrs", "storageClass": "Annotations"},
            [("0", "GB-Mo", "0.0300000000")],
        ),
    ),
)
