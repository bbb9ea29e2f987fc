# SPDX-License-Identifier: MIT
"""ffmpeg publishes over RTMP, ffprobe and ffmpeg play over RTMP."""

import subprocess
import time

import pytest

import media
from gateway import Gateway, Process, probe, publish, wait_until

ROUTES = {"live/*": {"input": "publish", "outputs": ["rtmp"]}}


def output_of(gateway, name):
    return gateway.route(name)["outputs"][0]


def test_ffprobe_sees_both_tracks_with_right_parameters():
    clip = media.clip(seconds=10)
    with Gateway(ROUTES) as gateway, publish(clip, gateway.rtmp("live/one")):
        gateway.wait_state("live/one", "online")
        streams = probe(gateway.rtmp("live/one"))
        video, audio = streams["video"], streams["audio"]
        assert video["codec_name"] == "h264"
        assert (video["width"], video["height"]) == (320, 240)
        assert eval(video["r_frame_rate"]) == pytest.approx(25, abs=0.1)
        assert audio["codec_name"] == "aac"
        assert audio["sample_rate"] == "48000"
        assert audio["channels"] == 2
        output = output_of(gateway, "live/one")
        assert output["type"] == "rtmp"
        assert output["readers-total"] == 1
        assert output["bytes-sent"] > 0


@pytest.mark.parametrize("video,audio", [("h264", None), (None, "aac")])
def test_single_track_streams_play(video, audio):
    clip = media.clip(video=video, audio=audio)
    with Gateway(ROUTES) as gateway, publish(clip, gateway.rtmp("live/one")):
        gateway.wait_state("live/one", "online")
        assert set(probe(gateway.rtmp("live/one"))) == {
            "video" if video else "audio"}


def test_late_joiner_sees_the_tracks_and_nothing_else():
    clip = media.clip(seconds=10)
    with Gateway(ROUTES) as gateway, publish(clip, gateway.rtmp("live/one")):
        gateway.wait_state("live/one", "online")
        wait_until(lambda: gateway.route("live/one")["tracks"][0]["access-units"]
                   > 60, 15, "a keyframe that is not the first")
        result = subprocess.run(
            ["ffprobe", "-v", "error", "-show_entries", "stream=codec_type",
             "-of", "csv=p=0", gateway.rtmp("live/one")],
            capture_output=True, text=True, timeout=20)
        assert sorted(result.stdout.split()) == ["audio", "video"]


def test_every_frame_decodes_in_order():
    clip = media.clip(seconds=10)
    with Gateway(ROUTES) as gateway, publish(clip, gateway.rtmp("live/one")):
        gateway.wait_state("live/one", "online")
        frames = [number for number, _ in media.decode_video(
            gateway.rtmp("live/one"), 4, "320x240")]
        assert len(frames) >= 95
        steps = {(b - a) % 250 for a, b in zip(frames, frames[1:])}
        assert steps == {1}, frames


def test_audio_and_video_stay_together():
    clip = media.clip(video="h264-b", seconds=10)
    with Gateway(ROUTES) as gateway, publish(clip, gateway.rtmp("live/one")):
        gateway.wait_state("live/one", "online")
        flashes, beeps = media.flash_and_beep_times(
            gateway.rtmp("live/one"), 6, "320x240")
        offsets = media.av_offsets(flashes, beeps)
        assert len(offsets) >= 4, (flashes, beeps)
        assert all(abs(offset) <= 0.020 for offset in offsets), offsets


def test_joiner_in_a_long_gop_gets_a_picture_at_once():
    clip = media.clip(seconds=20, gop=500)
    with Gateway(ROUTES) as gateway, publish(clip, gateway.rtmp("live/one")):
        gateway.wait_state("live/one", "online")
        # Deep in the first group of pictures.
        wait_until(lambda: gateway.route("live/one")["gop-cache"]
                   ["duration-ms"] > 3000, 15, "three seconds")
        begin = time.monotonic()
        result = subprocess.run(
            ["ffmpeg", "-nostdin", "-v", "error", "-i",
             gateway.rtmp("live/one"), "-map", "0:v", "-frames:v", "1", "-f",
             "null", "-"], capture_output=True, text=True, timeout=20)
        assert result.returncode == 0, result.stderr
        # The next keyframe is 15 s away.
        assert time.monotonic() - begin < 5


def test_player_waits_for_the_publisher_and_ends_with_it():
    clip = media.clip(seconds=4)
    routes = {"live/one": {"input": "publish", "outputs": ["rtmp"]}}
    with Gateway(routes) as gateway:
        player = Process(["ffprobe", "-v", "error", "-count_packets",
                          "-show_streams", "-of", "json",
                          gateway.rtmp("live/one")], stdout=subprocess.PIPE)
        with player:
            wait_until(lambda: output_of(gateway, "live/one")["readers"] == 1,
                       10, "a player")
            with publish(clip, gateway.rtmp("live/one"),
                         loop=False) as publisher:
                code, _, errors = publisher.wait(20)
                assert code == 0, errors
            code, out, errors = player.wait(20)
            assert code == 0, errors
            assert b'"nb_read_packets": "100"' in out, out


def test_player_stays_while_its_publisher_comes_back():
    """It is told of the end only when the publisher has said goodbye."""
    clip = media.clip(seconds=10)
    with Gateway(ROUTES) as gateway:
        url = gateway.rtmp("live/one")
        with publish(clip, url) as lost:
            gateway.wait_state("live/one", "online")
            player = Process(["ffmpeg", "-nostdin", "-v", "error", "-i", url,
                              "-c", "copy", "-f", "null", "-"])
            wait_until(lambda: output_of(gateway, "live/one")["readers"] == 1,
                       10, "a player")
            lost.kill()
        with player:
            wait_until(lambda: gateway.route("live/one")["state"] != "online",
                       10, "offline")
            before = output_of(gateway, "live/one")["bytes-sent"]
            with publish(clip, url) as returned:
                wait_until(lambda: output_of(gateway, "live/one")["bytes-sent"]
                           > before + 20000, 10, "more bytes")
                output = output_of(gateway, "live/one")
                assert output["readers"] == output["readers-total"] == 1
                assert player.process.poll() is None
                returned.process.terminate()
                returned.wait(10)
            code, _, errors = player.wait(10)
            assert code == 0, errors


def test_viewer_too_many_is_refused():
    clip = media.clip(seconds=10)
    routes = {"live/*": {"input": "publish", "outputs": [
        {"type": "rtmp", "max-viewers": 1, "merge-window-ms": 300}]}}
    with Gateway(routes) as gateway, publish(clip, gateway.rtmp("live/one")):
        gateway.wait_state("live/one", "online")
        url = gateway.rtmp("live/one")
        with Process(["ffmpeg", "-nostdin", "-v", "error", "-i", url, "-f",
                      "null", "-"]):
            wait_until(lambda: output_of(gateway, "live/one")["readers"] == 1,
                       10, "a player")
            result = subprocess.run(["ffprobe", "-v", "error", url],
                                    capture_output=True, text=True, timeout=20)
            assert result.returncode != 0
            assert "as many viewers as it may" in result.stderr, result.stderr
        wait_until(lambda: output_of(gateway, "live/one")["readers"] == 0, 10,
                   "nobody")
        assert set(probe(url)) == {"video", "audio"}


def test_two_publications_one_after_the_other_play():
    clip = media.clip(seconds=3)
    routes = {"live/one": {"input": "publish", "outputs": ["rtmp"]}}
    with Gateway(routes) as gateway:
        for _ in range(2):
            with publish(clip, gateway.rtmp("live/one")) as publisher:
                gateway.wait_state("live/one", "online")
                wait_until(lambda: "video" in probe(gateway.rtmp("live/one")),
                           10, "video")
                publisher.process.terminate()
                publisher.wait(10)
            wait_until(lambda: gateway.route("live/one")["state"] != "online",
                       20, "offline")


def test_unknown_stream_is_not_found():
    with Gateway(ROUTES) as gateway:
        begin = time.monotonic()
        result = subprocess.run(
            ["ffprobe", "-v", "error", gateway.rtmp("live/none")],
            capture_output=True, text=True, timeout=30)
        assert result.returncode != 0
        assert 8 < time.monotonic() - begin < 15


def test_frozen_player_does_not_hurt_its_neighbour():
    clip = media.clip(seconds=10)
    with Gateway(ROUTES) as gateway, publish(clip, gateway.rtmp("live/one")):
        gateway.wait_state("live/one", "online")
        frozen = Process(["ffmpeg", "-nostdin", "-v", "error", "-i",
                          gateway.rtmp("live/one"), "-f", "null", "-"])
        with frozen:
            wait_until(lambda: output_of(gateway, "live/one")["readers"] == 1,
                       10, "a player")
            frozen.process.send_signal(19)  # SIGSTOP
            frames = [number for number, _ in media.decode_video(
                gateway.rtmp("live/one"), 4, "320x240")]
            steps = {(b - a) % 250 for a, b in zip(frames, frames[1:])}
            assert steps == {1}, frames
            frozen.process.send_signal(18)  # SIGCONT
            assert frozen.process.poll() is None
