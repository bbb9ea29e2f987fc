/* SPDX-License-Identifier: MIT
 *
 * Which pictures no other refers to, from the NAL headers of H.264 and H.265:
 * parsers do not mark them, and slow readers lose them first. Pure. */
#ifndef PENSTOCK_DROPPABLE_H
#define PENSTOCK_DROPPABLE_H

#include <gst/gst.h>

#include "rtmp/nal.h"

G_BEGIN_DECLS

/* One per video track; zeroed: nothing is droppable. */
typedef struct {
  gboolean known;
  PenstockNalStream stream;
} PenstockDroppable;

/* From caps with codec_data, or of a byte stream (whose temporal layers are
 * not known); those of other codecs: unknown. */
void penstock_droppable_init_from_caps (
    PenstockDroppable *droppable, const GstCaps *caps);

/* Whether nothing else refers to this access unit. Keyframes never are; the
 * flag GST_BUFFER_FLAG_DROPPABLE, where a source has set it, counts as it is. */
gboolean penstock_droppable_check (
    const PenstockDroppable *droppable, GstBuffer *buffer);

G_END_DECLS

#endif /* PENSTOCK_DROPPABLE_H */
