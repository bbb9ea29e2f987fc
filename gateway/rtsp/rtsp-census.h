/* SPDX-License-Identifier: MIT
 *
 * Who there is of an RTSP server: connections and viewers, in all and by
 * address, and whether there may be one more. Thread-safe, refcounted. */
#ifndef PENSTOCK_RTSP_CENSUS_H
#define PENSTOCK_RTSP_CENSUS_H

#include "rtsp-limits.h"

G_BEGIN_DECLS

typedef struct _PenstockRtspCensus PenstockRtspCensus;

PenstockRtspCensus *penstock_rtsp_census_new (void);
PenstockRtspCensus *penstock_rtsp_census_ref (PenstockRtspCensus *self);
void penstock_rtsp_census_unref (PenstockRtspCensus *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (PenstockRtspCensus, penstock_rtsp_census_unref)

/* Who is there already stays. */
void penstock_rtsp_census_set_limits (
    PenstockRtspCensus *self, const PenstockRtspLimits *limits);
void penstock_rtsp_census_get_limits (
    PenstockRtspCensus *self, PenstockRtspLimits *limits);

/* Addresses are told apart by penstock_priv_http_address_key(). */

/* NULL: a connection from @address is counted, until it is removed. Else why
 * there may be none, which is counted, too. Static. */
const gchar *penstock_rtsp_census_add_connection (
    PenstockRtspCensus *self, guint64 address);
void penstock_rtsp_census_remove_connection (
    PenstockRtspCensus *self, guint64 address);

/* The same for viewers. */
const gchar *penstock_rtsp_census_add_viewer (
    PenstockRtspCensus *self, guint64 address);
void penstock_rtsp_census_remove_viewer (
    PenstockRtspCensus *self, guint64 address);
/* One that its route has no room for. */
void penstock_rtsp_census_note_refused (PenstockRtspCensus *self);

typedef struct {
  guint connections, viewers;
  guint64 connections_total; /* that were let in */
  guint64 connections_refused, viewers_refused;
} PenstockRtspCensusStats;

void penstock_rtsp_census_get_stats (
    PenstockRtspCensus *self, PenstockRtspCensusStats *stats);

G_END_DECLS

#endif /* PENSTOCK_RTSP_CENSUS_H */
