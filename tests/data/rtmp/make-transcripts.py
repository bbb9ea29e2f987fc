#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Writes what encoders send, from the first byte of the handshake to the end,
as NAME.rtmp, and the events a server must see, as NAME.expected. The encoders
here are models of the real ones: same commands, chunk streams, header types
and chunk sizes, small made-up media. Run it in this folder after a change."""

import hashlib
import hmac
import pathlib
import random
import struct

PLAYER_KEY = b"Genuine Adobe Flash Player 001"
AUDIO, VIDEO, DATA, COMMAND, COMMAND3, AGGREGATE = 8, 9, 18, 20, 17, 22


class Null:
    pass


class Map(dict):
    """An ECMA array."""


def amf0(value):
    if value is None or isinstance(value, Null):
        return b"\x05"
    if isinstance(value, bool):
        return b"\x01" + bytes([value])
    if isinstance(value, (int, float)):
        return b"\x00" + struct.pack(">d", value)
    if isinstance(value, str):
        return b"\x02" + struct.pack(">H", len(value)) + value.encode()
    if isinstance(value, list):
        return b"\x0a" + struct.pack(">I", len(value)) + b"".join(map(amf0, value))
    head = b"\x08" + struct.pack(">I", len(value)) if isinstance(value, Map) else b"\x03"
    body = b"".join(struct.pack(">H", len(k)) + k.encode() + amf0(v) for k, v in value.items())
    return head + body + b"\0\0\x09"


def amf0_all(*values):
    return b"".join(map(amf0, values))


def signed_block(version, schema, rng):
    """A handshake block with the digest of a Flash player."""
    block = bytearray(bytes(4) + version + rng.randbytes(1528))
    at = 8 if schema == 0 else 772
    offset = sum(block[at:at + 4]) % 728 + at + 4
    digest = hmac.new(PLAYER_KEY, block[:offset] + block[offset + 32:], hashlib.sha256).digest()
    block[offset:offset + 32] = digest
    return bytes(block)


class Encoder:
    """A publisher: writes bytes and remembers what a server must make of them."""

    def __init__(self, name):
        self.name = name
        self.rng = random.Random(name)
        self.out = bytearray()
        self.expected = []
        self.chunk_size = 128
        self.last = {}  # chunk stream -> (time, delta or time, size, type, stream)
        self.repeat_extended = True
        self.stream = 1

    # handshake

    def handshake(self, version=bytes(4), schema=None):
        if schema is None:
            c1 = bytes(4) + version + self.rng.randbytes(1528)
        else:
            c1 = signed_block(version, schema, self.rng)
        self.out += b"\x03" + c1 + self.rng.randbytes(1536)
        self.expected.append("handshake")

    # chunks

    def basic(self, fmt, csid):
        if csid < 64:
            return bytes([fmt << 6 | csid])
        if csid < 320:
            return bytes([fmt << 6, csid - 64])
        return bytes([fmt << 6 | 1]) + struct.pack("<H", csid - 64)

    def chunks(self, csid, kind, stream, time, payload, fmt=0):
        """The chunks of one message, as a list."""
        old = self.last.get(csid, (0, 0, 0, 0, 0))
        field = time if fmt == 0 else (time - old[0]) & 0xffffffff
        extended = field >= 0xffffff if fmt < 3 else old[1] >= 0xffffff
        if fmt == 3:
            field = old[1]
        self.last[csid] = (time, field, len(payload), kind, stream)
        head = self.basic(fmt, csid)
        if fmt <= 2:
            head += min(field, 0xffffff).to_bytes(3, "big")
        if fmt <= 1:
            head += len(payload).to_bytes(3, "big") + bytes([kind])
        if fmt == 0:
            head += struct.pack("<I", stream)
        if extended and (fmt < 3 or self.repeat_extended):
            head += struct.pack(">I", field)
        parts = []
        for pos in range(0, max(len(payload), 1), self.chunk_size):
            if pos > 0:
                head = self.basic(3, csid)
                if extended and self.repeat_extended:
                    head += struct.pack(">I", field)
            parts.append(head + payload[pos:pos + self.chunk_size])
        return parts

    def send(self, csid, kind, stream, time, payload, fmt=0):
        for part in self.chunks(csid, kind, stream, time, payload, fmt):
            self.out += part

    def best_format(self, csid, kind, stream, time, size):
        """What most encoders do: the smallest header that says it."""
        if csid not in self.last:
            return 0
        old_time, field, old_size, old_kind, old_stream = self.last[csid]
        if old_stream != stream or time < old_time:
            return 0
        if (old_size, old_kind) != (size, kind):
            return 1
        return 3 if field == time - old_time else 2

    # messages

    def set_chunk_size(self, size):
        self.send(2, 1, 0, 0, struct.pack(">I", size))
        self.chunk_size = size

    def command(self, csid, stream, *values, kind=COMMAND, fmt=0):
        payload = amf0_all(*values)
        if kind == COMMAND3:
            payload = b"\0" + payload
        self.send(csid, kind, stream, 0, payload, fmt)

    def connect(self, csid=3, kind=COMMAND, **properties):
        self.command(csid, 0, "connect", 1, properties, kind=kind)
        self.expected.append("connect")

    def expect_publish(self, path, kind="live"):
        self.expected.append(f"publish {path} {kind}")

    def expect(self, kind, time, payload):
        self.expected.append(f"message {kind}@{time}:{len(payload)}:{sum(payload) & 0xffff:04x}")

    def media(self, csid, kind, time, payload, fmt=None):
        if fmt is None:
            fmt = self.best_format(csid, kind, self.stream, time, len(payload))
        self.send(csid, kind, self.stream, time, payload, fmt)
        self.expect(kind, time, payload)

    def body(self, head, size):
        return head + self.rng.randbytes(size - len(head))

    def metadata(self, csid, time=0, kind=Map, **extra):
        values = kind(duration=0.0, width=640.0, height=360.0, videocodecid=7.0, audiocodecid=10.0,
                      **extra)
        self.media(csid, DATA, time, amf0_all("@setDataFrame", "onMetaData", values))

    def headers(self, audio_csid, video_csid):
        self.media(video_csid, VIDEO, 0, self.body(b"\x17\0\0\0\0", 46))
        self.media(audio_csid, AUDIO, 0, b"\xaf\0\x12\x10")

    def frames(self, audio_csid, video_csid, start=0, count=12, step=40):
        for i in range(count):
            time = start + i * step
            key = i % 6 == 0
            size = 5000 if key else 700
            self.media(video_csid, VIDEO, time,
                       self.body(b"\x17\1\0\0\0" if key else b"\x27\1\0\0\0", size))
            self.media(audio_csid, AUDIO, time + 2, self.body(b"\xaf\1", 180))

    def goodbye(self, csid, name, transaction):
        self.command(csid, 0, "FCUnpublish", transaction, None, name)
        self.expected.append("end")
        self.command(csid, 0, "deleteStream", transaction + 1, None, self.stream)

    def write(self):
        here = pathlib.Path(__file__).parent
        (here / f"{self.name}.rtmp").write_bytes(self.out)
        (here / f"{self.name}.expected").write_text("\n".join(self.expected) + "\n")


def ffmpeg():
    e = Encoder("ffmpeg")
    e.handshake(bytes([9, 0, 124, 2]), schema=0)
    e.connect(app="live", type="nonprivate", flashVer="FMLE/3.0 (compatible; Lavf59.27.100)",
              tcUrl="rtmp://127.0.0.1:1935/live")
    e.set_chunk_size(65536)  # what the server announced
    e.command(3, 0, "releaseStream", 2, None, "one")
    e.command(3, 0, "FCPublish", 3, None, "one")
    e.command(3, 0, "createStream", 4, None)
    e.command(8, 1, "publish", 5, None, "one", "live")
    e.expect_publish("live/one")
    e.metadata(4, encoder="Lavf59.27.100", filesize=0.0)
    e.headers(4, 6)
    e.frames(4, 6)
    e.goodbye(3, "one", 6)
    e.write()


def obs():
    e = Encoder("obs")
    e.handshake()
    e.set_chunk_size(4096)
    url = "rtmp://127.0.0.1/live"
    e.connect(app="live", type="nonprivate", flashVer="FMLE/3.0 (compatible; FMSc/1.0)",
              swfUrl=url, tcUrl=url)
    e.command(3, 0, "releaseStream", 2, None, "one?key=sesame", fmt=1)
    e.command(3, 0, "FCPublish", 3, None, "one?key=sesame", fmt=1)
    e.command(3, 0, "createStream", 4, None, fmt=1)
    e.command(4, 1, "publish", 5, None, "one?key=sesame", "live")
    e.expect_publish("live/one")
    e.metadata(4, fileSize=0.0, framerate=30.0, videodatarate=2500.0, audiodatarate=160.0,
               audiosamplerate=48000.0, audiosamplesize=16.0, audiochannels=2.0, stereo=True,
               encoder="obs-output module (libobs version 29.1.3)")
    e.headers(4, 4)
    e.frames(4, 4)
    e.goodbye(3, "one", 6)
    e.write()


def fmle():
    """Signed in schema 1, metadata twice, type 3 right after type 0."""
    e = Encoder("fmle")
    e.handshake(bytes([10, 0, 32, 18]), schema=1)
    e.connect(app="live/_definst_", flashVer="FMLE/3.0 (compatible; FMSc/1.0)",
              tcUrl="rtmp://127.0.0.1/live/_definst_")
    e.command(3, 0, "releaseStream", 2, None, "one")
    e.command(3, 0, "FCPublish", 3, None, "one")
    e.command(3, 0, "createStream", 4, None)
    e.command(3, 1, "publish", 0, None, "one", "record")
    e.expect_publish("live/one", "record")
    e.metadata(5)
    e.metadata(5)
    e.headers(4, 6)
    # Same size, and the delta equals the first time: header of type 3.
    e.media(4, AUDIO, 23, e.body(b"\xaf\1", 100), fmt=0)
    e.media(4, AUDIO, 46, e.body(b"\xaf\1", 100), fmt=3)
    e.media(4, AUDIO, 69, e.body(b"\xaf\1", 100), fmt=3)
    # librtmp: type 3 says "same time" behind a large absolute one.
    e.media(7, AUDIO, 100000, e.body(b"\xaf\1", 100), fmt=0)
    e.media(7, AUDIO, 100000, e.body(b"\xaf\1", 100), fmt=3)
    e.command(3, 1, "closeStream", 0, None)
    e.expected.append("end")
    e.write()


def drone():
    """The whole path in the application, no name, no tcUrl, nothing around
    publish, publish on stream 0, no goodbye."""
    e = Encoder("drone")
    e.handshake(bytes([0, 0, 0, 1]))
    e.connect(app="live/one", tcurl="'rtmp://127.0.0.1/live/one'")
    e.command(3, 0, "createStream", 2, None)
    e.command(3, 0, "publish", 3, None, "", "LIVE")
    e.expect_publish("live/one")
    e.stream = 7
    e.headers(4, 6)
    e.frames(4, 6, count=3)
    e.write()


def pipelined():
    """Commands of AMF3 before the connection is accepted, in one piece, then
    media in aggregates."""
    e = Encoder("pipelined")
    e.handshake()
    e.command(3, 0, "releaseStream", 2, None, "one")
    e.connect(kind=COMMAND3, app="live", tcUrl="rtmp://h/live?token=a", objectEncoding=3.0,
              flashVer="XSplit", fourCcList=["av01", "hvc1"], capsEx=6.0)
    e.command(3, 0, "createStream", 3, None, kind=COMMAND3)
    e.command(3, 1, "publish", 4, None, "one", "live", kind=COMMAND3)
    e.expect_publish("live/one")
    tags = b""
    for kind, time in ((VIDEO, 0), (AUDIO, 3), (VIDEO, 40), (AUDIO, 43)):
        payload = e.body(b"\x17\1\0\0\0" if kind == VIDEO else b"\xaf\1", 400)
        e.expect(kind, 1000 + time, payload)
        tags += bytes([kind]) + len(payload).to_bytes(3, "big")
        tags += (77 + time).to_bytes(3, "big") + bytes(4) + payload
        tags += struct.pack(">I", 11 + len(payload))
    e.send(6, AGGREGATE, 1, 1000, tags)
    e.command(3, 1, "deleteStream", 0, None, 1)
    e.expected.append("end")
    e.write()


def interleaved():
    """Chunks of two messages in turn, a ping and a new chunk size between
    them, an aborted message, a restarted one, and high chunk stream numbers."""
    e = Encoder("interleaved")
    e.handshake()
    e.connect(app="live")
    e.command(3, 0, "createStream", 2, None)
    e.command(3, 1, "publish", 3, None, "one")
    e.expect_publish("live/one")
    video = e.body(b"\x17\1\0\0\0", 1000)
    audio = e.body(b"\xaf\1", 300)
    v = e.chunks(70, VIDEO, 1, 10, video)
    a = e.chunks(4000, AUDIO, 1, 12, audio)
    ping = e.chunks(2, 4, 0, 0, b"\0\x06\1\2\3\4")[0]
    e.out += v[0] + a[0] + v[1] + ping + a[1] + v[2] + a[2]
    e.expect(AUDIO, 12, audio)
    e.out += b"".join(v[3:])
    e.expect(VIDEO, 10, video)
    # The chunk size changes while a message is on its way: 1000 bytes, 128 of
    # them sent, then the rest at once.
    later = e.body(b"\x27\1\0\0\0", 1000)
    e.out += e.chunks(70, VIDEO, 1, 50, later)[0]
    e.set_chunk_size(2000)
    e.out += e.basic(3, 70) + later[128:]
    e.expect(VIDEO, 50, later)
    # Aborted: 2000 of 3000 bytes.
    e.out += e.chunks(70, VIDEO, 1, 90, bytes(3000))[0]
    e.send(2, 2, 0, 0, struct.pack(">I", 70))
    e.media(70, VIDEO, 130, e.body(b"\x27\1\0\0\0", 500), fmt=0)
    # Restarted: 2000 of 3000 bytes, then a new header.
    e.out += e.chunks(70, VIDEO, 1, 170, bytes(3000))[0]
    e.media(70, VIDEO, 210, e.body(b"\x27\1\0\0\0", 500), fmt=0)
    # A message of a type nobody knows is skipped.
    e.send(9, 99, 1, 0, bytes(5000))
    # The first chunk of a chunk stream may have a type 1 header.
    e.send(11, 4, 0, 0, b"\0\x07\0\0\0\0", fmt=1)
    e.media(70, VIDEO, 250, e.body(b"\x27\1\0\0\0", 500), fmt=2)
    e.write()


def extended(name, repeat):
    """Times of more than 24 bits, over the wrap at 32 bits, in several chunks,
    with absolute and with delta headers."""
    e = Encoder(name)
    e.repeat_extended = repeat
    e.handshake()
    e.connect(app="live")
    e.command(3, 0, "createStream", 2, None)
    e.command(3, 1, "publish", 3, None, "one")
    e.expect_publish("live/one")
    for i in range(12):
        time = (0xfffffff0 + i * 4) & 0xffffffff
        e.media(6, VIDEO, time, e.body(b"\x27\1\0\0\0", 131 + i), fmt=0)
    # A delta beyond 24 bits.
    e.media(4, AUDIO, 100, e.body(b"\xaf\1", 300), fmt=0)
    e.media(4, AUDIO, 100 + 0x1000000, e.body(b"\xaf\1", 300), fmt=1)
    e.media(4, AUDIO, 100 + 0x2000000, e.body(b"\xaf\1", 300), fmt=3)
    e.write()


def republish():
    """Two publications on one connection."""
    e = Encoder("republish")
    e.handshake()
    e.connect(app="live")
    for i, name in ((1, "one"), (2, "two")):
        e.command(3, 0, "createStream", 2, None)
        e.command(3, i, "publish", 3, None, name, "append")
        e.expect_publish(f"live/{name}", "append")
        e.stream = i
        e.headers(4, 6)
        e.command(3, 0, "FCUnpublish", 4, None, name)
        e.expected.append("end")
    e.write()


if __name__ == "__main__":
    ffmpeg()
    obs()
    fmle()
    drone()
    pipelined()
    interleaved()
    extended("extended-repeated", True)
    extended("extended-once", False)
    republish()
