# SPDX-License-Identifier: MIT
"""SIGHUP: another route map touches what differs, and nothing else."""

import contextlib
import http.client
import os
import shutil
import socket
import ssl
import subprocess
import threading

import pytest

import media
from gateway import ROOT, Gateway, probe, publish, wait_until
from rtsp_publisher import publish as publish_rtsp
from test_source_killed import Viewer

TLS_DATA = os.path.join(ROOT, "tests", "data", "tls")


def bars(pattern="smpte", **more):
    return {"type": "test", "width": 320, "height": 240, "bitrate-kbps": 300,
            "pattern": pattern, **more}


def file_input():
    return {"type": "file", "path": media.clip(seconds=10, gop=25)}


def route(source, *outputs):
    return {"input": source, "outputs": list(outputs) or ["rtsp"]}


def since(gateway, name):
    """What changes when the input of a route starts anew."""
    return gateway.route(name)["input"]["since"]


def is_gone(gateway, name):
    wait_until(lambda: gateway.route(name) is None, 10,
               lambda: f"{name} to go\n{gateway.log()}")


def tracks_of_dash(gateway, name):
    return gateway.wait_manifest(name).decode().count("<AdaptationSet")


def test_other_routes_notice_nothing():
    """Frames of a route that stays come without a gap while others come, go
    and change."""
    stays = route(file_input(), "rtsp", "dash")
    with Gateway({"stays": stays, "goes": route(bars()),
                  "changes": route(bars())}) as gateway:
        for name in ("stays", "goes", "changes"):
            gateway.wait_state(name, "online")
        before = since(gateway, "stays")
        frames = []
        reader = threading.Thread(target=lambda: frames.extend(
            number for number, _ in media.decode_video(
                gateway.rtsp("stays"), 12, "320x240",
                ["-rtsp_transport", "tcp"])))
        reader.start()
        wait_until(lambda: any("reader plays" in line
                               for line in gateway.lines), 20, "a reader")
        for pattern in ("ball", "snow", "circular"):
            lines = gateway.reload(routes={
                "stays": stays, f"comes-{pattern}": route(bars()),
                "changes": route(bars(pattern))})
            assert any(" changed by the new route map route=changes" in line
                       for line in lines)
            gateway.wait_state(f"comes-{pattern}", "online")
            gateway.wait_state("changes", "online")
        is_gone(gateway, "goes")
        is_gone(gateway, "comes-ball")
        reader.join(60)
        assert len(frames) >= 290
        assert {(b - a) % 250 for a, b in zip(frames, frames[1:])} == {1}
        assert since(gateway, "stays") == before


def test_readers_stay_when_the_input_changes():
    with Gateway({"cam": route(bars())}) as gateway, \
            contextlib.ExitStack() as stack:
        gateway.wait_state("cam", "online")
        viewers = [stack.enter_context(Viewer(gateway.rtsp("cam"), transport))
                   for transport in ("tcp", "udp")]
        wait_until(lambda: all(v.frames > 25 for v in viewers), 30, "pictures")
        before = [viewer.frames for viewer in viewers]
        gateway.reload(routes={"cam": route(bars("ball"))})
        wait_until(lambda: all(v.frames > n + 100
                               for v, n in zip(viewers, before)), 40,
                   lambda: f"pictures of the new input\n{gateway.log()}")
        assert all(viewer.process.poll() is None for viewer in viewers)
        assert gateway.route("cam")["outputs"][0]["readers"] == 2


def test_a_publisher_and_rtsp_readers_stay_when_another_output_changes():
    clip = media.clip(seconds=10)
    with Gateway({"live": route("publish", "rtsp")}) as gateway, \
            publish(clip, gateway.rtmp("live")) as publisher:
        gateway.wait_state("live", "online")
        before = since(gateway, "live")
        with Viewer(gateway.rtsp("live"), "tcp") as viewer:
            wait_until(lambda: viewer.frames > 25, 30, "pictures")
            gateway.reload(routes={"live": route("publish", "dash", "rtsp")})
            assert tracks_of_dash(gateway, "live") == 2
            gateway.reload(routes={"live": route(
                "publish", {"type": "dash", "audio": "none"}, "rtsp")})
            wait_until(lambda: tracks_of_dash(gateway, "live") == 1, 20,
                       "video alone")
            frames = viewer.frames
            wait_until(lambda: viewer.frames > frames + 25, 20, "pictures")
            assert viewer.process.poll() is None
        assert publisher.process.poll() is None
        assert since(gateway, "live") == before


def test_publishers_of_a_template_stay_while_it_is_there():
    clip = media.clip(seconds=10)
    with Gateway({"live/*": route("publish")}) as gateway, \
            publish(clip, gateway.rtmp("live/one")) as publisher:
        gateway.wait_state("live/one", "online")
        before = since(gateway, "live/one")
        gateway.reload(routes={"live/*": route("publish"),
                               "bars": route(bars())})
        gateway.wait_state("bars", "online")
        # Under a name of its own it is the same route.
        gateway.reload(routes={"live/one": route("publish")})
        wait_until(lambda: "template" not in gateway.route("live/one"), 10,
                   "the template to be forgotten")
        assert since(gateway, "live/one") == before
        assert publisher.process.poll() is None
        gateway.reload(routes={"bars": route(bars())})
        is_gone(gateway, "live/one")
        wait_until(lambda: publisher.process.poll() is not None, 20,
                   "the publisher to be closed")


def test_a_new_publish_key_is_asked_for():
    clip = media.clip(seconds=10)
    guarded = {**route("publish"), "publish": {"key": "sesame"}}
    with Gateway({"live": route("publish")}) as gateway:
        with publish(clip, gateway.rtmp("live")) as first:
            gateway.wait_state("live", "online")
            gateway.reload(routes={"live": guarded})
            wait_until(lambda: first.process.poll() is not None, 20,
                       "the publisher without a key to be closed")
        with publish(clip, gateway.rtmp("live")) as second:
            assert second.wait(20)[0] != 0
        with publish(clip, gateway.rtmp("live?key=sesame")):
            gateway.wait_state("live", "online")
        assert "sesame" not in gateway.log()


def test_new_credentials_of_publishers_are_asked_for():
    clip = media.clip(seconds=10)
    guarded = {**route("publish"),
               "publish": {"user": "ann", "password": "sesame"}}
    with Gateway({"live": route("publish"), "other": route("publish")}) as \
            gateway, publish_rtsp(clip, gateway.rtsp("other")):
        with publish_rtsp(clip, gateway.rtsp("live")) as first:
            gateway.wait_state("live", "online")
            gateway.wait_state("other", "online")
            before = since(gateway, "other")
            gateway.reload(routes={"live": guarded,
                                   "other": route("publish")})
            wait_until(lambda: first.process.poll() is not None, 20,
                       "the publisher without credentials to be closed")
        with publish_rtsp(clip, gateway.rtsp("live")) as second:
            assert second.wait(20)[0] != 0
        with publish_rtsp(clip, gateway.rtsp("live").replace(
                "//", "//ann:sesame@")):
            gateway.wait_state("live", "online")
        assert since(gateway, "other") == before
        assert "sesame" not in gateway.log()


def test_new_credentials_are_asked_for():
    with Gateway({"cam": route(bars())}) as gateway:
        gateway.wait_state("cam", "online")
        probe(gateway.rtsp("cam"))
        gateway.reload(routes={"cam": route(bars(), {
            "type": "rtsp", "user": "ann", "password": "sesame"})})
        refused = subprocess.run(
            ["ffprobe", "-v", "error", gateway.rtsp("cam")],
            capture_output=True, text=True, timeout=20)
        assert "401" in refused.stderr
        probe(gateway.rtsp("cam").replace("//", "//ann:sesame@"))


@pytest.mark.parametrize("config,message", [
    ({"routes": {"cam": {"input": "tset", "outputs": ["rtsp"]}}},
     "/routes/cam/input: "),
    ({"listen": {"rtmp": "127.0.0.1:0", "rtsp": "127.0.0.1:0"}},
     "/listen/http: cannot change while the gateway runs; restart it"),
])
def test_a_wrong_route_map_changes_nothing(config, message):
    with Gateway({"cam": route(bars())}) as gateway:
        gateway.wait_state("cam", "online")
        before = since(gateway, "cam")
        lines = gateway.reload(**config)
        assert any(message in line for line in lines), lines
        assert any("the route map is not reloaded" in line for line in lines)
        probe(gateway.rtsp("cam"))
        assert since(gateway, "cam") == before


def peer_certificate(port):
    return ssl.get_server_certificate(("127.0.0.1", port))


def make_certificate(folder):
    """Another one than that of the test data, as a renewal would be."""
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days",
         "2", "-subj", "/CN=renewed", "-keyout", os.path.join(folder, "key.pem"),
         "-out", os.path.join(folder, "certificate.pem")], check=True,
        capture_output=True, timeout=60)


def test_a_renewed_certificate_is_shown_to_new_connections(tmp_path):
    for name in ("certificate.pem", "key.pem"):
        shutil.copy(os.path.join(TLS_DATA, name), tmp_path / name)
    tls = {"certificate-file": str(tmp_path / "certificate.pem"),
           "key-file": str(tmp_path / "key.pem")}
    with Gateway({"cam": route(bars())}, tls=tls, listen={
            "rtsps": "127.0.0.1:0", "http": "127.0.0.1:0",
            "https": "127.0.0.1:0"}) as gateway:
        gateway.wait_state("cam", "online")
        url = f"rtsps://127.0.0.1:{gateway.ports['rtsps']}/cam"
        with Viewer(url, "tcp") as viewer:
            wait_until(lambda: viewer.frames > 10, 30, "pictures")
            before = peer_certificate(gateway.ports["rtsps"])
            assert peer_certificate(gateway.ports["https"]) == before
            make_certificate(tmp_path)
            gateway.reload()
            assert peer_certificate(gateway.ports["rtsps"]) != before
            wait_until(lambda: peer_certificate(
                gateway.ports["https"]) != before, 5, "another certificate")
            frames = viewer.frames
            wait_until(lambda: viewer.frames > frames + 25, 20, "pictures")
        (tmp_path / "certificate.pem").write_text("no certificate")
        assert any("certificate.pem" in line for line in gateway.reload())
        probe(url)


def is_served(gateway):
    """Whether a new RTMP connection is answered, or reset at any moment."""
    try:
        with socket.create_connection(
                ("127.0.0.1", gateway.ports["rtmp"]), timeout=10) as peer:
            peer.sendall(b"\3" + bytes(1536))
            return peer.recv(1) == b"\3"
    except (ConnectionResetError, BrokenPipeError):
        return False


def test_new_limits_count_for_new_connections():
    clip = media.clip(seconds=10)
    with Gateway({"live": route("publish")}) as gateway, \
            publish(clip, gateway.rtmp("live")):
        gateway.wait_state("live", "online")
        assert is_served(gateway)
        gateway.reload(rtmp={"max-connections": 1})
        assert not is_served(gateway)
        wait_until(lambda: gateway.status()["rtmp"]["refused"]["total"] == 1,
                   5, gateway.status)
        gateway.reload(rtmp={})
        assert is_served(gateway)
        assert gateway.route("live")["state"] == "online"


def http_is_served(gateway, source):
    """Whether a new HTTP client from that address of this host is."""
    client = http.client.HTTPConnection(
        "127.0.0.1", gateway.ports["http"], timeout=10,
        source_address=(source, 0))
    client.request("GET", "/time")
    with contextlib.closing(client):
        return client.getresponse().status == 200


def test_new_limits_of_http_count_for_new_connections():
    with Gateway({"cam": route(bars())}) as gateway, contextlib.closing(
            http.client.HTTPConnection("127.0.0.1", gateway.ports["http"],
                                       source_address=("127.0.0.2", 0))) as one:
        one.request("GET", "/time")
        one.getresponse().read()
        assert http_is_served(gateway, "127.0.0.2")
        gateway.reload(http={"max-connections-per-address": 1})
        wait_until(lambda: not http_is_served(gateway, "127.0.0.2"), 5,
                   "a refusal")
        assert http_is_served(gateway, "127.0.0.3")
        wait_until(lambda: gateway.status()["http"]["refused"]["address"] >= 1,
                   5, gateway.status)
        one.request("GET", "/time")
        assert one.getresponse().status == 200


def test_a_new_bound_of_memory_shortens_windows_at_once():
    """The two newest segments stay, and the log says once why."""
    source = bars(**{"keyframe-interval-ms": 500})
    output = {"type": "dash", "segment-ms": 500, "window-s": 30}
    with Gateway({"cam": route(source, output)}) as gateway:
        def memory():
            return gateway.status()["dash"]["memory-bytes"]

        gateway.wait_manifest("cam")
        wait_until(lambda: memory() > 150000, 20, memory)
        assert gateway.status()["dash"]["max-memory-bytes"] == 2 ** 32
        gateway.reload(dash={"max-memory-bytes": 100000})
        wait_until(lambda: 0 < memory() < 120000, 5, memory)
        wait_until(lambda: gateway.route("cam")["outputs"][0]["bytes"] < 120000,
                   5, gateway.status)
        wait_until(lambda: gateway.log().count("window is shorter") == 1, 5,
                   gateway.log)
