# SPDX-License-Identifier: MIT
"""Shaka Player and hls.js in Chromium: what they play, and what they survive."""

import pytest

import browser
import media
import players
from gateway import Gateway, publish, wait_until

POSITION = "document.querySelector('video').currentTime"
WIDTH = "document.querySelector('video').videoWidth"

pytestmark = pytest.mark.skipif(not browser.available(), reason="no Chromium")


def starts(page, seconds):
    """Plays for so long."""
    page.wait_until(f"{POSITION} > 0", timeout=40)
    goes_on(page, seconds)


def goes_on(page, seconds):
    start = page.evaluate(POSITION)
    page.wait_until(f"{POSITION} > {start} + {seconds}", timeout=60)


def has_no_fatal_problem(page):
    problems = page.evaluate("window.problems")
    assert not [one for one in problems if "fatal" in one], problems


@pytest.mark.skipif(not players.available("shaka"), reason="no Shaka Player")
def test_shaka_plays_dash_of_both_kinds_without_an_error():
    def route(**options):
        return {"input": {"type": "file", "path": media.clip(
            seconds=10, gop=25), "loop": True},
                "outputs": [{"type": "dash", "segment-ms": 1000, **options}]}
    with Gateway({"plain": route(),
                  "low": route(**{"low-latency": True, "latency-ms": 2000})}
                 ) as gateway, players.Page("shaka") as site, \
            browser.Browser() as page:
        gateway.wait_manifest("plain")
        page.open(site.url(gateway.http("low/manifest.mpd"), low=1))
        starts(page, 2)
        assert page.evaluate("window.problems") == []
        page.open(site.url(gateway.http("plain/manifest.mpd")))
        starts(page, 2)
        assert page.evaluate("window.problems") == []


ROUTES = {"live/*": {
    "input": "publish", "publisher-grace-ms": 60000,
    "outputs": [{"type": "dash", "segment-ms": 1000, "low-latency": True,
                 "latency-ms": 2000}]}}


@pytest.mark.long
@pytest.mark.skipif(not players.available("hls"), reason="no hls.js")
def test_hls_js_survives_a_publisher_that_returns_with_another_size():
    small = media.clip(seconds=10, gop=25)
    large = media.clip(seconds=10, gop=25, size="640x480")
    with Gateway(ROUTES) as gateway, players.Page("hls") as site, \
            browser.Browser() as page:
        with publish(small, gateway.rtmp("live/one")) as first:
            gateway.wait_manifest("live/one")
            page.open(site.url(gateway.http("live/one/master.m3u8")))
            starts(page, 3)
            first.kill()
        with publish(small, gateway.rtmp("live/one")) as second:
            goes_on(page, 6)
            second.kill()
        with publish(large, gateway.rtmp("live/one")):
            page.wait_until(f"{WIDTH} == 640", timeout=60)
            goes_on(page, 4)
        has_no_fatal_problem(page)


@pytest.mark.long
@pytest.mark.skipif(not players.available("hls"), reason="no hls.js")
def test_hls_js_goes_on_after_the_gateway_was_started_again():
    clip = media.clip(seconds=10, gop=25)
    routes = {"one": {"input": {"type": "file", "path": clip, "loop": True},
                      "outputs": [{"type": "dash", "segment-ms": 1000}]}}
    with players.Page("hls") as site, browser.Browser() as page:
        with Gateway(routes) as gateway:
            gateway.wait_manifest("one")
            port = gateway.ports["http"]
            page.open(site.url(gateway.http("one/master.m3u8")))
            starts(page, 3)
        with Gateway(routes, listen={"http": f"127.0.0.1:{port}",
                                     "rtmp": "127.0.0.1:0",
                                     "rtsp": "127.0.0.1:0"}) as gateway:
            wait_until(lambda: gateway.wait_manifest("one"), 20, "a manifest")
            goes_on(page, 8)
        has_no_fatal_problem(page)
