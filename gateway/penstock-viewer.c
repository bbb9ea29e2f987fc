/* SPDX-License-Identifier: MIT
 *
 * Viewers as they were at one moment. See penstock-viewer.h. */

#include "penstock-viewer.h"

#include "penstock-viewer-private.h"

G_DEFINE_BOXED_TYPE (
    PenstockViewer, penstock_viewer, penstock_viewer_ref, penstock_viewer_unref)

PenstockViewer *
penstock_viewer_new (void)
{
  PenstockViewer *self = g_atomic_rc_box_new0 (PenstockViewer);

  self->join_ms = self->rtt_ms = self->jitter_ms = self->loss =
      PENSTOCK_VIEWER_UNKNOWN;
  return self;
}

PenstockViewer *
penstock_viewer_ref (PenstockViewer *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  return g_atomic_rc_box_acquire (self);
}

static void
viewer_clear (gpointer data)
{
  PenstockViewer *self = data;

  g_free (self->route);
  g_free (self->peer);
  g_free (self->agent);
}

void
penstock_viewer_unref (PenstockViewer *self)
{
  if (self)
    g_atomic_rc_box_release_full (self, viewer_clear);
}

/* --- what is in it ----------------------------------------------------------- */

guint
penstock_viewer_get_id (PenstockViewer *self)
{
  g_return_val_if_fail (self != NULL, 0);

  return self->id;
}

const gchar *
penstock_viewer_get_route (PenstockViewer *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  return self->route;
}

const gchar *
penstock_viewer_get_protocol (PenstockViewer *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  return self->protocol;
}

const gchar *
penstock_viewer_get_peer (PenstockViewer *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  return self->peer;
}

const gchar *
penstock_viewer_get_agent (PenstockViewer *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  return self->agent;
}

const gchar *
penstock_viewer_get_transport (PenstockViewer *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  return self->transport;
}

gint64
penstock_viewer_get_since (PenstockViewer *self)
{
  g_return_val_if_fail (self != NULL, 0);

  return self->since_us;
}

gboolean
penstock_viewer_is_playing (PenstockViewer *self)
{
  g_return_val_if_fail (self != NULL, FALSE);

  return self->playing;
}

guint64
penstock_viewer_get_bytes (PenstockViewer *self)
{
  g_return_val_if_fail (self != NULL, 0);

  return self->bytes;
}

guint64
penstock_viewer_get_lag (PenstockViewer *self)
{
  g_return_val_if_fail (self != NULL, 0);

  return self->lag_ms;
}

guint64
penstock_viewer_get_skips (PenstockViewer *self)
{
  g_return_val_if_fail (self != NULL, 0);

  return self->skips;
}

gdouble
penstock_viewer_get_join_time (PenstockViewer *self)
{
  g_return_val_if_fail (self != NULL, PENSTOCK_VIEWER_UNKNOWN);

  return self->join_ms;
}

gdouble
penstock_viewer_get_round_trip (PenstockViewer *self)
{
  g_return_val_if_fail (self != NULL, PENSTOCK_VIEWER_UNKNOWN);

  return self->rtt_ms;
}

gdouble
penstock_viewer_get_jitter (PenstockViewer *self)
{
  g_return_val_if_fail (self != NULL, PENSTOCK_VIEWER_UNKNOWN);

  return self->jitter_ms;
}

gdouble
penstock_viewer_get_loss (PenstockViewer *self)
{
  g_return_val_if_fail (self != NULL, PENSTOCK_VIEWER_UNKNOWN);

  return self->loss;
}

gint64
penstock_viewer_get_lost (PenstockViewer *self)
{
  g_return_val_if_fail (self != NULL, 0);

  return self->lost;
}

/* --- JSON ------------------------------------------------------------------------ */

static void
add_string (JsonBuilder *builder, const gchar *name, const gchar *value)
{
  if (!value)
    return;
  json_builder_set_member_name (builder, name);
  json_builder_add_string_value (builder, value);
}

static void
add_number (JsonBuilder *builder, const gchar *name, gint64 value)
{
  json_builder_set_member_name (builder, name);
  json_builder_add_int_value (builder, value);
}

/* To a thousandth; what is not known is left out. */
static void
add_real (JsonBuilder *builder, const gchar *name, gdouble value)
{
  if (value < 0)
    return;
  json_builder_set_member_name (builder, name);
  json_builder_add_double_value (
      builder, (gdouble) (gint64) (value * 1000 + 0.5) / 1000);
}

void
penstock_viewer_add_json (const PenstockViewer *self, JsonBuilder *builder)
{
  g_autoptr (GDateTime) since =
      g_date_time_new_from_unix_utc (self->since_us / G_USEC_PER_SEC);
  g_autofree gchar *since_text = g_date_time_format_iso8601 (since);
  /* A peer can name itself in any bytes. */
  g_autofree gchar *agent =
      self->agent ? g_utf8_make_valid (self->agent, -1) : NULL;

  json_builder_begin_object (builder);
  add_number (builder, "id", self->id);
  add_string (builder, "route", self->route);
  add_string (builder, "protocol", self->protocol);
  add_string (builder, "peer", self->peer);
  add_string (builder, "agent", agent);
  add_string (builder, "transport", self->transport);
  add_string (builder, "since", since_text);
  json_builder_set_member_name (builder, "playing");
  json_builder_add_boolean_value (builder, self->playing);
  add_number (builder, "bytes", (gint64) self->bytes);
  add_number (builder, "lag-ms", (gint64) self->lag_ms);
  add_number (builder, "skips", (gint64) self->skips);
  add_real (builder, "join-ms", self->join_ms);
  add_real (builder, "rtt-ms", self->rtt_ms);
  add_real (builder, "jitter-ms", self->jitter_ms);
  add_real (builder, "loss", self->loss);
  if (self->loss >= 0)
    add_number (builder, "lost", self->lost);
  json_builder_end_object (builder);
}
