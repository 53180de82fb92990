# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Names, addresses and places of the lab: the one place where they are written down.

`LAB_NAME` (default `default`) keys everything that exists outside the lab's own namespaces, so that several labs can
run side by side on one machine: the state directory and the control group.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

# --- names ---------------------------------------------------------------------------------------------------------
LAB_NAME = os.environ.get("LAB_NAME") or "default"
if not re.fullmatch(r"[a-z0-9][a-z0-9-]{0,19}", LAB_NAME):
    raise SystemExit(f"LAB_NAME is {LAB_NAME!r}: allowed are 1 to 20 small letters, digits and dashes")

LAB_DIR = Path(__file__).resolve().parent.parent  # tests/lab
REPOSITORY = LAB_DIR.parent.parent
STATE_ROOT = Path(os.environ.get("CLOUDBURST_LAB_STATE") or "/var/lib/cloudburst-lab")
STATE = STATE_ROOT / LAB_NAME
LOG = STATE / "log"
CACHE = Path(
    os.environ.get("CLOUDBURST_CACHE")
    or Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "cloudburst-federation"
)
CGROUP = f"cloudburst-lab-{LAB_NAME}"  # below every controller's root (v1) or the one root (v2)

# --- networks ------------------------------------------------------------------------------------------------------
PREFIX = 24  # of the LAN and of each public network
LAN = "10.10.0.0/24"
MGMT = "10.10.0.5"
EARTH = "10.10.0.10"
FW_LAN = "10.10.0.1"
VPC = "10.11.0.0/16"  # of the burst vulcan
EARTH_PODS = "10.10.128.0/24"
EARTH_SERVICES = "10.4.0.0/24"
EARTH_DNS = "10.4.0.10"

# The third cluster's site, which has nothing to do with AWS
MARS_LAN = "10.20.0.0/24"
MARS = "10.20.0.10"
MARS_FW_LAN = "10.20.0.1"
MARS_PODS = "10.20.128.0/24"
MARS_SERVICES = "10.7.0.0/24"
MARS_WAN = "198.18.0.0/24"  # kept for tests of networks: RFC 2544, appendix C.2.2
MARS_FW_WAN = "198.18.0.10"
MARS_WAN_GATEWAY = "198.18.0.1"
MARS_FW_INSIDE = "169.254.20.1"  # in the tunnel, where the other side is .2
# The router of the line between both sites, where there is one, in each of their networks
LINE_EARTH = "10.10.0.254"
LINE_MARS = "10.20.0.254"

# Customers, who know nothing but the data centre's public address; and the host at the edge that answers them
CUSTOMERS_WAN = "198.18.1.0/24"
CUSTOMERS = "198.18.1.10"
CUSTOMERS_GATEWAY = "198.18.1.1"
EDGE = "10.10.0.20"

WAN = "203.0.113.0/24"  # the data centre's way out
FW_WAN = "203.0.113.10"
WAN_GATEWAY = "203.0.113.1"
CLOUD = "198.51.100.0/24"  # AWS's public addresses: tunnel ends, NAT
CLOUD_GATEWAY = "198.51.100.1"
SERVICES = "192.0.2.0/24"  # what answers in the "internet"
SERVICES_GATEWAY = "192.0.2.1"
AWS_API = "192.0.2.10"
REGISTRY = "192.0.2.20"
REGISTRY_PORT = 5000
ECR_ADDRESS = "192.0.2.21"  # the same registry as ECR has it: VPC end points lead there
DNS = "192.0.2.53"
PRIVATE = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "169.254.0.0/16")

# Network namespaces of the lab's own parts; the fabric adds its own.
NS_MGMT, NS_EARTH, NS_FW, NS_LAN = "mgmt", "earth", "fw", "lan"
NS_INET, NS_AWS, NS_REGISTRY, NS_DNS = "inet", "aws", "registry", "dns"
NS_CUSTOMERS, NS_EDGE = "customers", "edge"
NS_MARS, NS_MARS_FW, NS_MARS_LAN, NS_LINE = "mars", "mars-fw", "mars-lan", "line"

# --- Kubernetes ----------------------------------------------------------------------------------------------------
KUBERNETES_VERSION = "1.35.4"
HOST_CONTEXT = "kubernetes-admin@kubernetes"
MARS_CONTEXT = "mars"
PAUSE_IMAGE = "registry.k8s.io/pause:3.10"
COREDNS_IMAGE = "registry.k8s.io/coredns/coredns:v1.15.0"

# --- AWS -----------------------------------------------------------------------------------------------------------
REGION = "eu-central-1"
ACCOUNT = "000000000000"
AWS_USER = "cloudburst"
# The account's own registry, and that of EKS's add-ons:
# https://docs.aws.amazon.com/eks/latest/userguide/add-ons-images.html
ECR = tuple(f"{account}.dkr.ecr.{REGION}.amazonaws.com" for account in (ACCOUNT, "602401143452"))
EKS_COREDNS_IMAGE = f"{ECR[1]}/{COREDNS_IMAGE.partition('/')[2]}"

# --- places inside the state directory -----------------------------------------------------------------------------
HOME = STATE / "mgmt" / "home"  # of the management host
KUBECONFIG = HOME / ".kube" / "config"
CA_CERTIFICATE = STATE / "pki" / "ca.crt"  # of the lab's "internet": AWS's API
CA_KEY = STATE / "pki" / "ca.key"
DNS_HOSTS = STATE / "dns" / "hosts"  # more specific names than *.amazonaws.com; reread within a second
COLLECTIONS = STATE / "collections"
