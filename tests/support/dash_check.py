#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Checks a DASH presentation against the rules it was built to (R1 to R18).

    dash_check.py FOLDER_OR_URL [--watch SECONDS]

FOLDER_OR_URL is a folder with a manifest.mpd, or the address of an MPD. With
--watch the MPD is read again and again and what must not change is compared.
Prints one line for each broken rule and exits with 1 when there is any.

The MPD and the boxes are read here with code of its own, so that an error of
the writer does not repeat itself in the check."""

import argparse
import hashlib
import os
import re
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
import xml.etree.ElementTree as ElementTree
from fractions import Fraction

import dash_latency
from cmaf_boxes import Header, Problem, fragments
from dash_mpd import (NS, announced_segments, date, period_end, ratio,
                      seconds)

MPD_NAME = "manifest.mpd"
KNOWN_CLOCKS = {
    "urn:mpeg:dash:utc:http-xsdate:2014",
    "urn:mpeg:dash:utc:http-iso:2014",
    "urn:mpeg:dash:utc:http-head:2014",
    "urn:mpeg:dash:utc:direct:2014",
}
CONTENT_TYPES = {
    ".mpd": "application/dash+xml",
    "video": "video/mp4",
    "audio": "audio/mp4",
}

# Children of each element in the order of the schema of ISO/IEC 23009-1:2022.
ORDER = {
    "MPD": ["ProgramInformation", "BaseURL", "Location", "PatchLocation",
            "ServiceDescription", "InitializationSet", "InitializationGroup",
            "InitializationPresentation", "ContentProtection", "Period",
            "Metrics", "EssentialProperty", "SupplementalProperty",
            "UTCTiming", "LeapSecondInformation"],
    "Period": ["BaseURL", "SegmentBase", "SegmentList", "SegmentTemplate",
               "AssetIdentifier", "EventStream", "ServiceDescription",
               "ContentProtection", "AdaptationSet", "Subset",
               "SupplementalProperty", "EmptyAdaptationSet", "GroupLabel",
               "Preselection"],
    "Representation": ["AudioChannelConfiguration", "ProducerReferenceTime",
                       "Resync", "SegmentTemplate"],
    "ServiceDescription": ["Scope", "Latency", "PlaybackRate"],
    "AdaptationSet": ["FramePacking", "AudioChannelConfiguration",
                      "ContentProtection", "OutputProtection",
                      "EssentialProperty", "SupplementalProperty",
                      "InbandEventStream", "Switching", "RandomAccess",
                      "GroupLabel", "Label", "ProducerReferenceTime",
                      "ContentPopularityRate", "Resync", "Accessibility",
                      "Role", "Rating", "Viewpoint", "ContentComponent",
                      "BaseURL", "SegmentBase", "SegmentList",
                      "SegmentTemplate", "Representation"],
}


# ---- where files come from ----


class Folder:
    def __init__(self, path):
        self.path = path

    def read(self, name):
        """Bytes of a file; FileNotFoundError when it is not there."""
        with open(os.path.join(self.path, name), "rb") as file:
            return file.read()

    def check_delivery(self, name, kind, report):
        pass


class Web:
    def __init__(self, url):
        self.base = url

    def request(self, name, method="GET", headers=None):
        url = urllib.parse.urljoin(self.base, name)
        request = urllib.request.Request(
            url, method=method, headers=headers or {})
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return answer.status, answer.headers, answer.read()
        except urllib.error.HTTPError as error:
            return error.code, error.headers, error.read()

    def read(self, name):
        status, _, body = self.request(name)
        if status != 200:
            raise FileNotFoundError(f"{name}: status {status}")
        return body

    def check_delivery(self, name, kind, report):
        """R17 and R18 for one finished file."""
        status, headers, body = self.request(name)
        if status != 200:
            return
        expected = CONTENT_TYPES[kind]
        if headers.get_content_type() != expected:
            report("R17", f"{name} is {headers.get_content_type()}, "
                          f"expected {expected}")
        if headers.get("Access-Control-Allow-Origin") is None:
            report("R17", f"{name} has no Access-Control-Allow-Origin")
        if not headers.get("ETag"):
            report("R18", f"{name} has no ETag")
        status, head, rest = self.request(name, "HEAD")
        if status != 200 or rest or (kind != ".mpd" and
                                     head.get("Content-Length") !=
                                     str(len(body))):
            report("R18", f"HEAD of {name} does not agree with GET")
        if kind == ".mpd":
            return
        status, _, part = self.request(
            name, headers={"Range": "bytes=4-7"})
        if status != 206 or part != body[4:8]:
            report("R18", f"no byte range of {name} (status {status})")
        status, _, _ = self.request(
            name, headers={"Range": f"bytes={len(body)}-"})
        if status != 416:
            report("R18", f"{name}: a range past the end gets {status}")


# ---- tracks ----


class Track:
    """A Representation and the segments that are announced of it."""

    def __init__(self, root, period, adaptation, representation, now):
        self.period = period
        self.set = adaptation
        self.representation = representation
        self.id = representation.get("id")
        self.kind = adaptation.get("contentType")
        self.template = adaptation.find(NS + "SegmentTemplate")
        self.timescale = int(self.template.get("timescale", "1"))
        self.offset = int(self.template.get("presentationTimeOffset", "0"))
        self.counted = self.template.get("duration") is not None
        self.segments = announced_segments(root, period, self.template, now)
        end = period_end(root, period)
        self.length = end and end - seconds(period.get("start"))

    def _name(self, template, number=None):
        name = template.replace("$RepresentationID$", self.id)
        return name.replace("$Number$", str(number))

    def header_name(self):
        return self._name(self.template.get("initialization"))

    def segment_name(self, number):
        return self._name(self.template.get("media"), number)

    def presented(self, ticks):
        """Seconds after the Period's start."""
        return Fraction(ticks - self.offset, self.timescale)


class Checker:
    def __init__(self, source, mpd_name=MPD_NAME):
        self.source = source
        self.mpd_name = mpd_name
        self.problems = []
        self.headers = {}
        self.segments = {}   # name -> digest of those read
        self.sequences = {}  # representation -> (number, sequence)
        self.announced = {}  # (period, representation, number) -> (t, d)
        self.periods = {}    # id -> start
        self.sets = {}       # representation -> set id
        self.start = None    # availabilityStartTime
        self.last = None     # (text, publishTime)
        self.now = 0         # seconds since 1970
        self.read_segments = 0

    def report(self, rule, text):
        line = f"{rule}: {text}"
        if line not in self.problems:
            self.problems.append(line)

    def need(self, condition, rule, text):
        if not condition:
            self.report(rule, text)
        return bool(condition)

    # -- one reading --

    def check(self, segments=True):
        """Reads the MPD, and everything it announces that is new."""
        text = self.source.read(self.mpd_name)
        self.now = time.time()
        try:
            root = ElementTree.fromstring(text)
        except ElementTree.ParseError as error:
            self.report("R1", f"not XML: {error}")
            return None
        self.check_order(root)
        self.check_root(root)
        self.check_publish(root, text)
        dash_latency.check_mpd(self, root)
        tracks = self.check_periods(root)
        for group in tracks:
            self.check_alignment(group)
            for track in group:
                try:
                    self.check_track(track, root, segments)
                except Problem as problem:
                    self.report(problem.rule, f"{track.id}: {problem}")
        if segments:
            self.source.check_delivery(self.mpd_name, ".mpd", self.report)
        return root

    def check_order(self, root):
        for name, order in ORDER.items():
            for element in root.iter(NS + name):
                kinds = [child.tag.replace(NS, "") for child in element]
                places = [order.index(k) if k in order else -1 for k in kinds]
                self.need(-1 not in places and places == sorted(places), "R1",
                          f"children of {name} are {kinds}")

    def duration(self, root, name, rule):
        text = root.get(name)
        if not self.need(text, rule, f"no @{name}"):
            return None
        try:
            return seconds(text)
        except ValueError as error:
            self.report(rule, f"@{name}: {error}")
            return None

    def check_root(self, root):
        self.need(root.tag == NS + "MPD", "R1", "root is not an MPD")
        self.need("urn:mpeg:dash:profile:isoff-live:2011" in
                  root.get("profiles", "").split(","), "R1",
                  "the live profile is not named")
        try:
            start = date(root.get("availabilityStartTime"))
            self.need(self.start in (None, start), "R2",
                      "availabilityStartTime has changed")
            self.start = start
        except ValueError as error:
            self.report("R2", f"availabilityStartTime: {error}")
        longest = self.duration(root, "maxSegmentDuration", "R3")
        buffer = self.duration(root, "minBufferTime", "R3")
        self.need(buffer, "R3", "minBufferTime is 0")
        if root.get("type") == "dynamic":
            self.check_live(root, longest)
        else:
            self.check_ended(root)
        clocks = root.findall(NS + "UTCTiming")
        for clock in clocks:
            self.need(clock.get("schemeIdUri") in KNOWN_CLOCKS and
                      clock.get("value"), "R5", "UTCTiming of no known scheme")
        if isinstance(self.source, Web) and root.get("type") == "dynamic":
            self.need(clocks, "R5", "no UTCTiming")

    def check_live(self, root, longest):
        update = self.duration(root, "minimumUpdatePeriod", "R3")
        window = self.duration(root, "timeShiftBufferDepth", "R3")
        delay = self.duration(root, "suggestedPresentationDelay", "R4")
        self.need(root.get("mediaPresentationDuration") is None, "R12",
                  "a live MPD with mediaPresentationDuration")
        if None in (update, window, delay, longest):
            return
        self.need(0 < update <= max(longest, 2), "R3",
                  f"minimumUpdatePeriod is {float(update)} s")
        self.need(window >= 3 * longest + delay - Fraction(1, 1000), "R3",
                  f"the window of {float(window)} s does not hold three "
                  f"segments and the delay")
        self.need(delay <= window, "R4", "the delay is longer than the window")
        self.need(dash_latency.growing_sets(root) or
                  delay >= 3 * longest - Fraction(1, 1000), "R4",
                  f"the delay of {float(delay)} s is less than three segments")

    def check_ended(self, root):
        self.need(root.get("type") == "static", "R12",
                  f"type is {root.get('type')}")
        self.need(root.get("minimumUpdatePeriod") is None, "R12",
                  "static with minimumUpdatePeriod")
        total = self.duration(root, "mediaPresentationDuration", "R12")
        periods = root.findall(NS + "Period")
        if total is None or not periods:
            return
        last = periods[-1]
        if self.need(last.get("duration"), "R12", "last Period has no duration"):
            end = seconds(last.get("start")) + seconds(last.get("duration"))
            self.need(end == total, "R12",
                      "mediaPresentationDuration is not the last Period's end")

    def check_publish(self, root, text):
        try:
            published = date(root.get("publishTime"))
        except ValueError as error:
            self.report("R2", f"publishTime: {error}")
            return
        if self.last:
            if self.last[0] != text:
                self.need(published > self.last[1], "R2",
                          "the MPD changed and publishTime did not grow")
            else:
                self.need(published == self.last[1], "R2",
                          "publishTime changed alone")
        self.last = (text, published)

    # -- Periods --

    def check_periods(self, root):
        out = []
        end = None
        ids = set()
        for period in root.findall(NS + "Period"):
            name = period.get("id")
            self.need(name and name not in ids, "R8", f"Period id {name}")
            ids.add(name)
            if not self.need(period.get("start"), "R8",
                             f"Period {name} has no start"):
                continue
            start = seconds(period.get("start"))
            self.need(self.periods.setdefault(name, start) == start, "R8",
                      f"the start of Period {name} has moved")
            self.need(end is None or start >= end - Fraction(1, 1000000), "R8",
                      f"Period {name} starts before the one before it ends")
            end = start
            if period.get("duration"):
                end += seconds(period.get("duration"))
            group = [Track(root, period, s, r, self.now)
                     for s in period.findall(NS + "AdaptationSet")
                     for r in s.findall(NS + "Representation")]
            self.need(group, "R8", f"Period {name} has nothing in it")
            out.append(group)
        self.need(out, "R8", "no Period")
        return out

    def check_alignment(self, group):
        """Tracks of a Period start and end together."""
        if len(group) < 2 or not all(t.segments for t in group):
            return
        if any(t.counted for t in group):
            self.need(all(t.counted for t in group), "R7",
                      "some tracks of a Period are counted, others listed")
            lengths = [Fraction(t.segments[0][2], t.timescale) for t in group]
            self.need(max(lengths) - min(lengths) < Fraction(1, 8000), "R7",
                      f"nominal durations are {[float(x) for x in lengths]}")
            return
        starts = [t.presented(t.segments[0][1]) for t in group]
        ends = [t.presented(t.segments[-1][1] + t.segments[-1][2])
                for t in group]
        period = group[0].period
        for values, what in ((starts, "start"), (ends, "end")):
            self.need(max(values) - min(values) <= 1, "R8",
                      f"tracks of Period {period.get('id')} {what} "
                      f"{float(max(values) - min(values)):.3f} s apart")

    # -- one track --

    def check_track(self, track, root, segments):
        self.check_set(track)
        self.check_timeline(track, root)
        header = self.read_header(track)
        if header is None:
            return
        self.check_header(track, header)
        if not segments:
            return
        for number, start, duration in track.segments:
            self.check_segment(track, root, number, start, duration)

    def check_set(self, track):
        s, r = track.set, track.representation
        where = f"{track.id} in Period {track.period.get('id')}"
        needed = ["id", "contentType", "mimeType", "lang", "segmentAlignment",
                  "startWithSAP"]
        wanted = ["id", "bandwidth", "codecs"]
        if track.kind == "video":
            needed += ["par", "maxWidth", "maxHeight", "maxFrameRate"]
            wanted += ["width", "height", "sar", "frameRate"]
        else:
            wanted += ["audioSamplingRate"]
            self.need(r.find(NS + "AudioChannelConfiguration") is not None or
                      s.find(NS + "AudioChannelConfiguration") is not None,
                      "R9", f"{where}: no AudioChannelConfiguration")
        for name in needed:
            self.need(s.get(name), "R9", f"{where}: AdaptationSet@{name}")
        for name in wanted:
            self.need(r.get(name), "R9", f"{where}: Representation@{name}")
        self.need(s.find(NS + "Role") is not None, "R9", f"{where}: no Role")
        self.need(int(r.get("bandwidth", "0")) > 0, "R9",
                  f"{where}: bandwidth is 0")
        self.need(self.sets.setdefault(track.id, s.get("id")) == s.get("id"),
                  "R8", f"{where}: AdaptationSet id has changed")
        if track.kind == "video" and s.get("par") and r.get("sar"):
            shape = Fraction(int(r.get("width")), int(r.get("height")))
            self.need(ratio(s.get("par")) == shape * ratio(r.get("sar")), "R9",
                      f"{where}: par does not follow from the size and sar")

    def check_timeline(self, track, root):
        where = f"{track.id} in Period {track.period.get('id')}"
        self.need(track.template.get("presentationTimeOffset") is not None,
                  "R8", f"{where}: no presentationTimeOffset")
        self.need(track.template.get("startNumber") is not None, "R8",
                  f"{where}: no startNumber")
        self.need(track.segments or track.counted, "R7",
                  f"{where}: no segments")
        self.need(not track.counted or root.get("type") == "dynamic", "R12",
                  f"{where}: players count what may be gone")
        self.need(track.counted != (track.template.find(
            NS + "SegmentTimeline") is not None), "R7",
                  f"{where}: needs @duration or a SegmentTimeline")
        longest = seconds(root.get("maxSegmentDuration", "PT0S"))
        end = None
        previous = None
        for s in track.template.iter(NS + "S"):
            d = int(s.get("d"))
            self.need(previous != d or s.get("t") is not None, "R7",
                      f"{where}: equal neighbours are not merged")
            previous = d
        for number, start, duration in track.segments:
            self.need(duration > 0, "R7", f"{where}: segment of no duration")
            self.need(end is None or start >= end, "R7",
                      f"{where}: segment {number} starts before the end of "
                      f"the one before it")
            end = start + duration
            self.need(track.counted or Fraction(duration, track.timescale) <=
                      longest + Fraction(1, 1000), "R3",
                      f"{where}: segment {number} is longer than "
                      f"maxSegmentDuration")
            key = (track.period.get("id"), track.id, number)
            self.check_announced(track, key, start, duration)

    def check_announced(self, track, key, start, duration):
        """What was said of a segment stays true. What players counted may be
        listed later, near the place where they expected it."""
        before = self.announced.get(key)
        if before and before[2] and not track.counted:
            self.need(2 * abs(start - before[0]) <= before[1], "R7",
                      f"segment {key} was counted at {before[0]} and is "
                      f"listed at {start}")
            before = None
        now = (start, duration, track.counted)
        if before is None:
            self.announced[key] = now
        else:
            self.need(before == now, "R7",
                      f"announced segment {key} has changed")

    def read_header(self, track):
        name = track.header_name()
        self.need(re.fullmatch(r"[\w-]+/init-[\w-]+\.mp4", name), "R15",
                  f"name of a header: {name}")
        if name in self.headers:
            return self.headers[name]
        try:
            header = Header(self.source.read(name))
        except FileNotFoundError:
            self.report("R15", f"{name} is announced and not there")
            return None
        self.headers[name] = header
        self.source.check_delivery(name, track.kind, self.report)
        return header

    def check_header(self, track, header):
        r = track.representation
        name = track.header_name()
        self.need("cmfc" in header.brands or "cmf2" in header.brands, "R1",
                  f"{name}: no CMAF brand")
        self.need(header.timescale == track.timescale, "R7",
                  f"{name}: timescale {header.timescale}, MPD says "
                  f"{track.timescale}")
        self.need(header.codecs() == r.get("codecs"), "R9",
                  f"{name}: codecs {header.codecs()}, MPD says "
                  f"{r.get('codecs')}")
        if track.kind == "video":
            size = (int(r.get("width", "0")), int(r.get("height", "0")))
            self.need(header.size() == size, "R9",
                      f"{name}: size {header.size()}, MPD says {size}")

    def check_segment(self, track, root, number, start, duration):
        name = track.segment_name(number)
        self.need(re.fullmatch(r"[\w-]+/\d+\.m4s", name), "R15",
                  f"name of a segment: {name}")
        if name in self.segments:
            return
        try:
            data = self.source.read(name)
        except FileNotFoundError:
            self.report("R15", f"{name} is announced and not there")
            return
        self.segments[name] = hashlib.sha256(data).hexdigest()
        self.read_segments += 1
        try:
            parts = fragments(data, "R1")
        except Problem as problem:
            self.report(problem.rule, f"{name}: {problem}")
            return
        first, last = parts[0], parts[-1]
        earliest = min(p.earliest for p in parts)
        self.need(first.decode_time == earliest, "R7",
                  f"{name}: tfdt {first.decode_time}, earliest presentation "
                  f"time {earliest}")
        if track.counted:
            self.check_place(track, name, (start, duration),
                             (earliest, last.end))
        else:
            self.need((earliest, last.end) == (start, start + duration), "R7",
                      f"{name}: from {earliest} to {last.end}, S@t is {start}, "
                      f"S@d is {duration}")
        duration = last.end - earliest
        for before, after in zip(parts, parts[1:]):
            self.need(before.end == after.decode_time, "R7",
                      f"{name}: chunks do not follow each other")
        dash_latency.check_segment(self, root, track, name, data, parts)
        self.check_samples(track, name, parts)
        self.check_sequence(track, number, name, parts)
        rate = len(data) * 8 * track.timescale // duration
        if Fraction(duration, track.timescale) >= 1:
            self.need(rate <= 2 * int(track.representation.get("bandwidth")),
                      "R9", f"{name}: {rate} bit/s is twice the bandwidth")
        if self.read_segments % 20 == 1:
            self.source.check_delivery(name, track.kind, self.report)

    def check_place(self, track, name, nominal, found):
        """A segment is near its nominal place, within half a duration."""
        start, duration = nominal
        where = f"{name}: from {found[0]} to {found[1]}, nominally " \
                f"{duration} ticks from {start}"
        self.need(2 * abs(found[0] - start) <= duration, "R7", where)
        length = found[1] - found[0]
        ends = track.length is not None and \
            track.presented(start + duration) >= track.length
        self.need(2 * length <= 3 * duration, "R7", where)
        self.need(ends or 2 * length >= duration, "R7", where)

    def check_samples(self, track, name, parts):
        samples = [s for p in parts for s in p.samples]
        self.need(not samples[0]["flags"] & 0x00010000, "R9",
                  f"{name}: does not start with a sync sample")
        if track.kind != "audio":
            return
        usual = sorted(s["duration"] for s in samples)[len(samples) // 2]
        longest = max(s["duration"] for s in samples)
        self.need(longest - usual <= track.timescale // 10 + 1, "rule 9",
                  f"{name}: a sample is stretched to {longest} ticks")

    def check_sequence(self, track, number, name, parts):
        for part in parts:
            known = self.sequences.get(track.id)
            if known and number > known[0]:
                self.need(part.sequence > known[1], "rule 1",
                          f"{name}: movie fragment {part.sequence} after "
                          f"{known[1]}")
            if not known or number >= known[0]:
                self.sequences[track.id] = (number, part.sequence)

    def check_unchanged(self):
        """R16: what was read once has the same bytes now, if it is there."""
        for name, digest in self.segments.items():
            try:
                data = self.source.read(name)
            except FileNotFoundError:
                continue
            self.need(hashlib.sha256(data).hexdigest() == digest, "R16",
                      f"{name} has changed")


def open_source(where):
    """A source and the name of the MPD in it."""
    if re.match(r"https?://", where):
        return Web(where), where.rsplit("/", 1)[1] or MPD_NAME
    if os.path.isfile(where):
        return Folder(os.path.dirname(where) or "."), os.path.basename(where)
    return Folder(where), MPD_NAME


def check(where, watch=0.0):
    """List of broken rules, each a line. `watch` seconds of updates."""
    source, name = open_source(where)
    checker = Checker(source, name)
    checker.check()
    end = time.monotonic() + watch
    while time.monotonic() < end:
        time.sleep(min(0.5, max(0, end - time.monotonic())))
        checker.check()
    checker.check_unchanged()
    return checker


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("where", metavar="FOLDER_OR_URL")
    parser.add_argument("--watch", type=float, default=0, metavar="SECONDS")
    args = parser.parse_args()
    checker = check(args.where, args.watch)
    for problem in checker.problems:
        print(problem)
    print(f"{checker.read_segments} segments, {len(checker.periods)} Periods, "
          f"{len(checker.problems)} problems", file=sys.stderr)
    return 1 if checker.problems else 0


if __name__ == "__main__":
    sys.exit(main())
