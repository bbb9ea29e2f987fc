/* SPDX-License-Identifier: MIT
 *
 * Who there is of an RTSP server. See rtsp-census.h. */

#include "rtsp-census.h"

#include "../http/http-addresses.h"

struct _PenstockRtspCensus {
  gint refs; /* atomic */

  GMutex lock; /* guards the rest */
  PenstockRtspLimits limits;
  PenstockRtspCensusStats stats;
  HttpAddresses *connections, *viewers; /* owned */
};

PenstockRtspCensus *
penstock_rtsp_census_new (void)
{
  PenstockRtspCensus *self = g_new0 (PenstockRtspCensus, 1);

  self->refs = 1;
  self->limits = (PenstockRtspLimits) PENSTOCK_RTSP_LIMITS_DEFAULT;
  self->connections = penstock_priv_http_addresses_new ();
  self->viewers = penstock_priv_http_addresses_new ();
  g_mutex_init (&self->lock);
  return self;
}

PenstockRtspCensus *
penstock_rtsp_census_ref (PenstockRtspCensus *self)
{
  g_atomic_int_inc (&self->refs);
  return self;
}

void
penstock_rtsp_census_unref (PenstockRtspCensus *self)
{
  if (!self || !g_atomic_int_dec_and_test (&self->refs))
    return;
  penstock_priv_http_addresses_free (self->connections);
  penstock_priv_http_addresses_free (self->viewers);
  g_mutex_clear (&self->lock);
  g_free (self);
}

void
penstock_rtsp_census_set_limits (
    PenstockRtspCensus *self, const PenstockRtspLimits *limits)
{
  g_mutex_lock (&self->lock);
  self->limits = *limits;
  g_mutex_unlock (&self->lock);
}

void
penstock_rtsp_census_get_limits (
    PenstockRtspCensus *self, PenstockRtspLimits *limits)
{
  g_mutex_lock (&self->lock);
  *limits = self->limits;
  g_mutex_unlock (&self->lock);
}

static gboolean
is_full (guint n, guint max)
{
  return max > 0 && n >= max;
}

const gchar *
penstock_rtsp_census_add_connection (PenstockRtspCensus *self, guint64 address)
{
  const gchar *why = NULL;

  g_mutex_lock (&self->lock);
  if (is_full (self->stats.connections, self->limits.max_connections))
    why = "there are /rtsp/max-connections";
  else if (is_full (
               penstock_priv_http_addresses_count (self->connections, address),
               self->limits.max_connections_per_address))
    why = "its address has /rtsp/max-connections-per-address";
  if (why) {
    self->stats.connections_refused++;
  } else {
    self->stats.connections++;
    self->stats.connections_total++;
    penstock_priv_http_addresses_add (self->connections, address);
  }
  g_mutex_unlock (&self->lock);
  return why;
}

void
penstock_rtsp_census_remove_connection (
    PenstockRtspCensus *self, guint64 address)
{
  g_mutex_lock (&self->lock);
  self->stats.connections--;
  penstock_priv_http_addresses_remove (self->connections, address);
  g_mutex_unlock (&self->lock);
}

const gchar *
penstock_rtsp_census_add_viewer (PenstockRtspCensus *self, guint64 address)
{
  const gchar *why = NULL;

  g_mutex_lock (&self->lock);
  if (is_full (self->stats.viewers, self->limits.max_viewers))
    why = "there are /rtsp/max-viewers";
  else if (is_full (penstock_priv_http_addresses_count (self->viewers, address),
               self->limits.max_viewers_per_address))
    why = "its address has /rtsp/max-viewers-per-address";
  if (why) {
    self->stats.viewers_refused++;
  } else {
    self->stats.viewers++;
    penstock_priv_http_addresses_add (self->viewers, address);
  }
  g_mutex_unlock (&self->lock);
  return why;
}

void
penstock_rtsp_census_remove_viewer (PenstockRtspCensus *self, guint64 address)
{
  g_mutex_lock (&self->lock);
  self->stats.viewers--;
  penstock_priv_http_addresses_remove (self->viewers, address);
  g_mutex_unlock (&self->lock);
}

void
penstock_rtsp_census_note_refused (PenstockRtspCensus *self)
{
  g_mutex_lock (&self->lock);
  self->stats.viewers_refused++;
  g_mutex_unlock (&self->lock);
}

void
penstock_rtsp_census_get_stats (
    PenstockRtspCensus *self, PenstockRtspCensusStats *stats)
{
  g_mutex_lock (&self->lock);
  *stats = self->stats;
  g_mutex_unlock (&self->lock);
}
