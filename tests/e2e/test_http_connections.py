# SPDX-License-Identifier: MIT
"""HTTP clients that keep their connection and then go."""

import http.client

from gateway import Gateway, wait_until

TEST = {"type": "test", "width": 320, "height": 240, "bitrate-kbps": 300}
N_CLIENTS = 50


def test_a_client_that_goes_between_requests_leaves_no_descriptor():
    routes = {"test": {"input": TEST, "outputs": ["dash"]}}
    with Gateway(routes) as gateway:
        gateway.wait_state("test", "online")
        before = gateway.usage()["fds"]
        for _ in range(N_CLIENTS):
            client = http.client.HTTPConnection(
                "127.0.0.1", gateway.ports["http"])
            for path in ("/time", "/status.json", "/no/such/page"):
                client.request("GET", path)
                client.getresponse().read()
            client.close()
        wait_until(lambda: gateway.usage()["fds"] <= before + 2, 10,
                   lambda: f"{gateway.usage()} back to {before}")
