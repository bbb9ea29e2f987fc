# SPDX-License-Identifier: MIT
"""Encoders and players as they behave: order of commands, chunk streams, header
types, chunk sizes, times, metadata. Models, made after what the real ones send
(captures of ffmpeg 5.1 and GStreamer 1.22; sources and reports of the others).
Every function writes one transcript; make-transcripts.py calls them all."""

import struct

from encoder import (AUDIO, COMMAND3, DATA, VIDEO, FOURCC, Encoder, MEDIA, Unended, amf0_all,
                     audio_track, config_of, enhanced_audio, enhanced_video, legacy_video)

H264_AAC = {"video": "H.264", "video-units": 24, "audio": "AAC", "audio-units": 46}
OBS = "FMLE/3.0 (compatible; FMSc/1.0)"


def url_of(app="live"):
    return f"rtmp://127.0.0.1/{app}"


# --- ffmpeg, and what stands on libavformat

def libavformat(name, flash_version):
    e = Encoder(name, video="h264-b")
    e.handshake(bytes([9, 0, 124, 2]), schema=0)
    e.connect(app="live", type="nonprivate", flashVer=flash_version, tcUrl=url_of())
    e.set_chunk_size(65536)  # what the server announced
    e.prepare(name, fmt=1)
    e.publish(name, csid=8)
    e.metadata(4, encoder="Lavf59.27.100", filesize=0.0)
    e.headers(4, 6)
    e.frames(4, 6)
    e.goodbye(3, name, 6, fmt=1)
    return e


def ffmpeg():
    libavformat("ffmpeg", "FMLE/3.0 (compatible; Lavf59.27.100)").write(
        encoder="FFmpeg", **H264_AAC)


def vmix():
    libavformat("vmix", "vMix/26 (compatible; FMSc/1.0)").write(encoder="vMix", **H264_AAC)


def ffmpeg_player():
    """Signed handshake, window, the length of the stream before play."""
    e = Encoder("ffmpeg-player")
    e.handshake(bytes([9, 0, 124, 2]), schema=0)
    e.connect(app="live", flashVer="LNX 9,0,124,2", tcUrl=url_of(), fpad=False,
              capabilities=15.0, audioCodecs=4071.0, videoCodecs=252.0, videoFunction=1.0)
    e.set_window(2500000)
    e.command(3, 0, "createStream", 2, None, fmt=1)
    e.command(3, 0, "FCSubscribe", 3, None, "open", fmt=1)
    e.command(8, 0, "getStreamLength", 4, None, "open")
    e.command(8, 1, "play", 5, None, "open", -2000)
    # A time of 1 ms, in a header without a message stream.
    e.send(2, 4, 0, 1, struct.pack(">HII", 3, 1, 3000), fmt=1)
    e.expected.append("play live/open")
    e.write()


# --- OBS and what stands on librtmp

def obs_begin(name, key=None, **capabilities):
    """All on chunk stream 4; chunk size before `connect`."""
    e = Encoder(name, video="h264-b")
    target = f"{name}?key={key}" if key else name
    e.handshake()
    e.set_chunk_size(4096)
    e.connect(app="live", type="nonprivate", flashVer=OBS, swfUrl=url_of(), tcUrl=url_of(),
              **capabilities)
    e.prepare(target, fmt=1)
    e.publish(target)
    return e


OBS_METADATA = dict(
    duration=0.0, fileSize=0.0, width=64.0, height=64.0, videocodecid=7.0, videodatarate=2500.0,
    framerate=25.0, audiocodecid=10.0, audiodatarate=160.0, audiosamplerate=48000.0,
    audiosamplesize=16.0, audiochannels=2.0, stereo=True, **{
        "2.1": False, "3.1": False, "4.0": False, "4.1": False, "5.1": False, "7.1": False},
    encoder="obs-output module (libobs version 30.2.3)")
OBS_NAME = "OBS or compatible"


def obs():
    e = obs_begin("obs", key="sesame")
    e.metadata(4, values=OBS_METADATA)
    e.headers(4, 4)
    e.frames(4, 4)
    e.goodbye(3, "obs?key=sesame", 6, fmt=1)
    e.write(encoder=OBS_NAME, key="sesame", **H264_AAC)


def obs_wrong_key():
    e = obs_begin("obs-wrong-key", key="open-barley")
    e.metadata(4, values=OBS_METADATA)
    e.headers(4, 4)
    e.frames(4, 4)
    e.write(encoder=OBS_NAME, key="sesame", refused="NetStream.Publish.Denied")


def obs_enhanced(codec, shown):
    """Since version 29: FourCCs, frames without a composition time in the short
    form, the codec in the metadata as a FourCC read as a number."""
    e = obs_begin("obs-" + codec, fourCcList=["av01", "hvc1"])
    e.video = codec
    e.video_tag = lambda kind, key=1, cts=0, data=b"": enhanced_video(codec, key, kind, cts, data)
    number = float(int.from_bytes(FOURCC[codec], "big"))
    e.metadata(4, values={**OBS_METADATA, "videocodecid": number})
    e.headers(4, 4)
    e.frames(4, 4)
    e.goodbye(3, e.name, 6, fmt=1)
    e.write(encoder=OBS_NAME, **{**H264_AAC, "video": shown})


def obs_h265_as_h264():
    """Forks before version 29: H.265 under the number of H.264."""
    e = obs_begin("obs-h265-as-h264")
    e.video = "h265"
    e.metadata(4, values=OBS_METADATA)
    e.headers(4, 4)
    e.frames(4, 4)
    e.goodbye(3, e.name, 6, fmt=1)
    e.write(encoder=OBS_NAME, **{**H264_AAC, "video": "H.265"})


def obs_two_tracks():
    """Two audio tracks: the first as ever, the second in multitrack messages;
    and the same sound once more as script data (for recordings at Twitch)."""
    e = obs_begin("obs-two-tracks", fourCcList=["mp4a"], capsEx=2.0)
    e.metadata(4, values=OBS_METADATA)
    e.headers(4, 4)
    e.media(4, AUDIO, 0, audio_track(1, "aac", 0, config_of("aac")))
    for time, _, _, data in MEDIA["aac"]["frames"]:
        e.frames(4, 4, time, time + 21)
        e.media(4, AUDIO, time, audio_track(1, "aac", 1, data))
        e.media(4, DATA, time, amf0_all("additionalMedia", {"id": "vod", "type": 8.0}))
    e.goodbye(3, e.name, 6, fmt=1)
    e.write(encoder=OBS_NAME, tracks=3, **H264_AAC)


def obs_fork():
    """Asks to publish before it has connected, and leaves out the ends of its
    objects."""
    e = Encoder("obs-fork")
    e.handshake()
    e.command(3, 0, "releaseStream", 2, None, e.name)
    e.command(3, 0, "FCPublish", 3, None, e.name)
    e.command(3, 0, "connect", 1, Unended(app="live", flashVer=OBS, tcUrl=url_of()))
    e.expected.append("connect")
    e.command(3, 0, "createStream", 4, None)
    e.publish(e.name)
    e.metadata(4, kind=Unended)
    e.headers(4, 4)
    e.frames(4, 4)
    e.goodbye(3, e.name, 6)
    e.write(encoder=OBS_NAME, **H264_AAC)


def librtmp():
    """Old tools: a check of the bandwidth, pings on a chunk stream of their own
    that begins with a header of type 1, a type 3 header for the same time."""
    e = Encoder("librtmp")
    e.handshake()
    e.connect(app="live", type="nonprivate", flashVer="LNX 10,0,32,18", tcUrl=url_of())
    e.prepare(e.name, fmt=1)
    e.command(3, 0, "_checkbw", 9, None, fmt=1)
    e.publish(e.name)
    e.send(20, 4, 0, 0, struct.pack(">HI", 7, 1234), fmt=1)
    e.metadata(4)
    e.headers(4, 4)
    e.offset = 100000
    times = [time for time, *_ in MEDIA["aac"]["frames"]]
    for first, last in zip(times, times[1:] + [1000]):
        e.frames(4, 4, first, last)
    e.goodbye(3, e.name, 6)
    e.write(encoder="librtmp or compatible", **H264_AAC)


def xsplit():
    e = Encoder("xsplit")
    e.handshake(bytes([10, 0, 32, 18]), schema=0)
    e.connect(app="live", type="nonprivate", flashVer="XSplit/4.5", tcUrl=url_of())
    e.set_chunk_size(65536)
    e.prepare(e.name)
    e.publish(e.name)
    e.metadata(4)
    e.headers(4, 4)
    e.frames(4, 4)
    e.goodbye(3, e.name, 6)
    e.write(encoder="XSplit", **H264_AAC)


# --- Flash Media Live Encoder and Wirecast

def fmle():
    """Signed in schema 1, metadata twice, type 3 right after type 0."""
    e = Encoder("fmle")
    e.handshake(bytes([10, 0, 32, 18]), schema=1)
    e.connect(app="live/_definst_", flashVer="FMLE/3.0", tcUrl=url_of("live/_definst_"))
    e.prepare(e.name)
    e.publish(e.name, csid=3, transaction=0, kind="record")
    e.metadata(5)
    e.metadata(5)
    e.headers(4, 6)
    e.frames(4, 6)
    e.mark_goodbye()
    e.command(3, 1, "closeStream", 0, None)
    e.expected.append("end")
    e.write(encoder="FMLE or compatible", **H264_AAC)


def wirecast():
    """Configurations before every keyframe, metadata again and again, and once
    the time jumps, for both streams."""
    e = Encoder("wirecast")
    e.handshake(bytes([10, 0, 32, 18]), schema=0)
    e.connect(app="live", flashVer="Wirecast/FM 1.0 (compatible; FMSc/1.0)", tcUrl=url_of())
    e.prepare(e.name)
    e.publish(e.name)
    for i, (first, last) in enumerate(((0, 480), (480, 1000))):
        e.offset = 3600000 * i
        e.metadata(5, time=e.offset + first)
        e.headers(4, 6, time=e.offset + first)
        e.frames(4, 6, first, last)
    e.goodbye(3, e.name, 6)
    e.write(encoder="Wirecast", **H264_AAC)


# --- GStreamer and telephones

def gst():
    """rtmp2sink: commands that want no answer, its chunk size told twice."""
    e = Encoder("gst")
    e.handshake()
    e.connect(app="live", type="nonprivate", flashVer="LNX 10,0,32,18", tcUrl=url_of())
    e.set_window(2500000)
    e.command(3, 0, "releaseStream", 0, None, e.name, fmt=1)
    e.command(3, 0, "FCPublish", 0, None, e.name, fmt=1)
    e.command(3, 0, "createStream", 2, None, fmt=1)
    e.publish(e.name, csid=3, transaction=0)
    e.send(2, 1, 0, 0, struct.pack(">I", 128), fmt=1)
    e.metadata(4, metadatacreator="GStreamer 1.22.0 FLV muxer", AspectRatioX=1.0)
    e.headers(5, 6)
    e.frames(5, 6)
    e.mark_goodbye()
    e.command(3, 0, "FCUnpublish", 0, None, e.name, fmt=1)
    e.expected.append("end")
    e.command(3, 0, "deleteStream", 0, None, 1)
    e.write(encoder="librtmp or compatible", **H264_AAC)


def larix():
    """A token with the name, H.265 with composition times, FourCCs as text."""
    e = Encoder("larix", video="h265")
    e.video_tag = lambda kind, key=1, cts=0, data=b"": enhanced_video(
        "h265", key, kind, cts + (40 if kind == 1 else 0), data)
    e.handshake()
    e.set_chunk_size(1024)
    e.connect(app="live", flashVer="FMLE/3.0 (compatible; Larix/1.3)", tcUrl=url_of(),
              fourCcList=["hvc1"])
    e.prepare("larix?token=a.b-c&user=1")
    e.publish("larix?token=a.b-c&user=1")
    e.metadata(4, videocodecid="hvc1", audiocodecid="mp4a")
    e.headers(4, 6)
    e.frames(4, 6)
    # The telephone loses its network: no goodbye.
    e.write(encoder="Larix", **{**H264_AAC, "video": "H.265"})


def haishinkit():
    """Type 0 headers for everything, Opus by Enhanced RTMP, chunks of 8 KiB."""
    e = Encoder("haishinkit", audio="opus")
    e.audio_tag = lambda kind, data: enhanced_audio("opus", kind, data)
    e.handshake()
    e.connect(app="live", flashVer="HaishinKit/2.0", tcUrl=url_of(), objectEncoding=0.0,
              fourCcList=["*"], capsEx=14.0, videoFunction=1.0)
    e.set_chunk_size(8192)
    e.prepare(e.name)
    e.publish(e.name, csid=8)
    e.metadata(8, audiocodecid="Opus")
    e.headers(4, 6)
    e.frames(4, 6, fmt=0)
    e.goodbye(3, e.name, 6)
    e.write(encoder="HaishinKit", **{**H264_AAC, "audio": "Opus", "audio-units": 49})


def rootencoder():
    """On the air for more than 4 hours and 39 minutes; does not repeat the
    extended timestamp in the next chunks of a message."""
    e = Encoder("rootencoder")
    e.repeat_extended = False
    e.handshake()
    e.connect(app="live", flashVer="FMLE/3.0 (compatible; Lavf57.56.101)", tcUrl=url_of())
    e.set_window(2500000)
    e.prepare(e.name)
    e.publish(e.name)
    e.metadata(4)
    e.headers(4, 6)
    e.offset = 0xfffe00  # passes 24 bits on the way
    e.frames(4, 6, fmt=0)
    e.goodbye(3, e.name, 6)
    e.write(encoder="FFmpeg", **H264_AAC)


# --- boxes

def drone():
    """The whole path in the application, no name, no tcUrl, nothing around
    publish, publish on stream 0, media on another, audio that is announced but
    never configured, no goodbye."""
    e = Encoder("drone")
    e.handshake(bytes([0, 0, 0, 1]))
    e.connect(app="live/drone", tcurl=f"'{url_of('live/drone')}'")
    e.command(3, 0, "createStream", 2, None)
    e.publish("", csid=3, transaction=3, kind="LIVE", stream=0)
    e.stream = 7
    e.metadata(4)
    e.media(6, VIDEO, 0, e.video_tag(0, data=config_of("h264")))
    e.frames(4, 6)
    e.write(encoder="unknown", tracks=1, **{"video": "H.264", "video-units": 24})


def gopro():
    """Metadata that is wrong in everything, a stream that begins at any time."""
    e = Encoder("gopro")
    e.handshake()
    e.connect(app="live", tcUrl=url_of(), flashVer="GoPro/2.0")
    e.command(3, 0, "createStream", 2, None)
    e.publish(e.name, csid=3, transaction=3)
    e.metadata(4, values=dict(width=1920.0, height=1080.0, framerate=240.0, videocodecid=4.0,
                              audiocodecid=2.0, audiosamplerate=8000.0, audiochannels=1.0))
    e.offset = 0x80000000 - 500  # and passes 31 bits
    e.headers(4, 6)
    e.frames(4, 6)
    e.goodbye(3, e.name, 4)
    e.write(encoder="unknown", **H264_AAC)


def dvr():
    """The whole path in the name, H.265 under the number 12, speech, no
    metadata, chunks of 64 bytes."""
    e = Encoder("dvr", video="h265", audio="alaw")
    e.video_tag = lambda kind, key=1, cts=0, data=b"": legacy_video(key, kind, cts, data, 12)
    e.handshake()
    e.connect(app="", tcUrl="rtmp://127.0.0.1/")
    e.set_chunk_size(64)
    e.command(3, 0, "createStream", 2, None)
    e.publish("live/dvr", csid=3, transaction=3)
    e.headers(4, 6)
    e.frames(4, 6)
    e.write(encoder="unknown", **{"video": "H.265", "video-units": 24,
                                  "audio": "G.711 A-law", "audio-units": 8})


def dvr_slices():
    """Every NAL unit in a message of its own, all of a picture at one time.
    That is noticed in the first picture, and from the second keyframe on
    pictures are whole; the last one waits for the next."""
    e = Encoder("dvr-slices", video="h264-slices", audio=None)
    e.handshake()
    e.connect(app="live", tcUrl=url_of(), flashVer="DVR")
    e.command(3, 0, "createStream", 2, None)
    e.publish(e.name, csid=3, transaction=3)
    e.headers(4, 6)
    for time, cts, key, data in MEDIA[e.video]["frames"]:
        while data:
            size = 4 + int.from_bytes(data[:4], "big")
            e.media(6, VIDEO, time, e.video_tag(1, key, cts, data[:size]))
            data = data[size:]
    e.write(encoder="unknown", tracks=1, seconds=2,
            **{"video": "H.264", "video-units": 1 + 11})


def teradek():
    """Goes on only after the answer to FCPublish, and after acknowledgements
    for its window of 4096 bytes; says so in AMF3."""
    e = Encoder("teradek")
    e.handshake()
    e.set_window(4096)
    e.connect(kind=COMMAND3, app="live", flashVer="FMLE/3.0 (compatible; FMSc/1.0)",
              tcUrl=url_of(), objectEncoding=3.0)
    e.command(3, 0, "FCPublish", 2, None, e.name, kind=COMMAND3)
    e.command(3, 0, "createStream", 3, None, kind=COMMAND3)
    e.command(3, 1, "publish", 4, None, e.name, "live", kind=COMMAND3)
    e.path = "live/teradek"
    e.expected.append("publish live/teradek live")
    e.metadata(4)
    e.headers(4, 6)
    e.frames(4, 6)
    e.goodbye(3, e.name, 5)
    e.write(encoder=OBS_NAME, **H264_AAC)


def all_personas():
    ffmpeg()
    vmix()
    ffmpeg_player()
    obs()
    obs_wrong_key()
    obs_enhanced("h265", "H.265")
    obs_enhanced("av1", "AV1")
    obs_h265_as_h264()
    obs_two_tracks()
    obs_fork()
    librtmp()
    xsplit()
    fmle()
    wirecast()
    gst()
    larix()
    haishinkit()
    rootencoder()
    drone()
    gopro()
    dvr()
    dvr_slices()
    teradek()
