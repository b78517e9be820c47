from __future__ import annotations

from policies.protections import FILE, PROTECTIONS
from tests.policies.sdk import HEAD, inputs, lines


def test_the_list_of_types_is_what_the_sdk_says() -> None:
    assert len(inputs()) > 1500
    written = FILE.read_text(encoding="utf-8")
    assert written == HEAD + "".join(lines()), "run `python -m tests.policies.sdk`"


def test_inputs_that_protect_data_are_known_by_what_they_do() -> None:
    cache = PROTECTIONS["aws:elasticache/replicationGroup:ReplicationGroup"]
    assert set(cache.switches) == {"atRestEncryptionEnabled", "transitEncryptionEnabled"}
    assert PROTECTIONS["aws:rds/instance:Instance"].public == ("publiclyAccessible",)
    assert PROTECTIONS["aws:rds/snapshotCopy:SnapshotCopy"].keys == ("kmsKeyId",)
    assert PROTECTIONS["aws:ec2/route:Route"] == ((), (), ())
    protected = [token for token, known in PROTECTIONS.items() if any(known)]
    assert len(protected) > 150
