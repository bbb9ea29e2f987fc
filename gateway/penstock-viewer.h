/* SPDX-License-Identifier: MIT */
#ifndef PENSTOCK_VIEWER_H
#define PENSTOCK_VIEWER_H

#include <glib-object.h>

G_BEGIN_DECLS

/**
 * PenstockViewer:
 *
 * One viewer of a route, as it was at one moment: who it is, and how it fares.
 * It does not change. A connection that views two routes is two viewers of one
 * id.
 *
 * Since: 0.1
 */
typedef struct _PenstockViewer PenstockViewer;

#define PENSTOCK_TYPE_VIEWER (penstock_viewer_get_type ())
GType penstock_viewer_get_type (void);

/**
 * penstock_viewer_ref:
 * @self: a viewer
 *
 * Takes a reference.
 *
 * Returns: (transfer full): @self
 *
 * Since: 0.1
 */
PenstockViewer *penstock_viewer_ref (PenstockViewer *self);

/**
 * penstock_viewer_unref:
 * @self: (transfer full): a viewer
 *
 * Drops a reference.
 *
 * Since: 0.1
 */
void penstock_viewer_unref (PenstockViewer *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (PenstockViewer, penstock_viewer_unref)

/**
 * penstock_viewer_get_id:
 * @self: a viewer
 *
 * Number of its connection, which no other connection of the process gets; the
 * log calls it `session`.
 *
 * Returns: the id
 *
 * Since: 0.1
 */
guint penstock_viewer_get_id (PenstockViewer *self);

/**
 * penstock_viewer_get_route:
 * @self: a viewer
 *
 * Name of the route that it views.
 *
 * Returns: (transfer none): the name
 *
 * Since: 0.1
 */
const gchar *penstock_viewer_get_route (PenstockViewer *self);

/**
 * penstock_viewer_get_protocol:
 * @self: a viewer
 *
 * How it came: `rtsp`.
 *
 * Returns: (transfer none): the protocol
 *
 * Since: 0.1
 */
const gchar *penstock_viewer_get_protocol (PenstockViewer *self);

/**
 * penstock_viewer_get_peer:
 * @self: a viewer
 *
 * Where it is: `192.0.2.7:50412` or `[2001:db8::7]:50412`.
 *
 * Returns: (transfer none): address and port
 *
 * Since: 0.1
 */
const gchar *penstock_viewer_get_peer (PenstockViewer *self);

/**
 * penstock_viewer_get_agent:
 * @self: a viewer
 *
 * What it says it is.
 *
 * Returns: (transfer none) (nullable): the program, as it names itself
 *
 * Since: 0.1
 */
const gchar *penstock_viewer_get_agent (PenstockViewer *self);

/**
 * penstock_viewer_get_transport:
 * @self: a viewer
 *
 * How it gets media: `tcp`, inside its connection, or `udp`.
 *
 * Returns: (transfer none): the transport
 *
 * Since: 0.1
 */
const gchar *penstock_viewer_get_transport (PenstockViewer *self);

/**
 * penstock_viewer_get_since:
 * @self: a viewer
 *
 * When it came.
 *
 * Returns: microseconds since 1970, UTC
 *
 * Since: 0.1
 */
gint64 penstock_viewer_get_since (PenstockViewer *self);

/**
 * penstock_viewer_is_playing:
 * @self: a viewer
 *
 * Whether it plays; one that has paused, or not begun, does not.
 *
 * Returns: %TRUE while it plays
 *
 * Since: 0.1
 */
gboolean penstock_viewer_is_playing (PenstockViewer *self);

/**
 * penstock_viewer_get_bytes:
 * @self: a viewer
 *
 * What it was sent of media, with all framing.
 *
 * Returns: bytes
 *
 * Since: 0.1
 */
guint64 penstock_viewer_get_bytes (PenstockViewer *self);

/**
 * penstock_viewer_get_lag:
 * @self: a viewer
 *
 * How far what it was sent last is behind the newest packet.
 *
 * Returns: milliseconds of media
 *
 * Since: 0.1
 */
guint64 penstock_viewer_get_lag (PenstockViewer *self);

/**
 * penstock_viewer_get_skips:
 * @self: a viewer
 *
 * How often it lost pictures for being slow.
 *
 * Returns: times
 *
 * Since: 0.1
 */
guint64 penstock_viewer_get_skips (PenstockViewer *self);

/**
 * penstock_viewer_get_join_time:
 * @self: a viewer
 *
 * From PLAY to its first whole keyframe being on its way; without video, to the
 * first packets.
 *
 * Returns: milliseconds, -1 = not yet
 *
 * Since: 0.1
 */
gdouble penstock_viewer_get_join_time (PenstockViewer *self);

/**
 * penstock_viewer_get_round_trip:
 * @self: a viewer
 *
 * Time to the viewer and back, from its newest RTCP report.
 *
 * Returns: milliseconds, -1 = it has not told
 *
 * Since: 0.1
 */
gdouble penstock_viewer_get_round_trip (PenstockViewer *self);

/**
 * penstock_viewer_get_jitter:
 * @self: a viewer
 *
 * By how much packets reach it unevenly (RFC 3550, 6.4.1), of the stream that
 * is worst, from its newest RTCP reports.
 *
 * Returns: milliseconds, -1 = it has not told
 *
 * Since: 0.1
 */
gdouble penstock_viewer_get_jitter (PenstockViewer *self);

/**
 * penstock_viewer_get_loss:
 * @self: a viewer
 *
 * The part of the packets that did not reach it of late, of the stream that is
 * worst, from its newest RTCP reports.
 *
 * Returns: from 0 to 1, -1 = it has not told
 *
 * Since: 0.1
 */
gdouble penstock_viewer_get_loss (PenstockViewer *self);

/**
 * penstock_viewer_get_lost:
 * @self: a viewer
 *
 * Packets that did not reach it since it came, of all streams, from its newest
 * RTCP reports. Duplicates count against them, so it can be below 0.
 *
 * Returns: packets; 0 when it has not told
 *
 * Since: 0.1
 */
gint64 penstock_viewer_get_lost (PenstockViewer *self);

G_END_DECLS

#endif /* PENSTOCK_VIEWER_H */
