# SPDX-License-Identifier: MIT
"""A publisher in real time that sends what no program here can: every codec that
RTMP knows, in every form, at any timestamps."""

import json
import os
import socket
import subprocess
import sys
import threading
import time

sys.path.insert(
    0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                    "rtmp-encoders"))

# pylint: disable=wrong-import-position
from encoder import (AUDIO, DATA, MEDIA, VIDEO, Encoder, Map, amf0_all, audio_track,
                     codec_of, config_of, enhanced_audio, enhanced_video,
                     legacy_audio, legacy_video)

LOOP_MS = 960  # of the streams in media.json


class Track:
    """Messages of one track: @config (or None), and frames as (time in ms,
    message). @period: the frames are repeated so many ms later; None = not."""

    def __init__(self, kind, config, frames, period=None):
        self.kind, self.config = kind, config
        self.list, self.period = frames, period

    def frames(self):
        """All frames in order of time, for ever if they are repeated."""
        start = 0
        while True:
            for when, message in self.list:
                yield start + when, message
            if self.period is None:
                return
            start += self.period


def video(name, form="legacy"):
    """A stream of media.json. @form: "legacy", "enhanced", or a legacy number
    of the codec."""
    def tag(kind, key=1, cts=0, data=b""):
        if form == "enhanced":
            return enhanced_video(name, key, kind, cts, data)
        return legacy_video(key, kind, cts, data,
                            7 if form == "legacy" else form)
    return Track(VIDEO, tag(0, data=config_of(name)),
                 [(when, tag(1, key, cts, data))
                  for when, cts, key, data in MEDIA[name]["frames"]], LOOP_MS)


def audio(name, form="legacy", track=0):
    """The same; with another @track than 0 in multitrack messages."""
    def tag(kind, data):
        if track > 0:
            return audio_track(track, name, kind, data)
        if form == "enhanced":
            return enhanced_audio(name, kind, data)
        return legacy_audio(codec_of(name), kind, data)
    config = config_of(name)
    return Track(AUDIO, tag(0, config) if config else None,
                 [(when, tag(1, data))
                  for when, _, _, data in MEDIA[name]["frames"]], LOOP_MS)


def _hex(dump):
    digits = "".join(line.split(": ", 1)[1].split("  ", 1)[0]
                     for line in dump.strip().splitlines())
    return bytes.fromhex(digits.replace(" ", ""))


def of_clip(path):
    """H.264 and AAC of an MP4 file, played once."""
    described = json.loads(subprocess.run(
        ["ffprobe", "-v", "error", "-show_streams", "-show_packets",
         "-show_data", "-of", "json", path],
        check=True, capture_output=True, timeout=120).stdout)
    tracks = []
    for stream in described["streams"]:
        is_video = stream["codec_type"] == "video"
        config = _hex(stream["extradata"])
        frames = []
        for packet in described["packets"]:
            if packet["stream_index"] != stream["index"]:
                continue
            dts = float(packet["dts_time"]) * 1000
            cts = round(float(packet["pts_time"]) * 1000) - round(dts)
            data = _hex(packet["data"])
            frames.append((round(dts), legacy_video(
                "K" in packet["flags"], 1, cts, data) if is_video else
                legacy_audio("aac", 1, data)))
        tracks.append(Track(
            VIDEO if is_video else AUDIO,
            legacy_video(1, 0, 0, config) if is_video else
            legacy_audio("aac", 0, config), frames))
    first = min(track.list[0][0] for track in tracks)
    for track in tracks:
        track.list = [(when - first, message) for when, message in track.list]
    return tracks


class Publisher:
    """Publishes @tracks to rtmp://127.0.0.1:@port/live/@name from the begin to
    the end of the block. @stamp: timestamp of a frame, from its track and its
    time in ms; @late: number of a track -> ms after which it begins."""

    def __init__(self, port, name, tracks, stamp=None, metadata=None,
                 late=None):
        self.tracks, self.late = tracks, late or {}
        self.stamp = stamp or (lambda track, when: when)
        self.encoder = Encoder(name)
        self.metadata = metadata
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=10)
        self.answers = b""
        self.failure = None
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._run),
                         threading.Thread(target=self._read)]

    def _flush(self):
        self.socket.sendall(self.encoder.out)
        self.encoder.out.clear()
        self.encoder.expected.clear()

    def _read(self):
        while True:
            try:
                piece = self.socket.recv(65536)
            except TimeoutError:
                continue
            except OSError:
                return
            if not piece:
                return
            self.answers += piece

    def _begin(self):
        e = self.encoder
        e.handshake()
        e.connect(app="live", flashVer="test", fourCcList=["*"], capsEx=7.0,
                  tcUrl="rtmp://127.0.0.1/live")
        e.set_chunk_size(65536)
        e.command(3, 0, "createStream", 2, None)
        e.publish(e.name, csid=8, transaction=3)
        if self.metadata:
            e.send(4, DATA, 1, 0, amf0_all("@setDataFrame", "onMetaData",
                                           Map(self.metadata)))
        self._flush()

    def _queue(self):
        """(time, number of the track, message), in order of time."""
        heads = []
        for i, track in enumerate(self.tracks):
            frames = track.frames()
            late = self.late.get(i, 0)
            config = [(late, track.config)] if track.config else []
            heads.append([config, frames, late])

        def take(head):
            config, frames, late = head
            if config:
                return config.pop()
            for when, message in frames:
                if when >= late:
                    return when, message
            return None
        upcoming = [take(head) for head in heads]
        while any(upcoming):
            i = min((i for i, item in enumerate(upcoming) if item),
                    key=lambda i: upcoming[i][0])
            yield upcoming[i][0], i, upcoming[i][1]
            upcoming[i] = take(heads[i])

    def _run(self):
        try:
            self._begin()
            start = time.monotonic()
            for when, i, message in self._queue():
                if self._stop.wait(max(0, start + when / 1000 - time.monotonic())):
                    break
                track = self.tracks[i]
                stamp = self.stamp(track, when) & 0xffffffff
                self.encoder.send(6 if track.kind == VIDEO else 4 + i * 4,
                                  track.kind, 1, stamp, message)
                self._flush()
        except OSError as problem:
            if not self._stop.is_set():
                self.failure = problem

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *unused):
        self._stop.set()
        self._threads[0].join()
        try:
            self.socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self._threads[1].join()
        self.socket.close()
        assert not self.failure, self.failure
