# SPDX-License-Identifier: MIT
"""Twelve routes of all kinds of input at once, measured on decoded output."""

import contextlib
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

import dash
import media
from gateway import Gateway, publish, wait_until

SIZE = "320x240"
# A short window, so that memory has its full size soon.
OUTPUTS = ["rtsp", {"type": "dash", "window-s": 8}]
TCP = ["-rtsp_transport", "tcp"]
TOLERANCE = 0.020
FILES = {
    "file/mp4": {"video": "h264", "container": "mp4"},
    "file/mkv": {"video": "h264-b", "container": "mkv"},
    "file/flv": {"video": "h264", "container": "flv"},
    "file/ts": {"video": "h264-b", "container": "ts"},
}
TEST = {"type": "test", "width": 320, "height": 240}
LOOP_S = 10
RESTARTED = ("live/1", "pull/0")


def file_routes():
    return {name: {"input": f"file:{media.clip(seconds=LOOP_S, **clip)}",
                   "outputs": OUTPUTS} for name, clip in FILES.items()}


class Camera:
    """A gateway whose only route is pulled by the one under test."""

    def __init__(self, stack, name):
        self.stack = stack
        self.route = {"camera": file_routes()[name]}
        self.gateway = stack.enter_context(Gateway(self.route))
        self.gateway.wait_state("camera", "online")
        self.url = self.gateway.rtsp("camera")

    def restart(self):
        port = self.gateway.ports["rtsp"]
        self.gateway.stop()
        self.gateway = self.stack.enter_context(Gateway(
            self.route, listen={"rtsp": f"127.0.0.1:{port}",
                                "http": "127.0.0.1:0"}))


class Setup:
    """The gateway under test with all its sources."""

    def __init__(self, stack, seconds):
        self.stack = stack
        # Longer than the test: ffmpeg does not loop without a gap.
        self.published = media.clip(video="h264-b", seconds=seconds + 40)
        self.cameras = [Camera(stack, name) for name in list(FILES)[:3]]
        self.routes = {
            **file_routes(),
            **{f"pull/{number}": {"input": camera.url, "outputs": OUTPUTS}
               for number, camera in enumerate(self.cameras)},
            **{f"live/{number}": {"input": "publish", "outputs": OUTPUTS}
               for number in range(3)},
            **{f"test/{number}": {"input": TEST, "outputs": OUTPUTS}
               for number in range(2)},
        }
        self.gateway = stack.enter_context(Gateway(self.routes))
        self.publishers = [self.publish(number) for number in range(3)]
        for name in self.routes:
            self.gateway.wait_state(name, "online", 60)

    def publish(self, number):
        return self.stack.enter_context(
            publish(self.published, self.gateway.rtmp(f"live/{number}")))

    def measurable(self):
        """The routes whose pictures have a number, flashes and beeps."""
        return [name for name in self.routes if not name.startswith("test/")]

    def each(self, measure, names):
        """measure(name) of all routes at once: {name: result}."""
        with ThreadPoolExecutor(len(names)) as pool:
            return dict(zip(names, pool.map(measure, names)))

    def check_offsets(self, seconds):
        """A flash and its beep come together, by RTSP and by DASH."""
        def by_rtsp(name):
            return media.flash_and_beep_times(
                self.gateway.rtsp(name), seconds, SIZE, TCP)

        def by_dash(name):
            with tempfile.TemporaryDirectory(prefix="penstock-test-") as folder:
                recording = dash.Recording(self.gateway, name).follow(4)
                paths = recording.write(folder)
                video, audio = (
                    (paths[kind], track.origin_in_ffmpeg())
                    for kind, track in recording.newest_period().items())
                return media.flash_and_beep_times_of_tracks(video, audio, SIZE)

        for measure, at_least in ((by_rtsp, seconds - 2), (by_dash, 4)):
            results = self.each(measure, self.measurable())
            for name, (flashes, beeps) in results.items():
                offsets = media.av_offsets(flashes, beeps)
                seen = (measure.__name__, name, flashes, beeps)
                assert len(offsets) >= at_least, seen
                late = sorted(map(abs, offsets))
                assert late[len(late) * 3 // 4] <= TOLERANCE, seen
                # Tracks of one file may begin apart: at the seam of the loop
                # a picture is on the screen for a part of its time.
                assert late[-1] <= TOLERANCE + 1 / media.FPS, seen

    def gaps(self, names):
        """Gaps that the channel has seen in each track."""
        return {name: [track["gaps"] for track in
                       self.gateway.route(name)["tracks"]] for name in names}

    def check_restart_alone(self):
        """A publisher and a camera go and come back, others go on."""
        others = [name for name in self.measurable() if name not in RESTARTED]
        steady = ["test/0", "test/1", *others[4:]]  # files begin anew
        gaps = self.gaps(steady)
        with ThreadPoolExecutor(1) as pool:
            counting = pool.submit(self.each, lambda name: [
                number for number, _ in media.decode_video(
                    self.gateway.rtsp(name), 8, SIZE, TCP)], others)
            wait_until(lambda: all(self.viewers(name) for name in others), 30,
                       "a viewer of each route")
            self.publishers[1].kill()
            self.cameras[0].restart()
            for name in RESTARTED:
                wait_until(lambda: self.gateway.route(name)["state"] !=
                           "online", 20, f"{name} offline")
            self.publishers[1] = self.publish(1)
            for name in RESTARTED:
                self.gateway.wait_state(name, "online", 60)
            frames = counting.result()
        for name, numbers in frames.items():
            length = len(self.clip_numbers(name))
            steps = {(b - a) % length for a, b in zip(numbers, numbers[1:])}
            assert len(numbers) >= 190 and steps == {1}, (name, numbers)
        assert self.gaps(steady) == gaps

    def viewers(self, name):
        return self.gateway.route(name)["outputs"][0]["readers"]

    def clip_numbers(self, name):
        """Frame numbers from one beginning of the clip to the next."""
        return range(1 << media.BITS if name.startswith("live/") else
                     LOOP_S * media.FPS)

    def check_quiet_log(self):
        for line in self.gateway.lines:
            if " WARN" in line or " ERROR" in line:
                assert any(f"route={name}" in line for name in RESTARTED), line


def run(seconds, measured, growth):
    """@growth: what resident memory may grow by from the middle to the end."""
    with contextlib.ExitStack() as stack:
        setup = Setup(stack, seconds)
        gateway = setup.gateway
        begin = time.monotonic()

        def wait_for(moment):
            wait_until(lambda: time.monotonic() - begin >= moment, seconds,
                       "the moment", poll=0.5)

        setup.check_offsets(measured)
        gateway.wait_no_readers()
        before = gateway.usage()
        setup.check_restart_alone()
        wait_for(seconds / 2)
        gateway.wait_no_readers()
        middle = gateway.usage()
        wait_for(seconds - measured)
        setup.check_offsets(measured)
        gateway.wait_no_readers()
        wait_until(lambda: gateway.usage()["fds"] <= before["fds"] and
                   gateway.usage()["threads"] <= before["threads"], 20,
                   lambda: f"{gateway.usage()} back to {before}")
        after = gateway.usage()
        assert after["kib"] <= middle["kib"] * (1 + growth), (
            before, middle, after)
        setup.check_quiet_log()


def test_twelve_routes_at_once():
    # Windows and pools are still filling.
    run(20, measured=6, growth=0.25)


@pytest.mark.long
def test_twelve_routes_for_three_minutes():
    run(180, measured=10, growth=0.05)
