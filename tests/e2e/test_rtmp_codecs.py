# SPDX-License-Identifier: MIT
"""Every codec that RTMP carries, in every form it is sent in: what arrives, and
what plays over RTSP and DASH."""

import concurrent.futures
import contextlib
import json
import re
import subprocess

import pytest

from gateway import Gateway, wait_until
from rtmp_publisher import AUDIO, VIDEO, Publisher, Track, audio, video

# Name -> (tracks, codec shown, codec over RTSP, codec over DASH), both for video
# and audio; None: not carried there.
H264 = ("H.264", "h264", "h264")
H265 = ("H.265", "hevc", "hevc")
AAC = ("AAC", "aac", "aac")
ROWS = {
    "h264-aac": ([video("h264"), audio("aac")], H264, AAC),
    "b-frames": ([video("h264-b"), audio("aac")], H264, AAC),
    "enhanced": ([video("h264", "enhanced"), audio("aac", "enhanced")], H264, AAC),
    "h265": ([video("h265", "enhanced"), audio("opus", "enhanced")], H265,
             ("Opus", "opus", "opus")),
    "h265-12": ([video("h265", 12), audio("aac")], H265, AAC),
    "h265-as-h264": ([video("h265"), audio("aac")], H265, AAC),
    "av1": ([video("av1", "enhanced"), audio("aac")], ("AV1", None, "av1"), AAC),
    "flac": ([video("h264"), audio("flac", "enhanced")], H264,
             ("FLAC", None, "flac")),
    "vp9": ([video("vp9", "enhanced"), audio("mp3", "enhanced")],
            ("VP9", "vp9", "vp9"), ("MP3", "mp3", "aac")),
    "vp8": ([video("vp8", "enhanced"), audio("mp3")],
            ("VP8", "vp8", None), ("MP3", "mp3", "aac")),
    "ac3": ([video("h264"), audio("ac3", "enhanced")], H264,
            ("AC-3", "ac3", "aac")),
    "eac3": ([video("h264"), audio("eac3", "enhanced")], H264,
             ("E-AC-3", None, "aac")),
    "alaw": ([video("h264"), audio("alaw")], H264,
             ("G.711 A-law", "pcm_alaw", "aac")),
    "mulaw": ([video("h264"), audio("mulaw")], H264,
              ("G.711 mu-law", "pcm_mulaw", "aac")),
    "pcm": ([video("h264"), audio("pcm")], H264, ("PCM", "pcm_s16be", "aac")),
}


@pytest.fixture(scope="module")
def gateway():
    with contextlib.ExitStack() as stack:
        running = stack.enter_context(Gateway({"live/*": {
            "input": "publish",
            "outputs": ["rtsp", "rtmp", {"type": "dash", "segment-ms": 1000}]}}))
        for name, (tracks, *_) in ROWS.items():
            stack.enter_context(
                Publisher(running.ports["rtmp"], name, tracks))
        yield running


def expected(row, column):
    return {kind: codec[column] for kind, codec in
            zip(("video", "audio"), row[1:]) if codec[column]}


def played(url, extra):
    """Decodes a second of everything: the codecs, as ffmpeg calls them."""
    result = subprocess.run(
        ["ffmpeg", "-nostdin", "-hide_banner", "-xerror", *extra, "-i", url,
         "-map", "0", "-t", "1", "-f", "null", "-"],
        capture_output=True, text=True, timeout=40)
    assert result.returncode == 0, (url, result.stderr)
    described = result.stderr.split("Stream mapping:")[0]
    return {kind.lower(): codec for kind, codec in re.findall(
        r"Stream #0:\d+\S*: (Video|Audio): (\w+)", described)}


@pytest.mark.parametrize("name", ROWS)
def test_codec_is_carried_and_plays(gateway, name):
    row, path = ROWS[name], f"live/{name}"
    gateway.wait_state(path, "online")
    wait_until(lambda: {track["kind"]: track["codec"] for track in
                        gateway.route(path)["tracks"]} == expected(row, 0),
               10, gateway.log)
    gateway.wait_manifest(path)
    with concurrent.futures.ThreadPoolExecutor() as pool:
        over_dash = pool.submit(
            played, gateway.http(f"{path}/manifest.mpd"), [])
        over_rtsp = played(gateway.rtsp(path), ["-rtsp_transport", "tcp"])
    assert over_rtsp == expected(row, 1)
    assert over_dash.result() == expected(row, 2)


# --- tracks

def kinds_of(url):
    """The kind of every stream, in order."""
    extra = ["-rtsp_transport", "tcp"] if url.startswith("rtsp") else []
    result = subprocess.run(
        ["ffprobe", "-v", "error", *extra, "-show_streams", "-of", "json", url],
        capture_output=True, text=True, timeout=30)
    return sorted(stream["codec_type"] for stream in
                  json.loads(result.stdout)["streams"])


def test_every_audio_track_is_carried(gateway):
    tracks = [video("h264"), audio("aac"), audio("aac", track=1),
              audio("opus", track=5)]
    with Publisher(gateway.ports["rtmp"], "tracks", tracks):
        gateway.wait_state("live/tracks", "online")
        wait_until(lambda: sorted(
            track["codec"] for track in gateway.route("live/tracks")["tracks"])
                   == ["AAC", "AAC", "H.264", "Opus"], 20, gateway.log)
        assert kinds_of(gateway.rtsp("live/tracks")) == \
            ["audio"] * 3 + ["video"]
        gateway.wait_manifest("live/tracks")
        wait_until(lambda: kinds_of(gateway.http("live/tracks/manifest.mpd"))
                   == ["audio"] * 3 + ["video"], 20, gateway.log)


@pytest.mark.parametrize("announced", [True, False])
def test_late_track_is_added(gateway, announced):
    """Sound that begins three seconds after the picture."""
    name = f"late-{announced}"
    path = f"live/{name}"
    metadata = {"videocodecid": 7.0, **({"audiocodecid": 10.0} if announced
                                        else {})}
    with Publisher(
            gateway.ports["rtmp"], name, [video("h264"), audio("aac")],
            metadata=metadata, late={1: 3000}):
        gateway.wait_state(path, "online")
        assert len(gateway.route(path)["tracks"]) == 1
        assert kinds_of(gateway.rtsp(path)) == ["video"]
        wait_until(lambda: len(gateway.route(path)["tracks"]) == 2, 20,
                   gateway.log)
        wait_until(lambda: kinds_of(gateway.rtsp(path)) ==
                   ["audio", "video"], 20, gateway.log)


def unsupported(kind, message):
    """A track that nobody here decodes, 25 messages a second."""
    return Track(kind, None, [(when, message) for when in range(0, 960, 40)],
                 960)


UNSUPPORTED = {
    "speex": (AUDIO, b"\xb6" + bytes(40), "audio_0: Speex"),
    "nellymoser": (AUDIO, b"\x56" + bytes(40), "audio_0: Nellymoser"),
    "unknown": (AUDIO, b"\x91abcd" + bytes(40), "audio_0: unknown codec"),
    "vp6": (VIDEO, b"\x14" + bytes(40), "video_0: VP6"),
    "h266": (VIDEO, b"\x91vvc1\0\0\0" + bytes(40), "video_0: H.266"),
}


@pytest.mark.parametrize("name", UNSUPPORTED)
def test_unsupported_track_is_left_out_and_named(gateway, name):
    kind, message, shown = UNSUPPORTED[name]
    other, codec = ((video("h264"), "H.264") if kind == AUDIO else
                    (audio("aac"), "AAC"))
    path, reason = f"live/{name}", f"{shown} is not supported"
    with Publisher(gateway.ports["rtmp"], name,
                   [other, unsupported(kind, message)]):
        gateway.wait_state(path, "online")
        assert [t["codec"] for t in gateway.route(path)["tracks"]] == [codec]
        wait_until(lambda: any(
            f"ignoring {reason}" in line and path in line
            for line in gateway.lines), 10, gateway.log)
        status = json.dumps(gateway.route(path))
        assert reason in status, status
