#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""A gateway inside a Python application, through GObject-Introspection.

Runs the route map named on the command line for SECONDS (default: until
Ctrl-C), and prints the state of each route when it changes.
Usage: embed.py ROUTES.json [SECONDS]
"""

import json
import signal
import sys

import gi

gi.require_version("Gst", "1.0")
gi.require_version("Penstock", "0.1")
from gi.repository import GLib, Gst, Penstock  # noqa: E402


def main(path, seconds=None):
    Gst.init(None)
    try:
        server = Penstock.Server.new(Penstock.Config.new_from_file(path))
        server.start()
    except GLib.Error as error:
        sys.exit(error.message)
    loop = GLib.MainLoop()
    shown = {}

    def show():
        status = json.loads(server.get_status())
        for route in status["routes"]:
            name, state = route["name"], route["state"]
            if shown.get(name) != state:
                shown[name] = state
                print(name, state, flush=True)
        return GLib.SOURCE_CONTINUE

    def stop():
        server.stop()
        return GLib.SOURCE_REMOVE

    GLib.timeout_add(200, show)
    GLib.unix_signal_add(GLib.PRIORITY_DEFAULT, signal.SIGINT, stop)
    if seconds:
        GLib.timeout_add_seconds(seconds, stop)
    server.connect("stopped", lambda _server: loop.quit())
    loop.run()


if __name__ == "__main__":
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    main(sys.argv[1], *map(int, sys.argv[2:]))
