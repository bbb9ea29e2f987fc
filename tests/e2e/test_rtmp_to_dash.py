# SPDX-License-Identifier: MIT
"""ffmpeg publishes over RTMP; Chromium, ffmpeg and the checker read DASH."""

import subprocess
from datetime import datetime, timezone

import pytest

import browser
import media
from gateway import Gateway, publish, wait_until

ROUTES = {"live/*": {"input": "publish", "outputs": ["rtsp", "dash"]}}

# Draws the video element and reads the counter blocks of media.py.
READ_COUNTER = """
(() => {
  const video = document.querySelector("video");
  if (!video || !video.videoWidth) return -1;
  const canvas = document.createElement("canvas");
  canvas.width = video.videoWidth;
  canvas.height = video.videoHeight;
  const context = canvas.getContext("2d");
  context.drawImage(video, 0, 0);
  const block = canvas.width / 16;
  let number = 0;
  for (let bit = 0; bit < 16; bit++) {
    const pixel = context.getImageData(
      Math.floor(bit * block + block / 2), 8, 1, 1).data;
    if (pixel[1] > 128) number |= 1 << bit;
  }
  return number;
})()
"""


def first_media(gateway, name):
    """UTC of the first picture of a route, as the log tells it."""
    for line in gateway.lines:
        if f"media flows route={name}" in line:
            return datetime.fromisoformat(line.split()[0].replace("Z", "+00:00"))
    return None


@pytest.mark.parametrize("gop", [12, 25, 50])
def test_manifest_is_there_one_gop_and_a_second_after_the_start(gop):
    clip = media.clip(seconds=10, gop=gop)
    with Gateway(ROUTES) as gateway, publish(clip, gateway.rtmp("live/one")):
        gateway.wait_manifest("live/one", timeout=20)
        there = datetime.now(timezone.utc)
        waited = (there - first_media(gateway, "live/one")).total_seconds()
        assert waited <= gop / media.FPS + 1


def test_ffmpeg_plays_the_manifest():
    clip = media.clip(seconds=10, gop=50)
    with Gateway(ROUTES) as gateway, publish(clip, gateway.rtmp("live/one")):
        gateway.wait_state("live/one", "online")
        gateway.wait_manifest("live/one")
        # As far as its first look at the manifest goes: with a timeline of
        # live segments, ffmpeg 5.1 begins anew when it reads it again.
        frames = [number for number, _ in media.decode_video(
            gateway.http("live/one/manifest.mpd"), 4, "320x240")]
        assert len(frames) >= 50
        assert {(b - a) % 250 for a, b in zip(frames, frames[1:])} == {1}


@pytest.mark.skipif(not browser.available(), reason="no Chromium")
def test_chromium_plays_picture_and_sound():
    clip = media.clip(seconds=10, gop=50)
    with Gateway(ROUTES) as gateway, publish(clip, gateway.rtmp("live/one")):
        gateway.wait_state("live/one", "online")
        gateway.wait_manifest("live/one")
        with browser.Browser() as page:
            page.open(gateway.http("live/one/"))
            page.wait_until(
                "document.querySelector('video')?.currentTime > 0 && "
                "document.querySelector('video').videoWidth == 320",
                timeout=30)
            first = page.evaluate(
                "document.querySelector('video').currentTime")
            page.wait_until(
                f"document.querySelector('video').currentTime > {first} + 3",
                timeout=20)
            page.wait_until(
                "document.querySelector('video').getVideoPlaybackQuality()"
                ".totalVideoFrames > 50", timeout=20)
            assert page.evaluate(
                "document.querySelector('video')"
                ".webkitAudioDecodedByteCount") > 1000
            counter = page.evaluate(READ_COUNTER)
            assert 0 <= counter < 250
            wait_until(lambda: page.evaluate(READ_COUNTER) != counter, 5,
                       "the counter in the picture to advance")


@pytest.mark.parametrize("video,audio", [("h264", None), (None, "aac")])
def test_single_track_streams_have_a_manifest(video, audio):
    clip = media.clip(video=video, audio=audio)
    with Gateway(ROUTES) as gateway, publish(clip, gateway.rtmp("live/one")):
        gateway.wait_state("live/one", "online")
        manifest = gateway.wait_manifest("live/one").decode()
        assert ('contentType="video"' in manifest) == (video is not None)
        assert ('contentType="audio"' in manifest) == (audio is not None)


def test_manifest_keeps_the_rules():
    clip = media.clip(seconds=10, gop=50)
    with Gateway(ROUTES) as gateway, publish(clip, gateway.rtmp("live/one")):
        gateway.wait_state("live/one", "online")
        gateway.wait_manifest("live/one")
        result = subprocess.run(
            ["/usr/bin/python3", browser.__file__.replace(
                "browser.py", "dash_check.py"), "--watch", "10",
             gateway.http("live/one/manifest.mpd")],
            capture_output=True, text=True, timeout=60)
        assert result.returncode == 0, result.stdout + result.stderr
