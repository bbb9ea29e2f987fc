# SPDX-License-Identifier: MIT
"""RTMP over TLS with ffmpeg, gst-launch and Python's ssl as peers: publish,
play, pull, push, both on one port, and a certificate that is renewed."""

import contextlib
import os
import re
import shutil
import socket
import ssl
import subprocess

import pytest

import media
import tls
from gateway import (ROOT, Gateway, Process, probe, publish,
                     sanitizer_runtime, wait_until)

DATA = os.path.join(ROOT, "tests", "data", "tls")
CERTIFICATE = os.path.join(DATA, "certificate.pem")
TLS = {"certificate-file": CERTIFICATE, "key-file": os.path.join(DATA, "key.pem")}
LISTEN = {"rtmp": "127.0.0.1:0", "rtmps": "127.0.0.1:0",
          "rtsp": "127.0.0.1:0", "http": "127.0.0.1:0"}
ROUTES = {"live/*": {"input": "publish", "outputs": ["rtmp", "rtsp"]}}


def rtmps(gateway, name, port="rtmps", host="127.0.0.1"):
    return f"rtmps://{host}:{gateway.ports[port]}/{name}"


@pytest.fixture(scope="module")
def gateway():
    """One for all that change nothing: `live/one` is published over TLS."""
    clip = media.clip(seconds=10)
    with Gateway(ROUTES, listen=LISTEN, tls=TLS,
                 rtmp={"detect-tls": True}) as one:
        with publish(clip, rtmps(one, "live/one")):
            one.wait_state("live/one", "online")
            yield one


def test_published_over_tls_plays_over_tls_and_beside_it(gateway):
    for url in (rtmps(gateway, "live/one"), gateway.rtmp("live/one"),
                gateway.rtsp("live/one")):
        assert set(probe(url)) == {"video", "audio"}, url


def test_every_frame_decodes_in_order_over_tls(gateway):
    # A stream of its own: the times of what is decoded count from its start.
    with publish(media.clip(seconds=10), rtmps(gateway, "live/order")):
        gateway.wait_state("live/order", "online")
        frames = [number for number, _ in media.decode_video(
            rtmps(gateway, "live/order"), 5, "320x240")]
    assert len(frames) >= 25
    steps = {(b - a) % 250 for a, b in zip(frames, frames[1:])}
    assert steps == {1}, frames


def test_port_that_detects_takes_both(gateway):
    assert set(probe(rtmps(gateway, "live/one", "rtmp"))) == {"video", "audio"}
    assert set(probe(gateway.rtmp("live/one"))) == {"video", "audio"}
    clip = media.clip(seconds=10)
    with publish(clip, rtmps(gateway, "live/two", "rtmp")):
        gateway.wait_state("live/two", "online")


def test_connection_does_not_keep_what_the_system_trusts(gateway):
    context = ssl._create_unverified_context()
    before = gateway.usage()["kib"]
    with contextlib.ExitStack() as peers:
        for _ in range(20):
            plain = socket.create_connection(
                ("127.0.0.1", gateway.ports["rtmps"]), timeout=5)
            peers.enter_context(context.wrap_socket(plain))
        grown = gateway.usage()["kib"] - before
    # The authorities of the system are megabytes for each connection.
    assert sanitizer_runtime() or grown < 20 * 512, f"{grown} KiB"


def test_peer_without_tls_is_closed_at_once(gateway):
    with socket.create_connection(
            ("127.0.0.1", gateway.ports["rtmps"]), timeout=5) as peer:
        peer.sendall(b"\x03" + bytes(1536))
        try:
            assert peer.recv(1) == b""
        except ConnectionResetError:
            pass


def test_handshakes_that_stop_keep_nobody_out(gateway):
    """All but one of those that one address may have at a time."""
    peers = [socket.create_connection(("127.0.0.1", gateway.ports["rtmps"]),
                                      timeout=20) for _ in range(7)]
    try:
        for peer in peers:
            peer.sendall(b"\x16\x03\x01\x02\x00\x01")
        assert set(probe(rtmps(gateway, "live/one"))) == {"video", "audio"}
    finally:
        for peer in peers:
            peer.close()


def test_old_tls_is_refused(gateway):
    assert tls.takes_new_versions_only(
        gateway.ports["rtmps"], b"\x03" + bytes(1536), b"\x03")


def test_gateway_pulls_and_pushes_over_tls(gateway):
    """localhost: what the certificate says."""
    source = rtmps(gateway, "live/one", host="localhost")
    target = rtmps(gateway, "live/back", host="localhost")
    routes = {"copy": {
        "input": {"type": "rtmp", "url": source, "tls-ca-file": CERTIFICATE},
        "outputs": ["rtmp", {"type": "rtmp-push", "url": target,
                             "tls-ca-file": CERTIFICATE}]}}
    with Gateway(routes) as other:
        other.wait_state("copy", "online")
        gateway.wait_state("live/back", "online")
        assert set(probe(gateway.rtmp("live/back"))) == {"video", "audio"}


def test_wrong_certificate_is_refused_with_a_reason(gateway):
    def routes(**tls):
        return {"copy": {"input": {"type": "rtmp", **tls,
                                   "url": rtmps(gateway, "live/one")},
                         "outputs": ["rtmp"]}}

    with Gateway(routes()) as other:
        wait_until(lambda: any(re.search("certificate", line, re.I)
                               for line in other.lines), 10, other.log)
        assert other.route("copy")["state"] != "online"
        other.reload(routes=routes(**{"tls-verify": False}))
        other.wait_state("copy", "online")


def free_port():
    with socket.socket() as probe_socket:
        probe_socket.bind(("127.0.0.1", 0))
        return probe_socket.getsockname()[1]


def test_elements_speak_tls():
    """One listens with a certificate, another one pushes to it."""
    url = f"rtmps://127.0.0.1:{free_port()}/live/one"
    with Process(["gst-launch-1.0", "-q", "penstockrtmpsrc", "name=in",
                  f"location={url}", f"tls-certificate-file={CERTIFICATE}",
                  f"tls-key-file={TLS['key-file']}", "eos-on-unpublish=true",
                  "in.video_0", "!", "fakesink"]) as receiver, Process(
            ["gst-launch-1.0", "-q", "videotestsrc", "is-live=true",
             "num-buffers=60", "!", "video/x-raw,format=I420,width=320,height=240",
             "!", "x264enc", "tune=zerolatency", "!", "h264parse", "!",
             "penstockrtmpsink", "mode=push", f"location={url}",
             "tls-verify=false", "retry-min-ms=50"]) as sender:
        code, _, errors = receiver.wait(20)
        assert code == 0, errors
        code, _, errors = sender.wait(20)
        assert code == 0, errors


def peer_certificate(port):
    return ssl.get_server_certificate(("127.0.0.1", port))


def test_renewed_certificate_is_shown_and_nobody_is_cut(tmp_path):
    for name in ("certificate.pem", "key.pem"):
        shutil.copy(os.path.join(DATA, name), tmp_path)
    tls = {"certificate-file": str(tmp_path / "certificate.pem"),
           "key-file": str(tmp_path / "key.pem")}
    clip = media.clip(seconds=10)
    # There is no port without TLS here.
    listen = {key: LISTEN[key] for key in ("rtmps", "http")}
    routes = {"live/*": {"input": "publish", "outputs": ["rtmp"]}}
    with Gateway(routes, listen=listen, tls=tls) as one:
        with publish(clip, rtmps(one, "live/one")) as publisher:
            one.wait_state("live/one", "online")
            before = peer_certificate(one.ports["rtmps"])
            subprocess.run(
                ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes",
                 "-subj", "/CN=localhost", "-days", "2", "-keyout",
                 tmp_path / "key.pem", "-out", tmp_path / "certificate.pem"],
                check=True, capture_output=True, timeout=30)
            one.reload()
            assert peer_certificate(one.ports["rtmps"]) != before
            assert set(probe(rtmps(one, "live/one"))) == {"video", "audio"}
            assert publisher.process.poll() is None
            assert one.route("live/one")["state"] == "online"
