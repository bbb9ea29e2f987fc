/* SPDX-License-Identifier: MIT
 *
 * Properties of penstockrtmpsrc and their values (see rtmp-src-private.h). */

#include "rtmp-location.h"
#include "rtmp-listener.h"
#include "rtmp-property.h"
#include "rtmp-src-private.h"

#define DEFAULT_LOCATION NULL
#define DEFAULT_ROLE PENSTOCK_RTMP_ROLE_SERVER
#define DEFAULT_POLICY PENSTOCK_RTMP_POLICY_TAKEOVER_STALE
#define DEFAULT_GRACE_MS 15000
#define DEFAULT_EOS_ON_UNPUBLISH TRUE
#define DEFAULT_CONNECT_TIMEOUT_MS 10000
#define DEFAULT_TIMEOUT_MS 10000

enum {
  PROP_0,
  PROP_LOCATION,
  PROP_ROLE,
  PROP_PUBLISH_KEY,
  PROP_PUBLISHER_POLICY,
  PROP_PUBLISHER_GRACE_MS,
  PROP_PUBLISHER_SEAT,
  PROP_EOS_ON_UNPUBLISH,
  PROP_USER,
  PROP_PASSWORD,
  PROP_CONNECT_TIMEOUT_MS,
  PROP_TIMEOUT_MS,
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
penstock_rtmp_role_get_type (void)
{
  static gsize type = 0;
  static const GEnumValue values[] = {
    { PENSTOCK_RTMP_ROLE_SERVER, "Receive what is published", "server" },
    { PENSTOCK_RTMP_ROLE_CLIENT, "Play from another server", "client" },
    { 0, NULL, NULL },
  };

  if (g_once_init_enter (&type))
    g_once_init_leave (
        &type, g_enum_register_static ("PenstockRtmpRole", values));
  return type;
}

GType
penstock_rtmp_policy_get_type (void)
{
  static gsize type = 0;
  static const GEnumValue values[] = {
    { PENSTOCK_RTMP_POLICY_TAKEOVER_STALE,
        "Reject while the first publisher delivers, else replace it",
        "takeover-stale" },
    { PENSTOCK_RTMP_POLICY_TAKEOVER, "The new publisher wins at once",
        "takeover" },
    { PENSTOCK_RTMP_POLICY_REJECT, "The first publisher stays", "reject" },
    { 0, NULL, NULL },
  };

  if (g_once_init_enter (&type))
    g_once_init_leave (
        &type, g_enum_register_static ("PenstockRtmpPolicy", values));
  return type;
}

/* --- Values ---------------------------------------------------------------- */

void
penstock_rtmp_src_settings_init (PenstockRtmpSrcSettings *settings)
{
  *settings =
      (PenstockRtmpSrcSettings){ .location = g_strdup (DEFAULT_LOCATION),
        .role = DEFAULT_ROLE,
        .policy = DEFAULT_POLICY,
        .grace_ms = DEFAULT_GRACE_MS,
        .eos_on_unpublish = DEFAULT_EOS_ON_UNPUBLISH,
        .connect_timeout_ms = DEFAULT_CONNECT_TIMEOUT_MS,
        .timeout_ms = DEFAULT_TIMEOUT_MS };
}

void
penstock_rtmp_src_settings_clear (PenstockRtmpSrcSettings *settings)
{
  g_free (settings->location);
  g_free (settings->publish_key);
  g_clear_pointer (&settings->seat, penstock_publisher_seat_unref);
  g_free (settings->user);
  g_free (settings->password);
  gst_clear_structure (&settings->limits);
  penstock_rtmp_tls_clear (&settings->tls);
}

void
penstock_rtmp_src_settings_copy (
    PenstockRtmpSrc *self, PenstockRtmpSrcSettings *out)
{
  GST_OBJECT_LOCK (self);
  *out = self->settings;
  out->location = g_strdup (out->location);
  out->publish_key = g_strdup (out->publish_key);
  if (out->seat)
    penstock_publisher_seat_ref (out->seat);
  out->user = g_strdup (out->user);
  out->password = g_strdup (out->password);
  out->limits = out->limits ? gst_structure_copy (out->limits) : NULL;
  penstock_rtmp_tls_copy (&self->settings.tls, &out->tls);
  GST_OBJECT_UNLOCK (self);
}

/* --- Reading and writing --------------------------------------------------- */

static GstStructure *
make_stats (PenstockRtmpSrc *self)
{
  PenstockRtmpStreamStats stream;
  PenstockRtmpQueueLevel level;
  GstStructure *s;

  penstock_rtmp_stream_get_stats (self->stream, &stream);
  penstock_rtmp_queue_get_level (self->queue, &level);
  s = gst_structure_new ("application/x-penstock-rtmp-stats", "video-frames",
      G_TYPE_UINT64, stream.video_frames, "keyframes", G_TYPE_UINT64,
      stream.keyframes, "audio-frames", G_TYPE_UINT64, stream.audio_frames,
      "malformed", G_TYPE_UINT64, stream.malformed, "skipped", G_TYPE_UINT64,
      stream.skipped, "timestamp-jumps", G_TYPE_UINT64, stream.jumps,
      "regressions", G_TYPE_UINT64, stream.regressions, "queue-bytes",
      G_TYPE_UINT64, (guint64) level.bytes, "queue-time", G_TYPE_UINT64,
      (guint64) level.time, "dropped-video", G_TYPE_UINT64, level.dropped_video,
      "dropped-audio", G_TYPE_UINT64, level.dropped_audio, NULL);
  GST_OBJECT_LOCK (self);
  gst_structure_set (s, "publishing", G_TYPE_BOOLEAN,
      self->publication.publishing, "peer", G_TYPE_STRING,
      self->publication.peer, "encoder", G_TYPE_STRING,
      self->publication.encoder, "publications", G_TYPE_UINT64,
      self->publication.publications, "bytes", G_TYPE_UINT64,
      self->publication.bytes, "messages", G_TYPE_UINT64,
      self->publication.messages, NULL);
  if (self->publication.publishing)
    gst_structure_set (s, "uptime", G_TYPE_UINT64,
        (g_get_monotonic_time () - self->publication.since) * GST_USECOND,
        NULL);
  GST_OBJECT_UNLOCK (self);
  return s;
}

static void
penstock_rtmp_src_set_property (
    GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  PenstockRtmpSrc *self = PENSTOCK_RTMP_SRC (object);
  PenstockRtmpSrcSettings *settings = &self->settings;

  GST_OBJECT_LOCK (self);
  switch (id) {
  case PROP_LOCATION:
    penstock_rtmp_property_set_string (&settings->location, value);
    break;
  case PROP_ROLE:
    settings->role = g_value_get_enum (value);
    break;
  case PROP_PUBLISH_KEY:
    penstock_rtmp_property_set_string (&settings->publish_key, value);
    break;
  case PROP_PUBLISHER_POLICY:
    settings->policy = g_value_get_enum (value);
    break;
  case PROP_PUBLISHER_GRACE_MS:
    settings->grace_ms = g_value_get_uint (value);
    break;
  case PROP_PUBLISHER_SEAT:
    g_clear_pointer (&settings->seat, penstock_publisher_seat_unref);
    settings->seat = g_value_dup_boxed (value);
    break;
  case PROP_EOS_ON_UNPUBLISH:
    settings->eos_on_unpublish = g_value_get_boolean (value);
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
  case PROP_TIMEOUT_MS:
    settings->timeout_ms = g_value_get_uint (value);
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
penstock_rtmp_src_get_property (
    GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  PenstockRtmpSrc *self = PENSTOCK_RTMP_SRC (object);
  const PenstockRtmpSrcSettings *settings = &self->settings;

  if (id == PROP_STATS) {
    g_value_take_boxed (value, make_stats (self));
    return;
  }
  GST_OBJECT_LOCK (self);
  switch (id) {
  case PROP_LOCATION:
    g_value_take_string (value,
        settings->location ? penstock_rtmp_location_public (settings->location)
                           : NULL);
    break;
  case PROP_ROLE:
    g_value_set_enum (value, settings->role);
    break;
  case PROP_PUBLISHER_POLICY:
    g_value_set_enum (value, settings->policy);
    break;
  case PROP_PUBLISHER_GRACE_MS:
    g_value_set_uint (value, settings->grace_ms);
    break;
  case PROP_EOS_ON_UNPUBLISH:
    g_value_set_boolean (value, settings->eos_on_unpublish);
    break;
  case PROP_USER:
    g_value_set_string (value, settings->user);
    break;
  case PROP_CONNECT_TIMEOUT_MS:
    g_value_set_uint (value, settings->connect_timeout_ms);
    break;
  case PROP_TIMEOUT_MS:
    g_value_set_uint (value, settings->timeout_ms);
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

/* --- What they are --------------------------------------------------------- */

static void
make_common (void)
{
  /**
   * PenstockRtmpSrc:location:
   *
   * Server: `rtmp://address[:port]/path`, the address to listen on (`0.0.0.0`,
   * `[::]` for IPv4 and IPv6) and the path to publish to; port 0 lets the
   * system choose (see #PenstockRtmpSrc:port). Client:
   * `rtmp://[user:password@]host[:port]/app/name[?query]`; reading it back
   * leaves out user, password and query. With `rtmps://` over TLS.
   *
   * Since: 0.1
   */
  props[PROP_LOCATION] = g_param_spec_string ("location", "Location",
      "What to receive: rtmp://address[:port]/path", DEFAULT_LOCATION,
      PENSTOCK_RTMP_SETTABLE);
  /**
   * PenstockRtmpSrc:role:
   *
   * Whether publishers connect to us, or we connect to a server.
   *
   * Since: 0.1
   */
  props[PROP_ROLE] = g_param_spec_enum ("role", "Role",
      "Receive what is published (server) or play from a server (client)",
      penstock_rtmp_role_get_type (), DEFAULT_ROLE, PENSTOCK_RTMP_SETTABLE);
  /**
   * PenstockRtmpSrc:stats:
   *
   * Counters of the element: `publishing`, `peer`, `encoder`, `publications`,
   * `uptime` (ns), `bytes` and `messages` of the publication; `video-frames`,
   * `keyframes`, `audio-frames`, `malformed`, `skipped` (video waiting for a
   * keyframe), `timestamp-jumps`, `regressions`, `queue-bytes`, `queue-time`
   * (ns), `dropped-video`, `dropped-audio` (downstream too slow).
   *
   * Since: 0.1
   */
  props[PROP_STATS] = g_param_spec_boxed ("stats", "Statistics",
      "Counters of the element", GST_TYPE_STRUCTURE, PENSTOCK_RTMP_READABLE);
}

static void
make_server (void)
{
  /**
   * PenstockRtmpSrc:publish-key:
   *
   * Server: secret a publisher must send, as `?key=...` or as one more path
   * segment. %NULL or empty: anybody may publish. Cannot be read.
   *
   * Since: 0.1
   */
  props[PROP_PUBLISH_KEY] = g_param_spec_string ("publish-key", "Publish key",
      "Secret that a publisher must send (server; empty = none)", NULL,
      PENSTOCK_RTMP_SECRET);
  /**
   * PenstockRtmpSrc:publisher-policy:
   *
   * Server: what happens to a second publisher of the same path.
   *
   * Since: 0.1
   */
  props[PROP_PUBLISHER_POLICY] = g_param_spec_enum ("publisher-policy",
      "Publisher policy", "What happens to a second publisher (server)",
      penstock_rtmp_policy_get_type (), DEFAULT_POLICY, PENSTOCK_RTMP_SETTABLE);
  /**
   * PenstockRtmpSrc:publisher-grace-ms:
   *
   * Server: time a publisher that was lost without a goodbye has to come
   * back, in milliseconds, before the publication counts as over.
   *
   * Since: 0.1
   */
  props[PROP_PUBLISHER_GRACE_MS] =
      g_param_spec_uint ("publisher-grace-ms", "Publisher grace",
          "Time a lost publisher has to come back, in milliseconds (server)", 0,
          G_MAXINT, DEFAULT_GRACE_MS, PENSTOCK_RTMP_SETTABLE);
  /**
   * PenstockRtmpSrc:publisher-seat:
   *
   * Server: whom the location has to be shared with: an application that also
   * takes publishers by other means gives them the same seat, so that there is
   * one publisher at a time. Its policy counts instead of #publisher-policy.
   * %NULL: nobody. Cannot be read.
   *
   * Since: 0.1
   */
  props[PROP_PUBLISHER_SEAT] =
      g_param_spec_boxed ("publisher-seat", "Publisher seat",
          "Shared with publishers by other means (server; NULL = none)",
          PENSTOCK_TYPE_PUBLISHER_SEAT, PENSTOCK_RTMP_SECRET);
  /**
   * PenstockRtmpSrc:eos-on-unpublish:
   *
   * Server: send EOS when the publication is over and take no further one.
   * %FALSE keeps the pads and waits for the next publication.
   *
   * Since: 0.1
   */
  props[PROP_EOS_ON_UNPUBLISH] =
      g_param_spec_boolean ("eos-on-unpublish", "EOS on unpublish",
          "End with the publication instead of waiting for the next (server)",
          DEFAULT_EOS_ON_UNPUBLISH, PENSTOCK_RTMP_SETTABLE);
  /**
   * PenstockRtmpSrc:limits:
   *
   * Server: limits of the listener instead of the default ones, by the names
   * that they have in a route map under `rtmp`, for example
   * `limits,max-connections=100,handshake-timeout-ms=5000`. The first element
   * that says something of a listener decides; another one that says something
   * else gets a warning.
   *
   * Since: 0.1
   */
  props[PROP_LIMITS] = g_param_spec_boxed ("limits", "Limits",
      "Limits of the listener by name (server; NULL = those in force)",
      GST_TYPE_STRUCTURE, PENSTOCK_RTMP_SETTABLE);
  /**
   * PenstockRtmpSrc:enhanced:
   *
   * Server: whether the listener speaks Enhanced RTMP: with `auto` to those who do;
   * with `legacy` it is not announced (who uses it nevertheless is understood);
   * with `only` who does not announce it is rejected. As with #limits the first
   * element that says something decides for a listener.
   *
   * Since: 0.1
   */
  props[PROP_ENHANCED] = g_param_spec_enum ("enhanced", "Enhanced RTMP",
      "Whether the listener speaks Enhanced RTMP (server)",
      PENSTOCK_TYPE_RTMP_ENHANCED, PENSTOCK_RTMP_ENHANCED_AUTO,
      PENSTOCK_RTMP_SETTABLE);
  /**
   * PenstockRtmpSrc:port:
   *
   * Server: the port listened on, 0 below PAUSED.
   *
   * Since: 0.1
   */
  props[PROP_PORT] = g_param_spec_uint ("port", "Port",
      "Port listened on (server; 0 = not listening)", 0, G_MAXUINT16, 0,
      PENSTOCK_RTMP_READABLE);
}

static void
make_client (void)
{
  /**
   * PenstockRtmpSrc:user:
   *
   * Client: user name, instead of one in the location.
   *
   * Since: 0.1
   */
  props[PROP_USER] = g_param_spec_string ("user", "User",
      "User name (client; NULL = of the location)", NULL,
      PENSTOCK_RTMP_SETTABLE);
  /**
   * PenstockRtmpSrc:password:
   *
   * Client: password, instead of one in the location. Cannot be read.
   *
   * Since: 0.1
   */
  props[PROP_PASSWORD] = g_param_spec_string ("password", "Password",
      "Password (client; NULL = of the location)", NULL, PENSTOCK_RTMP_SECRET);
  /**
   * PenstockRtmpSrc:connect-timeout-ms:
   *
   * Client: longest time until the first message, in milliseconds.
   *
   * Since: 0.1
   */
  props[PROP_CONNECT_TIMEOUT_MS] =
      g_param_spec_uint ("connect-timeout-ms", "Connect timeout",
          "Longest time until the first message, in milliseconds (client)", 1,
          G_MAXINT, DEFAULT_CONNECT_TIMEOUT_MS, PENSTOCK_RTMP_SETTABLE);
  /**
   * PenstockRtmpSrc:timeout-ms:
   *
   * Client: longest time between messages, in milliseconds.
   *
   * Since: 0.1
   */
  props[PROP_TIMEOUT_MS] = g_param_spec_uint ("timeout-ms", "Timeout",
      "Longest time between messages, in milliseconds (client)", 1, G_MAXINT,
      DEFAULT_TIMEOUT_MS, PENSTOCK_RTMP_SETTABLE);
}

void
penstock_rtmp_src_properties_install (GObjectClass *klass)
{
  klass->set_property = penstock_rtmp_src_set_property;
  klass->get_property = penstock_rtmp_src_get_property;
  make_common ();
  make_server ();
  make_client ();
  penstock_rtmp_tls_make_properties (&props[PROP_TLS]);
  g_object_class_install_properties (klass, N_PROPS, props);
}
