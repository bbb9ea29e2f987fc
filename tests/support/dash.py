# SPDX-License-Identifier: MIT
"""A DASH client that keeps every byte: what a live manifest lists, as files.

Players start in the middle, skip and repeat; a comparison needs the media
segments themselves. Only what our manifests use is understood.
"""

import time
import urllib.error
import xml.etree.ElementTree as ElementTree

import dash_check
from gateway import wait_until

NS = "{urn:mpeg:dash:schema:mpd:2011}"


class Track:
    """One representation of one Period: its media segments so far."""

    def __init__(self, gateway, route, group, representation):
        self.gateway = gateway
        self.route = route
        self.kind = group.get("contentType")
        self.id = representation.get("id")
        self.segments = {}
        template = group.find(f"{NS}SegmentTemplate")
        self.init = self._get(template.get("initialization"))
        self.timescale = int(template.get("timescale"))
        self.offset = int(template.get("presentationTimeOffset", "0"))

    def _get(self, name, number=0):
        name = name.replace("$RepresentationID$", self.id)
        name = name.replace("$Number$", str(number))
        try:
            return self.gateway.get(f"{self.route}/{name}")
        except urllib.error.HTTPError as error:
            raise AssertionError(f"announced, but {error.code}: {name}")

    def update(self, announced, template):
        """Gets the segments that are announced and not here yet."""
        for number, _, _ in announced:
            if number not in self.segments:
                self.segments[number] = self._get(
                    template.get("media"), number)

    def origin_in_ffmpeg(self):
        """Seconds that ffmpeg tells for the beginning of the Period.

        Pictures come to it later than they say: by the largest negative
        composition offset.
        """
        reorder = 0
        for data in self.segments.values():
            for fragment in dash_check.fragments(data, "ffmpeg"):
                decode_time = fragment.decode_time
                for sample in fragment.samples:
                    reorder = max(reorder, decode_time - sample["time"])
                    decode_time += sample["duration"]
        return (self.offset + reorder) / self.timescale

    def write(self, path):
        """Writes init segment and media segments, which must have no gap."""
        numbers = sorted(self.segments)
        assert numbers == list(range(numbers[0], numbers[-1] + 1)), numbers
        with open(path, "wb") as file:
            file.write(self.init)
            for number in numbers:
                file.write(self.segments[number])
        return path


class Recording:
    """All that a presentation announces while somebody calls update()."""

    def __init__(self, gateway, route):
        self.gateway = gateway
        self.route = route
        self.tracks = {}  # by (Period, kind), in the order of their coming

    def update(self):
        root = ElementTree.fromstring(
            self.gateway.get(f"{self.route}/manifest.mpd"))
        now = time.time()
        for period in root.iter(f"{NS}Period"):
            for group in period.iter(f"{NS}AdaptationSet"):
                announced = dash_check.announced_segments(
                    root, period, group.find(f"{NS}SegmentTemplate"), now)
                key = (period.get("id"), group.get("contentType"))
                if key not in self.tracks:
                    self.tracks[key] = Track(
                        self.gateway, self.route, group,
                        group.find(f"{NS}Representation"))
                self.tracks[key].update(
                    announced, group.find(f"{NS}SegmentTemplate"))

    def newest_period(self):
        """Its tracks by kind."""
        newest = list(self.tracks)[-1][0]
        return {kind: track for (period, kind), track in self.tracks.items()
                if period == newest}

    def follow(self, n_segments, timeout=60):
        """Until each track of the newest Period has @n_segments."""
        def check():
            self.update()
            return self.tracks and all(
                len(track.segments) >= n_segments
                for track in self.newest_period().values())
        wait_until(check, timeout, f"{n_segments} segments of {self.route}",
                   poll=0.3)
        return self

    def write(self, folder):
        """Writes the tracks of the newest Period: {kind: path}."""
        return {kind: track.write(f"{folder}/{kind}.mp4")
                for kind, track in self.newest_period().items()}
