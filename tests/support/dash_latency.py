#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Low-latency DASH: rules for the MPD and its segments (R11, R19, and what the
DASH-IF conformance software asks), and when chunks arrive.

    dash_latency.py URL [SECONDS]

reads the segments of a live MPD while they grow, prints how late their chunks
are and one line for each broken rule, and exits with 1 when there is any."""

import http.client
import re
import struct
import sys
import threading
import time
import urllib.parse
import urllib.request
import xml.etree.ElementTree as ElementTree
from fractions import Fraction

import cmaf_boxes
from dash_mpd import NS, date, period_end, seconds

PROFILE = "http://www.dashif.org/guidelines/low-latency-live-v5"
NTP_TO_UNIX = 2208988800
MILLISECOND = Fraction(1, 1000)

# Bounds of the figures, seconds after the moment the MPD promises.
FIRST_BYTE = 0.1
CHUNK = 0.1


def growing_sets(root):
    """(Period, AdaptationSet) of those whose segments are had while they
    grow."""
    return [(period, group) for period in root.findall(NS + "Period")
            for group in period.findall(NS + "AdaptationSet")
            if group.find(NS + "SegmentTemplate").get(
                "availabilityTimeOffset")]


# ---- the MPD ----


def check_mpd(checker, root):
    sets = growing_sets(root)
    if not sets:
        checker.need(root.find(NS + "ServiceDescription") is None, "R11",
                     "a ServiceDescription without low latency")
        return
    checker.need(PROFILE in root.get("profiles", "").split(","), "R1",
                 "the low-latency profile is not named")
    target = check_service(checker, root)
    ids = set()
    for period, group in sets:
        check_set(checker, root, period, group, target)
        ids |= {time.get("id")
                for time in group.findall(NS + "ProducerReferenceTime")}
    times = [time for time in root.iter(NS + "ProducerReferenceTime")]
    checker.need(len({time.get("id") for time in times}) == len(times), "R11",
                 "two ProducerReferenceTimes with one id")
    latency = root.find(f"{NS}ServiceDescription/{NS}Latency")
    if latency is not None:
        checker.need(latency.get("referenceId") in ids, "R11",
                     "Latency@referenceId is no ProducerReferenceTime")


def check_service(checker, root):
    """Checks the ServiceDescription; returns the target in seconds."""
    latency = root.find(f"{NS}ServiceDescription/{NS}Latency")
    if not checker.need(latency is not None, "R11", "no Latency"):
        return None
    low, target, high = (int(latency.get(name) or -1)
                         for name in ("min", "target", "max"))
    checker.need(0 < low <= target <= high, "R11",
                 f"Latency is {low}, {target}, {high}")
    rate = root.find(f"{NS}ServiceDescription/{NS}PlaybackRate")
    checker.need(rate is not None and
                 float(rate.get("min")) < 1 < float(rate.get("max")), "R11",
                 "no PlaybackRate around 1")
    target = Fraction(target, 1000)
    delay = seconds(root.get("suggestedPresentationDelay", "PT0S"))
    checker.need(delay == target, "R4",
                 f"the delay of {float(delay)} s is not the latency target")
    return target


def check_set(checker, root, period, group, target):
    where = f"{group.get('contentType')} in Period {period.get('id')}"
    template = group.find(NS + "SegmentTemplate")
    timescale = int(template.get("timescale"))
    offset = Fraction(template.get("availabilityTimeOffset"))
    checker.need(template.get("availabilityTimeComplete") == "false", "R11",
                 f"{where}: availabilityTimeComplete")
    if not checker.need(template.get("duration"), "R7",
                        f"{where}: segments grow and are listed"):
        return
    nominal = Fraction(int(template.get("duration")), timescale)
    checker.need(0 < offset < nominal, "R11",
                 f"{where}: availabilityTimeOffset {float(offset)}")
    resyncs = group.findall(NS + "Resync")
    checker.need([r.get("type") for r in resyncs] == ["0"], "R11",
                 f"{where}: needs one Resync of type 0")
    for resync in resyncs:
        chunk = Fraction(int(resync.get("dT")), timescale)
        checker.need(target is None or chunk <= target / 2, "R11",
                     f"{where}: a chunk of {float(chunk)} s is more than half "
                     f"of the latency")
        checker.need(abs(nominal - offset - chunk) < MILLISECOND, "R11",
                     f"{where}: the first chunk can be had "
                     f"{float(nominal - offset)} s after the start")
    for representation in group.findall(NS + "Representation"):
        kinds = [r.get("type") for r in representation.findall(NS + "Resync")]
        checker.need(kinds == ["1"], "R11",
                     f"{where}: Representation without Resync of type 1")
    check_producer_time(checker, root, period, group, where)


def utc_of(root, period, template, ticks):
    """Seconds since 1970 where the presentation has these ticks."""
    begin = Fraction(date(root.get("availabilityStartTime")).timestamp())
    offset = int(template.get("presentationTimeOffset", "0"))
    return begin + seconds(period.get("start")) + Fraction(
        ticks - offset, int(template.get("timescale")))


def check_producer_time(checker, root, period, group, where):
    times = group.findall(NS + "ProducerReferenceTime")
    if not checker.need(len(times) == 1, "R11",
                        f"{where}: needs one ProducerReferenceTime"):
        return
    reference = times[0]
    checker.need(reference.get("inband") == "true" and
                 reference.get("type") in ("encoder", "captured"), "R11",
                 f"{where}: ProducerReferenceTime")
    clock = reference.find(NS + "UTCTiming")
    whole = root.find(NS + "UTCTiming")
    checker.need(clock is not None and whole is not None and
                 clock.attrib == whole.attrib, "R11",
                 f"{where}: ProducerReferenceTime has not the MPD's UTCTiming")
    told = Fraction(date(reference.get("wallClockTime")).timestamp())
    meant = utc_of(root, period, group.find(NS + "SegmentTemplate"),
                   int(reference.get("presentationTime")))
    checker.need(abs(told - meant) <= MILLISECOND, "R6",
                 f"{where}: ProducerReferenceTime is "
                 f"{float(told - meant):.3f} s off the MPD's clock")


# ---- a segment ----


def check_segment(checker, root, track, name, data, parts):
    """A finished segment of a set whose segments grow."""
    if not track.template.get("availabilityTimeOffset"):
        return
    resync = track.set.find(NS + "Resync")
    longest = 2 * int(resync.get("dT")) if resync is not None else 0
    checker.need(len(parts) > 1 or
                 parts[0].end - parts[0].decode_time <= longest, "R11",
                 f"{name} is not in chunks")
    for part in parts:
        checker.need(part.end - part.decode_time <= longest, "R11",
                     f"{name}: a chunk of {part.end - part.decode_time} ticks")
    for path, _, start, end in cmaf_boxes.boxes(data):
        if path != "/prft":
            continue
        content = data[start:end]
        version, ntp, fraction, ticks = struct.unpack(
            ">I4xIIQ", content[:24])
        checker.need(version >> 24 == 1 and version & 0xffffff in (1, 24),
                     "rule 8", f"{name}: version or flags of prft")
        checker.need(ticks == parts[0].decode_time, "rule 8",
                     f"{name}: prft is not of its first sample")
        told = ntp - NTP_TO_UNIX + Fraction(fraction, 1 << 32)
        meant = utc_of(root, track.period, track.template, ticks)
        checker.need(abs(told - meant) <= MILLISECOND, "R6",
                     f"{name}: prft is {float(told - meant):.3f} s off the "
                     f"MPD's clock")
        return
    checker.report("R11", f"{name} has no prft")


# ---- arrival ----


class Reader(threading.Thread):
    """Reads the segments of one track as they grow, one after the other, on
    one connection. Times are seconds since 1970."""

    def __init__(self, url, root, period, group, until):
        super().__init__(daemon=True)
        self.url = urllib.parse.urlsplit(url)
        self.root = root
        self.period = period
        self.until = until
        self.template = group.find(NS + "SegmentTemplate")
        self.timescale = int(self.template.get("timescale"))
        self.nominal = Fraction(
            int(self.template.get("duration")), self.timescale)
        self.chunk = self.nominal - Fraction(
            self.template.get("availabilityTimeOffset"))
        self.id = group.find(NS + "Representation").get("id")
        self.chunks = []       # seconds after the end of the chunk
        self.first_bytes = []  # seconds after the segment can be had
        self.segments = {}     # name -> bytes
        self.problems = []

    def place(self, index):
        """Where segment @index of the Period starts."""
        return float(utc_of(
            self.root, self.period, self.template,
            int(self.template.get("presentationTimeOffset"))) +
            index * self.nominal)

    def run(self):
        connection = http.client.HTTPConnection(self.url.netloc, timeout=10)
        length = float(self.nominal)
        index = int((time.time() - self.place(0)) / length) + 1
        while time.time() < self.until:
            available = self.place(index) + float(self.chunk)
            time.sleep(max(0, available - time.time()))
            try:
                self.read(connection, index, available)
            except (OSError, http.client.HTTPException) as error:
                self.problems.append(f"R19: segment {index}: {error!r}")
                return
            index += 1
        connection.close()

    def read(self, connection, index, available):
        name = self.template.get("media")
        name = name.replace("$RepresentationID$", self.id).replace(
            "$Number$", str(int(self.template.get("startNumber")) + index))
        connection.request("GET", urllib.parse.urljoin(self.url.path, name))
        answer = connection.getresponse()
        if answer.status != 200:
            answer.read()
            self.problems.append(
                f"R19: {name}: status {answer.status} when it can be had")
            return
        if answer.getheader("Content-Length"):
            self.problems.append(f"R19: {name}: a length before its end")
        data = b""
        at = 0
        while True:
            some = answer.read1(1 << 20)
            if not some:
                break
            now = time.time()
            if not data:
                self.first_bytes.append(now - available)
            data += some
            at = self.note_chunks(data, at, now)
        self.segments[name] = data

    def note_chunks(self, data, at, now):
        """Each chunk that is whole now: how late is it?"""
        while len(data) - at >= 8:
            size = int.from_bytes(data[at:at + 4], "big")
            if len(data) - at < size:
                break
            if data[at + 4:at + 8] == b"moof":
                self.moof = at
            elif data[at + 4:at + 8] == b"mdat":
                part = cmaf_boxes.Fragment(
                    data, self.moof, at, "rule 1")
                end = utc_of(self.root, self.period, self.template, part.end)
                self.chunks.append(now - float(end))
            at += size
        return at


def percentile(values, part):
    return sorted(values)[min(len(values) - 1, int(len(values) * part))]


class Arrivals:
    """What a reader of each track of the newest Period has seen."""

    def __init__(self, readers):
        self.readers = readers
        self.problems = [p for reader in readers for p in reader.problems]
        for reader in readers:
            if not self.need(reader.chunks, reader, "no chunk has come"):
                continue
            first = percentile(reader.first_bytes, 0.95)
            late = percentile(reader.chunks, 0.95)
            self.need(first <= FIRST_BYTE, reader,
                      f"first byte {first:.3f} s late (p95)")
            self.need(late <= CHUNK, reader,
                      f"chunks {late:.3f} s late (p95)")

    def need(self, condition, reader, text):
        if not condition:
            self.problems.append(f"R19: {reader.id}: {text}")
        return condition

    def figures(self):
        """Seconds by track: chunks after their end, p50 and p95, and the first
        byte after a segment can be had, p95."""
        return {reader.id: {
            "chunks": len(reader.chunks),
            "p50": round(percentile(reader.chunks, 0.5), 3),
            "p95": round(percentile(reader.chunks, 0.95), 3),
            "first": round(percentile(reader.first_bytes, 0.95), 3)}
            for reader in self.readers if reader.chunks}


def follow(url, length):
    """Reads the newest Period of the MPD at @url for @length seconds."""
    with urllib.request.urlopen(url, timeout=10) as answer:
        root = ElementTree.fromstring(answer.read())
    sets = [(p, g) for p, g in growing_sets(root)
            if period_end(root, p) is None]
    assert sets, "no segments that grow"
    readers = [Reader(url, root, p, g, time.time() + length) for p, g in sets]
    for reader in readers:
        reader.start()
    for reader in readers:
        reader.join()
    return Arrivals(readers)


def main():
    if len(sys.argv) < 2 or not re.match(r"https?://", sys.argv[1]):
        print(__doc__.strip(), file=sys.stderr)
        return 2
    arrivals = follow(
        sys.argv[1], float(sys.argv[2]) if len(sys.argv) > 2 else 10)
    for track, figures in arrivals.figures().items():
        print(track, figures, file=sys.stderr)
    for problem in arrivals.problems:
        print(problem)
    return 1 if arrivals.problems else 0


if __name__ == "__main__":
    sys.exit(main())
