# SPDX-License-Identifier: MIT
"""What RTSP viewers are told of the clocks of audio and video."""

from concurrent.futures import ThreadPoolExecutor

import media
from gateway import Gateway
from rtsp_player import Player

N_ROUTES = 24
ROUNDS = 2
TOLERANCE = 0.002


def play(url):
    with Player(url) as player:
        player.read_until_reports()
        return player.streams


def test_first_viewers_are_told_the_same_clocks_by_all_means(monkeypatch):
    """RTP-Info and the very first sender reports agree on audio and video, and
    the packets begin where RTP-Info says. First viewers of many routes at once:
    each has a media of its own that is being built under load."""
    clip = media.clip(container="flv")
    routes = {f"clip/{number}": {"input": f"file:{clip}", "outputs": ["rtsp"]}
              for number in range(N_ROUTES)}
    # The library warns of packets whose time a report could not tell.
    monkeypatch.setenv("GST_DEBUG", "rtpsession:2")
    with Gateway(routes) as gateway, ThreadPoolExecutor(N_ROUTES) as pool:
        for name in routes:
            gateway.wait_state(name, "online", 60)
        for _ in range(ROUNDS):
            for streams in pool.map(play, map(gateway.rtsp, routes)):
                assert len(streams) == 2
                origins = [stream.origin() for stream in streams]
                assert abs(origins[0] - origins[1]) < TOLERANCE, origins
                for stream in streams:
                    # The first viewer gets all from the cached picture on;
                    # audio may begin a little later than the picture.
                    assert stream.first[0] == stream.info[0]
                    assert 0 <= stream.seconds(stream.first[1]) < 0.5
            gateway.wait_no_readers()
        assert not [line for line in gateway.lines if "rtpsession" in line]
