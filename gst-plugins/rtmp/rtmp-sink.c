/* SPDX-License-Identifier: MIT
 *
 * penstockrtmpsink: encoded video and audio in; out comes a stream that players
 * of the RTMP listener can play, or that is published to another server.
 * Messages are made here; rtmp-sink-target.h delivers them. */

#include "rtmp-sink.h"

#include "flv-writer.h"
#include "rtmp-sink-target.h"

/**
 * SECTION:element-penstockrtmpsink
 * @title: penstockrtmpsink
 *
 * With #PenstockRtmpSink:mode `serve`, serves one stream to RTMP players:
 * whoever plays #PenstockRtmpSink:location gets the newest keyframe and what came after it at once, then what comes
 * next. The listener is shared with every other RTMP element of the process on
 * the same address and port.
 *
 * With the mode `push`, publishes the stream to the server of
 * #PenstockRtmpSink:location, and connects again whenever that fails: with
 * growing waits, and only while there is media. Each failure with a new reason
 * is a warning on the bus, never an error. A server that is too slow loses video
 * up to a newer keyframe. It gets H.265, AV1 and the like only if it announces
 * them; user and password go by authmod adobe or llnw.
 *
 * At most one video and one audio track. H.264, AAC, MP3 and G.711 go in the
 * form every player knows, H.265, AV1, VP9, VP8, Opus, FLAC, AC-3 and E-AC-3 as
 * Enhanced RTMP. The element never waits for its peers nor for its clock: put
 * `identity sync=true` in front of it when the source is a file.
 *
 * |[
 * gst-launch-1.0 videotestsrc is-live=true ! video/x-raw,format=I420 ! x264enc key-int-max=50 tune=zerolatency ! h264parse ! penstockrtmpsink location=rtmp://0.0.0.0:1935/live/test
 * ]|
 *
 * |[
 * gst-launch-1.0 videotestsrc is-live=true ! video/x-raw,format=I420 ! x264enc key-int-max=50 tune=zerolatency ! h264parse ! penstockrtmpsink mode=push location=rtmp://127.0.0.1:1935/live/test
 * ]|
 *
 * Since: 0.1
 */

GST_DEBUG_CATEGORY_STATIC (penstock_rtmp_sink_debug);
#define GST_CAT_DEFAULT penstock_rtmp_sink_debug

#define DEFAULT_MODE PENSTOCK_RTMP_SINK_SERVE
#define DEFAULT_MAX_LAG (2 * GST_SECOND)
#define DEFAULT_CONNECT_TIMEOUT_MS 10000
#define DEFAULT_RETRY_MIN_MS 500
#define DEFAULT_RETRY_MAX_MS 30000
#define MAX_MS 3600000
#define MAX_MERGE_WINDOW_MS 1000
#define N_KINDS 2

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
  PROP_TLS,
  PROP_LAST_TLS = PROP_TLS + PENSTOCK_RTMP_TLS_N_PROPS - 1,
  PROP_PORT,
  PROP_STATS,
  N_PROPS
};
static GParamSpec *props[N_PROPS];

/* What a pad has brought; by kind. */
typedef struct {
  GstPad *pad; /* NULL = not requested */
  GstSegment segment;
  GstCaps *caps; /* NULL before the first */
  PenstockFlvFormat format;
  GBytes *config;
  GstClockTime newest; /* decoding time appended last */
  gboolean eos;
} Track;

struct _PenstockRtmpSink {
  GstElement parent;

  PenstockRtmpSinkSettings settings; /* properties; object lock */
  guint16 port;                      /* bound, 0 = none; the same */

  /* Guards the rest. Order: stream lock, lock, object lock. Never held while
   * posting. */
  GMutex lock;
  PenstockRtmpTarget *target; /* READY→PAUSED to PAUSED→READY */
  Track tracks[N_KINDS];      /* by PenstockFlvKind */
  gboolean have_base;
  GstClockTimeDiff base; /* running time of timestamp 0 */
  gboolean ended;
  guint32 eos_seqnum;

  gchar *warned; /* the reason last posted; I/O thread */
};

static GstStaticPadTemplate video_template =
    GST_STATIC_PAD_TEMPLATE ("video_%u", GST_PAD_SINK, GST_PAD_REQUEST,
        GST_STATIC_CAPS (PENSTOCK_FLV_VIDEO_CAPS));
static GstStaticPadTemplate audio_template =
    GST_STATIC_PAD_TEMPLATE ("audio_%u", GST_PAD_SINK, GST_PAD_REQUEST,
        GST_STATIC_CAPS (PENSTOCK_FLV_AUDIO_CAPS));

G_DEFINE_FINAL_TYPE_WITH_CODE (PenstockRtmpSink, penstock_rtmp_sink,
    GST_TYPE_ELEMENT,
    GST_DEBUG_CATEGORY_INIT (
        penstock_rtmp_sink_debug, "penstockrtmpsink", 0, "Penstock RTMP sink"))

GType penstock_rtmp_sink_mode_get_type (void);

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

/* --- tracks (lock held) --------------------------------------------------- */

static void
track_clear (Track *track)
{
  gst_caps_replace (&track->caps, NULL);
  g_clear_pointer (&track->config, g_bytes_unref);
  gst_segment_init (&track->segment, GST_FORMAT_UNDEFINED);
  track->newest = 0;
  track->eos = FALSE;
}

static Track *
find_track (PenstockRtmpSink *self, GstPad *pad)
{
  for (guint i = 0; i < N_KINDS; i++)
    if (self->tracks[i].pad == pad)
      return &self->tracks[i];
  g_return_val_if_reached (NULL);
}

static void
tell_config (PenstockRtmpSink *self)
{
  PenstockRtmpTargetTrack tracks[N_KINDS];

  if (!self->target)
    return;
  for (guint i = 0; i < N_KINDS; i++)
    tracks[i] = (PenstockRtmpTargetTrack){ self->tracks[i].caps,
      &self->tracks[i].format, self->tracks[i].config };
  penstock_rtmp_target_set_tracks (
      self->target, &tracks[PENSTOCK_FLV_VIDEO], &tracks[PENSTOCK_FLV_AUDIO]);
}

/* --- data ----------------------------------------------------------------- */

/* Running time of @time; times before the segment count on backwards. */
static gboolean
to_running_time (
    const GstSegment *segment, GstClockTime time, GstClockTimeDiff *out)
{
  guint64 running;
  gint sign = gst_segment_to_running_time_full (
      segment, GST_FORMAT_TIME, time, &running);

  *out = sign < 0 ? -(GstClockTimeDiff) running : (GstClockTimeDiff) running;
  return sign != 0;
}

/* Decoding time since the first frame, and the presentation time's distance
 * from it as players will compute it. */
static gboolean
get_times (PenstockRtmpSink *self, Track *track, GstBuffer *buffer,
    GstClockTime *time, gint32 *cts_ms)
{
  GstClockTime dts = GST_BUFFER_DTS_OR_PTS (buffer);
  GstClockTime pts =
      GST_BUFFER_PTS_IS_VALID (buffer) ? GST_BUFFER_PTS (buffer) : dts;
  GstClockTimeDiff decode, present;

  if (!GST_CLOCK_TIME_IS_VALID (dts) ||
      !to_running_time (&track->segment, dts, &decode) ||
      !to_running_time (&track->segment, pts, &present))
    return FALSE;
  if (!self->have_base) {
    self->base = decode;
    self->have_base = TRUE;
  }
  *time = MAX (decode - self->base, 0);
  *time = MAX (*time, track->newest);
  track->newest = *time;
  present = MAX (present - self->base, 0);
  *cts_ms = present / (GstClockTimeDiff) GST_MSECOND -
      (GstClockTimeDiff) (*time / GST_MSECOND);
  return TRUE;
}

/* Lock held. */
static GstFlowReturn
append (PenstockRtmpSink *self, Track *track, GstBuffer *buffer)
{
  const gboolean key =
      !GST_BUFFER_FLAG_IS_SET (buffer, GST_BUFFER_FLAG_DELTA_UNIT);
  guint8 header[PENSTOCK_FLV_FRAME_HEADER_MAX];
  PenstockRtmpFrame frame = {
    .kind = track->format.kind, .header = header, .frame = buffer
  };
  gint32 cts_ms;

  if (!self->target)
    return GST_FLOW_FLUSHING;
  if (self->ended || track->eos)
    return GST_FLOW_EOS;
  if (!track->caps)
    return GST_FLOW_NOT_NEGOTIATED;
  if (!get_times (self, track, buffer, &frame.time, &cts_ms)) {
    GST_DEBUG_OBJECT (track->pad, "dropping a frame without a time");
    return GST_FLOW_OK;
  }
  frame.timestamp = (guint32) (frame.time / GST_MSECOND);
  frame.header_size =
      penstock_flv_write_frame_header (&track->format, key, cts_ms, header);
  if (key && frame.kind == PENSTOCK_FLV_VIDEO)
    frame.flags |= PENSTOCK_ENTRY_KEYFRAME;
  if (GST_BUFFER_FLAG_IS_SET (buffer, GST_BUFFER_FLAG_DROPPABLE))
    frame.flags |= PENSTOCK_ENTRY_DROPPABLE;
  if (GST_BUFFER_IS_DISCONT (buffer))
    frame.flags |= PENSTOCK_ENTRY_DISCONT;
  if (!penstock_rtmp_target_append (self->target, &frame))
    GST_WARNING_OBJECT (track->pad, "dropping a frame that is too long");
  return GST_FLOW_OK;
}

static GstFlowReturn
sink_chain (GstPad *pad, GstObject *parent, GstBuffer *buffer)
{
  PenstockRtmpSink *self = PENSTOCK_RTMP_SINK (parent);
  GstFlowReturn ret;

  g_mutex_lock (&self->lock);
  ret = append (self, find_track (self, pad), buffer);
  g_mutex_unlock (&self->lock);
  gst_buffer_unref (buffer);
  return ret;
}

/* FALSE: RTMP does not carry them, or they lack the configuration. */
static gboolean
take_caps (PenstockRtmpSink *self, GstPad *pad, GstCaps *caps)
{
  PenstockFlvFormat format;
  gboolean ok = penstock_flv_format_from_caps (caps, &format);
  g_autoptr (GBytes) config =
      ok ? penstock_flv_write_config (&format, caps) : NULL;

  if (!ok || (!config && penstock_flv_needs_config (&format))) {
    GST_WARNING_OBJECT (pad, "RTMP cannot carry %" GST_PTR_FORMAT, caps);
    return FALSE;
  }
  g_mutex_lock (&self->lock);
  Track *track = find_track (self, pad);
  if (!track->caps || !gst_caps_is_equal (track->caps, caps)) {
    gst_caps_replace (&track->caps, caps);
    track->format = format;
    /* Players are told again only what is different. */
    if (!config || !track->config || !g_bytes_equal (config, track->config)) {
      g_clear_pointer (&track->config, g_bytes_unref);
      track->config = g_steal_pointer (&config);
    }
    tell_config (self);
  }
  g_mutex_unlock (&self->lock);
  return TRUE;
}

/* Lock held. TRUE: nothing more will come on any pad, and the application can
 * be told; a push tells it when everything is sent. */
static gboolean
all_ended (PenstockRtmpSink *self)
{
  guint n = 0;

  if (self->ended || !self->target)
    return FALSE;
  for (guint i = 0; i < N_KINDS; i++) {
    if (self->tracks[i].pad && !self->tracks[i].eos)
      return FALSE;
    n += self->tracks[i].pad != NULL;
  }
  if (n == 0)
    return FALSE;
  self->ended = TRUE;
  return !penstock_rtmp_target_end (self->target);
}

static void
post_eos (PenstockRtmpSink *self, guint32 seqnum)
{
  GstMessage *message = gst_message_new_eos (GST_OBJECT (self));

  if (seqnum != GST_SEQNUM_INVALID)
    gst_message_set_seqnum (message, seqnum);
  gst_element_post_message (GST_ELEMENT (self), message);
}

static void
take_eos (PenstockRtmpSink *self, GstPad *pad, guint32 seqnum)
{
  g_mutex_lock (&self->lock);
  find_track (self, pad)->eos = TRUE;
  self->eos_seqnum = seqnum;
  gboolean over = all_ended (self);
  g_mutex_unlock (&self->lock);
  if (over)
    post_eos (self, seqnum);
}

static gboolean
sink_event (GstPad *pad, GstObject *parent, GstEvent *event)
{
  PenstockRtmpSink *self = PENSTOCK_RTMP_SINK (parent);
  gboolean ok = TRUE;
  GstCaps *caps;

  switch (GST_EVENT_TYPE (event)) {
  case GST_EVENT_CAPS:
    gst_event_parse_caps (event, &caps);
    ok = take_caps (self, pad, caps);
    break;
  case GST_EVENT_SEGMENT:
    g_mutex_lock (&self->lock);
    gst_event_copy_segment (event, &find_track (self, pad)->segment);
    g_mutex_unlock (&self->lock);
    break;
  case GST_EVENT_FLUSH_STOP:
    g_mutex_lock (&self->lock);
    find_track (self, pad)->eos = FALSE;
    gst_segment_init (&find_track (self, pad)->segment, GST_FORMAT_UNDEFINED);
    g_mutex_unlock (&self->lock);
    break;
  case GST_EVENT_EOS:
    take_eos (self, pad, gst_event_get_seqnum (event));
    break;
  default:
    break;
  }
  gst_event_unref (event);
  return ok;
}

/* --- pads ----------------------------------------------------------------- */

static GstPad *
penstock_rtmp_sink_request_new_pad (GstElement *element, GstPadTemplate *templ,
    const gchar *name, const GstCaps *caps)
{
  PenstockRtmpSink *self = PENSTOCK_RTMP_SINK (element);
  const gboolean video =
      g_str_has_prefix (GST_PAD_TEMPLATE_NAME_TEMPLATE (templ), "video");
  Track *track = &self->tracks[video ? PENSTOCK_FLV_VIDEO : PENSTOCK_FLV_AUDIO];
  GstPad *pad = gst_pad_new_from_template (templ,
      name        ? name
          : video ? "video_0"
                  : "audio_0");

  gst_pad_set_chain_function (pad, sink_chain);
  gst_pad_set_event_function (pad, sink_event);
  g_mutex_lock (&self->lock);
  gboolean taken = track->pad != NULL;
  if (!taken)
    track->pad = pad;
  g_mutex_unlock (&self->lock);
  if (taken) {
    GST_WARNING_OBJECT (
        self, "there is one %s track at most", video ? "video" : "audio");
    gst_object_unref (gst_object_ref_sink (pad));
    return NULL;
  }
  gst_element_add_pad (element, pad);
  return pad;
}

static void
penstock_rtmp_sink_release_pad (GstElement *element, GstPad *pad)
{
  PenstockRtmpSink *self = PENSTOCK_RTMP_SINK (element);

  /* Its streaming thread is out of it after that. */
  gst_pad_set_active (pad, FALSE);
  g_mutex_lock (&self->lock);
  Track *track = find_track (self, pad);
  track->pad = NULL;
  track_clear (track);
  tell_config (self);
  gboolean over = all_ended (self);
  g_mutex_unlock (&self->lock);
  if (over)
    post_eos (self, GST_SEQNUM_INVALID);
  gst_element_remove_pad (element, pad);
}

/* --- states --------------------------------------------------------------- */

/* A push has another state. I/O thread. */
static void
push_changed (
    PenstockRtmpPushState state, const gchar *reason, gpointer user_data)
{
  PenstockRtmpSink *self = user_data;

  if (state == PENSTOCK_RTMP_PUSH_ENDED) {
    g_mutex_lock (&self->lock);
    guint32 seqnum = self->eos_seqnum;
    g_mutex_unlock (&self->lock);
    post_eos (self, seqnum);
  }
  GST_INFO_OBJECT (self, "push is %s (%s)",
      penstock_rtmp_push_state_to_string (state), reason ? reason : "-");
  if (reason && g_strcmp0 (reason, self->warned) != 0)
    GST_ELEMENT_WARNING (
        self, RESOURCE, WRITE, ("Push failed: %s.", reason), (NULL));
  /* It stays while the next attempt is under way. */
  if (reason || state == PENSTOCK_RTMP_PUSH_PUBLISHING) {
    g_free (self->warned);
    self->warned = g_strdup (reason);
  }
}

static gboolean
start (PenstockRtmpSink *self)
{
  g_autoptr (GError) error = NULL;
  PenstockRtmpSinkSettings settings;

  GST_OBJECT_LOCK (self);
  penstock_rtmp_sink_settings_copy (&self->settings, &settings);
  GST_OBJECT_UNLOCK (self);

  PenstockRtmpTarget *target = penstock_rtmp_target_open (
      GST_ELEMENT (self), &settings, push_changed, self, &error);
  g_mutex_lock (&self->lock);
  self->have_base = self->ended = FALSE;
  self->eos_seqnum = GST_SEQNUM_INVALID;
  self->target = target;
  g_mutex_unlock (&self->lock);
  GST_OBJECT_LOCK (self);
  self->port = target ? penstock_rtmp_target_get_port (target) : 0;
  GST_OBJECT_UNLOCK (self);
  if (!target) {
    g_autofree gchar *where = penstock_rtmp_sink_settings_describe (&settings);
    GST_ELEMENT_ERROR (self, RESOURCE, OPEN_WRITE,
        ("Cannot %s %s: %s.",
            settings.mode == PENSTOCK_RTMP_SINK_SERVE ? "serve" : "push to",
            where, error->message),
        (NULL));
  }
  penstock_rtmp_sink_settings_clear (&settings);
  return target != NULL;
}

/* No pad is active any more. */
static void
stop (PenstockRtmpSink *self)
{
  g_mutex_lock (&self->lock);
  PenstockRtmpTarget *target = g_steal_pointer (&self->target);
  for (guint i = 0; i < N_KINDS; i++)
    track_clear (&self->tracks[i]);
  g_mutex_unlock (&self->lock);
  GST_OBJECT_LOCK (self);
  self->port = 0;
  GST_OBJECT_UNLOCK (self);

  penstock_rtmp_target_close (target);
  g_clear_pointer (&self->warned, g_free);
}

static GstStateChangeReturn
penstock_rtmp_sink_change_state (GstElement *element, GstStateChange transition)
{
  PenstockRtmpSink *self = PENSTOCK_RTMP_SINK (element);
  GstStateChangeReturn ret;

  if (transition == GST_STATE_CHANGE_READY_TO_PAUSED && !start (self))
    return GST_STATE_CHANGE_FAILURE;
  ret = GST_ELEMENT_CLASS (penstock_rtmp_sink_parent_class)
            ->change_state (element, transition);
  if (transition == GST_STATE_CHANGE_PAUSED_TO_READY ||
      (transition == GST_STATE_CHANGE_READY_TO_PAUSED &&
          ret == GST_STATE_CHANGE_FAILURE))
    stop (self);
  return ret;
}

/* --- object --------------------------------------------------------------- */

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
set_string (gchar **field, const GValue *value)
{
  g_free (*field);
  *field = g_value_dup_string (value);
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
    set_string (&settings->location, value);
    break;
  case PROP_USER:
    set_string (&settings->user, value);
    break;
  case PROP_PASSWORD:
    set_string (&settings->password, value);
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
    gst_clear_structure (&self->settings.limits);
    self->settings.limits = g_value_dup_boxed (value);
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
    g_value_set_boxed (value, self->settings.limits);
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

static void
penstock_rtmp_sink_finalize (GObject *object)
{
  PenstockRtmpSink *self = PENSTOCK_RTMP_SINK (object);

  for (guint i = 0; i < N_KINDS; i++)
    track_clear (&self->tracks[i]);
  penstock_rtmp_sink_settings_clear (&self->settings);
  g_free (self->warned);
  g_mutex_clear (&self->lock);
  G_OBJECT_CLASS (penstock_rtmp_sink_parent_class)->finalize (object);
}

static void
install_properties (GObjectClass *klass)
{
  const GParamFlags flags =
      G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | GST_PARAM_MUTABLE_READY;

  /**
   * PenstockRtmpSink:mode:
   *
   * Whether players come for the stream, or it is published to a server.
   *
   * Since: 0.1
   */
  props[PROP_MODE] = g_param_spec_enum ("mode", "Mode",
      "Whether players come for the stream or a server gets it",
      penstock_rtmp_sink_mode_get_type (), DEFAULT_MODE, flags);

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
      "rtmp:// URL to serve the stream at or to publish it to", NULL, flags);

  /**
   * PenstockRtmpSink:user:
   *
   * Mode `push`: user at the server, when it is not in the location.
   *
   * Since: 0.1
   */
  props[PROP_USER] = g_param_spec_string (
      "user", "User", "User at the server that is pushed to", NULL, flags);

  /**
   * PenstockRtmpSink:password:
   *
   * Mode `push`: password at the server.
   *
   * Since: 0.1
   */
  props[PROP_PASSWORD] = g_param_spec_string ("password", "Password",
      "Password at the server that is pushed to", NULL,
      G_PARAM_WRITABLE | G_PARAM_STATIC_STRINGS | GST_PARAM_MUTABLE_READY);

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
          MAX_MS, DEFAULT_CONNECT_TIMEOUT_MS, flags);

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
      DEFAULT_RETRY_MIN_MS, flags);

  /**
   * PenstockRtmpSink:retry-max-ms:
   *
   * Mode `push`: the longest wait between two attempts, in milliseconds.
   *
   * Since: 0.1
   */
  props[PROP_RETRY_MAX_MS] = g_param_spec_uint ("retry-max-ms", "Longest wait",
      "Longest wait between two attempts to push, in milliseconds", 10, MAX_MS,
      DEFAULT_RETRY_MAX_MS, flags);

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
      0, G_MAXINT64, DEFAULT_MAX_LAG, flags);

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
          MAX_MERGE_WINDOW_MS, 0, flags);

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
          0, flags);

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
          default_limits.max_bytes, flags);

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
          G_MAXINT64, default_limits.max_time, flags);

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
          default_limits.max_entries, flags);

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
      GST_TYPE_STRUCTURE, flags);
  penstock_rtmp_tls_make_properties (&props[PROP_TLS]);

  /**
   * PenstockRtmpSink:port:
   *
   * The port that is listened on, 0 below PAUSED.
   *
   * Since: 0.1
   */
  props[PROP_PORT] = g_param_spec_uint ("port", "Port",
      "Port that is listened on (0 = none yet)", 0, G_MAXUINT16, 0,
      G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);

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
  props[PROP_STATS] =
      g_param_spec_boxed ("stats", "Statistics", "Players, bytes and skips",
          GST_TYPE_STRUCTURE, G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);
  g_object_class_install_properties (klass, N_PROPS, props);
}

static void
penstock_rtmp_sink_class_init (PenstockRtmpSinkClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GstElementClass *element_class = GST_ELEMENT_CLASS (klass);

  object_class->set_property = penstock_rtmp_sink_set_property;
  object_class->get_property = penstock_rtmp_sink_get_property;
  object_class->finalize = penstock_rtmp_sink_finalize;
  element_class->change_state = penstock_rtmp_sink_change_state;
  element_class->request_new_pad = penstock_rtmp_sink_request_new_pad;
  element_class->release_pad = penstock_rtmp_sink_release_pad;
  install_properties (object_class);
  gst_type_mark_as_plugin_api (penstock_rtmp_sink_mode_get_type (), 0);

  gst_element_class_add_static_pad_template (element_class, &video_template);
  gst_element_class_add_static_pad_template (element_class, &audio_template);
  gst_element_class_set_static_metadata (element_class, "RTMP sink",
      "Sink/Network",
      "Serves a stream to RTMP players, or pushes it to a server",
      "The Penstock developers");
}

static void
penstock_rtmp_sink_init (PenstockRtmpSink *self)
{
  g_mutex_init (&self->lock);
  self->settings = (PenstockRtmpSinkSettings){
    .mode = DEFAULT_MODE,
    .connect_timeout_ms = DEFAULT_CONNECT_TIMEOUT_MS,
    .retry_min_ms = DEFAULT_RETRY_MIN_MS,
    .retry_max_ms = DEFAULT_RETRY_MAX_MS,
    .log = { .limits = default_limits, .max_lag = DEFAULT_MAX_LAG },
  };
  for (guint i = 0; i < N_KINDS; i++)
    gst_segment_init (&self->tracks[i].segment, GST_FORMAT_UNDEFINED);
  GST_OBJECT_FLAG_SET (self, GST_ELEMENT_FLAG_SINK);
}
