/* SPDX-License-Identifier: MIT
 *
 * See publish-port.h. A publication is refcounted by its owner and by the list
 * of its port while it is not over. */

#include "publish-port.h"

#include "input-attempt.h"
#include "input.h"
#include "publish-ports.h"

struct _PenstockPublishPort {
  GstElement parent;

  /* Set at construction. */
  PenstockPublishPorts *ports;
  gchar *name;
  PenstockPublisherSeat *seat;
  guint grace_ms;
  GstElement *sink;
  GMainContext *context; /* control */

  GMutex lock; /* guards the rest; nothing is called under it */
  gboolean open;
  GQueue publications; /* of PenstockPublication, owned: not over */
  guint last_group;    /* of the sink's pads; 0 is for other sources */
  GSource *grace;      /* until a publisher that is gone counts as gone */
};

static GstStaticPadTemplate src_template =
    GST_STATIC_PAD_TEMPLATE ("src_%u", GST_PAD_SRC, GST_PAD_SOMETIMES,
        GST_STATIC_CAPS_ANY); /* those of the channel sink */

G_DEFINE_FINAL_TYPE (
    PenstockPublishPort, penstock_publish_port, GST_TYPE_ELEMENT)

typedef enum {
  PUBLICATION_ENTERED,
  PUBLICATION_STARTED,
  PUBLICATION_ENDED,
} PublicationState;

struct _PenstockPublication {
  gatomicrefcount refs;

  /* Set at construction. */
  PenstockPublishPort *port; /* owned */
  guint group;               /* when it enters */
  const gchar *protocol;
  gchar *peer, *encoder;
  GWeakRef owner;
  PenstockPublicationLostFunc lost;
  PenstockSeatHolder *holder;

  GMutex lock; /* guards the rest; nothing is called under it */
  PublicationState state;
  GPtrArray *pads; /* of GstPad, owned */
};

/* --- messages ------------------------------------------------------------- */

static void
post (PenstockPublication *self, const gchar *state, const gchar *reason)
{
  GstObject *port = GST_OBJECT (self->port);
  GstStructure *s =
      gst_structure_new ("penstock-publication", "state", G_TYPE_STRING, state,
          "id", G_TYPE_UINT, self->group, "protocol", G_TYPE_STRING,
          self->protocol, "peer", G_TYPE_STRING, self->peer, "encoder",
          G_TYPE_STRING, self->encoder, "reason", G_TYPE_STRING, reason, NULL);

  gst_element_post_message (
      GST_ELEMENT (port), gst_message_new_element (port, s));
}

/* --- the time to return ----------------------------------------------------- */

/* A publication that is over, and the number of the seat's next publisher. */
typedef struct {
  PenstockPublication *publication;
  guint serial;
} Grace;

static void
grace_free (gpointer data)
{
  Grace *grace = data;

  penstock_publication_unref (grace->publication);
  g_free (grace);
}

static gboolean
grace_over (gpointer data)
{
  Grace *grace = data;
  PenstockPublication *publication = grace->publication;

  if (penstock_publisher_seat_get_serial (publication->port->seat) ==
      grace->serial)
    post (publication, "ended", "nobody came back");
  return G_SOURCE_REMOVE;
}

static void
drop_source (GSource *source)
{
  if (!source)
    return;
  g_source_destroy (source);
  g_source_unref (source);
}

/* Takes @source, which is attached. */
static void
set_grace (PenstockPublishPort *self, GSource *source)
{
  g_mutex_lock (&self->lock);
  GSource *old = self->grace;
  gboolean open = self->open;
  self->grace = open ? source : NULL;
  g_mutex_unlock (&self->lock);

  drop_source (old);
  if (!open)
    drop_source (source);
}

static void
start_grace (PenstockPublication *publication, guint serial)
{
  PenstockPublishPort *port = publication->port;
  GSource *source = g_timeout_source_new (port->grace_ms);
  Grace *grace = g_new (Grace, 1);

  *grace = (Grace){ penstock_publication_ref (publication), serial };
  g_source_set_callback (source, grace_over, grace, grace_free);
  g_source_attach (source, port->context);
  set_grace (port, source);
}

/* --- pads ------------------------------------------------------------------- */

static void
remove_pad (PenstockPublishPort *self, GstPad *pad)
{
  g_autoptr (GstPad) sink_pad = gst_pad_get_peer (pad);

  /* Waits for a push that is under way, which nothing downstream holds up. */
  gst_pad_set_active (pad, FALSE);
  if (sink_pad) {
    gst_pad_unlink (pad, sink_pad);
    gst_element_release_request_pad (self->sink, sink_pad);
  }
  gst_element_remove_pad (GST_ELEMENT (self), pad);
}

static GstPad *
add_pad (PenstockPublication *self, guint index, gboolean video)
{
  PenstockPublishPort *port = self->port;
  g_autofree gchar *name = g_strdup_printf ("src_%u_%u", self->group, index);
  GstPad *pad = gst_pad_new_from_template (
      gst_element_get_pad_template (GST_ELEMENT (port), "src_%u"), name);
  g_autoptr (GstPad) sink_pad =
      gst_element_request_pad_simple (port->sink, "sink_%u");

  g_object_set (sink_pad, "group", self->group, NULL);
  if (video)
    penstock_input_attempt_mark_video (sink_pad);
  gst_pad_set_active (pad, TRUE);
  gst_element_add_pad (GST_ELEMENT (port), pad);
  gst_pad_link_full (pad, sink_pad, GST_PAD_LINK_CHECK_NOTHING);
  return pad;
}

GstPad *
penstock_publication_add_track (PenstockPublication *self, gboolean video)
{
  g_mutex_lock (&self->lock);
  gboolean live = self->state != PUBLICATION_ENDED;
  guint index = self->pads->len;
  g_mutex_unlock (&self->lock);
  if (!live)
    return NULL;

  GstPad *pad = gst_object_ref (add_pad (self, index, video));
  g_mutex_lock (&self->lock);
  live = self->state != PUBLICATION_ENDED;
  if (live)
    g_ptr_array_add (self->pads, gst_object_ref (pad));
  g_mutex_unlock (&self->lock);
  if (live)
    return pad;
  remove_pad (self->port, pad); /* ended meanwhile */
  gst_object_unref (pad);
  return NULL;
}

/* --- life of a publication -------------------------------------------------- */

void
penstock_publication_start (PenstockPublication *self)
{
  g_mutex_lock (&self->lock);
  gboolean first = self->state == PUBLICATION_ENTERED;
  if (first)
    self->state = PUBLICATION_STARTED;
  g_mutex_unlock (&self->lock);
  if (!first)
    return;
  penstock_publisher_seat_begin (self->port->seat);
  post (self, "started", "");
}

void
penstock_publication_ignore_track (
    PenstockPublication *self, const gchar *track, const gchar *reason)
{
  penstock_input_ignore_track (GST_ELEMENT (self->port), track, reason);
}

void
penstock_publication_touch (PenstockPublication *self)
{
  penstock_publisher_seat_touch (self->port->seat);
}

static void
forget (PenstockPublication *self)
{
  PenstockPublishPort *port = self->port;

  g_mutex_lock (&port->lock);
  gboolean listed = g_queue_remove (&port->publications, self);
  g_mutex_unlock (&port->lock);
  if (listed)
    penstock_publication_unref (self);
}

/* The seat is left last: who follows begins when all of this is over. */
void
penstock_publication_end (PenstockPublication *self, const gchar *reason)
{
  PenstockPublisherSeat *seat = self->port->seat;

  g_mutex_lock (&self->lock);
  PublicationState state = self->state;
  self->state = PUBLICATION_ENDED;
  g_mutex_unlock (&self->lock);
  if (state == PUBLICATION_ENDED)
    return;

  /* While there are references that an eviction under way can add to. */
  penstock_seat_holder_detach (self->holder);
  for (guint i = 0; i < self->pads->len; i++)
    remove_pad (self->port, self->pads->pdata[i]);
  guint serial = penstock_publisher_seat_get_serial (seat);
  if (state == PUBLICATION_STARTED) {
    post (self, "lost", reason);
    if (penstock_publisher_seat_is_held_by (seat, self->holder))
      start_grace (self, serial);
  }
  penstock_publisher_seat_leave (seat, self->holder);
  forget (self);
}

/* By the port or by the next publisher. */
static void
lose (PenstockPublication *self, const gchar *reason)
{
  g_autoptr (GObject) owner = g_weak_ref_get (&self->owner);

  penstock_publication_end (self, reason);
  if (owner)
    self->lost (owner, reason);
}

static void
evicted (gpointer user_data)
{
  lose (user_data, "another publisher took the stream");
}

static PenstockPublication *
publication_new (PenstockPublishPort *port, const PenstockPublisherInfo *info,
    GObject *owner, PenstockPublicationLostFunc lost)
{
  PenstockPublication *self = g_new0 (PenstockPublication, 1);

  g_atomic_ref_count_init (&self->refs);
  g_mutex_init (&self->lock);
  g_weak_ref_init (&self->owner, owner);
  self->port = g_object_ref (port);
  self->protocol = info->protocol;
  self->peer = g_strdup (info->peer);
  self->encoder = g_strdup (info->encoder);
  self->lost = lost;
  self->pads = g_ptr_array_new_with_free_func (gst_object_unref);
  self->holder = penstock_seat_holder_new (evicted, self,
      (gpointer (*) (gpointer)) penstock_publication_ref,
      (GDestroyNotify) penstock_publication_unref);
  return self;
}

PenstockPublication *
penstock_publication_ref (PenstockPublication *self)
{
  g_atomic_ref_count_inc (&self->refs);
  return self;
}

void
penstock_publication_unref (PenstockPublication *self)
{
  if (!g_atomic_ref_count_dec (&self->refs))
    return;
  penstock_seat_holder_unref (self->holder);
  g_weak_ref_clear (&self->owner);
  g_ptr_array_unref (self->pads);
  g_free (self->peer);
  g_free (self->encoder);
  g_mutex_clear (&self->lock);
  g_object_unref (self->port);
  g_free (self);
}

/* --- the port ---------------------------------------------------------------- */

PenstockPublication *
penstock_publish_port_enter (PenstockPublishPort *self,
    const PenstockPublisherInfo *info, GObject *owner,
    PenstockPublicationLostFunc lost, gboolean *closed)
{
  PenstockSeatHolder *before = NULL;
  PenstockPublication *publication = publication_new (self, info, owner, lost);

  g_mutex_lock (&self->lock);
  *closed = !self->open;
  gboolean in = self->open &&
      penstock_publisher_seat_take (
          self->seat, publication->holder, PENSTOCK_SEAT_STALE_MS, &before);
  if (in) {
    publication->group = ++self->last_group;
    g_queue_push_tail (
        &self->publications, penstock_publication_ref (publication));
  }
  g_mutex_unlock (&self->lock);
  penstock_seat_holder_evict (before);
  if (in)
    return publication;
  penstock_publication_unref (publication);
  return NULL;
}

static gboolean
open_port (PenstockPublishPort *self)
{
  g_mutex_lock (&self->lock);
  self->open = TRUE;
  g_mutex_unlock (&self->lock);
  if (penstock_publish_ports_add (self->ports, self->name, self))
    return TRUE;
  GST_ELEMENT_ERROR (self, RESOURCE, BUSY,
      ("The route \"%s\" takes publishers already.", self->name), (NULL));
  return FALSE;
}

static void
close_port (PenstockPublishPort *self)
{
  penstock_publish_ports_remove (self->ports, self->name, self);
  g_mutex_lock (&self->lock);
  GQueue publications = self->publications;
  g_queue_init (&self->publications);
  self->open = FALSE;
  g_mutex_unlock (&self->lock);

  for (PenstockPublication *publication;
       (publication = g_queue_pop_head (&publications));) {
    lose (publication, "the input of the route went down");
    penstock_publication_unref (publication);
  }
  set_grace (self, NULL);
}

static GstStateChangeReturn
penstock_publish_port_change_state (
    GstElement *element, GstStateChange transition)
{
  PenstockPublishPort *self = PENSTOCK_PUBLISH_PORT (element);

  if (transition == GST_STATE_CHANGE_READY_TO_PAUSED && !open_port (self)) {
    close_port (self);
    return GST_STATE_CHANGE_FAILURE;
  }
  if (transition == GST_STATE_CHANGE_PAUSED_TO_READY)
    close_port (self);
  GstStateChangeReturn ret =
      GST_ELEMENT_CLASS (penstock_publish_port_parent_class)
          ->change_state (element, transition);
  if (ret == GST_STATE_CHANGE_SUCCESS &&
      (transition == GST_STATE_CHANGE_READY_TO_PAUSED ||
          transition == GST_STATE_CHANGE_PLAYING_TO_PAUSED))
    ret = GST_STATE_CHANGE_NO_PREROLL;
  return ret;
}

GstElement *
penstock_publish_port_new (const PenstockPublishPortSettings *settings)
{
  PenstockPublishPort *self = g_object_new (PENSTOCK_TYPE_PUBLISH_PORT, NULL);

  self->ports = penstock_publish_ports_ref (settings->ports);
  self->name = g_strdup (settings->name);
  self->seat = penstock_publisher_seat_ref (settings->seat);
  self->grace_ms = settings->grace_ms;
  self->sink = gst_object_ref (settings->sink);
  self->context = g_main_context_ref_thread_default ();
  return GST_ELEMENT (self);
}

static void
penstock_publish_port_finalize (GObject *object)
{
  PenstockPublishPort *self = PENSTOCK_PUBLISH_PORT (object);

  penstock_publish_ports_unref (self->ports);
  g_free (self->name);
  penstock_publisher_seat_unref (self->seat);
  gst_object_unref (self->sink);
  g_main_context_unref (self->context);
  g_mutex_clear (&self->lock);
  G_OBJECT_CLASS (penstock_publish_port_parent_class)->finalize (object);
}

static void
penstock_publish_port_class_init (PenstockPublishPortClass *klass)
{
  GstElementClass *element_class = GST_ELEMENT_CLASS (klass);

  G_OBJECT_CLASS (klass)->finalize = penstock_publish_port_finalize;
  element_class->change_state = penstock_publish_port_change_state;
  gst_element_class_add_static_pad_template (element_class, &src_template);
  gst_element_class_set_static_metadata (element_class, "Publish port",
      "Source/Network",
      "Takes what is published to another part of the gateway",
      "The Penstock developers");
}

static void
penstock_publish_port_init (PenstockPublishPort *self)
{
  g_mutex_init (&self->lock);
  g_queue_init (&self->publications);
  GST_OBJECT_FLAG_SET (self, GST_ELEMENT_FLAG_SOURCE);
}
