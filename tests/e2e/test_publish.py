# SPDX-License-Identifier: MIT
"""Who may publish, what a second publisher gets, and where it goes on."""

import contextlib
import signal

import pytest

import media
import streams
from gateway import Gateway, Process, probe, publish, wait_until

OUTPUTS = ["rtsp", "dash"]
TCP = ["-rtsp_transport", "tcp"]
CLOSED = {"input": "publish", "publish": {"key": "sesame"},
          "outputs": OUTPUTS}


def publish_by_gst(location, video=True, audio=True):
    """A test picture and tone by rtmp2sink."""
    parts = ["gst-launch-1.0", "-q", "flvmux", "name=mux", "streamable=true",
             "!", "rtmp2sink", f"location={location}"]
    if video:
        parts += ["videotestsrc", "is-live=true", "!",
                  "video/x-raw,format=I420,width=320,height=240,framerate=25/1", "!",
                  "x264enc", "tune=zerolatency", "speed-preset=ultrafast",
                  "key-int-max=25", "!", "mux."]
    if audio:
        parts += ["audiotestsrc", "is-live=true", "!", "avenc_aac", "!",
                  "aacparse", "!", "mux."]
    return Process(parts)


def is_online(gateway, name):
    route = gateway.route(name)
    return bool(route) and route["state"] == "online"


@pytest.mark.parametrize("path", ["live/stage?key=sesame",
                                  "live/stage/sesame"])
@pytest.mark.parametrize("peer", ["ffmpeg", "gst"])
def test_right_key_is_let_in(peer, path):
    with Gateway({"live/stage": CLOSED}) as gateway:
        url = gateway.rtmp(path)
        with (publish_by_gst(url) if peer == "gst" else
              publish(media.clip(seconds=10), url)):
            gateway.wait_state("live/stage", "online")
            assert set(probe(gateway.rtsp("live/stage"))) == {
                "video", "audio"}
        assert "sesame" not in gateway.log()


@pytest.mark.parametrize("path", ["live/stage", "live/stage?key=wrong",
                                  "live/stage/wrong"])
@pytest.mark.parametrize("peer", ["ffmpeg", "gst"])
def test_wrong_or_missing_key_is_refused(peer, path):
    with Gateway({"live/stage": CLOSED}) as gateway:
        url = gateway.rtmp(path)
        with (publish_by_gst(url) if peer == "gst" else
              publish(media.clip(seconds=10), url)) as publisher:
            code, _, text = publisher.wait(30)
            assert code != 0, text
        assert gateway.route("live/stage")["state"] == "offline"
        assert "publisher refused: " in gateway.log()
        assert "peer=127.0.0.1:" in gateway.log()
        assert "sesame" not in gateway.log()


@pytest.mark.parametrize("policy", ["reject", "takeover-stale"])
def test_second_publisher_is_refused_while_the_first_sends(policy):
    clip = media.clip(seconds=10)
    routes = {"stage": {"input": "publish", "publisher-policy": policy,
                        "outputs": OUTPUTS}}
    with Gateway(routes) as gateway, publish(clip, gateway.rtmp("stage")):
        gateway.wait_state("stage", "online")
        with publish(clip, gateway.rtmp("stage")) as second:
            code, _, text = second.wait(30)
            assert code != 0, text
        assert "is being published already" in gateway.log()
        assert is_online(gateway, "stage")
        frames = media.decode_video(gateway.rtsp("stage"), 2, "320x240", TCP)
        assert len(frames) >= 40


def test_second_publisher_takes_over_where_that_is_allowed():
    routes = {"stage": {"input": "publish", "publisher-policy": "takeover",
                        "outputs": OUTPUTS}}
    with Gateway(routes) as gateway, \
            publish(media.clip(seconds=10), gateway.rtmp("stage")) as first:
        gateway.wait_state("stage", "online")
        other = media.clip(seconds=10, size="640x480")
        with publish(other, gateway.rtmp("stage")):
            first.wait(30)
            wait_until(lambda: is_online(gateway, "stage") and 640 in (
                track.get("width") for track in
                gateway.route("stage")["tracks"]), 30, gateway.log)


def test_second_publisher_replaces_one_that_has_gone_quiet():
    clip = media.clip(seconds=10)
    routes = {"stage": {"input": "publish", "outputs": OUTPUTS}}
    with contextlib.ExitStack() as stack:
        gateway = stack.enter_context(Gateway(routes))
        first = stack.enter_context(publish(clip, gateway.rtmp("stage")))
        gateway.wait_state("stage", "online")
        first.process.send_signal(signal.SIGSTOP)

        def second_is_in():
            """Encoders try again: it is refused until the first is stale."""
            second = stack.enter_context(
                publish(clip, gateway.rtmp("stage")))
            wait_until(lambda: second.process.poll() is not None or
                       gateway.log().count("publisher connected") == 2, 30,
                       gateway.log)
            return second.process.poll() is None

        wait_until(second_is_in, 40, gateway.log)
        gateway.wait_state("stage", "online")
        assert len(media.decode_video(
            gateway.rtsp("stage"), 2, "320x240", TCP)) >= 40


@pytest.mark.long
def test_templates_make_a_route_for_each_publisher():
    clip = media.clip(seconds=10)
    routes = {"live/*": {"input": "publish", "outputs": OUTPUTS,
                         "publisher-grace-ms": 0}}
    with Gateway(routes) as gateway:
        assert gateway.status()["routes"] == []
        with publish(clip, gateway.rtmp("live/one")), \
                publish(clip, gateway.rtmp("live/two")):
            for name in ("live/one", "live/two"):
                gateway.wait_state(name, "online")
                assert gateway.route(name)["template"] == "live/*"
        # Half a minute, so that DASH players may finish; then it goes.
        wait_until(lambda: gateway.status()["routes"] == [], 60, gateway.log,
                   poll=1)


@pytest.mark.parametrize("kind", ["video", "audio"])
def test_gst_publisher_of_one_track_is_enough(kind):
    routes = {"live/*": {"input": "publish", "outputs": OUTPUTS}}
    with Gateway(routes) as gateway, publish_by_gst(
            gateway.rtmp("live/one"), kind == "video", kind == "audio"):
        gateway.wait_state("live/one", "online")
        assert set(probe(gateway.rtsp("live/one"))) == {kind}


def test_relay_of_an_rtmp_server_is_bit_exact():
    """ffmpeg as the server: it listens, the gateway pulls."""
    clip = media.clip(seconds=20)
    with Gateway({}) as free:
        port = free.ports["rtmp"]
    url = f"rtmp://127.0.0.1:{port}/live/one"
    with Process(["ffmpeg", "-nostdin", "-v", "error", "-re", "-i", clip,
                  "-c", "copy", "-f", "flv", "-listen", "1", url]), \
            Gateway({"relay": {"input": url, "outputs": OUTPUTS}}) as gateway:
        gateway.wait_state("relay", "online", 30)
        video, audio = streams.record(
            gateway.rtsp("relay"), "h264", TCP, 4)
        streams.assert_run_of(
            video, streams.read_video(clip, "h264"), 75, "video")
        streams.assert_run_of(
            audio, streams.read_packets(clip, "a:0"), 120, "audio")
