# SPDX-License-Identifier: MIT
"""HLS over the segments of DASH: rules, ffmpeg, hls.js in Chromium."""

import os
import subprocess
import urllib.error

import pytest

import browser
import hls_check
import media
import players
from gateway import Gateway, wait_until

POSITION = "document.querySelector('video').currentTime"


@pytest.fixture(name="gateway", scope="module")
def fixture_gateway():
    def route(path, **options):
        return {"input": {"type": "file", "path": path, "loop": True},
                "outputs": [{"type": "dash", "segment-ms": 1000, **options}]}
    clip = media.clip(seconds=10, gop=25)
    sound = media.clip(video=None, seconds=10)
    with Gateway({
            "plain": route(clip, directory="files"),
            "low": route(clip, **{"low-latency": True, "latency-ms": 1000}),
            "sound": route(sound),
            "without": route(clip, hls=False)}) as gateway:
        yield gateway


def playlist_url(gateway, route):
    def check():
        try:
            gateway.get(f"{route}/master.m3u8")
            return True
        except urllib.error.HTTPError:
            return False
    wait_until(check, 20, lambda: f"playlist of {route}\n{gateway.log()}")
    return gateway.http(f"{route}/master.m3u8")


def test_playlists_keep_the_rules(gateway):
    checker = hls_check.check(playlist_url(gateway, "plain"), updates=4)
    assert not checker.problems, "\n".join(checker.problems)
    assert len(checker.readers) == 2
    variant, = checker.multivariant.variants
    assert variant["RESOLUTION"] == "320x240"
    assert variant["CODECS"].startswith("avc1.")
    assert ",mp4a.40.2" in variant["CODECS"]
    for reader in checker.readers:
        assert reader.last.control["CAN-BLOCK-RELOAD"] == "YES"
        assert max(reader.waits) < 3 * reader.last.target


def test_low_latency_playlists_keep_the_rules_and_come_in_time(gateway):
    checker = hls_check.check(playlist_url(gateway, "low"), updates=25)
    assert not checker.problems, "\n".join(checker.problems)
    for reader in checker.readers:
        assert reader.last.part_target <= 0.25
        assert len(reader.last.reports) == 1
        assert reader.hits >= 20, (reader.hits, reader.misses)


def test_sound_alone_is_a_variant(gateway):
    checker = hls_check.check(playlist_url(gateway, "sound"), updates=2)
    assert not checker.problems, "\n".join(checker.problems)
    variant, = checker.multivariant.variants
    assert variant["CODECS"] == "mp4a.40.2"


@pytest.mark.parametrize("route", ["plain", "low"])
def test_ffmpeg_plays(gateway, route):
    result = subprocess.run(
        ["ffmpeg", "-nostdin", "-v", "error", "-i",
         playlist_url(gateway, route), "-t", "3", "-f", "framemd5", "-"],
        capture_output=True, text=True, timeout=60)
    assert result.returncode == 0 and not result.stderr, result.stderr
    lines = [line for line in result.stdout.splitlines() if line[0] != "#"]
    assert len([line for line in lines if line.startswith("0,")]) == 75
    assert len([line for line in lines if line.startswith("1,")]) >= 138


def test_a_folder_plays_from_any_server(gateway):
    url = playlist_url(gateway, "plain")
    folder = os.path.join(gateway.folder.name, "files")
    wait_until(lambda: os.path.exists(f"{folder}/v0/media.m3u8"), 20,
               "playlists in the folder")
    with open(f"{folder}/v0/media.m3u8", encoding="utf-8") as file:
        playlist = hls_check.Playlist(file.read())
    assert not playlist.check()
    assert not playlist.control
    assert os.path.exists(f"{folder}/v0/{playlist.segments[-1].uri}")
    with open(f"{folder}/master.m3u8", "rb") as file:
        assert file.read() == gateway.get(url.split("/", 3)[3])


def test_hls_can_be_left_out(gateway):
    gateway.wait_manifest("without")
    with pytest.raises(urllib.error.HTTPError, match="404"):
        gateway.get("without/master.m3u8")


def test_status_names_the_playlist(gateway):
    def output(route):
        return gateway.route(route)["outputs"][0]
    assert output("plain")["playlist"] == "/plain/master.m3u8"
    assert "playlist" not in output("without")


@pytest.mark.skipif(not browser.available(), reason="no Chromium")
@pytest.mark.skipif(not players.available("hls"), reason="no hls.js")
def test_hls_js_plays_and_stays_close(gateway):
    with players.Page("hls") as site, browser.Browser() as page:
        page.open(site.url(playlist_url(gateway, "low")))
        page.wait_until(f"{POSITION} > 0", timeout=40)
        start = page.evaluate(POSITION)
        page.wait_until(f"{POSITION} > {start} + 4", timeout=40)
        latency = page.evaluate("window.player.latency")
        assert latency < 4, latency
        page.open(site.url(playlist_url(gateway, "plain")))
        page.wait_until(f"{POSITION} > 0", timeout=40)
        start = page.evaluate(POSITION)
        page.wait_until(f"{POSITION} > {start} + 3", timeout=40)
        problems = page.evaluate("window.problems")
        assert not [one for one in problems if "fatal" in one], problems
