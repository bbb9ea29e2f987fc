#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Writes media.json: a second of a small picture and of a tone in each codec
that RTMP carries, as an encoder makes them, for encoder.py. Needs ffmpeg; run it in this folder only to add a codec, because another
version of the encoders writes other bytes.

A codec is {"config": base64 or "", "frames": [[time, cts, key, base64], ...]},
times in milliseconds."""

import base64
import json
import pathlib
import subprocess
import tempfile

# Name -> (container that stores it as RTMP does, options of the encoder).
VIDEO = {
    "h264": ("mp4", "-c:v libx264 -preset veryfast -bf 0 -g 12"),
    "h264-b": ("mp4", "-c:v libx264 -preset veryfast -bf 2 -g 12"),
    # Five slices a picture, for encoders that send them one by one.
    "h264-slices": ("mp4", "-c:v libx264 -preset veryfast -bf 0 -g 12 -x264-params slices=4"),
    "h265": ("mp4", "-c:v libx265 -preset ultrafast -tag:v hvc1 "
             "-x265-params log-level=none:keyint=12:bframes=0:info=0"),
    "av1": ("mp4", "-c:v libaom-av1 -cpu-used 8 -g 12 -lag-in-frames 0 -usage realtime"),
    "vp9": ("mp4", "-c:v libvpx-vp9 -deadline realtime -cpu-used 8 -g 12 -lag-in-frames 0"),
    "vp8": ("webm", "-c:v libvpx -deadline realtime -cpu-used 8 -g 12"),
}
AUDIO = {
    "aac": ("mp4", "-c:a aac -ar 48000"),
    "mp3": ("mp4", "-c:a libmp3lame -ar 44100"),
    "opus": ("webm", "-c:a libopus -ar 48000"),
    "flac": ("matroska", "-c:a flac -ar 8000 -frame_size 800"),
    "ac3": ("mp4", "-c:a ac3 -ar 48000"),
    "eac3": ("mp4", "-c:a eac3 -ar 48000"),
    "alaw": ("mov", "-c:a pcm_alaw -ar 8000"),
    "mulaw": ("mov", "-c:a pcm_mulaw -ar 8000"),
    "pcm": ("mov", "-c:a pcm_s16le -ar 11025"),
}


def read_hex(dump):
    """The bytes of a dump by ffprobe: offset, groups of digits, text."""
    digits = ""
    for line in dump.strip().splitlines():
        digits += line.split(": ", 1)[1].split("  ", 1)[0].replace(" ", "")
    return bytes.fromhex(digits)


def text(data):
    return base64.b64encode(data).decode()


def encode(source, container, options, seconds):
    with tempfile.NamedTemporaryFile(suffix="." + container) as file:
        subprocess.run(
            ["ffmpeg", "-v", "error", "-y", "-f", "lavfi", "-i", source, "-t", str(seconds),
             "-map_metadata", "-1", "-fflags", "+bitexact", "-flags", "+bitexact",
             *options.split(), "-f", container, file.name], check=True)
        output = subprocess.run(
            ["ffprobe", "-v", "error", "-show_streams", "-show_packets", "-show_data",
             "-of", "json", file.name], check=True, capture_output=True).stdout
    described = json.loads(output)
    extra = described["streams"][0].get("extradata")
    frames = []
    for packet in described["packets"]:
        time = float(packet["dts_time"]) * 1000
        cts = float(packet["pts_time"]) * 1000 - time
        frames.append([round(time), round(cts), int("K" in packet["flags"]),
                       text(read_hex(packet["data"]))])
    first = frames[0][0]
    for frame in frames:
        frame[0] -= first
    return {"config": text(read_hex(extra)) if extra else "", "frames": frames}


def main():
    media = {}
    for name, (container, options) in VIDEO.items():
        source = "testsrc=size=64x64:rate=25"
        media[name] = encode(source, container, options + " -pix_fmt yuv420p", 0.96)
    for name, (container, options) in AUDIO.items():
        media[name] = encode("sine=frequency=1000", container, options + " -b:a 32k", 0.96)
    out = pathlib.Path(__file__).parent / "media.json"
    out.write_text(json.dumps(media, separators=(",", ":")).replace("},", "},\n") + "\n")


main()
