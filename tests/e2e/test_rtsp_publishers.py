# SPDX-License-Identifier: MIT
"""Who may publish by RTSP, a second publisher, the end, and what none should
send."""

import contextlib
import os
import signal
import socket
import time

import pytest

import media
from gateway import (Gateway, probe, publish as publish_rtmp,
                     sanitizer_runtime, wait_until)
from rtsp_publisher import PCMA, SPEEX, Publisher, publish, publish_by_gst
from test_publish import is_online
from test_rtsp_publish import (H264, OUTPUTS, SIZE, TCP, codecs,
                               gateway_with_tls, publisher_of, rtsps, stage)

LONG = pytest.mark.long


def send_until_online(gateway, publisher):
    """A stream is held back until it is known what it has, which only the next
    packet ends."""
    def check():
        publisher.send(0.2)
        return is_online(gateway, "stage")
    wait_until(check, 20, gateway.log)


def is_let_in(url, user=None):
    """Not at once where the gateway has yet to notice that another one left."""
    with Publisher(url, user) as publisher:
        return publisher.announce()[0] == 200


# --- who may ---------------------------------------------------------------------


KEY = {"publish": {"key": "sesame"}}
USER = {"publish": {"user": "ann", "password": "simsim"}}
BOTH = {"publish": {"key": "sesame", "user": "ann", "password": "simsim"}}


@pytest.mark.parametrize("peer", ["ffmpeg", "gst"])
def test_right_key_is_let_in(peer):
    with Gateway(stage(**KEY), log={"level": "debug"}) as gateway:
        for path in "stage?key=sesame", "stage/sesame":
            for transport in "tcp", "udp":
                url = gateway.rtsp(path)
                with (publish(media.clip(seconds=10), url, transport)
                      if peer == "ffmpeg" else
                      publish_by_gst(url, H264, protocols=transport)):
                    gateway.wait_state("stage", "online")
                gateway.wait_state("stage", "offline")
        assert "sesame" not in gateway.log()
        assert "sesame" not in gateway.get("status.json").decode()


@pytest.mark.parametrize("path", ["stage", "stage?key=wrong", "stage/wrong",
                                  "stage?key=", "stage/sesame/more"])
def test_wrong_or_missing_key_is_refused(path):
    with Gateway(stage(**KEY), log={"level": "debug"}) as gateway:
        with Publisher(gateway.rtsp(path)) as publisher:
            code, reason, _ = publisher.announce()
            missing = path.endswith("more")
            assert code == (404 if missing else 403)
            assert reason == ("No route of this name takes a publisher."
                              if missing else
                              "The publish key is missing or wrong.")
        with publish(media.clip(seconds=10), gateway.rtsp(path)) as ffmpeg:
            code, _, text = ffmpeg.wait(30)
            assert code != 0 and reason in text
        gateway.wait_log(f"publisher refused: {reason}")
        assert gateway.route("stage")["state"] == "offline"
        assert "sesame" not in gateway.log()


@pytest.mark.parametrize("peer", ["ffmpeg", "gst", "by hand"])
def test_right_credentials_are_let_in(peer):
    """ffmpeg and GStreamer do digest with MD5, the other one with SHA-256."""
    with Gateway(stage(**USER), log={"level": "debug"}) as gateway:
        url = gateway.rtsp("stage")
        with_user = url.replace("//", "//ann:simsim@")
        with (publish(media.clip(seconds=10), with_user) if peer == "ffmpeg"
              else publish_by_gst(with_user, H264)
              if peer == "gst" else Publisher(url, ("ann", "simsim"))) as p:
            if peer == "by hand":
                p.start()
                send_until_online(gateway, p)
            gateway.wait_state("stage", "online")
        assert "simsim" not in gateway.log()
        assert "simsim" not in gateway.get("status.json").decode()


@pytest.mark.parametrize("user", [None, ("ann", "wrong"), ("bob", "simsim")])
def test_wrong_or_missing_credentials_are_refused(user):
    with Gateway(stage(**USER)) as gateway:
        with Publisher(gateway.rtsp("stage"), user) as publisher:
            code, reason, headers = publisher.announce()
            assert (code, reason) == (401, "Unauthorized")
            assert "SHA-256" in headers["www-authenticate"]
        assert gateway.route("stage")["state"] == "offline"
        with publish_rtmp(media.clip(seconds=10),
                          gateway.rtmp("stage")) as rtmp:
            assert rtmp.wait(30)[0] != 0
        gateway.wait_log("asks for user and password, by RTSP")
        assert "simsim" not in gateway.log()


def test_key_or_credentials_are_enough_where_both_are_set():
    with Gateway(stage(**BOTH)) as gateway:
        for url, user in ((gateway.rtsp("stage?key=sesame"), None),
                          (gateway.rtsp("stage/sesame"), None),
                          (gateway.rtsp("stage"), ("ann", "simsim"))):
            wait_until(lambda: is_let_in(url, user), 5, gateway.log)
        with Publisher(gateway.rtsp("stage?key=wrong")) as publisher:
            assert publisher.announce()[0] == 401
        with publish_rtmp(media.clip(seconds=10),
                          gateway.rtmp("stage/sesame")):
            gateway.wait_state("stage", "online")


def test_credentials_of_viewers_are_others():
    guarded = [{"type": "rtsp", "user": "viewer", "password": "watch"}]
    with Gateway(stage(outputs=guarded, **USER)) as gateway:
        url = gateway.rtsp("stage")
        with publish(media.clip(seconds=10),
                     url.replace("//", "//ann:simsim@")):
            gateway.wait_state("stage", "online")
            assert "video" in probe(url.replace("//", "//viewer:watch@"))
            with pytest.raises(AssertionError, match="401"):
                probe(url.replace("//", "//ann:simsim@"))
        with Publisher(url, ("viewer", "watch")) as publisher:
            assert publisher.announce()[0] == 401


def test_guessing_keys_is_stopped():
    with Gateway(stage(**KEY)) as gateway:
        for attempt in range(11):
            with Publisher(gateway.rtsp(f"stage?key=x{attempt}")) as guess:
                assert guess.announce()[0] == 403
        with Publisher(gateway.rtsp("stage?key=sesame")) as publisher:
            code, _, headers = publisher.announce()
            assert code == 403 and "retry-after" in headers


# --- a second publisher -------------------------------------------------------------


BUSY = "The stream is being published already."


def publish_by(protocol, gateway, clip):
    return (publish_rtmp(clip, gateway.rtmp("stage")) if protocol == "rtmp"
            else publish(clip, gateway.rtsp("stage")))


PAIRS = [("rtsp", "rtsp"), ("rtmp", "rtsp"), ("rtsp", "rtmp")]


@pytest.mark.parametrize("policy,first,second", [
    ("reject", "rtsp", "rtsp"), ("reject", "rtmp", "rtsp"),
    ("takeover-stale", "rtsp", "rtmp"),
    pytest.param("takeover-stale", "rtsp", "rtsp", marks=LONG),
    pytest.param("takeover-stale", "rtmp", "rtsp", marks=LONG),
    pytest.param("reject", "rtsp", "rtmp", marks=LONG)])
def test_second_publisher_is_refused_while_the_first_sends(
        policy, first, second):
    clip = media.clip(seconds=10)
    with Gateway(stage(**{"publisher-policy": policy})) as gateway, \
            publish_by(first, gateway, clip):
        gateway.wait_state("stage", "online")
        with publish_by(second, gateway, clip) as other:
            code, _, text = other.wait(30)
            assert code != 0
            if second == "rtsp":
                assert "409" in text and BUSY in text
        assert publisher_of(gateway, "stage")["protocol"] == first.upper()
        assert len(media.decode_video(
            gateway.rtsp("stage"), 2, SIZE, TCP)) >= 40
        assert gateway.log().count("publisher connected") == 1


@pytest.mark.parametrize("first,second", PAIRS)
def test_second_publisher_takes_over_where_that_is_allowed(first, second):
    routes = stage(**{"publisher-policy": "takeover"})
    with Gateway(routes) as gateway, publish_by(
            first, gateway, media.clip(seconds=10)) as loser:
        gateway.wait_state("stage", "online")
        other = media.clip(seconds=10, size="640x480")
        with publish_by(second, gateway, other):
            loser.wait(30)
            wait_until(lambda: is_online(gateway, "stage") and {
                track.get("width") for track in
                gateway.route("stage")["tracks"]} == {640, None}, 30,
                gateway.log)
            assert publisher_of(gateway, "stage")["protocol"] == \
                second.upper()
            assert len(media.decode_video(
                gateway.rtsp("stage"), 2, "640x480", TCP)) >= 40
        gateway.wait_log("nother publisher took the stream")


@pytest.mark.parametrize("first,second", PAIRS)
def test_second_publisher_replaces_one_that_has_gone_quiet(first, second):
    clip = media.clip(seconds=10)
    with contextlib.ExitStack() as stack:
        gateway = stack.enter_context(Gateway(stage()))
        quiet = stack.enter_context(publish_by(first, gateway, clip))
        gateway.wait_state("stage", "online")
        quiet.process.send_signal(signal.SIGSTOP)

        def second_is_in():
            """Encoders try again: it is refused until the first is stale."""
            other = stack.enter_context(publish_by(second, gateway, clip))
            wait_until(lambda: other.process.poll() is not None or
                       gateway.log().count("publisher connected") == 2, 30,
                       gateway.log)
            return other.process.poll() is None

        begin = time.monotonic()
        wait_until(second_is_in, 40, gateway.log)
        assert time.monotonic() - begin < 9, "not before it counts as gone"
        gateway.wait_state("stage", "online")
        assert len(media.decode_video(
            gateway.rtsp("stage"), 2, SIZE, TCP)) >= 40


# --- the end ------------------------------------------------------------------------


def test_frozen_publishers_are_noticed_within_ten_seconds():
    """And one that announces, and then sends nothing."""
    names = {"tcp": "one", "udp": "two"}
    routes = {name: stage()["stage"] for name in (*names.values(), "idle")}
    clip = media.clip(seconds=10)
    with Gateway(routes) as gateway, contextlib.ExitStack() as stack:
        publishers = [stack.enter_context(publish(
            clip, gateway.rtsp(name), transport))
            for transport, name in names.items()]
        for name in names.values():
            gateway.wait_state(name, "online")
        idle = stack.enter_context(Publisher(gateway.rtsp("idle")))
        assert idle.announce()[0] == 200
        for publisher in publishers:
            publisher.process.send_signal(signal.SIGSTOP)
        begin = time.monotonic()
        for name in names.values():
            gateway.wait_state(name, "offline")
            assert 9 < time.monotonic() - begin < 11
            assert "no media for 10 s" in gateway.route(name)["input"]["reason"]
        assert idle.is_closed()
        assert time.monotonic() - begin < 12
        for publisher in publishers:
            publisher.process.send_signal(signal.SIGCONT)
            assert publisher.wait(30)[0] != 0  # its connection is closed


def end_by_goodbye(publisher):
    publisher.process.send_signal(signal.SIGINT)


def end_by_kill(publisher):
    publisher.process.kill()


@pytest.mark.parametrize("end,transport", [
    (end_by_goodbye, "udp"), (end_by_kill, "tcp"),
    pytest.param(end_by_goodbye, "tcp", marks=LONG),
    pytest.param(end_by_kill, "udp", marks=LONG)])
def test_viewers_stay_when_the_publisher_goes_and_comes_back(end, transport):
    from test_source_killed import Viewer, sessions
    clip = media.clip(seconds=10)
    routes = {"main": {"input": "publish", "outputs": OUTPUTS}}
    with Gateway(routes) as gateway:
        with publish(clip, gateway.rtsp("main"), transport) as first:
            gateway.wait_state("main", "online")
            with Viewer(gateway.rtsp("main"), "tcp") as viewer:
                wait_until(lambda: viewer.frames > 10, 40, "pictures")
                end(first)
                first.wait(20)
                gateway.wait_state("main", "offline", 5)
                assert sessions(gateway, "main") == 1
                before = viewer.frames
                with publish(clip, gateway.rtsp("main"), transport):
                    gateway.wait_state("main", "online")
                    wait_until(lambda: viewer.frames > before + 25, 40,
                               gateway.log)
                    assert viewer.process.poll() is None
                    assert sessions(gateway, "main") == 1


def test_stream_is_over_when_nobody_comes_back():
    with Gateway(stage(**{"publisher-grace-ms": 500})) as gateway:
        with publish(media.clip(seconds=10), gateway.rtsp("stage")):
            gateway.wait_state("stage", "online")
        gateway.wait_state("stage", "ended")
        gateway.wait_log("nobody came back")
        with publish(media.clip(seconds=10), gateway.rtsp("stage")):
            gateway.wait_state("stage", "online")


def test_publisher_of_another_protocol_comes_back_in_time():
    """The end of the one's time does not end the other's stream."""
    clip = media.clip(seconds=10)
    with Gateway(stage(**{"publisher-grace-ms": 2000})) as gateway:
        publisher = publish_by("rtsp", gateway, clip)
        for protocol in "rtmp", "rtsp":
            with publisher as lost:
                gateway.wait_state("stage", "online")
                lost.kill()
                gateway.wait_state("stage", "offline")
            publisher = publish_by(protocol, gateway, clip)
            gateway.wait_state("stage", "online")
            frames = media.decode_video(gateway.rtsp("stage"), 3, SIZE, TCP)
            assert len(frames) >= 60
            assert is_online(gateway, "stage")
        publisher.kill()
        assert "nobody came back" not in gateway.log()


@pytest.mark.long
def test_session_of_a_publisher_that_only_sends_does_not_expire():
    """Its connection is closed by nothing but its end; RTSP sessions have 60 s
    without a request."""
    with Gateway(stage()) as gateway, publish(
            media.clip(seconds=10), gateway.rtsp("stage"), "udp"):
        gateway.wait_state("stage", "online")
        frames = media.decode_video(gateway.rtsp("stage"), 75, SIZE, TCP)
        assert len(frames) >= 74 * media.FPS
        assert gateway.log().count("publisher lost") == 0


# --- by hand ---------------------------------------------------------------------------


def test_description_without_a_stream_that_is_carried_is_refused():
    with Gateway(stage()) as gateway, \
            Publisher(gateway.rtsp("stage")) as publisher:
        code, reason, _ = publisher.announce(SPEEX)
        assert (code, reason) == (415, "None of the streams is carried.")
        gateway.wait_log(
            "ignoring audio stream 0 (SPEEX): this codec is not carried")
        # The connection may try again.
        assert publisher.announce(SPEEX, PCMA)[0] == 200


@pytest.mark.parametrize("body,code", [
    ("", 400), ("hello", 415), ("v=0\r\n", 415), ("m=audio", 415),
    ("\xc3\x28" * 40, 415), ("v=0\nm=\nm=video\nm=audio x y z\n", 415)])
def test_what_is_no_description_is_refused(body, code):
    with Gateway(stage()) as gateway, \
            Publisher(gateway.rtsp("stage")) as publisher:
        assert publisher.request(
            "ANNOUNCE", body=body, **{"Content-Type": "application/sdp"}
            if not body else {})[0] == code
        assert gateway.route("stage")["state"] == "offline"


def test_requests_out_of_order_are_refused():
    with Gateway(stage()) as gateway:
        url = gateway.rtsp("stage")
        with Publisher(url) as publisher:
            assert publisher.record()[0] == 454  # no session
            assert publisher.set_up()[0] == 400  # nothing to play either
        with Publisher(url) as publisher:
            assert publisher.announce()[0] == 200
            assert publisher.announce()[0] == 455
            assert publisher.request("DESCRIBE")[0] == 455
            assert publisher.set_up(control="streamid=7")[0] == 404
            assert publisher.set_up()[0] == 200
            assert publisher.request("PLAY")[0] == 405
            assert publisher.record()[0] == 200
            assert publisher.announce()[0] == 455
            assert publisher.request("OPTIONS")[0] == 200
            assert publisher.request("GET_PARAMETER")[0] == 200
            assert publisher.request("TEARDOWN")[0] == 200
            gateway.wait_state("stage", "offline", 5)
            publisher.session = None
            assert publisher.start().announce()[0] == 455


def test_players_do_not_find_the_place_of_publishers():
    with Gateway(stage()) as gateway:
        for path in ("", "nothing", "stream=0"):
            with Publisher(gateway.rtsp(path)) as player:
                assert player.request("DESCRIBE")[0] == 404
                assert player.request(
                    "SETUP", Transport="RTP/AVP/TCP;unicast;interleaved=0-1"
                )[0] == 404
        with Publisher(gateway.rtsp("film")) as publisher:
            assert publisher.announce()[0] == 404


def test_media_beside_a_tls_connection_is_refused():
    with gateway_with_tls(stage()) as gateway, \
            Publisher(rtsps(gateway, "stage"), tls=True) as publisher:
        assert publisher.announce()[0] == 200
        assert publisher.request(
            "SETUP", f"{publisher.url}/streamid=0",
            Transport="RTP/AVP;unicast;client_port=40000-40001;mode=record"
        )[0] == 461


def test_publisher_that_only_announces_has_the_place():
    with Gateway(stage(**{"publisher-policy": "reject"})) as gateway:
        with Publisher(gateway.rtsp("stage")) as idle:
            assert idle.announce()[0] == 200
            with Publisher(gateway.rtsp("stage")) as other:
                assert other.announce()[:2] == (409, BUSY)
        wait_until(lambda: is_let_in(gateway.rtsp("stage")), 5, gateway.log)


def test_stream_that_begins_anew_ends_the_publication():
    with Gateway(stage()) as gateway, \
            Publisher(gateway.rtsp("stage")) as publisher:
        publisher.start()
        send_until_online(gateway, publisher)
        publisher.send_packet(ssrc=2)
        assert publisher.is_closed()
        gateway.wait_state("stage", "offline")
        gateway.wait_log("began a stream anew")


def test_datagrams_of_strangers_are_dropped():
    """Who sent to our port when it was another's may go on for a while."""
    with Gateway(stage()) as gateway, \
            Publisher(gateway.rtsp("stage")) as publisher, \
            Publisher(gateway.rtsp("stage")) as stranger, \
            socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other_port:
        answers = [publisher.announce(), publisher.set_up_by_udp(),
                   publisher.record()]
        assert [a[0] for a in answers] == [200] * 3, answers
        send_until_online(gateway, publisher)
        stranger.datagrams, stranger.server = other_port, publisher.server
        stranger.send_packet(ssrc=2)
        publisher.send(0.2)
        assert publisher.request("GET_PARAMETER")[0] == 200
        assert "publisher lost" not in gateway.log()
        publisher.send_packet(ssrc=2)  # that is itself
        assert publisher.is_closed()
        gateway.wait_log("began a stream anew")


def test_packets_of_other_formats_are_dropped():
    with Gateway(stage()) as gateway, \
            Publisher(gateway.rtsp("stage")) as publisher:
        publisher.start(PCMA, SPEEX)
        for _ in range(5):
            publisher.send_packet(payload_type=101, ssrc=7)
            publisher.send_packet(payload_type=98, channel=2, ssrc=8)
            publisher.send_packet(payload=b"", channel=1)  # no RTCP
        send_until_online(gateway, publisher)
        assert codecs(gateway, "stage") == ["G.711 A-law"]


def test_reports_of_strangers_are_dropped():
    with Gateway(stage(outputs=["rtsp"])) as gateway, \
            Publisher(gateway.rtsp("stage")) as publisher:
        publisher.start()
        used = []
        for first in 1000, 3000:
            publisher.send_reports(range(first, first + 2000))
            send_until_online(gateway, publisher)
            used.append(gateway.usage())
        before, after = used
        assert after["threads"] <= before["threads"], used
        assert after["kib"] < before["kib"] + 4000, used


def test_lost_packets_are_a_gap_and_nothing_more():
    with Gateway(stage()) as gateway, \
            Publisher(gateway.rtsp("stage")) as publisher:
        publisher.start()
        publisher.send(2, lose=(7, 8))
        track = gateway.route("stage")["tracks"][0]
        assert track["access-units"] > 60
        assert track["gaps"] > 5


def test_gateway_stops_while_somebody_publishes():
    with Gateway(stage()) as gateway, \
            publish(media.clip(seconds=10), gateway.rtsp("stage")) as p:
        gateway.wait_state("stage", "online")
        assert gateway.stop() < 5
        assert p.wait(20)[0] != 0


def test_nothing_is_left_of_publishers():
    clip = media.clip(seconds=10)
    with Gateway(stage()) as gateway:
        before = None
        for _ in range(12 if os.environ.get("PENSTOCK_LONG") else 4):
            for transport in ("tcp", "udp"):
                with publish(clip, gateway.rtsp("stage"), transport) as p:
                    gateway.wait_state("stage", "online")
                    p.kill()
                    gateway.wait_state("stage", "offline")
            before = before or gateway.usage()
        after = wait_until(
            lambda: (now := gateway.usage())["fds"] <= before["fds"] and
            now["threads"] <= before["threads"] and now, 20,
            lambda: f"{before} before, {gateway.usage()} now")
        if not sanitizer_runtime():  # which keeps what was freed
            assert after["kib"] < before["kib"] + 20000, (before, after)
