# SPDX-License-Identifier: MIT
"""RTSP over TLS: what players see, and what a wrong certificate says."""

import json
import os
import socket
import ssl
import subprocess

import pytest

import tls
from gateway import ROOT, Gateway, probe, rtspsrc_frames, run_daemon

DATA = os.path.join(ROOT, "tests", "data", "tls")
CERTIFICATE = os.path.join(DATA, "certificate.pem")
TLS = {"certificate-file": CERTIFICATE, "key-file": os.path.join(DATA, "key.pem")}
LISTEN = {"rtsp": "127.0.0.1:0", "rtsps": "127.0.0.1:0", "http": "127.0.0.1:0"}
ROUTES = {"lobby": {
    "input": {"type": "test", "width": 320, "height": 240, "bitrate-kbps": 300},
    "outputs": [{"type": "rtsp", "user": "ann", "password": "sesame"}]}}


def gateway_with_tls():
    return Gateway(ROUTES, listen=LISTEN, tls=TLS)


def url(gateway, user="ann:sesame@"):
    return f"rtsps://{user}127.0.0.1:{gateway.ports['rtsps']}/lobby"


def test_ffprobe_plays_over_tls_and_beside_it():
    with gateway_with_tls() as gateway:
        gateway.wait_state("lobby", "online")
        assert set(probe(url(gateway))) == {"video", "audio"}
        plain = gateway.rtsp("lobby").replace("//", "//ann:sesame@")
        assert set(probe(plain)) == {"video", "audio"}


def test_ffmpeg_decodes_every_frame_over_tls():
    with gateway_with_tls() as gateway:
        gateway.wait_state("lobby", "online")
        result = subprocess.run(
            ["ffmpeg", "-nostdin", "-v", "warning", "-i", url(gateway),
             "-frames:v", "50", "-f", "null", "-"],
            capture_output=True, text=True, timeout=30)
        assert result.returncode == 0, result.stderr
        assert "error" not in result.stderr.lower(), result.stderr


def test_rtspsrc_plays_over_tls():
    with gateway_with_tls() as gateway:
        gateway.wait_state("lobby", "online")
        frames, said = rtspsrc_frames(
            url(gateway, ""), 20, "user-id=ann", "user-pw=sesame",
            "tls-validation-flags=0")
        assert frames == 20, said


class Connection:
    """Plain requests over TLS, with the certificate checked."""

    def __init__(self, port):
        context = ssl.create_default_context(cafile=CERTIFICATE)
        self.socket = context.wrap_socket(
            socket.create_connection(("127.0.0.1", port), timeout=20),
            server_hostname="localhost")

    def request(self, method, target, headers=""):
        self.socket.sendall(
            f"{method} {target} RTSP/1.0\r\nCSeq: 1\r\n"
            "Authorization: Basic YW5uOnNlc2FtZQ==\r\n"
            f"{headers}\r\n".encode())
        answer = b""
        while b"\r\n\r\n" not in answer:
            part = self.socket.recv(4096)
            assert part, answer
            answer += part
        return answer.decode()


def test_answers_name_the_scheme_of_the_connection():
    with gateway_with_tls() as gateway:
        gateway.wait_state("lobby", "online")
        connection = Connection(gateway.ports["rtsps"])
        target = url(gateway, "")
        answer = connection.request("DESCRIBE", target)
        connection.socket.close()
        assert answer.startswith("RTSP/1.0 200"), answer
        assert f"Content-Base: {target}/" in answer


def test_media_beside_the_tls_connection_is_refused():
    with gateway_with_tls() as gateway:
        gateway.wait_state("lobby", "online")
        connection = Connection(gateway.ports["rtsps"])
        answer = connection.request(
            "SETUP", url(gateway, "") + "/stream=0",
            "Transport: RTP/AVP;unicast;client_port=40000-40001\r\n")
        connection.socket.close()
        assert answer.startswith("RTSP/1.0 461"), answer


def test_old_tls_is_refused():
    with gateway_with_tls() as gateway:
        assert tls.takes_new_versions_only(
            gateway.ports["rtsps"],
            b"OPTIONS * RTSP/1.0\r\nCSeq: 1\r\n\r\n", b"RTSP/1.0 ")
        assert any("no TLS 1.2" in line for line in gateway.lines)


def test_peer_that_does_not_speak_tls_hurts_nobody():
    with gateway_with_tls() as gateway:
        gateway.wait_state("lobby", "online")
        with socket.create_connection(
                ("127.0.0.1", gateway.ports["rtsps"]), timeout=20) as peer:
            peer.sendall(b"DESCRIBE rtsp://h/lobby RTSP/1.0\r\nCSeq: 1\r\n\r\n")
            try:
                while peer.recv(4096):
                    pass
            except ConnectionResetError:
                pass
        assert set(probe(url(gateway))) == {"video", "audio"}


@pytest.mark.parametrize("certificate,key", [
    ("certificate.pem", "certificate.pem"), ("certificate.pem", None),
    ("README.md", "key.pem"), ("certificate.pem", "README.md"),
    ("certificate.pem", "other-key.pem")])
def test_check_tells_a_wrong_certificate(tmp_path, certificate, key):
    tls = {"certificate-file": os.path.join(DATA, certificate)}
    if key:
        tls["key-file"] = os.path.join(DATA, key)
    path = tmp_path / "map.json"
    path.write_text(json.dumps({"listen": LISTEN, "tls": tls,
                                "routes": ROUTES}))
    code, text = run_daemon("--check", str(path))
    assert code == 2, text
    assert "/tls/certificate-file: cannot use the certificate" in text
