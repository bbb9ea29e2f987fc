# SPDX-License-Identifier: MIT
"""An RTMP player that reads only when it is told to, and remembers what it got."""

import os
import select
import socket
import struct
import sys
import time

sys.path.insert(
    0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                    "rtmp-encoders"))

# pylint: disable=wrong-import-position
from encoder import AUDIO, VIDEO, Encoder

SET_CHUNK_SIZE = 1
ANSWER_BYTES = 1 + 2 * 1536  # S0, S1, S2
HEADER_SIZES = (11, 7, 3, 0)
EXTENDED = 0xffffff


class Chunks:
    """Takes messages out of bytes, in pieces of any size."""

    def __init__(self):
        self.data = bytearray()
        self.size = 128
        self.streams = {}  # id -> [time, size, type, payload]

    def feed(self, data):
        """Yields (type, time, payload)."""
        self.data += data
        while (chunk := self._next()):
            end, stream = chunk
            del self.data[:end]
            if len(stream[3]) < stream[1]:
                continue
            payload, stream[3] = bytes(stream[3]), bytearray()
            if stream[2] == SET_CHUNK_SIZE:
                self.size, = struct.unpack(">I", payload)
            yield stream[2], stream[0], payload

    def _next(self):
        """One chunk: (its length, its stream), None when it is not complete."""
        data = self.data
        if not data:
            return None
        form, number = data[0] >> 6, data[0] & 63
        at = 1 + HEADER_SIZES[form]
        assert number >= 2, "a long chunk stream id"
        if len(data) < at:
            return None
        old = self.streams.get(number, [0, 0, 0, bytearray()])
        stream = [old[0], old[1], old[2], old[3]]
        if form < 3:
            when = int.from_bytes(data[1:4], "big")
            if when == EXTENDED:
                if len(data) < at + 4:
                    return None
                when, = struct.unpack(">I", data[at:at + 4])
                at += 4
            stream[0] = when if form == 0 else stream[0] + when
        if form < 2:
            stream[1], stream[2] = int.from_bytes(data[4:7], "big"), data[7]
        elif form == 3 and stream[0] >= EXTENDED:
            at += 4
        end = at + min(self.size, stream[1] - len(stream[3]))
        if len(data) < end:
            return None
        stream[3] += data[at:end]
        self.streams[number] = stream
        return end, stream


def read_until(players, check, timeout, what):
    """Those of @players that have something are read until @check()."""
    end = time.monotonic() + timeout
    while not check():
        left = end - time.monotonic()
        assert left > 0, f"no {what}"
        for player in select.select(players, [], [], left)[0]:
            player.read()


class Player:
    """Plays rtmp://127.0.0.1:@port/live/@name. @receive_buffer: bytes that the
    kernel takes for it while it does not read."""

    def __init__(self, port, name, receive_buffer=None):
        self.audio = []  # times
        self.video = []  # (time, is it a keyframe)
        self._chunks = Chunks()
        self._answer = 0
        self._socket = socket.socket()
        if receive_buffer:
            self._socket.setsockopt(
                socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self._socket.connect(("127.0.0.1", port))
        ask = Encoder(name)
        ask.handshake()
        ask.connect(app="live", flashVer="test", tcUrl="rtmp://127.0.0.1/live")
        ask.command(3, 0, "createStream", 2, None)
        ask.command(8, 1, "play", 3, None, name, -2000)
        self._socket.sendall(ask.out)

    def fileno(self):
        return self._socket.fileno()

    def read(self):
        self._take(self._socket.recv(1 << 16))

    def _take(self, piece):
        assert piece, "the gateway has closed the connection"
        skip = min(len(piece), ANSWER_BYTES - self._answer)
        self._answer += skip
        for kind, when, payload in self._chunks.feed(piece[skip:]):
            if kind == AUDIO and payload[1] == 1:
                self.audio.append(when)
            elif kind == VIDEO and payload[1] == 1:
                self.video.append((when, payload[0] >> 4 == 1))

    @property
    def newest(self):
        """Time of the newest sound."""
        return self.audio[-1] if self.audio else -1

    def has_all_of(self, other):
        """Is it as far as @other is?"""
        return self.newest >= other.newest and self.video[-1] >= other.video[-1]

    def silences(self):
        """Longest step in the sound, in ms."""
        return max(b - a for a, b in zip(self.audio, self.audio[1:]))

    def skips(self, frame=40):
        """Pictures that do not follow on the one before: (ms, keyframe?)."""
        return [(b[0] - a[0], b[1]) for a, b in zip(self.video, self.video[1:])
                if b[0] - a[0] != frame]

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self._socket.close()
