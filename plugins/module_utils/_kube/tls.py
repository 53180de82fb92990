# Copyright (c) 2026, cloudburst.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is private to the collection: it may change in any release.

"""Verifies certificates of API servers as strictly as KubeFed is configured to."""

from __future__ import annotations

import contextlib
import ssl
import typing as t

# Where it is missing, client.py says so
with contextlib.suppress(ImportError):
    import urllib3

# What of a certificate may go unverified: pkg/apis/core/v1beta1/kubefedcluster_types.go; what of it is verified then,
# CustomizeCertificateValidation() in pkg/controller/util/cluster_util.go
TLS_ALL, TLS_SUBJECT_NAME, TLS_VALIDITY_PERIOD = "*", "SubjectName", "ValidityPeriod"
# X509_V_FLAG_NO_CHECK_TIME in OpenSSL's x509_vfy.h; Python has no name for it
NO_CHECK_TIME = 0x200000


def verifying(pool: t.Any, flags: int) -> t.Any:
    """A class of pools whose connections verify with these flags of OpenSSL, and without RFC 5280's strictness."""

    class Connection(pool.ConnectionCls):
        def connect(self) -> None:
            # One for each connection: urllib3 loads certificates into it, and two threads must not share a context
            context = urllib3.util.ssl_.create_urllib3_context(
                cert_reqs=urllib3.util.ssl_.resolve_cert_reqs(self.cert_reqs)
            )
            context.verify_flags = (context.verify_flags & ~ssl.VERIFY_X509_STRICT) | flags
            if not (self.ca_certs or self.ca_cert_dir or self.ca_cert_data):
                context.load_default_certs()
            self.ssl_context = context
            super().connect()

    class Pool(pool):
        ConnectionCls = Connection

    return Pool


__all__ = ("NO_CHECK_TIME", "TLS_ALL", "TLS_SUBJECT_NAME", "TLS_VALIDITY_PERIOD", "verifying")
