# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The management host: its home directory, and the environment of what runs on it (tests/lab/exec)."""

from __future__ import annotations

import shlex
from pathlib import Path

from labkit import artifacts, namespaces, settings
from labkit.kube import ControlPlane

ENVIRONMENT = settings.STATE / "mgmt" / "environment"  # read by tests/lab/exec
# What a caller's shell may have set and what must not reach the lab: other accounts, end points, proxies, clusters.
_UNSET = (
    *("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_SECURITY_TOKEN", "AWS_PROFILE"),
    *("AWS_DEFAULT_PROFILE", "AWS_ENDPOINT_URL", "AWS_ROLE_ARN", "AWS_WEB_IDENTITY_TOKEN_FILE", "ANSIBLE_CONFIG"),
    *("ANSIBLE_INVENTORY", "ANSIBLE_HOME", "ANSIBLE_VAULT_PASSWORD_FILE", "K8S_AUTH_KUBECONFIG", "K8S_AUTH_CONTEXT"),
    *("http_proxy", "https_proxy", "all_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"),
    *("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE", "PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV"),
)


def environment() -> str:
    """The shell file that sets what a command on the management host finds."""
    built = artifacts.load()
    values = {
        "HOME": settings.HOME,
        "KUBECONFIG": settings.KUBECONFIG,
        "AWS_CONFIG_FILE": settings.HOME / ".aws" / "config",
        "AWS_SHARED_CREDENTIALS_FILE": settings.HOME / ".aws" / "credentials",
        "AWS_CA_BUNDLE": settings.CA_CERTIFICATE,
        "AWS_REGION": settings.REGION,
        "AWS_DEFAULT_REGION": settings.REGION,
        "AWS_PAGER": "",
        "ANSIBLE_COLLECTIONS_PATH": settings.COLLECTIONS,
        "CLOUDBURST_CHART": built.chart,
        "CLOUDBURST_OPENSHIFT": built.openshift,
        "CLOUDBURST_CACHE": settings.CACHE,  # its default depends on HOME
        "CLOUDBURST_LAB_STATE": settings.STATE_ROOT,
        "LAB_NAME": settings.LAB_NAME,
        "LAB_STATE": settings.STATE,
    }
    lines = [f"unset {' '.join(_UNSET)}"]
    lines += [f"export {name}={shlex.quote(str(value))}" for name, value in values.items()]
    path = shlex.quote(f"{built.venv_tools}/bin:{built.bin}")
    lines.append(f'export PATH={path}:"${{PATH:-/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin}}"')
    return "\n".join(lines) + "\n"


def create() -> None:
    """Make the home directory and everything in it that needs no running part of the lab."""
    settings.HOME.mkdir(parents=True, exist_ok=True, mode=0o700)
    federation = settings.COLLECTIONS / "ansible_collections" / "cloudburst" / "federation"
    federation.parent.mkdir(parents=True, exist_ok=True)
    federation.unlink(missing_ok=True)
    federation.symlink_to(settings.REPOSITORY)
    (settings.HOME / ".bashrc").write_text(
        f"PS1='mgmt ({settings.LAB_NAME}) \\w \\$ '\ncommand -v kubectl >/dev/null && . <(kubectl completion bash)\n"
    )
    ENVIRONMENT.write_text(environment())


def take_kubeconfig(plane: ControlPlane) -> None:
    """Give the management host the administrator's kubeconfig, as kubeadm leaves it."""
    settings.KUBECONFIG.parent.mkdir(exist_ok=True, mode=0o700)
    settings.KUBECONFIG.touch(mode=0o600)
    settings.KUBECONFIG.write_text(plane.admin_kubeconfig.read_text())


def add_context(plane: ControlPlane, name: str) -> None:
    """Put a further cluster into the management host's kubeconfig, with its administrator, all under one name."""
    admin = plane.pki / "admin"
    certificate, key = admin.with_suffix(".crt"), admin.with_suffix(".key")
    authority = f"--certificate-authority={plane.ca_certificate}"
    _config("set-cluster", name, f"--server={plane.server}", authority, "--embed-certs")
    _config("set-credentials", name, f"--client-certificate={certificate}", f"--client-key={key}", "--embed-certs")
    _config("set-context", name, f"--cluster={name}", f"--user={name}")


def remove_context(name: str) -> None:
    """Take out of the kubeconfig what add_context has put there, if it is there."""
    for kind in ("context", "cluster", "user"):
        _config(f"delete-{kind}", name, check=False)


def _config(*words: str, check: bool = True) -> None:
    argv = [str(artifacts.load().bin / "kubectl"), "config", f"--kubeconfig={settings.KUBECONFIG}", *words]
    namespaces.run(argv, check=check)


def take_credentials(credentials: Path) -> None:
    """Give the management host AWS credentials: the playbooks' user, and the profile `admin`."""
    directory = settings.HOME / ".aws"
    directory.mkdir(exist_ok=True, mode=0o700)
    (directory / "credentials").touch(mode=0o600)
    (directory / "credentials").write_text(credentials.read_text())
    (directory / "config").write_text(
        f"[default]\nregion = {settings.REGION}\n[profile admin]\nregion = {settings.REGION}\n"
    )
