# SPDX-License-Identifier: MIT
"""Elementary streams as lists, to compare what was sent with what was read."""

import subprocess
import tempfile

# NAL unit types that placement may add, drop or move: access unit delimiters,
# parameter sets and filler; of H.265 also SEI, which h265parse drops.
PLACED = {"h264": {7, 8, 9, 12, 13}, "hevc": {32, 33, 34, 35, 38, 39, 40}}
FILTER = {"h264": "h264_mp4toannexb", "hevc": "hevc_mp4toannexb"}


def split_annexb(data):
    """NAL units of a byte stream, without trailing zeros."""
    units = []
    position = data.find(b"\0\0\1")
    while position >= 0:
        start = position + 3
        position = data.find(b"\0\0\1", start)
        unit = data[start:position if position >= 0 else len(data)]
        units.append(unit.rstrip(b"\0"))
    return units


def nal_type(unit, codec):
    return unit[0] & 0x1f if codec == "h264" else (unit[0] >> 1) & 0x3f


def video_units(data, codec):
    """Slices and SEI of an Annex B byte stream."""
    return [unit for unit in split_annexb(data)
            if unit and nal_type(unit, codec) not in PLACED[codec]]


def read_video(source, codec, extra=(), seconds=None, timeout=60):
    """Video of a file or URL, copied: its NAL units without placed ones."""
    result = subprocess.run(
        ["ffmpeg", "-nostdin", "-v", "error", *extra, "-i", source,
         *(["-t", str(seconds)] if seconds else []), "-map", "0:v:0",
         "-c", "copy", "-bsf:v", FILTER[codec], "-f", codec, "-"],
        capture_output=True, timeout=timeout)
    return video_units(result.stdout, codec)


def read_packets(source, stream, extra=(), seconds=None, timeout=60):
    """MD5 of each packet of a stream, copied."""
    result = subprocess.run(
        ["ffmpeg", "-nostdin", "-v", "error", *extra, "-i", source,
         *(["-t", str(seconds)] if seconds else []), "-map", f"0:{stream}",
         "-c", "copy", "-f", "framemd5", "-"],
        capture_output=True, text=True, timeout=timeout)
    return packets_of(result.stdout)


def packets_of(text):
    """MD5 of each packet, from what the framemd5 muxer wrote."""
    return [line.split(",")[5].strip() for line in text.splitlines()
            if line and not line.startswith("#")]


def record(url, codec, extra, seconds):
    """Video NAL units and audio packets of one RTSP session, as they came.

    Raw video: RTSP tells no decoding times, which a container would need.
    """
    with tempfile.TemporaryDirectory(prefix="penstock-test-") as folder:
        video, audio = f"{folder}/video", f"{folder}/audio"
        length = ["-t", str(seconds)]
        result = subprocess.run(
            ["ffmpeg", "-nostdin", "-v", "error", *extra, "-i", url,
             "-map", "0:v", *length, "-c", "copy", "-f", codec, video,
             "-map", "0:a", *length, "-c", "copy", "-f", "framemd5", audio],
            capture_output=True, text=True, timeout=seconds + 60)
        assert result.returncode == 0, result.stderr
        with open(video, "rb") as file:
            units = video_units(file.read(), codec)
        with open(audio, encoding="ascii") as file:
            return units, packets_of(file.read())


def assert_run_of(part, whole, at_least, what):
    """@part is an unbroken run of @whole, or of @whole repeated."""
    assert len(part) >= at_least, f"{what}: {len(part)} read, want {at_least}"
    looped = whole * (len(part) // max(len(whole), 1) + 2)
    starts = [i for i in range(len(whole)) if looped[i] == part[0]]
    assert starts, f"{what}: the first unit read was never sent"
    best = 0
    for start in starts:
        n = 0
        while n < len(part) and part[n] == looped[start + n]:
            n += 1
        best = max(best, n)
    assert best == len(part), (
        f"{what}: units differ from number {best} of {len(part)} on")
