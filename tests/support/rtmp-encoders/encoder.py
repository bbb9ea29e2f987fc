# SPDX-License-Identifier: MIT
"""What make-transcripts.py writes with: AMF0, FLV tags, chunks, and an encoder
that remembers what a server must make of its bytes."""

import base64
import hashlib
import hmac
import json
import pathlib
import random
import struct

HERE = pathlib.Path(__file__).parent
OUT = HERE.parent.parent / "data" / "rtmp"
PLAYER_KEY = b"Genuine Adobe Flash Player 001"
AUDIO, VIDEO, DATA, COMMAND, COMMAND3, DATA3, AGGREGATE = 8, 9, 18, 20, 17, 15, 22


class Map(dict):
    """An ECMA array."""


class Unended(Map):
    """An ECMA array whose end is missing."""


# --- AMF0

def amf0(value):
    if value is None:
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
    return head + body + (b"" if isinstance(value, Unended) else b"\0\0\x09")


def amf0_all(*values):
    return b"".join(map(amf0, values))


# --- FLV tags

def load_media():
    media = json.loads((HERE / "media.json").read_text())
    for codec in media.values():
        codec["config"] = base64.b64decode(codec["config"])
        codec["frames"] = [(time, cts, key, base64.b64decode(data))
                           for time, cts, key, data in codec["frames"]]
    return media


MEDIA = load_media()
FOURCC = {"h264": b"avc1", "h265": b"hvc1", "av1": b"av01", "vp9": b"vp09", "vp8": b"vp08",
          "aac": b"mp4a", "opus": b"Opus", "flac": b"fLaC", "ac3": b"ac-3", "eac3": b"ec-3",
          "mp3": b".mp3"}
# Bytes of the record that VP8 and VP9 send: version, profile, level, depth.
VPC = {"vp9": b"\0\x0a\x82\2\2\2\0\0", "vp8": b"\0\x0a\x80\2\2\2\0\0"}
# Number, and whether a byte with the kind of packet follows.
LEGACY_AUDIO = {"aac": (0xaf, True), "mp3": (0x2f, False), "alaw": (0x72, False),
                "mulaw": (0x82, False), "pcm": (0x36, False), "opus": (0xdf, True)}


def si24(value):
    return (value & 0xffffff).to_bytes(3, "big")


def legacy_video(key, kind, cts, data, codec=7):
    return bytes([(1 if key else 2) << 4 | codec, kind]) + si24(cts) + data


def legacy_audio(codec, kind, data):
    head, has_kind = LEGACY_AUDIO[codec]
    return bytes([head, kind] if has_kind else [head]) + data


def codec_of(name):
    """Variants of a stream are of one codec: h264-b."""
    return name.split("-")[0]


def config_of(name):
    codec = codec_of(name)
    if codec == "flac":
        return b"fLaC\x80\0\0\x22" + MEDIA[name]["config"]
    return VPC.get(codec, MEDIA[name]["config"])


def enhanced_video(name, key, kind, cts=0, data=b"", fourcc=None):
    """@kind: 0 configuration, 1 frame; a frame without cts in its short form."""
    fourcc = fourcc or FOURCC[codec_of(name)]
    body = fourcc + data
    if kind == 1 and fourcc in (b"avc1", b"hvc1"):
        if cts == 0:
            kind = 3
        else:
            body = fourcc + si24(cts) + data
    return bytes([0x80 | (1 if key else 2) << 4 | kind]) + body


def enhanced_audio(name, kind, data=b""):
    return bytes([0x90 | kind]) + FOURCC[codec_of(name)] + data


def audio_track(track, name, kind, data):
    """Enhanced RTMP v2: one track of several."""
    return bytes([0x95, kind]) + FOURCC[codec_of(name)] + bytes([track]) + data


# --- the encoder

def signed_block(version, schema, rng):
    """A handshake block with the digest of a Flash player."""
    block = bytearray(bytes(4) + version + rng.randbytes(1528))
    at = 8 if schema == 0 else 772
    offset = sum(block[at:at + 4]) % 728 + at + 4
    digest = hmac.new(PLAYER_KEY, block[:offset] + block[offset + 32:], hashlib.sha256).digest()
    block[offset:offset + 32] = digest
    return bytes(block)


class Encoder:
    """A publisher (or player): writes bytes and remembers what a server must
    make of them. @video, @audio: of media.json, None for none."""

    all = []

    def __init__(self, name, video="h264", audio="aac"):
        self.name = name
        self.video, self.audio = video, audio
        self.rng = random.Random(name)
        self.out = bytearray()
        self.expected = []
        self.chunk_size = 128
        self.last = {}  # chunk stream -> (time, delta or time, size, type, stream)
        self.repeat_extended = True
        self.stream = 1
        self.offset = 0  # of all times of media
        self.about = {}  # for personas.json
        self.goodbye_at = None

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

    def set_window(self, size):
        self.send(2, 5, 0, 0, struct.pack(">I", size))

    def command(self, csid, stream, *values, kind=COMMAND, fmt=0):
        payload = amf0_all(*values)
        if kind == COMMAND3:
            payload = b"\0" + payload
        self.send(csid, kind, stream, 0, payload, fmt)

    def connect(self, csid=3, kind=COMMAND, **properties):
        self.command(csid, 0, "connect", 1, properties, kind=kind)
        self.expected.append("connect")

    def prepare(self, name, fmt=0):
        """What most send between connect and publish, from transaction 2 on."""
        self.command(3, 0, "releaseStream", 2, None, name, fmt=fmt)
        self.command(3, 0, "FCPublish", 3, None, name, fmt=fmt)
        self.command(3, 0, "createStream", 4, None, fmt=fmt)

    def publish(self, name, csid=4, transaction=5, path=None, kind="live", stream=None):
        self.command(csid, self.stream if stream is None else stream, "publish", transaction,
                     None, name, kind)
        shown = kind if kind in ("record", "append") else "live"
        self.path = path or f"live/{self.name}"
        self.expected.append(f"publish {self.path} {shown}")

    def expect(self, kind, time, payload):
        self.expected.append(f"message {kind}@{time}:{len(payload)}:{sum(payload) & 0xffff:04x}")

    def media(self, csid, kind, time, payload, fmt=None):
        if fmt is None:
            fmt = self.best_format(csid, kind, self.stream, time, len(payload))
        self.send(csid, kind, self.stream, time, payload, fmt)
        self.expect(kind, time, payload)

    def body(self, head, size):
        return head + self.rng.randbytes(size - len(head))

    def metadata(self, csid, time=0, kind=Map, values=None, **extra):
        if values is None:
            values = dict(duration=0.0, width=64.0, height=64.0, framerate=25.0,
                          videocodecid=7.0, audiocodecid=10.0)
        values = kind(values, **extra)
        self.media(csid, DATA, time, amf0_all("@setDataFrame", "onMetaData", values))

    # streams of media.json

    def video_tag(self, kind, key=1, cts=0, data=b""):
        return legacy_video(key, kind, cts, data)

    def audio_tag(self, kind, data):
        return legacy_audio(self.audio, kind, data)

    def headers(self, audio_csid, video_csid, time=0):
        if self.video:
            self.media(video_csid, VIDEO, time, self.video_tag(0, data=config_of(self.video)))
        if self.audio and config_of(self.audio):
            self.media(audio_csid, AUDIO, time, self.audio_tag(0, config_of(self.audio)))

    def frames(self, audio_csid, video_csid, first_ms=0, end_ms=1000, fmt=None):
        """All frames of both streams between two times, in order of time."""
        queue = []
        for kind, csid, name in ((VIDEO, video_csid, self.video), (AUDIO, audio_csid, self.audio)):
            for time, cts, key, data in MEDIA[name]["frames"] if name else []:
                if first_ms <= time < end_ms:
                    queue.append((time, kind, csid, cts, key, data))
        for time, kind, csid, cts, key, data in sorted(queue, key=lambda item: item[:2]):
            tag = self.video_tag(1, key, cts, data) if kind == VIDEO else self.audio_tag(1, data)
            self.media(csid, kind, (self.offset + time) & 0xffffffff, tag, fmt)

    # the end

    def mark_goodbye(self):
        """From here on the bytes say goodbye."""
        self.goodbye_at = len(self.out)

    def goodbye(self, csid, name, transaction, fmt=0):
        self.mark_goodbye()
        self.command(csid, 0, "FCUnpublish", transaction, None, name, fmt=fmt)
        self.expected.append("end")
        self.command(csid, 0, "deleteStream", transaction + 1, None, self.stream, fmt=fmt)

    def write(self, **about):
        """@about: what a running server must show of it, for personas.json;
        without it the bytes are for the session alone."""
        (OUT / f"{self.name}.rtmp").write_bytes(self.out)
        (OUT / f"{self.name}.expected").write_text("\n".join(self.expected) + "\n")
        if about:
            Encoder.all.append({"name": self.name, "path": self.path,
                                "goodbye-at": self.goodbye_at, **about})

    @staticmethod
    def write_personas():
        text = json.dumps(Encoder.all, indent=1)
        (OUT / "personas.json").write_text(text + "\n")
