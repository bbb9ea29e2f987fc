# SPDX-License-Identifier: MIT
"""An RTSP player over TCP that looks at headers only: what the server says of
its clocks, in RTP-Info and in sender reports."""

import re
import socket
import struct
from urllib.parse import urlsplit

NTP_SECOND = 1 << 32
SENDER_REPORT = 200


def rtp_difference(a, b):
    """a - b of 32 bit RTP times."""
    return (a - b + (1 << 31)) % (1 << 32) - (1 << 31)


class Stream:
    """One stream: clock rate, what RTP-Info said, what came first."""

    def __init__(self, control, rate):
        self.control = control
        self.rate = rate
        self.info = None  # (sequence number, RTP time)
        self.first = None  # (sequence number, RTP time) of the first packet
        self.report = None  # (NTP time in seconds, RTP time), the first

    def seconds(self, rtp_time):
        """Since the moment of RTP-Info."""
        return rtp_difference(rtp_time, self.info[1]) / self.rate

    def origin(self):
        """NTP time of the moment of RTP-Info, by the first sender report."""
        return self.report[0] - self.seconds(self.report[1])


class Player:
    """Plays @url from the constructor on."""

    def __init__(self, url, timeout=20):
        parts = urlsplit(url)
        self.url = url
        self.sequence = 0
        self.session = None
        self.socket = socket.create_connection(
            (parts.hostname, parts.port), timeout)
        self.file = self.socket.makefile("rwb")
        sdp = self.request("DESCRIBE", url, Accept="application/sdp")[1]
        self.streams = [
            Stream(control, int(rate)) for rate, control in re.findall(
                r"a=rtpmap:\d+ [^/]+/(\d+).*?a=control:(\S+)", sdp, re.S)]
        for number, stream in enumerate(self.streams):
            control = stream.control if "://" in stream.control else (
                f"{url}/{stream.control}")
            self.request("SETUP", control, Transport=(
                f"RTP/AVP/TCP;interleaved={2 * number}-{2 * number + 1}"))
        headers = self.request("PLAY", url)[0]
        for stream, (seq, time) in zip(self.streams, re.findall(
                r"seq=(\d+);rtptime=(\d+)", headers["rtp-info"])):
            stream.info = (int(seq), int(time))

    def request(self, method, url, **headers):
        """Sends a request: (headers by lower-case name, body)."""
        self.sequence += 1
        lines = [f"{method} {url} RTSP/1.0", f"CSeq: {self.sequence}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        if self.session:
            lines.append(f"Session: {self.session}")
        self.file.write("\r\n".join([*lines, "", ""]).encode())
        self.file.flush()
        while (first := self.file.read(1)) == b"$":
            self.take_frame()
        status = (first + self.file.readline()).decode()
        answer = {}
        while line := self.file.readline().strip().decode():
            name, _, value = line.partition(":")
            answer[name.lower()] = value.strip()
        body = self.file.read(int(answer.get("content-length", 0))).decode()
        assert " 200 " in status, (method, url, status)
        if "session" in answer:
            self.session = answer["session"].split(";")[0]
        return answer, body

    def take_frame(self):
        """After its $: one packet of a stream."""
        channel, size = struct.unpack(">BH", self.file.read(3))
        packet = self.file.read(size)
        stream = self.streams[channel // 2]
        if channel % 2 == 0:
            stream.first = stream.first or struct.unpack(">2xHI", packet[:8])
        elif packet[1] == SENDER_REPORT and not stream.report:
            ntp, time = struct.unpack(">QI", packet[8:20])
            stream.report = (ntp / NTP_SECOND, time)

    def read_until_reports(self):
        while not all(s.first and s.report for s in self.streams):
            assert self.file.read(1) == b"$", "the server closed"
            self.take_frame()

    def close(self):
        self.file.close()
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.close()
