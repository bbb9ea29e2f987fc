# SPDX-License-Identifier: MIT
"""What is read is what was sent, bit for bit, after parameter-set placement.

The clips are longer than what is read: an ffmpeg that starts a clip again
drops or repeats packets of its own.
"""

import pytest

import dash
import media
import streams
from gateway import Gateway, publish

ROUTES = {"live/*": {"input": "publish", "outputs": ["rtsp", "dash"]}}
TCP = ["-rtsp_transport", "tcp"]
SECONDS = 5
SEGMENTS = 3
# Segments have 2 s, the first one of a stream 1 s.
DASH_SECONDS = 2 * SEGMENTS - 1


def assert_rtsp_is_exact(url, clip, codec):
    video, audio = streams.record(url, codec, TCP, SECONDS)
    streams.assert_run_of(video, streams.read_video(clip, codec),
                          (SECONDS - 1) * media.FPS, "video by RTSP")
    streams.assert_run_of(audio, streams.read_packets(clip, "a:0"),
                          (SECONDS - 1) * 40, "audio by RTSP")


def assert_dash_is_exact(gateway, route, clip, codec, folder):
    gateway.wait_manifest(route)
    paths = dash.Recording(gateway, route).follow(SEGMENTS).write(folder)
    streams.assert_run_of(
        streams.read_video(paths["video"], codec),
        streams.read_video(clip, codec), DASH_SECONDS * media.FPS,
        "video by DASH")
    streams.assert_run_of(
        streams.read_packets(paths["audio"], "a:0"),
        streams.read_packets(clip, "a:0"), SEGMENTS * 40, "audio by DASH")


@pytest.mark.parametrize("video", ["h264", "h264-b"])
def test_rtmp_to_rtsp_and_dash(video, tmp_path):
    clip = media.clip(video=video, seconds=20)
    with Gateway(ROUTES) as gateway, publish(clip, gateway.rtmp("live/one")):
        gateway.wait_state("live/one", "online")
        assert_rtsp_is_exact(gateway.rtsp("live/one"), clip, "h264")
        assert_dash_is_exact(gateway, "live/one", clip, "h264", tmp_path)


@pytest.mark.parametrize("video,audio,codec", [
    ("h264-b", "aac", "h264"), ("h264-b", "opus", "h264"),
    ("h265", "opus", "hevc")])
def test_rtsp_to_rtsp_and_dash(video, audio, codec, tmp_path):
    """A file by RTSP out of one gateway and into another."""
    clip = media.clip(video=video, audio=audio, seconds=20, container="mkv")
    source = {"source": {"input": f"file:{clip}", "outputs": ["rtsp"]}}
    with Gateway(source) as upstream:
        upstream.wait_state("source", "online")
        pull = {"pull": {"input": upstream.rtsp("source"),
                         "outputs": ["rtsp", "dash"]}}
        with Gateway(pull) as gateway:
            gateway.wait_state("pull", "online")
            assert_rtsp_is_exact(gateway.rtsp("pull"), clip, codec)
            assert_dash_is_exact(gateway, "pull", clip, codec, tmp_path)
