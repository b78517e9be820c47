"""Feeds damaged bills to the readers: each is read with an account that adds up, or refused in one sentence.

    .venv/bin/python -m tests.torture.bill_fuzz --inputs 100000

An input is decided by the seed and its number alone: `--first N --inputs 1` makes it again.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import io
import json
import random
import sys
import time
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb

from allocation.adapters.bill import ingest
from allocation.charges import ChargePeriod
from allocation.errors import AllocationError

PERIOD = ChargePeriod.month("2026-11")

FOCUS = """\
BilledCost,EffectiveCost,ListCost,ContractedCost,BillingCurrency,ChargePeriodStart,ChargePeriodEnd,\
ChargeCategory,ChargeClass,ServiceName,ResourceId,PricingQuantity,PricingUnit,ProviderName,Tags
0.12345678901,0.1,0.2,NULL,USD,2026-11-01 00:00:00,2026-11-02 00:00:00,Usage,NULL,EC2,i-1,1.5,Hours,AWS,\
"{""user:cost/tenant"": ""acme"", ""a"": ""b""}"
-5,-5,-5,-5,USD,2026-11-03T00:00:00Z,2026-11-04T00:00:00Z,Credit,,S3,"arn:aws:s3:::x,y",NULL,NULL,AWS,{}
1.2E-7,0,0,0,USD,2026-11-05,2026-11-06T00:00:00+02:00,Tax,Correction,"a ""quoted"" name
on two lines",,0,GB,AWS,NULL
"""
CUR = """\
identity/LineItemId,identity/TimeInterval,lineItem/LineItemType,lineItem/UsageStartDate,lineItem/UsageEndDate,\
lineItem/CurrencyCode,lineItem/UnblendedCost,lineItem/UsageAmount,reservation/EffectiveCost,\
savingsPlan/SavingsPlanEffectiveCost,product/ProductName,resourceTags/user:cost/tenant,resourceTags/aws:createdBy
a1,i,Usage,2026-11-01T00:00:00Z,2026-11-01T01:00:00Z,USD,0.0000000001,1,,,EC2,acme,
a2,i,DiscountedUsage,2026-11-01T00:00:00Z,2026-11-01T01:00:00Z,USD,0,1,0.05,,EC2,,root
a3,i,SavingsPlanNegation,2026-11-01T00:00:00Z,2026-11-01T01:00:00Z,USD,-1.5,,,0.5,EC2,,
"""
CUR_2 = '''\
identity_line_item_id,identity_time_interval,line_item_line_item_type,line_item_usage_start_date,\
line_item_usage_end_date,line_item_currency_code,line_item_unblended_cost,line_item_product_code,product,resource_tags
a1,i,Usage,2026-11-01T00:00:00.000Z,2026-11-01T01:00:00.000Z,USD,0.5,AmazonEC2,"{""product_name"":""EC2""}",\
"{""user_cost_tenant"":""acme"",""user_x"":""""}"
a2,i,RIFee,2026-11-01T00:00:00.000Z,2026-12-01T00:00:00.000Z,USD,7,AmazonEC2,,
'''
PLAIN = """\
id,start,end,service,cost,currency,charge_category,tags,tag:cost/tenant
1,2026-11-01,2026-12-01,Support,1250.00,USD,,"{""a"":""1""}",
2,2026-11-03,2026-11-04,Restore test,80.50,USD,Purchase,,acme
"""

_NUMBERS = (
    *(
        "NaN",
        "Infinity",
        "-inf",
        "1,5",
        "1_000",
        "+1",
        "$1",
        "1e999",
        "1e-999",
        "1E5",
        ".5",
        "5.",
        "-",
        "0x10",
    ),
    *("99999999999999999999", "-461168601.8427387904", "0.00000000005"),
)
_MOMENTS = (
    *("2026-02-30", "2026-11-31T00:00:00Z", "infinity", "2026-11-01T24:00:00", "9999-12-31", "0000-01-01"),
    "2026-11-01T00:00:00+99:00",
)
_TAGS = ("{}", "[]", "{", '{"a":{"b":1}}', '{"a":1,"a":2}', '{"\\u0000":"x"}', '{"a":null}')
_TEXTS = (
    "",
    "NULL",
    "null",
    " ",
    "EUR",
    "usd",
    "Usage",
    "Refund",
    "\x00",
    "é",
    "\U0001f600",
    "'",
    '"',
    "--",
    ";",
)
_LONG = ("1" * 60, "0." + "9" * 40, "a" * 5000, "\r", "\n", "\\")
AWKWARD = (*_NUMBERS, *_MOMENTS, *_TAGS, *_TEXTS, *_LONG)


def seeds() -> dict[str, bytes]:
    """Small bills that can be read: every format, in every way it is written."""
    texts = {"focus": FOCUS, "cur": CUR, "cur2": CUR_2, "plain": PLAIN}
    made = {f"{name}.csv": text.encode() for name, text in texts.items()}
    made["focus-crlf.csv"] = b"\xef\xbb\xbf" + FOCUS.replace("\n", "\r\n").encode()
    made["plain.csv.gz"] = gzip.compress(PLAIN.encode(), mtime=0)
    with TemporaryDirectory() as folder, duckdb.connect() as connection:
        for name, columns in (("focus", _FOCUS_TYPES), ("cur2", _CUR_2_TYPES), ("plain", "*")):
            source, target = Path(folder, f"{name}.csv"), Path(folder, f"{name}.parquet")
            source.write_bytes(made[f"{name}.csv"])
            rows = f"read_csv('{source}', all_varchar = true, nullstr = ['NULL', ''])"
            connection.execute(f"COPY (SELECT {columns} FROM {rows}) TO '{target}' (FORMAT parquet)")  # noqa: S608
            made[f"{name}.parquet"] = target.read_bytes()
    return made


_FOCUS_TYPES = """* REPLACE (BilledCost::DOUBLE AS BilledCost, EffectiveCost::DECIMAL(18, 4) AS EffectiveCost,
    ListCost::BIGINT AS ListCost, ChargePeriodStart::TIMESTAMPTZ AS ChargePeriodStart,
    ChargePeriodEnd::TIMESTAMP_MS AS ChargePeriodEnd, PricingQuantity::FLOAT AS PricingQuantity,
    CAST(Tags::JSON AS MAP(VARCHAR, VARCHAR)) AS Tags)"""
_CUR_2_TYPES = """* REPLACE (line_item_unblended_cost::DOUBLE AS line_item_unblended_cost,
    CAST(product::JSON AS MAP(VARCHAR, VARCHAR)) AS product,
    CAST(resource_tags::JSON AS MAP(VARCHAR, VARCHAR)) AS resource_tags)"""


def damaged(bills: Mapping[str, bytes], seed: int, number: int) -> tuple[str, bytes]:
    """Input *number*: the name of the bill it was made from, and its bytes."""
    chance = random.Random(f"{seed}:{number}")  # noqa: S311 - no secret
    name = chance.choice(sorted(bills))
    content = bills[name]
    ways: list[Callable[[random.Random, bytes], bytes]] = [_bytes]
    if name.endswith(".csv"):
        ways += [_cells, _cells, _header, _shape]
    for _ in range(chance.choice((1, 1, 1, 2, 3))):
        content = chance.choice(ways)(chance, content)
    return name, content


def _bytes(chance: random.Random, content: bytes) -> bytes:
    changed = bytearray(content)
    for _ in range(chance.choice((1, 1, 1, 2, 6))):
        at = chance.randrange(len(changed) + 1)
        way = chance.randrange(5)
        if way == 0 and at < len(changed):
            changed[at] = chance.randrange(256)
        elif way == 1:
            changed[at:at] = bytes([chance.randrange(256)])
        elif way == 2:
            del changed[at : at + chance.randint(1, 20)]
        elif way == 3:
            changed[at:at] = changed[at : at + chance.randint(1, 40)]
        elif chance.random() < 0.3:
            del changed[at:]
    return bytes(changed)


def _table(content: bytes) -> list[list[str]]:
    text = content.decode("utf-8", "replace")
    try:
        return [row for row in csv.reader(io.StringIO(text, newline="")) if row]
    except csv.Error:
        return [line.split(",") for line in text.splitlines()] or [[""]]


def _written(rows: list[list[str]]) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue().encode()


def _cells(chance: random.Random, content: bytes) -> bytes:
    rows = _table(content)
    for _ in range(chance.randint(1, 4)):
        if len(rows) > 1:
            row = chance.choice(rows[1:])
            if row:
                row[chance.randrange(len(row))] = chance.choice(AWKWARD)
    return _written(rows)


def _header(chance: random.Random, content: bytes) -> bytes:
    rows = _table(content)
    header = rows[0] if rows else []
    if not header:
        return content
    at = chance.randrange(len(header))
    others = [*header, "", "file_row_number", "a\nb", '"', "x" * 300, header[at].lower(), header[at].upper()]
    header[at] = chance.choice(others)
    if chance.random() < 0.3:
        order = list(range(len(header)))
        chance.shuffle(order)
        rows = [[row[i] for i in order if i < len(row)] for row in rows]
    return _written(rows)


def _shape(chance: random.Random, content: bytes) -> bytes:
    rows = _table(content)
    row = chance.choice(rows) if rows else []
    way = chance.randrange(5)
    if way == 0:
        row.append(chance.choice(AWKWARD))
    elif way == 1 and row:
        row.pop()
    elif way == 2:
        rows.append(list(row))
    elif way == 3 and len(rows) > 1:
        del rows[chance.randrange(1, len(rows))]
    else:
        rows *= chance.randint(1, 3)
    return _written(rows)


class Fuzz:
    """Reads damaged bills, one after the other, with one connection, and counts what became of them."""

    def __init__(self, folder: Path, seed: int = 0) -> None:
        self.folder, self.seed = folder, seed
        self.bills = seeds()
        self.outcomes: Counter[str] = Counter()
        self.connection = self._connected()

    def _connected(self) -> duckdb.DuckDBPyConnection:
        return duckdb.connect(config={"threads": "1", "memory_limit": "500MB"})

    def run(self, number: int) -> str | None:
        """Read input *number*; what comes back is what is wrong with the reader, None when nothing is."""
        name, content = damaged(self.bills, self.seed, number)
        file = self.folder / name
        file.write_bytes(content)
        into = self.folder / "into" if number % 4 == 0 else None
        try:
            intake = ingest(self.connection, [file], PERIOD, "USD", into=into)
        except AllocationError as error:
            self.outcomes["not a bill"] += 1
            return self._fault_of_sentence(str(error), name, into)
        except Exception as error:  # noqa: BLE001 - what is looked for
            self.outcomes["other exception"] += 1
            self.connection = self._connected()
            return f"{type(error).__name__}: {error}"
        self.outcomes["refused rows" if intake.refused else "read"] += 1
        json.dumps(intake.document())
        written = self.connection.execute("SELECT count(*), coalesce(sum(billed), 0) FROM charge").fetchall()[
            0
        ]
        if written != (intake.charges, intake.costs["billed"].charged):
            return f"{written} written, {intake} reported"
        return self._fault_of_rows(name, content, intake.rows)

    def _fault_of_sentence(self, sentence: str, name: str, into: Path | None) -> str | None:
        if "\n" in sentence or len(sentence) > 1000 or not sentence.startswith(name):
            return f"no sentence about the file: {sentence!r}"
        if "Error" in sentence or "LINE 1" in sentence:
            return f"words of DuckDB: {sentence!r}"
        left = (
            [file.name for file in into.iterdir() if file.name.startswith(".")]
            if into and into.exists()
            else []
        )
        ours = self.connection.execute(
            "SELECT table_name FROM information_schema.tables WHERE starts_with(table_name, 'bill_')"
        ).fetchall()
        return f"left behind: {left} {ours}" if left or ours else None

    def _fault_of_rows(self, name: str, content: bytes, rows: int) -> str | None:
        """Count the rows of CSV with another reader, where that finds all of them as wide as the header."""
        if not name.endswith(".csv"):
            return None
        try:
            text = content.decode("utf-8-sig")
            table = [row for row in csv.reader(io.StringIO(text, newline=""), strict=True) if row]
        except (UnicodeDecodeError, csv.Error):
            return None
        if {len(row) for row in table} != {len(table[0])} or len(table) - 1 == rows:
            return None
        return f"{rows} rows read, another reader finds {len(table) - 1}"


def main() -> int:
    """Run the fuzz from the command line; the exit status is 1 when something is wrong with the readers."""
    words = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    words.add_argument("--inputs", type=int, default=1000)
    words.add_argument("--first", type=int, default=0)
    words.add_argument("--seed", type=int, default=0)
    words.add_argument("--keep", type=Path, help="folder for the inputs that fail")
    chosen = words.parse_args()
    faults = 0
    began = time.monotonic()
    with TemporaryDirectory() as folder:
        fuzz = Fuzz(Path(folder), chosen.seed)
        for number in range(chosen.first, chosen.first + chosen.inputs):
            fault = fuzz.run(number)
            if fault is not None:
                faults += 1
                sys.stdout.write(f"input {number}: {fault[:600]}\n")
                if chosen.keep:
                    chosen.keep.mkdir(parents=True, exist_ok=True)
                    name, content = damaged(fuzz.bills, chosen.seed, number)
                    (chosen.keep / f"{number}-{name}").write_bytes(content)
            if number % 1000 == 999:
                sys.stdout.write(f"{number + 1}: {dict(fuzz.outcomes)}, {time.monotonic() - began:.0f} s\n")
                sys.stdout.flush()
    sys.stdout.write(f"{chosen.inputs} inputs, {faults} faults: {dict(fuzz.outcomes)}\n")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
