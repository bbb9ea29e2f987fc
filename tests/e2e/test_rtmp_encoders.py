# SPDX-License-Identifier: MIT
"""Every known encoder publishes to the running gateway: its bytes, from the first
one of the handshake on, as tests/support/rtmp-encoders/ writes them."""

import json
import os
import socket
import time

import pytest

from gateway import ROOT, Gateway, wait_until

FOLDER = os.path.join(ROOT, "tests", "data", "rtmp")
OUTPUTS = ["rtsp", "rtmp"]
KEYS = ["sesame", "open-barley", "a.b-c"]


def load_personas():
    with open(os.path.join(FOLDER, "personas.json"), encoding="utf-8") as file:
        return json.load(file)


PERSONAS = load_personas()
PUBLISHING = [p for p in PERSONAS if "refused" not in p]


class Encoder:
    """Sends a transcript in pieces and keeps what is answered."""

    def __init__(self, gateway, persona):
        with open(os.path.join(FOLDER, persona["name"] + ".rtmp"), "rb") as file:
            self.bytes = file.read()
        self.goodbye_at = persona["goodbye-at"] or len(self.bytes)
        self.seconds = persona.get("seconds", 1)
        self.answers = b""
        self.socket = socket.create_connection(
            ("127.0.0.1", gateway.ports["rtmp"]), timeout=10)

    def send(self):
        """All up to the goodbye, about as fast as the media in it plays."""
        n = 25
        for i in range(n):
            self.socket.sendall(self.bytes[self.goodbye_at * i // n:
                                           self.goodbye_at * (i + 1) // n])
            time.sleep(self.seconds / n)

    def say_goodbye(self):
        if self.goodbye_at < len(self.bytes):
            self.socket.sendall(self.bytes[self.goodbye_at:])
        self.socket.shutdown(socket.SHUT_WR)

    def read_to_end(self):
        while True:
            try:
                piece = self.socket.recv(65536)
            except ConnectionResetError:
                piece = b""
            if not piece:
                return self.answers
            self.answers += piece

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.socket.close()


@pytest.fixture(scope="module")
def gateway():
    routes = {"live/*": {"input": "publish", "outputs": OUTPUTS,
                         "publisher-grace-ms": 100}}
    for persona in PERSONAS:
        if "key" in persona:
            routes[persona["path"]] = {
                "input": "publish", "outputs": OUTPUTS,
                "publish": {"key": persona["key"]}}
    # All that GStreamer's log can tell of our elements is looked at too.
    with Gateway(routes, env={"GST_DEBUG": "penstock*:9"},
                 log={"level": "debug"}) as running:
        yield running


def shown_tracks(gateway, persona):
    """What the status tells of the first video and the first audio track, and
    how many there are."""
    route = gateway.route(persona["path"])
    if not route or route["state"] != "online":
        return None
    shown = {"tracks": len(route["tracks"])}
    for track in reversed(route["tracks"]):
        shown[track["kind"]] = track["codec"]
        shown[track["kind"] + "-units"] = track["access-units"]
    return shown


def expected_tracks(persona):
    shown = {key: persona[key] for key in persona
             if key in ("video", "audio", "video-units", "audio-units")}
    return {"tracks": persona.get("tracks", 2), **shown}


@pytest.mark.parametrize("persona", PUBLISHING, ids=lambda p: p["name"])
def test_encoder_publishes(gateway, persona):
    expected = expected_tracks(persona)
    with Encoder(gateway, persona) as encoder:
        encoder.send()
        wait_until(lambda: shown_tracks(gateway, persona) == expected, 10,
                   lambda: f"{shown_tracks(gateway, persona)}, not {expected}")
        encoder.say_goodbye()
        answers = encoder.read_to_end()
        assert b"NetStream.Publish.Start" in answers
        assert b"error" not in answers
        wait_until(lambda: not shown_tracks(gateway, persona), 10, "offline")
    names = [line for line in gateway.lines if "publication started" in line and
             f"route={persona['path']} " in line]
    assert f"({persona['encoder']})" in names[0], names


def test_wrong_key_is_refused_with_a_status_that_obs_shows(gateway):
    """OBS gives up at this code and shows that the key is wrong; its log has the
    sentence."""
    persona = next(p for p in PERSONAS if p["name"] == "obs-wrong-key")
    with Encoder(gateway, persona) as encoder:
        encoder.send()
        answers = encoder.read_to_end()
    assert b"NetStream.Publish.Denied" in answers
    assert b"The publish key is missing or wrong." in answers
    assert answers.count(b"NetStream.Publish.Start") == 1, "of onFCPublish"
    assert gateway.route(persona["path"])["state"] == "offline"


def test_no_line_of_the_log_tells_a_key(gateway):
    """The last test here: it reads what the others made the gateway say."""
    assert any("publisher refused" in line for line in gateway.lines)
    assert any(" penstockrtmp " in line for line in gateway.lines)
    told = [line for line in gateway.lines if any(k in line for k in KEYS)]
    assert not told, "\n".join(told[:10])
