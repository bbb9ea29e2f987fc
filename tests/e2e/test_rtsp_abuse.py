# SPDX-License-Identifier: MIT
"""Broken requests and frames at the RTSP port, while somebody watches: they come
from a seeded generator, so a failure can be repeated by its number."""

import contextlib
import random
import re
import socket
import threading
import time

import pytest

import media
from gateway import Gateway, sanitizer_runtime, wait_until
from rtsp_recorder import Recorder

FRAME = 90000 // media.FPS
ANSWER_S = 10

NUMBERS = ["0", "-0", "1", "-1", "0.5", "2.0", "1e308", "-1e309", "1e-320",
           "nan", "-nan", "inf", "-inf", "0x1p-1074", "1,5", "+3", " 2", "",
           "9" * 40, "4294967296", "-2147483649", "18446744073709551616", "a"]
RANGES = ["npt={}-{}", "npt=now-{}", "npt={}:{}:00-", "npt=-{}", "npt={}",
          "smpte={}:00:00-{}:00:00:05.01", "smpte-25=10:07:{}-", "smpte=",
          "clock=19961108T1437{}Z-", "clock={}-{}", "npt={}-{};time={}",
          "npt=0-1,npt=2-3", "{}", "=", "npt=0-;time=19970123T143720Z"]
TRANSPORTS = [
    "RTP/AVP/TCP;unicast;interleaved=0-1", "RTP/AVP/TCP;interleaved={}-{}",
    "RTP/AVP/TCP;interleaved=255-256", "RTP/AVP/TCP;interleaved=3",
    "RTP/AVP;unicast;client_port={}-{}", "RTP/AVP;multicast;ttl={};port={}-{}",
    "RTP/AVP;unicast;destination=127.0.0.1;client_port=5000-5001",
    "RTP/SAVP;unicast;client_port=5000-5001", "RTP/AVP/TCP;mode={}",
    "RTP/AVP/TCP;mode=record;append;ssrc={};layers={}", ";;;,,,", "{}",
    "RTP/AVP;unicast;client_port=1-2,RTP/AVP/TCP;interleaved=2-3"]
HEADERS = ["Range", "Scale", "Speed", "Rate-Control", "Frames", "Transport",
           "Session", "CSeq", "Content-Length", "Content-Type", "Require",
           "Proxy-Require", "Accept", "Accept-Ranges", "Bandwidth", "Blocksize",
           "Seek-Style", "Authorization", "x-sessioncookie", "Connection",
           "User-Agent", "If-Modified-Since", "Date", "X-" + "A" * 300]
METHODS = ["OPTIONS", "DESCRIBE", "PLAY", "PAUSE", "GET_PARAMETER",
           "SET_PARAMETER", "TEARDOWN", "SETUP", "ANNOUNCE", "RECORD",
           "REDIRECT", "GET", "POST", "play", "", "\x00"]
PATHS = ["{url}", "{url}/", "{url}/stream=0", "{url}/stream=1",
         "{url}/stream=4294967296", "{url}/stream=-1", "{url}?a=b&c", "*",
         "rtsp://", "rtsp://[::1", "{url}%00%ff", "http://x/", "/cam", ""]


class Dialogue:
    """One connection, with what it is told decided by @seed."""

    def __init__(self, url, port, seed):
        self.random = random.Random(seed)
        self.url = url
        self.sequence = 0
        self.session = None
        self.socket = socket.create_connection(("127.0.0.1", port), ANSWER_S)
        self.file = self.socket.makefile("rb")

    # --- what is sent

    def number(self):
        one = self.random
        return one.choice([one.choice(NUMBERS), str(one.randint(-9, 70000))])

    def fill(self, pattern):
        return re.sub(r"\{\}", lambda _: self.number(), pattern)

    def value(self, name):
        one = self.random
        if name == "Range":
            return self.fill(one.choice(RANGES))
        if name == "Transport":
            return self.fill(one.choice(TRANSPORTS))
        if name == "Session":
            return one.choice([self.session or "x", "y" * 600, ""])
        return one.choice([self.number(), self.noise(one.randint(0, 40))])

    def noise(self, size):
        """Bytes of latin-1, often printable."""
        one = self.random
        return "".join(chr(one.choice([one.randint(32, 126),
                                       one.randint(1, 255)]))
                       for _ in range(size)).replace("\n", " ")

    def request(self, method, path, headers=()):
        self.sequence += 1
        lines = [f"{method} {path} RTSP/1.0", f"CSeq: {self.sequence}"]
        if self.session:
            lines.append(f"Session: {self.session}")
        lines += [f"{name}: {value}" for name, value in headers]
        return "\r\n".join([*lines, "", ""]).encode("latin-1")

    def odd_request(self):
        one = self.random
        method = one.choice(["PLAY", one.choice(METHODS)])
        path = one.choice([self.url, one.choice(PATHS).format(url=self.url)])
        names = one.sample(HEADERS[:3], one.randint(0, 3)) + one.sample(
            HEADERS, one.choice([0, 0, 1, 3]))
        data = self.request(method, path,
                            [(name, self.value(name)) for name in names])
        return self.mutate(data) if one.random() < 0.3 else data

    def mutate(self, data):
        one = self.random
        data = bytearray(data)
        for _ in range(one.randint(1, 6)):
            at = one.randrange(len(data))
            kind = one.randrange(4)
            if kind == 0:
                data[at] = one.randrange(256)
            elif kind == 1:
                del data[at:at + one.randint(1, 20)]
            elif kind == 2:
                data[at:at] = bytes(one.randrange(256) for _ in range(4))
            else:
                data += data[at:at + 100]
            data = data or bytearray(b"$")
        return bytes(data)

    def frame(self):
        """Interleaved: a report, more or less, or noise; not always whole."""
        one = self.random
        if one.random() < 0.6:
            body = bytearray(b"\x81\xc9\0\x07" + one.randbytes(28) +
                             b"\x81\xca\0\x03" + one.randbytes(4) +
                             one.choice([b"\x01\x02ab", b"\x08\x02ab",
                                         b"\x08\x03\x01ab"]).ljust(8, b"\0"))
            body[one.randrange(len(body))] = one.randrange(256)
        else:
            body = one.randbytes(one.choice([0, 1, 3, 12, 200, 1500]))
        size = one.choice([len(body)] * 5 + [0, 1, 65535])
        channel = one.choice([0, 1, 1, 1, 2, 3, 255])
        return b"$" + bytes([channel]) + size.to_bytes(2, "big") + bytes(body)

    # --- what is said

    def answer(self):
        """The head of the next answer; None: the connection has ended."""
        line = b""
        while not line.startswith(b"RTSP/"):
            first = self.file.read(1)
            if not first:
                return None
            if first == b"$":
                head = self.file.read(3)
                self.file.read(int.from_bytes(head[1:], "big"))
                continue
            line = first + self.file.readline()
        head = line.decode("latin-1")
        while line.strip():
            line = self.file.readline()
            head += line.decode("latin-1")
        return head

    def begin(self):
        """In order, so that what is odd comes in each state."""
        one = self.random
        stage = one.randrange(4)
        if stage >= 1:
            self.socket.sendall(self.request(
                "SETUP", f"{self.url}/stream=0",
                [("Transport", "RTP/AVP/TCP;unicast;interleaved=0-1")]))
            head = self.answer() or ""
            found = re.search(r"Session: (\w+)", head)
            assert found, head
            self.session = found[1]
        if stage >= 2:
            self.socket.sendall(self.request("PLAY", self.url, [
                (name, self.value(name)) for name in HEADERS[:stage]]))
            assert self.answer() is not None

    def run(self):
        one = self.random
        try:
            self.begin()
            data = [one.choice([self.odd_request, self.odd_request,
                                self.frame])() for _ in range(one.randint(1, 6))]
            self.socket.sendall(b"".join(data))
            if one.random() < 0.3:
                return
            self.socket.shutdown(socket.SHUT_WR)
            while self.answer() is not None:
                pass
        except TimeoutError:
            raise
        except OSError:
            pass  # the gateway has closed: that is its right
        finally:
            self.file.close()
            self.socket.close()


@contextlib.contextmanager
def watched():
    """A gateway and a viewer, which gets every packet while the block runs."""
    clip = media.clip(seconds=10, gop=25)
    routes = {"cam": {"input": {"type": "file", "path": clip, "loop": True},
                      "outputs": ["rtsp"]}}
    with Gateway(routes) as gateway:
        gateway.wait_state("cam", "online")
        stop = threading.Event()
        with Recorder(gateway.rtsp("cam")) as recorder:
            recorder.record_until(lambda: len(recorder.video.units()) > 30)
            thread = threading.Thread(
                target=lambda: recorder.record_until(stop.is_set, 3600))
            thread.start()
            try:
                yield gateway
                seen = len(recorder.video.packets)
                wait_until(lambda: len(recorder.video.packets) > seen + 25, 20,
                           "pictures after all that")
            finally:
                stop.set()
                thread.join()
            if sanitizer_runtime():
                return  # on a busy machine too slow to keep up: it may skip
            assert all(stream.gaps() == [] for stream in recorder.streams)
            assert all(0 < step < 2 * FRAME
                       for step in recorder.video.steps())


@pytest.mark.parametrize("first,count", [
    (0, 400), pytest.param(1000, 20000, marks=pytest.mark.long)])
def test_odd_requests_and_frames_hurt_nobody(first, count):
    with watched() as gateway:
        before = gateway.usage()
        for seed in range(first, first + count):
            begin = time.monotonic()
            Dialogue(gateway.rtsp("cam"), gateway.ports["rtsp"], seed).run()
            assert gateway.process.poll() is None, f"ended by seed {seed}"
            assert time.monotonic() - begin < ANSWER_S, f"seed {seed}"
        wait_until(lambda: gateway.usage()["fds"] <= before["fds"] + 2, 30,
                   lambda: f"descriptors of {before}: {gateway.usage()}")
