# SPDX-License-Identifier: MIT
"""A camera's G.711 sound in DASH, served from memory and written as files."""

import json
import os
import subprocess

import dash_check
from gateway import Gateway, wait_until

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
