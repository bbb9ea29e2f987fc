# SPDX-License-Identifier: MIT
"""The index page and /status.json: what they say is what goes on."""

import contextlib
import datetime
import subprocess
import urllib.parse

import pytest

import browser
import media
from gateway import Gateway, Process, publish, wait_until

BOTH = ["rtsp", "dash"]
needs_browser = pytest.mark.skipif(
    not browser.available(), reason="no Chromium")


def track_of(route, kind):
    return next((t for t in route["tracks"] if t["kind"] == kind), None)


def output_of(route, kind):
    return next(o for o in route["outputs"] if o["type"] == kind)


def time_of(text):
    return datetime.datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(
        tzinfo=datetime.timezone.utc)


def rate_of(clip, stream):
    """Bit/s of a track of a clip, without what the container adds."""
    sizes = subprocess.run(
        ["ffprobe", "-v", "error", "-select_streams", stream, "-show_entries",
         "packet=size", "-of", "csv=p=0", clip], check=True, text=True,
        capture_output=True, timeout=30).stdout.replace(",", " ").split()
    return sum(map(int, sizes)) * 8 / 10


def read_rtsp(url, transport="tcp"):
    return Process(["ffmpeg", "-nostdin", "-v", "error", "-rtsp_transport",
                    transport, "-i", url, "-c", "copy", "-f", "null", "-"])


def read_dash(url, program):
    return Process(["ffmpeg", "-nostdin", "-v", "error", "-user_agent",
                    program, "-re", "-i", url, "-c", "copy", "-f", "null",
                    "-"])


def test_figures_of_an_online_route_are_those_of_the_stream():
    clip = media.clip(seconds=10, gop=50)
    routes = {"live/*": {"input": "publish", "outputs": BOTH}}
    with Gateway(routes) as gateway, publish(clip, gateway.rtmp("live/one")):
        def settled():
            route = gateway.route("live/one")
            video = route and track_of(route, "video")
            return route if video and video["access-units"] > 300 else None
        route = wait_until(settled, 40, "300 pictures")
        status = gateway.status()
        assert route["state"] == "online"
        assert route["template"] == "live/*"
        age = (time_of(status["time"]) - time_of(route["since"])).seconds
        assert 8 <= age <= 40
        assert route["input"]["type"] == "publish"
        assert route["input"]["state"] == "running"
        assert route["input"]["reason"] is None
        assert 8 <= (time_of(status["time"]) -
                     time_of(route["input"]["since"])).seconds <= 41

        video, audio = track_of(route, "video"), track_of(route, "audio")
        assert video["codec"] == "H.264"
        assert video["mime-codec"].lower().startswith("avc1.42c0")
        assert (video["width"], video["height"]) == (320, 240)
        assert video["fps"] == pytest.approx(25, abs=1)
        assert video["gop-ms"] == pytest.approx(2000, abs=60)
        assert video["gop-frames"] == 50
        assert 0 <= video["keyframe-age-ms"] <= 2500
        assert video["bitrate"] == pytest.approx(rate_of(clip, "v:0"), rel=0.2)
        assert audio["codec"] == "AAC"
        assert audio["mime-codec"] == "mp4a.40.2"
        assert (audio["rate"], audio["channels"]) == (48000, 2)
        assert audio["bitrate"] == pytest.approx(rate_of(clip, "a:0"), rel=0.2)
        assert output_of(route, "rtsp")["url-path"] == "/live/one"
        dash = output_of(route, "dash")
        assert dash["manifest"] == "/live/one/manifest.mpd"
        assert (dash["video"], dash["audio"]) == ("copied", "copied")


def test_rates_are_right_as_soon_as_they_are_told():
    clip = media.clip(seconds=10, gop=50)
    routes = {"live/*": {"input": "publish", "outputs": BOTH}}
    with Gateway(routes) as gateway, publish(clip, gateway.rtmp("live/one")):
        def video_when(condition, what):
            def check():
                route = gateway.route("live/one")
                video = route and track_of(route, "video")
                return video if video and condition(video) else None
            return wait_until(check, 20, what)
        early = video_when(lambda video: True, "a picture")
        assert early["access-units"] > 25 or (
            early["fps"] is None and early["bitrate"] is None)
        first = video_when(lambda video: video["fps"] is not None, "a rate")
        # Over a second or two; a few pictures may still be on their way.
        assert first["fps"] == pytest.approx(25, abs=3)
        assert first["bitrate"] == pytest.approx(rate_of(clip, "v:0"), rel=0.4)


def test_viewers_are_counted_while_they_watch():
    clip = media.clip(seconds=10, gop=50)
    routes = {"cam": {"input": {"type": "file", "path": clip, "loop": True},
                      "outputs": BOTH}}

    def count(kind):
        return output_of(gateway.route("cam"), kind)["readers"]

    with Gateway(routes) as gateway:
        gateway.wait_manifest("cam")
        assert (count("rtsp"), count("dash")) == (0, 0)
        manifest = gateway.http("cam/manifest.mpd")
        with contextlib.ExitStack() as viewers:
            for transport in ("tcp", "udp"):
                viewers.enter_context(
                    read_rtsp(gateway.rtsp("cam"), transport))
            for program in ("one/1", "two/1", "three/1"):
                viewers.enter_context(read_dash(manifest, program))
            wait_until(lambda: (count("rtsp"), count("dash")) == (2, 3), 20,
                       "two viewers over RTSP, three over DASH")
            assert len(output_of(gateway.route("cam"), "rtsp")["sessions"]) == 2
        # UDP viewers killed without TEARDOWN close their RTSP connection too.
        wait_until(lambda: (count("rtsp"), count("dash")) == (0, 0), 40,
                   "nobody to be counted")


def test_offline_routes_tell_why():
    missing = "/nonexistent/penstock.mp4"
    routes = {
        "camera": {"input": "rtsp://127.0.0.1:1/none", "outputs": BOTH},
        "nobody": {"input": "publish", "outputs": BOTH},
        "gone": {"input": {"type": "file", "path": missing}, "outputs": BOTH},
    }
    with Gateway(routes) as gateway:
        def failed():
            reasons = [gateway.route(name)["input"]["reason"]
                       for name in ("camera", "gone")]
            # Why a connection fails is looked for a moment later.
            found = all(reasons) and "refused" in reasons[0]
            return reasons if found else None
        camera, gone = wait_until(failed, 20, "reasons of both")
        assert "127.0.0.1:1" in camera
        assert missing in gone
        for name in routes:
            route = gateway.route(name)
            assert route["state"] == "offline"
            assert route["tracks"] == []
            assert time_of(route["since"]) <= time_of(gateway.status()["time"])
        assert gateway.route("nobody")["input"]["state"] == "waiting"
        assert gateway.route("camera")["input"]["attempts"] >= 1


def card(page, name):
    return page.evaluate(
        f"document.querySelector('.card[data-route=\"{name}\"]')?.innerText")


def hosts_asked(page):
    urls = page.evaluate(
        "performance.getEntriesByType('resource').map(e => e.name)")
    return {urllib.parse.urlsplit(url).netloc for url in urls
            if url.startswith("http")}


@needs_browser
def test_index_page_shows_states_figures_links_and_reasons():
    clip = media.clip(seconds=10, gop=50)
    pcma = media.clip(audio="pcma", seconds=10, container="mkv")
    routes = {
        "live/*": {"input": "publish", "outputs": BOTH},
        "camera": {"input": "rtsp://127.0.0.1:1/none", "outputs": BOTH},
        "nobody": {"input": "publish", "outputs": BOTH},
        "pcma": {"input": {"type": "file", "path": pcma, "loop": True},
                 "outputs": BOTH},
    }
    with Gateway(routes) as gateway, browser.Browser() as page:
        page.open(gateway.http())
        page.wait_until("document.querySelectorAll('.card').length == 3")
        with publish(clip, gateway.rtmp("live/one")):
            # A stream that appears is shown without a reload.
            page.wait_until(
                "/Online[^]*H.264[^]*25 fps[^]*GOP 2.0 s/.test("
                "document.querySelector('[data-route=\"live/one\"]')"
                ".innerText)", timeout=40)
            one = card(page, "live/one")
            assert "320×240" in one and "AAC 48 kHz · stereo" in one
            assert "Not reachable" in card(page, "camera")
            assert "refused" in card(page, "camera")
            assert "Waiting for a publisher" in card(page, "nobody")
            # What is not as it came is said.
            page.wait_until(
                "/encoded to AAC/.test(document.querySelector("
                "'[data-route=\"pcma\"]').innerText)")
            links = page.evaluate(
                "[...document.querySelectorAll('[data-route=\"live/one\"] a,"
                "[data-route=\"live/one\"] button')]"
                ".map(e => e.href || e.dataset.address)")
            port = gateway.ports
            assert gateway.http("live/one/") in links
            assert gateway.http("live/one/manifest.mpd") in links
            assert f"rtsp://127.0.0.1:{port['rtsp']}/live/one" in links
            assert f"rtmp://127.0.0.1:{port['rtmp']}/live/one" in links
            assert page.evaluate("document.body.innerText").count(
                f"rtmp://127.0.0.1:{port['rtmp']}/live/NAME") == 1
        page.wait_until(
            "!/Online/.test(document.querySelector("
            "'[data-route=\"live/one\"]')?.innerText || '')")
        assert page.console() == []
        assert hosts_asked(page) == {f"127.0.0.1:{port['http']}"}


@needs_browser
def test_player_page_is_quiet_and_asks_nobody_else():
    clip = media.clip(seconds=10, gop=50)
    routes = {"one": {"input": {"type": "file", "path": clip, "loop": True},
                      "outputs": BOTH},
              "nobody": {"input": "publish", "outputs": BOTH},
              "rtsp-only": {"input": "publish", "outputs": ["rtsp"]}}
    with Gateway(routes) as gateway, browser.Browser() as page:
        gateway.wait_manifest("one")
        page.open(gateway.http("one/"))
        page.wait_until("penstock.state == 'playing' && "
                        "penstock.decodedFrames > 50", timeout=40)
        assert page.console() == []
        assert hosts_asked(page) == {f"127.0.0.1:{gateway.ports['http']}"}
        assert page.evaluate("penstock.attachments") == 1
        assert page.evaluate("penstock.errors") == []

        page.open(gateway.http("nobody/"))
        page.wait_until("/Nobody publishes/.test(document.body.innerText)")
        page.wait_until("performance.now() > 4000")
        assert page.console() == []

        page.open(gateway.http("rtsp-only/"))
        page.wait_until("/no .dash. output/.test(document.body.innerText)")


@needs_browser
def test_player_page_names_a_codec_that_the_browser_lacks():
    clip = media.clip(video="h265", audio=None, seconds=10)
    routes = {"one": {"input": {"type": "file", "path": clip, "loop": True},
                      "outputs": BOTH}}
    with Gateway(routes) as gateway, browser.Browser() as page:
        gateway.wait_manifest("one")
        page.open(gateway.http("one/"))
        if page.evaluate("MediaSource.isTypeSupported("
                         "'video/mp4; codecs=\"hvc1.1.6.L60.90\"')"):
            pytest.skip("this Chromium decodes H.265")
        text = page.wait_until(
            "penstock.state == 'unsupported' && "
            "document.getElementById('curtain').innerText")
        assert "cannot decode" in text and "hvc1.1.6" in text
        assert gateway.rtsp("one") in page.evaluate("document.body.innerText")
        assert page.console() == []
