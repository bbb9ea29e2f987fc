/* SPDX-License-Identifier: MIT
 *
 * The table of fields. A new setting is a row here and a member in
 * config-types.h; parser, schema and reference follow by themselves. */

#include "config-fields.h"

#include "config-structs.h"

#define AT(type, member) G_STRUCT_OFFSET (type, member)
#define ROOT(member) AT (PenstockConfigData, member)
#define RTMP(member) ROOT (rtmp_limits.member)
#define RTSP(member) ROOT (rtsp_limits.member)
#define HTTP(member) ROOT (http_limits.member)
#define ROUTE(member) AT (PenstockRouteConfig, member)
#define INPUT(member) AT (PenstockInputConfig, member)
#define OUTPUT(member) AT (PenstockOutputConfig, member)

#define IN(kind) (1u << PENSTOCK_INPUT_##kind)
#define OUT(kind) (1u << PENSTOCK_OUTPUT_##kind)

#define KIB 1024ull
#define MIB (1024 * KIB)
#define GIB (1024 * MIB)

#define INPUT_PATH "/routes/*/input"
#define OUTPUT_PATH "/routes/*/outputs/*"

/* --- names of values ------------------------------------------------------ */

static const PenstockFieldValue log_levels[] = {
  { "error", PENSTOCK_LOG_ERROR, "something failed" },
  { "warning", PENSTOCK_LOG_WARNING, "and what is wrong but goes on" },
  { "info", PENSTOCK_LOG_INFO, "and what is rare: connected, restarted" },
  { "debug", PENSTOCK_LOG_DEBUG, "and every event" },
  { NULL },
};

static const PenstockFieldValue enhanced_modes[] = {
  { "auto", PENSTOCK_RTMP_ENHANCED_AUTO,
      "who announces it is told what the gateway can" },
  { "legacy", PENSTOCK_RTMP_ENHANCED_LEGACY,
      "nobody is told; who uses it nevertheless is understood" },
  { "only", PENSTOCK_RTMP_ENHANCED_ONLY,
      "who does not announce it is rejected" },
  { NULL },
};

static const PenstockFieldValue input_kinds[] = {
  { "publish", PENSTOCK_INPUT_PUBLISH,
      "An encoder sends the stream to the gateway, by RTMP to "
      "`rtmp://HOST/ROUTE` or by RTSP to `rtsp://HOST:PORT/ROUTE`. Needs one "
      "of `/listen/rtmp`, `/listen/rtmps`, `/listen/rtsp` and "
      "`/listen/rtsps`." },
  { "rtsp", PENSTOCK_INPUT_RTSP,
      "The gateway pulls the stream from an RTSP camera or server." },
  { "rtmp", PENSTOCK_INPUT_RTMP,
      "The gateway pulls the stream from an RTMP server." },
  { "file", PENSTOCK_INPUT_FILE,
      "A media file (MP4, Matroska, WebM, FLV, MPEG-TS), played in real "
      "time." },
  { "test", PENSTOCK_INPUT_TEST,
      "A moving test picture with a tone, encoded as H.264 and AAC." },
  { "launch", PENSTOCK_INPUT_LAUNCH,
      "A GStreamer bin description that ends in encoded pads. It can run any "
      "element with the rights of the gateway, so it needs `/allow-launch`." },
  { NULL },
};

static const PenstockFieldValue transports[] = {
  { "tcp", PENSTOCK_TRANSPORT_TCP, "media in the RTSP connection" },
  { "udp", PENSTOCK_TRANSPORT_UDP, "media in UDP packets; can lose some" },
  { NULL },
};

static const PenstockFieldValue output_kinds[] = {
  { "rtsp", PENSTOCK_OUTPUT_RTSP,
      "Players read `rtsp://HOST:PORT/ROUTE`. Needs `/listen/rtsp` "
      "or `/listen/rtsps`." },
  { "rtmp", PENSTOCK_OUTPUT_RTMP,
      "Players play `rtmp://HOST:PORT/ROUTE`. Needs `/listen/rtmp` or "
      "`/listen/rtmps`." },
  { "rtmp-push", PENSTOCK_OUTPUT_RTMP_PUSH,
      "The gateway publishes the stream to another RTMP server, and connects "
      "again whenever that fails. Can stand more than once in a route." },
  { "dash", PENSTOCK_OUTPUT_DASH,
      "Browsers open `http://HOST:PORT/ROUTE/`, players "
      "`http://HOST:PORT/ROUTE/manifest.mpd`. Needs `/listen/http` or "
      "`/listen/https`, or a `directory` that another web server serves." },
  { NULL },
};

static const PenstockFieldValue starts[] = {
  { "cache", PENSTOCK_START_CACHE,
      "at the newest keyframe: a picture at once, and what came since as a "
      "burst; a player that does not hurry stays behind by its age" },
  { "catch-up", PENSTOCK_START_CATCH_UP,
      "the same, but the times of the burst are those of the moment, so that "
      "players show it fast and are near to live; sound begins there" },
  { "keyframe", PENSTOCK_START_KEYFRAME,
      "at the next keyframe: no picture before, and nothing to make up for" },
  { NULL },
};

/* The words of penstockfanout. */
static const PenstockFieldValue slow_policies[] = {
  { "skip-to-keyframe", PENSTOCK_SLOW_SKIP_TO_KEYFRAME,
      "its pictures skip to the newest keyframe, its sound goes on" },
  { "drop-non-reference-first", PENSTOCK_SLOW_DROP_NON_REFERENCE_FIRST,
      "from half the limit on it does not get pictures that no other refers "
      "to (H.264, H.265); beyond it the same" },
  { "audio-only", PENSTOCK_SLOW_AUDIO_ONLY,
      "it gets no more pictures, its sound goes on" },
  { "disconnect", PENSTOCK_SLOW_DISCONNECT, "it is disconnected" },
  { NULL },
};

static const PenstockFieldValue dash_addressing[] = {
  { "auto", PENSTOCK_OUTPUT_ADDRESSING_AUTO,
      "players count segments while they are regular and in time" },
  { "timeline", PENSTOCK_OUTPUT_ADDRESSING_TIMELINE, "each segment is listed" },
  { NULL },
};
static const PenstockFieldValue dash_audio[] = {
  { "auto", PENSTOCK_DASH_AUDIO_AUTO,
      "copy what DASH and browsers carry, encode the rest to AAC" },
  { "copy", PENSTOCK_DASH_AUDIO_COPY,
      "copy; a track that cannot be copied is left out" },
  { "aac", PENSTOCK_DASH_AUDIO_AAC, "encode to AAC unless it is AAC" },
  { "none", PENSTOCK_DASH_AUDIO_NONE, "no audio" },
  { NULL },
};

static const PenstockFieldValue publisher_policies[] = {
  { "takeover-stale", PENSTOCK_PUBLISHER_TAKEOVER_STALE,
      "it replaces a publisher that sends nothing any more, else it is "
      "refused" },
  { "takeover", PENSTOCK_PUBLISHER_TAKEOVER, "it always replaces the first" },
  { "reject", PENSTOCK_PUBLISHER_REJECT, "it is always refused" },
  { NULL },
};

/* Patterns of videotestsrc. */
static const PenstockFieldValue test_patterns[] = {
  { "smpte" },
  { "smpte75" },
  { "smpte100" },
  { "smpte-rp-219" },
  { "ball" },
  { "bar" },
  { "black" },
  { "blink" },
  { "blue" },
  { "checkers-1" },
  { "checkers-2" },
  { "checkers-4" },
  { "checkers-8" },
  { "chroma-zone-plate" },
  { "circular" },
  { "colors" },
  { "gamut" },
  { "gradient" },
  { "green" },
  { "pinwheel" },
  { "red" },
  { "snow" },
  { "spokes" },
  { "white" },
  { "zone-plate" },
  { NULL },
};

/* --- the table ------------------------------------------------------------ */

/* clang-format off */
static const PenstockField fields[] = {
  { "/$schema", PENSTOCK_FIELD_NOTE,
    .help = "Where an editor finds the JSON Schema of this file. The gateway "
        "does not read it." },

  { "/listen", PENSTOCK_FIELD_OBJECT,
    .help = "Addresses and ports. A protocol that is not here is not served. "
        "An address is `\"ADDRESS:PORT\"`: `[::]:8554` and `:8554` are every "
        "address, IPv6 and IPv4; `0.0.0.0:8554` is every IPv4 address; port 0 "
        "lets the system pick one.",
    .example = "{ \"rtmp\": \"[::]:1935\", \"rtsp\": \"[::]:8554\", "
        "\"http\": \"127.0.0.1:8080\" }" },
  { "/listen/rtmp", PENSTOCK_FIELD_ADDRESS, .offset = ROOT (listen_rtmp),
    .help = "RTMP publishers and players. The usual port is 1935.",
    .example = "\"[::]:1935\"" },
  { "/listen/rtmps", PENSTOCK_FIELD_ADDRESS, .offset = ROOT (listen_rtmps),
    .help = "The same over TLS, for the same routes. The usual port is 443 "
        "and, without privileges, 1936. Needs `/tls`. See also "
        "`/rtmp/detect-tls`.",
    .example = "\"[::]:1936\"" },
  { "/listen/rtsp", PENSTOCK_FIELD_ADDRESS, .offset = ROOT (listen_rtsp),
    .help = "RTSP players and publishers. The usual ports are 554 and, without "
        "privileges, 8554.",
    .example = "\"[::]:8554\"" },
  { "/listen/rtsps", PENSTOCK_FIELD_ADDRESS, .offset = ROOT (listen_rtsps),
    .help = "RTSP players and publishers, over TLS; media only inside the "
        "connection. The usual port is 322 and, without privileges, 8322. "
        "Needs `/tls`.",
    .example = "\"[::]:8322\"" },
  { "/listen/http", PENSTOCK_FIELD_ADDRESS, .offset = ROOT (listen_http),
    .help = "DASH, the player page of each route, and the status page.",
    .example = "\"[::]:8080\"" },
  { "/listen/https", PENSTOCK_FIELD_ADDRESS, .offset = ROOT (listen_https),
    .help = "The same over TLS. The usual port is 443 and, without "
        "privileges, 8443. Needs `/tls`.",
    .example = "\"[::]:8443\"" },

  { "/tls", PENSTOCK_FIELD_OBJECT,
    .help = "The certificate of the TLS listeners. It is read at the start and on "
        "reload.",
    .example = "{ \"certificate-file\": \"/etc/penstock/fullchain.pem\", "
        "\"key-file\": \"/etc/penstock/privkey.pem\" }" },
  { "/tls/certificate-file", PENSTOCK_FIELD_PATH, .required = TRUE,
    .offset = ROOT (tls_certificate_file),
    .help = "PEM file with the certificate, followed by those that lead to the "
        "root; relative to the folder of the route map.",
    .example = "\"/etc/penstock/fullchain.pem\"" },
  { "/tls/key-file", PENSTOCK_FIELD_PATH, .offset = ROOT (tls_key_file),
    .help = "PEM file with the private key, without a passphrase. Left out: "
        "it stands in the `certificate-file`.",
    .example = "\"/etc/penstock/privkey.pem\"" },

  { "/rtmp", PENSTOCK_FIELD_OBJECT,
    .help = "The RTMP listener and its limits. The defaults let every known "
        "encoder in; see [limits.md](limits.md) for what they guard.",
    .example = "{ \"max-connections\": 2000, "
        "\"max-connections-per-address\": 20 }" },
  { "/rtmp/detect-tls", PENSTOCK_FIELD_BOOLEAN, .fallback = "false",
    .offset = ROOT (rtmp_detect_tls),
    .help = "Whether the port of `/listen/rtmp` takes TLS too: the first byte "
        "of a connection tells. Needs `/tls`." },
  { "/rtmp/max-video-bytes", PENSTOCK_FIELD_UINT, .min = 65536, .max =
    16777215, .unit = "bytes", .fallback = "16777215", .offset = RTMP
    (max_video),
    .help = "Longest video message. A longer one ends the connection." },
  { "/rtmp/max-audio-bytes", PENSTOCK_FIELD_UINT, .min = 8192, .max =
    16777215, .unit = "bytes", .fallback = "1048576", .offset = RTMP
    (max_audio),
    .help = "Longest audio message. A longer one ends the connection." },
  { "/rtmp/max-data-bytes", PENSTOCK_FIELD_UINT, .min = 4096, .max =
    16777215, .unit = "bytes", .fallback = "4194304", .offset = RTMP
    (max_data),
    .help = "Longest data message (metadata). A longer one is skipped." },
  { "/rtmp/max-command-bytes", PENSTOCK_FIELD_UINT, .min = 4096, .max =
    16777215, .unit = "bytes", .fallback = "1048576", .offset = RTMP
    (max_command),
    .help = "Longest command. A longer one ends the connection." },
  { "/rtmp/max-unfinished-bytes", PENSTOCK_FIELD_UINT, .min = 65536, .max =
    1073741824, .unit = "bytes", .fallback = "20971520", .offset = RTMP
    (max_unfinished),
    .help = "Most bytes of messages of a connection that are not complete." },
  { "/rtmp/max-unfinished-early-bytes", PENSTOCK_FIELD_UINT, .min = 4096,
    .max = 1073741824, .unit = "bytes", .fallback = "65536", .offset = RTMP
    (max_unfinished_early),
    .help = "The same before `connect`." },
  { "/rtmp/max-send-queue-bytes", PENSTOCK_FIELD_UINT, .min = 8192, .max =
    1073741824, .unit = "bytes", .fallback = "65536", .offset = RTMP
    (max_send_queue),
    .help = "Answers that wait for a peer; beyond that it is not read any "
        "more, and closed after `send-timeout-ms`." },
  { "/rtmp/max-chunk-streams", PENSTOCK_FIELD_UINT, .min = 8, .max = 65536,
    .fallback = "64", .offset = RTMP (max_chunk_streams),
    .help = "Most chunk streams of a connection." },
  { "/rtmp/max-message-streams", PENSTOCK_FIELD_UINT, .min = 1, .max = 32,
    .fallback = "16", .offset = RTMP (max_message_streams),
    .help = "Most message streams of a connection." },
  { "/rtmp/commands-per-second", PENSTOCK_FIELD_UINT, .min = 1, .max =
    100000, .fallback = "100", .offset = RTMP (command_rate),
    .help = "Commands a second, over a longer time. Above, the connection "
        "is closed." },
  { "/rtmp/command-burst", PENSTOCK_FIELD_UINT, .min = 16, .max = 1000000,
    .fallback = "500", .offset = RTMP (command_burst),
    .help = "Commands at once." },
  { "/rtmp/amf-depth", PENSTOCK_FIELD_UINT, .min = 4, .max = 32, .fallback =
    "32", .offset = RTMP (amf_depth),
    .help = "Depth of objects in a command or metadata. What is deeper is "
        "not read." },
  { "/rtmp/amf-properties", PENSTOCK_FIELD_UINT, .min = 64, .max = 65536,
    .fallback = "1024", .offset = RTMP (amf_properties),
    .help = "Properties kept of an object." },
  { "/rtmp/amf-string-bytes", PENSTOCK_FIELD_UINT, .min = 1024, .max =
    16777215, .unit = "bytes", .fallback = "65536", .offset = RTMP
    (amf_string),
    .help = "Bytes kept of a string." },
  { "/rtmp/handshake-timeout-ms", PENSTOCK_FIELD_UINT, .min = 10, .max =
    3600000, .unit = "ms", .fallback = "10000", .offset = RTMP (handshake_ms),
    .help = "From the connection to the end of the handshake." },
  { "/rtmp/connect-timeout-ms", PENSTOCK_FIELD_UINT, .min = 10, .max =
    3600000, .unit = "ms", .fallback = "10000", .offset = RTMP (connect_ms),
    .help = "From the handshake to `connect`." },
  { "/rtmp/publish-timeout-ms", PENSTOCK_FIELD_UINT, .min = 10, .max =
    3600000, .unit = "ms", .fallback = "30000", .offset = RTMP (publish_ms),
    .help = "From `connect` to `publish` or `play`." },
  { "/rtmp/first-media-timeout-ms", PENSTOCK_FIELD_UINT, .min = 10, .max =
    3600000, .unit = "ms", .fallback = "20000", .offset = RTMP
    (first_media_ms),
    .help = "From `publish` to the first media." },
  { "/rtmp/silence-timeout-ms", PENSTOCK_FIELD_UINT, .min = 10, .max =
    3600000, .unit = "ms", .fallback = "10000", .offset = RTMP (silence_ms),
    .help = "Between two messages of a publisher." },
  { "/rtmp/message-timeout-ms", PENSTOCK_FIELD_UINT, .min = 10, .max =
    3600000, .unit = "ms", .fallback = "15000", .offset = RTMP (message_ms),
    .help = "For one message, unless it goes on with 1000 bytes a second." },
  { "/rtmp/send-timeout-ms", PENSTOCK_FIELD_UINT, .min = 10, .max = 3600000,
    .unit = "ms", .fallback = "10000", .offset = RTMP (send_ms),
    .help = "A player takes no byte for so long: it is closed." },
  { "/rtmp/play-wait-ms", PENSTOCK_FIELD_UINT, .max = 3600000, .unit = "ms",
    .fallback = "10000", .offset = RTMP (play_ms),
    .help = "How long a player waits for a stream and its media; 0: not at "
        "all." },
  { "/rtmp/enhanced", PENSTOCK_FIELD_ENUM, .offset = RTMP (enhanced),
    .fallback = "\"auto\"", .values = enhanced_modes,
    .help = "Whether Enhanced RTMP is spoken with publishers and players." },
  { "/rtmp/max-connections", PENSTOCK_FIELD_UINT, .max = 1000000, .fallback
    = "0", .offset = RTMP (max_connections),
    .help = "Most connections; 0: no bound." },
  { "/rtmp/max-connections-per-address", PENSTOCK_FIELD_UINT, .max =
    1000000, .fallback = "0", .offset = RTMP (max_per_address),
    .help = "Most connections of an address (of IPv6, a /64); 0: no bound." },
  { "/rtmp/max-connections-per-network", PENSTOCK_FIELD_UINT, .max =
    1000000, .fallback = "0", .offset = RTMP (max_per_network),
    .help = "Most connections of an IPv4 /24 or an IPv6 /64; 0: no bound." },
  { "/rtmp/max-half-open", PENSTOCK_FIELD_UINT, .min = 1, .max = 1000000,
    .fallback = "1024", .offset = RTMP (max_half_open),
    .help = "Most connections that neither publish nor play; beyond that "
        "the oldest is closed." },
  { "/rtmp/max-half-open-per-address", PENSTOCK_FIELD_UINT, .max = 1000000,
    .fallback = "0", .offset = RTMP (max_half_open_per_address),
    .help = "The same of one address, where new ones are refused; 0: no "
        "bound." },
  { "/rtmp/connects-per-second", PENSTOCK_FIELD_UINT, .max = 1000000,
    .fallback = "0", .offset = RTMP (connects_per_second),
    .help = "Connections that an address may make in a second; 0: no bound." },
  { "/rtmp/wrong-keys-per-minute", PENSTOCK_FIELD_UINT, .max = 1000000,
    .fallback = "10", .offset = RTMP (failures_per_minute),
    .help = "Wrong publish keys that an address may send in a minute; 0: no "
        "bound." },
  { "/rtmp/wrong-keys-block-ms", PENSTOCK_FIELD_UINT, .min = 10, .max =
    86400000, .unit = "ms", .fallback = "60000", .offset = RTMP (block_ms),
    .help = "How long an address with too many wrong keys is refused." },
  { "/rtmp/max-memory-bytes", PENSTOCK_FIELD_UINT64, .max = 16 * 1024 * GIB,
    .unit = "bytes", .fallback = "0", .offset = RTMP (max_memory),
    .help = "Most bytes that publishers have sent and the gateway still "
        "holds, GOP caches included; new publishers are refused from 90 "
        "% of it on. 0: no bound." },

  { "/rtsp", PENSTOCK_FIELD_OBJECT,
    .help = "Limits of the RTSP listeners, with and without TLS; see "
        "[limits.md](limits.md) for what they guard.",
    .example = "{ \"max-viewers\": 2000 }" },
  { "/rtsp/max-viewers", PENSTOCK_FIELD_UINT, .max = 1000000, .fallback = "0",
    .offset = RTSP (max_viewers),
    .help = "Most RTSP readers of all routes, beyond which SETUP is answered "
        "453; 0: no bound." },
  { "/rtsp/max-viewers-per-address", PENSTOCK_FIELD_UINT, .max = 1000000,
    .fallback = "0", .offset = RTSP (max_viewers_per_address),
    .help = "The same of an address (of IPv6, a /64)." },
  { "/rtsp/max-connections", PENSTOCK_FIELD_UINT, .max = 1000000,
    .fallback = "0", .offset = RTSP (max_connections),
    .help = "Most connections; further ones are closed. 0: no bound. A reader "
        "by HTTP tunnel has two." },
  { "/rtsp/max-connections-per-address", PENSTOCK_FIELD_UINT, .max = 1000000,
    .fallback = "0", .offset = RTSP (max_connections_per_address),
    .help = "The same of an address (of IPv6, a /64)." },
  { "/rtsp/session-timeout-ms", PENSTOCK_FIELD_UINT, .min = 5000,
    .max = 3600000, .step = 1000, .unit = "ms", .fallback = "60000",
    .offset = RTSP (session_ms),
    .help = "A session without a sign of life for so long, no request, no RTCP "
        "and no byte taken, ends. Clients are told; counts for new sessions." },
  { "/rtsp/idle-timeout-ms", PENSTOCK_FIELD_UINT, .min = 1000, .max = 3600000,
    .unit = "ms", .fallback = "15000", .offset = RTSP (idle_ms),
    .help = "A connection without session and requests for so long is closed." },
  { "/rtsp/max-body-bytes", PENSTOCK_FIELD_UINT, .min = 1024, .max = 16777216,
    .unit = "bytes", .fallback = "65536", .offset = RTSP (max_body),
    .help = "Longest body of a request. A longer one is answered 413. Counts "
        "for new connections." },

  { "/http", PENSTOCK_FIELD_OBJECT,
    .help = "Limits of the HTTP and HTTPS listeners; see "
        "[limits.md](limits.md) for what they guard.",
    .example = "{ \"max-connections\": 20000 }" },
  { "/http/max-connections", PENSTOCK_FIELD_UINT, .min = 1, .max = 1000000,
    .fallback = "4096", .offset = HTTP (max_connections),
    .help = "Most connections, of which a browser has up to six. Beyond that "
        "the longest idle one is closed, or, with none idle, the new one is "
        "answered 503." },
  { "/http/max-connections-per-address", PENSTOCK_FIELD_UINT, .max = 1000000,
    .fallback = "0", .offset = HTTP (max_per_address),
    .help = "Most connections of an address (of IPv6, a /64); 0: no bound. A "
        "proxy in front of the gateway is one address." },
  { "/http/max-header-bytes", PENSTOCK_FIELD_UINT, .min = 1024, .max = 65536,
    .unit = "bytes", .fallback = "16384", .offset = HTTP (max_header_bytes),
    .help = "Longest headers of a request. Longer ones end the connection." },
  { "/http/request-timeout-ms", PENSTOCK_FIELD_UINT, .min = 10, .max = 3600000,
    .unit = "ms", .fallback = "10000", .offset = HTTP (request_ms),
    .help = "From the connection to the end of its first request's headers, "
        "TLS's handshake included." },
  { "/http/idle-timeout-ms", PENSTOCK_FIELD_UINT, .min = 10, .max = 3600000,
    .unit = "ms", .fallback = "75000", .offset = HTTP (idle_ms),
    .help = "From one request to the end of the headers of the next." },
  { "/http/stall-timeout-ms", PENSTOCK_FIELD_UINT, .min = 10, .max = 3600000,
    .unit = "ms", .fallback = "15000", .offset = HTTP (stall_ms),
    .help = "A client takes no byte of an answer for so long: it is closed." },
  { "/http/write-timeout-ms", PENSTOCK_FIELD_UINT, .min = 10, .max = 3600000,
    .unit = "ms", .fallback = "120000", .offset = HTTP (write_ms),
    .help = "Until a client has taken all that there is for it." },
  { "/http/max-behind-bytes", PENSTOCK_FIELD_UINT64, .min = 64 * KIB,
    .max = 16 * GIB, .unit = "bytes", .fallback = "33554432",
    .offset = HTTP (max_pending_bytes),
    .help = "A reader of a media segment that grows is so far behind it: it "
        "is closed." },
  { "/http/hold-ms", PENSTOCK_FIELD_UINT, .max = 60000, .unit = "ms",
    .fallback = "1000", .offset = HTTP (hold_ms),
    .help = "How much longer than until it is due a request for the next "
        "media segment is held." },
  { "/http/max-hold-ms", PENSTOCK_FIELD_UINT, .max = 3600000, .unit = "ms",
    .fallback = "15000", .offset = HTTP (max_hold_ms),
    .help = "How long it is held at most, in all." },
  { "/http/status-cache-ms", PENSTOCK_FIELD_UINT, .max = 60000, .unit = "ms",
    .fallback = "250", .offset = HTTP (status_cache_ms),
    .help = "How long `/status.json` says the same." },
  { "/http/status-timeout-ms", PENSTOCK_FIELD_UINT, .min = 10, .max = 60000,
    .unit = "ms", .fallback = "5000", .offset = HTTP (status_wait_ms),
    .help = "After so long without a new one it is answered 503." },
  { "/http/reader-timeout-ms", PENSTOCK_FIELD_UINT, .min = 10, .max = 3600000,
    .unit = "ms", .fallback = "15000", .offset = HTTP (viewer_ms),
    .help = "How long a client counts as a reader of a DASH output after it "
        "has asked for media." },

  { "/dash", PENSTOCK_FIELD_OBJECT,
    .help = "What the DASH outputs of all routes may take together.",
    .example = "{ \"max-memory-bytes\": 1073741824 }" },
  { "/dash/max-memory-bytes", PENSTOCK_FIELD_UINT64, .max = 16 * 1024 * GIB,
    .unit = "bytes", .fallback = "4294967296",
    .offset = ROOT (dash_max_memory),
    .help = "Memory for the media segments of all routes. Beyond it the windows "
        "get shorter, first that of the route with most, down to what each may "
        "have if all had the same; the two newest segments of each stay. 0: no "
        "bound." },

  { "/log", PENSTOCK_FIELD_OBJECT,
    .help = "The log on standard error." },
  { "/log/level", PENSTOCK_FIELD_ENUM, .offset = ROOT (log_level),
    .fallback = "\"info\"", .values = log_levels,
    .help = "How much is logged." },

  { "/allow-launch", PENSTOCK_FIELD_BOOLEAN, .offset = ROOT (allow_launch),
    .fallback = "false",
    .help = "Allows inputs of type `launch`. Whoever can write the route map "
        "can then run any GStreamer element with the rights of the gateway." },

  { "/routes", PENSTOCK_FIELD_MAP, .required = TRUE,
    .offset = ROOT (routes), .item_size = sizeof (PenstockRouteConfig),
    .item_free = penstock_route_config_free,
    .max = PENSTOCK_CONFIG_MAX_ROUTES,
    .help = "The routes by name. The name is the path everywhere: route "
        "`lobby` is `rtsp://HOST:8554/lobby` and `http://HOST:8080/lobby/`." },

  { INPUT_PATH, PENSTOCK_FIELD_OBJECT, .required = TRUE,
    .offset = ROUTE (input),
    .help = "Where the stream comes from.",
    .example = "\"publish\"" },
  { INPUT_PATH "/type", PENSTOCK_FIELD_KIND, .required = TRUE,
    .offset = INPUT (kind), .values = input_kinds,
    .help = "What kind of input it is." },
  { INPUT_PATH "/url", PENSTOCK_FIELD_URL, IN (RTSP), .required = TRUE,
    .scheme = "rtsp", .offset = INPUT (url),
    .help = "Address of the stream. User and password can stand in it, with "
        "special characters percent-encoded (`@` is `%40`); they are never "
        "shown.",
    .example = "\"rtsp://10.0.0.7/stream1\"" },
  { INPUT_PATH "/url", PENSTOCK_FIELD_URL, IN (RTMP), .required = TRUE,
    .scheme = "rtmp", .tls_scheme = "rtmps", .offset = INPUT (url),
    .help = "Address of the stream: `rtmp://HOST[:PORT]/APP/NAME`, or "
        "`rtmps://` over TLS.",
    .example = "\"rtmp://origin.example/live/one\"" },
  { INPUT_PATH "/tls-verify", PENSTOCK_FIELD_BOOLEAN, IN (RTMP),
    .fallback = "true", .offset = INPUT (tls_verify),
    .help = "Whether the server's certificate must be good." },
  { INPUT_PATH "/tls-ca-file", PENSTOCK_FIELD_PATH, IN (RTMP),
    .offset = INPUT (tls_ca_file),
    .help = "PEM file with who may have signed the server's certificate. Left "
        "out: whom the system trusts.",
    .example = "\"/etc/penstock/ca.pem\"" },
  { INPUT_PATH "/user", PENSTOCK_FIELD_STRING, IN (RTSP) | IN (RTMP),
    .offset = INPUT (user),
    .help = "User name, when it is not in the URL.",
    .example = "\"viewer\"" },
  { INPUT_PATH "/password", PENSTOCK_FIELD_SECRET, IN (RTSP) | IN (RTMP),
    .offset = INPUT (password),
    .help = "Password, when it is not in the URL. Better in a "
        "`password-file`." },
  { INPUT_PATH "/password-file", PENSTOCK_FIELD_SECRET_FILE,
    IN (RTSP) | IN (RTMP), .offset = INPUT (password),
    .help = "File whose first line is the password.",
    .example = "\"/run/secrets/camera\"" },
  { INPUT_PATH "/transport", PENSTOCK_FIELD_ENUM, IN (RTSP),
    .offset = INPUT (transport), .fallback = "\"tcp\"", .values = transports,
    .help = "How the media is carried." },
  { INPUT_PATH "/latency-ms", PENSTOCK_FIELD_UINT, IN (RTSP), .max = 60000,
    .unit = "ms", .fallback = "200", .offset = INPUT (latency_ms),
    .help = "Jitter buffer: how long late packets are waited for." },
  { INPUT_PATH "/connect-timeout-ms", PENSTOCK_FIELD_UINT,
    IN (RTSP) | IN (RTMP), .min = 100, .max = 600000, .unit = "ms",
    .fallback = "10000", .offset = INPUT (connect_timeout_ms),
    .help = "How long connecting may take, until the first data. After that "
        "the gateway tries again." },
  { INPUT_PATH "/no-data-timeout-ms", PENSTOCK_FIELD_UINT,
    IN (RTSP) | IN (RTMP), .min = 100, .max = 600000, .unit = "ms",
    .fallback = "5000", .offset = INPUT (no_data_timeout_ms),
    .help = "How long no data may come, before the gateway connects anew." },
  { INPUT_PATH "/path", PENSTOCK_FIELD_PATH, IN (FILE), .required = TRUE,
    .offset = INPUT (path),
    .help = "The media file; relative to the folder of the route map.",
    .example = "\"media/entrance.mp4\"" },
  { INPUT_PATH "/loop", PENSTOCK_FIELD_BOOLEAN, IN (FILE),
    .offset = INPUT (loop), .fallback = "true",
    .help = "Starts again at the end, without a gap. `false`: plays once." },
  { INPUT_PATH "/pattern", PENSTOCK_FIELD_CHOICE, IN (TEST),
    .offset = INPUT (pattern), .fallback = "\"smpte\"",
    .values = test_patterns, .help = "The picture." },
  { INPUT_PATH "/width", PENSTOCK_FIELD_UINT, IN (TEST), .min = 16,
    .max = 7680, .step = 2, .unit = "pixels", .fallback = "1280",
    .offset = INPUT (width), .help = "Width of the picture." },
  { INPUT_PATH "/height", PENSTOCK_FIELD_UINT, IN (TEST), .min = 16,
    .max = 4320, .step = 2, .unit = "pixels", .fallback = "720",
    .offset = INPUT (height), .help = "Height of the picture." },
  { INPUT_PATH "/framerate", PENSTOCK_FIELD_UINT, IN (TEST), .min = 1,
    .max = 120, .unit = "frames a second", .fallback = "25",
    .offset = INPUT (framerate), .help = "Pictures a second." },
  { INPUT_PATH "/bitrate-kbps", PENSTOCK_FIELD_UINT, IN (TEST), .min = 50,
    .max = 100000, .unit = "kbit/s", .fallback = "2000",
    .offset = INPUT (bitrate_kbps), .help = "Bit rate of the video." },
  { INPUT_PATH "/keyframe-interval-ms", PENSTOCK_FIELD_UINT, IN (TEST),
    .min = 100, .max = 60000, .unit = "ms", .fallback = "2000",
    .offset = INPUT (keyframe_interval_ms),
    .help = "Time from keyframe to keyframe." },
  { INPUT_PATH "/video", PENSTOCK_FIELD_BOOLEAN, IN (TEST),
    .offset = INPUT (video), .fallback = "true",
    .help = "Whether there is a picture." },
  { INPUT_PATH "/audio", PENSTOCK_FIELD_BOOLEAN, IN (TEST),
    .offset = INPUT (audio), .fallback = "true",
    .help = "Whether there is a tone." },
  { INPUT_PATH "/tone-hz", PENSTOCK_FIELD_UINT, IN (TEST), .min = 20,
    .max = 20000, .unit = "Hz", .fallback = "440", .offset = INPUT (tone_hz),
    .help = "Pitch of the tone." },
  { INPUT_PATH "/description", PENSTOCK_FIELD_STRING, IN (LAUNCH),
    .required = TRUE, .offset = INPUT (launch),
    .help = "Elements as for `gst-launch-1.0`. Each source pad that is not "
        "linked becomes a track; it must carry encoded media.",
    .example = "\"videotestsrc is-live=true ! video/x-raw,format=I420 ! "
        "x264enc tune=zerolatency\"" },

  { "/routes/*/outputs", PENSTOCK_FIELD_LIST, .required = TRUE,
    .offset = ROUTE (outputs), .item_size = sizeof (PenstockOutputConfig),
    .item_free = penstock_output_config_free,
    .help = "Where the stream goes: at least one output, each type once; "
        "`rtmp-push` once for each server.",
    .example = "[\"rtsp\", { \"type\": \"dash\", \"window-s\": 30 }]" },
  { OUTPUT_PATH "/type", PENSTOCK_FIELD_KIND, .required = TRUE,
    .offset = OUTPUT (kind), .values = output_kinds,
    .help = "What kind of output it is." },
  { OUTPUT_PATH "/user", PENSTOCK_FIELD_STRING, OUT (RTSP),
    .offset = OUTPUT (user),
    .help = "User that readers have to be, with `password` or "
        "`password-file`. It guards the RTSP output alone. Without a user "
        "anybody may watch.",
    .example = "\"viewer\"" },
  { OUTPUT_PATH "/password", PENSTOCK_FIELD_SECRET, OUT (RTSP),
    .offset = OUTPUT (password),
    .help = "Password of readers. Better in a `password-file`." },
  { OUTPUT_PATH "/password-file", PENSTOCK_FIELD_SECRET_FILE, OUT (RTSP),
    .offset = OUTPUT (password),
    .help = "File whose first line is the password of readers.",
    .example = "\"/run/secrets/viewer-password\"" },
  { OUTPUT_PATH "/start", PENSTOCK_FIELD_ENUM, OUT (RTSP),
    .offset = OUTPUT (start), .fallback = "\"cache\"", .values = starts,
    .help = "Where a reader begins. A reader can choose for itself by "
        "`?start=VALUE` behind the URL." },
  { OUTPUT_PATH "/policy", PENSTOCK_FIELD_ENUM, OUT (RTSP),
    .offset = OUTPUT (policy), .fallback = "\"skip-to-keyframe\"",
    .values = slow_policies,
    .help = "What happens to a reader that takes too little, beyond "
        "`max-lag-ms` or `max-lag-bytes`." },
  { OUTPUT_PATH "/max-lag-ms", PENSTOCK_FIELD_UINT, OUT (RTSP),
    .max = 600000, .unit = "ms", .fallback = "2000",
    .offset = OUTPUT (max_lag_ms),
    .help = "How far a reader may be behind a newer keyframe; what it was "
        "behind when it came is left out of account until it has caught up. 0: "
        "no limit but the cache's." },
  { OUTPUT_PATH "/max-lag-bytes", PENSTOCK_FIELD_UINT64, OUT (RTSP),
    .max = 16 * GIB, .unit = "bytes", .fallback = "0",
    .offset = OUTPUT (max_lag_bytes),
    .help = "The same in bytes of all tracks; 0: no limit." },
  { OUTPUT_PATH "/max-audio-lag-ms", PENSTOCK_FIELD_UINT, OUT (RTSP),
    .max = 600000, .unit = "ms", .fallback = "0",
    .offset = OUTPUT (max_audio_lag_ms),
    .help = "Sound that is older, and that its pictures have skipped, is left "
        "out; 0: none is, as far back as the cache goes." },
  { OUTPUT_PATH "/stall-timeout-ms", PENSTOCK_FIELD_UINT, OUT (RTSP),
    .min = 1000, .max = 3600000, .unit = "ms", .fallback = "60000",
    .offset = OUTPUT (stall_timeout_ms),
    .help = "A reader takes no byte for so long: it is closed." },
  { OUTPUT_PATH "/max-viewers", PENSTOCK_FIELD_UINT, OUT (RTSP),
    .max = 1000000, .fallback = "0", .offset = OUTPUT (max_viewers),
    .help = "Most readers of this output, beyond which SETUP is answered 453; "
        "0: no bound. Those of other outputs of the route do not count." },
  { OUTPUT_PATH "/max-viewers", PENSTOCK_FIELD_UINT, OUT (RTMP),
    .max = 1000000, .fallback = "0", .offset = OUTPUT (max_viewers),
    .help = "Most players at a time; further ones are refused. 0: no bound." },
  { OUTPUT_PATH "/merge-window-ms", PENSTOCK_FIELD_UINT, OUT (RTMP),
    .max = 1000, .unit = "ms", .fallback = "0",
    .offset = OUTPUT (merge_window_ms),
    .help = "How often what is new is sent: fewer and larger writes, so more "
        "players a core, for so much more latency. 0: at once, and sound with "
        "the picture behind it, at most 55 ms later." },
  { OUTPUT_PATH "/url", PENSTOCK_FIELD_URL, OUT (RTMP_PUSH),
    .required = TRUE, .scheme = "rtmp", .tls_scheme = "rtmps",
    .offset = OUTPUT (url),
    .help = "Where to publish: `rtmp://HOST[:PORT]/APP/NAME`, or "
        "`rtmp://HOST[:PORT]/APP` and a `key`; `rtmps://` over TLS. User and "
        "password can stand in it, percent-encoded; they are never shown, nor is the last segment "
        "of the path.",
    .example = "\"rtmp://ingest.example/live\"" },
  { OUTPUT_PATH "/tls-verify", PENSTOCK_FIELD_BOOLEAN, OUT (RTMP_PUSH),
    .fallback = "true", .offset = OUTPUT (tls_verify),
    .help = "Whether the server's certificate must be good." },
  { OUTPUT_PATH "/tls-ca-file", PENSTOCK_FIELD_PATH, OUT (RTMP_PUSH),
    .offset = OUTPUT (tls_ca_file),
    .help = "PEM file with who may have signed the server's certificate. Left "
        "out: whom the system trusts.",
    .example = "\"/etc/penstock/ca.pem\"" },
  { OUTPUT_PATH "/key", PENSTOCK_FIELD_SECRET, OUT (RTMP_PUSH),
    .offset = OUTPUT (key),
    .help = "Stream key that the service has given: the last segment of the "
        "address, maybe with a query. Better in a `key-file`." },
  { OUTPUT_PATH "/key-file", PENSTOCK_FIELD_SECRET_FILE, OUT (RTMP_PUSH),
    .offset = OUTPUT (key),
    .help = "File whose first line is the stream key.",
    .example = "\"/run/secrets/stream-key\"" },
  { OUTPUT_PATH "/user", PENSTOCK_FIELD_STRING, OUT (RTMP_PUSH),
    .offset = OUTPUT (user),
    .help = "User at the server (authmod adobe or llnw), when it is not in "
        "the URL.",
    .example = "\"studio\"" },
  { OUTPUT_PATH "/password", PENSTOCK_FIELD_SECRET, OUT (RTMP_PUSH),
    .offset = OUTPUT (password),
    .help = "Password at the server, when it is not in the URL. Better in a "
        "`password-file`." },
  { OUTPUT_PATH "/password-file", PENSTOCK_FIELD_SECRET_FILE, OUT (RTMP_PUSH),
    .offset = OUTPUT (password),
    .help = "File whose first line is the password at the server.",
    .example = "\"/run/secrets/push-password\"" },
  { OUTPUT_PATH "/connect-timeout-ms", PENSTOCK_FIELD_UINT, OUT (RTMP_PUSH),
    .min = 100, .max = 600000, .unit = "ms", .fallback = "10000",
    .offset = OUTPUT (connect_timeout_ms),
    .help = "How long an attempt may take, until the server accepts the "
        "publication." },
  { OUTPUT_PATH "/retry-max-ms", PENSTOCK_FIELD_UINT, OUT (RTMP_PUSH),
    .min = 500, .max = 3600000, .unit = "ms", .fallback = "30000",
    .offset = OUTPUT (retry_max_ms),
    .help = "Longest wait between two attempts. The first is 500 ms; each "
        "further one is twice as long." },
  { OUTPUT_PATH "/segment-ms", PENSTOCK_FIELD_UINT, OUT (DASH), .min = 500,
    .max = 30000, .unit = "ms", .fallback = "2000",
    .offset = OUTPUT (segment_ms),
    .help = "Wanted duration of a media segment. It ends at the next keyframe "
        "after that." },
  { OUTPUT_PATH "/window-s", PENSTOCK_FIELD_UINT, OUT (DASH), .min = 4,
    .max = 86400, .unit = "s", .fallback = "60", .offset = OUTPUT (window_s),
    .help = "How far back a player can seek (`timeShiftBufferDepth`). At "
        "least three media segments." },
  { OUTPUT_PATH "/retain-s", PENSTOCK_FIELD_UINT, OUT (DASH),
    .max = 86400, .unit = "s", .fallback = "10", .offset = OUTPUT (retain_s),
    .help = "How long media segments stay after the window and one segment, for "
        "players whose manifest is old: at least three segments. 0: no longer, "
        "which needs the least memory. As much as `window-s`: what HLS asks "
        "for." },
  { OUTPUT_PATH "/max-bytes", PENSTOCK_FIELD_UINT64, OUT (DASH),
    .min = MIB, .max = 64 * GIB, .unit = "bytes", .fallback = "268435456",
    .offset = OUTPUT (max_bytes),
    .help = "Memory for the media segments of this route. When they need "
        "more, the window gets shorter." },
  { OUTPUT_PATH "/addressing", PENSTOCK_FIELD_ENUM, OUT (DASH),
    .offset = OUTPUT (addressing), .fallback = "\"timeline\"",
    .values = dash_addressing,
    .help = "How the MPD tells the media segments. With `auto` it changes "
        "less often, but ffmpeg does not play counted segments: it ignores "
        "the start of their Period." },
  { OUTPUT_PATH "/low-latency", PENSTOCK_FIELD_BOOLEAN, OUT (DASH),
    .offset = OUTPUT (low_latency), .fallback = "false",
    .help = "Players get media segments while they grow, and stay `latency-ms` "
        "behind. They count the segments, whatever `addressing` says: the "
        "source has to send keyframes regularly, best one for each segment. "
        "In a `directory` segments appear when they are complete." },
  { OUTPUT_PATH "/latency-ms", PENSTOCK_FIELD_UINT, OUT (DASH),
    .min = 300, .max = 60000, .unit = "ms", .fallback = "2000",
    .offset = OUTPUT (latency_ms),
    .help = "With `low-latency`: how far players should stay behind the moment "
        "the stream arrives here. At least two chunks." },
  { OUTPUT_PATH "/chunk-ms", PENSTOCK_FIELD_UINT, OUT (DASH),
    .min = 100, .max = 500, .unit = "ms", .fallback = "200",
    .offset = OUTPUT (chunk_ms),
    .help = "With `low-latency`: by how much a media segment grows at once." },
  { OUTPUT_PATH "/hls", PENSTOCK_FIELD_BOOLEAN, OUT (DASH),
    .offset = OUTPUT (hls), .fallback = "true",
    .help = "HLS playlists of the same media segments as well, `master.m3u8` "
        "beside `manifest.mpd`; with `low-latency` they are of low latency." },
  { OUTPUT_PATH "/audio", PENSTOCK_FIELD_ENUM, OUT (DASH),
    .offset = OUTPUT (audio), .fallback = "\"auto\"", .values = dash_audio,
    .help = "What happens to the audio." },
  { OUTPUT_PATH "/audio-bitrate-kbps", PENSTOCK_FIELD_UINT, OUT (DASH),
    .min = 8, .max = 512, .unit = "kbit/s", .fallback = "128",
    .offset = OUTPUT (audio_bitrate_kbps),
    .help = "Bit rate of audio that is encoded." },
  { OUTPUT_PATH "/directory", PENSTOCK_FIELD_PATH, OUT (DASH),
    .offset = OUTPUT (directory),
    .help = "Folder that also gets the files of the presentation, for another "
        "web server; relative to the folder of the route map. Not for "
        "templates.",
    .example = "\"/srv/www/lobby\"" },

  { "/routes/*/publish", PENSTOCK_FIELD_OBJECT,
    .help = "Who may publish; only with input `publish`: whoever has the key "
        "or, over RTSP, is the user. Without either anybody may publish. The "
        "path of a route is public, the key is the secret: it is sent as "
        "`?key=KEY` or as a further path segment." },
  { "/routes/*/publish/key", PENSTOCK_FIELD_SECRET,
    .offset = ROUTE (publish_key),
    .help = "The key: letters, digits, `-`, `.`, `_` and `~`. Better in a "
        "`key-file`." },
  { "/routes/*/publish/key-file", PENSTOCK_FIELD_SECRET_FILE,
    .offset = ROUTE (publish_key),
    .help = "File whose first line is the key.",
    .example = "\"/run/secrets/publish-key\"" },
  { "/routes/*/publish/user", PENSTOCK_FIELD_STRING,
    .offset = ROUTE (publish_user),
    .help = "User of RTSP publishers, with `password` or `password-file`. RTMP "
        "publishers cannot send it: they need the key.",
    .example = "\"encoder\"" },
  { "/routes/*/publish/password", PENSTOCK_FIELD_SECRET,
    .offset = ROUTE (publish_password),
    .help = "Password of RTSP publishers. Better in a `password-file`." },
  { "/routes/*/publish/password-file", PENSTOCK_FIELD_SECRET_FILE,
    .offset = ROUTE (publish_password),
    .help = "File whose first line is the password of RTSP publishers.",
    .example = "\"/run/secrets/encoder-password\"" },
  { "/routes/*/publisher-policy", PENSTOCK_FIELD_ENUM,
    .offset = ROUTE (publisher_policy), .fallback = "\"takeover-stale\"",
    .values = publisher_policies,
    .help = "What happens when a second publisher comes; only with input "
        "`publish`." },
  { "/routes/*/publisher-grace-ms", PENSTOCK_FIELD_UINT, .max = 3600000,
    .unit = "ms", .fallback = "15000", .offset = ROUTE (publisher_grace_ms),
    .help = "How long a publisher whose connection broke may take to return, "
        "before readers are told that the stream is over; only with input "
        "`publish`." },
  { "/routes/*/correct-drift", PENSTOCK_FIELD_BOOLEAN, .fallback = "true",
    .offset = ROUTE (correct_drift),
    .help = "Whether times follow the system's clock where the source's is "
        "faster or slower, by at most 5 ms a second. Otherwise they keep the "
        "source's pace, and begin anew, with a discontinuity, when they are off "
        "by more than half a second." },
  { "/routes/*/cache", PENSTOCK_FIELD_OBJECT,
    .help = "Bounds of the GOP cache, from which new readers start with a "
        "picture and slow readers are served. A GOP beyond a bound is given "
        "up; new readers then wait for the next keyframe." },
  { "/routes/*/cache/max-bytes", PENSTOCK_FIELD_UINT64, .min = 64 * KIB,
    .max = 16 * GIB, .unit = "bytes", .fallback = "67108864",
    .offset = ROUTE (cache_max_bytes), .help = "Most memory." },
  { "/routes/*/cache/max-time-ms", PENSTOCK_FIELD_UINT, .min = 100,
    .max = 600000, .unit = "ms", .fallback = "30000",
    .offset = ROUTE (cache_max_time_ms), .help = "Longest time." },
  { "/routes/*/cache/max-entries", PENSTOCK_FIELD_UINT, .min = 16,
    .max = 1000000, .unit = "access units", .fallback = "4096",
    .offset = ROUTE (cache_max_entries), .help = "Most access units." },
};

static const PenstockShortForm short_forms[] = {
  { INPUT_PATH, "publish", PENSTOCK_INPUT_PUBLISH },
  { INPUT_PATH, "rtsp://", PENSTOCK_INPUT_RTSP, "url" },
  { INPUT_PATH, "rtmp://", PENSTOCK_INPUT_RTMP, "url" },
  { INPUT_PATH, "rtmps://", PENSTOCK_INPUT_RTMP, "url" },
  { INPUT_PATH, "file:", PENSTOCK_INPUT_FILE, "path", TRUE },
  { INPUT_PATH, "test", PENSTOCK_INPUT_TEST },
  { OUTPUT_PATH, "rtsp", PENSTOCK_OUTPUT_RTSP },
  { OUTPUT_PATH, "rtmp", PENSTOCK_OUTPUT_RTMP },
  { OUTPUT_PATH, "rtmp://", PENSTOCK_OUTPUT_RTMP_PUSH, "url" },
  { OUTPUT_PATH, "rtmps://", PENSTOCK_OUTPUT_RTMP_PUSH, "url" },
  { OUTPUT_PATH, "dash", PENSTOCK_OUTPUT_DASH },
};

/* Of the design, for a better answer than "unknown". */
static const struct {
  const gchar *parent, *key, *value, *what;
} unsupported[] = {
  { "", "hooks", NULL, "calling hooks" },
  { "", "auth", NULL, "authorization of readers" },
  { "", "api", NULL, "the control API" },
  { "", "metrics", NULL, "metrics" },
  { "", "cluster", NULL, "clustering" },
  { "/routes/*", "inputs", NULL, "a list of inputs" },
  { "/routes/*", "start", NULL, "starting on demand" },
  { "/routes/*", "hooks", NULL, "calling hooks" },
  { "/routes/*", "auth", NULL, "authorization of readers" },
  { "/routes/*", "record", NULL, "recording" },
  { INPUT_PATH, "type", "websocket", "publishing by WebSocket" },
  { INPUT_PATH, "", "rtsps://", "RTSP over TLS" },
  { OUTPUT_PATH, "type", "hls", "HLS output" },
  { OUTPUT_PATH, "type", "record", "recording" },
  { OUTPUT_PATH, "type", "webrtc", "WebRTC output" },
};
/* clang-format on */

const PenstockField *
penstock_config_fields (guint *n_fields)
{
  *n_fields = G_N_ELEMENTS (fields);
  return fields;
}

const PenstockShortForm *
penstock_config_short_forms (guint *n_forms)
{
  *n_forms = G_N_ELEMENTS (short_forms);
  return short_forms;
}

const gchar *
penstock_config_unsupported (
    const gchar *parent, const gchar *key, const gchar *value)
{
  for (guint i = 0; i < G_N_ELEMENTS (unsupported); i++)
    if (g_str_equal (unsupported[i].parent, parent) &&
        g_str_equal (unsupported[i].key, key) &&
        g_strcmp0 (unsupported[i].value, value) == 0)
      return unsupported[i].what;
  return NULL;
}
