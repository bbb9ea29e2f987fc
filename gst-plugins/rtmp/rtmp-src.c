/* SPDX-License-Identifier: MIT
 *
 * SECTION:element-penstockrtmpsrc
 *
 * Receives one RTMP stream: as a server what somebody publishes to a location
 * (role=server), or as a client what another server plays (role=client). All
 * server elements of a process with the same address and port share one
 * listener.
 *
 * Sometimes pads `video_%u` and `audio_%u`, the number being the Enhanced RTMP
 * track (0 without multitrack), with caps in the form that needs no parser:
 * avc, hvc1, obu-stream, raw AAC. Live; a buffer's running time is that of the
 * first message's arrival plus the publisher's own time since then.
 *
 * Element messages:
 * - `penstock-publication`: `state` ("started", "lost", "ended"), `peer`,
 *   `encoder`, `reason` (strings; the reason is empty for "started"). After
 *   "lost" the publisher may come back within the grace time ("started" again)
 *   or not ("ended").
 * - `penstock-track-ignored`: `track`, `reason` (strings): this track cannot be
 *   carried.
 *
 * |[
 * gst-launch-1.0 penstockrtmpsrc location=rtmp://0.0.0.0:1935/live/test ! h264parse ! avdec_h264 ! autovideosink
 * ]|
 *
 * Since: 0.1
 */

#include "rtmp-src.h"

#include <string.h>

#include "rtmp-client.h"
#include "rtmp-listener.h"
#include "rtmp-location.h"
#include "rtmp-signals.h"
#include "rtmp-queue.h"
#include "rtmp-server.h"
#include "rtmp-stream.h"

GST_DEBUG_CATEGORY (penstock_rtmp_src_debug);
#define GST_CAT_DEFAULT penstock_rtmp_src_debug

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
  PROP_TLS,
  PROP_LAST_TLS = PROP_TLS + PENSTOCK_RTMP_TLS_N_PROPS - 1,
  PROP_PORT,
  PROP_STATS,
  N_PROPS
};
static GParamSpec *props[N_PROPS];

typedef struct {
  gchar *location; /* may hold user and password */
  PenstockRtmpRole role;
  gchar *publish_key;
  PenstockRtmpPolicy policy;
  guint grace_ms;
  PenstockPublisherSeat *seat; /* NULL: one of its own */
  gboolean eos_on_unpublish;
  gchar *user, *password;
  guint connect_timeout_ms, timeout_ms;
  GstStructure *limits; /* NULL = those in force */
  PenstockRtmpTls tls;
} Settings;

/* Where the messages come from: one of the two roles. */
typedef struct {
  PenstockRtmpServer *server;
  PenstockRtmpClaim *claim;
  PenstockRtmpClient *client;
} Source;

/* What the application may ask for. */
typedef struct {
  gboolean publishing;
  gchar *peer, *encoder;
  guint64 publications;
  guint64 bytes, messages; /* of the publication now, or the last one */
  gint64 since;            /* monotonic us of its start */
} Publication;

struct _PenstockRtmpSrc {
  GstElement parent;

  Settings settings;       /* properties; object lock */
  guint16 port;            /* bound, 0 = none; object lock */
  Publication publication; /* written by the streaming thread; object lock */

  /* READY→PAUSED to PAUSED→READY; the pointers under source_lock */
  GMutex source_lock;
  Source source;
  gchar *stream_name;
  gboolean is_client, eos_on_unpublish;
  gboolean was_playing; /* state changes only */

  PenstockRtmpQueue *queue;   /* set in init; thread-safe */
  PenstockRtmpStream *stream; /* set in init; streaming thread */
  GThread *thread;            /* READY→PAUSED to PAUSED→READY */
  gboolean started;           /* streaming thread: between start and end */
  gboolean finished;          /* streaming thread: EOS was sent */
};

static GstStaticPadTemplate video_template = GST_STATIC_PAD_TEMPLATE (
    "video_%u", GST_PAD_SRC, GST_PAD_SOMETIMES,
    GST_STATIC_CAPS (
        "video/x-h264, stream-format=(string)avc, alignment=(string)au; "
        "video/x-h265, stream-format=(string)hvc1, alignment=(string)au; "
        "video/x-av1, stream-format=(string)obu-stream, alignment=(string)tu; "
        "video/x-vp8; video/x-vp9"));
static GstStaticPadTemplate audio_template =
    GST_STATIC_PAD_TEMPLATE ("audio_%u", GST_PAD_SRC, GST_PAD_SOMETIMES,
        GST_STATIC_CAPS (
            "audio/mpeg, mpegversion=(int)4, stream-format=(string)raw, "
            "framed=(boolean)true; "
            "audio/mpeg, mpegversion=(int)1, layer=(int)3, "
            "parsed=(boolean)true; audio/x-opus; "
            "audio/x-flac, framed=(boolean)true; "
            "audio/x-ac3, framed=(boolean)true; "
            "audio/x-eac3, framed=(boolean)true; "
            "audio/x-alaw; audio/x-mulaw; "
            "audio/x-raw, format=(string){ S16LE, U8 }, "
            "layout=(string)interleaved"));

G_DEFINE_FINAL_TYPE_WITH_CODE (PenstockRtmpSrc, penstock_rtmp_src,
    GST_TYPE_ELEMENT,
    GST_DEBUG_CATEGORY_INIT (
        penstock_rtmp_src_debug, "penstockrtmpsrc", 0, "Penstock RTMP source"))

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

/* --- Callbacks of the source: I/O thread, must not wait ------------------ */

static void
push_item (PenstockRtmpSrc *self, PenstockRtmpQueueItem *item)
{
  item->arrival = g_get_monotonic_time () * GST_USECOND;
  penstock_rtmp_queue_push (self->queue, item);
}

static PenstockRtmpVerdict
on_asked (const PenstockRtmpPublication *publication, gpointer user_data)
{
  return penstock_rtmp_signals_ask (user_data, publication);
}

static void
on_started (const PenstockRtmpPublication *publication, gpointer user_data)
{
  PenstockRtmpQueueItem item = { .type = PENSTOCK_RTMP_QUEUE_STARTED,
    .peer = g_strdup (publication->peer),
    .encoder = g_strdup (publication->encoder) };

  push_item (user_data, &item);
}

static void
on_message (PenstockRtmpMessage *message, gpointer user_data)
{
  PenstockRtmpQueueItem item = { .type = PENSTOCK_RTMP_QUEUE_MESSAGE,
    .message = penstock_rtmp_message_ref (message) };

  push_item (user_data, &item);
}

static void
on_ended (PenstockRtmpEnd end, const gchar *detail, gpointer user_data)
{
  PenstockRtmpQueueItem item = {
    .type = PENSTOCK_RTMP_QUEUE_ENDED, .end = end, .detail = g_strdup (detail)
  };

  push_item (user_data, &item);
}

static void
on_expired (gpointer user_data)
{
  PenstockRtmpQueueItem item = { .type = PENSTOCK_RTMP_QUEUE_EXPIRED };

  push_item (user_data, &item);
}

static const PenstockRtmpCallbacks callbacks = {
  .asked = on_asked,
  .started = on_started,
  .message = on_message,
  .ended = on_ended,
  .expired = on_expired,
};

/* --- The source ----------------------------------------------------------- */

static gboolean
open_server (PenstockRtmpSrc *self, const Settings *settings, Source *source,
    GError **error)
{
  PenstockRtmpClaimSettings claim = { .key = settings->publish_key,
    .policy = settings->policy,
    .grace_ms = settings->grace_ms,
    .seat = settings->seat };
  g_autofree gchar *path = NULL;

  source->server = penstock_rtmp_listener_open (GST_ELEMENT (self),
      settings->location, &settings->tls, settings->limits, &path, error);
  if (!source->server)
    return FALSE;
  /* Who is asked at once may decide at once. */
  g_mutex_lock (&self->source_lock);
  self->source.server = source->server;
  g_mutex_unlock (&self->source_lock);
  source->claim = penstock_rtmp_server_claim (
      source->server, path, &claim, &callbacks, self, error);
  return source->claim != NULL;
}

static gboolean
open_client (PenstockRtmpSrc *self, const Settings *settings, Source *source,
    GError **error)
{
  PenstockRtmpClientSettings client = { .url = settings->location,
    .user = settings->user,
    .password = settings->password,
    .connect_timeout_ms = settings->connect_timeout_ms,
    .silence_timeout_ms = settings->timeout_ms,
    .tls = &settings->tls };

  if (!settings->location) {
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
        "expected rtmp://host[:port]/app/name");
    return FALSE;
  }
  source->client = penstock_rtmp_client_play (&client, &callbacks, self, error);
  return source->client != NULL;
}

static void
decide (PenstockRtmpSrc *self, guint64 id, gboolean accept, const gchar *reason)
{
  g_mutex_lock (&self->source_lock);
  PenstockRtmpServer *server = self->source.server
      ? penstock_rtmp_server_ref (self->source.server)
      : NULL;
  g_mutex_unlock (&self->source_lock);
  if (!server)
    return;
  if (accept)
    penstock_rtmp_server_accept (server, id);
  else
    penstock_rtmp_server_refuse (server, id, "NetStream.Publish.Denied",
        reason ? reason : "The publication is not allowed.");
  penstock_rtmp_server_unref (server);
}

static void
source_clear (Source *source)
{
  g_clear_pointer (&source->client, penstock_rtmp_client_free);
  g_clear_pointer (&source->claim, penstock_rtmp_claim_release);
  g_clear_pointer (&source->server, penstock_rtmp_server_unref);
}

/* After this returns no callback runs. Any thread. */
static void
close_source (PenstockRtmpSrc *self)
{
  Source source;

  g_mutex_lock (&self->source_lock);
  source = self->source;
  self->source = (Source){ NULL };
  g_mutex_unlock (&self->source_lock);
  source_clear (&source);

  GST_OBJECT_LOCK (self);
  self->port = 0;
  GST_OBJECT_UNLOCK (self);
}

static void
settings_clear (Settings *settings)
{
  g_free (settings->location);
  g_free (settings->publish_key);
  g_clear_pointer (&settings->seat, penstock_publisher_seat_unref);
  g_free (settings->user);
  g_free (settings->password);
  gst_clear_structure (&settings->limits);
  penstock_rtmp_tls_clear (&settings->tls);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Settings, settings_clear)

static void
copy_settings (PenstockRtmpSrc *self, Settings *out)
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

static gboolean
open_source (PenstockRtmpSrc *self)
{
  g_auto (Settings) settings = { NULL };
  g_autofree gchar *where = NULL;
  g_autoptr (GError) error = NULL;
  Source source = { NULL };
  gboolean ok;

  copy_settings (self, &settings);
  where = penstock_rtmp_location_public (settings.location);
  self->is_client = settings.role == PENSTOCK_RTMP_ROLE_CLIENT;
  self->eos_on_unpublish = settings.eos_on_unpublish;
  g_free (self->stream_name);
  self->stream_name = g_strdup (where);

  /* Callbacks may run before the pointers are stored: they only use the
   * queue. */
  ok = self->is_client ? open_client (self, &settings, &source, &error)
                       : open_server (self, &settings, &source, &error);
  if (!ok) {
    g_mutex_lock (&self->source_lock);
    self->source = (Source){ NULL };
    g_mutex_unlock (&self->source_lock);
    source_clear (&source);
    GST_ELEMENT_ERROR (self, RESOURCE, OPEN_READ_WRITE,
        ("Cannot receive %s: %s", where, error->message), (NULL));
    return FALSE;
  }
  GST_OBJECT_LOCK (self);
  self->port =
      source.server ? penstock_rtmp_server_get_port (source.server) : 0;
  GST_OBJECT_UNLOCK (self);
  g_mutex_lock (&self->source_lock);
  self->source = source;
  g_mutex_unlock (&self->source_lock);
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_PORT]);
  return TRUE;
}

/* --- Streaming thread ------------------------------------------------------ */

static void
post_publication (
    PenstockRtmpSrc *self, const gchar *state, const gchar *reason)
{
  GstStructure *s;

  GST_OBJECT_LOCK (self);
  s = gst_structure_new ("penstock-publication", "state", G_TYPE_STRING, state,
      "peer", G_TYPE_STRING, self->publication.peer, "encoder", G_TYPE_STRING,
      self->publication.encoder, "reason", G_TYPE_STRING, reason, NULL);
  GST_OBJECT_UNLOCK (self);
  GST_INFO_OBJECT (self, "publication %s %s", state, reason);
  gst_element_post_message (
      GST_ELEMENT (self), gst_message_new_element (GST_OBJECT (self), s));
}

/* The work is done: no more publishers, no more data until READY. */
static void
finish (PenstockRtmpSrc *self)
{
  self->finished = TRUE;
  close_source (self);
  penstock_rtmp_queue_clear (self->queue);
  penstock_rtmp_stream_push_eos (self->stream);
}

static void
take_started (PenstockRtmpSrc *self, PenstockRtmpQueueItem *item)
{
  Publication *publication = &self->publication;

  GST_OBJECT_LOCK (self);
  g_free (publication->peer);
  g_free (publication->encoder);
  publication->peer = g_steal_pointer (&item->peer);
  publication->encoder = g_steal_pointer (&item->encoder);
  publication->publishing = TRUE;
  publication->publications++;
  publication->bytes = publication->messages = 0;
  publication->since = g_get_monotonic_time ();
  GST_OBJECT_UNLOCK (self);

  self->started = TRUE;
  penstock_rtmp_stream_start (self->stream, self->stream_name);
  post_publication (self, "started", "");
}

/* The publication is over. Without a pad nothing ever came: the next one may
 * do better. */
static void
end_publication (PenstockRtmpSrc *self)
{
  if (self->eos_on_unpublish && penstock_rtmp_stream_has_pads (self->stream))
    finish (self);
}

/* The publisher is told, and may come back with something else. */
static void
reject_useless (PenstockRtmpSrc *self)
{
  const gchar *reason = "no track that can be used";

  if (self->is_client) {
    GST_ELEMENT_ERROR (self, STREAM, WRONG_TYPE,
        ("%s has %s.", self->stream_name, reason), (NULL));
    finish (self);
    return;
  }
  GST_WARNING_OBJECT (self, "%s, ending the publication", reason);
  g_mutex_lock (&self->source_lock);
  if (self->source.claim)
    penstock_rtmp_claim_reject (
        self->source.claim, "NetStream.Publish.Rejected", reason);
  g_mutex_unlock (&self->source_lock);
}

/* One attempt of a client is over: a clean end, or an error. */
static void
end_client (PenstockRtmpSrc *self, const PenstockRtmpQueueItem *item)
{
  switch (item->end) {
  case PENSTOCK_RTMP_END_GOODBYE:
    if (!penstock_rtmp_stream_has_pads (self->stream))
      GST_ELEMENT_ERROR (self, RESOURCE, READ,
          ("%s ended before any media came.", self->stream_name), (NULL));
    break;
  case PENSTOCK_RTMP_END_REFUSED:
    GST_ELEMENT_ERROR (self, RESOURCE, NOT_AUTHORIZED,
        ("The server refused %s: %s", self->stream_name, item->detail), (NULL));
    break;
  case PENSTOCK_RTMP_END_UNREACHABLE:
    GST_ELEMENT_ERROR (self, RESOURCE, OPEN_READ,
        ("Cannot connect to %s: %s", self->stream_name, item->detail), (NULL));
    break;
  default:
    GST_ELEMENT_ERROR (self, RESOURCE, READ,
        ("Lost %s: %s", self->stream_name, item->detail), (NULL));
    break;
  }
  finish (self);
}

static void
take_ended (PenstockRtmpSrc *self, const PenstockRtmpQueueItem *item)
{
  const gboolean over =
      self->is_client || item->end == PENSTOCK_RTMP_END_GOODBYE;
  const gboolean was_started = self->started;

  GST_OBJECT_LOCK (self);
  self->publication.publishing = FALSE;
  GST_OBJECT_UNLOCK (self);
  self->started = FALSE;
  if (was_started)
    post_publication (self, over ? "ended" : "lost", item->detail);
  if (self->is_client)
    end_client (self, item);
  else if (over)
    end_publication (self);
}

static void
take_message (PenstockRtmpSrc *self, const PenstockRtmpQueueItem *item)
{
  GstFlowReturn flow;

  GST_OBJECT_LOCK (self);
  self->publication.bytes += item->message->size;
  self->publication.messages++;
  GST_OBJECT_UNLOCK (self);

  flow = penstock_rtmp_stream_take (self->stream, item);
  /* Flushing: going down, or a passing flush. */
  if (flow == GST_FLOW_OK || flow == GST_FLOW_FLUSHING) {
    if (penstock_rtmp_stream_is_useless (self->stream))
      reject_useless (self);
    return;
  }
  GST_DEBUG_OBJECT (self, "stopping: %s", gst_flow_get_name (flow));
  if (flow != GST_FLOW_EOS)
    GST_ELEMENT_FLOW_ERROR (self, flow);
  finish (self);
}

static void
take_item (PenstockRtmpSrc *self, PenstockRtmpQueueItem *item)
{
  switch (item->type) {
  case PENSTOCK_RTMP_QUEUE_STARTED:
    take_started (self, item);
    break;
  case PENSTOCK_RTMP_QUEUE_MESSAGE:
    if (self->started)
      take_message (self, item);
    break;
  case PENSTOCK_RTMP_QUEUE_ENDED:
    take_ended (self, item);
    break;
  case PENSTOCK_RTMP_QUEUE_EXPIRED:
    post_publication (self, "ended", "nobody came back");
    end_publication (self);
    break;
  case PENSTOCK_RTMP_QUEUE_RESUMED:
    penstock_rtmp_stream_rebase (self->stream);
    break;
  case PENSTOCK_RTMP_QUEUE_EOS:
    finish (self);
    break;
  default:
    break;
  }
}

static gpointer
run (gpointer user_data)
{
  PenstockRtmpSrc *self = user_data;

  for (;;) {
    g_auto (PenstockRtmpQueueItem) item = { 0 };

    penstock_rtmp_queue_pop (
        self->queue, penstock_rtmp_stream_get_deadline (self->stream), &item);
    if (item.type == PENSTOCK_RTMP_QUEUE_QUIT)
      return NULL;
    if (!self->finished)
      take_item (self, &item);
    penstock_rtmp_stream_tick (self->stream);
  }
}

/* --- Element --------------------------------------------------------------- */

static void
resume_streaming (PenstockRtmpSrc *self)
{
  /* What waited while the clock stood still is old now; before the first
   * start it may be the only keyframe for seconds. */
  if (self->was_playing)
    penstock_rtmp_queue_resume (self->queue);
  else
    penstock_rtmp_queue_set_state (self->queue, PENSTOCK_RTMP_QUEUE_RUNNING);
  self->was_playing = TRUE;
}

/* The pads are inactive already: the thread cannot hang in a push. */
static void
stop_streaming (PenstockRtmpSrc *self)
{
  penstock_rtmp_queue_set_state (self->queue, PENSTOCK_RTMP_QUEUE_QUITTING);
  g_thread_join (g_steal_pointer (&self->thread));
  penstock_rtmp_queue_clear (self->queue);
  penstock_rtmp_stream_reset (self->stream);
  self->started = self->finished = self->was_playing = FALSE;
  GST_OBJECT_LOCK (self);
  self->publication.publishing = FALSE;
  GST_OBJECT_UNLOCK (self);
}

static gboolean
start_streaming (PenstockRtmpSrc *self)
{
  penstock_rtmp_queue_set_state (self->queue, PENSTOCK_RTMP_QUEUE_PAUSED);
  if (!open_source (self))
    return FALSE;
  self->thread = g_thread_new ("penstock-rtmp", run, self);
  return TRUE;
}

static GstStateChangeReturn
penstock_rtmp_src_change_state (GstElement *element, GstStateChange transition)
{
  PenstockRtmpSrc *self = PENSTOCK_RTMP_SRC (element);
  GstStateChangeReturn ret;

  switch (transition) {
  case GST_STATE_CHANGE_READY_TO_PAUSED:
    if (!start_streaming (self))
      return GST_STATE_CHANGE_FAILURE;
    break;
  case GST_STATE_CHANGE_PLAYING_TO_PAUSED:
    penstock_rtmp_queue_set_state (self->queue, PENSTOCK_RTMP_QUEUE_PAUSED);
    break;
  case GST_STATE_CHANGE_PAUSED_TO_READY:
    close_source (self);
    break;
  default:
    break;
  }
  ret = GST_ELEMENT_CLASS (penstock_rtmp_src_parent_class)
            ->change_state (element, transition);
  switch (transition) {
  case GST_STATE_CHANGE_READY_TO_PAUSED:
    if (ret == GST_STATE_CHANGE_FAILURE) {
      close_source (self);
      stop_streaming (self);
    } else {
      ret = GST_STATE_CHANGE_NO_PREROLL;
    }
    break;
  case GST_STATE_CHANGE_PAUSED_TO_PLAYING:
    if (ret != GST_STATE_CHANGE_FAILURE)
      resume_streaming (self);
    break;
  case GST_STATE_CHANGE_PLAYING_TO_PAUSED:
    if (ret != GST_STATE_CHANGE_FAILURE)
      ret = GST_STATE_CHANGE_NO_PREROLL;
    break;
  case GST_STATE_CHANGE_PAUSED_TO_READY:
    stop_streaming (self);
    break;
  default:
    break;
  }
  return ret;
}

static gboolean
penstock_rtmp_src_send_event (GstElement *element, GstEvent *event)
{
  PenstockRtmpSrc *self = PENSTOCK_RTMP_SRC (element);

  if (GST_EVENT_TYPE (event) == GST_EVENT_EOS) {
    PenstockRtmpQueueItem item = { .type = PENSTOCK_RTMP_QUEUE_EOS };

    push_item (self, &item);
    gst_event_unref (event);
    return TRUE;
  }
  return GST_ELEMENT_CLASS (penstock_rtmp_src_parent_class)
      ->send_event (element, event);
}

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
set_string (gchar **field, const GValue *value)
{
  g_free (*field);
  *field = g_value_dup_string (value);
}

static void
penstock_rtmp_src_set_property (
    GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  PenstockRtmpSrc *self = PENSTOCK_RTMP_SRC (object);
  Settings *settings = &self->settings;

  GST_OBJECT_LOCK (self);
  switch (id) {
  case PROP_LOCATION:
    set_string (&settings->location, value);
    break;
  case PROP_ROLE:
    settings->role = g_value_get_enum (value);
    break;
  case PROP_PUBLISH_KEY:
    set_string (&settings->publish_key, value);
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
    set_string (&settings->user, value);
    break;
  case PROP_PASSWORD:
    set_string (&settings->password, value);
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
  const Settings *settings = &self->settings;

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
penstock_rtmp_src_finalize (GObject *object)
{
  PenstockRtmpSrc *self = PENSTOCK_RTMP_SRC (object);

  penstock_rtmp_stream_free (self->stream);
  penstock_rtmp_queue_free (self->queue);
  settings_clear (&self->settings);
  g_free (self->publication.peer);
  g_free (self->publication.encoder);
  g_free (self->stream_name);
  g_mutex_clear (&self->source_lock);
  G_OBJECT_CLASS (penstock_rtmp_src_parent_class)->finalize (object);
}

static void
install_properties (GObjectClass *klass)
{
  const GParamFlags ready =
      G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | GST_PARAM_MUTABLE_READY;
  const GParamFlags secret =
      G_PARAM_WRITABLE | G_PARAM_STATIC_STRINGS | GST_PARAM_MUTABLE_READY;
  const GParamFlags read = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS;

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
      "What to receive: rtmp://address[:port]/path", DEFAULT_LOCATION, ready);
  /**
   * PenstockRtmpSrc:role:
   *
   * Whether publishers connect to us, or we connect to a server.
   *
   * Since: 0.1
   */
  props[PROP_ROLE] = g_param_spec_enum ("role", "Role",
      "Receive what is published (server) or play from a server (client)",
      penstock_rtmp_role_get_type (), DEFAULT_ROLE, ready);
  /**
   * PenstockRtmpSrc:publish-key:
   *
   * Server: secret a publisher must send, as `?key=...` or as one more path
   * segment. %NULL or empty: anybody may publish. Cannot be read.
   *
   * Since: 0.1
   */
  props[PROP_PUBLISH_KEY] = g_param_spec_string ("publish-key", "Publish key",
      "Secret that a publisher must send (server; empty = none)", NULL, secret);
  /**
   * PenstockRtmpSrc:publisher-policy:
   *
   * Server: what happens to a second publisher of the same path.
   *
   * Since: 0.1
   */
  props[PROP_PUBLISHER_POLICY] = g_param_spec_enum ("publisher-policy",
      "Publisher policy", "What happens to a second publisher (server)",
      penstock_rtmp_policy_get_type (), DEFAULT_POLICY, ready);
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
          G_MAXINT, DEFAULT_GRACE_MS, ready);
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
          PENSTOCK_TYPE_PUBLISHER_SEAT, secret);
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
          DEFAULT_EOS_ON_UNPUBLISH, ready);
  /**
   * PenstockRtmpSrc:user:
   *
   * Client: user name, instead of one in the location.
   *
   * Since: 0.1
   */
  props[PROP_USER] = g_param_spec_string ("user", "User",
      "User name (client; NULL = of the location)", NULL, ready);
  /**
   * PenstockRtmpSrc:password:
   *
   * Client: password, instead of one in the location. Cannot be read.
   *
   * Since: 0.1
   */
  props[PROP_PASSWORD] = g_param_spec_string ("password", "Password",
      "Password (client; NULL = of the location)", NULL, secret);
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
          G_MAXINT, DEFAULT_CONNECT_TIMEOUT_MS, ready);
  /**
   * PenstockRtmpSrc:timeout-ms:
   *
   * Client: longest time between messages, in milliseconds.
   *
   * Since: 0.1
   */
  props[PROP_TIMEOUT_MS] = g_param_spec_uint ("timeout-ms", "Timeout",
      "Longest time between messages, in milliseconds (client)", 1, G_MAXINT,
      DEFAULT_TIMEOUT_MS, ready);
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
      GST_TYPE_STRUCTURE, ready);
  penstock_rtmp_tls_make_properties (&props[PROP_TLS]);
  /**
   * PenstockRtmpSrc:port:
   *
   * Server: the port listened on, 0 below PAUSED.
   *
   * Since: 0.1
   */
  props[PROP_PORT] = g_param_spec_uint ("port", "Port",
      "Port listened on (server; 0 = not listening)", 0, G_MAXUINT16, 0, read);
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
      "Counters of the element", GST_TYPE_STRUCTURE, read);
  g_object_class_install_properties (klass, N_PROPS, props);
}

static void
penstock_rtmp_src_class_init (PenstockRtmpSrcClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GstElementClass *element_class = GST_ELEMENT_CLASS (klass);

  object_class->set_property = penstock_rtmp_src_set_property;
  object_class->get_property = penstock_rtmp_src_get_property;
  object_class->finalize = penstock_rtmp_src_finalize;
  element_class->change_state = penstock_rtmp_src_change_state;
  element_class->send_event = penstock_rtmp_src_send_event;
  install_properties (object_class);
  penstock_rtmp_signals_install (object_class, G_CALLBACK (decide));

  gst_element_class_add_static_pad_template (element_class, &video_template);
  gst_element_class_add_static_pad_template (element_class, &audio_template);
  gst_element_class_set_static_metadata (element_class, "RTMP source",
      "Source/Network",
      "Receives RTMP publications, or plays a stream of an RTMP server",
      "The Penstock developers");
  gst_type_mark_as_plugin_api (penstock_rtmp_role_get_type (), 0);
  gst_type_mark_as_plugin_api (penstock_rtmp_policy_get_type (), 0);
  gst_type_mark_as_plugin_api (penstock_rtmp_verdict_get_type (), 0);
}

static void
penstock_rtmp_src_init (PenstockRtmpSrc *self)
{
  self->settings = (Settings){ .location = g_strdup (DEFAULT_LOCATION),
    .role = DEFAULT_ROLE,
    .policy = DEFAULT_POLICY,
    .grace_ms = DEFAULT_GRACE_MS,
    .eos_on_unpublish = DEFAULT_EOS_ON_UNPUBLISH,
    .connect_timeout_ms = DEFAULT_CONNECT_TIMEOUT_MS,
    .timeout_ms = DEFAULT_TIMEOUT_MS };
  g_mutex_init (&self->source_lock);
  self->queue = penstock_rtmp_queue_new ();
  self->stream = penstock_rtmp_stream_new (GST_ELEMENT (self));
  GST_OBJECT_FLAG_SET (self, GST_ELEMENT_FLAG_SOURCE);
}
