# SPDX-License-Identifier: MIT
"""Minutes of churn and of drift; what they cost must come back."""

import os
import re
import subprocess
from concurrent.futures import ThreadPoolExecutor

import pytest

import media
from gateway import Gateway, Process, build_dir, publish, wait_until

pytestmark = pytest.mark.long
ROUTES = {"live/*": {"input": "publish", "outputs": ["rtsp", "dash"]},
          "movie": {"input": {"type": "file", "path": None},
                    "outputs": ["rtsp", {"type": "dash", "window-s": 10}]}}
LOAD = os.path.join(build_dir(), "tests", "bench", "rtsp-load")


def routes():
    movie = dict(ROUTES["movie"], input={
        "type": "file", "path": media.clip(video="h264-b", container="mkv")})
    return {**ROUTES, "movie": movie}


def check_usage_is_back(gateway, before):
    gateway.wait_no_readers(60)
    wait_until(lambda: gateway.usage()["fds"] <= before["fds"] + 2, 30,
               lambda: f"descriptors of {before}: {gateway.usage()}")
    wait_until(lambda: gateway.usage()["threads"] <= before["threads"] + 4, 30,
               lambda: f"threads of {before}: {gateway.usage()}")
    wait_until(lambda: gateway.usage()["kib"] <= before["kib"] * 1.25 + 16384,
               100, lambda: f"memory of {before}: {gateway.usage()}")


def load(gateway, *options):
    """Viewers of our own load generator: the text of its report."""
    result = subprocess.run(
        [LOAD, *options, gateway.rtsp("movie")], capture_output=True,
        text=True, timeout=200)
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout


@pytest.mark.parametrize("transport", [[], ["--udp"]])
def test_viewers_that_come_and_go_leave_nothing(transport):
    with Gateway(routes()) as gateway:
        gateway.wait_state("movie", "online")
        # As many at a time as later, so that pools and arenas are there. A
        # session whose viewer has gone without a word stays for its time-out.
        load(gateway, "-n", "20", "--join=2", "--measure=10", "--churn=200",
             "--churn-hold=0.5", *transport)
        gateway.wait_no_readers(100)
        before = gateway.usage()
        report = load(gateway, "-n", "20", "--join=2", "--measure=50",
                      "--churn=200", "--churn-hold=0.5", *transport)
        joins = re.search(r"joins +(\d+)\n +failed +(\d+)", report)
        assert int(joins[1]) >= 9500 and int(joins[2]) == 0, report
        check_usage_is_back(gateway, before)


def test_mounts_that_come_and_go_under_viewers_leave_nothing():
    """100 reloads, each of which takes the route away or puts it back."""
    clip = media.clip(video="h264-b", container="mkv")
    movie = {"input": {"type": "file", "path": clip, "loop": True},
             "outputs": ["rtsp"]}
    with Gateway({"movie": movie, "other": movie}) as gateway:
        gateway.wait_state("movie", "online")
        before = None
        for number in range(50):
            viewers = subprocess.Popen(
                [LOAD, "-n", "100", "--join=0.5", "--measure=60",
                 gateway.rtsp("movie")], stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT, text=True)
            try:
                wait_until(lambda: gateway.route("movie")["outputs"][0][
                    "readers"] == 100, 30, "viewers")
                gateway.reload(routes={"other": movie})
                wait_until(lambda: gateway.route("movie") is None, 10,
                           "the route gone")
            finally:
                viewers.kill()
                viewers.communicate()
            gateway.wait_no_readers()
            gateway.reload(routes={"movie": movie, "other": movie})
            gateway.wait_state("movie", "online")
            # The first rounds fill pools and caches.
            if number == 4:
                before = gateway.usage()
        check_usage_is_back(gateway, before)


def test_publishers_that_come_and_go_keep_their_viewer():
    clip = media.clip(seconds=10)
    with Gateway(routes()) as gateway:
        with publish(clip, gateway.rtmp("live/one")):
            gateway.wait_state("live/one", "online")
            viewer = Process(
                ["ffmpeg", "-nostdin", "-v", "error", "-rtsp_transport", "tcp",
                 "-i", gateway.rtsp("live/one"), "-f", "null", "-"])
            wait_until(lambda: any("reader plays" in line
                                   for line in gateway.lines), 20, "a viewer")
        before = None
        with viewer:
            for number in range(30):
                wait_until(lambda: gateway.route("live/one")["state"] !=
                           "online", 20, "offline")
                with publish(clip, gateway.rtmp("live/one")):
                    gateway.wait_state("live/one", "online")
                assert viewer.process.poll() is None, f"gone in round {number}"
                before = before or gateway.usage()
        check_usage_is_back(gateway, before)


@pytest.mark.parametrize("ppm", [400, -400, 2000, -2000])
def test_drift_of_the_source_s_clock_is_followed(ppm):
    """150 s: 60 or 300 ms, which nobody may notice; longer than any buffer."""
    seconds = 150
    # Longer than the test: ffmpeg does not loop without a gap.
    clip = media.clip(video="h264-b", seconds=seconds + 60)
    with Gateway(routes()) as gateway, Process(
            ["ffmpeg", "-nostdin", "-v", "error", "-re", "-itsscale",
             str(1 + ppm / 1e6), "-i", clip, "-c", "copy", "-f", "flv",
             gateway.rtmp("live/one")]):
        gateway.wait_state("live/one", "online")
        url = gateway.rtsp("live/one")
        with ThreadPoolExecutor(1) as pool:
            numbers = [number for number, _ in pool.submit(
                media.decode_video, url, seconds, "320x240",
                ["-rtsp_transport", "tcp"]).result()]
        assert len(numbers) >= seconds * 25 * 0.98
        steps = {b - a for a, b in zip(numbers, numbers[1:])}
        assert steps == {1}, steps
        offsets = media.av_offsets(*media.flash_and_beep_times(
            url, 12, "320x240", ["-rtsp_transport", "tcp"]))[-4:]
        assert offsets and max(map(abs, offsets)) <= 0.020, offsets
        assert not any("jump" in line for line in gateway.lines)
