# SPDX-License-Identifier: MIT
"""Publishers whose timestamps wrap, step back or jump: sound and picture stay
together, and a player just goes on. More of it is in the unit tests."""

import concurrent.futures

import pytest

import media
from gateway import Gateway
from rtmp_publisher import Publisher, of_clip

BREAK_MS = 2200
SECONDS = 4


def wraps_at(bits):
    """Shortly before the wrap at the begin."""
    return lambda track, when: (2 ** bits - BREAK_MS + when) % 2 ** bits


def jumps(first, then):
    return lambda track, when: when + (first if when < BREAK_MS else then)


STAMPS = {
    "wraps-at-32-bits": wraps_at(32),
    "wraps-at-31-bits": wraps_at(31),
    "steps-back-an-hour": jumps(3600000, 0),
    "jumps-an-hour": jumps(0, 3600000),
}


@pytest.fixture(scope="module")
def measured():
    """All at once, each played from its begin: name -> offsets in seconds."""
    tracks = of_clip(media.clip(seconds=10))
    routes = {f"live/{name}": {"input": "publish", "outputs": ["rtmp"]}
              for name in STAMPS}
    with Gateway(routes) as gateway, \
            concurrent.futures.ThreadPoolExecutor(len(STAMPS)) as pool:
        def measure(name):
            flashes, beeps = media.flash_and_beep_times(
                gateway.rtmp(f"live/{name}"), SECONDS, "320x240")
            return flashes, beeps, gateway.route(f"live/{name}")

        def publish_and_measure(name):
            with Publisher(gateway.ports["rtmp"], name, tracks,
                           stamp=STAMPS[name]):
                return measure(name)
        jobs = {name: pool.submit(publish_and_measure, name)
                for name in STAMPS}
        yield {name: job.result() for name, job in jobs.items()}


@pytest.mark.parametrize("name", STAMPS)
def test_sound_and_picture_stay_together(measured, name):
    flashes, beeps, route = measured[name]
    offsets = media.av_offsets(flashes, beeps)
    assert len(offsets) >= 3, (flashes, beeps)
    assert all(abs(offset) <= 0.020 for offset in offsets), (flashes, beeps)
    # From second to second, over the break too, which may be as long as the
    # machine was late.
    steps = [b - a for a, b in zip(flashes, flashes[1:])]
    assert all(abs(step - 1) < 0.5 for step in steps), flashes
    assert route["outputs"][0]["restarts"] == 0, route
