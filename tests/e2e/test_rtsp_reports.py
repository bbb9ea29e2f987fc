# SPDX-License-Identifier: MIT
"""What RTSP viewers say of the way to them is in the status."""

import struct
import time

import media
from gateway import Gateway, wait_until
from rtsp_player import SENDER_REPORT
from rtsp_recorder import Recorder


class Reporter(Recorder):
    """Keeps when which sender report of the video came, and answers to it."""

    def __init__(self, *args):
        self.reports = []  # (middle of the NTP time, monotonic time)
        super().__init__(*args)

    def take_report(self, stream, data):
        super().take_report(stream, data)
        if stream is self.video and data[1] == SENDER_REPORT:
            self.reports.append((struct.unpack(">I", data[10:14])[0],
                                 time.monotonic()))

    def answer(self, lost):
        """A receiver report that names the newest sender report."""
        name, came = self.reports[-1]
        held = int((time.monotonic() - came) * 65536)
        packet = struct.pack(">BBHIIIIIII", 0x81, 201, 7, 99, 1,
                             64 << 24 | lost, 0, 9000, name, held)
        if self.transport == "udp":
            self.video.report_socket.sendto(
                packet, ("127.0.0.1", self.server_port + 1))
        else:
            self.socket.sendall(struct.pack(">cBH", b"$", 1, 32) + packet)

    def set_up(self, number, stream):
        super().set_up(number, stream)
        if stream.kind == "video":
            self.server_port = self.answered_port

    def request(self, method, url, **headers):
        answer, body = super().request(method, url, **headers)
        ports = answer.get("transport", "").partition("server_port=")[2]
        if ports:
            self.answered_port = int(ports.split("-")[0])
        return answer, body

    answered_port = server_port = 0


def test_status_tells_of_the_way_to_viewers_over_tcp_and_udp():
    clip = media.clip(seconds=10, gop=25)
    source = {"type": "file", "path": clip, "loop": True}
    with Gateway({"cam": {"input": source, "outputs": ["rtsp"]}}) as gateway:
        gateway.wait_state("cam", "online")
        with Reporter(gateway.rtsp("cam")) as tcp, \
                Reporter(gateway.rtsp("cam"), "udp") as udp:
            # Those that tell of the start were never sent at that time, and say
            # nothing of the way.
            def told():
                for viewer, lost in ((tcp, 3), (udp, 5)):
                    viewer.record(0.05)
                    if viewer.reports:
                        viewer.answer(lost)
                sessions = {session["transport"]: session for session in
                            gateway.route("cam")["outputs"][0]["sessions"]}
                known = all("rtt-ms" in session
                            for session in sessions.values())
                return sessions if known else None
            sessions = wait_until(told, 20, "a round trip of both")
            assert sessions["tcp"]["lost"] == 3
            assert sessions["udp"]["lost"] == 5
            for session in sessions.values():
                assert session["loss"] == 0.25
                assert session["jitter-ms"] == 100
                # Each is read a few times a second.
                assert session["rtt-ms"] < 1000
