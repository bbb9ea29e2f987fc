# SPDX-License-Identifier: MIT
"""An RTSP player that keeps what it gets of each packet: inside the connection,
through TLS, through an HTTP tunnel or over UDP. It reads when it is told to, so
it can freeze."""

import base64
import re
import select
import socket
import ssl
import struct
import time
import uuid
from urllib.parse import urlsplit

from rtsp_player import rtp_difference

TIMEOUT = 20
IDR = 5
FU_A = 28
AAC_FRAME = 1024  # samples
TRANSPORTS = ("tcp", "udp", "tls", "tunnel")


class Packet:
    """One RTP packet: number, time, marker, whether a keyframe begins."""

    def __init__(self, data):
        second, self.seq, self.time = struct.unpack(">xBHI", data[:8])
        self.marker = bool(second & 0x80)
        self.payload = data[12:]
        self.arrival = time.monotonic()

    def nal_type(self):
        """Of H.264; that of the whole unit for its first fragment, else -1."""
        kind = self.payload[0] & 0x1f
        if kind != FU_A:
            return kind
        return self.payload[1] & 0x1f if self.payload[1] & 0x80 else -1


    def n_frames(self):
        """Of AAC; the length of their headers is in bits, 16 each."""
        return struct.unpack(">H", self.payload[:2])[0] // 16


class Stream:
    def __init__(self, kind, control, rate):
        self.kind = kind
        self.control = control
        self.rate = rate
        self.info = None  # (sequence number, RTP time)
        self.packets = []
        self.n_reports = 0
        self.socket = None  # over UDP
        self.report_socket = None

    def gaps(self):
        """How many sequence numbers are missing between packets."""
        return [(b.seq - a.seq - 1) % 65536
                for a, b in zip(self.packets, self.packets[1:])
                if b.seq != (a.seq + 1) % 65536]

    def units(self):
        """The packets of each access unit."""
        units = []
        for packet in self.packets:
            if units and units[-1][0].time == packet.time:
                units[-1].append(packet)
            else:
                units.append([packet])
        return units

    def is_keyframe(self, unit):
        return any(packet.nal_type() == IDR for packet in unit)

    def silences(self):
        """RTP time from the last AAC frame of each packet to the next packet,
        which has several frames in it (RFC 3640)."""
        return [rtp_difference(b.time, a.time) - (a.n_frames() - 1) * AAC_FRAME
                for a, b in zip(self.packets, self.packets[1:])]

    def steps(self):
        """RTP time from each access unit to the next."""
        units = self.units()
        return [rtp_difference(b[0].time, a[0].time)
                for a, b in zip(units, units[1:])]


class Recorder:
    """Plays @url from the constructor on. @channels: number of the first
    interleaved channel; @receive_buffer: bytes that the kernel may hold."""

    def __init__(self, url, transport="tcp", first_channel=0,
                 receive_buffer=None, play=True):
        self.url = url
        self.transport = transport
        self.first_channel = first_channel
        self.sequence = 0
        self.session = None
        self.pending = b""
        self.n_bytes = 0  # of frames
        self.frames_before_answer = 0
        self.connect(receive_buffer)
        sdp = self.request("DESCRIBE", url, Accept="application/sdp")[1]
        self.streams = [
            Stream(kind, control, int(rate)) for kind, rate, control in
            re.findall(r"m=(\w+).*?a=rtpmap:\d+ [^/]+/(\d+).*?a=control:(\S+)",
                       sdp, re.S)]
        for number, stream in enumerate(self.streams):
            self.set_up(number, stream)
        if play:
            self.play()

    # --- the connection

    def connect(self, receive_buffer):
        parts = urlsplit(self.url)
        address = (parts.hostname, parts.port)

        def open_socket():
            one = socket.socket()
            if receive_buffer:
                one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF,
                               receive_buffer)
            one.settimeout(TIMEOUT)
            one.connect(address)
            return one

        self.socket = self.sender = open_socket()
        if self.transport == "tls":
            context = ssl.create_default_context()
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
            self.socket = self.sender = context.wrap_socket(self.socket)
            self.url = self.url.replace("rtsps:", "rtsp:")
        if self.transport == "tunnel":
            self.open_tunnel(open_socket, parts.path)

    def open_tunnel(self, open_socket, path):
        head = (f"{{}} {path} HTTP/1.0\r\nx-sessioncookie: {uuid.uuid4().hex}\r\n"
                "Accept: application/x-rtsp-tunnelled\r\n{}\r\n")
        self.socket.sendall(head.format("GET", "").encode())
        answer = b""
        while not answer.endswith(b"\r\n\r\n"):
            answer += self.socket.recv(1)
        assert b" 200 " in answer, answer
        self.sender = open_socket()
        self.sender.sendall(head.format(
            "POST", "Content-Type: application/x-rtsp-tunnelled\r\n"
            "Content-Length: 32767\r\n").encode())

    def send(self, text):
        data = text.encode()
        if self.transport == "tunnel":
            data = base64.b64encode(data)
        self.sender.sendall(data)

    def read(self, size):
        while len(self.pending) < size:
            part = self.socket.recv(65536)
            assert part, "the server closed"
            self.pending += part
        data, self.pending = self.pending[:size], self.pending[size:]
        return data

    def read_line(self):
        line = b""
        while not line.endswith(b"\n"):
            line += self.read(1)
        return line.decode().strip()

    # --- requests

    def request(self, method, url, **headers):
        """Sends a request: (headers by lower-case name, body)."""
        self.sequence += 1
        lines = [f"{method} {url} RTSP/1.0", f"CSeq: {self.sequence}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        if self.session:
            lines.append(f"Session: {self.session}")
        self.send("\r\n".join([*lines, "", ""]))
        self.frames_before_answer = 0
        while (first := self.read(1)) == b"$":
            self.take_frame()
            self.frames_before_answer += 1
        status = first.decode() + self.read_line()
        answer = {}
        while line := self.read_line():
            name, _, value = line.partition(":")
            answer[name.lower()] = value.strip()
        assert int(answer["cseq"]) == self.sequence
        body = self.read(int(answer.get("content-length", 0))).decode()
        assert " 200 " in status, (method, url, status)
        if "session" in answer:
            self.session = answer["session"].split(";")[0]
        return answer, body

    def set_up(self, number, stream):
        control = stream.control if "://" in stream.control else (
            f"{self.url}/{stream.control}")
        if self.transport == "udp":
            stream.socket, stream.report_socket = udp_pair()
            port = stream.socket.getsockname()[1]
            transport = f"RTP/AVP;unicast;client_port={port}-{port + 1}"
        else:
            channel = self.first_channel + 2 * number
            transport = f"RTP/AVP/TCP;interleaved={channel}-{channel + 1}"
        self.request("SETUP", control, Transport=transport)

    def play(self):
        info = self.request("PLAY", self.url)[0]["rtp-info"]
        for stream in self.streams:
            match = re.search(
                rf"url=\S*/{re.escape(stream.control)};seq=(\d+);rtptime=(\d+)",
                info)
            if match:
                stream.info = (int(match[1]), int(match[2]))

    def pause(self):
        self.request("PAUSE", self.url)

    def tear_down(self):
        self.request("TEARDOWN", self.url)

    # --- media

    def take_report(self, stream, _data):
        stream.n_reports += 1

    def take_frame(self):
        """After its $: one packet of a stream."""
        channel, size = struct.unpack(">BH", self.read(3))
        packet = self.read(size)
        self.n_bytes += size + 4
        number, is_report = divmod(channel - self.first_channel, 2)
        if is_report:
            self.take_report(self.streams[number], packet)
        else:
            self.streams[number].packets.append(Packet(packet))

    def take_datagrams(self, seconds):
        sockets = {stream.socket: stream for stream in self.streams}
        sockets.update({stream.report_socket: stream
                        for stream in self.streams})
        for one in select.select(sockets, [], [], seconds)[0]:
            stream = sockets[one]
            data = one.recv(65536)
            if one is stream.report_socket:
                self.take_report(stream, data)
            else:
                stream.packets.append(Packet(data))

    def record_until(self, done, timeout=TIMEOUT):
        """Takes packets until done(); fails after @timeout seconds."""
        end = time.monotonic() + timeout
        while not done():
            assert time.monotonic() < end, f"not within {timeout} s"
            if self.transport == "udp":
                self.take_datagrams(0.5)
            else:
                assert self.read(1) == b"$"
                self.take_frame()

    def record(self, seconds):
        end = time.monotonic() + seconds
        self.record_until(lambda: time.monotonic() >= end, seconds + TIMEOUT)

    def stream(self, kind):
        return next(s for s in self.streams if s.kind == kind)

    @property
    def video(self):
        return self.stream("video")

    @property
    def audio(self):
        return self.stream("audio")

    def close(self):
        for stream in self.streams:
            if stream.socket:
                stream.socket.close()
                stream.report_socket.close()
        self.socket.close()
        self.sender.close()

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.close()


def udp_pair():
    """Two sockets on neighbouring ports, the first one even."""
    while True:
        first, second = (socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
                         for _ in range(2))
        for one in (first, second):
            one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        first.bind(("127.0.0.1", 0))
        port = first.getsockname()[1]
        try:
            if port % 2 == 0:
                second.bind(("127.0.0.1", port + 1))
                return first, second
        except OSError:
            pass
        first.close()
        second.close()
