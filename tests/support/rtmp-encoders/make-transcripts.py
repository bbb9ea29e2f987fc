#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Writes what encoders send, from the first byte of the handshake to the end,
as NAME.rtmp, the events that a server must see, as NAME.expected, and what a
running server must show of the personas, as personas.json, to tests/data/rtmp.
Run it after a change here, in personas.py or encoder.py."""

import struct

import personas
from encoder import AGGREGATE, AUDIO, COMMAND3, DATA, VIDEO, Encoder

# Transcripts for the session alone: every way to write chunks and commands that
# an encoder may use, with bytes that are no media.


def begin(name, key=None):
    e = Encoder(name)
    e.handshake()
    e.connect(app="live")
    e.command(3, 0, "createStream", 2, None)
    e.publish("one", csid=3, transaction=3, path="live/one", stream=1)
    return e


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
    e.expected.append("publish live/one live")
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
    e = begin("interleaved")
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
    e = begin(name)
    e.repeat_extended = repeat
    for i in range(12):
        time = (0xfffffff0 + i * 4) & 0xffffffff
        e.media(6, VIDEO, time, e.body(b"\x27\1\0\0\0", 131 + i), fmt=0)
    # A delta beyond 24 bits.
    e.media(4, AUDIO, 100, e.body(b"\xaf\1", 300), fmt=0)
    e.media(4, AUDIO, 100 + 0x1000000, e.body(b"\xaf\1", 300), fmt=1)
    e.media(4, AUDIO, 100 + 0x2000000, e.body(b"\xaf\1", 300), fmt=3)
    e.write()


def type3():
    """A header of type 3 begins a message: behind one of type 0 its time is a
    delta, unless that is so large that it can only mean the same time."""
    e = begin("type3")
    e.media(4, AUDIO, 23, e.body(b"\xaf\1", 100), fmt=0)
    e.media(4, AUDIO, 46, e.body(b"\xaf\1", 100), fmt=3)
    e.media(4, AUDIO, 69, e.body(b"\xaf\1", 100), fmt=3)
    e.media(7, AUDIO, 100000, e.body(b"\xaf\1", 100), fmt=0)
    e.media(7, AUDIO, 100000, e.body(b"\xaf\1", 100), fmt=3)
    e.write()


def republish():
    """Two publications on one connection."""
    e = Encoder("republish")
    e.handshake()
    e.connect(app="live")
    for i, name in ((1, "one"), (2, "two")):
        e.command(3, 0, "createStream", 2, None)
        e.publish(name, csid=3, transaction=3, path=f"live/{name}", kind="append", stream=i)
        e.stream = i
        e.headers(4, 6)
        e.command(3, 0, "FCUnpublish", 4, None, name)
        e.expected.append("end")
    e.write()


if __name__ == "__main__":
    personas.all_personas()
    pipelined()
    interleaved()
    extended("extended-repeated", True)
    extended("extended-once", False)
    type3()
    republish()
    Encoder.write_personas()
