/* SPDX-License-Identifier: MIT
 *
 * Properties of penstockrtmpsink and their values (see rtmp-sink-private.h). */

#include "rtmp-listener.h"
#include "rtmp-property.h"
#include "rtmp-sink-private.h"

#define DEFAULT_MODE PENSTOCK_RTMP_SINK_SERVE
#define DEFAULT_MAX_LAG (2 * GST_SECOND)
#define DEFAULT_CONNECT_TIMEOUT_MS 10000
#define DEFAULT_RETRY_MIN_MS 500
#define DEFAULT_RETRY_MAX_MS 30000
#define MAX_MS 3600000
#define MAX_MERGE_WINDOW_MS 1000

static const PenstockGopLogLimits default_limits =
    PENSTOCK_GOP_LOG_DEFAULT_LIMITS;

enum {
  PROP_0,
  PROP_MODE,
  PROP_LOCATION,
  PROP_USER,
  PROP_PASSWORD,
  PROP_CONNECT_TIMEOUT_MS,
  PROP_RETRY_MIN_MS,
  PROP_RETRY_MAX_MS,
  PROP_MAX_LAG,
  PROP_MERGE_WINDOW_MS,
  PROP_MAX_VIEWERS,
  PROP_CACHE_MAX_BYTES,
  PROP_CACHE_MAX_TIME,
  PROP_CACHE_MAX_ENTRIES,
  PROP_LIMITS,
  PROP_ENHANCED,
  PROP_TLS,
  PROP_LAST_TLS = PROP_TLS + PENSTOCK_RTMP_TLS_N_PROPS - 1,
  PROP_PORT,
  PROP_STATS,
  N_PROPS
};
static GParamSpec *props[N_PROPS];

GType
penstock_rtmp_sink_mode_get_type (void)
{
  static gsize type = 0;
  static const GEnumValue values[] = {
    { PENSTOCK_RTMP_SINK_SERVE, "Players play the stream from the listener",
        "serve" },
    { PENSTOCK_RTMP_SINK_PUSH, "The stream is published to a server", "push" },
    { 0, NULL, NULL },
  };

  if (g_once_init_enter (&type))
    g_once_init_leave (
        &type, g_enum_register_static ("PenstockRtmpSinkMode", values));
  return type;
}

/* --- values --------------------------------------------------------------- */

void
penstock_rtmp_sink_settings_init (PenstockRtmpSinkSettings *settings)
{
  *settings = (PenstockRtmpSinkSettings){
    .mode = DEFAULT_MODE,
    .connect_timeout_ms = DEFAULT_CONNECT_TIMEOUT_MS,
    .retry_min_ms = DEFAULT_RETRY_MIN_MS,
    .retry_max_ms = DEFAULT_RETRY_MAX_MS,
    .log = { .limits = default_limits, .max_lag = DEFAULT_MAX_LAG },
  };
}

/* --- reading and writing -------------------------------------------------- */

static GstStructure *
make_stats (PenstockRtmpSink *self)
{
  GST_OBJECT_LOCK (self);
  PenstockRtmpSinkMode mode = self->settings.mode;
  GST_OBJECT_UNLOCK (self);

  g_mutex_lock (&self->lock);
  GstStructure *stats = penstock_rtmp_target_make_stats (self->target, mode);
  g_mutex_unlock (&self->lock);
  return stats;
}

static void
penstock_rtmp_sink_set_property (
    GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  PenstockRtmpSink *self = PENSTOCK_RTMP_SINK (object);
  PenstockRtmpSinkSettings *settings = &self->settings;
  PenstockGopLogLimits *limits = &settings->log.limits;

  GST_OBJECT_LOCK (self);
  switch (id) {
  case PROP_MODE:
    settings->mode = g_value_get_enum (value);
    break;
  case PROP_LOCATION:
    penstock_rtmp_property_set_string (&settings->location, value);
    break;
  case PROP_USER:
    penstock_rtmp_property_set_string (&settings->user, value);
    break;
  case PROP_PASSWORD:
    penstock_rtmp_property_set_string (&settings->password, value);
    break;
  case PROP_CONNECT_TIMEOUT_MS:
    settings->connect_timeout_ms = g_value_get_uint (value);
    break;
  case PROP_RETRY_MIN_MS:
    settings->retry_min_ms = g_value_get_uint (value);
    break;
  case PROP_RETRY_MAX_MS:
    settings->retry_max_ms = g_value_get_uint (value);
    break;
  case PROP_MAX_LAG:
    settings->log.max_lag = g_value_get_uint64 (value);
    break;
  case PROP_MERGE_WINDOW_MS:
    settings->log.merge_window_ms = g_value_get_uint (value);
    break;
  case PROP_MAX_VIEWERS:
    settings->log.max_players = g_value_get_uint (value);
    break;
  case PROP_CACHE_MAX_BYTES:
    limits->max_bytes = g_value_get_uint64 (value);
    break;
  case PROP_CACHE_MAX_TIME:
    limits->max_time = g_value_get_uint64 (value);
    break;
  case PROP_CACHE_MAX_ENTRIES:
    limits->max_entries = g_value_get_uint (value);
    break;
  case PROP_LIMITS:
    gst_clear_structure (&settings->limits);
    settings->limits = g_value_dup_boxed (value);
    break;
  case PROP_ENHANCED:
    settings->enhanced = g_value_get_enum (value);
    break;
  case PROP_TLS ... PROP_LAST_TLS:
    penstock_rtmp_tls_set_property (&settings->tls, id - PROP_TLS, value);
    break;
  default:
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    break;
  }
  GST_OBJECT_UNLOCK (self);
}

static void
penstock_rtmp_sink_get_property (
    GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  PenstockRtmpSink *self = PENSTOCK_RTMP_SINK (object);
  const PenstockRtmpSinkSettings *settings = &self->settings;
  const PenstockGopLogLimits *limits = &settings->log.limits;

  if (id == PROP_STATS) {
    g_value_take_boxed (value, make_stats (self));
    return;
  }
  GST_OBJECT_LOCK (self);
  switch (id) {
  case PROP_MODE:
    g_value_set_enum (value, settings->mode);
    break;
  case PROP_LOCATION:
    if (settings->mode == PENSTOCK_RTMP_SINK_SERVE)
      g_value_set_string (value, settings->location);
    else if (settings->location)
      g_value_take_string (
          value, penstock_rtmp_sink_settings_describe (settings));
    break;
  case PROP_USER:
    g_value_set_string (value, settings->user);
    break;
  case PROP_CONNECT_TIMEOUT_MS:
    g_value_set_uint (value, settings->connect_timeout_ms);
    break;
  case PROP_RETRY_MIN_MS:
    g_value_set_uint (value, settings->retry_min_ms);
    break;
  case PROP_RETRY_MAX_MS:
    g_value_set_uint (value, settings->retry_max_ms);
    break;
  case PROP_MAX_LAG:
    g_value_set_uint64 (value, settings->log.max_lag);
    break;
  case PROP_MERGE_WINDOW_MS:
    g_value_set_uint (value, settings->log.merge_window_ms);
    break;
  case PROP_MAX_VIEWERS:
    g_value_set_uint (value, settings->log.max_players);
    break;
  case PROP_CACHE_MAX_BYTES:
    g_value_set_uint64 (value, limits->max_bytes);
    break;
  case PROP_CACHE_MAX_TIME:
    g_value_set_uint64 (value, limits->max_time);
    break;
  case PROP_CACHE_MAX_ENTRIES:
    g_value_set_uint (value, limits->max_entries);
    break;
  case PROP_LIMITS:
    g_value_set_boxed (value, settings->limits);
    break;
  case PROP_ENHANCED:
    g_value_set_enum (value, settings->enhanced);
    break;
  case PROP_TLS ... PROP_LAST_TLS:
    penstock_rtmp_tls_get_property (&settings->tls, id - PROP_TLS, value);
    break;
  case PROP_PORT:
    g_value_set_uint (value, self->port);
    break;
  default:
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    break;
  }
  GST_OBJECT_UNLOCK (self);
}

/* --- what they are -------------------------------------------------------- */

static void
make_common (void)
{
  /**
   * PenstockRtmpSink:mode:
   *
   * Whether players come for the stream, or it is published to a server.
   *
   * Since: 0.1
   */
  props[PROP_MODE] = g_param_spec_enum ("mode", "Mode",
      "Whether players come for the stream or a server gets it",
      penstock_rtmp_sink_mode_get_type (), DEFAULT_MODE,
      PENSTOCK_RTMP_SETTABLE);

  /**
   * PenstockRtmpSink:location:
   *
   * Mode `serve`: what to listen on and what the stream is called there,
   * rtmp://address[:port]/path. Port 0 is picked by the system, see
   * #PenstockRtmpSink:port. Mode `push`: the stream at the server,
   * rtmp://[user:password@]host[:port]/app/name; reads back without the name,
   * which may be secret. With rtmps:// over TLS.
   *
   * Since: 0.1
   */
  props[PROP_LOCATION] = g_param_spec_string ("location", "Location",
      "rtmp:// URL to serve the stream at or to publish it to", NULL,
      PENSTOCK_RTMP_SETTABLE);

  /**
   * PenstockRtmpSink:stats:
   *
   * As guint64 `bytes-sent` to all peers, `skips` (times a slow one was moved
   * to a newer keyframe) and `cache-bytes`. Mode `serve`: `readers` (guint) now
   * and `readers-total` (guint64). Mode `push`: `state` ("waiting",
   * "connecting", "publishing", "retrying" or "ended"), `reason` of the last
   * failure while it is not publishing, `since` (gint64, real time of the state
   * in microseconds), and as guint64 `connections` and `failures`.
   *
   * Since: 0.1
   */
  props[PROP_STATS] = g_param_spec_boxed ("stats", "Statistics",
      "Players, bytes and skips", GST_TYPE_STRUCTURE, PENSTOCK_RTMP_READABLE);
}

static void
make_push (void)
{
  /**
   * PenstockRtmpSink:user:
   *
   * Mode `push`: user at the server, when it is not in the location.
   *
   * Since: 0.1
   */
  props[PROP_USER] = g_param_spec_string ("user", "User",
      "User at the server that is pushed to", NULL, PENSTOCK_RTMP_SETTABLE);

  /**
   * PenstockRtmpSink:password:
   *
   * Mode `push`: password at the server.
   *
   * Since: 0.1
   */
  props[PROP_PASSWORD] = g_param_spec_string ("password", "Password",
      "Password at the server that is pushed to", NULL, PENSTOCK_RTMP_SECRET);

  /**
   * PenstockRtmpSink:connect-timeout-ms:
   *
   * Mode `push`: how long an attempt may take until the server accepts the
   * publication, in milliseconds.
   *
   * Since: 0.1
   */
  props[PROP_CONNECT_TIMEOUT_MS] =
      g_param_spec_uint ("connect-timeout-ms", "Connect timeout",
          "Longest time until the server accepts a push, in milliseconds", 100,
          MAX_MS, DEFAULT_CONNECT_TIMEOUT_MS, PENSTOCK_RTMP_SETTABLE);

  /**
   * PenstockRtmpSink:retry-min-ms:
   *
   * Mode `push`: wait after a first failure, in milliseconds. It doubles with
   * each further one, and is spread over its upper half.
   *
   * Since: 0.1
   */
  props[PROP_RETRY_MIN_MS] = g_param_spec_uint ("retry-min-ms", "Shortest wait",
      "Wait after the first failure of a push, in milliseconds", 10, MAX_MS,
      DEFAULT_RETRY_MIN_MS, PENSTOCK_RTMP_SETTABLE);

  /**
   * PenstockRtmpSink:retry-max-ms:
   *
   * Mode `push`: the longest wait between two attempts, in milliseconds.
   *
   * Since: 0.1
   */
  props[PROP_RETRY_MAX_MS] = g_param_spec_uint ("retry-max-ms", "Longest wait",
      "Longest wait between two attempts to push, in milliseconds", 10, MAX_MS,
      DEFAULT_RETRY_MAX_MS, PENSTOCK_RTMP_SETTABLE);
}

static void
make_serve (void)
{
  /**
   * PenstockRtmpSink:max-viewers:
   *
   * Mode `serve`: how many may play at a time; further ones are refused with
   * NetStream.Play.Failed.
   *
   * Since: 0.1
   */
  props[PROP_MAX_VIEWERS] =
      g_param_spec_uint ("max-viewers", "Maximum of viewers",
          "How many may play at a time (mode serve; 0 = no bound)", 0, G_MAXINT,
          0, PENSTOCK_RTMP_SETTABLE);

  /**
   * PenstockRtmpSink:limits:
   *
   * Mode `serve`: limits of the listener instead of the default ones, as
   * #PenstockRtmpSrc:limits.
   *
   * Since: 0.1
   */
  props[PROP_LIMITS] = g_param_spec_boxed ("limits", "Limits",
      "Limits of the listener by name (NULL = those in force)",
      GST_TYPE_STRUCTURE, PENSTOCK_RTMP_SETTABLE);
  /**
   * PenstockRtmpSink:enhanced:
   *
   * Mode `serve`: whether the listener speaks Enhanced RTMP: with `auto` to those who do;
   * with `legacy` it is not announced (who uses it nevertheless is understood);
   * with `only` who does not announce it is rejected. As with #limits the first
   * element that says something decides for a listener.
   *
   * Since: 0.1
   */
  props[PROP_ENHANCED] = g_param_spec_enum ("enhanced", "Enhanced RTMP",
      "Whether the listener speaks Enhanced RTMP (mode serve)",
      PENSTOCK_TYPE_RTMP_ENHANCED, PENSTOCK_RTMP_ENHANCED_AUTO,
      PENSTOCK_RTMP_SETTABLE);

  /**
   * PenstockRtmpSink:port:
   *
   * The port that is listened on, 0 below PAUSED.
   *
   * Since: 0.1
   */
  props[PROP_PORT] = g_param_spec_uint ("port", "Port",
      "Port that is listened on (0 = none yet)", 0, G_MAXUINT16, 0,
      PENSTOCK_RTMP_READABLE);
}

static void
make_cache (void)
{
  /**
   * PenstockRtmpSink:max-lag:
   *
   * How far a player may be behind a newer keyframe before its video skips to
   * it, in nanoseconds. Its audio goes on.
   *
   * Since: 0.1
   */
  props[PROP_MAX_LAG] = g_param_spec_uint64 ("max-lag", "Maximum lag",
      "How far a player may be behind a newer keyframe before its video skips "
      "to it, in nanoseconds (0 = for ever)",
      0, G_MAXINT64, DEFAULT_MAX_LAG, PENSTOCK_RTMP_SETTABLE);

  /**
   * PenstockRtmpSink:merge-window-ms:
   *
   * How often what is new is sent, in milliseconds: fewer and larger writes,
   * so more players a core, for so much more latency. 0: at once, and sound
   * with the picture behind it, at most 55 ms later.
   *
   * Since: 0.1
   */
  props[PROP_MERGE_WINDOW_MS] =
      g_param_spec_uint ("merge-window-ms", "Merge window",
          "How often what is new is sent, in milliseconds (0 = at once)", 0,
          MAX_MERGE_WINDOW_MS, 0, PENSTOCK_RTMP_SETTABLE);

  /**
   * PenstockRtmpSink:cache-max-bytes:
   *
   * Most bytes kept for players that join or lag. A group of pictures over this
   * bound, or one of the other two, is given up as a whole: players that join
   * then wait for the next keyframe.
   *
   * Since: 0.1
   */
  props[PROP_CACHE_MAX_BYTES] =
      g_param_spec_uint64 ("cache-max-bytes", "Maximum bytes of the cache",
          "Most bytes kept for players that join or lag", 1, G_MAXINT64,
          default_limits.max_bytes, PENSTOCK_RTMP_SETTABLE);

  /**
   * PenstockRtmpSink:cache-max-time:
   *
   * Most time kept for players that join or lag, in nanoseconds.
   *
   * Since: 0.1
   */
  props[PROP_CACHE_MAX_TIME] =
      g_param_spec_uint64 ("cache-max-time", "Maximum time of the cache",
          "Most time kept for players that join or lag, in nanoseconds", 1,
          G_MAXINT64, default_limits.max_time, PENSTOCK_RTMP_SETTABLE);

  /**
   * PenstockRtmpSink:cache-max-entries:
   *
   * Most access units kept for players that join or lag.
   *
   * Since: 0.1
   */
  props[PROP_CACHE_MAX_ENTRIES] =
      g_param_spec_uint ("cache-max-entries", "Maximum entries of the cache",
          "Most access units kept for players that join or lag", 1, G_MAXINT,
          default_limits.max_entries, PENSTOCK_RTMP_SETTABLE);
}

void
penstock_rtmp_sink_properties_install (GObjectClass *klass)
{
  klass->set_property = penstock_rtmp_sink_set_property;
  klass->get_property = penstock_rtmp_sink_get_property;
  make_common ();
  make_push ();
  make_serve ();
  make_cache ();
  penstock_rtmp_tls_make_properties (&props[PROP_TLS]);
  g_object_class_install_properties (klass, N_PROPS, props);
}
