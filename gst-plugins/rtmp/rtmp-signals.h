/* SPDX-License-Identifier: MIT
 *
 * Signals of penstockrtmpsrc: who may publish is for the application to say. */
#ifndef PENSTOCK_RTMP_SIGNALS_H
#define PENSTOCK_RTMP_SIGNALS_H

#include <gst/gst.h>

#include "rtmp-message.h"
#include "rtmp-publication.h"

G_BEGIN_DECLS

GType penstock_rtmp_verdict_get_type (void);

/* @decide: void (*) (self, guint64 id, gboolean accept, const gchar *reason) */
void penstock_rtmp_signals_install (GObjectClass *klass, GCallback decide);

/* Asks those who are connected to `publish`; nobody: ACCEPT. */
PenstockRtmpVerdict penstock_rtmp_signals_ask (
    GstElement *element, const PenstockRtmpPublication *publication);

/* `metadata`, when @message has some and somebody listens. */
void penstock_rtmp_signals_tell_metadata (
    GstElement *element, const PenstockRtmpMessage *message);
/* `stop`. */
void penstock_rtmp_signals_tell_stop (
    GstElement *element, PenstockRtmpEnd end, const gchar *reason);

G_END_DECLS

#endif /* PENSTOCK_RTMP_SIGNALS_H */
