# SPDX-License-Identifier: MIT
"""Viewers come and go, and so does the daemon under them."""

import os
import subprocess

import media
from gateway import Gateway, Process, publish, wait_until

ROUTES = {"live/*": {"input": "publish", "outputs": ["rtsp", "dash"]},
          "test": {"input": {"type": "test", "width": 320, "height": 240},
                   "outputs": ["rtsp", "dash"]}}


def test_sigterm_ends_it_within_five_seconds_with_peers_connected():
    clip = media.clip(seconds=10)
    with Gateway(ROUTES) as gateway:
        with publish(clip, gateway.rtmp("live/one")):
            gateway.wait_state("live/one", "online")
            gateway.wait_state("test", "online")
            readers = [
                Process(["ffmpeg", "-nostdin", "-v", "error",
                         "-rtsp_transport", transport, "-i",
                         gateway.rtsp(name), "-f", "null", "-"])
                for name in ("live/one", "test") for transport in ("tcp", "udp")]
            wait_until(lambda: sum(
                "viewer plays" in line for line in gateway.lines) >= 4, 20,
                "four viewers")
            assert gateway.stop() < 5
            assert gateway.process.returncode == 0, gateway.log()
            for reader in readers:
                reader.kill()


def test_descriptors_are_back_after_many_readers():
    clip = media.clip(seconds=10)
    with Gateway(ROUTES) as gateway, publish(clip, gateway.rtmp("live/one")):
        gateway.wait_state("live/one", "online")

        def descriptors():
            return len(os.listdir(f"/proc/{gateway.process.pid}/fd"))

        def read_once():
            subprocess.run(
                ["ffmpeg", "-nostdin", "-v", "error", "-rtsp_transport", "tcp",
                 "-i", gateway.rtsp("live/one"), "-t", "0.2", "-f", "null",
                 "-"], timeout=20, check=True)
        read_once()
        wait_until(lambda: gateway.route("live/one")["readers"] <= 1, 20,
                   "the first media to go")
        before = descriptors()
        for _ in range(5):
            read_once()
        wait_until(lambda: descriptors() <= before + 1, 20,
                   "descriptors back to the start")
