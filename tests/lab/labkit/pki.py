# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Certificates by openssl: authorities and what they sign, all with P-256 keys, valid for a year."""

from __future__ import annotations

import subprocess
import typing as t
from pathlib import Path

from labkit.errors import LabError

# openssl's own configuration file would add extensions of its own
_EMPTY_CONFIGURATION = "[req]\ndistinguished_name = name\n[name]\n"
_NEW_KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-noenc")


def _openssl(*args: str | Path) -> None:
    done = subprocess.run(["openssl", *map(str, args)], capture_output=True, text=True, check=False, umask=0o077)
    if done.returncode:
        raise LabError(f"openssl {args[0]} ended with {done.returncode}: {done.stderr.strip()}")


def _configuration(directory: Path) -> Path:
    directory.mkdir(parents=True, exist_ok=True)
    file = directory / "openssl.cnf"
    if not file.exists():
        file.write_text(_EMPTY_CONFIGURATION)
    return file


def authority(directory: Path, common_name: str) -> tuple[Path, Path]:
    """Make <directory>/ca.crt and ca.key unless they are there; returns both paths."""
    certificate, key = directory / "ca.crt", directory / "ca.key"
    if not certificate.exists():
        new = certificate.with_suffix(".new")
        _openssl(
            *("req", "-x509", "-config", _configuration(directory), *_NEW_KEY, "-keyout", key, "-out", new),
            *("-days", "365", "-subj", f"/CN={common_name}"),
            *("-addext", "basicConstraints=critical,CA:true"),
            *("-addext", "keyUsage=critical,keyCertSign,cRLSign,digitalSignature"),
            *("-addext", "subjectKeyIdentifier=hash"),
        )
        new.chmod(0o644)
        new.rename(certificate)
    return certificate, key


def issue(
    directory: Path,
    name: str,
    subject: str,
    *,
    names: t.Iterable[str] = (),
    addresses: t.Iterable[str] = (),
    ca: Path | None = None,
) -> tuple[Path, Path]:
    """Make <directory>/<name>.crt and .key unless they are there; returns both paths.

    `subject` is openssl's ("/O=system:nodes/CN=…"), `ca` the directory of the authority (default: `directory`).
    Good for clients and for servers with `names` (DNS, wildcards allowed) and `addresses`."""
    certificate, key = directory / f"{name}.crt", directory / f"{name}.key"
    if certificate.exists():
        return certificate, key
    new = certificate.with_suffix(".new")
    authority_directory = ca or directory
    alternatives = [f"DNS:{entry}" for entry in names] + [f"IP:{entry}" for entry in addresses]
    _openssl(
        *("req", "-x509", "-config", _configuration(directory), *_NEW_KEY, "-keyout", key, "-out", new),
        *("-CA", authority_directory / "ca.crt", "-CAkey", authority_directory / "ca.key"),
        *("-days", "365", "-subj", subject),
        *("-addext", "basicConstraints=critical,CA:false"),
        *("-addext", "keyUsage=critical,digitalSignature,keyEncipherment"),
        *("-addext", "extendedKeyUsage=serverAuth,clientAuth"),
        *("-addext", "subjectKeyIdentifier=hash", "-addext", "authorityKeyIdentifier=keyid"),
        *(("-addext", f"subjectAltName={','.join(alternatives)}") if alternatives else ()),
    )
    new.chmod(0o644)
    new.rename(certificate)
    return certificate, key


def key_pair(directory: Path, name: str) -> tuple[Path, Path]:
    """Make <directory>/<name>.key and <name>.pub (PEM) unless they are there; returns private and public path."""
    directory.mkdir(parents=True, exist_ok=True)
    private, public = directory / f"{name}.key", directory / f"{name}.pub"
    if not public.exists():
        _openssl("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-out", private)
        _openssl("pkey", "-in", private, "-pubout", "-out", public)
    return private, public
