# SPDX-License-Identifier: MIT
"""A source goes and comes back after a long time, or as another one: with
another size of its pictures, with less or with more. Viewers whom that suits
stay connected, the others are closed and find all when they come again."""

import contextlib
import re
import threading
import time

import pytest

import media
from gateway import Gateway, Process, probe, publish, wait_until
from rtsp_publisher import publish as publish_rtsp
from test_source_killed import RtspCamera, sessions

LONG = pytest.mark.long
SMALL, LARGE = "320x240", "640x480"
# For a publisher; who stays away longer ends the stream.
GRACE_MS = 60000


def camera(size, audio):
    width, height = size.split("x")
    return (f"( videotestsrc is-live=true ! video/x-raw,format=I420,"
            f"width={width},height={height},framerate=25/1 ! "
            "x264enc tune=zerolatency speed-preset=ultrafast key-int-max=25 ! "
            "rtph264pay config-interval=-1 name=pay0 pt=96 " +
            ("audiotestsrc is-live=true ! audio/x-raw,rate=8000,channels=1 ! "
             "alawenc ! rtppcmapay name=pay1 pt=8 " if audio else "") + ")")


class Source:
    """Of @kind "rtmp", "rtsp" (both publish) or "pull" (a camera)."""

    def __init__(self, kind, gateway=None):
        self.kind = kind
        self.gateway = gateway
        self.process = None
        self.camera = None

    def start(self, size, audio=True):
        if self.kind == "pull":
            if not self.camera:
                self.camera = RtspCamera(camera(size, audio))
            else:
                self.camera.start(camera(size, audio))
            return
        clip = media.clip(size=size, audio="aac" if audio else None)
        self.process = (
            publish(clip, self.gateway.rtmp("main")) if self.kind == "rtmp"
            else publish_rtsp(clip, self.gateway.rtsp("main")))

    def kill(self):
        if self.kind == "pull":
            self.camera.kill()
        else:
            self.process.kill()
            self.process.process.stderr.close()


@contextlib.contextmanager
def running(kind, size, audio=True):
    """The gateway, and the source of its route "main", which delivers."""
    source = Source(kind)
    if kind == "pull":
        source.start(size, audio)
    route = {"outputs": ["rtsp"], **(
        {"input": f"rtsp://127.0.0.1:{source.camera.port}/cam"}
        if kind == "pull" else
        {"input": "publish", "publisher-grace-ms": GRACE_MS})}
    with Gateway({"main": route}) as gateway:
        source.gateway = gateway
        if kind != "pull":
            source.start(size, audio)
        try:
            gateway.wait_state("main", "online")
            yield gateway, source
        finally:
            source.kill()


def return_as(gateway, source, size, audio=True, after=0):
    """An outage of @after seconds, or until it is noticed."""
    source.kill()
    gateway.wait_state("main", "offline", 30)
    time.sleep(after)
    source.start(size, audio)
    gateway.wait_state("main", "online", 60)


class Viewer(Process):
    """One RTSP connection of ffmpeg: sizes of the pictures it has decoded, and
    how many there were of the last size."""

    def __init__(self, url):
        super().__init__(
            ["ffmpeg", "-nostdin", "-v", "info", "-nostats", "-rtsp_transport",
             "tcp", "-i", url, "-map", "0:v", "-fps_mode", "passthrough",
             "-vf", "showinfo", "-f", "null", "-"])
        self.sizes = []
        self.frames = 0
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self):
        for line in self.process.stderr:
            match = re.search(rb"showinfo.* s:(\d+x\d+) ", line)
            if not match:
                continue
            size = match.group(1).decode()
            if self.sizes[-1:] != [size]:
                self.sizes.append(size)
                self.frames = 0
            self.frames += 1

    def wait_frames(self, gateway, more=25):
        target = self.frames + more
        wait_until(lambda: self.frames >= target, 40, lambda: (
            f"{self.frames} pictures of {self.sizes}\n{gateway.log()}"))

    def wait_size(self, gateway, size):
        wait_until(lambda: self.sizes[-1:] == [size] and self.frames > 10, 40,
                   lambda: f"{size}, not {self.sizes}\n{gateway.log()}")

    def is_closed(self):
        return self.process.poll() is not None

    def __exit__(self, *unused):
        if self.process.poll() is None:
            self.kill()
        self._reader.join(5)
        self.process.stderr.close()


@pytest.mark.parametrize("kind", [
    "rtsp", "pull", pytest.param("rtmp", marks=LONG)])
def test_viewers_go_on_with_another_size(kind):
    with running(kind, SMALL) as (gateway, source), \
            Viewer(gateway.rtsp("main")) as viewer:
        viewer.wait_size(gateway, SMALL)
        return_as(gateway, source, LARGE)
        viewer.wait_size(gateway, LARGE)
        return_as(gateway, source, SMALL)
        viewer.wait_size(gateway, SMALL)
        assert viewer.sizes == [SMALL, LARGE, SMALL]
        # ffmpeg never connects again by itself: it is the first session.
        assert not viewer.is_closed() and sessions(gateway, "main") == 1


@pytest.mark.parametrize("kind", [
    "rtmp", pytest.param("rtsp", marks=LONG),
    pytest.param("pull", marks=LONG)])
def test_viewers_are_closed_when_sound_comes_or_goes(kind):
    """They have been told which streams there are."""
    with running(kind, SMALL, audio=False) as (gateway, source):
        for audio in True, False:
            with Viewer(gateway.rtsp("main")) as viewer:
                viewer.wait_size(gateway, SMALL)
                return_as(gateway, source, SMALL, audio)
                wait_until(viewer.is_closed, 20, gateway.log)
            assert set(probe(gateway.rtsp("main"))) == (
                {"video", "audio"} if audio else {"video"})
        gateway.wait_log("closing 1 readers", 2)


@pytest.mark.long
@pytest.mark.parametrize("kind", ["rtmp", "rtsp", "pull"])
def test_viewers_wait_35_s_for_the_source(kind):
    with running(kind, SMALL) as (gateway, source), \
            Viewer(gateway.rtsp("main")) as viewer:
        viewer.wait_size(gateway, SMALL)
        return_as(gateway, source, SMALL, after=35)
        viewer.wait_frames(gateway, 50)
        assert not viewer.is_closed() and sessions(gateway, "main") == 1
