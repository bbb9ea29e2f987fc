# SPDX-License-Identifier: MIT
"""Publishing by RTSP: who may, what comes of it, and how it ends."""

import contextlib
import signal
import time

import pytest

import media
import streams
from gateway import Gateway, probe, publish as publish_rtmp, wait_until
from rtsp_publisher import (PCMA, SPEEX, Publisher, publish, publish_by_gst)
from test_publish import is_online
from test_rtsps import TLS

OUTPUTS = ["rtsp", "dash"]
TCP = ["-rtsp_transport", "tcp"]
LIVE = {"live/*": {"input": "publish", "outputs": OUTPUTS}}
SIZE = "320x240"


def stage(**route):
    return {"stage": {"input": "publish", "outputs": OUTPUTS, **route}}


def codecs(gateway, name):
    route = gateway.route(name)
    return [track["codec"] for track in route["tracks"]] if route else []


def publisher_of(gateway, name):
    route = gateway.route(name)
    return route["input"].get("publisher") if route else None


def gst_file(clip):
    """Chains for publish_by_gst()."""
    return (f"filesrc location={clip} ! matroskademux name=demux demux. ! "
            "h264parse config-interval=-1 ! queue ! identity sync=true",
            "demux. ! aacparse ! queue ! identity sync=true")


# --- transports ---------------------------------------------------------------


@contextlib.contextmanager
def gateway_with_tls(routes, **config):
    with Gateway(routes, listen={
            "rtsp": "127.0.0.1:0", "rtsps": "127.0.0.1:0",
            "rtmp": "127.0.0.1:0", "http": "127.0.0.1:0"}, tls=TLS,
            **config) as gateway:
        yield gateway


def rtsps(gateway, path):
    return f"rtsps://127.0.0.1:{gateway.ports['rtsps']}/{path}"


@pytest.mark.parametrize("transport", ["tcp", "udp", "tls"])
@pytest.mark.parametrize("peer", ["ffmpeg", "gst"])
def test_publishing_and_playing_share_one_url(peer, transport):
    clip = media.clip(seconds=10, container="mkv")
    with gateway_with_tls(LIVE) as gateway:
        name = "live/one"
        url = (rtsps if transport == "tls" else Gateway.rtsp)(gateway, name)
        protocol = "udp" if transport == "udp" else "tcp"
        with (publish(clip, url, protocol) if peer == "ffmpeg" else
              publish_by_gst(
                  url, *gst_file(clip), protocols=protocol,
                  options=["tls-validation-flags=0"])):
            gateway.wait_state(name, "online")
            assert gateway.route(name)["template"] == "live/*"
            assert publisher_of(gateway, name)["protocol"] == "RTSP"
            assert set(probe(gateway.rtsp(name))) == {"video", "audio"}
            frames = [number for number, _ in media.decode_video(
                gateway.rtsp(name), 4, SIZE, TCP)]
            assert len(frames) >= 90
            assert {(b - a) % 250 for a, b in zip(frames, frames[1:])} == {1}
            gateway.wait_manifest(name)


def test_route_without_an_rtsp_output_takes_rtsp_publishers():
    with Gateway(stage(outputs=["dash"])) as gateway, \
            publish(media.clip(seconds=10), gateway.rtsp("stage")):
        gateway.wait_state("stage", "online")
        gateway.wait_manifest("stage")


# --- codecs -----------------------------------------------------------------------


@pytest.mark.parametrize("transport", ["tcp", "udp"])
@pytest.mark.parametrize("video,audio,codec", [
    ("h264", "aac", "h264"), ("h264-b", "opus", "h264"),
    ("h265", "aac", "hevc")])
def test_what_ffmpeg_publishes_is_relayed_bit_by_bit(
        video, audio, codec, transport):
    clip = media.clip(video=video, audio=audio, seconds=20, container="mkv")
    with Gateway(LIVE) as gateway, \
            publish(clip, gateway.rtsp("live/one"), transport):
        gateway.wait_state("live/one", "online")
        units, packets = streams.record(
            gateway.rtsp("live/one"), codec, TCP, 5)
        streams.assert_run_of(
            units, streams.read_video(clip, codec), 100, "video")
        streams.assert_run_of(
            packets, streams.read_packets(clip, "a:0"), 160, "audio")


VIDEO = ("videotestsrc is-live=true ! video/x-raw,format=I420,width=320,"
         "height=240,framerate=25/1 ! ")
AUDIO = "audiotestsrc is-live=true ! audio/x-raw,rate={},channels={} ! "
GST_CODECS = {
    "H.264": VIDEO + "x264enc tune=zerolatency key-int-max=25 ! h264parse",
    "H.265": VIDEO + "x265enc tune=zerolatency speed-preset=ultrafast "
             "key-int-max=25 ! h265parse",
    "VP8": VIDEO + "vp8enc deadline=1 cpu-used=8 keyframe-max-dist=25 ! "
           "video/x-vp8,profile=(string)0",
    "VP9": VIDEO + "vp9enc deadline=1 cpu-used=8 keyframe-max-dist=25 ! "
           "vp9parse",
    "MJPEG": VIDEO + "jpegenc",
    "AAC": AUDIO.format(48000, 2) + "avenc_aac ! aacparse",
    "Opus": AUDIO.format(48000, 2) + "opusenc ! opusparse",
    "G.711 A-law": AUDIO.format(8000, 1) + "alawenc",
    "G.711 mu-law": AUDIO.format(8000, 1) + "mulawenc",
    "G.722": AUDIO.format(16000, 1) + "avenc_g722",
    "MP3": AUDIO.format(48000, 2) + "lamemp3enc ! mpegaudioparse",
    "AC-3": AUDIO.format(48000, 2) + "avenc_ac3 ! ac3parse",
    "PCM": AUDIO.format(48000, 2) + "audioconvert ! "
           "audio/x-raw,format=S16BE",
}


@pytest.mark.parametrize("protocols", ["tcp", "udp", "tls"])
@pytest.mark.parametrize("codec", GST_CODECS)
def test_single_track_of_each_codec_is_carried(codec, protocols):
    with gateway_with_tls(LIVE) as gateway:
        name = "live/one"
        url = (rtsps if protocols == "tls" else Gateway.rtsp)(gateway, name)
        with publish_by_gst(
                url, GST_CODECS[codec],
                protocols="udp" if protocols == "udp" else "tcp",
                options=["tls-validation-flags=0"]):
            gateway.wait_state(name, "online")
            assert codecs(gateway, name) == [codec]
            assert len(probe(gateway.rtsp(name))) == 1


FFMPEG_CODECS = {
    "VP8": ["-c:v", "libvpx", "-deadline", "realtime", "-cpu-used", "8", "-an"],
    "VP9": ["-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8",
            "-strict", "experimental", "-an"],
    "MJPEG": ["-c:v", "mjpeg", "-huffman", "default", "-pix_fmt", "yuvj420p",
              "-an"],
    "MP3": ["-c:a", "libmp3lame", "-vn"],
    "G.722": ["-c:a", "g722", "-ar", "16000", "-ac", "1", "-vn"],
    "PCM": ["-c:a", "pcm_s16be", "-vn"],
    "G.711 A-law": ["-c:a", "pcm_alaw", "-ar", "8000", "-ac", "1", "-vn"],
}


@pytest.mark.parametrize("codec", FFMPEG_CODECS)
def test_single_track_of_ffmpeg_is_carried(codec):
    clip = media.clip(seconds=10)
    with Gateway(LIVE) as gateway, publish(
            clip, gateway.rtsp("live/one"), codecs=FFMPEG_CODECS[codec]):
        gateway.wait_state("live/one", "online")
        assert codecs(gateway, "live/one") == [codec]
        assert len(probe(gateway.rtsp("live/one"))) == 1


def test_several_tracks_of_a_kind_are_carried():
    tone = "-f lavfi -i sine=sample_rate=48000".split()
    with Gateway(LIVE) as gateway, publish(
            media.clip(seconds=10), gateway.rtsp("live/one"),
            codecs=[*tone, "-map", "0:v", "-map", "0:a", "-map", "1:a",
                    "-c:v", "copy", "-c:a:0", "copy", "-c:a:1", "libopus"]):
        gateway.wait_state("live/one", "online")
        assert codecs(gateway, "live/one") == ["H.264", "AAC", "Opus"]


def test_stream_that_is_not_carried_leaves_the_others_alone():
    """ffmpeg gives up altogether when one of its streams is refused."""
    tone = "-f lavfi -i sine=sample_rate=16000".split()
    with Gateway(LIVE) as gateway, publish(
            media.clip(seconds=10), gateway.rtsp("live/one"),
            codecs=[*tone, "-map", "1:a", "-map", "0:v", "-c:v", "copy",
                    "-c:a", "libspeex"]):
        gateway.wait_state("live/one", "online")
        assert codecs(gateway, "live/one") == ["H.264"]
        reason = "audio stream 0 (SPEEX): this codec is not carried"
        assert gateway.route("live/one")["input"]["ignored"] == [reason]
        assert f"ignoring {reason} route=live/one" in gateway.log()
        assert set(probe(gateway.rtsp("live/one"))) == {"video"}


# --- time -----------------------------------------------------------------------


@pytest.mark.parametrize("transport", ["tcp", "udp"])
@pytest.mark.parametrize("video,audio", [
    ("h264", "aac"), ("h264-b", "aac"), ("h264", "opus"), ("h264", "pcma")])
def test_audio_and_video_are_as_far_apart_as_in_the_clip(
        video, audio, transport):
    clip = media.clip(video=video, audio=audio, seconds=10, container="mkv")
    true = media.av_offsets(*media.flash_and_beep_times(clip, 6, SIZE))
    with Gateway(LIVE) as gateway, \
            publish(clip, gateway.rtsp("live/one"), transport):
        gateway.wait_state("live/one", "online")
        offsets = media.av_offsets(*media.flash_and_beep_times(
            gateway.rtsp("live/one"), 6, SIZE, TCP))
        assert len(offsets) >= 4
        for offset in offsets:
            assert abs(offset - true[0]) < 0.004, (offsets, true)


def test_audio_and_video_of_gstreamer_are_together():
    """Its reports come after a second or two; the clocks are exact from then
    on. rtspclientsink sends AAC as MP4A-LATM."""
    clip = media.clip(seconds=20, container="mkv")
    with Gateway(LIVE) as gateway, publish_by_gst(
            gateway.rtsp("live/one"), *gst_file(clip)):
        gateway.wait_state("live/one", "online")
        offsets = media.av_offsets(*media.flash_and_beep_times(
            gateway.rtsp("live/one"), 8, SIZE, TCP))
        assert len(offsets) >= 6
        for offset in offsets[3:]:
            assert abs(offset) < 0.004, offsets


# --- who may ---------------------------------------------------------------------


KEY = {"publish": {"key": "sesame"}}
USER = {"publish": {"user": "ann", "password": "simsim"}}
BOTH = {"publish": {"key": "sesame", "user": "ann", "password": "simsim"}}


@pytest.mark.parametrize("transport", ["tcp", "udp"])
@pytest.mark.parametrize("path", ["stage?key=sesame", "stage/sesame"])
@pytest.mark.parametrize("peer", ["ffmpeg", "gst"])
def test_right_key_is_let_in(peer, path, transport):
    with Gateway(stage(**KEY), log={"level": "debug"}) as gateway:
        url = gateway.rtsp(path)
        with (publish(media.clip(seconds=10), url, transport)
              if peer == "ffmpeg" else
              publish_by_gst(url, GST_CODECS["H.264"], protocols=transport)):
            gateway.wait_state("stage", "online")
            assert "video" in probe(gateway.rtsp("stage"))
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
        assert f"publisher refused: {reason}" in gateway.log()
        assert gateway.route("stage")["state"] == "offline"
        assert "sesame" not in gateway.log()


@pytest.mark.parametrize("peer", ["ffmpeg", "gst", "by hand"])
def test_right_credentials_are_let_in(peer):
    """ffmpeg and GStreamer do digest with MD5, the other one with SHA-256."""
    with Gateway(stage(**USER), log={"level": "debug"}) as gateway:
        url = gateway.rtsp("stage")
        with_user = url.replace("//", "//ann:simsim@")
        with (publish(media.clip(seconds=10), with_user) if peer == "ffmpeg"
              else publish_by_gst(with_user, GST_CODECS["H.264"])
              if peer == "gst" else Publisher(url, ("ann", "simsim"))) as p:
            if peer == "by hand":
                p.start()
                p.send(0.5)
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
        assert "asks for user and password, by RTSP" in gateway.log()
        assert "simsim" not in gateway.log()


def test_key_or_credentials_are_enough_where_both_are_set():
    with Gateway(stage(**BOTH)) as gateway:
        for url, user in ((gateway.rtsp("stage?key=sesame"), None),
                          (gateway.rtsp("stage/sesame"), None),
                          (gateway.rtsp("stage"), ("ann", "simsim"))):
            with Publisher(url, user) as publisher:
                assert publisher.announce()[0] == 200
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


@pytest.mark.parametrize("policy", ["reject", "takeover-stale"])
@pytest.mark.parametrize("first,second", PAIRS)
def test_second_publisher_is_refused_while_the_first_sends(
        first, second, policy):
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
        assert "another publisher took the stream" in gateway.log().lower()


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


@pytest.mark.parametrize("transport", ["tcp", "udp"])
def test_frozen_publisher_is_noticed_within_ten_seconds(transport):
    with Gateway(stage()) as gateway, publish(
            media.clip(seconds=10), gateway.rtsp("stage"),
            transport) as publisher:
        gateway.wait_state("stage", "online")
        publisher.process.send_signal(signal.SIGSTOP)
        begin = time.monotonic()
        gateway.wait_state("stage", "offline")
        assert time.monotonic() - begin < 11
        assert "no media for 10 s" in gateway.route("stage")["input"]["reason"]
        publisher.process.send_signal(signal.SIGCONT)
        assert publisher.wait(30)[0] != 0  # its connection is closed


def end_by_goodbye(publisher):
    publisher.process.send_signal(signal.SIGINT)


def end_by_kill(publisher):
    publisher.process.kill()


@pytest.mark.parametrize("transport", ["tcp", "udp"])
@pytest.mark.parametrize("end", [end_by_goodbye, end_by_kill])
def test_viewers_stay_when_the_publisher_goes_and_comes_back(end, transport):
    from test_source_killed import Viewer, sessions
    clip = media.clip(seconds=10)
    routes = {"main": {"input": "publish", "outputs": OUTPUTS}}
    with Gateway(routes) as gateway:
        with publish(clip, gateway.rtsp("main"), transport) as first:
            gateway.wait_state("main", "online")
            with Viewer(gateway.rtsp("main"), "tcp") as viewer:
                wait_until(lambda: viewer.frames > 50, 40, "pictures")
                end(first)
                first.wait(20)
                gateway.wait_state("main", "offline", 5)
                assert sessions(gateway, "main") == 1
                before = viewer.frames
                with publish(clip, gateway.rtsp("main"), transport):
                    gateway.wait_state("main", "online")
                    wait_until(lambda: viewer.frames > before + 50, 40,
                               gateway.log)
                    assert viewer.process.poll() is None
                    assert sessions(gateway, "main") == 1


def test_stream_is_over_when_nobody_comes_back():
    with Gateway(stage(**{"publisher-grace-ms": 500})) as gateway:
        with publish(media.clip(seconds=10), gateway.rtsp("stage")):
            gateway.wait_state("stage", "online")
        gateway.wait_state("stage", "ended")
        assert "nobody came back" in gateway.log()
        with publish(media.clip(seconds=10), gateway.rtsp("stage")):
            gateway.wait_state("stage", "online")


def test_publisher_of_another_protocol_comes_back_in_time():
    """The end of the one's time does not end the other's stream."""
    clip = media.clip(seconds=10)
    with Gateway(stage(**{"publisher-grace-ms": 3000})) as gateway:
        for first, second in (("rtsp", "rtmp"), ("rtmp", "rtsp")):
            with publish_by(first, gateway, clip) as lost:
                gateway.wait_state("stage", "online")
                lost.kill()
                gateway.wait_state("stage", "offline")
            with publish_by(second, gateway, clip) as other:
                gateway.wait_state("stage", "online")
                frames = media.decode_video(
                    gateway.rtsp("stage"), 5, SIZE, TCP)
                assert len(frames) >= 110
                assert is_online(gateway, "stage")
                other.kill()
                gateway.wait_state("stage", "offline")
        assert "nobody came back" not in gateway.log()


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
        assert "ignoring audio stream 0 (SPEEX): this codec is not carried" \
            in gateway.log()
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


def test_publisher_that_announces_and_sends_nothing_makes_room():
    with Gateway(stage(**{"publisher-policy": "reject"})) as gateway, \
            Publisher(gateway.rtsp("stage")) as idle:
        assert idle.announce()[0] == 200
        begin = time.monotonic()
        with Publisher(gateway.rtsp("stage")) as other:
            assert other.announce()[:2] == (409, BUSY)
        assert idle.is_closed()
        assert 9 < time.monotonic() - begin < 12
        with Publisher(gateway.rtsp("stage")) as other:
            assert other.announce()[0] == 200


def test_stream_that_begins_anew_ends_the_publication():
    with Gateway(stage()) as gateway, \
            Publisher(gateway.rtsp("stage")) as publisher:
        publisher.start()
        publisher.send(0.5)
        gateway.wait_state("stage", "online")
        publisher.send_packet(ssrc=2)
        publisher.send_packet(ssrc=2)
        assert publisher.is_closed()
        gateway.wait_state("stage", "offline")
        assert "began a stream anew" in gateway.log()


def test_packets_of_other_formats_are_dropped():
    with Gateway(stage()) as gateway, \
            Publisher(gateway.rtsp("stage")) as publisher:
        publisher.start(PCMA, SPEEX)
        for _ in range(5):
            publisher.send_packet(payload_type=101, ssrc=7)
            publisher.send_packet(payload_type=98, channel=2, ssrc=8)
            publisher.send_packet(payload=b"", channel=1)  # no RTCP
        publisher.send(0.5)
        gateway.wait_state("stage", "online")
        assert codecs(gateway, "stage") == ["G.711 A-law"]


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
        for _ in range(12):
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
        assert after["kib"] < before["kib"] + 20000, (before, after)
