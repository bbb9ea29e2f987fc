/* SPDX-License-Identifier: MIT
 *
 * The pads of penstockchannelsink: each is one elementary stream, with its
 * place in the channel. Private to penstockchannelsink, whose lock guards all
 * fields. */
#ifndef PENSTOCK_CHANNEL_SINK_PAD_H
#define PENSTOCK_CHANNEL_SINK_PAD_H

#include "channel.h"
#include "droppable.h"
#include "dts.h"

G_BEGIN_DECLS

#define PENSTOCK_TYPE_CHANNEL_SINK_PAD (penstock_channel_sink_pad_get_type ())
G_DECLARE_FINAL_TYPE (PenstockChannelSinkPad, penstock_channel_sink_pad,
    PENSTOCK, CHANNEL_SINK_PAD, GstPad)

struct _PenstockChannelSinkPad {
  GstPad parent;

  guint group; /* property; set before the first event */
  PenstockTrackKind kind;
  GstCaps *caps; /* NULL until the first CAPS event */
  guint track;   /* valid with caps */
  GstSegment segment;
  gboolean seen; /* data in this epoch */
  gboolean eos;
  gboolean discont;         /* next buffer breaks with the last */
  GstClockTime last_dts;    /* channel time */
  GstClockTime next_source; /* end of the last buffer, source time */
  GstClockTime frame;       /* duration of an audio frame; 0 = not known */
  PenstockDts dts;          /* for streams without DTS */
  PenstockDroppable droppable;
};

void penstock_channel_sink_pad_set_caps (
    PenstockChannelSinkPad *pad, GstCaps *caps);

/* Both times of a buffer in source time, made up where they are missing.
 * @now: in the same clock's time. */
void penstock_channel_sink_pad_times (PenstockChannelSinkPad *pad,
    GstBuffer *buffer, GstClockTime now, GstClockTime *pts, GstClockTime *dts);

G_END_DECLS

#endif /* PENSTOCK_CHANNEL_SINK_PAD_H */
