# SPDX-License-Identifier: MIT
"""CMAF headers and media segments, read from the standard and not from our
writer: boxes, codecs, fragments and their samples.

A broken rule raises Problem, with the name of the rule."""

import struct


class Problem(Exception):
    """One broken rule."""

    def __init__(self, rule, text):
        super().__init__(f"{rule}: {text}")
        self.rule = rule


CONTAINERS = {"moov": 0, "trak": 0, "mdia": 0, "minf": 0, "stbl": 0, "mvex": 0,
              "moof": 0, "traf": 0, "stsd": 8, "avc1": 78, "avc3": 78,
              "hvc1": 78, "hev1": 78, "av01": 78, "vp09": 78, "mp4a": 28,
              "Opus": 28, "fLaC": 28}


def boxes(data, at=0, end=None, path=""):
    """All boxes as (path, start, start of content, end)."""
    end = len(data) if end is None else end
    while at < end:
        if end - at < 8:
            raise Problem("box", f"{end - at} bytes left over in {path or '/'}")
        size, kind = struct.unpack(">I4s", data[at:at + 8])
        name = kind.decode("latin-1")
        if size < 8 or at + size > end:
            raise Problem("box", f"{path}/{name} has size {size}")
        here = f"{path}/{name}"
        yield here, at, at + 8, at + size
        if name in CONTAINERS:
            yield from boxes(data, at + 8 + CONTAINERS[name], at + size, here)
        at += size


class Header:
    """What an initialization segment says."""

    def __init__(self, data):
        self.data = data
        self.found = {}
        for path, _, start, end in boxes(data):
            self.found.setdefault(path, data[start:end])
        self.brands = self._brands()
        self.timescale = struct.unpack(
            ">I", self.get("/moov/trak/mdia/mdhd")[12:16])[0]
        stsd = "/moov/trak/mdia/minf/stbl/stsd/"
        self.entry = next(p[len(stsd):] for p in self.found
                          if p.startswith(stsd) and "/" not in p[len(stsd):])
        self.sample_entry = self.found[stsd + self.entry]
        self.config = {p.rsplit("/", 1)[1]: b for p, b in self.found.items()
                       if p.startswith(stsd + self.entry + "/")}

    def get(self, path):
        if path not in self.found:
            raise Problem("box", f"no {path} in the CMAF header")
        return self.found[path]

    def _brands(self):
        ftyp = self.get("/ftyp")
        return {ftyp[i:i + 4].decode("latin-1")
                for i in [0, *range(8, len(ftyp), 4)]}

    def size(self):
        return struct.unpack(">HH", self.sample_entry[24:28])

    def codecs(self):
        """RFC 6381, from the sample entry alone."""
        if self.entry in ("avc1", "avc3"):
            return f"{self.entry}.{self.config['avcC'][1:4].hex()}"
        if self.entry in ("hvc1", "hev1"):
            return self._hevc(self.config["hvcC"])
        if self.entry == "av01":
            c = self.config["av1C"]
            depth = (12 if c[2] & 0x20 and c[1] >> 5 == 2 else 10) \
                if c[2] & 0x40 else 8
            tier = "H" if c[2] & 0x80 else "M"
            return f"av01.{c[1] >> 5}.{c[1] & 31:02d}{tier}.{depth:02d}"
        if self.entry == "vp09":
            c = self.config["vpcC"][4:]
            return f"vp09.{c[0]:02d}.{c[1]:02d}.{c[2] >> 4:02d}"
        if self.entry == "mp4a":
            return self._mp4a(self.config["esds"][4:])
        return {"Opus": "opus", "fLaC": "flac", "ac-3": "ac-3",
                "ec-3": "ec-3"}[self.entry]

    def _hevc(self, c):
        space = ["", "A", "B", "C"][c[1] >> 6]
        flags = int(f"{struct.unpack('>I', c[2:6])[0]:032b}"[::-1], 2)
        tail = list(c[6:12])
        while tail and tail[-1] == 0:
            tail.pop()
        text = f"{self.entry}.{space}{c[1] & 31}.{flags:x}." \
               f"{'H' if c[1] & 32 else 'L'}{c[12]}"
        return text + "".join(f".{b:x}" for b in tail)

    @staticmethod
    def _mp4a(esds):
        object_type = esds[esds.index(4, 3) + 2]
        if object_type != 0x40:
            return f"mp4a.{object_type:x}"
        asc = esds[esds.index(b"\x05", 20) + 2:]
        kind = asc[0] >> 3
        marker = int.from_bytes(asc[:8].ljust(8, b"\0"), "big")
        if kind == 2 and len(asc) >= 4 and \
                (marker >> (64 - 16 - 11)) & 0x7ff == 0x2b7 and \
                (marker >> (64 - 33)) & 1:
            kind = 5  # SBR announced after the configuration
        return f"mp4a.40.{kind}"


class Fragment:
    """One moof and its samples."""

    def __init__(self, data, moof, end, rule):
        self.data = data
        found = {}
        for path, at, start, stop in boxes(data, moof, end):
            if path in found:
                raise Problem(rule, f"two {path}")
            found[path] = (at, start, stop)
        self.sequence = self._int(found["/moof/mfhd"][1] + 4, 4)
        flags = self._int(found["/moof/traf/tfhd"][1], 4)
        if not flags & 0x020000:
            raise Problem(rule, "tfhd without default-base-is-moof")
        tfdt = found["/moof/traf/tfdt"][1]
        if data[tfdt] != 1:
            raise Problem(rule, "tfdt is not version 1")
        self.decode_time = self._int(tfdt + 4, 8)
        self._read_run(found, flags, moof, rule)

    def _int(self, at, size):
        return int.from_bytes(self.data[at:at + size], "big")

    def _read_run(self, found, flags, moof, rule):
        at = found["/moof/traf/tfhd"][1] + 8
        defaults = {}
        for bit, name in ((0x8, "duration"), (0x10, "size"), (0x20, "flags")):
            if flags & bit:
                defaults[name] = self._int(at, 4)
                at += 4
        start = found["/moof/traf/trun"][1]
        if self.data[start] != 1:
            raise Problem(rule, "trun is not version 1")
        run = self._int(start + 1, 3)
        count = self._int(start + 4, 4)
        data_at = moof + self._int(start + 8, 4)
        at = start + 12
        first_flags = None
        if run & 0x4:
            first_flags = self._int(at, 4)
            at += 4
        self.samples = []
        clock = self.decode_time
        for index in range(count):
            sample = dict(defaults)
            for bit, name in ((0x100, "duration"), (0x200, "size"),
                              (0x400, "flags")):
                if run & bit:
                    sample[name] = self._int(at, 4)
                    at += 4
            if index == 0 and first_flags is not None:
                sample["flags"] = first_flags
            offset = 0
            if run & 0x800:
                offset = struct.unpack(">i", self.data[at:at + 4])[0]
                at += 4
            if not sample["duration"]:
                raise Problem(rule, f"sample {index} has no duration")
            sample.update(time=clock + offset, at=data_at)
            clock += sample["duration"]
            data_at += sample["size"]
            self.samples.append(sample)
        self.end = clock
        self.data_end = data_at

    @property
    def earliest(self):
        return min(s["time"] for s in self.samples)


def fragments(data, rule):
    """Fragments of a media segment; checks its outline."""
    top = [(path, at, end) for path, at, _, end in boxes(data)
           if path.count("/") == 1]
    names = [path[1:] for path, _, _ in top]
    if names[0] != "styp":
        raise Problem(rule, "does not start with styp")
    brands = data[top[0][1] + 8:top[0][2]]
    if b"cmfs" not in brands and b"cmfl" not in brands:
        raise Problem(rule, "styp without a CMAF brand")
    out = []
    for i, (path, at, end) in enumerate(top):
        if path != "/moof":
            continue
        if names[i + 1:i + 2] != ["mdat"]:
            raise Problem(rule, "moof without mdat")
        fragment = Fragment(data, at, end, rule)
        if fragment.samples[0]["at"] != top[i + 1][1] + 8 or \
                fragment.data_end != top[i + 1][2]:
            raise Problem(rule, "samples do not fill their mdat")
        out.append(fragment)
    if not out:
        raise Problem(rule, "no moof")
    return out
