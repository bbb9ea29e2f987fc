/* SPDX-License-Identifier: MIT
 *
 * Where penstockrtmpsink's messages go: to the players of a listener, or to a
 * server that they are published to. */
#ifndef PENSTOCK_RTMP_SINK_TARGET_H
#define PENSTOCK_RTMP_SINK_TARGET_H

#include "flv-writer.h"
#include "rtmp-push.h"

G_BEGIN_DECLS

typedef enum {
  PENSTOCK_RTMP_SINK_SERVE,
  PENSTOCK_RTMP_SINK_PUSH,
} PenstockRtmpSinkMode;

/**
 * PenstockRtmpSinkSettings:
 * @user, @password, @connect_timeout_ms, @retry_min_ms, @retry_max_ms: of mode
 *   push, see rtmp-push.h
 * @limits, @enhanced, @tls: see rtmp-listener.h
 * @log: what is kept for players or the server
 */
typedef struct {
  PenstockRtmpSinkMode mode;
  gchar *location, *user, *password; /* owned */
  guint connect_timeout_ms, retry_min_ms, retry_max_ms;
  GstStructure *limits; /* owned; NULL = those in force */
  PenstockRtmpEnhanced enhanced;
  PenstockRtmpTls tls;
  PenstockRtmpPlaybackSettings log;
} PenstockRtmpSinkSettings;

void penstock_rtmp_sink_settings_clear (PenstockRtmpSinkSettings *settings);
void penstock_rtmp_sink_settings_copy (
    const PenstockRtmpSinkSettings *from, PenstockRtmpSinkSettings *to);
/* (transfer full): the location without secrets, for messages. */
gchar *penstock_rtmp_sink_settings_describe (
    const PenstockRtmpSinkSettings *settings);

typedef struct _PenstockRtmpTarget PenstockRtmpTarget;

/* (transfer full) (nullable): %NULL with @error. @element: posts warnings.
 * @owner: (nullable): decides who plays, in mode serve.
 * @func: for mode push; see rtmp-push.h for its thread. */
PenstockRtmpTarget *penstock_rtmp_target_open (GstElement *element,
    const PenstockRtmpSinkSettings *settings, PenstockRtmpOwner *owner,
    PenstockRtmpPushFunc func, gpointer user_data, GError **error);
/* After this returns the function is not called. %NULL is allowed. */
void penstock_rtmp_target_close (PenstockRtmpTarget *target);

/* The port of a listener, else 0. */
guint16 penstock_rtmp_target_get_port (PenstockRtmpTarget *target);

/**
 * PenstockRtmpTargetTrack:
 * @caps: (nullable): %NULL = there is no such track
 * @config: (nullable): of penstock_flv_write_config()
 */
typedef struct {
  const GstCaps *caps;
  const PenstockFlvFormat *format;
  GBytes *config;
} PenstockRtmpTargetTrack;

/* The functions below: one thread at a time. */

/* The tracks of what is appended from now on. */
void penstock_rtmp_target_set_tracks (PenstockRtmpTarget *target,
    const PenstockRtmpTargetTrack *video, const PenstockRtmpTargetTrack *audio);
/* FALSE: longer than a message can be. */
gboolean penstock_rtmp_target_append (
    PenstockRtmpTarget *target, const PenstockRtmpFrame *frame);
/* The stream is over. TRUE: the function will be told when all was sent. */
gboolean penstock_rtmp_target_end (PenstockRtmpTarget *target);

/* (transfer full): "application/x-penstock-rtmp-sink-stats" of @mode; @target
 * (nullable) may be closed. */
GstStructure *penstock_rtmp_target_make_stats (
    PenstockRtmpTarget *target, PenstockRtmpSinkMode mode);

G_END_DECLS

#endif /* PENSTOCK_RTMP_SINK_TARGET_H */
