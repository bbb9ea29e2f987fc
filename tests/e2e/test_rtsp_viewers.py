# SPDX-License-Identifier: MIT
"""RTSP viewers of one route, however they come and however slow they are."""

import os
import time
from contextlib import ExitStack

import pytest

import media
from gateway import ROOT, Gateway, wait_until
from rtsp_player import rtp_difference
from rtsp_recorder import AAC_FRAME, TRANSPORTS, Recorder

DATA = os.path.join(ROOT, "tests", "data", "tls")
TLS = {"certificate-file": os.path.join(DATA, "certificate.pem"),
       "key-file": os.path.join(DATA, "key.pem")}
LISTEN = {"rtsp": "127.0.0.1:0", "rtsps": "127.0.0.1:0", "http": "127.0.0.1:0"}
FRAME = 90000 // media.FPS
LARGE = "640x480"


def gateway_with(gop, size="320x240"):
    """A route "cam" with pictures and sound that never end."""
    clip = media.clip(seconds=10, gop=gop, size=size)
    settings = {"type": "file", "path": clip, "loop": True}
    return Gateway({"cam": {"input": settings, "outputs": ["rtsp"]}},
                   listen=LISTEN, tls=TLS)


def url(gateway, transport):
    if transport == "tls":
        return f"rtsps://127.0.0.1:{gateway.ports['rtsps']}/cam"
    return gateway.rtsp("cam")


def session_of(gateway, number=-1):
    return gateway.route("cam")["outputs"][0]["sessions"][number]


def wait_age(gateway, units):
    """Until the current GOP has more than @units pictures."""
    video = gateway.route("cam")["tracks"][0]["access-units"]
    wait_until(lambda: gateway.route("cam")["tracks"][0]["access-units"]
               >= video + units, 20, f"{units} more pictures")


def wait_rates(gateway):
    """The route, once its bitrates are known."""
    def check():
        route = gateway.route("cam")
        known = all(track["bitrate"] for track in route["tracks"])
        return route if known else None
    return wait_until(check, 20, "bitrates")


def check_start(recorder):
    """The first packets are those of RTP-Info, and a keyframe begins."""
    for stream in recorder.streams:
        assert stream.packets[0].seq == stream.info[0]
        assert 0 <= rtp_difference(
            stream.packets[0].time, stream.info[1]) < stream.rate / 2
    video = recorder.video
    assert video.is_keyframe(video.units()[0])
    assert all(stream.gaps() == [] for stream in recorder.streams)


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_all_viewers_begin_with_a_keyframe_and_get_what_they_were_told(
        transport):
    with gateway_with(gop=250) as gateway, ExitStack() as stack:
        gateway.wait_state("cam", "online")
        first = stack.enter_context(Recorder(gateway.rtsp("cam")))
        first.record_until(lambda: all(s.n_reports for s in first.streams))
        for _ in range(5):
            wait_age(gateway, 5)
            recorder = stack.enter_context(
                Recorder(url(gateway, transport), transport))
            # No packet is ahead of the answer to PLAY.
            assert recorder.frames_before_answer == 0
            recorder.record_until(lambda: len(recorder.video.units()) > 30
                                  and len(recorder.audio.packets) > 30)
            check_start(recorder)
            # From the picture in the cache on: without a seam to what is live.
            assert all(0 < step < 2 * FRAME for step in recorder.video.steps())
            # The clocks are told at once.
            assert all(stream.n_reports for stream in recorder.streams)
            session = session_of(gateway)
            assert session["playing"] and session["join-ms"] < 5000
            assert session["bytes"] > 0 and session["skips"] == 0


def test_viewers_may_choose_their_channels():
    with gateway_with(gop=25) as gateway:
        gateway.wait_state("cam", "online")
        with Recorder(gateway.rtsp("cam"), first_channel=10) as recorder:
            recorder.record_until(lambda: len(recorder.video.units()) > 40
                                  and len(recorder.audio.packets) > 30)
            check_start(recorder)


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_answers_stand_between_frames(transport):
    """Requests while media flows; the recorder fails on anything that is
    neither a frame nor the answer."""
    with gateway_with(gop=25, size=LARGE) as gateway:
        gateway.wait_state("cam", "online")
        with Recorder(url(gateway, transport), transport) as recorder:
            for _ in range(30):
                recorder.request("GET_PARAMETER", recorder.url)
                recorder.request("OPTIONS", recorder.url)
                recorder.record(0.02)
            # A PLAY that changes nothing says nothing of where it begins.
            headers = recorder.request("PLAY", recorder.url)[0]
            assert "rtp-info" not in headers
            recorder.record_until(lambda: len(recorder.video.units()) > 50)
            assert all(stream.gaps() == [] for stream in recorder.streams)
            recorder.tear_down()
        gateway.wait_no_readers()


def test_nothing_comes_while_it_pauses_and_then_a_keyframe():
    with gateway_with(gop=25) as gateway:
        gateway.wait_state("cam", "online")
        with Recorder(gateway.rtsp("cam")) as recorder:
            for _ in range(3):
                before = {stream: len(stream.packets)
                          for stream in recorder.streams}
                recorder.record_until(lambda: all(
                    len(stream.packets) > before[stream] + 20
                    for stream in recorder.streams))
                recorder.pause()
                counts = [len(stream.packets) for stream in recorder.streams]
                recorder.request("OPTIONS", recorder.url)
                wait_age(gateway, 30)
                recorder.request("OPTIONS", recorder.url)
                assert recorder.frames_before_answer == 0
                recorder.play()
                recorder.record_until(lambda: all(
                    len(stream.packets) > count for stream, count
                    in zip(recorder.streams, counts)))
                for stream, count in zip(recorder.streams, counts):
                    assert stream.packets[count].seq == stream.info[0]
                    assert stream.gaps() == []
                video = recorder.video
                resumed = [packet for packet in video.packets[counts[0]:]
                           if packet.time == video.packets[counts[0]].time]
                assert video.is_keyframe(resumed)


def check_slow(recorder):
    """Skipped from a picture to a keyframe, with all of the sound and without
    a gap in the numbers."""
    video, audio = recorder.video, recorder.audio
    assert all(stream.gaps() == [] for stream in recorder.streams)
    units = video.units()
    skips = [number for number, step in enumerate(video.steps())
             if step > 2 * FRAME]
    assert skips
    for number in skips:
        assert video.is_keyframe(units[number + 1])
    # A frame that is missing makes two; where the file begins again there is
    # less than that.
    assert max(audio.silences()) < 1.9 * AAC_FRAME


def longest_silence(stream, begin):
    arrivals = [packet.arrival for packet in stream.packets
                if packet.arrival > begin]
    return max(b - a for a, b in zip(arrivals, arrivals[1:]))


@pytest.mark.parametrize("transport", ["tcp", "tls", "tunnel"])
def test_frozen_viewer_goes_on_at_a_keyframe_with_all_of_the_sound(transport):
    with gateway_with(gop=50, size=LARGE) as gateway, ExitStack() as stack:
        gateway.wait_state("cam", "online")
        frozen = stack.enter_context(Recorder(
            url(gateway, transport), transport, receive_buffer=16384))
        frozen.record_until(lambda: len(frozen.video.units()) > 20)
        others = [stack.enter_context(Recorder(gateway.rtsp("cam"), other))
                  for other in ("tcp", "udp")]
        begin = time.monotonic()
        while time.monotonic() < begin + 10:
            for other in others:
                other.record(0.1)
        # Neither of them has noticed.
        for other in others:
            check_start(other)
            assert all(0 < step < 2 * FRAME for step in other.video.steps())
        assert session_of(gateway, 0)["lag-ms"] > 3000
        wait_until(lambda: session_of(gateway, 0)["lag-ms"] > 6000, 10,
                   "a viewer that lags")
        frozen.record_until(lambda: rtp_difference(
            frozen.audio.packets[-1].time, others[0].audio.packets[-1].time)
            > 0)
        check_slow(frozen)
        wait_until(lambda: session_of(gateway, 0)["lag-ms"] < 1000
                   or frozen.record(0.2), 10, "a viewer that has caught up")
        assert session_of(gateway, 0)["skips"] >= 1


def test_viewer_on_a_narrow_line_loses_pictures_and_no_sound():
    with gateway_with(gop=25, size=LARGE) as gateway:
        gateway.wait_state("cam", "online")
        rate = sum(track["bitrate"] / 8
                   for track in wait_rates(gateway)["tracks"])
        with Recorder(gateway.rtsp("cam"), receive_buffer=16384) as slow:
            begin = time.monotonic()
            while time.monotonic() < begin + 15:
                while slow.n_bytes < rate / 2 * (time.monotonic() - begin):
                    assert slow.read(1) == b"$"
                    slow.take_frame()
                time.sleep(0.01)
            check_slow(slow)
            assert session_of(gateway)["skips"] >= 2


@pytest.mark.long
def test_join_late_in_a_long_gop_over_a_narrow_line_loses_nothing():
    """At 9 s of 10 s, with 1.2 times the bitrate: it takes 45 s to catch up."""
    with gateway_with(gop=250, size=LARGE) as gateway:
        gateway.wait_state("cam", "online")
        rate = sum(track["bitrate"] / 8
                   for track in wait_rates(gateway)["tracks"])
        with Recorder(gateway.rtsp("cam")) as first:
            first.record_until(lambda: len(first.video.units()) > 1 and
                               first.video.is_keyframe(first.video.units()[-1]))
            first.record(9)
            with Recorder(gateway.rtsp("cam"), receive_buffer=16384) as late:
                begin = time.monotonic()
                while time.monotonic() < begin + 55:
                    elapsed = time.monotonic() - begin
                    while late.n_bytes < 1.2 * rate * elapsed:
                        assert late.read(1) == b"$"
                        late.take_frame()
                    first.record(0.01)
                check_start(late)
                assert len(late.video.units()) > 60 * media.FPS
                assert all(0 < step < 2 * FRAME for step in late.video.steps())
                session = session_of(gateway)
                assert session["skips"] == 0 and session["lag-ms"] < 2500
