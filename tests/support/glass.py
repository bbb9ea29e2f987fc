# SPDX-License-Identifier: MIT
"""Latency from glass to glass: a publisher whose pictures say when they were
made, and a page that compares that with the time it shows them.

    with glass.publish(gateway.rtmp("live/one")):
        page.open(gateway.http("live/one/"))
        page.run(glass.WATCH)
        ...
        figures = glass.figures(page)
"""

import subprocess
import threading
import time

import media
from gateway import Process

WIDTH, HEIGHT = 320, 240
FPS = 25

# Notes, for each picture that is shown, how long ago it was made, in
# milliseconds; and each time that playing had to wait for data. The media time
# is looked at between two pictures as well, as a stalled video shows none.
WATCH = f"""
const video = document.querySelector("video");
const canvas = document.createElement("canvas");
canvas.width = {WIDTH};
canvas.height = 1;
const context = canvas.getContext("2d", {{ willReadFrequently: true }});
const seen = window.glass = {{ latencies: [], rates: [], stalls: [], waits: 0 }};
let moved = performance.now();
let last = video.currentTime;

function stampOf() {{
  context.drawImage(video, 0, {media.BLOCK_ROWS // 4}, {WIDTH}, 1, 0, 0,
    {WIDTH}, 1);
  const data = context.getImageData(0, 0, {WIDTH}, 1).data;
  const block = {WIDTH} / {media.BITS};
  let stamp = 0;
  for (let bit = 0; bit < {media.BITS}; bit++)
    if (data[4 * (bit * block + block / 2) + 1] > 128) stamp |= 1 << bit;
  return stamp;
}}

function onPicture(now, picture) {{
  const shown = performance.timeOrigin + picture.expectedDisplayTime;
  const latency = (Math.round(shown) - stampOf()) & 0xffff;
  seen.latencies.push([video.currentTime, latency]);
  seen.rates.push(video.playbackRate);
  video.requestVideoFrameCallback(onPicture);
}}

function onTime() {{
  const now = performance.now();
  if (video.currentTime !== last) {{
    if (now - moved > 150) seen.stalls.push([last, now - moved]);
    last = video.currentTime;
    moved = now;
  }}
}}

video.addEventListener("waiting", () => seen.waits++);
video.requestVideoFrameCallback(onPicture);
setInterval(onTime, 20);
"""


def picture(stamp):
    """One picture in I420 with @stamp, 16 bits, in the blocks on its top."""
    block = WIDTH // media.BITS
    row = b"".join(
        bytes([235 if stamp >> bit & 1 else 16]) * block
        for bit in range(media.BITS))
    rest = HEIGHT - media.BLOCK_ROWS
    column = stamp // 40 % WIDTH
    line = bytearray(b"\x50" * WIDTH)
    line[column:column + 40] = b"\xb0" * len(line[column:column + 40])
    luma = row * media.BLOCK_ROWS + bytes(line) * rest
    return luma + b"\x80" * (WIDTH * HEIGHT // 2)


class Publisher(Process):
    """ffmpeg that encodes what a thread shows it, without delay."""

    def __init__(self, url, gop=50, extra=()):
        super().__init__(
            ["ffmpeg", "-v", "error",
             "-f", "rawvideo", "-pix_fmt", "yuv420p", "-s",
             f"{WIDTH}x{HEIGHT}", "-r", str(FPS),
             "-use_wallclock_as_timestamps", "1", "-i", "pipe:0",
             "-re", "-f", "lavfi", "-use_wallclock_as_timestamps", "1",
             "-i", "aevalsrc=0.1*sin(2*PI*440*t):s=48000:c=stereo:n=960",
             "-map", "0:v", "-map", "1:a",
             "-fps_mode", "passthrough", "-c:v", "libx264",
             "-preset", "ultrafast", "-tune", "zerolatency",
             "-pix_fmt", "yuv420p", "-g", str(gop), "-keyint_min", str(gop),
             "-sc_threshold", "0", "-c:a", "aac", "-b:a", "96k",
             "-flush_packets", "1", *extra, "-f", "flv",
             "-flvflags", "no_duration_filesize", url],
            stdin=subprocess.PIPE)
        self.stopped = threading.Event()
        self.thread = threading.Thread(target=self._show, daemon=True)
        self.thread.start()

    def _show(self):
        start = time.time()
        number = 0
        while not self.stopped.wait(
                max(0, start + number / FPS - time.time())):
            stamp = round(time.time() * 1000) & 0xffff
            try:
                self.process.stdin.write(picture(stamp))
                self.process.stdin.flush()
            except (BrokenPipeError, ValueError):
                return
            number += 1

    def __exit__(self, *unused):
        self.stopped.set()
        self.thread.join()
        super().__exit__(*unused)
        self.process.stdin.close()


def percentile(values, part):
    values = sorted(values)
    return values[min(len(values) - 1, int(len(values) * part))]


def figures(page, after=0):
    """What the page has seen since media time @after, seconds and counts."""
    seen = page.evaluate("window.glass")
    latencies = [latency / 1000 for time, latency in seen["latencies"]
                 if time >= after]
    stalls = [length / 1000 for time, length in seen["stalls"]
              if time >= after]
    return {
        "pictures": len(latencies),
        "p50": percentile(latencies, 0.5),
        "p95": percentile(latencies, 0.95),
        "stalls": len(stalls),
        "stalled": sum(stalls),
        "waits": seen["waits"],
        "rates": (min(seen["rates"]), max(seen["rates"])),
    }


def publish(url, **kwargs):
    return Publisher(url, **kwargs)
