# SPDX-License-Identifier: MIT
"""Rules of HLS playlists (RFC 8216 and draft-pantos-hls-rfc8216bis), checked
against a live output.

    checker = hls_check.check("http://.../live/one/master.m3u8", updates=8)
    assert not checker.problems

Each media playlist is read again and again, as players do: where the server
can hold requests, the next update is asked for and has to come in time. What is
listed is fetched, what was listed must not change.
"""

import dataclasses
import re
import threading
import time
import urllib.error
import urllib.parse
import urllib.request

ATTRIBUTE = re.compile(r'([A-Z0-9-]+)=("[^"]*"|[^,]*)')


def attributes(text):
    return {name: value.strip('"') for name, value in ATTRIBUTE.findall(text)}


@dataclasses.dataclass
class Part:
    uri: str
    duration: float
    independent: bool


@dataclasses.dataclass
class Segment:
    sequence: int
    uri: str
    duration: float
    gap: bool
    discontinuity: int
    header: str
    date: str
    parts: list


class Playlist:
    """One media playlist, read."""

    def __init__(self, text):
        self.segments = []
        self.tags = {}
        self.control = {}
        self.open_parts = []
        self.hint = None
        self.reports = []
        self.problems = []
        assert text.startswith("#EXTM3U\n"), text[:100]
        self._read(text)

    def _read(self, text):
        pending = {"gap": False, "date": None, "duration": None, "parts": []}
        discontinuity, header, sequence = None, None, None
        for line in text.splitlines():
            tag, _, value = line.partition(":")
            if sequence is None and tag in ("#EXTINF", "#EXT-X-PART"):
                sequence = int(self.tags.get("#EXT-X-MEDIA-SEQUENCE", 0))
                discontinuity = discontinuity or int(
                    self.tags.get("#EXT-X-DISCONTINUITY-SEQUENCE", 0))
            if tag == "#EXT-X-DISCONTINUITY":
                discontinuity = (discontinuity if discontinuity is not None
                                 else int(self.tags.get(
                                     "#EXT-X-DISCONTINUITY-SEQUENCE", 0))) + 1
            elif tag == "#EXT-X-MAP":
                header = attributes(value)["URI"]
            elif tag == "#EXT-X-GAP":
                pending["gap"] = True
            elif tag == "#EXT-X-PROGRAM-DATE-TIME":
                pending["date"] = value
            elif tag == "#EXTINF":
                pending["duration"] = float(value.split(",")[0])
            elif tag == "#EXT-X-PART":
                part = attributes(value)
                pending["parts"].append(Part(
                    part["URI"], float(part["DURATION"]),
                    part.get("INDEPENDENT") == "YES"))
            elif tag == "#EXT-X-PRELOAD-HINT":
                self.hint = attributes(value)
            elif tag == "#EXT-X-RENDITION-REPORT":
                self.reports.append(attributes(value))
            elif tag == "#EXT-X-SERVER-CONTROL":
                self.control = attributes(value)
            elif line.startswith("#"):
                if tag in self.tags:
                    self.problems.append(f"{tag} is there twice")
                self.tags[tag] = value
            elif line:
                if pending["duration"] is None or header is None:
                    self.problems.append(f"{line}: no EXTINF or EXT-X-MAP")
                self.segments.append(Segment(
                    sequence, line, pending["duration"] or 0, pending["gap"],
                    discontinuity, header, pending["date"], pending["parts"]))
                sequence += 1
                pending = {"gap": False, "date": None, "duration": None,
                           "parts": []}
        self.open_parts = pending["parts"]
        self.ended = "#EXT-X-ENDLIST" in self.tags
        self.target = int(self.tags.get("#EXT-X-TARGETDURATION", 0))
        self.sequence = int(self.tags.get("#EXT-X-MEDIA-SEQUENCE", 0))

    @property
    def part_target(self):
        info = self.tags.get("#EXT-X-PART-INF")
        return float(attributes(info)["PART-TARGET"]) if info else None

    @property
    def next_wish(self):
        """Query for what comes next."""
        sequence = self.sequence + len(self.segments)
        if self.part_target:
            return f"_HLS_msn={sequence}&_HLS_part={len(self.open_parts)}"
        return f"_HLS_msn={sequence}"

    def check(self):
        """Rules of one playlist by itself."""
        problems = self.problems
        for tag in ("#EXT-X-VERSION", "#EXT-X-TARGETDURATION",
                    "#EXT-X-MEDIA-SEQUENCE", "#EXT-X-INDEPENDENT-SEGMENTS"):
            if tag not in self.tags:
                problems.append(f"no {tag}")
        for segment in self.segments:
            if round(segment.duration) > self.target:
                problems.append(f"{segment.uri} is longer than the target")
            if segment.parts and abs(segment.duration - sum(
                    part.duration for part in segment.parts)) > 0.001:
                problems.append(f"{segment.uri} is not its parts")
        if self.segments and not self.segments[0].date:
            problems.append("the first segment has no date")
        if self.part_target:
            self._check_parts()
        elif self.open_parts or self.hint:
            problems.append("parts without EXT-X-PART-INF")
        return problems

    def _check_parts(self):
        target = self.part_target
        for parts, last in [(segment.parts, True)
                            for segment in self.segments] + [
                                (self.open_parts, False)]:
            for number, part in enumerate(parts):
                if part.duration > target + 0.0005:
                    self.problems.append(f"{part.uri} exceeds PART-TARGET")
                final = last and number == len(parts) - 1
                # Also of the segment that goes on: it may be its last.
                if part.duration < 0.85 * target and not final and \
                        part is not parts[-1]:
                    self.problems.append(
                        f"{part.uri} is below 85 % of PART-TARGET")
            if parts and not parts[0].independent:
                self.problems.append(f"{parts[0].uri} is not independent")
        back = float(self.control.get("PART-HOLD-BACK", 0))
        if back < 3 * target - 0.001:
            self.problems.append(f"PART-HOLD-BACK {back} of parts of {target}")
        if self.control.get("CAN-BLOCK-RELOAD") != "YES":
            self.problems.append("parts without CAN-BLOCK-RELOAD")
        if not self.ended and not self.hint:
            self.problems.append("no EXT-X-PRELOAD-HINT")


class Reader:
    """Follows one media playlist."""

    def __init__(self, url):
        self.url = url
        self.problems = []
        self.files = {}  # by URI
        self.seen = {}  # Segment by sequence
        self.waits = []  # seconds that updates took
        self.hits = self.misses = 0  # of hints
        self.last = None

    def _problem(self, text):
        self.problems.append(f"{urllib.parse.urlsplit(self.url).path}: {text}")

    def _get(self, name, timeout=20):
        with urllib.request.urlopen(
                urllib.parse.urljoin(self.url, name), timeout=timeout) as answer:
            return answer.read()

    def _fetch(self, name):
        if name in self.files:
            return
        try:
            self.files[name] = self._get(name)
        except urllib.error.HTTPError as error:
            self._problem(f"{name} is listed, but {error.code}")
            self.files[name] = b""

    def _read(self, query=""):
        before = time.monotonic()
        text = self._get(f"{self.url}{'?' if query else ''}{query}").decode()
        if query:
            self.waits.append(time.monotonic() - before)
        playlist = Playlist(text)
        for problem in playlist.check():
            self._problem(problem)
        return playlist

    def _compare(self, old, new):
        if new.target != old.target:
            self._problem(f"target duration {old.target}, then {new.target}")
        if new.part_target != old.part_target:
            self._problem(f"part target {old.part_target}, then "
                          f"{new.part_target}")
        if new.sequence < old.sequence:
            self._problem(f"sequence {old.sequence}, then {new.sequence}")
        for segment in new.segments:
            known = self.seen.get(segment.sequence)
            if known and (known.uri, known.duration, known.header,
                          known.discontinuity) != (
                              segment.uri, segment.duration, segment.header,
                              segment.discontinuity):
                self._problem(f"{known} became {segment}")

    def _take(self, playlist):
        for segment in playlist.segments:
            self.seen[segment.sequence] = segment
            if segment.gap:
                continue
            self._fetch(segment.header)
            self._fetch(segment.uri)
            for part in segment.parts:
                self._fetch(part.uri)
            joined = b"".join(self.files[part.uri] for part in segment.parts)
            if segment.parts and joined != self.files[segment.uri]:
                self._problem(f"{segment.uri} is not the bytes of its parts")
        for part in playlist.open_parts:
            self._fetch(part.uri)

    def _follow_hint(self, playlist, threads):
        """What is hinted at is asked for before it is there."""
        if not playlist.hint:
            return
        uri = playlist.hint["URI"]
        if uri in self.files:
            self._problem(f"the hint {uri} is there already")
            return

        def ask():
            try:
                self.files[uri] = self._get(uri)
                self.hits += 1
            except urllib.error.HTTPError:
                self.misses += 1
        thread = threading.Thread(target=ask)
        thread.start()
        threads.append(thread)

    def follow(self, updates):
        playlist = self._read()
        self._take(playlist)
        for _ in range(updates):
            threads = []
            self._follow_hint(playlist, threads)
            following = self._read(playlist.next_wish)
            for thread in threads:
                thread.join()
            self._compare(playlist, following)
            self._take(following)
            playlist = following
        self.last = playlist
        return self


class Multivariant:
    def __init__(self, url, text):
        self.variants, self.renditions, self.problems = [], [], []
        self.urls = []
        pending = None
        for line in text.splitlines():
            tag, _, value = line.partition(":")
            if tag == "#EXT-X-MEDIA":
                self.renditions.append(attributes(value))
                self.urls.append(urllib.parse.urljoin(
                    url, attributes(value)["URI"]))
            elif tag == "#EXT-X-STREAM-INF":
                pending = attributes(value)
            elif line and not line.startswith("#"):
                self.variants.append(pending)
                self.urls.append(urllib.parse.urljoin(url, line))
        groups = {one["GROUP-ID"] for one in self.renditions}
        for variant in self.variants:
            for name in ("BANDWIDTH", "CODECS"):
                if name not in variant:
                    self.problems.append(f"a variant without {name}")
            if variant.get("AUDIO") and variant["AUDIO"] not in groups:
                self.problems.append("no group of that name")


class Checker:
    def __init__(self, url, updates):
        with urllib.request.urlopen(url, timeout=10) as answer:
            self.multivariant = Multivariant(url, answer.read().decode())
        self.readers = [Reader(url) for url in self.multivariant.urls]
        threads = [threading.Thread(target=self._follow, args=(reader, updates))
                   for reader in self.readers]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    @staticmethod
    def _follow(reader, updates):
        try:
            reader.follow(updates)
        except (OSError, AssertionError, KeyError, ValueError) as error:
            reader.problems.append(f"{reader.url}: {error!r}")

    @property
    def problems(self):
        return list(dict.fromkeys(self.multivariant.problems + [
            problem for reader in self.readers for problem in reader.problems]))


def check(url, updates):
    return Checker(url, updates)
