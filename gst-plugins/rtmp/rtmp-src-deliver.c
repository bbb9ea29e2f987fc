/* SPDX-License-Identifier: MIT
 *
 * What becomes of the queue of penstockrtmpsrc: publications begin and end on
 * the bus, and their messages go downstream (see rtmp-src-private.h). Streaming
 * thread. */

#include "rtmp-signals.h"
#include "rtmp-src-private.h"

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
  penstock_rtmp_src_source_close (self);
  penstock_rtmp_queue_clear (self->queue);
  penstock_rtmp_stream_push_eos (self->stream);
}

static void
take_started (PenstockRtmpSrc *self, PenstockRtmpQueueItem *item)
{
  PenstockRtmpSrcPublication *publication = &self->publication;

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
  penstock_rtmp_src_source_reject (self, reason);
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
  const gboolean was_started = self->publication.publishing;

  GST_OBJECT_LOCK (self);
  self->publication.publishing = FALSE;
  GST_OBJECT_UNLOCK (self);
  if (was_started) {
    penstock_rtmp_signals_tell_stop (
        GST_ELEMENT (self), item->end, item->detail);
    post_publication (self, over ? "ended" : "lost", item->detail);
  }
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

  penstock_rtmp_signals_tell_metadata (GST_ELEMENT (self), item->message);
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
    if (self->publication.publishing)
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

gpointer
penstock_rtmp_src_deliver (gpointer user_data)
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
