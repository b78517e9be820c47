"""A copy of an object can be read by whoever checks what they read."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

MIB = 2**20


def test_a_copy_of_what_came_in_parts_has_the_checksum_of_the_whole(aws: Callable[[str], Any]) -> None:
    s3 = aws("s3")
    s3.create_bucket(Bucket="dumps", CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
    where = {"Bucket": "dumps", "Key": "in-parts"}
    # S3 takes no part below 5 MiB but the last.
    parts = [b"a" * 5 * MIB, b"b"]
    upload = s3.create_multipart_upload(**where, ChecksumAlgorithm="CRC32")["UploadId"]
    sent = [
        {
            "PartNumber": number,
            **{
                name: value
                for name, value in s3.upload_part(
                    **where, UploadId=upload, PartNumber=number, Body=part, ChecksumAlgorithm="CRC32"
                ).items()
                if name in {"ETag", "ChecksumCRC32"}
            },
        }
        for number, part in enumerate(parts, 1)
    ]
    s3.complete_multipart_upload(**where, UploadId=upload, MultipartUpload={"Parts": sent})
    s3.copy_object(Bucket="dumps", Key="copied", CopySource=where)
    # botocore compares what it reads with the checksum that it is told, and raises.
    copied = s3.get_object(Bucket="dumps", Key="copied", ChecksumMode="ENABLED")
    assert copied["Body"].read() == b"".join(parts)
    assert "-" not in copied["ChecksumCRC32"]
