# SPDX-License-Identifier: MIT
"""A player by rtspsrc that is frozen and goes on: its picture is that of a
keyframe, and it is on the screen soon."""

import os
import signal
import subprocess
import sys
import threading
import time

import pytest

import media
from gateway import ROOT, Gateway, Process, wait_until
from rtsp_player import rtp_difference

PLAYER = os.path.join(ROOT, "tests", "support", "rtspsrc_player.py")
SIZE = "640x480"
LATENCY_MS = 200
# A keyframe is shown so much later than the player's latency says, and than
# what was in the kernel's buffers takes.
LATE = 0.3
FRAME = 90000 // media.FPS


class Player(Process):
    """Its pictures in their order: what arrived is shown, all of it."""

    def __init__(self, url):
        self.arrived = []  # (RTP time, whether it is a keyframe, seconds)
        self.shown = []  # (number in the clip, seconds)
        super().__init__(
            [sys.executable, PLAYER, url, str(LATENCY_MS), SIZE.split("x")[0]],
            stdout=subprocess.PIPE, text=True)
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()

    def read(self):
        for line in self.process.stdout:
            kind, *words = line.split()
            if kind == "arrived":
                self.arrived.append((int(words[0]), words[1] == "1",
                                     float(words[2])))
            else:
                self.shown.append((int(words[0]), float(words[1])))

    def skips(self, begin):
        """Indices of pictures after which something is missing."""
        return [i for i in range(begin, len(self.arrived)) if rtp_difference(
            self.arrived[i][0], self.arrived[i - 1][0]) > 2 * FRAME]


def check_freeze(gop, output, is_long_enough):
    clip = media.clip(seconds=10, gop=gop, size=SIZE)
    settings = {"type": "file", "path": clip, "loop": True}
    with Gateway({"cam": {"input": settings, "outputs": [output]}}) as gateway:
        gateway.wait_state("cam", "online")
        with Player(gateway.rtsp("cam")) as player:
            wait_until(lambda: len(player.shown) > media.FPS, 20, "pictures")
            player.process.send_signal(signal.SIGSTOP)
            wait_until(lambda: is_long_enough(
                gateway.route("cam")["outputs"][0]["sessions"][0]), 40,
                "a viewer that lags")
            begin = len(player.arrived)
            player.process.send_signal(signal.SIGCONT)
            skip = wait_until(lambda: player.skips(begin), 20, "a skip")[0]
            wait_until(lambda: len(player.shown) > skip, 20, "its picture")
            _, is_keyframe, arrived = player.arrived[skip]
            number, shown = player.shown[skip]
            assert is_keyframe and number % gop == 0
            # What the kernels held of before is shown at its pace, and the
            # keyframe right behind it.
            old = (skip - begin) / media.FPS
            assert shown - arrived <= old + LATENCY_MS / 1000 + LATE
            assert shown - player.shown[skip - 1][1] <= LATE


def test_frozen_player_shows_the_keyframe_it_goes_on_with_at_once():
    # Its limit, a GOP, and what fits into its own buffers.
    check_freeze(25, {"type": "rtsp", "max-lag-ms": 300},
                 lambda session: session["lag-ms"] > 1500)


@pytest.mark.long
def test_player_that_was_frozen_for_20_s_shows_a_keyframe_at_once():
    end = time.monotonic() + 22
    check_freeze(50, {"type": "rtsp"}, lambda _: time.monotonic() > end)
