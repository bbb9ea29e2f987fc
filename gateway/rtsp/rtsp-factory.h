/* SPDX-License-Identifier: MIT
 *
 * A mount: what stands behind one RTSP path. It makes the one media that the
 * viewers of a channel share, decides when a new one is needed, and knows who
 * watches. Made and closed in the control context; the rest is called by
 * request threads and media threads. */
#ifndef PENSTOCK_RTSP_FACTORY_H
#define PENSTOCK_RTSP_FACTORY_H

#include <gst/rtsp-server/rtsp-server.h>
#include <json-glib/json-glib.h>

#include "channel/channel.h"
#include "rtsp-census.h"
#include "rtsp-events.h"
#include "rtsp-mount-settings.h"
#include "rtsp-reaper.h"
#include "rtsp-viewer.h"

G_BEGIN_DECLS

#define PENSTOCK_TYPE_RTSP_FACTORY (penstock_rtsp_factory_get_type ())
G_DECLARE_FINAL_TYPE (PenstockRtspFactory, penstock_rtsp_factory, PENSTOCK,
    RTSP_FACTORY, GstRTSPMediaFactory)

/* A media that was described and never played goes after this time. */
#define PENSTOCK_RTSP_LINGER_US (5 * G_USEC_PER_SEC)
/* A source that comes back without one of its tracks has this long to bring
 * it before viewers are closed. */
#define PENSTOCK_RTSP_REDUCED_GRACE_US (3 * G_USEC_PER_SEC)
/* Viewers of a channel that has ended are closed after this time, if the end
 * of their stream has not come before. */
#define PENSTOCK_RTSP_END_GRACE_US (3 * G_USEC_PER_SEC)

/* @reaper takes down what is no longer used; @census counts the
 * viewers, @events tells of them. */
PenstockRtspFactory *penstock_rtsp_factory_new (const gchar *path,
    PenstockChannel *channel, GstClock *clock, GstClockTime base_time,
    PenstockRtspReaper *reaper, PenstockRtspCensus *census,
    PenstockRtspEvents *events);

/* What sends to the viewers of media that are made from now on. */
void penstock_rtsp_factory_set_writers (
    PenstockRtspFactory *self, PenstockLoopPool *writers);

/* Any thread: counts for the viewers there are, too, but for their start. */
void penstock_rtsp_factory_set_settings (
    PenstockRtspFactory *self, const PenstockRtspMountSettings *settings);

/* The route's name; (transfer none). */
const gchar *penstock_rtsp_factory_get_path (PenstockRtspFactory *self);

/* Takes the mount down: no new media, viewers are closed. What is still in use
 * goes when its viewers have gone. */
void penstock_rtsp_factory_close (PenstockRtspFactory *self);

/* Control context, now and then: what waits for time. */
void penstock_rtsp_factory_tick (PenstockRtspFactory *self);

/* Control context: frees media that nobody uses any more. TRUE when nothing is
 * left. */
gboolean penstock_rtsp_factory_release (PenstockRtspFactory *self);

/* --- requests (their own threads) ---------------------------------------- */

/**
 * penstock_rtsp_factory_begin_request:
 *
 * Before a DESCRIBE or SETUP that may need the media. While one runs, no media
 * is freed.
 *
 * Returns: %GST_RTSP_STS_OK, to be paired with
 *   penstock_rtsp_factory_end_request(); %GST_RTSP_STS_SERVICE_UNAVAILABLE
 *   when the channel has nothing to send now
 */
GstRTSPStatusCode penstock_rtsp_factory_begin_request (
    PenstockRtspFactory *self);
/* The same without a check, for a request that has its media already. */
void penstock_rtsp_factory_hold (PenstockRtspFactory *self);
void penstock_rtsp_factory_end_request (
    PenstockRtspFactory *self, gboolean failed);

/* For a viewer that begins now. */
void penstock_rtsp_factory_get_settings (
    PenstockRtspFactory *self, PenstockRtspMountSettings *settings);

/**
 * penstock_rtsp_factory_admit:
 * @address: as the census counts it
 *
 * Returns: (nullable): why there may be no further viewer, static; %NULL: one
 *   is counted, which is to be added or dismissed
 */
const gchar *penstock_rtsp_factory_admit (
    PenstockRtspFactory *self, guint64 address);
void penstock_rtsp_factory_dismiss (PenstockRtspFactory *self, guint64 address);

/* Puts @viewer, who was admitted, with all but factory and link filled in, into
 * the list. */
void penstock_rtsp_factory_add_viewer (
    PenstockRtspFactory *self, PenstockRtspViewer *viewer);
/* Takes @play and @receptions (both transfer full) of a viewer that plays for
 * the first time. */
void penstock_rtsp_factory_set_play (PenstockRtspFactory *self,
    PenstockRtspViewer *viewer, PenstockRtspPlay *play,
    PenstockRtpReception *receptions);
void penstock_rtsp_factory_set_playing (
    PenstockRtspFactory *self, PenstockRtspViewer *viewer, gboolean playing);
/* (nullable): of a viewer in the list that goes: why we closed it. Static. */
const gchar *penstock_rtsp_factory_get_why_closed (PenstockRtspViewer *viewer);
/* Takes @viewer out of the list and frees it. */
void penstock_rtsp_factory_remove_viewer (PenstockRtspViewer *viewer);

/* --- the media (its own threads) ----------------------------------------- */

/* (transfer full) */
PenstockRtpHub *penstock_rtsp_factory_make_hub (
    PenstockRtspFactory *self, guint n_streams, guint32 video);
/* Whether the channel has a picture, or sound alone, that a viewer can begin
 * with. */
gboolean penstock_rtsp_factory_has_start (PenstockRtspFactory *self);
void penstock_rtsp_factory_media_prepared (
    PenstockRtspFactory *self, PenstockRtspMedia *media);
void penstock_rtsp_factory_media_failed (
    PenstockRtspFactory *self, PenstockRtspMedia *media, const gchar *reason);
void penstock_rtsp_factory_media_ended (
    PenstockRtspFactory *self, PenstockRtspMedia *media);

/* --- status (any thread) ------------------------------------------------- */

guint penstock_rtsp_factory_get_n_viewers (PenstockRtspFactory *self);
/* Adds one PenstockViewer (transfer full) for each to @viewers. */
void penstock_rtsp_factory_list_viewers (
    PenstockRtspFactory *self, GPtrArray *viewers);
/* Closes the connection of that id. FALSE: it views something else. */
gboolean penstock_rtsp_factory_kick_viewer (
    PenstockRtspFactory *self, guint id);
/* Adds members to the open JSON object. */
void penstock_rtsp_factory_add_status (
    PenstockRtspFactory *self, JsonBuilder *builder);

G_END_DECLS

#endif /* PENSTOCK_RTSP_FACTORY_H */
