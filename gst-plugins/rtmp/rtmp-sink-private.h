/* SPDX-License-Identifier: MIT
 *
 * Between the parts of penstockrtmpsink: the element with its states
 * (rtmp-sink.c), its properties (rtmp-sink-properties.c), and what enters on
 * its pads and becomes messages (rtmp-sink-tracks.c). rtmp-sink-target.h
 * delivers them. */
#ifndef PENSTOCK_RTMP_SINK_PRIVATE_H
#define PENSTOCK_RTMP_SINK_PRIVATE_H

#include "flv-writer.h"
#include "rtmp-sink-target.h"
#include "rtmp-sink.h"

G_BEGIN_DECLS

GST_DEBUG_CATEGORY_EXTERN (penstock_rtmp_sink_debug);
#define GST_CAT_DEFAULT penstock_rtmp_sink_debug

#define PENSTOCK_RTMP_SINK_N_TRACKS 2

/* What a pad has brought; by kind. */
typedef struct {
  GstPad *pad; /* NULL = not requested */
  GstSegment segment;
  GstCaps *caps; /* NULL before the first */
  PenstockFlvFormat format;
  GBytes *config;
  GstClockTime newest; /* decoding time appended last */
  gboolean eos;
} PenstockRtmpSinkTrack;

struct _PenstockRtmpSink {
  GstElement parent;

  PenstockRtmpSinkSettings settings; /* properties; object lock */
  guint16 port;                      /* bound, 0 = none; the same */

  /* Guards the rest. Order: stream lock, lock, object lock. Never held while
   * posting. */
  GMutex lock;
  PenstockRtmpTarget *target; /* READY→PAUSED to PAUSED→READY */
  PenstockRtmpOwner *owner;   /* likewise; asks the application */
  /* By PenstockFlvKind. */
  PenstockRtmpSinkTrack tracks[PENSTOCK_RTMP_SINK_N_TRACKS];
  gboolean have_base;
  GstClockTimeDiff base; /* running time of timestamp 0 */
  gboolean ended;
  guint32 eos_seqnum;

  gchar *warned; /* the reason last posted; I/O thread */
};

/* ---- rtmp-sink-properties.c ---- */

GType penstock_rtmp_sink_mode_get_type (void);

void penstock_rtmp_sink_properties_install (GObjectClass *klass);

/* Of a new element; see rtmp-sink-target.h for the others. */
void penstock_rtmp_sink_settings_init (PenstockRtmpSinkSettings *settings);

/* ---- rtmp-sink-tracks.c ---- */

/* Of the element's class. */
GstPad *penstock_rtmp_sink_request_new_pad (GstElement *element,
    GstPadTemplate *templ, const gchar *name, const GstCaps *caps);
void penstock_rtmp_sink_release_pad (GstElement *element, GstPad *pad);

/* Forgets the stream; the pads stay. With the lock. */
void penstock_rtmp_sink_tracks_clear (PenstockRtmpSink *self);

/* Without the lock. */
void penstock_rtmp_sink_post_eos (PenstockRtmpSink *self, guint32 seqnum);

G_END_DECLS

#endif /* PENSTOCK_RTMP_SINK_PRIVATE_H */
