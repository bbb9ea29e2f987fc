# SPDX-License-Identifier: MIT
"""A DASH client that keeps every byte: what a live manifest lists, as files.

Players start in the middle, skip and repeat; a comparison needs the media
segments themselves. Only what our manifests use is understood.
"""

import urllib.error
import xml.etree.ElementTree as ElementTree

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
        self.init = self._get(
            group.find(f"{NS}SegmentTemplate").get("initialization"))

    def _get(self, name, number=0):
        name = name.replace("$RepresentationID$", self.id)
        name = name.replace("$Number$", str(number))
        try:
            return self.gateway.get(f"{self.route}/{name}")
        except urllib.error.HTTPError as error:
            raise AssertionError(f"announced, but {error.code}: {name}")

    def update(self, template):
        """Gets the segments of the timeline that are not here yet."""
        number = int(template.get("startNumber", "1"))
        for entry in template.find(f"{NS}SegmentTimeline"):
            for _ in range(int(entry.get("r", "0")) + 1):
                if number not in self.segments:
                    self.segments[number] = self._get(
                        template.get("media"), number)
                number += 1

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
        for period in root.iter(f"{NS}Period"):
            for group in period.iter(f"{NS}AdaptationSet"):
                key = (period.get("id"), group.get("contentType"))
                if key not in self.tracks:
                    self.tracks[key] = Track(
                        self.gateway, self.route, group,
                        group.find(f"{NS}Representation"))
                self.tracks[key].update(group.find(f"{NS}SegmentTemplate"))

    def periods(self):
        return list(dict.fromkeys(period for period, _ in self.tracks))

    def follow(self, n_segments, timeout=60):
        """Until each track of the first Period has @n_segments."""
        def check():
            self.update()
            first = self.first_period()
            return first and all(len(track.segments) >= n_segments
                                 for track in first.values())
        wait_until(check, timeout, f"{n_segments} segments of {self.route}")
        return self

    def first_period(self):
        """Its tracks by kind."""
        first = self.periods()[:1]
        return {kind: track for (period, kind), track in self.tracks.items()
                if [period] == first}

    def write(self, folder):
        """Writes the tracks of the first Period: {kind: path}."""
        return {kind: track.write(f"{folder}/{kind}.mp4")
                for kind, track in self.first_period().items()}
