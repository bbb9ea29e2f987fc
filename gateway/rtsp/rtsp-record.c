/* SPDX-License-Identifier: MIT
 *
 * See rtsp-record.h. */

#include "rtsp-record.h"

#include <string.h>

#include "../log.h"
#include "rtsp-record-factory.h"
#include "rtsp-record-media.h"
#include "rtsp-record-sdp.h"

/* No status of RTSP's own, but of HTTP, from which it takes them. */
#define STATUS_CONFLICT ((GstRTSPStatusCode) 409)
/* A watchdog that is so much too late could not look. */
#define HELD_UP_US (500 * 1000)
/* Bytes of what a publisher calls itself. */
#define MAX_ENCODER 128

struct _PenstockRtspRecord {
  GObject parent;

  /* Set at construction. */
  GWeakRef client;
  PenstockRtspRecordCutFunc cut;
  PenstockPublishPorts *ports;
  gchar *peer;

  /* The client's thread. */
  gchar *base, *query;            /* what was announced; may hold a key */
  gchar *name;                    /* of the route */
  PenstockRtspRecordMedia *media; /* owned */
  GstRTSPStatusCode refusal_code; /* of the request that runs; 0 = none */
  const gchar *refusal;           /* a sentence */
  gboolean media_locked;          /* while RECORD runs */
  GstRTSPSession *guarded;        /* owned; must not expire in that time */

  GMutex lock; /* guards the rest; nothing is called under it */
  PenstockPublication *publication; /* owned; NULL: none, or over */
  GstRTSPSession *session;          /* owned; from RECORD on */
  GSource *watchdog;
};

G_DEFINE_FINAL_TYPE (PenstockRtspRecord, penstock_rtsp_record, G_TYPE_OBJECT)

static void
cut_connection (PenstockRtspRecord *self)
{
  g_autoptr (GstRTSPClient) client = g_weak_ref_get (&self->client);

  if (client && self->cut)
    self->cut (client);
}

/* --- the end ------------------------------------------------------------------- */

gboolean
penstock_rtsp_record_end (PenstockRtspRecord *self, const gchar *reason)
{
  g_mutex_lock (&self->lock);
  PenstockPublication *publication = g_steal_pointer (&self->publication);
  g_autoptr (GstRTSPSession) session = g_steal_pointer (&self->session);
  GSource *watchdog = g_steal_pointer (&self->watchdog);
  g_mutex_unlock (&self->lock);

  if (watchdog) {
    g_source_destroy (watchdog);
    g_source_unref (watchdog);
  }
  if (!publication)
    return FALSE;
  penstock_publication_end (publication, reason);
  penstock_publication_unref (publication);
  return TRUE;
}

/* For a reason that the publisher does not know of. */
static void
end_and_cut (GObject *owner, const gchar *reason)
{
  PenstockRtspRecord *self = PENSTOCK_RTSP_RECORD (owner);

  if (penstock_rtsp_record_end (self, reason))
    cut_connection (self);
}

gboolean
penstock_rtsp_record_is_live (PenstockRtspRecord *self)
{
  g_mutex_lock (&self->lock);
  gboolean live = self->publication != NULL;
  g_mutex_unlock (&self->lock);
  return live;
}

/* --- silence --------------------------------------------------------------------- */

typedef struct {
  PenstockRtspRecord *record;     /* owned */
  PenstockRtspRecordMedia *media; /* owned */
  GSource *source;                /* not owned: it owns this */
  gint64 since;
} Watch;

static void
watch_free (gpointer data)
{
  Watch *watch = data;

  g_object_unref (watch->record);
  g_object_unref (watch->media);
  g_free (watch);
}

/* Who sends media has a session, also one that never asks for anything. */
static void
touch_session (PenstockRtspRecord *self)
{
  g_mutex_lock (&self->lock);
  g_autoptr (GstRTSPSession) session =
      self->session ? g_object_ref (self->session) : NULL;
  g_mutex_unlock (&self->lock);

  if (session)
    gst_rtsp_session_touch (session);
}

static gboolean
look_for_silence (gpointer data)
{
  Watch *watch = data;
  gint64 now = g_get_monotonic_time ();

  /* A request of somebody else held the thread up: what came meanwhile is yet
   * to be read. */
  if (now - g_source_get_ready_time (watch->source) > HELD_UP_US)
    watch->since = now;
  gint64 last = MAX (
      watch->since, penstock_rtsp_record_media_get_last_packet (watch->media));

  if (now - last >= PENSTOCK_RTSP_RECORD_SILENCE_US) {
    g_source_set_ready_time (watch->source, -1);
    end_and_cut (G_OBJECT (watch->record), "no media for 10 s");
    return G_SOURCE_REMOVE;
  }
  touch_session (watch->record);
  g_source_set_ready_time (
      watch->source, last + PENSTOCK_RTSP_RECORD_SILENCE_US);
  return G_SOURCE_CONTINUE;
}

static gboolean
dispatch_watch (GSource *source, GSourceFunc callback, gpointer user_data)
{
  return callback (user_data);
}

static GSourceFuncs watch_funcs = { .dispatch = dispatch_watch };

/* (transfer full): attached where the connection is read, so that it tells of
 * silence and not of a thread that is busy. */
static GSource *
start_watchdog (PenstockRtspRecord *self)
{
  GSource *source = g_source_new (&watch_funcs, sizeof (GSource));
  Watch *watch = g_new (Watch, 1);

  *watch = (Watch){ g_object_ref (self), g_object_ref (self->media), source,
    g_get_monotonic_time () };
  g_source_set_callback (source, look_for_silence, watch, watch_free);
  g_source_set_ready_time (
      source, watch->since + PENSTOCK_RTSP_RECORD_SILENCE_US);
  g_source_attach (source, g_source_get_context (g_main_current_source ()));
  return source;
}

/* --- what it is about --------------------------------------------------------------- */

gboolean
penstock_rtsp_record_begin (
    PenstockRtspRecord *self, const GstRTSPUrl *uri, const gchar *name)
{
  if (penstock_rtsp_record_is_live (self))
    return FALSE;
  g_free (self->base);
  g_free (self->query);
  g_free (self->name);
  self->base = g_strdup (uri->abspath);
  self->query = g_strdup (uri->query);
  self->name = g_strdup (name);
  return TRUE;
}

/* The name of a stream behind what was announced: behind the path, or, as some
 * publishers have it, behind the query. NULL: about something else. */
static const gchar *
control_of (PenstockRtspRecord *self, const GstRTSPUrl *uri)
{
  gsize length = self->base ? strlen (self->base) : 0;

  if (length == 0 || !uri || strncmp (uri->abspath, self->base, length) != 0)
    return NULL;
  const gchar *rest = uri->abspath + length;
  if (*rest == '/')
    return rest + 1;
  if (*rest != '\0')
    return NULL;
  length = self->query ? strlen (self->query) : 0;
  if (length > 0 && uri->query &&
      strncmp (uri->query, self->query, length) == 0 &&
      uri->query[length] == '/')
    return uri->query + length + 1;
  return "";
}

gboolean
penstock_rtsp_record_covers (PenstockRtspRecord *self, const GstRTSPUrl *uri)
{
  return control_of (self, uri) != NULL;
}

gchar *
penstock_rtsp_record_make_path (PenstockRtspRecord *self, const GstRTSPUrl *uri)
{
  const gchar *control = control_of (self, uri);

  return control ? g_strconcat (PENSTOCK_RTSP_RECORD_ROOT, control, NULL)
                 : NULL;
}

gboolean
penstock_rtsp_record_has_media (PenstockRtspRecord *self, GstRTSPMedia *media)
{
  return media && GST_RTSP_MEDIA (self->media) == media;
}

/* --- refusing ------------------------------------------------------------------------- */

static gboolean
refuse (PenstockRtspRecord *self, GstRTSPStatusCode code, const gchar *why)
{
  penstock_warning ("rtsp", "publisher refused: %s route=%s peer=%s", why,
      self->name, self->peer);
  self->refusal_code = code;
  self->refusal = why;
  return FALSE;
}

GstRTSPStatusCode
penstock_rtsp_record_get_refusal (PenstockRtspRecord *self)
{
  return self->refusal_code;
}

static void
end_record_request (PenstockRtspRecord *self)
{
  if (self->media_locked)
    gst_rtsp_media_unlock (GST_RTSP_MEDIA (self->media));
  self->media_locked = FALSE;
  if (self->guarded)
    gst_rtsp_session_allow_expire (self->guarded);
  g_clear_object (&self->guarded);
}

void
penstock_rtsp_record_answered (
    PenstockRtspRecord *self, GstRTSPMessage *answer, GstRTSPStatusCode code)
{
  gchar **reason = &answer->type_data.response.reason;

  if (self->refusal && code == self->refusal_code) {
    g_free (*reason);
    *reason = g_strdup (self->refusal);
  }
  self->refusal = NULL;
  self->refusal_code = 0;
  if (code >= GST_RTSP_STS_BAD_REQUEST)
    end_record_request (self);
}

/* --- ANNOUNCE --------------------------------------------------------------------------- */

/* What a publisher says of itself goes into log and status. */
static gchar *
encoder_name (const GstRTSPContext *ctx)
{
  gchar *agent = NULL;

  gst_rtsp_message_get_header (
      ctx->request, GST_RTSP_HDR_USER_AGENT, &agent, 0);
  if (!agent)
    return g_strdup ("unknown");
  gchar *name = g_utf8_make_valid (agent, MIN (strlen (agent), MAX_ENCODER));
  for (gchar *p = name; *p; p++)
    if (g_ascii_iscntrl (*p))
      *p = ' ';
  return name;
}

static void
log_ignored (PenstockRtspRecord *self, const GPtrArray *tracks)
{
  for (guint i = 0; i < tracks->len; i++) {
    const PenstockRecordTrack *track = tracks->pdata[i];
    if (track->reason)
      penstock_info ("rtsp", "ignoring %s: %s route=%s peer=%s", track->name,
          track->reason, self->name, self->peer);
  }
}

/* RFC 8866, 5; GStreamer warns of what is not. */
static gboolean
is_text (const GstRTSPMessage *request)
{
  guint8 *body = NULL;
  guint size = 0;

  gst_rtsp_message_get_body (request, &body, &size);
  if (size > 0 && body[size - 1] == '\0')
    size--; /* the library's */
  return g_utf8_validate_len ((const gchar *) body, size, NULL);
}

/* (transfer full) (nullable): tracks of a description that can be taken. */
static GPtrArray *
read_description (
    PenstockRtspRecord *self, GstRTSPContext *ctx, const GstSDPMessage *sdp)
{
  gboolean text = is_text (ctx->request);
  g_autoptr (GPtrArray) tracks = text ? penstock_record_tracks_new (sdp) : NULL;
  const gchar *why = NULL;

  if (!text)
    why = "The description is not text.";
  else if (!tracks)
    why = "The description has too many streams.";
  else if (tracks->len == 0)
    why = "The description has no streams.";
  else if (penstock_record_tracks_count_carried (tracks) == 0)
    why = "None of the streams is carried.";
  if (!why)
    return g_steal_pointer (&tracks);
  if (tracks)
    log_ignored (self, tracks);
  refuse (self, GST_RTSP_STS_UNSUPPORTED_MEDIA_TYPE, why);
  return NULL;
}

/* (nullable): the publication of the route. */
static PenstockPublication *
enter_route (PenstockRtspRecord *self, GstRTSPContext *ctx)
{
  const gchar *why = NULL;
  g_autoptr (PenstockPublishPort) port =
      penstock_publish_ports_find (self->ports, self->name, self->peer, &why);

  if (!port) {
    refuse (self, GST_RTSP_STS_SERVICE_UNAVAILABLE, why);
    return NULL;
  }
  g_autofree gchar *encoder = encoder_name (ctx);
  const PenstockPublisherInfo info = {
    .protocol = "RTSP",
    .peer = self->peer,
    .encoder = encoder,
  };
  gboolean closed;
  PenstockPublication *publication = penstock_publish_port_enter (
      port, &info, G_OBJECT (self), end_and_cut, &closed);
  if (!publication && closed)
    refuse (self, GST_RTSP_STS_SERVICE_UNAVAILABLE,
        "The stream cannot be taken now.");
  else if (!publication)
    refuse (self, STATUS_CONFLICT, "The stream is being published already.");
  return publication;
}

gboolean
penstock_rtsp_record_announce (PenstockRtspRecord *self, GstRTSPContext *ctx,
    GstRTSPMedia *media, const GstSDPMessage *sdp)
{
  if (!PENSTOCK_IS_RTSP_RECORD_MEDIA (media) ||
      (self->media && penstock_rtsp_record_has_media (self, media)))
    return refuse (self, GST_RTSP_STS_METHOD_NOT_VALID_IN_THIS_STATE,
        "The connection has announced its streams already.");
  GPtrArray *tracks = read_description (self, ctx, sdp);
  PenstockPublication *publication = tracks ? enter_route (self, ctx) : NULL;
  if (!publication) {
    g_clear_pointer (&tracks, g_ptr_array_unref);
    return FALSE;
  }
  g_set_object (&self->media, PENSTOCK_RTSP_RECORD_MEDIA (media));
  penstock_rtsp_record_media_set_owner (self->media, G_OBJECT (self),
      end_and_cut, gst_rtsp_connection_get_ip (ctx->conn));
  penstock_rtsp_record_media_take_tracks (self->media, tracks);
  GSource *watchdog = start_watchdog (self);
  g_mutex_lock (&self->lock);
  self->publication = publication;
  self->watchdog = watchdog;
  g_mutex_unlock (&self->lock);
  return TRUE;
}

void
penstock_rtsp_record_fail (PenstockRtspRecord *self)
{
  penstock_rtsp_record_end (self, "the description cannot be handled");
}

/* --- SETUP, RECORD ------------------------------------------------------------------------ */

void
penstock_rtsp_record_set_up (PenstockRtspRecord *self, GstRTSPContext *ctx)
{
  const GstRTSPTransport *transport =
      gst_rtsp_stream_transport_get_transport (ctx->trans);

  penstock_rtsp_record_media_set_up (self->media,
      gst_rtsp_stream_get_index (ctx->stream),
      transport->lower_transport == GST_RTSP_LOWER_TRANS_TCP);
}

static void
tell_ignored (PenstockPublication *publication, const GPtrArray *tracks)
{
  for (guint i = 0; i < tracks->len; i++) {
    const PenstockRecordTrack *track = tracks->pdata[i];
    if (track->reason)
      penstock_publication_ignore_track (
          publication, track->name, track->reason);
  }
}

/* The library (1.22) holds no lock over RECORD: another connection with the same
 * session, or the end of its time, could come in between. */
GstRTSPStatusCode
penstock_rtsp_record_prepare (PenstockRtspRecord *self, GstRTSPContext *ctx)
{
  if (!penstock_rtsp_record_has_media (self, ctx->media))
    return GST_RTSP_STS_METHOD_NOT_VALID_IN_THIS_STATE;
  gst_rtsp_media_lock (ctx->media);
  self->media_locked = TRUE;
  self->guarded = g_object_ref (ctx->session);
  gst_rtsp_session_prevent_expire (self->guarded);

  g_mutex_lock (&self->lock);
  PenstockPublication *publication =
      self->publication ? penstock_publication_ref (self->publication) : NULL;
  if (publication)
    g_set_object (&self->session, ctx->session);
  g_mutex_unlock (&self->lock);
  if (!publication)
    return GST_RTSP_STS_METHOD_NOT_VALID_IN_THIS_STATE;
  penstock_publication_start (publication);
  tell_ignored (
      publication, penstock_rtsp_record_media_get_tracks (self->media));
  penstock_rtsp_record_media_start (self->media, publication);
  penstock_publication_unref (publication);
  return GST_RTSP_STS_OK;
}

void
penstock_rtsp_record_recorded (PenstockRtspRecord *self, GstRTSPContext *ctx)
{
  end_record_request (self);
}

/* --- object --------------------------------------------------------------------------------- */

PenstockRtspRecord *
penstock_rtsp_record_new (GstRTSPClient *client, PenstockPublishPorts *ports,
    const gchar *peer, PenstockRtspRecordCutFunc cut)
{
  PenstockRtspRecord *self = g_object_new (PENSTOCK_TYPE_RTSP_RECORD, NULL);

  g_weak_ref_set (&self->client, client);
  self->ports = penstock_publish_ports_ref (ports);
  self->peer = g_strdup (peer);
  self->cut = cut;
  return self;
}

static void
penstock_rtsp_record_finalize (GObject *object)
{
  PenstockRtspRecord *self = PENSTOCK_RTSP_RECORD (object);

  penstock_rtsp_record_end (self, "the connection closed");
  g_clear_object (&self->media);
  g_clear_object (&self->guarded);
  g_free (self->base);
  g_free (self->query);
  g_free (self->name);
  g_free (self->peer);
  penstock_publish_ports_unref (self->ports);
  g_weak_ref_clear (&self->client);
  g_mutex_clear (&self->lock);
  G_OBJECT_CLASS (penstock_rtsp_record_parent_class)->finalize (object);
}

static void
penstock_rtsp_record_class_init (PenstockRtspRecordClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = penstock_rtsp_record_finalize;
}

static void
penstock_rtsp_record_init (PenstockRtspRecord *self)
{
  g_mutex_init (&self->lock);
  g_weak_ref_init (&self->client, NULL);
}
