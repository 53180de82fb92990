# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is private to the collection: it may change in any release.
"""Tokens for EKS clusters, by botocore alone.

It is two things: a util of the module eks_kubeconfig, and the program that this module writes beside a kubeconfig for
clients to run:

    python -I get_token.py --region REGION --cluster-name NAME|--cluster-id ID [--role ARN]

As a program it keeps a token in a file until shortly before it expires. kubectl starts it for every command, so it
imports next to nothing while a kept token will do.

A token is a signed and encoded request to STS, see "API Authorization from Outside a Cluster" in the README of
https://github.com/kubernetes-sigs/aws-iam-authenticator
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
import time

PREFIX = "k8s-aws-v1."
# A token is valid for 15 minutes after it was signed. As the aws CLI does, say one less: clocks differ.
VALID_SECONDS = 14 * 60
# What a client gets must last for its request.
SPARE_SECONDS = 60
# EKS rejects other values, though it does not go by it.
URL_SECONDS = 60
SESSION_NAME = "EKSGetTokenAuth"


def sts_host(region):  # type: (str) -> str
    """The host that a token of a region must name. AWS_ENDPOINT_URL must not reach it: EKS takes no other."""
    import re

    from botocore.loaders import create_loader

    partitions = create_loader().load_data("partitions")["partitions"]
    match = (p["outputs"]["dnsSuffix"] for p in partitions if re.match(p["regionRegex"], region))
    return f"sts.{region}.{next(match, 'amazonaws.com')}"


def sign(credentials, cluster, region):  # type: (object, str, str) -> str
    """A token.

    :param credentials: botocore's, of the principal that the cluster is to see.
    :param cluster: the cluster's name, or its id where it is a local one on an outpost.
    """
    import base64

    from botocore.auth import SigV4QueryAuth
    from botocore.awsrequest import AWSRequest

    request = AWSRequest(
        method="GET",
        url=f"https://{sts_host(region)}/?Action=GetCallerIdentity&Version=2011-06-15",
        headers={"x-k8s-aws-id": cluster},
    )
    SigV4QueryAuth(credentials, "sts", region, expires=URL_SECONDS).add_auth(request)
    return PREFIX + base64.urlsafe_b64encode(request.url.encode()).decode().rstrip("=")


def expiry(now, until=None):  # type: (float, object) -> int
    """When a token that was signed now expires, in seconds since 1970.

    :param until: when the credentials expire (a datetime), where they do. A token does not outlive them.
    """
    end = int(now) + VALID_SECONDS
    return end if until is None else min(end, int(until.timestamp()))  # type: ignore[attr-defined]


def stamp(seconds):  # type: (int) -> str
    """Seconds since 1970 as Kubernetes writes them."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))


# -- the program


def _key(words):  # type: (list[str]) -> str
    """A key of everything that decides on a token: its purpose, and all settings and files with AWS credentials.

    The secrets among them make that a new secret is not answered with the old one's token. The result tells nothing.
    """
    files = [
        os.environ.get("AWS_SHARED_CREDENTIALS_FILE") or "~/.aws/credentials",
        os.environ.get("AWS_CONFIG_FILE") or "~/.aws/config",
        os.environ.get("AWS_WEB_IDENTITY_TOKEN_FILE") or "",
    ]
    states = []
    for name in files:
        path = os.path.expanduser(name)
        try:
            info = os.stat(path)
            states.append([path, info.st_mtime_ns, info.st_size, info.st_ino])
        except OSError:
            states.append([path])
    settings = sorted(item for item in os.environ.items() if item[0].startswith("AWS_"))
    return hashlib.sha256(json.dumps([words, settings, states]).encode()).hexdigest()


def _kept(path):  # type: (str) -> dict[str, str] | None
    """The token that is kept in a file, unless it is about to expire or may be somebody else's.

    One that would last longer than any was kept under a clock that ran ahead; for the cluster it may have expired.
    """
    try:
        with open(path, encoding="utf-8") as stream:
            info = os.fstat(stream.fileno())
            if info.st_uid != os.geteuid() or info.st_mode & 0o077:
                return None
            entry = json.load(stream)
        if not SPARE_SECONDS <= entry["expires"] - time.time() <= VALID_SECONDS:
            return None
        return {"expirationTimestamp": stamp(entry["expires"]), "token": entry["token"]}
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _keep(path, entry):  # type: (str, dict[str, object]) -> None
    """Cache a token for the next run, unless the file cannot be written; of several at once the last one stays."""
    folder = os.path.dirname(path)
    temporary = f"{path}.{os.getpid()}"
    try:
        os.makedirs(folder, mode=0o700, exist_ok=True)
        for name in os.listdir(folder):
            other = os.path.join(folder, name)
            if time.time() - os.stat(other).st_mtime > VALID_SECONDS + SPARE_SECONDS:
                os.unlink(other)
        handle = os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8") as stream:
            json.dump(entry, stream)
        os.replace(temporary, path)
    except OSError:
        pass


def _find_botocore():  # type: () -> None
    """Also look for botocore in the user's own site-packages, which an isolated Python leaves out.

    Not if everybody may write there. A group may: with umask 002, it is the user's own.
    """
    import importlib.util
    import site
    import stat

    if importlib.util.find_spec("botocore") is None:
        folder = site.getusersitepackages()
        if os.path.isdir(folder):
            info = os.stat(folder)
            if info.st_uid == os.geteuid() and not info.st_mode & stat.S_IWOTH:
                sys.path.append(folder)


def _fresh(cluster, region, role):  # type: (str, str, str | None) -> dict[str, object]
    _find_botocore()
    import botocore.session
    from botocore.config import Config
    from botocore.credentials import Credentials
    from botocore.exceptions import NoCredentialsError

    session = botocore.session.Session()
    now = time.time()
    if role:
        limits = Config(connect_timeout=5, read_timeout=10, retries={"total_max_attempts": 2})
        sts = session.create_client("sts", region_name=region, config=limits)
        given = sts.assume_role(RoleArn=role, RoleSessionName=SESSION_NAME)["Credentials"]
        credentials = Credentials(given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"])
        until = given["Expiration"]
    else:
        found = session.get_credentials()
        if found is None:
            raise NoCredentialsError
        credentials = found.get_frozen_credentials()
        # Only credentials that botocore renews by itself know when they end.
        until = getattr(found, "_expiry_time", None)
    return {"expires": expiry(now, until), "token": sign(credentials, cluster, region)}


def _answer(status):  # type: (dict[str, str]) -> str
    """The token in the version of the format that the client asks for."""
    try:
        version = json.loads(os.environ["KUBERNETES_EXEC_INFO"])["apiVersion"]
    except (KeyError, ValueError, TypeError):
        version = "client.authentication.k8s.io/v1beta1"
    return json.dumps({"kind": "ExecCredential", "apiVersion": version, "spec": {}, "status": status})


def main(words):  # type: (list[str]) -> int
    """Print a token as a client wants it; returns the exit status."""
    options = dict(zip(words[::2], words[1::2]))
    cluster = options.get("--cluster-name") or options.get("--cluster-id")
    region = options.get("--region")
    if not cluster or not region:
        sys.stderr.write("usage: get_token.py --region REGION --cluster-name NAME [--role ARN]\n")
        return 2
    folder = os.path.join(os.path.dirname(os.path.abspath(__file__)), "tokens")
    path = os.path.join(folder, f"{_key(words)}.json")
    status = _kept(path)
    if status is None:
        try:
            entry = _fresh(cluster, region, options.get("--role"))
        except ImportError as error:
            sys.stderr.write(f"get_token.py: {error}; install botocore for {sys.executable}\n")
            return 1
        except Exception as error:  # whatever botocore raises, the user of kubectl wants one line
            sys.stderr.write(f"get_token.py: no token for the EKS cluster {cluster}: {error}\n")
            return 1
        _keep(path, entry)
        status = {"expirationTimestamp": stamp(int(str(entry["expires"]))), "token": str(entry["token"])}
    sys.stdout.write(_answer(status) + "\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
