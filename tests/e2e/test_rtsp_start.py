# SPDX-License-Identifier: MIT
"""Where RTSP viewers begin: as the route says, or as their URL asks."""

import pytest

import media
from gateway import Gateway, wait_until
from rtsp_player import rtp_difference
from rtsp_recorder import Recorder

RATE = 90000
FRAME = RATE // media.FPS
# The age of the GOP at which viewers come, in pictures.
AGE = 2 * media.FPS
# What is left of the burst with catch-up: 10 s in 20 ms, and a picture.
NEAR = RATE // 50 + FRAME


@pytest.fixture(scope="module", name="gateway")
def start_gateway():
    """Routes by the names of their starts, of which one begins GOPs often."""
    long_gop = {"type": "file", "path": media.clip(seconds=10, gop=250)}
    short_gop = {"type": "file", "path": media.clip(seconds=10, gop=media.FPS)}

    def route(source, start, **more):
        return {"input": source, "outputs": [{"type": "rtsp", "start": start}],
                **more}
    with Gateway({"cache": route(long_gop, "cache"),
                  "catch-up": route(long_gop, "catch-up"),
                  "keyframe": route(short_gop, "keyframe"),
                  "capped": route(short_gop, "cache", cache={
                      "max-time-ms": 200})}) as gateway:
        for name in ("cache", "catch-up", "keyframe", "capped"):
            gateway.wait_state(name, "online")
        yield gateway


def pictures(gateway, name):
    return gateway.route(name)["tracks"][0]["access-units"]


def wait_age(gateway, name):
    """Until the GOP is AGE old, and not near its end."""
    wait_until(lambda: AGE <= pictures(gateway, name) % 250 < 200, 20,
               "a GOP in the middle")


def hurried(recorder):
    """How many pictures at the start follow each other faster than they were
    taken, and the RTP time that they take."""
    video = recorder.video
    recorder.record_until(lambda: len(video.units()) > AGE and
                          video.steps()[-1] > FRAME / 2)
    steps = video.steps()
    n = next(i for i, step in enumerate(steps) if step > FRAME / 2)
    return n, sum(steps[:n])


def check_catch_up(recorder):
    n, span = hurried(recorder)
    assert n >= AGE - 5 and span <= NEAR


def check_start(recorder):
    """RTP-Info names the first packet, and a keyframe begins, without gaps."""
    video = recorder.video
    assert video.packets[0].seq == video.info[0]
    assert 0 <= rtp_difference(video.packets[0].time, video.info[1]) <= FRAME
    assert video.is_keyframe(video.units()[0])
    assert all(stream.gaps() == [] for stream in recorder.streams)
    # Times never step back, within the burst or at its end.
    assert all(step > 0 for stream in recorder.streams
               for step in stream.steps())


@pytest.mark.parametrize("transport", ("tcp", "udp"))
@pytest.mark.parametrize("path", ("catch-up", "cache?start=catch-up"))
def test_catch_up_brings_the_burst_near_the_moment(gateway, path, transport):
    wait_age(gateway, path.partition("?")[0])
    with Recorder(gateway.rtsp(path), transport) as recorder:
        check_catch_up(recorder)
        recorder.record_until(lambda: recorder.audio.packets)
        check_start(recorder)
        # Sound begins where the burst ends, not with the old picture.
        audio = recorder.audio
        assert 0 <= rtp_difference(audio.packets[0].time, audio.info[1]) \
            < audio.rate / 2


class AsksInSetup(Recorder):
    """Another start with each SETUP."""

    def set_up(self, number, stream):
        control = stream.control
        stream.control += "?start=" + ("cache", "catch-up")[number]
        super().set_up(number, stream)
        stream.control = control


def test_last_setup_counts(gateway):
    wait_age(gateway, "cache")
    with AsksInSetup(gateway.rtsp("cache")) as recorder:
        check_catch_up(recorder)


@pytest.mark.parametrize("path", ("cache", "catch-up?start=cache"))
def test_cache_begins_with_the_times_of_the_old_picture(gateway, path):
    wait_age(gateway, path.partition("?")[0])
    with Recorder(gateway.rtsp(path)) as recorder:
        assert hurried(recorder) == (0, 0)
        check_start(recorder)


@pytest.mark.parametrize("path", ("keyframe", "cache?start=keyframe"))
def test_keyframe_gets_nothing_of_what_was(gateway, path):
    name = path.partition("?")[0]
    if name == "cache":
        wait_age(gateway, "cache")
    with Recorder(gateway.rtsp(path)) as recorder:
        # Sound at once; the clock that is told is that of now.
        recorder.record_until(lambda: len(recorder.audio.packets) > 5)
        audio = recorder.audio
        assert audio.packets[0].seq == audio.info[0]
        assert 0 <= rtp_difference(audio.packets[0].time, audio.info[1]) \
            < audio.rate / 5
        if name == "cache":
            assert not recorder.video.packets
            return
        video = recorder.video
        recorder.record_until(lambda: len(video.units()) > 1)
        assert video.packets[0].seq == video.info[0]
        assert video.is_keyframe(video.units()[0])
        assert 0 <= rtp_difference(video.packets[0].time, video.info[1]) \
            <= RATE + 2 * FRAME


def test_gop_that_is_longer_than_the_route_s_cache_is_not_sent(gateway):
    with Recorder(gateway.rtsp("capped")) as first:
        video = first.video
        first.record_until(lambda: len(video.units()) > 1)

        def begun():
            units = video.units()
            newest = max(i for i, unit in enumerate(units)
                         if video.is_keyframe(unit))
            return newest > 0 and len(units) - newest > media.FPS // 2
        first.record_until(begun)
        with Recorder(gateway.rtsp("capped")) as second:
            second.record_until(lambda: len(second.video.units()) > 1)
            assert second.video.is_keyframe(second.video.units()[0])
            assert rtp_difference(second.video.packets[0].time,
                                  video.packets[-1].time) > 0


def test_what_cannot_be_asked_for_is_a_bad_request(gateway):
    with pytest.raises(AssertionError, match="DESCRIBE.*400 Bad Request"):
        Recorder(gateway.rtsp("cache?start=now"))
    wait_until(lambda: 'DESCRIBE refused: start="now" in the URL; it can be '
               "cache, catch-up or keyframe" in gateway.log(), 10,
               gateway.log)
    with Recorder(gateway.rtsp("cache"), play=False) as recorder:
        with pytest.raises(AssertionError, match="PLAY.*400 Bad Request"):
            recorder.request("PLAY", recorder.url + "?start=")
        # And nothing is lost by having asked.
        recorder.request("PLAY", recorder.url + "?start=keyframe")


def test_reload_changes_the_start_and_viewers_stay(gateway):
    routes = gateway.config["routes"]
    wait_age(gateway, "cache")
    with Recorder(gateway.rtsp("cache")) as recorder:
        changed = {**routes, "cache": {
            **routes["cache"],
            "outputs": [{"type": "rtsp", "start": "catch-up"}]}}
        gateway.reload(routes=changed)
        wait_age(gateway, "cache")
        with Recorder(gateway.rtsp("cache")) as late:
            check_catch_up(late)
        before = len(recorder.video.packets)
        recorder.record_until(
            lambda: len(recorder.video.packets) > before + 500)
        assert recorder.video.gaps() == []
    gateway.reload(routes=routes)
