# SPDX-License-Identifier: MIT
"""A camera's G.711 sound in DASH, served from memory and written as files."""

import contextlib
import json
import os
import subprocess

import pytest

import dash_check
import media
from gateway import Gateway, environment, wait_until

CAMERA = (
    "videotestsrc is-live=true ! video/x-raw,format=I420,width=320,height=240,"
    "framerate=25/1 ! x264enc tune=zerolatency speed-preset=ultrafast "
    "key-int-max=25 ! h264parse "
    "audiotestsrc is-live=true ! audio/x-raw,rate=8000,channels=1 ! mulawenc")
ROUTES = {"lobby": {
    "input": {"type": "launch", "description": CAMERA},
    "outputs": [{"type": "dash", "segment-ms": 1000, "audio": "auto",
                 "directory": "files"}]}}


def streams(mpd):
    """Codec and sampling rate by kind, as ffprobe finds them."""
    answer = subprocess.run(
        ["ffprobe", "-v", "error", "-of", "json", "-show_streams", mpd],
        capture_output=True, text=True, timeout=60, check=True)
    return {stream["codec_type"]:
            (stream["codec_name"], stream.get("sample_rate"))
            for stream in json.loads(answer.stdout)["streams"]}


def media_files(folder):
    return [f"{track}/{name}" for track in ("v0", "a0")
            for name in os.listdir(os.path.join(folder, track))
            if name.endswith((".m4s", ".mp4"))]


def test_g711_is_aac_in_memory_and_in_files():
    with Gateway(ROUTES, **{"allow-launch": True}) as gateway:
        folder = os.path.join(gateway.folder.name, "files")
        gateway.wait_manifest("lobby")
        output = gateway.route("lobby")["outputs"][0]
        assert output["video"] == "copied"
        assert output["audio"].startswith("encoded to AAC"), output["audio"]
        assert "mulaw" in output["audio"]

        live = dash_check.check(gateway.http("lobby/manifest.mpd"), watch=5)
        assert not live.problems, "\n".join(live.problems)
        assert live.read_segments >= 8
        found = streams(gateway.http("lobby/manifest.mpd"))
        assert found["video"][0] == "h264"
        assert found["audio"][0] == "aac", found

        wait_until(lambda: os.path.exists(
            os.path.join(folder, dash_check.MPD_NAME)), 5, "MPD in the folder")
        names = media_files(folder)
        assert len(names) >= 8
        for name in names:
            with open(os.path.join(folder, name), "rb") as file:
                assert file.read() == gateway.get(f"lobby/{name}"), name

        gateway.stop()
        kept = dash_check.check(folder)
        assert not kept.problems, "\n".join(kept.problems)
        assert streams(os.path.join(folder, dash_check.MPD_NAME)) == found


def test_qualities_are_representations_that_switch_at_every_segment(tmp_path):
    """Two encoders of one picture, whose keyframes agree, faster than live."""
    encoder = ["x264enc", "tune=zerolatency", "speed-preset=ultrafast",
               "key-int-max=50", "option-string=scenecut=0", "!", "h264parse",
               "!"]
    subprocess.run(
        ["gst-launch-1.0", "videotestsrc", "num-buffers=300", "!",
         "video/x-raw,format=I420,width=320,height=240,framerate=25/1", "!",
         "tee", "name=t", "!", "queue", "!", *encoder,
         "penstockdashsink", "name=d", "hls=true", f"directory={tmp_path}",
         "t.", "!", "queue", "!", "videoscale", "!",
         "video/x-raw,width=160,height=120", "!", *encoder, "d.",
         "audiotestsrc", "num-buffers=563", "!",
         "audio/x-raw,rate=48000,channels=2", "!", "avenc_aac", "!",
         "aacparse", "!", "d."],
        env=environment("gst-launch-1.0"), check=True, timeout=60,
        capture_output=True)
    checker = dash_check.check(str(tmp_path))
    assert not checker.problems, "\n".join(checker.problems)
    answer = subprocess.run(
        ["ffprobe", "-v", "error", "-of", "json", "-show_streams",
         f"{tmp_path}/master.m3u8"],
        capture_output=True, text=True, timeout=60, check=True)
    widths = {stream.get("width")
              for stream in json.loads(answer.stdout)["streams"]}
    assert {320, 160} <= widths, answer.stdout
    with open(tmp_path / "manifest.mpd", encoding="utf-8") as file:
        manifest = file.read()
    assert manifest.count("<Period ") == 1
    assert manifest.count("<AdaptationSet ") == 2
    assert manifest.count("<Representation ") == 3


VIDEO = ["videotestsrc", "num-buffers=50", "!",
         "video/x-raw,format=I420,width=160,height=120,framerate=25/1", "!"]
AUDIO = ["audiotestsrc", "num-buffers=94", "!",
         "audio/x-raw,rate=48000,channels=2", "!", "audioconvert", "!"]
X265 = ["x265enc", "speed-preset=ultrafast", "key-int-max=25",
        "option-string=log-level=none:scenecut=0", "!", "h265parse", "!"]
X264 = ["x264enc", "speed-preset=ultrafast", "key-int-max=25", "!",
        "h264parse", "!"]

# What the MPD calls it -> (how it is made, what ffmpeg calls it).
CODECS = {
    "avc1": ([*VIDEO, *X264, "video/x-h264,stream-format=avc"], "h264"),
    "avc3": ([*VIDEO, *X264, "video/x-h264,stream-format=avc3"], "h264"),
    "hvc1": ([*VIDEO, *X265, "video/x-h265,stream-format=hvc1"], "hevc"),
    "hev1": ([*VIDEO, *X265, "video/x-h265,stream-format=hev1"], "hevc"),
    "vp09": ([*VIDEO, "vp9enc", "deadline=1", "cpu-used=8",
              "keyframe-max-dist=25", "!", "vp9parse"], "vp9"),
    "av01": ([*VIDEO, "av1enc", "usage-profile=realtime", "cpu-used=8",
              "keyframe-max-dist=25", "!", "av1parse"], "av1"),
    "mp4a.40.2": ([*AUDIO, "avenc_aac", "!", "aacparse"], "aac"),
    "mp4a.6b": ([*AUDIO, "lamemp3enc", "!", "mpegaudioparse"], "mp3"),
    "opus": ([*AUDIO, "opusenc", "!", "opusparse"], "opus"),
    "flac": ([*AUDIO, "flacenc", "!", "flacparse"], "flac"),
    "ac-3": ([*AUDIO, "avenc_ac3", "!", "ac3parse"], "ac3"),
    "ec-3": ([*AUDIO, "avenc_eac3", "!", "ac3parse"], "eac3"),
}


@pytest.mark.parametrize("name", CODECS)
def test_every_codec_is_written_as_the_rules_say(name, tmp_path):
    how, codec = CODECS[name]
    result = subprocess.run(
        ["gst-launch-1.0", *how, "!", "penstockdashsink", "hls=true",
         "segment-duration=1000000000", f"directory={tmp_path}"],
        env=environment("gst-launch-1.0"), timeout=60, capture_output=True,
        text=True)
    assert result.returncode == 0, result.stdout + result.stderr
    checker = dash_check.check(str(tmp_path))
    assert not checker.problems, "\n".join(checker.problems)
    assert checker.read_segments >= 2
    with open(tmp_path / "manifest.mpd", encoding="utf-8") as file:
        assert f'codecs="{name}' in file.read()
    decoded = subprocess.run(
        ["ffmpeg", "-nostdin", "-v", "error", "-i",
         f"{tmp_path}/manifest.mpd", "-f", "null", "-"],
        capture_output=True, text=True, timeout=60)
    assert decoded.returncode == 0 and not decoded.stderr, decoded.stderr
    found, = streams(f"{tmp_path}/master.m3u8").values()
    assert found[0] == codec


def test_a_folder_that_keeps_everything_becomes_a_recording(tmp_path):
    """Twelve seconds, faster than live, with a window of four."""
    subprocess.run(
        ["gst-launch-1.0", "videotestsrc", "num-buffers=300", "!",
         "video/x-raw,format=I420,width=160,height=120,framerate=25/1", "!",
         *X264, "penstockdashsink", "keep=true", "window=4000000000",
         "segment-duration=1000000000", "hls=true", f"directory={tmp_path}"],
        env=environment("gst-launch-1.0"), check=True, timeout=60,
        capture_output=True)
    checker = dash_check.check(str(tmp_path))
    assert not checker.problems, "\n".join(checker.problems)
    assert checker.read_segments == 12
    for name in ("recording.mpd", "master.m3u8"):
        answer = subprocess.run(
            ["ffprobe", "-v", "error", "-of", "csv=p=0", "-count_packets",
             "-show_entries", "stream=nb_read_packets:format=duration",
             tmp_path / name],
            capture_output=True, text=True, timeout=60, check=True)
        found = answer.stdout.replace(",", " ").split()
        assert found[0] == "300", answer.stdout
        assert float(found[-1]) == pytest.approx(12, abs=0.1)


@contextlib.contextmanager
def small_disk(path, size):
    """A file system of @size; only root can have one."""
    if subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "none",
                       path], capture_output=True).returncode:
        pytest.skip("no right to mount a file system")
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", path], check=True)


def test_a_full_disk_does_not_touch_live_viewers(tmp_path):
    clip = media.clip(seconds=10, gop=25, size="640x480")
    routes = {"lobby": {
        "input": {"type": "file", "path": clip, "loop": True},
        "outputs": [{"type": "dash", "segment-ms": 1000,
                     "directory": str(tmp_path / "disk")}]}}
    (tmp_path / "disk").mkdir()
    with small_disk(tmp_path / "disk", "120k"), Gateway(routes) as gateway:
        gateway.wait_manifest("lobby")
        live = dash_check.check(gateway.http("lobby/manifest.mpd"), watch=2)
        assert not live.problems, "\n".join(live.problems)
        wait_until(lambda: any("No space left" in line
                               for line in gateway.lines), 20, gateway.log)
        subprocess.run(["mount", "-o", "remount,size=64m",
                        tmp_path / "disk"], check=True)
        wait_until(lambda: any("written to again" in line
                               for line in gateway.lines), 20, gateway.log)
        live.check()
        live.check_unchanged()
        assert not live.problems, "\n".join(live.problems)
        assert sum("No space left" in line for line in gateway.lines) == 1
        gateway.stop()
        kept = dash_check.check(str(tmp_path / "disk"))
        assert not kept.problems, "\n".join(kept.problems)
        assert kept.read_segments >= 6
