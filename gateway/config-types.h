/* SPDX-License-Identifier: MIT
 *
 * A checked configuration as plain structs, filled by the table of fields in
 * config-fields.c. Immutable once loaded. Strings are owned by the struct and
 * %NULL when absent. Defaults and ranges stand in the table, nowhere else. */
#ifndef PENSTOCK_CONFIG_TYPES_H
#define PENSTOCK_CONFIG_TYPES_H

#include "channel/gop-log.h"
#include "http/http-limits.h"
#include "rtmp/rtmp-limits.h"
#include "rtsp/rtsp-limits.h"

G_BEGIN_DECLS

/* Bounds on a route map; checking and looking up grow with them. */
#define PENSTOCK_CONFIG_MAX_ROUTES 10000
#define PENSTOCK_CONFIG_MAX_TEMPLATES 1000

/* "[::]:8554", "127.0.0.1:0", ":1935" = every address. */
typedef struct
{
  gboolean set;    /* FALSE: not listening */
  gchar *host;     /* without brackets; "::" is dual-stack */
  guint16 port;    /* 0: the system picks one */
  gboolean tls;    /* nothing else; set by who listens */
} PenstockListenAddress;

typedef enum
{
  PENSTOCK_INPUT_PUBLISH,
  PENSTOCK_INPUT_RTSP,
  PENSTOCK_INPUT_RTMP,
  PENSTOCK_INPUT_FILE,
  PENSTOCK_INPUT_TEST,
  PENSTOCK_INPUT_LAUNCH,
} PenstockInputKind;

typedef enum
{
  PENSTOCK_TRANSPORT_TCP,
  PENSTOCK_TRANSPORT_UDP,
} PenstockTransport;

typedef struct
{
  PenstockInputKind kind;

  /* rtsp, rtmp */
  gchar *url;                /* without user and password */
  gchar *user, *password;    /* never logged */
  gboolean tls_verify;       /* rtmp: the server's certificate must be good */
  gchar *tls_ca_file;        /* rtmp: NULL: whom the system trusts */
  PenstockTransport transport;
  guint latency_ms;          /* jitter buffer */
  guint connect_timeout_ms;  /* until the first data */
  guint no_data_timeout_ms;  /* between data */

  /* file */
  gchar *path;               /* resolved against the file's folder */
  gboolean loop;

  /* test */
  gchar *pattern;            /* a pattern of videotestsrc */
  guint width, height, framerate;
  guint bitrate_kbps, keyframe_interval_ms;
  gboolean video, audio;     /* at least one */
  guint tone_hz;

  /* launch */
  gchar *launch;             /* bin description, ends in encoded pads */
} PenstockInputConfig;

typedef enum
{
  PENSTOCK_OUTPUT_RTSP,
  PENSTOCK_OUTPUT_RTMP,
  PENSTOCK_OUTPUT_RTMP_PUSH,
  PENSTOCK_OUTPUT_DASH,
} PenstockOutputKind;

typedef enum
{
  PENSTOCK_DASH_AUDIO_AUTO, /* copy what DASH and browsers carry, else AAC */
  PENSTOCK_DASH_AUDIO_COPY, /* copy; a track that cannot be is left out */
  PENSTOCK_DASH_AUDIO_AAC,  /* always encode to AAC unless it is AAC */
  PENSTOCK_DASH_AUDIO_NONE,
} PenstockDashAudio;

/* The values of penstockdashsink's property. */
typedef enum
{
  PENSTOCK_OUTPUT_ADDRESSING_AUTO,     /* counted while regular */
  PENSTOCK_OUTPUT_ADDRESSING_TIMELINE, /* listed one by one */
} PenstockOutputAddressing;

typedef struct
{
  PenstockOutputKind kind;

  /* rtsp: of its viewers, NULL: anybody; rtmp-push: at the server */
  gchar *user, *password;    /* never logged */

  /* rtsp */
  PenstockStart start;       /* where readers begin */
  PenstockSlowPolicy policy; /* beyond these, 0 = no limit: */
  guint max_lag_ms;          /* behind a newer keyframe */
  guint64 max_lag_bytes;
  guint max_audio_lag_ms;
  guint stall_timeout_ms;    /* no byte taken */

  guint max_viewers;         /* rtsp, rtmp; 0: no bound */
  guint merge_window_ms;     /* rtmp; what is new is sent so often; 0: at once */

  /* rtmp-push */
  gchar *url;                /* without user and password */
  gchar *key;                /* behind the URL; NULL: in it; never logged */
  gboolean tls_verify;       /* the server's certificate must be good */
  gchar *tls_ca_file;        /* NULL: whom the system trusts */
  guint connect_timeout_ms;  /* until the server takes the publication */
  guint retry_max_ms;        /* longest wait between two attempts */

  /* dash */
  guint segment_ms;          /* target duration of a media segment */
  guint window_s;            /* timeShiftBufferDepth */
  guint retain_s;            /* after the window and one segment */
  guint64 max_bytes;         /* of the segments kept in memory */
  PenstockOutputAddressing addressing;
  gboolean low_latency;      /* segments can be read while they grow */
  guint chunk_ms;            /* by so much at once */
  guint latency_ms;          /* that players should keep */
  gboolean hls;              /* playlists as well */
  PenstockDashAudio audio;
  guint audio_bitrate_kbps;  /* when audio is encoded */
  gchar *directory;          /* also write files there; NULL = memory only */
} PenstockOutputConfig;

typedef enum
{
  PENSTOCK_PUBLISHER_TAKEOVER_STALE,
  PENSTOCK_PUBLISHER_TAKEOVER,
  PENSTOCK_PUBLISHER_REJECT,
} PenstockPublisherPolicy;

typedef struct
{
  gchar *name;               /* "live/one", or a template "live/" + "*" */
  gboolean is_template;
  PenstockInputConfig input;
  GPtrArray *outputs;        /* of PenstockOutputConfig, owned */
  gchar *publish_key;        /* opens it over any protocol; never logged */
  gchar *publish_user, *publish_password; /* open it over RTSP; never logged */
  PenstockPublisherPolicy publisher_policy;
  guint publisher_grace_ms;
  gboolean correct_drift;
  guint64 cache_max_bytes;
  guint cache_max_time_ms, cache_max_entries;
} PenstockRouteConfig;

typedef enum
{
  PENSTOCK_LOG_ERROR,
  PENSTOCK_LOG_WARNING,
  PENSTOCK_LOG_INFO,
  PENSTOCK_LOG_DEBUG,
} PenstockLogLevel;

typedef struct
{
  gchar *filename;           /* for messages; may be NULL */
  PenstockListenAddress listen_rtmp, listen_rtmps, listen_rtsp, listen_rtsps,
      listen_http, listen_https;
  gchar *tls_certificate_file; /* PEM; set when a TLS listener is */
  gchar *tls_key_file;         /* PEM; NULL: in the certificate's file */
  gboolean rtmp_detect_tls;    /* on the port of listen_rtmp */
  PenstockRtmpLimits rtmp_limits;
  HttpLimits http_limits;
  PenstockRtspLimits rtsp_limits;
  guint64 dash_max_memory;     /* of the segments of all routes; 0: no bound */
  PenstockLogLevel log_level;
  gboolean allow_launch;
  GPtrArray *routes;         /* of PenstockRouteConfig, owned, file order */
} PenstockConfigData;

G_END_DECLS

#endif /* PENSTOCK_CONFIG_TYPES_H */
