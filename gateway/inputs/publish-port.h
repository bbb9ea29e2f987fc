/* SPDX-License-Identifier: MIT
 *
 * The source element through which publishers of another part of the gateway
 * (RTSP) write into the pipeline of a route's input. It has no thread: a
 * publisher pushes from its own ones. Beside it in the pipeline may stand
 * sources with publishers of their own; a seat sees to it that one publishes at
 * a time.
 *
 * The port is open from READY→PAUSED to PAUSED→READY, and found by
 * publish-ports.h then. Posts `penstock-publication` as penstockrtmpsrc does,
 * with the number of the publication in `id`. */
#ifndef PENSTOCK_PUBLISH_PORT_H
#define PENSTOCK_PUBLISH_PORT_H

#include <gst/gst.h>

#include "channel/publisher-seat.h"

G_BEGIN_DECLS

#define PENSTOCK_TYPE_PUBLISH_PORT (penstock_publish_port_get_type ())
G_DECLARE_FINAL_TYPE (PenstockPublishPort, penstock_publish_port, PENSTOCK,
    PUBLISH_PORT, GstElement)

typedef struct _PenstockPublishPorts PenstockPublishPorts;

/**
 * PenstockPublishPortSettings:
 * @ports: where it is found while it is open
 * @name: of its route; copied
 * @seat: shared with the other sources of publishers
 * @grace_ms: how long a publisher that is gone may take to return
 * @sink: the penstockchannelsink of the same pipeline
 */
typedef struct {
  PenstockPublishPorts *ports;
  const gchar *name;
  PenstockPublisherSeat *seat;
  guint grace_ms;
  GstElement *sink;
} PenstockPublishPortSettings;

/* (transfer floating): made in the control context, whose timers it uses. */
GstElement *penstock_publish_port_new (
    const PenstockPublishPortSettings *settings);

/* One publisher in a port. Reference-counted, thread-safe. */
typedef struct _PenstockPublication PenstockPublication;

/* The port has ended the publication; its publisher is to be sent away. Any
 * thread; must not block. */
typedef void (*PenstockPublicationLostFunc) (
    GObject *owner, const gchar *reason);

typedef struct {
  const gchar *protocol; /* "RTSP"; static */
  const gchar *peer;     /* address and port */
  const gchar *encoder;  /* what it calls itself */
} PenstockPublisherInfo;

/**
 * penstock_publish_port_enter:
 * @info: who it is; copied
 * @owner: (transfer none): given to @lost, unless it is gone by then
 * @closed: (out): whether it is the port that has closed, when there is none
 *
 * Takes the seat; who has to leave it for that is ended before this returns.
 *
 * Returns: (nullable): %NULL when somebody else publishes, by the route's
 *   policy, or the port has closed
 */
PenstockPublication *penstock_publish_port_enter (PenstockPublishPort *self,
    const PenstockPublisherInfo *info, GObject *owner,
    PenstockPublicationLostFunc lost, gboolean *closed);

/* Announces the publication to the gateway, once. */
void penstock_publication_start (PenstockPublication *self);

/**
 * penstock_publication_add_track:
 * @video: what kind it is, before it has caps
 *
 * A pad for one elementary stream in a canonical format of the channel: push
 * events and buffers from one thread at a time. All tracks before the first
 * data, so that readers see them at once.
 *
 * Returns: (transfer full) (nullable): the pad; %NULL after the end
 */
GstPad *penstock_publication_add_track (
    PenstockPublication *self, gboolean video);

/* Tells of a stream that is not carried. */
void penstock_publication_ignore_track (
    PenstockPublication *self, const gchar *track, const gchar *reason);

/* The publisher delivers. */
void penstock_publication_touch (PenstockPublication *self);

/* The publisher is gone; its pads refuse data from now on. The first end
 * counts. */
void penstock_publication_end (PenstockPublication *self, const gchar *reason);

PenstockPublication *penstock_publication_ref (PenstockPublication *self);
/* Not before its end. */
void penstock_publication_unref (PenstockPublication *self);

G_END_DECLS

#endif /* PENSTOCK_PUBLISH_PORT_H */
