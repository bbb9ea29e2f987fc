# SPDX-License-Identifier: MIT
"""Test clips and what is read back from decoded output.

Every clip carries its frame number as a row of black and white blocks on top
of the picture, and once a second a white flash and a beep in the same moment.
Clips are made by ffmpeg once and kept in the build folder.
"""

import array
import bisect
import itertools
import json
import os
import subprocess
import tempfile

FPS = 25
BITS = 16
BLOCK_ROWS = 32
BEEP_HZ = 1000
SAMPLE_RATE = 48000

CODECS = {
    "h264": ["-c:v", "libx264", "-preset", "ultrafast", "-tune", "zerolatency"],
    "h264-b": ["-c:v", "libx264", "-preset", "veryfast", "-bf", "3",
               "-b_strategy", "0"],
    "h265": ["-c:v", "libx265", "-preset", "ultrafast", "-x265-params",
             "log-level=none:bframes=2"],
    "mjpeg": ["-c:v", "mjpeg", "-q:v", "6", "-pix_fmt", "yuvj420p"],
    "aac": ["-c:a", "aac", "-b:a", "96k"],
    "opus": ["-c:a", "libopus", "-b:a", "64k"],
    "pcma": ["-c:a", "pcm_alaw", "-ar", "8000", "-ac", "1"],
    "pcmu": ["-c:a", "pcm_mulaw", "-ar", "8000", "-ac", "1"],
}


def media_dir():
    path = os.path.join(
        os.environ.get("PENSTOCK_BUILD", "build-test"), "test-media")
    os.makedirs(path, exist_ok=True)
    return os.path.abspath(path)


def clip(video="h264", audio="aac", seconds=10, size="320x240", gop=25,
         container="mp4", fps=FPS):
    """Path of a clip; None for video or audio leaves that track out."""
    name = f"{video}-{audio}-{seconds}s-{size}-g{gop}-{fps}.{container}"
    path = os.path.join(media_dir(), name)
    if os.path.exists(path):
        return path
    width, height = map(int, size.split("x"))
    block = width // BITS
    picture = (
        f"testsrc2=size={size}:rate={fps},format=yuv420p,"
        f"drawbox=x=0:y=ih/2:w=iw:h=ih/2:color=white:t=fill:"
        f"enable='lt(mod(n,{fps}),1)',"
        f"geq=lum='if(lt(Y,{BLOCK_ROWS}),"
        f"if(mod(floor(N/pow(2,floor(X/{block}))),2),235,16),lum(X,Y))'"
        f":cb='if(lt(Y,{BLOCK_ROWS // 2}),128,cb(X,Y))'"
        f":cr='if(lt(Y,{BLOCK_ROWS // 2}),128,cr(X,Y))'")
    # Noise, so that no two packets are the same.
    beep = (f"aevalsrc='if(lt(mod(t,1),0.04),0.8*sin(2*PI*{BEEP_HZ}*t),0)"
            "+0.02*(random(0)-0.5)':"
            f"s={SAMPLE_RATE}:c=stereo")
    command = ["ffmpeg", "-nostdin", "-v", "error", "-y"]
    if video:
        command += ["-f", "lavfi", "-i", picture]
    if audio:
        command += ["-f", "lavfi", "-i", beep]
    if video:
        command += CODECS[video] + ["-pix_fmt", "yuv420p"] * (video != "mjpeg")
        command += ["-g", str(gop), "-keyint_min", str(gop),
                    "-sc_threshold", "0"] * (video != "mjpeg")
    if audio:
        command += CODECS[audio]
    extension = os.path.splitext(path)[1]
    part = f"{path[:-len(extension)]}.{os.getpid()}.part{extension}"
    subprocess.run(command + ["-t", str(seconds), part], check=True,
                   timeout=180)
    os.replace(part, path)
    return path


def counter_of(luma, width):
    """Frame number in a decoded picture (bytes of the Y plane)."""
    block = width // BITS
    row = BLOCK_ROWS // 4
    number = 0
    for bit in range(BITS):
        if luma[row * width + bit * block + block // 2] > 128:
            number |= 1 << bit
    return number


def is_flash(luma, width, height):
    """Whether the lower half is white."""
    row = height * 3 // 4
    samples = luma[row * width:(row + 1) * width:8]
    return sum(samples) / len(samples) > 220


def decode_video(source, seconds, size, extra=(), stop=None, frames=None):
    """Decodes @source with ffmpeg, until the event @stop at the latest: a list
    of (frame number, flash), which grows meanwhile if it is given."""
    width, height = map(int, size.split("x"))
    process = subprocess.Popen(
        ["ffmpeg", "-nostdin", "-v", "error", *extra, "-i", source, "-t",
         str(seconds), "-an", "-fps_mode", "passthrough", "-copyts", "-vf",
         "showinfo", "-f", "rawvideo", "-pix_fmt", "gray", "-"],
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    frames = [] if frames is None else frames
    try:
        while True:
            luma = process.stdout.read(width * height)
            if len(luma) < width * height or (stop and stop.is_set()):
                break
            frames.append((counter_of(luma, width),
                           is_flash(luma, width, height)))
    finally:
        process.kill()
        process.wait()
    return frames


def flash_and_beep_times(source, seconds, size, extra=()):
    """Times in seconds, on one timeline, at which flashes and beeps begin."""
    return _flash_and_beep_times(
        [*extra, "-i", source, "-t", str(seconds)], size, seconds + 60)


def flash_and_beep_times_of_tracks(video, audio, size):
    """The same of two files, each (path, seconds that are time 0)."""
    return _flash_and_beep_times(
        ["-copyts", *(word for path, origin in (video, audio)
                      for word in ("-itsoffset", f"{-origin:.9f}", "-i", path)),
         "-map", "0:v", "-map", "1:a"], size, 120)


def _flash_and_beep_times(arguments, size, timeout):
    """ffmpeg writes both tracks to one NUT stream of raw data with the
    original timestamps; a second ffmpeg tells the times."""
    with tempfile.TemporaryDirectory(prefix="penstock-test-") as folder:
        work = f"{folder}/av.nut"
        subprocess.run(
            ["ffmpeg", "-nostdin", "-v", "error", *arguments,
             "-fps_mode", "passthrough", "-enc_time_base:v", "1:90000",
             "-c:v", "rawvideo", "-pix_fmt", "gray", "-c:a", "pcm_s16le",
             "-ac", "1", "-f", "nut", work], check=True, timeout=timeout)
        return video_flashes(work, size), audio_beeps(work)


def packet_times(path, stream):
    result = subprocess.run(
        ["ffprobe", "-v", "error", "-select_streams", stream, "-show_entries",
         "packet=pts_time", "-of", "csv=p=0", path], check=True,
        capture_output=True, text=True, timeout=60)
    return [float(line.strip(",")) for line in result.stdout.split() if line
            and not line.startswith("N/A")]


def video_flashes(path, size):
    width, height = map(int, size.split("x"))
    raw = subprocess.run(
        ["ffmpeg", "-nostdin", "-v", "error", "-i", path, "-map", "0:v",
         "-fps_mode", "passthrough", "-pix_fmt", "gray", "-f", "rawvideo",
         "-"], check=True,
        capture_output=True, timeout=120).stdout
    times = sorted(packet_times(path, "v:0"))
    flashes, before = [], True
    for index, time in enumerate(times):
        luma = raw[index * width * height:(index + 1) * width * height]
        if len(luma) < width * height:
            break
        now = is_flash(luma, width, height)
        if now and not before:
            flashes.append(time)
        before = now
    return flashes


def audio_beeps(path):
    probe = subprocess.run(
        ["ffprobe", "-v", "error", "-select_streams", "a:0", "-show_entries",
         "stream=sample_rate", "-of", "csv=p=0", path], check=True,
        capture_output=True, text=True, timeout=60)
    rate = int(probe.stdout.strip().strip(","))
    packets = json.loads(subprocess.run(
        ["ffprobe", "-v", "error", "-select_streams", "a:0", "-show_entries",
         "packet=pts_time,size", "-of", "json", path], check=True,
        capture_output=True, text=True, timeout=60).stdout)["packets"]
    raw = subprocess.run(
        ["ffmpeg", "-nostdin", "-v", "error", "-i", path, "-map", "0:a",
         "-c:a", "pcm_s16le", "-ac", "1", "-f", "s16le", "-"], check=True,
        capture_output=True, timeout=120).stdout
    samples = array.array("h")
    samples.frombytes(raw[:len(raw) // 2 * 2])
    # Where packets begin, in samples: there may be holes between them.
    starts = list(itertools.accumulate(
        (int(packet["size"]) // 2 for packet in packets), initial=0))[:-1]

    def time_of(sample):
        number = max(bisect.bisect_right(starts, sample) - 1, 0)
        return float(packets[number]["pts_time"]) + (
            sample - starts[number]) / rate
    step = rate // 1000
    beeps, quiet_since = [], 0
    for index in range(0, len(samples) - step, step):
        loud = max(abs(s) for s in samples[index:index + step]) > 8000
        if loud:
            if index - quiet_since > rate // 2 or (not beeps and index):
                beeps.append(time_of(index))
            quiet_since = index
    return beeps


def av_offsets(flashes, beeps, near=0.4):
    """Audio minus video, in seconds, for each flash that has a beep near."""
    offsets = []
    for flash in flashes:
        close = [beep - flash for beep in beeps if abs(beep - flash) < near]
        if close:
            offsets.append(min(close, key=abs))
    return offsets
