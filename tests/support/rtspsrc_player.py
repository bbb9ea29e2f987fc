#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""A viewer by GStreamer's rtspsrc over TCP, with pictures and sound on clocked
sinks, as a program that can be frozen: it says when each picture has arrived,
before the jitter buffer, and when it is shown. Little fits into its receive
buffer, which otherwise grows with each burst, and pictures do not wait for sound
(max-ts-offset): a sender report that has lain in that buffer tells of a moment
that has gone.

    rtspsrc_player.py URL LATENCY-MS WIDTH

Lines are `arrived RTP-TIME KEYFRAME SECONDS` and `shown NUMBER SECONDS`, by the
monotonic clock; the number is the one in the picture (media.py)."""

import os
import socket
import struct
import sys
import threading
import time

import gi

import media

gi.require_version("Gst", "1.0")
# pylint: disable=wrong-import-position
from gi.repository import GLib, Gst  # noqa: E402

IDR, FU_A = 5, 28
RECEIVE_BUFFER = 64 * 1024
PIPELINE = """
rtspsrc name=source location={url} latency={latency} protocols=tcp
    max-ts-offset=1
source. ! application/x-rtp,media=video ! rtph264depay ! h264parse
    ! avdec_h264 ! fakesink name=screen sync=true signal-handoffs=true
source. ! application/x-rtp,media=audio ! rtpmp4gdepay ! aacparse ! avdec_aac
    ! fakesink sync=true
"""
WIDTH = int(sys.argv[3])
lock = threading.Lock()


def say(*words):
    with lock:
        print(*words, time.monotonic(), flush=True)


def is_of_keyframe(payload):
    kind = payload[0] & 0x1f
    return IDR in (kind, payload[1] & 0x1f if kind == FU_A else None)


class Arrivals:
    """Access units whose last packet has come."""

    def __init__(self):
        self.keyframe = False

    def on_packet(self, _pad, info):
        packet = info.get_buffer().extract_dup(0, 14)
        self.keyframe |= is_of_keyframe(packet[12:])
        if packet[1] & 0x80:
            say("arrived", struct.unpack(">I", packet[4:8])[0],
                int(self.keyframe))
            self.keyframe = False
        return Gst.PadProbeReturn.OK


def on_caps_of_input(pad, _param):
    caps = pad.get_current_caps()
    if caps and caps.get_structure(0).get_string("media") == "video":
        pad.add_probe(Gst.PadProbeType.BUFFER, Arrivals().on_packet)


def limit_receive_buffers():
    """Of the connections there are, which are rtspsrc's."""
    for fd in map(int, os.listdir("/proc/self/fd")):
        try:
            with socket.socket(fileno=os.dup(fd)) as one:
                one.getpeername()
                one.setsockopt(
                    socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER)
        except OSError:
            pass  # something else


def on_manager(_source, manager):
    limit_receive_buffers()
    manager.connect("pad-added", on_input)


def on_input(_manager, pad):
    if pad.get_name().startswith("recv_rtp_sink"):
        pad.connect("notify::caps", on_caps_of_input)


def on_shown(_sink, buffer, _pad):
    say("shown", media.counter_of(
        buffer.extract_dup(0, media.BLOCK_ROWS * WIDTH), WIDTH))


def main():
    Gst.init(None)
    pipeline = Gst.parse_launch(
        PIPELINE.format(url=sys.argv[1], latency=sys.argv[2]))
    pipeline.get_by_name("source").connect("new-manager", on_manager)
    pipeline.get_by_name("screen").connect("handoff", on_shown)
    bus = pipeline.get_bus()
    bus.add_signal_watch()
    bus.connect("message::error", lambda _bus, message: sys.exit(
        str(message.parse_error())))
    pipeline.set_state(Gst.State.PLAYING)
    GLib.MainLoop().run()


main()
