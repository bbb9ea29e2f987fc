/* SPDX-License-Identifier: MIT
 *
 * Between the parts of penstockrtmpsrc: the element with its states
 * (rtmp-src.c), its properties (rtmp-src-properties.c), where messages come
 * from (rtmp-src-source.c), and the streaming thread that takes them from the
 * queue (rtmp-src-deliver.c). What it asks the application is in
 * rtmp-signals.h. */
#ifndef PENSTOCK_RTMP_SRC_PRIVATE_H
#define PENSTOCK_RTMP_SRC_PRIVATE_H

#include "rtmp-client.h"
#include "rtmp-queue.h"
#include "rtmp-server.h"
#include "rtmp-src.h"
#include "rtmp-stream.h"
#include "rtmp-tls.h"

G_BEGIN_DECLS

GST_DEBUG_CATEGORY_EXTERN (penstock_rtmp_src_debug);
#define GST_CAT_DEFAULT penstock_rtmp_src_debug

/* Values of the properties. */
typedef struct {
  gchar *location; /* may hold user and password */
  PenstockRtmpRole role;
  gchar *publish_key;
  PenstockRtmpPolicy policy;
  guint grace_ms;
  PenstockPublisherSeat *seat; /* NULL: one of its own */
  gboolean eos_on_unpublish;
  gchar *user, *password;
  guint connect_timeout_ms, timeout_ms;
  GstStructure *limits; /* NULL = those in force */
  PenstockRtmpEnhanced enhanced;
  PenstockRtmpTls tls;
} PenstockRtmpSrcSettings;

/* Where the messages come from: one of the two roles. */
typedef struct {
  PenstockRtmpServer *server;
  guint16 port;             /* of the server that the location names */
  PenstockRtmpOwner *owner; /* asks the application */
  PenstockRtmpClaim *claim;
  PenstockRtmpClient *client;
} PenstockRtmpSrcSource;

/* What the application may ask for. */
typedef struct {
  gboolean publishing; /* between start and end */
  gchar *peer, *encoder;
  guint64 publications;
  guint64 bytes, messages; /* of the publication now, or the last one */
  gint64 since;            /* monotonic us of its start */
} PenstockRtmpSrcPublication;

struct _PenstockRtmpSrc {
  GstElement parent;

  /* Object lock. */
  PenstockRtmpSrcSettings settings; /* properties */
  guint16 port;                     /* bound, 0 = none */
  /* Written by the streaming thread, which may read it without the lock. */
  PenstockRtmpSrcPublication publication;

  /* READY→PAUSED to PAUSED→READY; the pointers under source_lock */
  GMutex source_lock;
  PenstockRtmpSrcSource source;
  gchar *stream_name;
  gboolean is_client, eos_on_unpublish;
  gboolean was_playing; /* state changes only */

  PenstockRtmpQueue *queue;   /* set in init; thread-safe */
  PenstockRtmpStream *stream; /* set in init; streaming thread */
  GThread *thread;            /* READY→PAUSED to PAUSED→READY */
  gboolean finished;          /* streaming thread: EOS was sent */
};

/* ---- rtmp-src-properties.c ---- */

void penstock_rtmp_src_properties_install (GObjectClass *klass);

/* Of a new element. */
void penstock_rtmp_src_settings_init (PenstockRtmpSrcSettings *settings);
/* Copied under the object lock. */
void penstock_rtmp_src_settings_copy (
    PenstockRtmpSrc *self, PenstockRtmpSrcSettings *out);
void penstock_rtmp_src_settings_clear (PenstockRtmpSrcSettings *settings);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (
    PenstockRtmpSrcSettings, penstock_rtmp_src_settings_clear)

/* ---- rtmp-src-source.c ---- */

/* FALSE: an error was posted. */
gboolean penstock_rtmp_src_source_open (PenstockRtmpSrc *self);
/* After this returns no callback runs. Any thread. */
void penstock_rtmp_src_source_close (PenstockRtmpSrc *self);

/* The handler of the action signal `decide`. Any thread. */
void penstock_rtmp_src_source_decide (
    PenstockRtmpSrc *self, guint64 id, gboolean accept, const gchar *reason);
/* The handler of `redirect`. Any thread. */
void penstock_rtmp_src_source_redirect (
    PenstockRtmpSrc *self, guint64 id, const gchar *url);
/* Ends the publication; @reason is for the publisher. Any thread. */
void penstock_rtmp_src_source_reject (
    PenstockRtmpSrc *self, const gchar *reason);

/* Queues what arrives now. Any thread. */
void penstock_rtmp_src_push (
    PenstockRtmpSrc *self, PenstockRtmpQueueItem *item);

/* ---- rtmp-src-deliver.c ---- */

/* The streaming thread, until the queue says QUIT. @self: the element */
gpointer penstock_rtmp_src_deliver (gpointer self);

G_END_DECLS

#endif /* PENSTOCK_RTMP_SRC_PRIVATE_H */
