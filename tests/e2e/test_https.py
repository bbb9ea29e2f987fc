# SPDX-License-Identifier: MIT
"""HTTPS: what players and browsers see, and what they are told."""

import os
import ssl
import subprocess
import urllib.request

import pytest

import browser
import tls
from gateway import ROOT, Gateway, wait_until

DATA = os.path.join(ROOT, "tests", "data", "tls")
CERTIFICATE = os.path.join(DATA, "certificate.pem")
TLS = {"certificate-file": CERTIFICATE, "key-file": os.path.join(DATA, "key.pem")}
LISTEN = {"http": "127.0.0.1:0", "https": "127.0.0.1:0"}
ROUTES = {"test": {
    "input": {"type": "test", "width": 320, "height": 240, "bitrate-kbps": 300},
    "outputs": ["dash"]}}


def gateway_with_tls():
    return Gateway(ROUTES, listen=LISTEN, tls=TLS)


def url(gateway, path=""):
    return f"https://localhost:{gateway.ports['https']}/{path}"


def get(gateway, path):
    trust = ssl.create_default_context(cafile=CERTIFICATE)
    with urllib.request.urlopen(url(gateway, path), timeout=10,
                                context=trust) as answer:
        return answer.read().decode()


def test_all_is_there_by_tls_and_beside_it():
    with gateway_with_tls() as gateway:
        gateway.wait_manifest("test")
        assert f'value="{url(gateway, "time")}"' in get(
            gateway, "test/manifest.mpd")
        assert 'value="http://' in gateway.get("test/manifest.mpd").decode()
        assert "<video" in get(gateway, "test/")
        status = gateway.status()["http"]
        assert status["connections-total"] >= 4
        assert status["failed-handshakes"] == 0
        assert any(f"watch     {url(gateway, 'test/')}" in line.replace(
            "127.0.0.1", "localhost") for line in gateway.lines)


def test_old_tls_is_refused():
    with gateway_with_tls() as gateway:
        assert tls.takes_new_versions_only(
            gateway.ports["https"],
            b"GET /time HTTP/1.1\r\nHost: localhost\r\n\r\n", b"HTTP/1.1 200")
        wait_until(lambda: gateway.status()["http"]["failed-handshakes"] == 2,
                   10, "two failed handshakes")


def test_ffmpeg_plays_by_tls():
    with gateway_with_tls() as gateway:
        gateway.wait_manifest("test")
        result = subprocess.run(
            ["ffmpeg", "-nostdin", "-v", "error", "-i",
             url(gateway, "test/manifest.mpd"), "-map", "0:v", "-frames:v",
             "50", "-f", "null", "-"],
            capture_output=True, text=True, timeout=60)
        assert result.returncode == 0, result.stderr


@pytest.mark.skipif(not browser.available(), reason="no Chromium")
def test_chromium_plays_by_tls():
    with gateway_with_tls() as gateway:
        gateway.wait_manifest("test")
        flags = ("--ignore-certificate-errors",)
        with browser.Browser(flags=flags) as page:
            page.open(url(gateway, "test/"))
            assert page.evaluate("isSecureContext")
            page.wait_until(
                "document.querySelector('video')?.currentTime > 1", timeout=30)


def test_clients_that_speak_no_tls_are_counted_and_hurt_nobody():
    with gateway_with_tls() as gateway:
        gateway.wait_manifest("test")
        for _ in range(20):
            with pytest.raises(OSError):
                urllib.request.urlopen(
                    url(gateway).replace("https", "http"), timeout=10)
        wait_until(
            lambda: gateway.status()["http"]["failed-handshakes"] == 20, 10,
            gateway.status)
        assert get(gateway, "time").endswith("Z")
