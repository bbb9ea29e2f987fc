# SPDX-License-Identifier: MIT
"""Viewers come and go, and so does the daemon under them."""

import contextlib
import signal

import media
from gateway import Gateway, Process, publish, wait_until

ROUTES = {"live/*": {"input": "publish", "outputs": ["rtsp", "dash"]},
          "test": {"input": {"type": "test", "width": 320, "height": 240},
                   "outputs": ["rtsp", "dash"]}}


def watch(url, *options):
    return Process(["ffmpeg", "-nostdin", "-v", "error", *options, "-i", url,
                    "-f", "null", "-"])


def viewers(gateway):
    return sum(gateway.route(name)["outputs"][0]["readers"]
               for name in ("live/one", "test"))


def test_sigterm_ends_it_within_five_seconds_with_viewers_connected():
    clip = media.clip(seconds=10)
    with contextlib.ExitStack() as stack:
        gateway = stack.enter_context(Gateway(ROUTES))
        stack.enter_context(publish(clip, gateway.rtmp("live/one")))
        for name in ("live/one", "test"):
            gateway.wait_state(name, "online")
            gateway.wait_manifest(name)
            for transport in ("tcp", "udp"):
                stack.enter_context(watch(
                    gateway.rtsp(name), "-rtsp_transport", transport))
            stack.enter_context(watch(gateway.http(f"{name}/manifest.mpd")))
        wait_until(lambda: viewers(gateway) == 4, 30, "four RTSP viewers")
        assert gateway.stop() < 5
        assert gateway.process.returncode == 0, gateway.log()
        assert "still closing" not in gateway.log()


def test_descriptors_and_threads_are_back_after_many_viewers():
    clip = media.clip(seconds=10)
    with Gateway(ROUTES) as gateway, publish(clip, gateway.rtmp("live/one")):
        gateway.wait_state("live/one", "online")
        manifest = gateway.http("live/one/manifest.mpd")
        gateway.wait_manifest("live/one")

        def watch_all():
            with contextlib.ExitStack() as stack:
                peers = [stack.enter_context(watch(url, *options))
                         for url, *options in (
                             (gateway.rtsp("live/one"), "-rtsp_transport",
                              "tcp", "-t", "0.5"),
                             (gateway.rtsp("live/one"), "-rtsp_transport",
                              "udp", "-t", "0.5"),
                             (gateway.rtsp("live/one"), "-rtsp_transport",
                              "tcp"),
                             (manifest, "-t", "0.5"))]
                # One is killed in the middle, the others say good-bye.
                for peer in (peers[0], peers[1], peers[3]):
                    code, _, text = peer.wait(40)
                    assert code == 0, text
            gateway.wait_no_readers()

        watch_all()
        before = gateway.usage()
        for _ in range(4):
            watch_all()

        def is_back():
            now = gateway.usage()
            return (now["fds"] <= before["fds"] and
                    now["threads"] <= before["threads"])
        wait_until(is_back, 20, lambda: f"{gateway.usage()} back to {before}")


def test_viewer_that_stops_reading_does_not_hold_others():
    clip = media.clip(seconds=10)
    with Gateway(ROUTES) as gateway, publish(clip, gateway.rtmp("live/one")):
        gateway.wait_state("live/one", "online")
        with watch(gateway.rtsp("live/one"), "-rtsp_transport",
                   "tcp") as frozen:
            wait_until(lambda: gateway.route("live/one")["outputs"][0][
                "readers"], 20, "a viewer")
            frozen.process.send_signal(signal.SIGSTOP)
            frames = [number for number, _ in media.decode_video(
                gateway.rtsp("live/one"), 4, "320x240",
                ["-rtsp_transport", "tcp"])]
        assert len(frames) >= 75
        assert {(b - a) % 250 for a, b in zip(frames, frames[1:])} == {1}
