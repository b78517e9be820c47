#!/usr/bin/env bash
# moto takes the condition of a bucket policy's statement for one that applies, whatever it says. The statement that AWS
# itself recommends for every bucket (Amazon S3 User Guide, "Security best practices": deny s3:* to everybody where
# aws:SecureTransport is false) then denies every object, also over https. On AWS such a request is not concerned.
# So a test against moto either leaves the policy out, and no longer tries what is deployed, or fails at the first object.
#
# Seen with moto 5.2.5. Whoever needs both leaves such statements out when moto judges a request.
# Needs Python 3.11 or newer, pip, and network for the packages. Ends with 0 while this is so, with 1 when it has changed.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/python" -m pip install --quiet --disable-pip-version-check "moto[s3]==5.2.5"
export AWS_ACCESS_KEY_ID=testing AWS_SECRET_ACCESS_KEY=testing AWS_DEFAULT_REGION=us-east-1
"$work/venv/bin/python" - <<'PYTHON'
import json

import boto3
from botocore.exceptions import ClientError
from moto import mock_aws

PLAIN = {
    "Effect": "Deny", "Principal": "*", "Action": "s3:*",
    "Resource": ["arn:aws:s3:::backups", "arn:aws:s3:::backups/*"],
    "Condition": {"Bool": {"aws:SecureTransport": "false"}},
}

with mock_aws():
    s3 = boto3.client("s3")
    assert s3.meta.endpoint_url.startswith("https://")
    s3.create_bucket(Bucket="backups")
    s3.put_object(Bucket="backups", Key="one", Body=b"1")
    s3.put_bucket_policy(Bucket="backups", Policy=json.dumps({"Version": "2012-10-17", "Statement": [PLAIN]}))
    try:
        s3.get_object(Bucket="backups", Key="one")
        answer = "the object"
    except ClientError as error:
        answer = error.response["Error"]["Code"]
    print("over https, with a policy that denies plain http:", answer)
    assert answer in {"AccessDenied", "403"}
PYTHON
