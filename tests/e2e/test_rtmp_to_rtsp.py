# SPDX-License-Identifier: MIT
"""ffmpeg publishes over RTMP, players read over RTSP."""

import subprocess

import pytest

import media
from gateway import Gateway, probe, publish, rtspsrc_frames, wait_until

ROUTES = {"live/*": {"input": "publish", "outputs": ["rtsp", "dash"]}}


@pytest.mark.parametrize("transport", ["tcp", "udp"])
def test_ffprobe_sees_both_tracks_with_right_parameters(transport):
    clip = media.clip(seconds=10)
    with Gateway(ROUTES) as gateway, publish(clip, gateway.rtmp("live/one")):
        gateway.wait_state("live/one", "online")
        streams = probe(gateway.rtsp("live/one"), transport)
        video, audio = streams["video"], streams["audio"]
        assert video["codec_name"] == "h264"
        assert (video["width"], video["height"]) == (320, 240)
        assert eval(video["r_frame_rate"]) == pytest.approx(25, abs=0.1)
        assert audio["codec_name"] == "aac"
        assert audio["sample_rate"] == "48000"
        assert audio["channels"] == 2


@pytest.mark.parametrize("transport", ["tcp", "udp"])
def test_every_frame_decodes_in_order(transport):
    clip = media.clip(seconds=10)
    with Gateway(ROUTES) as gateway, publish(clip, gateway.rtmp("live/one")):
        gateway.wait_state("live/one", "online")
        frames = [number for number, _ in media.decode_video(
            gateway.rtsp("live/one"), 4, "320x240",
            ["-rtsp_transport", transport])]
        assert len(frames) >= 95
        steps = {(b - a) % 250 for a, b in zip(frames, frames[1:])}
        assert steps == {1}, frames


@pytest.mark.parametrize("video,audio", [("h264", None), (None, "aac")])
def test_single_track_streams_play(video, audio):
    clip = media.clip(video=video, audio=audio)
    with Gateway(ROUTES) as gateway, publish(clip, gateway.rtmp("live/one")):
        gateway.wait_state("live/one", "online")
        streams = probe(gateway.rtsp("live/one"))
        assert set(streams) == {"video" if video else "audio"}


def test_rtspsrc_plays():
    clip = media.clip(seconds=10)
    with Gateway(ROUTES) as gateway, publish(clip, gateway.rtmp("live/one")):
        gateway.wait_state("live/one", "online")
        frames, said = rtspsrc_frames(
            gateway.rtsp("live/one"), 50, "protocols=tcp",
            filters="avdec_h264")
        assert frames == 50, said


def test_unknown_mount_is_not_found():
    with Gateway(ROUTES) as gateway:
        result = subprocess.run(
            ["ffprobe", "-v", "error", "-rtsp_transport", "tcp",
             gateway.rtsp("live/none")], capture_output=True, text=True,
            timeout=20)
        assert result.returncode != 0
        assert "404" in result.stderr


def test_audio_and_video_stay_together():
    clip = media.clip(video="h264-b", seconds=10)
    with Gateway(ROUTES) as gateway, publish(clip, gateway.rtmp("live/one")):
        gateway.wait_state("live/one", "online")
        flashes, beeps = media.flash_and_beep_times(
            gateway.rtsp("live/one"), 6, "320x240",
            ["-rtsp_transport", "tcp"])
        offsets = media.av_offsets(flashes, beeps)
        assert len(offsets) >= 4, (flashes, beeps)
        assert all(abs(offset) <= 0.020 for offset in offsets), offsets


def test_route_of_a_template_goes_offline_when_the_publisher_leaves():
    clip = media.clip(seconds=2)
    with Gateway(ROUTES) as gateway:
        with publish(clip, gateway.rtmp("live/one"), loop=False) as publisher:
            gateway.wait_state("live/one", "online")
            code, _, _ = publisher.wait(20)
            assert code == 0
        wait_until(lambda: gateway.route("live/one")["state"] != "online", 10,
                   "offline")


@pytest.mark.parametrize("path", ["live/one", "live/one?key=no",
                                  "live/one/no"])
def test_wrong_key_makes_no_route_of_a_template(path):
    clip = media.clip(seconds=2)
    routes = {"live/*": {"input": "publish", "outputs": ["rtsp"],
                         "publish": {"key": "sesame"}}}
    with Gateway(routes) as gateway:
        with publish(clip, gateway.rtmp(path)) as publisher:
            code, _, _ = publisher.wait(20)
            assert code != 0
        assert gateway.route("live/one") is None
        assert "sesame" not in gateway.log()


@pytest.mark.parametrize("path", ["live/one?key=sesame", "live/one/sesame"])
def test_key_makes_a_route_of_a_template(path):
    clip = media.clip(seconds=10)
    routes = {"live/*": {"input": "publish", "outputs": ["rtsp"],
                         "publish": {"key": "sesame"}}}
    with Gateway(routes) as gateway, publish(clip, gateway.rtmp(path)):
        gateway.wait_state("live/one", "online")
        assert "sesame" not in gateway.log()
