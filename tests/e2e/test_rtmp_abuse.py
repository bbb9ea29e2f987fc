# SPDX-License-Identifier: MIT
"""What a hostile peer may try at the RTMP port while somebody publishes and
somebody watches: neither notices, memory stays bounded, nothing is left."""

import contextlib
import resource
import select
import socket
import struct
import threading
import time

import pytest

import media
from gateway import Gateway, publish, sanitizer_runtime, wait_until

ROUTES = {"live/one": {"input": "publish", "outputs": ["rtmp"],
                       "publish": {"key": "sesame"}}}
HANDSHAKE = b"\x03" + bytes(1536 + 1536)


def amf(*values):
    """Strings, numbers, None and raw bytes as AMF0."""
    out = b""
    for value in values:
        if value is None:
            out += b"\x05"
        elif isinstance(value, bytes):
            out += value
        elif isinstance(value, str):
            out += b"\x02" + struct.pack(">H", len(value)) + value.encode()
        else:
            out += b"\x00" + struct.pack(">d", value)
    return out


APP = b"\x03\0\x03app" + amf("live") + b"\0\0\x09"


def message(kind, payload, csid=3, stream=0, size=None, chunk=128):
    """A message in chunks; with @size only so many bytes are announced."""
    out = bytes([csid]) + bytes(3) + (size or len(payload)).to_bytes(3, "big")
    out += bytes([kind]) + struct.pack("<I", stream)
    for pos in range(0, len(payload), chunk):
        out += (bytes([0xc0 | csid]) if pos else b"") + payload[pos:pos + chunk]
    return out


CONNECT = message(20, amf("connect", 1, APP))


class Crowd:
    """Many sockets; their answers are thrown away."""

    def __init__(self, gateway):
        self.address = ("127.0.0.1", gateway.ports["rtmp"])
        self.sockets = []

    def connect(self, data=b""):
        peer = socket.create_connection(self.address, timeout=10)
        self.sockets.append(peer)
        if data:
            with contextlib.suppress(OSError):
                peer.sendall(data)
        return peer

    def count_open(self):
        """Those that the gateway has not closed."""
        poll = select.poll()
        for peer in self.sockets:
            poll.register(peer, select.POLLIN | select.POLLRDHUP)
        closed = {fd for fd, events in poll.poll(0)
                  if events & (select.POLLRDHUP | select.POLLHUP)}
        return len(self.sockets) - len(closed)

    def close(self):
        for peer in self.sockets:
            peer.close()
        self.sockets = []


@pytest.fixture(scope="module", autouse=True)
def many_descriptors():
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(8192, hard), hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@contextlib.contextmanager
def watched(max_kib, **rtmp):
    """A gateway with a publisher and a viewer, who must see every frame while
    the block abuses the gateway. @max_kib: by so much may memory grow, beside
    what a growing GOP cache takes."""
    with Gateway(ROUTES, rtmp=rtmp) as gateway, publish(
            media.clip(seconds=10), gateway.rtmp("live/one?key=sesame")):
        gateway.wait_state("live/one", "online")
        frames, stop = [], threading.Event()
        viewer = threading.Thread(target=media.decode_video, args=(
            gateway.rtmp("live/one"), 600, "320x240", (), stop, frames))
        viewer.start()
        wait_until(lambda: len(frames) > 25, 20, "the viewer")
        before = gateway.usage()
        begin, seen = time.monotonic(), len(frames)
        crowd = Crowd(gateway)
        try:
            yield gateway, crowd
            grown = gateway.usage()["kib"] - before["kib"]
            if not sanitizer_runtime():
                assert grown < max_kib, f"{grown} KiB more"
        finally:
            # Another second of what they all have left behind.
            stop.wait(1)
            seconds = time.monotonic() - begin
            stop.set()
            viewer.join()
            crowd.close()
        assert len(frames) - seen >= 20 * (seconds - 1), (seen, frames, seconds)
        numbers = [number for number, _ in frames]
        steps = {(b - a) % 250 for a, b in zip(numbers, numbers[1:])}
        assert steps == {1}, numbers
        assert gateway.route("live/one")["state"] == "online"
        wait_until(lambda: gateway.usage()["fds"] <= before["fds"], 20,
                   lambda: f"{gateway.usage()} after {before}")


@pytest.mark.parametrize("stage,data", [
    ("accepted", b""), ("handshake", HANDSHAKE),
    ("connected", HANDSHAKE + CONNECT)])
def test_idle_connections(stage, data):
    with watched(12000) as (gateway, crowd):
        for _ in range(2000):
            crowd.connect(data)
        wait_until(lambda: crowd.count_open() <= 1024, 10, crowd.count_open)
        wait_until(lambda: gateway.status()["rtmp"]["connections-total"] >=
                   2000, 10, gateway.status)
        assert gateway.status()["rtmp"]["half-open"] <= 1024


def test_handshakes_that_drip():
    with watched(6000, **{"handshake-timeout-ms": 2000}) as (_, crowd):
        begin = time.monotonic()
        for _ in range(300):
            crowd.connect(b"\x03")
        while crowd.count_open() > 0:
            assert time.monotonic() - begin < 6
            for peer in crowd.sockets:
                with contextlib.suppress(OSError):
                    peer.send(b"\0")
            time.sleep(0.2)
        assert time.monotonic() - begin > 1.9


def test_long_messages_that_are_only_announced():
    """16 MB on each of 60 chunk streams, by 50 connections: 48 GB announced,
    400 KB sent."""
    headers = b"".join(
        message(9, bytes(128), csid, 1, size=0xffffff) for csid in range(4, 64))
    begun = HANDSHAKE + CONNECT + message(
        20, amf("createStream", 2, None)) + headers
    with watched(30000) as (_, crowd):
        for _ in range(50):
            crowd.connect(begun)
        wait_until(lambda: crowd.count_open() == 50, 5, crowd.count_open)


BOMBS = {
    "depth": amf("connect", 1) + b"\x0a\0\0\0\1" * 200000 + b"\x05",
    "objects": amf("connect", 1) + b"\x03\0\1a" * 250000,
    "count": amf("connect", 1) + b"\x0a\xff\xff\xff\xff" * 3,
    "values": amf("connect", 1) + b"\x05" * 1000000,
    "map": amf("connect", 1) + b"\x08\xff\xff\xff\xff" + b"\0\1a\x05" * 200000,
    "amf3": amf("connect", 1, b"\x11") + b"\x09\x03\x01" * 300000,
    "amf3 references": amf("connect", 1, b"\x11\x09\xff\xff\xff\xff\x01") +
                       b"\x06\x81\0" + b"x" * 64 + b"\x06\x00" * 400000,
}


@pytest.mark.parametrize("name", BOMBS)
def test_amf_bomb(name):
    """A command of up to 1 MB that wants to become more, from 20 peers."""
    bomb = BOMBS[name][:1000000]
    # Strangers may not send so much: connected ones may.
    sent = HANDSHAKE + CONNECT + message(
        1, struct.pack(">I", 0xffffff), 2) + message(20, bomb, chunk=0xffffff)
    with watched(40000, **{"max-unfinished-early-bytes": 1 << 24}) as (_, crowd):
        for _ in range(10):
            crowd.connect(sent)
            crowd.connect(HANDSHAKE + message(
                1, struct.pack(">I", 0xffffff), 2) +
                message(20, bomb, chunk=0xffffff))


def test_wrong_keys_by_the_hundred():
    attempt = HANDSHAKE + CONNECT + message(
        20, amf("createStream", 2, None)) + message(
        20, amf("publish", 3, None, "one?key=barley", "live"), stream=1)
    with watched(6000) as (gateway, crowd):
        # From another address than that of the viewer.
        for _ in range(200):
            peer = socket.socket()
            peer.bind(("127.0.0.9", 0))
            with contextlib.suppress(OSError):
                peer.connect(crowd.address)
                peer.sendall(attempt)
            crowd.sockets.append(peer)
            if len(crowd.sockets) == 15:
                wait_until(lambda: gateway.status()["rtmp"]["wrong-keys"] >= 11,
                           5, "eleven wrong keys")
        wait_until(lambda: gateway.status()["rtmp"]["refused"]["blocked"] >=
                   180, 10, gateway.status)
        assert gateway.status()["rtmp"]["wrong-keys"] <= 15
        told = [line for line in gateway.lines if "127.0.0.9" in line]
        assert len(told) <= 12, told


def test_other_protocols_and_noise():
    noise = bytes(range(256)) * 40
    with watched(6000) as (_, crowd):
        for first in (b"GET / HTTP/1.1\r\n\r\n", b"\x16\x03\x01\0\xa5",
                      b"\x06" + noise, noise):
            for _ in range(100):
                crowd.connect(first)
        for seed in range(100):
            crowd.connect(HANDSHAKE + noise[seed:])
        wait_until(lambda: crowd.count_open() <= 100, 10, crowd.count_open)
