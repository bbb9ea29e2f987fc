# SPDX-License-Identifier: MIT
"""A source is killed while people watch and comes back: viewers stay, go on,
and other routes notice nothing."""

import contextlib
import re
import subprocess
import threading

import pytest

import browser
import media
from gateway import Gateway, Process, publish, wait_until

BOTH = ["rtsp", "dash"]

# An RTSP camera: GStreamer's own server.
CAMERA = """
import sys, gi
gi.require_version("Gst", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import Gst, GstRtspServer, GLib
Gst.init(None)
server = GstRtspServer.RTSPServer()
server.set_address("127.0.0.1")
server.set_service(sys.argv[1])
factory = GstRtspServer.RTSPMediaFactory()
factory.set_launch(sys.argv[2])
factory.set_shared(True)
server.get_mount_points().add_factory("/cam", factory)
assert server.attach(None)
print("port", server.get_bound_port(), flush=True)
GLib.MainLoop().run()
"""


# A live test picture and a tone.
STREAMS = (
    "( videotestsrc is-live=true ! video/x-raw,format=I420,width=320,height=240,"
    "framerate=25/1 ! x264enc tune=zerolatency speed-preset=ultrafast "
    "key-int-max=25 ! rtph264pay config-interval=-1 name=pay0 pt=96 "
    "audiotestsrc is-live=true ! audio/x-raw,rate=8000,channels=1 ! alawenc ! "
    "rtppcmapay name=pay1 pt=8 )")


class RtspCamera:
    """Can be killed and started again on the port it had, with others."""

    def __init__(self, streams=STREAMS):
        self.port = 0
        self.start(streams)

    def start(self, streams=STREAMS):
        self.process = subprocess.Popen(
            ["/usr/bin/python3", "-c", CAMERA, str(self.port), streams],
            stdout=subprocess.PIPE, text=True)
        self.port = int(self.process.stdout.readline().split()[1])

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()


class Publisher:
    def __init__(self, clip, url):
        self.clip, self.url = clip, url
        self.start()

    def start(self):
        self.process = publish(self.clip, self.url)

    def kill(self):
        self.process.kill()
        self.process.process.stderr.close()


class Viewer(Process):
    """One RTSP connection of ffmpeg, whose decoded pictures are counted."""

    def __init__(self, url, transport):
        super().__init__(
            ["ffmpeg", "-nostdin", "-v", "error", "-nostats", "-rtsp_transport",
             transport, "-i", url, "-map", "0:v", "-fps_mode", "passthrough",
             "-f", "null", "-", "-progress", "-"],
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        self.frames = 0
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self):
        for line in self.process.stdout:
            match = re.match(rb"frame=\s*(\d+)", line)
            if match:
                self.frames = int(match.group(1))

    def __exit__(self, *unused):
        if self.process.poll() is None:
            self.kill()
        self._reader.join(5)
        self.process.stdout.close()


def sessions(gateway, name):
    rtsp = next(o for o in gateway.route(name)["outputs"]
                if o["type"] == "rtsp")
    return rtsp["readers"]


def video(gateway, name):
    return next(t for t in gateway.route(name)["tracks"]
                if t["kind"] == "video")


@contextlib.contextmanager
def killable(kind):
    """A gateway, a source of kind "rtmp" or "rtsp" for its route "main", and a
    route "other" that has nothing to do with it."""
    other = media.clip(seconds=10, gop=25)
    routes = {"other": {"input": {"type": "file", "path": other, "loop": True},
                        "outputs": BOTH}}
    with contextlib.ExitStack() as stack:
        if kind == "rtsp":
            source = RtspCamera()
            stack.callback(source.kill)
            routes["main"] = {
                "input": f"rtsp://127.0.0.1:{source.port}/cam",
                "outputs": BOTH}
            gateway = stack.enter_context(Gateway(routes))
        else:
            routes["main"] = {"input": "publish", "outputs": BOTH}
            gateway = stack.enter_context(Gateway(routes))
            source = Publisher(media.clip(seconds=10), gateway.rtmp("main"))
            stack.callback(source.kill)
        gateway.wait_state("main", "online")
        gateway.wait_state("other", "online")
        yield gateway, source


def outage(gateway, source):
    """Kills the source, and starts it again once the route is offline."""
    source.kill()
    gateway.wait_state("main", "offline", timeout=30)
    source.start()
    gateway.wait_state("main", "online", timeout=60)


@pytest.mark.parametrize("kind", ["rtmp", "rtsp"])
def test_rtsp_viewers_keep_their_connection_and_go_on(kind):
    with killable(kind) as (gateway, source), contextlib.ExitStack() as stack:
        viewers = [stack.enter_context(Viewer(gateway.rtsp("main"), transport))
                   for transport in ("tcp", "udp")]
        witness = stack.enter_context(Viewer(gateway.rtsp("other"), "tcp"))
        wait_until(lambda: all(v.frames > 50 for v in [*viewers, witness]), 40,
                   "pictures at all viewers")
        before = [viewer.frames for viewer in viewers]
        gaps = video(gateway, "other")["gaps"]
        others = witness.frames
        outage(gateway, source)
        wait_until(
            lambda: all(v.frames > n + 100 for v, n in zip(viewers, before)),
            40, f"pictures after the return; {before} before, "
            f"{[v.frames for v in viewers]} now\n{gateway.log()}")
        # ffmpeg never connects again by itself: these are the first sessions.
        assert all(viewer.process.poll() is None for viewer in viewers)
        assert sessions(gateway, "main") == 2
        assert witness.frames > others + 50
        assert video(gateway, "other")["gaps"] == gaps
        assert gateway.route("other")["input"]["restarts"] == 0


@pytest.mark.skipif(not browser.available(), reason="no Chromium")
@pytest.mark.parametrize("kind", ["rtmp", "rtsp"])
def test_dash_player_goes_on_without_a_reload(kind):
    with killable(kind) as (gateway, source), browser.Browser() as page:
        gateway.wait_manifest("main")
        page.open(gateway.http("main/"))
        page.run("window.loadedOnce = true")
        page.wait_until("penstock.state == 'playing' && "
                        "penstock.decodedFrames > 50", timeout=40)
        source.kill()
        gateway.wait_state("main", "offline", timeout=30)
        page.wait_until("penstock.state == 'stalled'", timeout=30)
        assert "interrupted" in page.evaluate("document.body.innerText")
        stopped = page.evaluate("penstock.currentTime")
        source.start()
        gateway.wait_state("main", "online", timeout=60)
        page.wait_until(f"penstock.state == 'playing' && "
                        f"penstock.currentTime > {stopped} + 6", timeout=60)
        reached = page.evaluate("penstock.currentTime")
        page.wait_until(f"penstock.currentTime > {reached} + 5", timeout=20)
        assert page.evaluate("window.loadedOnce") is True


def test_frames_of_another_route_come_without_a_gap():
    with killable("rtmp") as (gateway, source):
        frames = []
        reader = threading.Thread(target=lambda: frames.extend(
            number for number, _ in media.decode_video(
                gateway.rtsp("other"), 15, "320x240",
                ["-rtsp_transport", "tcp"])))
        reader.start()
        for _ in range(2):
            outage(gateway, source)
        reader.join(60)
        assert len(frames) >= 360
        assert {(b - a) % 250 for a, b in zip(frames, frames[1:])} == {1}
