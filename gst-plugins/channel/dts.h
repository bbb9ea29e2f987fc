/* SPDX-License-Identifier: MIT
 *
 * Decoding times for streams that only carry presentation times (RTSP). Pure.
 *
 * Frames come in decoding order. With a reorder depth of d (the number of
 * frames that may precede a frame in decoding order and follow it in output
 * order), the DTS of frame n is the (n - d)-th smallest PTS: it is known when
 * frame n arrives, so no frame is held back. The first d frames get times
 * before the first PTS, one frame duration apart. */
#ifndef PENSTOCK_DTS_H
#define PENSTOCK_DTS_H

#include <gst/gst.h>

G_BEGIN_DECLS

/* Largest reorder depth of H.264 and H.265 (MaxDpbFrames, A.3.1 / A.4.2). */
#define PENSTOCK_DTS_MAX_DEPTH 16
/* Depth assumed when nothing is known: B-frames that refer to B-frames. */
#define PENSTOCK_DTS_UNKNOWN_DEPTH 2

/**
 * PenstockDts:
 * @depth: reorder depth in use; only grows while the stream goes on
 * @n_late: frames whose DTS is above their PTS, because the depth was too
 *   small until then. 0 in a stream that keeps what its header promises
 *
 * One generator per video track; a plain value, used by one thread.
 */
typedef struct {
  guint depth;
  guint n_late;
  /*< private >*/
  GstClockTime waiting[PENSTOCK_DTS_MAX_DEPTH + 1]; /* sorted, not yet used */
  guint n_waiting;
  GstClockTime recent[PENSTOCK_DTS_MAX_DEPTH + 1]; /* newest PTS, a ring */
  guint64 n_frames;
  GstClockTime newest_pts;
  GstClockTime last_used; /* PTS last given out as a DTS */
  GstClockTime last_dts;
  GstClockTime frame_duration;
} PenstockDts;

/**
 * penstock_dts_init:
 * @self: a generator
 * @reorder_depth: 0 to %PENSTOCK_DTS_MAX_DEPTH; negative = unknown, starts
 *   with %PENSTOCK_DTS_UNKNOWN_DEPTH and grows as the frames show
 * @frame_duration: nanoseconds, %GST_CLOCK_TIME_NONE = unknown; only spaces
 *   the first frames
 */
void penstock_dts_init (
    PenstockDts *self, gint reorder_depth, GstClockTime frame_duration);

/* As above, with depth and duration of H.264 (avc) or H.265 (hvc1, hev1) caps
 * as far as they tell; any other caps give depth 0 (DTS = PTS). */
void penstock_dts_init_from_caps (PenstockDts *self, const GstCaps *caps);

/* The stream's header changed in mid-stream: takes the new depth (negative =
 * keep) without breaking the times. */
void penstock_dts_set_depth (PenstockDts *self, gint reorder_depth);

/* Forgets the stream, keeps depth and duration: the next frame starts a new
 * timeline. */
void penstock_dts_reset (PenstockDts *self);

/**
 * penstock_dts_next:
 * @self: a generator
 * @pts: nanoseconds, of the next frame in decoding order
 *
 * Never decreases between resets, and is at most @pts as long as the depth is
 * right; a frame that shows it is too small gets the DTS before it and
 * enlarges the depth (see @n_late). A gap of more than a second does not
 * drag old times along. A @pts before all of the last 17 frames, or 10 s back,
 * starts a new timeline by itself.
 *
 * Returns: the DTS; %GST_CLOCK_TIME_NONE only for an invalid first @pts (a
 *   later invalid one repeats the DTS). Times that would be negative are 0
 */
GstClockTime penstock_dts_next (PenstockDts *self, GstClockTime pts);

/**
 * penstock_dts_depth_from_caps:
 * @caps: video caps with codec_data
 *
 * Reorder depth that the first SPS of an avcC or hvcC promises: VUI
 * max_num_reorder_frames, POC type 2, a profile without B-frames, or
 * sps_max_num_reorder_pics of the highest sub-layer.
 *
 * Returns: the depth, -1 when the header does not tell; 0 for other codecs
 */
gint penstock_dts_depth_from_caps (const GstCaps *caps);
/* The same from the configuration records themselves. */
gint penstock_dts_depth_from_avcc (const guint8 *data, gsize size);
gint penstock_dts_depth_from_hvcc (const guint8 *data, gsize size);

G_END_DECLS

#endif /* PENSTOCK_DTS_H */
