# SPDX-License-Identifier: MIT
"""Publishing by RTSP: transports, codecs, and time."""

import contextlib
from concurrent.futures import ThreadPoolExecutor

import pytest

import media
import streams
from gateway import Gateway, probe, wait_until
from rtsp_publisher import publish, publish_by_gst
from test_rtsps import TLS

LONG = pytest.mark.long

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


@pytest.mark.parametrize("peer,transport", [
    ("ffmpeg", "tls"), ("gst", "udp"),
    pytest.param("ffmpeg", "tcp", marks=LONG),
    pytest.param("ffmpeg", "udp", marks=LONG),
    pytest.param("gst", "tcp", marks=LONG),
    pytest.param("gst", "tls", marks=LONG)])
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
                gateway.rtsp(name), 2, SIZE, TCP)]
            assert len(frames) >= 30
            assert {(b - a) % 250 for a, b in zip(frames, frames[1:])} == {1}
            gateway.wait_manifest(name)


def test_route_without_an_rtsp_output_takes_rtsp_publishers():
    with Gateway(stage(outputs=["dash"])) as gateway, \
            publish(media.clip(seconds=10), gateway.rtsp("stage")):
        gateway.wait_state("stage", "online")
        gateway.wait_manifest("stage")


# --- codecs -----------------------------------------------------------------------


@pytest.mark.parametrize("video,audio,codec,transport", [
    ("h264-b", "opus", "h264", "tcp"), ("h265", "aac", "hevc", "udp"),
    pytest.param("h264", "aac", "h264", "tcp", marks=LONG),
    pytest.param("h264", "aac", "h264", "udp", marks=LONG),
    pytest.param("h264-b", "opus", "h264", "udp", marks=LONG),
    pytest.param("h265", "aac", "hevc", "tcp", marks=LONG)])
def test_what_ffmpeg_publishes_is_relayed_bit_by_bit(
        video, audio, codec, transport):
    clip = media.clip(video=video, audio=audio, seconds=20, container="mkv")
    with Gateway(LIVE) as gateway, \
            publish(clip, gateway.rtsp("live/one"), transport):
        gateway.wait_state("live/one", "online")
        units, packets = streams.record(
            gateway.rtsp("live/one"), codec, TCP, 3)
        streams.assert_run_of(
            units, streams.read_video(clip, codec), 60, "video")
        streams.assert_run_of(
            packets, streams.read_packets(clip, "a:0"), 100, "audio")


VIDEO = ("videotestsrc is-live=true ! video/x-raw,format=I420,width=160,"
         "height=128,framerate=10/1 ! ")
AUDIO = "audiotestsrc is-live=true ! audio/x-raw,rate={},channels={} ! "
H264 = VIDEO + "x264enc tune=zerolatency key-int-max=10 ! h264parse"
GST_CODECS = {
    "H.264": H264,
    "H.265": VIDEO + "x265enc tune=zerolatency speed-preset=ultrafast "
             "key-int-max=10 ! h265parse",
    "VP8": VIDEO + "vp8enc deadline=1 cpu-used=8 keyframe-max-dist=10 ! "
           "video/x-vp8,profile=(string)0",
    "VP9": VIDEO + "vp9enc deadline=1 cpu-used=8 keyframe-max-dist=10 ! "
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


TRANSPORTS = ("tcp", "udp", "tls")


def carry_each(publishers):
    """At one gateway at the same time, each alone in its stream: @publishers
    makes the process of (codec, url, transport), by codec and transport."""
    with gateway_with_tls(LIVE) as gateway, contextlib.ExitStack() as stack:
        names = {}
        for number, (codec, transport, start) in enumerate(publishers):
            name = names[codec] = f"live/{number}"
            stack.enter_context(start(
                (rtsps if transport == "tls" else Gateway.rtsp)(gateway, name),
                "udp" if transport == "udp" else "tcp"))
        for codec, name in names.items():
            gateway.wait_state(name, "online", 40)
            assert codecs(gateway, name) == [codec]
        with ThreadPoolExecutor() as pool:
            urls = [gateway.rtsp(name) for name in names.values()]
            for streams_of_one in pool.map(probe, urls):
                assert len(streams_of_one) == 1, gateway.log()


@pytest.mark.parametrize("first", [
    0, pytest.param(1, marks=LONG), pytest.param(2, marks=LONG)])
def test_each_codec_of_gstreamer_is_carried_alone(first):
    """All codecs, and in the three rounds all of them by each transport."""
    def start(codec):
        return lambda url, protocols: publish_by_gst(
            url, GST_CODECS[codec], protocols=protocols,
            options=["tls-validation-flags=0"])
    carry_each((codec, TRANSPORTS[(number + first) % 3], start(codec))
               for number, codec in enumerate(GST_CODECS))


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


@pytest.mark.long
@pytest.mark.parametrize("first", [0, 1, 2])
def test_each_codec_of_ffmpeg_is_carried_alone(first):
    clip = media.clip(seconds=10)

    def start(codec):
        return lambda url, transport: publish(
            clip, url, transport, codecs=FFMPEG_CODECS[codec])
    carry_each((codec, TRANSPORTS[(number + first) % 3], start(codec))
               for number, codec in enumerate(FFMPEG_CODECS))


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
        gateway.wait_log(f"ignoring {reason} route=live/one")
        assert set(probe(gateway.rtsp("live/one"))) == {"video"}


# --- time -----------------------------------------------------------------------


@pytest.mark.parametrize("video,audio,transport", [
    ("h264-b", "aac", "tcp"), ("h264", "pcma", "udp"),
    pytest.param("h264", "aac", "tcp", marks=LONG),
    pytest.param("h264", "aac", "udp", marks=LONG),
    pytest.param("h264-b", "aac", "udp", marks=LONG),
    pytest.param("h264", "opus", "tcp", marks=LONG),
    pytest.param("h264", "opus", "udp", marks=LONG),
    pytest.param("h264", "pcma", "tcp", marks=LONG)])
def test_audio_and_video_are_as_far_apart_as_in_the_clip(
        video, audio, transport):
    clip = media.clip(video=video, audio=audio, seconds=10, container="mkv")
    true = media.av_offsets(*media.flash_and_beep_times(clip, 6, SIZE))
    with Gateway(LIVE) as gateway, \
            publish(clip, gateway.rtsp("live/one"), transport):
        gateway.wait_state("live/one", "online")
        offsets = media.av_offsets(*media.flash_and_beep_times(
            gateway.rtsp("live/one"), 4, SIZE, TCP))
        assert len(offsets) >= 2
        for offset in offsets:
            assert abs(offset - true[0]) < 0.004, (offsets, true)


@pytest.mark.parametrize("video,audio,transport", [
    ("h264", "opus", "udp"),
    pytest.param("h264", "opus", "tcp", marks=LONG),
    pytest.param("h264", "aac", "tcp", marks=LONG),
    pytest.param("h264", "aac", "udp", marks=LONG),
    pytest.param("h264-b", "aac", "tcp", marks=LONG),
    pytest.param("h264-b", "aac", "udp", marks=LONG)])
def test_without_reports_arrival_places_audio_and_video(
        video, audio, transport):
    clip = media.clip(video=video, audio=audio, seconds=10, container="mkv")
    true = media.av_offsets(*media.flash_and_beep_times(clip, 6, SIZE))
    with Gateway(LIVE) as gateway, \
            publish(clip, gateway.rtsp("live/one"), transport,
                    extra=["-rtpflags", "skip_rtcp"]):
        gateway.wait_state("live/one", "online")
        offsets = media.av_offsets(*media.flash_and_beep_times(
            gateway.rtsp("live/one"), 6, SIZE, TCP))
        assert len(offsets) >= 4
        # What ffmpeg holds back to interleave it is late, too: a picture (40
        # ms) or a frame of sound (21 ms).
        assert abs(offsets[-1] - true[0]) < 0.08, (offsets, true)


@pytest.mark.long
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
