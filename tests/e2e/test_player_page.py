# SPDX-License-Identifier: MIT
"""What a viewer can do on the player page."""

import pytest

import browser
import media
from gateway import Gateway

pytestmark = pytest.mark.skipif(not browser.available(), reason="no Chromium")

CHOOSE = """
const input = document.getElementById("target");
input.value = arguments[0];
input.dispatchEvent(new Event("input"));
input.dispatchEvent(new Event("change"));
"""


@pytest.fixture(name="gateway", scope="module")
def fixture_gateway():
    def route(**options):
        return {"input": {"type": "file", "path": media.clip(
            seconds=10, gop=25), "loop": True},
                "outputs": [{"type": "dash", **options}]}
    with Gateway({"low": route(**{"low-latency": True, "latency-ms": 1500,
                                  "segment-ms": 1000}),
                  "live/two": route()}) as gateway:
        for name in ("low", "live/two"):
            gateway.wait_manifest(name)
        yield gateway


@pytest.fixture(name="page", scope="module")
def fixture_page():
    with browser.Browser() as page:
        yield page


def plays(page):
    page.wait_until("penstock.state == 'playing'", timeout=40)


def test_playing_starts_at_the_latency_and_keeps_another_one(gateway, page):
    page.open(gateway.http("low/"))
    plays(page)
    assert page.evaluate("penstock.target") == pytest.approx(1.5, abs=0.01)
    page.wait_until("Math.abs(penstock.latency - 1.5) < 0.25", timeout=20)
    page.run(CHOOSE, "3")
    assert page.evaluate("penstock.target") == pytest.approx(3, abs=0.01)
    assert page.evaluate(
        "document.getElementById('target-value').innerText") == "3.0 s"
    page.wait_until("Math.abs(penstock.latency - 3) < 0.4", timeout=20)
    page.run("document.getElementById('target-reset').click()")
    page.wait_until("Math.abs(penstock.latency - 1.5) < 0.25", timeout=20)
    assert page.evaluate("penstock.attachments") == 1
    assert page.evaluate("penstock.errors") == []


def test_another_stream_is_chosen_from_the_list(gateway, page):
    page.open(gateway.http("low/"))
    page.wait_until("document.getElementById('streams').options.length == 2")
    assert page.evaluate("document.getElementById('streams').value") == "low"
    page.run("const list = document.getElementById('streams');"
             "list.value = 'live/two';"
             "list.dispatchEvent(new Event('change'));")
    page.wait_until("location.pathname == '/live/two/'")
    plays(page)
    page.wait_until(
        "document.getElementById('streams').value == 'live/two'")


def test_page_fits_a_phone_and_the_keyboard_reaches_everything(
        gateway, page, tmp_path):
    page.set_size(360, 740)
    try:
        page.open(gateway.http("low/"))
        plays(page)
        page.wait_until("!document.getElementById('latency-control').hidden && "
                        "!document.getElementById('streams-control').hidden")
        assert page.evaluate(
            "document.scrollingElement.scrollWidth") <= 360
        page.screenshot(tmp_path / "phone.png")
        seen = page.run("""
          const all = "a[href], button, input, select, video";
          const hidden = (one) => one.closest("[hidden]");
          const unnamed = [];
          for (const one of document.querySelectorAll(all)) {
            if (hidden(one)) continue;
            one.focus();
            const name = one.getAttribute("aria-label") || one.innerText ||
              (one.labels && one.labels.length) || one.querySelector("img[alt]");
            if (document.activeElement !== one || !name)
              unnamed.push(one.outerHTML);
          }
          return unnamed;
        """)
        assert seen == []
    finally:
        page.driver.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
