#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Five viewers for two seconds, so that the programs of the benchmarks work
when they are needed. The first argument is the build directory."""

import json
import os
import subprocess
import sys
import tempfile


def main():
    programs = os.path.join(sys.argv[1], "tests", "bench")
    with tempfile.TemporaryDirectory() as folder:
        clip = os.path.join(folder, "clip.mp4")
        # 64 pictures are as long as 120 AAC frames.
        subprocess.run(
            ["ffmpeg", "-nostdin", "-v", "error", "-f", "lavfi", "-t", "2.56",
             "-i", "testsrc2=size=320x180:rate=25", "-f", "lavfi", "-t", "3",
             "-i", "sine=sample_rate=48000", "-c:v", "libx264", "-preset",
             "ultrafast", "-tune", "zerolatency", "-g", "16", "-pix_fmt",
             "yuv420p", "-c:a", "aac", clip], check=True)
        server = subprocess.Popen(
            [os.path.join(programs, "stock-server"), clip],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
        try:
            url = server.stdout.readline().strip()
            for transport in ([], ["--udp"]):
                output = subprocess.check_output(
                    [os.path.join(programs, "rtsp-load"), "-n", "5", "--join",
                     "0.2", "--measure", "1", "--server-pid", str(server.pid),
                     "--json", "-", *transport, url], text=True)
                check(json.loads(output))
        finally:
            server.kill()
            server.wait()
            server.stdout.close()


def check(result):
    normal = result["normal"]
    assert result["playing"] == 5, result
    assert normal["failed"] == normal["without-keyframe"] == 0, result
    assert result["join-from-connect-ms"]["n"] == 5, result
    assert result["latency-ms"]["n"] >= 5, result
    assert 0 < result["latency-ms"]["p50"] < 2000, result
    assert result["frames-percent"] > 50, result
    assert result["server"]["rss-kb"] > 0, result


if __name__ == "__main__":
    main()
