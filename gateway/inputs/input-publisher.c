/* SPDX-License-Identifier: MIT
 *
 * See input-publisher.h. */

#include "input-publisher.h"

void
penstock_input_publisher_clear (PenstockInputPublisher *self)
{
  g_clear_pointer (&self->protocol, g_free);
  g_clear_pointer (&self->peer, g_free);
  g_clear_pointer (&self->encoder, g_free);
}

void
penstock_input_publisher_copy (
    const PenstockInputPublisher *self, PenstockInputPublisher *out)
{
  *out = *self;
  out->protocol = g_strdup (self->protocol);
  out->peer = g_strdup (self->peer);
  out->encoder = g_strdup (self->encoder);
}

static guint
id_of (const GstStructure *s)
{
  guint id = 0; /* elements whose publications follow each other have none */

  gst_structure_get_uint (s, "id", &id);
  return id;
}

static gchar *
dup_field (const GstStructure *s, const gchar *field, const gchar *fallback)
{
  const gchar *value = gst_structure_get_string (s, field);

  return g_strdup (value ? value : fallback);
}

void
penstock_input_publisher_begin (
    PenstockInputPublisher *self, GstMessage *message)
{
  const GstStructure *s = gst_message_get_structure (message);

  penstock_input_publisher_clear (self);
  *self = (PenstockInputPublisher){
    .element = GST_MESSAGE_SRC (message),
    .id = id_of (s),
    .protocol = dup_field (s, "protocol", "RTMP"),
    .peer = dup_field (s, "peer", "unknown"),
    .encoder = dup_field (s, "encoder", "unknown"),
  };
}

gboolean
penstock_input_publisher_is_meant (
    const PenstockInputPublisher *self, GstMessage *message)
{
  return self->element == (gpointer) GST_MESSAGE_SRC (message) &&
      self->id == id_of (gst_message_get_structure (message));
}
