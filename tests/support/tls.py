# SPDX-License-Identifier: MIT
"""A TLS client of a chosen version, for listeners that take the new ones only."""

import socket
import ssl
import warnings


def answer(port, request, newest):
    """What comes for request by TLS up to newest (ssl.TLSVersion); b"": closed."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.set_ciphers("ALL:@SECLEVEL=0")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version = ssl.TLSVersion.TLSv1
        context.maximum_version = newest
    with socket.create_connection(("127.0.0.1", port), timeout=5) as peer:
        try:
            with context.wrap_socket(peer) as tls:
                tls.sendall(request)
                return tls.recv(4096)
        except (ssl.SSLError, ConnectionError):
            return b""


def takes_new_versions_only(port, request, begin):
    """Whether answers begin so, and only where the version is not too old."""
    new = [answer(port, request, version) for version in
           (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3)]
    old = [answer(port, request, version) for version in
           (ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1)]
    return all(text.startswith(begin) for text in new) and not any(old)
