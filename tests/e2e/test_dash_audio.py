# SPDX-License-Identifier: MIT
"""Audio of a route on its way into DASH: copied, encoded or left out."""

import subprocess

import pytest

import dash
import media
from gateway import Gateway, probe


def route_of(clip, **settings):
    return {"one": {"input": {"type": "file", "path": clip, "loop": True},
                    "outputs": ["rtsp", {"type": "dash", **settings}]}}


def download(gateway, folder):
    """The segments of both tracks in one file, with the times they have."""
    tracks = dash.Recording(gateway, "one").follow(4).write(folder)
    path = str(folder / "both.mkv")
    subprocess.run(
        ["ffmpeg", "-nostdin", "-v", "error", "-copyts", "-i",
         tracks["video"], "-i", tracks["audio"], "-c", "copy", path], check=True, timeout=60)
    return path


def dash_of(gateway):
    return next(output for output in gateway.route("one")["outputs"]
                if output["type"] == "dash")


@pytest.mark.parametrize("audio", ["pcma", "pcmu"])
def test_audio_of_cameras_is_encoded_and_stays_with_the_picture(
        audio, tmp_path):
    clip = media.clip(audio=audio, seconds=10, container="mkv")
    with Gateway(route_of(clip)) as gateway:
        gateway.wait_manifest("one")
        sound = probe(gateway.http("one/manifest.mpd"))["audio"]
        assert sound["codec_name"] == "aac"
        assert dash_of(gateway)["audio"].startswith("encoded to AAC")
        assert dash_of(gateway)["video"] == "copied"
        # Over RTSP it goes as it came.
        assert probe(gateway.rtsp("one"))["audio"]["codec_name"] == {
            "pcma": "pcm_alaw", "pcmu": "pcm_mulaw"}[audio]
        flashes, beeps = media.flash_and_beep_times(
            download(gateway, tmp_path), 6, "320x240")
        # The first beep is at the very start, where its flash is not counted.
        offsets = media.av_offsets(beeps[1:], flashes)
        assert len(offsets) >= 4, (flashes, beeps)
        assert all(abs(offset) <= 0.020 for offset in offsets), (
            offsets, flashes, beeps)


def test_audio_that_is_not_wanted_is_left_out():
    clip = media.clip(seconds=10)
    with Gateway(route_of(clip, audio="none")) as gateway:
        gateway.wait_manifest("one")
        assert set(probe(gateway.http("one/manifest.mpd"))) == {"video"}
        assert dash_of(gateway)["audio"] == "left out: audio is none"


def test_audio_that_dash_does_not_carry_is_not_copied():
    clip = media.clip(audio="pcma", seconds=10, container="mkv")
    with Gateway(route_of(clip, audio="copy")) as gateway:
        gateway.wait_manifest("one")
        assert set(probe(gateway.http("one/manifest.mpd"))) == {"video"}
        assert "does not carry audio/x-alaw" in dash_of(gateway)["audio"]
