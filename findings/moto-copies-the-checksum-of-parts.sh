#!/usr/bin/env bash
# An object that was uploaded to moto in parts has a checksum of its parts, which says so: it ends with their number, and
# its type is COMPOSITE. A copy of it by CopyObject has the same value without number and type, as if it were the checksum
# of the whole. botocore, and with it the AWS CLI from version 2.23 and 1.37 on, compares what it reads with that value and
# refuses a copy that is equal byte for byte. So whoever tests copies between buckets (replication, backups of a second
# region) against moto sees them unreadable as soon as they are larger than one part, 8 MiB for the CLI; smaller ones read.
#
# Seen with moto 5.2.5 and boto3 1.44.5. Whoever needs copies computes their checksum anew inside moto's process.
# Needs Python 3.11 or newer, pip, and network for the packages. Ends with 0 while this is so, with 1 when it has changed.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/python" -m pip install --quiet --disable-pip-version-check "moto[s3]==5.2.5" "boto3==1.44.5"
export AWS_ACCESS_KEY_ID=testing AWS_SECRET_ACCESS_KEY=testing AWS_DEFAULT_REGION=us-east-1
"$work/venv/bin/python" - <<'PYTHON'
import boto3
from botocore.exceptions import FlexibleChecksumError
from moto import mock_aws

with mock_aws():
    s3 = boto3.client("s3")
    s3.create_bucket(Bucket="backups")
    where, parts, sent = {"Bucket": "backups", "Key": "dump"}, (b"a" * 5 * 2**20, b"b"), []
    upload = s3.create_multipart_upload(**where, ChecksumAlgorithm="CRC32")["UploadId"]
    for number, body in enumerate(parts, 1):
        said = s3.upload_part(**where, UploadId=upload, PartNumber=number, Body=body, ChecksumAlgorithm="CRC32")
        sent.append({"PartNumber": number, "ETag": said["ETag"], "ChecksumCRC32": said["ChecksumCRC32"]})
    s3.complete_multipart_upload(**where, UploadId=upload, MultipartUpload={"Parts": sent})
    s3.copy_object(Bucket="backups", Key="copy", CopySource=where)
    values = {}
    for key in ("dump", "copy"):
        said = s3.get_object(Bucket="backups", Key=key, ChecksumMode="ENABLED")
        values[key] = said["ChecksumCRC32"]
        try:
            read = f"read, {len(said['Body'].read())} bytes"
        except FlexibleChecksumError:
            read = "refused: the checksum does not match"
        print(f"{key}: checksum {values[key]}, type {said.get('ChecksumType')}: {read}")
    assert values["dump"] == f"{values['copy']}-2" and read.startswith("refused")
PYTHON
