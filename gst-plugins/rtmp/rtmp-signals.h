/* SPDX-License-Identifier: MIT
 *
 * Signals of penstockrtmpsrc and penstockrtmpsink: who may publish and play is
 * for the application to say. */
#ifndef PENSTOCK_RTMP_SIGNALS_H
#define PENSTOCK_RTMP_SIGNALS_H

#include <gst/gst.h>

#include "rtmp-message.h"
#include "rtmp-owner.h"

G_BEGIN_DECLS

GType penstock_rtmp_verdict_get_type (void);

/**
 * PenstockRtmpActions:
 * @decide: void (*) (self, guint64 id, gboolean accept, const gchar *reason)
 * @redirect: void (*) (self, guint64 id, const gchar *url)
 *
 * Handlers of the action signals, which call what is below.
 */
typedef struct {
  GCallback decide, redirect;
} PenstockRtmpActions;

void penstock_rtmp_signals_install_src (
    GObjectClass *klass, const PenstockRtmpActions *actions);
void penstock_rtmp_signals_install_sink (
    GObjectClass *klass, const PenstockRtmpActions *actions);

/* (transfer full): asks and tells those who are connected to the signals of
 * @element; nobody: ACCEPT. Of all connections of the listener only if somebody
 * is connected to one of those signals now. */
PenstockRtmpOwner *penstock_rtmp_signals_new_owner (GstElement *element);
/* What `decide` does. @owner: (transfer full) (nullable) */
void penstock_rtmp_signals_decide (
    PenstockRtmpOwner *owner, guint64 id, gboolean accept, const gchar *reason);

/* What `redirect` does; likewise. */
void penstock_rtmp_signals_redirect (
    PenstockRtmpOwner *owner, guint64 id, const gchar *url);

/* `metadata`, when @message has some and somebody listens. */
void penstock_rtmp_signals_tell_metadata (
    GstElement *element, const PenstockRtmpMessage *message);
/* `stop`. */
void penstock_rtmp_signals_tell_stop (
    GstElement *element, PenstockRtmpEnd end, const gchar *reason);

G_END_DECLS

#endif /* PENSTOCK_RTMP_SIGNALS_H */
