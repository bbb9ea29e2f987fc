/* SPDX-License-Identifier: MIT
 *
 * Where the messages of penstockrtmpsrc come from, in one of the two roles
 * (see rtmp-src-private.h). */

#include "rtmp-listener.h"
#include "rtmp-location.h"
#include "rtmp-signals.h"
#include "rtmp-src-private.h"

/* --- Callbacks: I/O thread, must not wait ---------------------------------- */

void
penstock_rtmp_src_push (PenstockRtmpSrc *self, PenstockRtmpQueueItem *item)
{
  item->arrival = g_get_monotonic_time () * GST_USECOND;
  penstock_rtmp_queue_push (self->queue, item);
}

static void
on_started (const PenstockRtmpPublication *publication, gpointer user_data)
{
  PenstockRtmpQueueItem item = { .type = PENSTOCK_RTMP_QUEUE_STARTED,
    .peer = g_strdup (publication->peer),
    .encoder = g_strdup (publication->encoder) };

  penstock_rtmp_src_push (user_data, &item);
}

static void
on_message (PenstockRtmpMessage *message, gpointer user_data)
{
  PenstockRtmpQueueItem item = { .type = PENSTOCK_RTMP_QUEUE_MESSAGE,
    .message = penstock_rtmp_message_ref (message) };

  penstock_rtmp_src_push (user_data, &item);
}

static void
on_ended (PenstockRtmpEnd end, const gchar *detail, gpointer user_data)
{
  PenstockRtmpQueueItem item = {
    .type = PENSTOCK_RTMP_QUEUE_ENDED, .end = end, .detail = g_strdup (detail)
  };

  penstock_rtmp_src_push (user_data, &item);
}

static void
on_expired (gpointer user_data)
{
  PenstockRtmpQueueItem item = { .type = PENSTOCK_RTMP_QUEUE_EXPIRED };

  penstock_rtmp_src_push (user_data, &item);
}

static const PenstockRtmpCallbacks callbacks = {
  .started = on_started,
  .message = on_message,
  .ended = on_ended,
  .expired = on_expired,
};

/* --- Opening --------------------------------------------------------------- */

static gboolean
open_server (PenstockRtmpSrc *self, const PenstockRtmpSrcSettings *settings,
    PenstockRtmpSrcSource *source, GError **error)
{
  PenstockRtmpClaimSettings claim = { .key = settings->publish_key,
    .policy = settings->policy,
    .grace_ms = settings->grace_ms,
    .seat = settings->seat,
    .owner = source->owner };
  g_autofree gchar *path = NULL;

  source->server = penstock_rtmp_listener_open (GST_ELEMENT (self),
      settings->location, &settings->tls, settings->limits, settings->enhanced,
      &source->port, &path, error);
  if (!source->server)
    return FALSE;
  source->claim = penstock_rtmp_server_claim (
      source->server, path, &claim, &callbacks, self, error);
  return source->claim != NULL;
}

static gboolean
open_client (PenstockRtmpSrc *self, const PenstockRtmpSrcSettings *settings,
    PenstockRtmpSrcSource *source, GError **error)
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

void
penstock_rtmp_src_source_close (PenstockRtmpSrc *self)
{
  PenstockRtmpSrcSource source;

  g_mutex_lock (&self->source_lock);
  source = self->source;
  self->source = (PenstockRtmpSrcSource){ NULL };
  g_mutex_unlock (&self->source_lock);
  g_clear_pointer (&source.client, penstock_rtmp_client_free);
  g_clear_pointer (&source.claim, penstock_rtmp_claim_release);
  penstock_rtmp_owner_release (source.owner);
  g_clear_pointer (&source.server, penstock_rtmp_server_unref);

  GST_OBJECT_LOCK (self);
  self->port = 0;
  GST_OBJECT_UNLOCK (self);
}

gboolean
penstock_rtmp_src_source_open (PenstockRtmpSrc *self)
{
  g_auto (PenstockRtmpSrcSettings) settings = { NULL };
  g_autofree gchar *where = NULL;
  g_autoptr (GError) error = NULL;
  PenstockRtmpSrcSource source = { NULL };
  gboolean ok;

  penstock_rtmp_src_settings_copy (self, &settings);
  where = penstock_rtmp_location_public (settings.location);
  self->is_client = settings.role == PENSTOCK_RTMP_ROLE_CLIENT;
  self->eos_on_unpublish = settings.eos_on_unpublish;
  g_free (self->stream_name);
  self->stream_name = g_strdup (where);

  /* Who is asked at once may decide at once. */
  source.owner = penstock_rtmp_signals_new_owner (GST_ELEMENT (self));
  g_mutex_lock (&self->source_lock);
  self->source.owner = source.owner;
  g_mutex_unlock (&self->source_lock);
  /* Callbacks may run before the other pointers are stored: they only use the
   * queue. */
  ok = self->is_client ? open_client (self, &settings, &source, &error)
                       : open_server (self, &settings, &source, &error);
  g_mutex_lock (&self->source_lock);
  self->source = source;
  g_mutex_unlock (&self->source_lock);
  if (!ok) {
    penstock_rtmp_src_source_close (self);
    GST_ELEMENT_ERROR (self, RESOURCE, OPEN_READ_WRITE,
        ("Cannot receive %s: %s", where, error->message), (NULL));
    return FALSE;
  }
  GST_OBJECT_LOCK (self);
  self->port = source.port;
  GST_OBJECT_UNLOCK (self);
  g_object_notify (G_OBJECT (self), "port");
  return TRUE;
}

/* --- While it is open ------------------------------------------------------ */

/* (transfer full) (nullable) */
static PenstockRtmpOwner *
dup_owner (PenstockRtmpSrc *self)
{
  g_mutex_lock (&self->source_lock);
  PenstockRtmpOwner *owner =
      self->source.owner ? penstock_rtmp_owner_ref (self->source.owner) : NULL;
  g_mutex_unlock (&self->source_lock);
  return owner;
}

void
penstock_rtmp_src_source_decide (
    PenstockRtmpSrc *self, guint64 id, gboolean accept, const gchar *reason)
{
  penstock_rtmp_signals_decide (dup_owner (self), id, accept, reason);
}

void
penstock_rtmp_src_source_redirect (
    PenstockRtmpSrc *self, guint64 id, const gchar *url)
{
  penstock_rtmp_signals_redirect (dup_owner (self), id, url);
}

void
penstock_rtmp_src_source_reject (PenstockRtmpSrc *self, const gchar *reason)
{
  g_mutex_lock (&self->source_lock);
  if (self->source.claim)
    penstock_rtmp_claim_reject (
        self->source.claim, "NetStream.Publish.Rejected", reason);
  g_mutex_unlock (&self->source_lock);
}
