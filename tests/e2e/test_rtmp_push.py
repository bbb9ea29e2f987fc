# SPDX-License-Identifier: MIT
"""A gateway pushes over RTMP: to another gateway, and to ffmpeg as a server
that is not ours."""

import os
import socket

import media
import streams
from gateway import Gateway, Process, probe, publish, wait_until

SECONDS = 5
KEY = "s3cret-key"


def free_port():
    with socket.socket() as probe_socket:
        probe_socket.bind(("127.0.0.1", 0))
        return probe_socket.getsockname()[1]


def pushing(*pushes):
    return {"live/one": {"input": "publish", "outputs": ["rtmp", *pushes]}}


def push_of(gateway, number=1):
    return gateway.route("live/one")["outputs"][number]


def wait_push(gateway, state, number=1):
    return wait_until(
        lambda: push_of(gateway, number).get("state") == state
        and push_of(gateway, number), 30,
        lambda: f"{state}: {push_of(gateway, number)}\n{gateway.log()}")


def assert_exact(url, clip):
    """What is played from @url is a run of the clip, bit for bit."""
    video, audio = streams.record(
        url, "h264", ["-rtsp_transport", "tcp"], SECONDS)
    streams.assert_run_of(video, streams.read_video(clip, "h264"),
                          (SECONDS - 1) * media.FPS, "video")
    streams.assert_run_of(audio, streams.read_packets(clip, "a:0"),
                          (SECONDS - 1) * 40, "audio")


def test_gateway_pushes_to_a_gateway(tmp_path):
    clip = media.clip(video="h264-b", seconds=20)
    key_file = tmp_path / "key"
    key_file.write_text(f"in?key={KEY}\n")
    target = {"up/in": {"input": "publish", "outputs": ["rtsp"],
                        "publish": {"key": KEY}}}
    with Gateway(target) as upstream:
        routes = pushing({"type": "rtmp-push", "url": upstream.rtmp("up"),
                          "key-file": str(key_file)})
        with Gateway(routes) as gateway, publish(
                clip, gateway.rtmp("live/one")):
            upstream.wait_state("up/in", "online")
            status = wait_push(gateway, "publishing")
            assert status["url"] == upstream.rtmp("up")
            assert "reason" not in status and status["since"], status
            assert_exact(upstream.rtsp("up/in"), clip)
            status = push_of(gateway)
            assert status["connections"] == 1 and status["skips"] == 0
            assert status["bytes-sent"] > 10000
            assert KEY not in gateway.get("status.json").decode()
            assert KEY not in gateway.log()
        # It has said goodbye: the route does not wait for its return.
        wait_until(lambda: upstream.route("up/in")["state"] == "ended", 10,
                   upstream.log)


def test_gateway_pushes_to_ffmpeg(tmp_path):
    clip = media.clip(seconds=20)
    url = f"rtmp://127.0.0.1:{free_port()}/live/in"
    record = os.path.join(tmp_path, "out.mkv")
    with Process(["ffmpeg", "-nostdin", "-v", "error", "-listen", "1",
                  "-f", "flv", "-i", url, "-c", "copy", record]) as server:
        with Gateway(pushing(url)) as gateway, publish(
                clip, gateway.rtmp("live/one")):
            gateway.wait_state("live/one", "online")
            status = wait_push(gateway, "publishing")
            wait_until(lambda: push_of(gateway)["bytes-sent"]
                       > 5 * os.path.getsize(clip) / 20, 30,
                       lambda: push_of(gateway))
            assert status["connections"] == 1
        code, _, errors = server.wait(20)
        assert code == 0, errors
    streams.assert_run_of(streams.read_video(record, "h264"),
                          streams.read_video(clip, "h264"), 3 * media.FPS,
                          "video in ffmpeg")
    streams.assert_run_of(streams.read_packets(record, "a:0"),
                          streams.read_packets(clip, "a:0"), 3 * 40,
                          "audio in ffmpeg")


def test_push_that_is_refused_hurts_no_other_output():
    clip = media.clip(seconds=10)
    target = {"up/in": {"input": "publish", "outputs": ["rtsp"],
                        "publish": {"key": "right"}},
              "up/two": {"input": "publish", "outputs": ["rtsp"]}}
    with Gateway(target) as upstream:
        routes = pushing(upstream.rtmp(f"up/in?key={KEY}"),
                         upstream.rtmp("up/two"))
        with Gateway(routes) as gateway, publish(
                clip, gateway.rtmp("live/one")):
            gateway.wait_state("live/one", "online")
            status = wait_until(
                lambda: push_of(gateway).get("failures", 0) > 1
                and push_of(gateway), 20, gateway.log)
            assert status["state"] == "retrying"
            assert "NetStream.Publish" in status["reason"]
            assert status["connections"] == 0
            wait_push(gateway, "publishing", 2)
            assert set(probe(gateway.rtmp("live/one"))) == {"video", "audio"}
            assert push_of(gateway, 2)["failures"] == 0
            assert push_of(gateway, 1)["restarts"] == 0
            told = [line for line in gateway.lines if "Push failed" in line]
            assert len(told) == 1, told
            assert KEY not in gateway.get("status.json").decode()
            assert KEY not in gateway.log()


def test_push_goes_on_when_the_server_comes_back():
    clip = media.clip(seconds=20)
    port = free_port()
    target = {"up/in": {"input": "publish", "outputs": ["rtsp"]}}
    listen = {"rtmp": f"127.0.0.1:{port}", "rtsp": "127.0.0.1:0",
              "http": "127.0.0.1:0"}
    push = {"type": "rtmp-push", "url": f"rtmp://127.0.0.1:{port}/up/in",
            "retry-max-ms": 500}
    with Gateway(pushing(push)) as gateway, publish(
            clip, gateway.rtmp("live/one")):
        status = wait_push(gateway, "retrying")
        assert "refused" in status["reason"], status
        with Gateway(target, listen=listen) as upstream:
            upstream.wait_state("up/in", "online")
            wait_push(gateway, "publishing")
        wait_push(gateway, "retrying")
        with Gateway(target, listen=listen) as upstream:
            upstream.wait_state("up/in", "online")
            status = wait_push(gateway, "publishing")
            assert status["connections"] == 2
            assert_exact(upstream.rtsp("up/in"), clip)
