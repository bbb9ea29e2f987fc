# SPDX-License-Identifier: MIT
"""What an MPD says, as players read it: times, and the segments they may ask
for. Written from the standard and not from our writer."""

import re
from datetime import datetime, timezone
from fractions import Fraction

NS = "{urn:mpeg:dash:schema:mpd:2011}"


def seconds(text):
    """xs:duration of seconds, minutes and hours, exactly."""
    match = re.fullmatch(
        r"P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?", text)
    if not match:
        raise ValueError(f"not a duration: {text}")
    days, hours, minutes, secs = (Fraction(g or 0) for g in match.groups())
    return ((days * 24 + hours) * 60 + minutes) * 60 + secs


def date(text):
    """xs:dateTime in UTC with milliseconds."""
    if not re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", text or ""):
        raise ValueError(f"not a UTC time with milliseconds: {text}")
    return datetime.fromisoformat(text[:-1]).replace(tzinfo=timezone.utc)


def ratio(text):
    a, b = text.split(":")
    return Fraction(int(a), int(b))


def timeline_segments(template):
    """Segments that a SegmentTimeline lists: (number, start, duration)."""
    out = []
    clock = None
    number = int(template.get("startNumber", "1"))
    for s in template.iter(NS + "S"):
        clock = int(s.get("t")) if s.get("t") is not None else clock
        for _ in range(int(s.get("r", "0")) + 1):
            out.append((number, clock, int(s.get("d"))))
            clock += int(s.get("d"))
            number += 1
    return out


def period_end(root, period):
    """Seconds after the availability start; None while the Period goes on."""
    start = seconds(period.get("start"))
    if period.get("duration"):
        return start + seconds(period.get("duration"))
    periods = root.findall(NS + "Period")
    after = periods[periods.index(period) + 1:]
    return seconds(after[0].get("start")) if after else None


def announced_segments(root, period, template, now):
    """Segments that players may ask for at `now`, seconds since 1970, and
    where they expect them: (number, start, duration) in ticks."""
    if template.get("duration") is None:
        return timeline_segments(template)
    timescale = int(template.get("timescale", "1"))
    nominal = int(template.get("duration"))
    offset = int(template.get("presentationTimeOffset", "0"))
    first = int(template.get("startNumber", "1"))
    length = Fraction(nominal, timescale)
    start = seconds(period.get("start"))
    begin = Fraction(date(root.get("availabilityStartTime")).timestamp())
    elapsed = Fraction(now) - begin - start
    end = period_end(root, period)
    count = elapsed // length
    if end is not None:
        count = min(count, -((start - end) // length))
    window = seconds(root.get("timeShiftBufferDepth", "PT0S"))
    oldest = Fraction(now) - begin - start - window
    return [(first + n, offset + n * nominal, nominal)
            for n in range(max(0, int(oldest // length) + 1), int(count))]
