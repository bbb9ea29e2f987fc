# SPDX-License-Identifier: MIT
"""Players with right and wrong credentials, as ffmpeg and GStreamer send them."""

import socket
import subprocess

import pytest

from gateway import Gateway, probe, rtspsrc_frames

SECRET = "o pen?sesame"
ENCODED = "o%20pen%3Fsesame"
TEST = {"type": "test", "width": 320, "height": 240, "bitrate-kbps": 300}
ROUTES = {
    "guarded": {"input": TEST, "outputs": [
        {"type": "rtsp", "user": "ann", "password": SECRET}]},
    "open": {"input": TEST, "outputs": ["rtsp"]},
}


def with_user(url, user):
    return url.replace("rtsp://", f"rtsp://{user}@")


def fails(url):
    result = subprocess.run(
        ["ffprobe", "-v", "error", "-rtsp_transport", "tcp", url],
        capture_output=True, text=True, timeout=20)
    assert result.returncode != 0
    return result.stderr


@pytest.mark.parametrize("transport", ["tcp", "udp", "http"])
def test_ffprobe_with_credentials_plays(transport):
    with Gateway(ROUTES) as gateway:
        gateway.wait_state("guarded", "online")
        url = with_user(gateway.rtsp("guarded"), f"ann:{ENCODED}")
        assert set(probe(url, transport)) == {"video", "audio"}
        assert "sesame" not in gateway.log()


def test_wrong_or_no_credentials_are_refused_and_open_routes_stay_open():
    with Gateway(ROUTES) as gateway:
        gateway.wait_state("guarded", "online")
        gateway.wait_state("open", "online")
        assert "401" in fails(gateway.rtsp("guarded"))
        assert "401" in fails(with_user(gateway.rtsp("guarded"), "ann:wrong"))
        assert "401" in fails(with_user(gateway.rtsp("none"), f"ann:{ENCODED}"))
        assert set(probe(gateway.rtsp("open"))) == {"video", "audio"}
        assert "wrong credentials" in gateway.log()
        assert "sesame" not in gateway.log()


@pytest.mark.parametrize("protocols", ["tcp", "udp"])
def test_rtspsrc_with_credentials_plays(protocols):
    with Gateway(ROUTES) as gateway:
        gateway.wait_state("guarded", "online")
        url = gateway.rtsp("guarded")
        login = ["user-id=ann", f"protocols={protocols}"]
        frames, said = rtspsrc_frames(
            url, 20, *login, f"user-pw={SECRET}")
        assert frames == 20, said
        frames, said = rtspsrc_frames(url, 20, *login, "user-pw=wrong")
        assert frames == 0
        assert "Unauthorized" in said


def test_viewer_cannot_send_the_media_to_others():
    with Gateway(ROUTES) as gateway:
        gateway.wait_state("open", "online")
        url = gateway.rtsp("open")
        with socket.create_connection(
                ("127.0.0.1", gateway.ports["rtsp"]), timeout=20) as viewer:
            viewer.sendall((
                f"SETUP {url}/stream=0 RTSP/1.0\r\nCSeq: 1\r\n"
                "Transport: RTP/AVP;unicast;destination=127.0.0.2;"
                "client_port=40000-40001\r\n\r\n").encode())
            answer = viewer.recv(4096).decode()
        assert answer.startswith("RTSP/1.0 200"), answer
        assert "127.0.0.2" not in answer
