# SPDX-License-Identifier: MIT
"""RTSP publishers: ffmpeg, GStreamer, and one by hand for what those two would
never send."""

import hashlib
import re
import socket
import ssl
import struct
import time
from urllib.parse import urlsplit

from gateway import Process

SDP = """v=0
o=- 0 0 IN IP4 127.0.0.1
s=test
c=IN IP4 127.0.0.1
t=0 0
"""
PCMA = "m=audio 0 RTP/AVP 8\na=control:streamid={}\n"
SPEEX = "m=audio 0 RTP/AVP 98\na=rtpmap:98 speex/16000\na=control:streamid={}\n"


def publish(clip, url, transport="tcp", loop=True, codecs=("-c", "copy"),
            extra=()):
    """ffmpeg that publishes a clip at its pace."""
    return Process(
        ["ffmpeg", "-nostdin", "-v", "error", "-re",
         *(["-stream_loop", "-1"] if loop else []), "-i", clip, *codecs,
         *extra, "-f", "rtsp", "-rtsp_transport", transport, url])


def publish_by_gst(url, *chains, protocols="tcp", options=()):
    """rtspclientsink; each chain makes one encoded stream."""
    words = ["gst-launch-1.0", "-q", "rtspclientsink", "name=sink",
             f"protocols={protocols}", f"location={url}", *options]
    for chain in chains:
        words += [*chain.split(), "!", "sink."]
    return Process(words)


def sdp(*media):
    return SDP + "".join(text.format(number)
                         for number, text in enumerate(media))


class Publisher:
    """One connection, request by request."""

    def __init__(self, url, user=None, tls=False, timeout=20):
        parts = urlsplit(url)
        self.url = url
        self.user = user  # (name, password)
        self.challenge = None
        self.sequence = 0
        self.session = None
        self.packets = 0
        self.datagrams = None  # of a stream by UDP, and where they go
        self.server = None
        self.socket = socket.create_connection(
            (parts.hostname, parts.port), timeout)
        if tls:
            context = ssl.create_default_context()
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
            self.socket = context.wrap_socket(self.socket)
        self.file = self.socket.makefile("rwb")

    def request(self, method, url=None, body="", **headers):
        """(status, reason, headers by lower-case name)."""
        self.sequence += 1
        url = url or self.url
        lines = [f"{method} {url} RTSP/1.0", f"CSeq: {self.sequence}",
                 "User-Agent: by hand"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        if self.session:
            lines.append(f"Session: {self.session}")
        if self.challenge:
            lines.append(f"Authorization: {self.authorize(method, url)}")
        if body:
            lines += ["Content-Type: application/sdp",
                      f"Content-Length: {len(body)}"]
        self.file.write("\r\n".join([*lines, "", body]).encode())
        self.file.flush()
        return self.read_answer()

    def read_answer(self):
        while (first := self.file.read(1)) == b"$":
            size = struct.unpack(">xH", self.file.read(3))[0]
            self.file.read(size)
        line = (first + self.file.readline()).decode()
        assert line.startswith("RTSP/1.0 "), f"the answer is {line!r}"
        headers = {}
        while text := self.file.readline().strip().decode():
            name, _, value = text.partition(":")
            headers.setdefault(name.lower(), value.strip())
        self.file.read(int(headers.get("content-length", 0)))
        if "session" in headers:
            self.session = headers["session"].split(";")[0]
        _, code, reason = line.strip().split(" ", 2)
        return int(code), reason, headers

    def authorize(self, method, url):
        """RFC 7616 without qop, with SHA-256."""
        def digest(text):
            return hashlib.sha256(text.encode()).hexdigest()
        name, password = self.user
        nonce = re.search(r'nonce="([^"]*)"', self.challenge).group(1)
        response = digest(":".join([
            digest(f"{name}:Penstock:{password}"), nonce,
            digest(f"{method}:{url}")]))
        return (f'Digest username="{name}", realm="Penstock", '
                f'nonce="{nonce}", uri="{url}", response="{response}", '
                "algorithm=SHA-256")

    def announce(self, *media, url=None):
        """Answers a challenge when it has a user."""
        body = sdp(*(media or [PCMA]))
        answer = self.request("ANNOUNCE", url, body)
        if answer[0] == 401 and self.user and not self.challenge:
            self.challenge = answer[2]["www-authenticate"]
            answer = self.request("ANNOUNCE", url, body)
        return answer

    def set_up(self, number=0, control="streamid={}", url=None):
        return self.request(
            "SETUP", f"{url or self.url}/{control.format(number)}",
            Transport=f"RTP/AVP/TCP;unicast;interleaved={2 * number}-"
                      f"{2 * number + 1};mode=record")

    def set_up_by_udp(self, number=0):
        """The port of RTCP is told, and nobody listens there."""
        self.datagrams = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.datagrams.bind(("127.0.0.1", 0))
        port = self.datagrams.getsockname()[1]
        answer = self.request(
            "SETUP", f"{self.url}/streamid={number}",
            Transport=f"RTP/AVP;unicast;client_port={port}-{port + 1}"
                      ";mode=record")
        match = re.search(r"server_port=(\d+)", answer[2].get("transport", ""))
        self.server = match and ("127.0.0.1", int(match.group(1)))
        return answer

    def record(self):
        return self.request("RECORD", Range="npt=0.000-")

    def start(self, *media):
        """All the way; asserts that it is let."""
        answers = [self.announce(*media)]
        answers += [self.set_up(i) for i in range(len(media) or 1)]
        answers.append(self.record())
        assert all(a[0] == 200 for a in answers), answers
        return self

    def send_packet(self, payload=b"\xd5" * 160, payload_type=8, channel=0,
                    ssrc=1):
        """20 ms of G.711, one after the other."""
        rtp = struct.pack(">BBHII", 0x80, payload_type, self.packets & 0xffff,
                          160 * self.packets, ssrc) + payload
        self.packets += 1
        if self.datagrams:
            self.datagrams.sendto(rtp, self.server)
            return
        self.file.write(struct.pack(">cBH", b"$", channel, len(rtp)) + rtp)
        self.file.flush()

    def send_reports(self, ssrcs, channel=1):
        """Of each: a sender report, its name, and its goodbye."""
        for ssrc in ssrcs:
            report = struct.pack(">BBHIQIII", 0x80, 200, 6, ssrc, ssrc << 32,
                                 0, 1, 1)
            name = struct.pack(">BBHIBB2s4x", 0x81, 202, 3, ssrc, 1, 2, b"me")
            goodbye = struct.pack(">BBHI", 0x81, 203, 1, ssrc)
            rtcp = report + name + goodbye
            self.file.write(struct.pack(">cBH", b"$", channel, len(rtcp)) +
                            rtcp)
        self.file.flush()

    def send(self, seconds, lose=(), **packet):
        """At the pace of a microphone; without the packets of numbers that end
        in a digit of @lose."""
        start = time.monotonic()
        for number in range(int(seconds * 50)):
            if self.packets % 10 in lose:
                self.packets += 1
            else:
                self.send_packet(**packet)
            time.sleep(max(0, start + number / 50 - time.monotonic()))

    def is_closed(self):
        """Waits for the end of the connection, not longer than the time-out of
        the socket."""
        try:
            while self.file.read(1):
                pass
        except ConnectionError:
            pass
        return True

    def close(self):
        if self.datagrams:
            self.datagrams.close()
        self.file.close()
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        try:
            self.close()
        except OSError:
            pass
