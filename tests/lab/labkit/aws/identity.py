# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who there is in the lab's account, and the certificate that its API shows."""

from __future__ import annotations

import configparser
import json
import os
import secrets
import string
import subprocess
import time
import typing as t
from pathlib import Path

from labkit.errors import LabError

ADMIN = "admin"
ADMIN_POLICY = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}

Credentials = dict[str, dict[str, str]]  # user -> aws_access_key_id, aws_secret_access_key


def credentials(file: Path, user: str) -> Credentials:
    """The keys of the administrator and of `user`, from an AWS credentials file that is made when it is not there.

    The user's profile is `default`, the administrator's `admin`."""
    profiles = {"default": user, ADMIN: ADMIN}
    parser = configparser.ConfigParser()
    parser.read(file)
    if not all(parser.has_section(profile) for profile in profiles):
        parser = configparser.ConfigParser()
        for profile in profiles:
            parser[profile] = {
                "aws_access_key_id": "AKIA" + _random(string.ascii_uppercase + "234567", 16),
                "aws_secret_access_key": _random(string.ascii_letters + string.digits, 40),
            }
        _write_secretly(file, parser)
    return {name: dict(parser[profile]) for profile, name in profiles.items()}


def policy(file: Path, burst: str, account: str, region: str) -> dict[str, t.Any]:
    """One of the collection's policies with a burst's own names, as the role eks_stack fills them in."""
    words = {"PARTITION": "aws", "REGION": region, "ACCOUNT": account, "ROLES": f"cloudburst-{burst}", "BURST": burst}
    text = file.read_text()
    for word, value in words.items():
        text = text.replace(word, value)
    return dict(json.loads(text))


def install(keys: Credentials, policies: t.Mapping[str, t.Mapping[str, t.Any]], account: str) -> None:
    """Make the users, each with its one policy and its key."""
    from labkit.aws import seams

    for name, key in keys.items():
        seams.iam("users")[name] = {
            "UserName": name,
            "Arn": f"arn:aws:iam::{account}:user/{name}",
            "UserId": "AIDA" + key["aws_access_key_id"][4:20],
            "CreateDate": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
            "Path": "/",
            "AttachedPolicies": [],
            "Tags": [],
        }
        seams.iam("user_inline_policies")[name] = {name: json.dumps(policies[name])} if name in policies else {}
        seams.iam("access_keys")[key["aws_access_key_id"]] = {
            "UserName": name,
            "AccessKeyId": key["aws_access_key_id"],
            "SecretAccessKey": key["aws_secret_access_key"],
            "Status": "Active",
            "CreateDate": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        }


def manage(policies: t.Mapping[str, t.Mapping[str, t.Any]], account: str) -> None:
    """Make managed policies that roles may be given, by their names."""
    from labkit.aws import seams

    now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    for name, document in policies.items():
        arn = f"arn:aws:iam::{account}:policy/{name}"
        version = {"Document": json.dumps(document), "VersionId": "v1", "IsDefaultVersion": True, "CreateDate": now}
        seams.iam("policies")[arn] = {
            **{"PolicyName": name, "Arn": arn, "PolicyId": "ANPA" + _random(string.ascii_uppercase, 16), "Path": "/"},
            **{"CreateDate": now, "UpdateDate": now, "DefaultVersionId": "v1", "AttachmentCount": 0, "Tags": []},
            **{"IsAttachable": True, "Description": "", "Versions": {"v1": version}},
        }


def certificate(directory: Path, ca_certificate: Path, ca_key: Path, region: str, address: str) -> tuple[Path, Path]:
    """Certificate and key for AWS's names, signed by the lab's CA; made anew when they are missing or another CA's."""
    cert, key = directory / "aws.crt", directory / "aws.key"
    if cert.exists() and key.exists():
        verified = subprocess.run(
            ["openssl", "verify", "-CAfile", str(ca_certificate), str(cert)], capture_output=True, check=False
        )
        if verified.returncode == 0:
            return cert, key
    names = ("amazonaws.com", "*.amazonaws.com", f"*.{region}.amazonaws.com", "*.us-east-1.amazonaws.com")
    request, extensions = directory / "aws.csr", directory / "aws.ext"
    directory.mkdir(parents=True, exist_ok=True)
    extensions.write_text(
        f"subjectAltName={','.join(f'DNS:{name}' for name in names)},IP:{address},IP:127.0.0.1\n"
        "basicConstraints=critical,CA:FALSE\nkeyUsage=critical,digitalSignature\nextendedKeyUsage=serverAuth\n"
    )
    _openssl("ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", str(key))
    key.chmod(0o600)
    _openssl("req", "-new", "-key", str(key), "-subj", "/CN=*.amazonaws.com", "-out", str(request))
    _openssl(
        *("x509", "-req", "-in", str(request), "-CA", str(ca_certificate), "-CAkey", str(ca_key)),
        *("-set_serial", str(secrets.randbits(120)), "-days", "365", "-extfile", str(extensions), "-out", str(cert)),
    )
    request.unlink()
    extensions.unlink()
    return cert, key


def _openssl(*arguments: str) -> None:
    result = subprocess.run(["openssl", *arguments], capture_output=True, text=True, check=False)
    if result.returncode:
        raise LabError(f"openssl {arguments[0]} failed: {result.stderr.strip()}")


def _random(alphabet: str, length: int) -> str:
    return "".join(secrets.choice(alphabet) for _turn in range(length))


def _write_secretly(file: Path, parser: configparser.ConfigParser) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    partial = file.with_name(f"{file.name}.new")
    with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as stream:
        parser.write(stream)
    partial.replace(file)
