# SPDX-License-Identifier: MIT
"""nginx as a cache in front of the gateway, with config/nginx.conf."""

import os
import subprocess
import tempfile

import pytest

import nginx
from gateway import Gateway, build_dir, environment

pytestmark = pytest.mark.skipif(not nginx.available(), reason="no nginx")

MPD = ('<MPD type="dynamic" timeShiftBufferDepth="PT30S" title="{}">'
       '<Period id="p0"/></MPD>\n')
# What nginx may keep back of a chunk: a buffer that is not full.
KEPT_BACK = 1024


class Store:
    """The HTTP server with the routes "plain" and "live/one", whose files grow
    as the test says."""

    def __init__(self):
        self.folder = tempfile.TemporaryDirectory(prefix="penstock-store-")
        self.process = subprocess.Popen(
            [os.path.join(build_dir(), "tests", "api", "http-serve"), "0",
             "/dev/null", f"plain={self.folder.name}",
             f"live/one={self.folder.name}"], text=True, env=environment(),
            stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.port = int(self.process.stdout.readline())

    def _command(self, *words):
        self.process.stdin.write(" ".join(words) + "\n")
        self.process.stdin.flush()
        assert self.process.stdout.readline() == "ok\n", words

    def append(self, route, path, data):
        # Not in the folder: what is there is whole.
        with tempfile.NamedTemporaryFile() as file:
            file.write(data)
            file.flush()
            self._command("append", route, path, file.name)

    def finish(self, route, path):
        self._command("finish", route, path)

    def put(self, route, path, data):
        self.append(route, path, data)
        self.finish(route, path)

    def expect(self, route, path, ms):
        self._command("expect", route, path, str(ms))

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.process.terminate()
        self.process.wait(20)
        self.process.stdin.close()
        self.process.stdout.close()
        self.folder.cleanup()


@pytest.fixture(name="store")
def fixture_store():
    with Store() as store:
        yield store


@pytest.fixture(name="cache")
def fixture_cache(store):
    with nginx.Nginx(store.port) as cache:
        yield cache


def chunk(number, size=20000):
    return bytes([65 + number]) * size


def status(answer):
    return answer.getheader("X-Cache-Status")


def test_whole_segment_is_asked_for_once(store, cache):
    store.put("plain", "v0/1.m4s", chunk(1))
    first, body = cache.get("/plain/v0/1.m4s?token=1")
    assert (first.status, status(first), body) == (200, "MISS", chunk(1))
    second, body = cache.get("/plain/v0/1.m4s?token=2")
    assert (second.status, status(second), body) == (200, "HIT", chunk(1))
    for answer in first, second:
        assert answer.getheader("Access-Control-Allow-Origin") == "*"
        assert answer.getheader("Cache-Control") == "public, max-age=60"
        assert answer.getheader("ETag") == first.getheader("ETag")
    part, body = cache.get("/plain/v0/1.m4s", Range="bytes=5-8")
    assert (part.status, status(part), body) == (206, "HIT", chunk(1, 4))


def test_growing_segment_is_asked_for_once_and_comes_as_it_grows(store, cache):
    store.append("plain", "v0/1.m4s", chunk(1))
    first = cache.ask("/plain/v0/1.m4s").getresponse()
    assert status(first) == "MISS"
    assert first.read(10000) == chunk(1, 10000)
    others = [cache.ask("/plain/v0/1.m4s") for _ in range(5)]
    store.append("plain", "v0/1.m4s", chunk(2))
    assert first.read(20000) == chunk(1, 10000) + chunk(2, 10000)
    store.finish("plain", "v0/1.m4s")
    assert first.read() == chunk(2, 10000)
    for other in others:
        answer = other.getresponse()
        assert status(answer) == "HIT"
        assert answer.read() == chunk(1) + chunk(2)


def test_low_latency_segment_comes_to_everybody_as_it_grows(store, cache):
    store.append("live/one", "v0/1.m4s", chunk(1))
    clients = [cache.ask("/live/one/v0/1.m4s").getresponse() for _ in range(5)]
    early = len(chunk(1)) - KEPT_BACK
    for client in clients:
        assert client.read(early) == chunk(1, early)
    store.append("live/one", "v0/1.m4s", chunk(2))
    for client in clients:
        assert client.read(20000) == chunk(1, KEPT_BACK) + chunk(2, early)
    store.finish("live/one", "v0/1.m4s")
    for client in clients:
        assert client.read() == chunk(2, KEPT_BACK)
    late, body = cache.get("/live/one/v0/1.m4s")
    assert (status(late), body) == ("HIT", chunk(1) + chunk(2))


@pytest.mark.parametrize("route", ["plain", "live/one"])
def test_early_404_is_not_kept(store, cache, route):
    path = f"/{route}/v0/7.m4s"
    for _ in range(2):
        answer, _ = cache.get(path)
        assert answer.status == 404
        assert answer.getheader("Cache-Control") == "no-store"
        assert answer.getheader("Access-Control-Allow-Origin") == "*"
    store.put(route, "v0/7.m4s", chunk(7))
    answer, body = cache.get(path)
    assert (answer.status, body) == (200, chunk(7))


@pytest.mark.parametrize("route", ["plain", "live/one"])
def test_request_a_moment_early_is_held_and_answered(store, cache, route):
    store.put(route, "v0/1.m4s", chunk(1))
    store.expect(route, "v0/2.m4s", 20000)
    clients = [cache.ask(f"/{route}/v0/2.m4s") for _ in range(3)]
    store.put(route, "v0/2.m4s", chunk(2))
    for client in clients:
        answer = client.getresponse()
        assert answer.status == 200
        assert answer.read() == chunk(2)


def test_manifest_is_never_old_and_names_the_clock_as_the_browser_does(
        store, cache):
    path = os.path.join(store.folder.name, "manifest.mpd")
    seen = []
    for title in "one", "two":
        with open(path + ".tmp", "w", encoding="ascii") as file:
            file.write(MPD.format(title))
        os.rename(path + ".tmp", path)
        # The server has it when the folder's monitor has told it.
        while True:
            answer, body = cache.get("/plain/manifest.mpd", Host="tv.example")
            if answer.status == 200 and title.encode() in body:
                break
        assert b'value="http://tv.example/time"' in body
        seen.append(answer.getheader("ETag"))
    assert seen[0] != seen[1]
    answer, body = cache.get("/plain/manifest.mpd", If_None_Match=seen[1])
    assert (answer.status, body) == (304, b"")
    answer, _ = cache.get("/time")
    assert answer.getheader("Cache-Control") == "no-store"


def test_ffmpeg_plays_through_the_cache():
    test = {"type": "test", "width": 320, "height": 240, "bitrate-kbps": 300}
    routes = {"test": {"input": test, "outputs": ["dash"]}}
    with Gateway(routes) as gateway:
        gateway.wait_manifest("test")
        with nginx.Nginx(gateway.ports["http"]) as cache:
            result = subprocess.run(
                ["ffmpeg", "-nostdin", "-v", "error", "-i",
                 f"http://127.0.0.1:{cache.port}/test/manifest.mpd", "-map",
                 "0:v", "-frames:v", "50", "-f", "null", "-"],
                capture_output=True, text=True, timeout=60)
            assert result.returncode == 0, result.stderr
