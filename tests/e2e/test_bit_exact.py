# SPDX-License-Identifier: MIT
"""What is read is what was sent, bit for bit, after parameter-set placement."""

import pytest

import media
import streams
from gateway import Gateway, publish

ROUTES = {"live/*": {"input": "publish", "outputs": ["rtsp", "dash"]}}
TCP = ["-rtsp_transport", "tcp"]


@pytest.mark.parametrize("video", ["h264", "h264-b"])
def test_rtmp_to_rtsp(video):
    clip = media.clip(video=video, seconds=20)
    with Gateway(ROUTES) as gateway, publish(clip, gateway.rtmp("live/one")):
        gateway.wait_state("live/one", "online")
        url = gateway.rtsp("live/one")
        streams.assert_run_of(
            streams.read_video(url, "h264", TCP, seconds=5),
            streams.read_video(clip, "h264"), 100, "video")
        streams.assert_run_of(
            streams.read_packets(url, "a:0", TCP, seconds=5),
            streams.read_packets(clip, "a:0"), 200, "audio")


@pytest.mark.parametrize("video", ["h264", "h264-b"])
def test_rtmp_to_dash(video, tmp_path):
    clip = media.clip(video=video, seconds=20)
    with Gateway(ROUTES) as gateway, publish(clip, gateway.rtmp("live/one")):
        gateway.wait_state("live/one", "online")
        gateway.wait_manifest("live/one")
        for kind in ("video", "audio"):
            streams.download_dash(
                gateway, "live/one", kind, 3, str(tmp_path / kind))
        streams.assert_run_of(
            streams.read_video(str(tmp_path / "video"), "h264"),
            streams.read_video(clip, "h264"), 100, "video")
        streams.assert_run_of(
            streams.read_packets(str(tmp_path / "audio"), "a:0"),
            streams.read_packets(clip, "a:0"), 200, "audio")


@pytest.mark.parametrize("video,codec", [("h264-b", "h264"), ("h265", "hevc")])
def test_rtsp_pull_of_a_file_route(video, codec, tmp_path):
    """File in, RTSP out, pulled by a second route, and out again."""
    clip = media.clip(video=video, audio="opus", seconds=20, container="mkv")
    with Gateway({"source": {"input": {"type": "file", "path": clip},
                             "outputs": ["rtsp"]}}) as upstream:
        upstream.wait_state("source", "online")
        routes = {"pull": {"input": upstream.rtsp("source"),
                           "outputs": ["rtsp", "dash"]}}
        with Gateway(routes) as gateway:
            gateway.wait_state("pull", "online")
            url = gateway.rtsp("pull")
            streams.assert_run_of(
                streams.read_video(url, codec, TCP, seconds=4),
                streams.read_video(clip, codec), 80, "video by RTSP")
            streams.assert_run_of(
                streams.read_packets(url, "a:0", TCP, seconds=4),
                streams.read_packets(clip, "a:0"), 150, "audio by RTSP")
            gateway.wait_manifest("pull")
            for kind in ("video", "audio"):
                streams.download_dash(
                    gateway, "pull", kind, 2, str(tmp_path / kind))
            streams.assert_run_of(
                streams.read_video(str(tmp_path / "video"), codec),
                streams.read_video(clip, codec), 80, "video by DASH")
            streams.assert_run_of(
                streams.read_packets(str(tmp_path / "audio"), "a:0"),
                streams.read_packets(clip, "a:0"), 150, "audio by DASH")
