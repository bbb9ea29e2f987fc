# SPDX-License-Identifier: MIT
"""ffmpeg publishes over RTMP, ffprobe and ffmpeg play over RTMP."""

import signal
import struct
import subprocess
import tempfile
import time
from contextlib import ExitStack
from fractions import Fraction

import pytest

import media
import rtmp_publisher
from gateway import (Gateway, Process, probe, publish, sanitizer_runtime,
                     wait_until)
from rtmp_player import Player, read_until

ROUTES = {"live/*": {"input": "publish", "outputs": ["rtmp"]}}
AAC_MS = 24  # longer than a frame at 48 kHz, in whole milliseconds


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


def heavy(size):
    """Pictures of about @size bytes: with filler data behind each."""
    track = rtmp_publisher.video("h264")
    filler = b"\x0c" + b"\xff" * (size - 6) + b"\x80"
    filler = struct.pack(">I", len(filler)) + filler
    track.list = [(when, message + filler) for when, message in track.list]
    return track


def heavy_publisher(gateway, name):
    """1 MB a second, with a keyframe every 0.48 s."""
    return rtmp_publisher.Publisher(
        gateway.ports["rtmp"], name,
        [heavy(40000), rtmp_publisher.audio("aac")])


def check_not_disturbed(player):
    assert player.skips() == []
    assert player.silences() < AAC_MS


def check_resumed(player):
    """It has skipped pictures, to a keyframe."""
    assert player.skips()
    assert all(step > 0 and key for step, key in player.skips())


def test_frozen_players_go_on_at_a_keyframe_and_hurt_nobody():
    """Five seconds: with all of the sound where the cache is as large as that;
    elsewhere no more memory than the cache, whoever is frozen."""
    routes = {"live/one": {"input": "publish", "outputs": ["rtmp"]},
              "live/small": {"input": "publish", "outputs": ["rtmp"],
                             "cache": {"max-bytes": 1 << 20}}}
    with Gateway(routes) as gateway, ExitStack() as stack:
        def play(name, receive_buffer=None):
            player = stack.enter_context(Player(
                gateway.ports["rtmp"], name, receive_buffer))
            read_until([player], lambda: len(player.video) > 10, 20, "picture")
            return player
        for name in routes:
            stack.enter_context(heavy_publisher(gateway, name[5:]))
        frozen = play("one", 16384)
        crowd = [play("small", 16384) for _ in range(20)]
        one, small = play("one"), play("small")
        before = gateway.usage()["kib"]
        end = one.newest + 5000
        read_until([one, small], lambda: one.newest > end, 20, "newest sound")
        grown = gateway.usage()["kib"] - before
        read_until([one, small, frozen], lambda: frozen.has_all_of(one), 20,
                   "newest picture")
        read_until([one, small, *crowd], lambda: all(
            player.has_all_of(small) for player in crowd), 20, "newest picture")
        for player in (frozen, *crowd):
            check_resumed(player)
        assert frozen.silences() < AAC_MS
        for player in (one, small):
            check_not_disturbed(player)
        # 3 to 8 s of one route, twice 1 MiB of the other; the crowd has not
        # read 80 MB.
        if not sanitizer_runtime():
            assert grown < 20000, f"{grown} KiB more"


def packets_of(path):
    """What ffmpeg's framecrc wrote: pictures as (ms, keyframe?), ms of sound."""
    found, scale = {}, {}
    with open(path, encoding="ascii") as file:
        lines = file.readlines()
    for line in lines:
        if line.startswith("#tb"):
            _, stream, base = line.replace(":", "").split()
            scale[stream] = 1000 * Fraction(base)
        elif not line.startswith("#") and line.endswith("\n"):
            stream, dts, _, _, _, _, *flags = line.replace(",", " ").split()
            found.setdefault(stream, []).append(
                (round(int(dts) * scale[stream]),
                 not any(flag.startswith("F=") for flag in flags)))
    if not found:
        return [], [0]
    # All sound is a keyframe.
    streams = sorted(found.values(), key=lambda packets: all(
        key for _, key in packets))
    return streams[0], [when for when, _ in streams[-1]]


@pytest.mark.long
def test_ffmpeg_that_was_frozen_goes_on_at_a_keyframe_with_all_of_its_sound():
    with Gateway(ROUTES, rtmp={"send-timeout-ms": 60000}) as gateway, \
            heavy_publisher(gateway, "one"), \
            Player(gateway.ports["rtmp"], "one") as other, \
            tempfile.NamedTemporaryFile("w") as file, \
            Process(["ffmpeg", "-nostdin", "-v", "error", "-i",
                     gateway.rtmp("live/one"), "-c", "copy", "-copyts", "-f",
                     "framecrc", "-flush_packets", "1", "-"],
                    stdout=file) as frozen:
        def has_sound_of(when):
            return lambda: packets_of(file.name)[1][-1] > when
        read_until([other], has_sound_of(1000), 30, "sound")
        frozen.process.send_signal(signal.SIGSTOP)
        before = gateway.usage()["kib"]
        end = other.newest + 20000
        read_until([other], lambda: other.newest > end, 40, "sound")
        grown = gateway.usage()["kib"] - before
        frozen.process.send_signal(signal.SIGCONT)
        read_until([other], has_sound_of(end + 1000), 40, "sound")
        frozen.process.send_signal(signal.SIGINT)
        frozen.wait(10)
        video, audio = packets_of(file.name)
        assert max(b - a for a, b in zip(audio, audio[1:])) < AAC_MS
        skips = [b for a, b in zip(video, video[1:]) if b[0] - a[0] > 200]
        assert skips and all(key for _, key in skips), skips
        check_not_disturbed(other)
        # The log: 22 MB of the stream.
        assert grown < 40000, f"{grown} KiB more"
