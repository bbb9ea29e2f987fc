# SPDX-License-Identifier: MIT
"""Regular segments that players count: Chromium and the checker read them."""

import re
import signal
import urllib.error

import pytest

import browser
import dash_check
import media
from gateway import Gateway, publish, wait_until

ROUTES = {"live/*": {"input": "publish", "publisher-grace-ms": 60000,
                     "outputs": [{"type": "dash", "addressing": "auto"}]}}
POSITION = "document.querySelector('video').currentTime"


def plays_on(page, seconds):
    """The picture moves by so much from where it is."""
    first = page.evaluate(POSITION)
    page.wait_until(f"{POSITION} > {first} + {seconds}",
                    timeout=20 + 3 * seconds)


def periods(gateway):
    return gateway.get("live/one/manifest.mpd").decode().split("<Period ")[1:]


def n_periods(gateway):
    return len(periods(gateway))


def is_listed(gateway, period=0):
    return "SegmentTimeline" in periods(gateway)[period]


def start_of(gateway, period):
    """Seconds since 1970, as players count."""
    return re.search(r'start="PT([\d.]+)S"', periods(gateway)[period])[1]


def numbers(gateway):
    """The number each Period starts with."""
    return [int(re.search(r'startNumber="(\d+)"', period)[1])
            for period in periods(gateway)]


def test_counted_segments_keep_the_rules():
    clip = media.clip(seconds=10, gop=50)
    with Gateway(ROUTES) as gateway, publish(clip, gateway.rtmp("live/one")):
        manifest = gateway.wait_manifest("live/one").decode()
        assert "SegmentTimeline" not in manifest
        assert 'duration="180000"' in manifest
        checker = dash_check.check(
            gateway.http("live/one/manifest.mpd"), watch=6)
        assert not checker.problems, "\n".join(checker.problems)
        assert checker.read_segments >= 6
        assert n_periods(gateway) == 1


@pytest.mark.parametrize("away", [False, True], ids=["at once", "later"])
@pytest.mark.skipif(not browser.available(), reason="no Chromium")
def test_chromium_plays_on_when_the_publisher_is_killed_and_returns(away):
    clip = media.clip(seconds=10, gop=50)
    with Gateway(ROUTES) as gateway, browser.Browser() as page:
        with publish(clip, gateway.rtmp("live/one")) as first:
            gateway.wait_manifest("live/one")
            page.open(gateway.http("live/one/"))
            page.wait_until(f"{POSITION} > 0", timeout=30)
            plays_on(page, 3)
            first.kill()
        if away:
            wait_until(lambda: is_listed(gateway), 20, "the end of counting")
        with publish(clip, gateway.rtmp("live/one")):
            wait_until(lambda: n_periods(gateway) == 2, 20, "a new Period")
            assert not is_listed(gateway, period=1)
            page.wait_until(f"{POSITION} > {start_of(gateway, 1)}", timeout=40)
            plays_on(page, 3)


@pytest.mark.skipif(not browser.available(), reason="no Chromium")
def test_chromium_plays_on_when_the_publisher_only_pauses():
    clip = media.clip(seconds=10, gop=50)
    with Gateway(ROUTES) as gateway, browser.Browser() as page:
        with publish(clip, gateway.rtmp("live/one")) as publisher:
            gateway.wait_manifest("live/one")
            page.open(gateway.http("live/one/"))
            page.wait_until(f"{POSITION} > 0", timeout=30)
            plays_on(page, 2)
            publisher.process.send_signal(signal.SIGSTOP)
            wait_until(lambda: is_listed(gateway), 20, "the end of counting")
            publisher.process.send_signal(signal.SIGCONT)
            plays_on(page, 8)


def test_counting_ends_while_the_source_is_away():
    clip = media.clip(seconds=10, gop=50)
    with Gateway(ROUTES) as gateway:
        url = gateway.http("live/one/manifest.mpd")
        with publish(clip, gateway.rtmp("live/one")) as first:
            gateway.wait_manifest("live/one")
            checker = dash_check.check(url, watch=3)
            first.kill()
        wait_until(lambda: is_listed(gateway), 20, "the end of counting")
        checker.check()
        with publish(clip, gateway.rtmp("live/one")):
            wait_until(lambda: n_periods(gateway) == 2, 20, "a new Period")
            checker.check()
            before, after = numbers(gateway)
            assert after > before + 5, (before, after)
            with pytest.raises(urllib.error.HTTPError, match="404"):
                gateway.get(f"live/one/v0/{after - 1}.m4s")
            checker.check()
        checker.check_unchanged()
        assert not checker.problems, "\n".join(checker.problems)
