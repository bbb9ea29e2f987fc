/* SPDX-License-Identifier: MIT
 *
 * Decoding times for streams that only carry presentation times. See dts.h. */

#include "dts.h"

#include <string.h>

#include <gst/codecparsers/gsth264parser.h>
#include <gst/codecparsers/gsth265parser.h>

/* Spacing of the first frames when nothing is known: 25 frames a second. */
#define DEFAULT_FRAME_DURATION (40 * GST_MSECOND)
/* A step forward beyond this is a gap, not a frame duration. */
#define GAP_MIN GST_SECOND
#define GAP_FRAMES 8
/* A step back beyond this is a new timeline, not reordering. */
#define STEP_BACK_MAX (10 * GST_SECOND)

#define N_RECENT G_N_ELEMENTS (((PenstockDts *) NULL)->recent)

void
penstock_dts_init (
    PenstockDts *self, gint reorder_depth, GstClockTime frame_duration)
{
  memset (self, 0, sizeof *self);
  self->depth = reorder_depth < 0
      ? PENSTOCK_DTS_UNKNOWN_DEPTH
      : MIN ((guint) reorder_depth, PENSTOCK_DTS_MAX_DEPTH);
  self->frame_duration =
      GST_CLOCK_TIME_IS_VALID (frame_duration) && frame_duration > 0
      ? frame_duration
      : DEFAULT_FRAME_DURATION;
  penstock_dts_reset (self);
}

void
penstock_dts_init_from_caps (PenstockDts *self, const GstCaps *caps)
{
  const GstStructure *s = gst_caps_get_structure (caps, 0);
  GstClockTime duration = GST_CLOCK_TIME_NONE;
  gint num, den;

  if (gst_structure_get_fraction (s, "framerate", &num, &den) && num > 0)
    duration = gst_util_uint64_scale_int (GST_SECOND, den, num);
  penstock_dts_init (self, penstock_dts_depth_from_caps (caps), duration);
}

void
penstock_dts_set_depth (PenstockDts *self, gint reorder_depth)
{
  if (reorder_depth >= 0)
    self->depth = MIN ((guint) reorder_depth, PENSTOCK_DTS_MAX_DEPTH);
}

void
penstock_dts_reset (PenstockDts *self)
{
  self->n_waiting = 0;
  self->n_frames = 0;
  self->newest_pts = GST_CLOCK_TIME_NONE;
  self->last_used = GST_CLOCK_TIME_NONE;
  self->last_dts = GST_CLOCK_TIME_NONE;
}

/* Frames that came before a frame of this PTS and are shown after it: the
 * reorder depth that this frame needs. */
static guint
count_overtaken (const PenstockDts *self, GstClockTime pts)
{
  guint n = MIN (self->n_frames, N_RECENT);
  guint overtaken = 0;

  for (guint i = 0; i < n; i++)
    overtaken += self->recent[i] > pts;
  return overtaken;
}

static void
check_timeline (PenstockDts *self, GstClockTime pts)
{
  GstClockTime gap = MAX (GAP_MIN, GAP_FRAMES * self->frame_duration);

  if (!GST_CLOCK_TIME_IS_VALID (self->newest_pts))
    return;
  if (count_overtaken (self, pts) > PENSTOCK_DTS_MAX_DEPTH ||
      pts + STEP_BACK_MAX < self->last_dts)
    penstock_dts_reset (self);
  else if (pts > self->newest_pts + gap)
    self->n_waiting = 0; /* start over, but not below the last DTS */
}

static void
insert_sorted (PenstockDts *self, GstClockTime pts)
{
  guint i;

  for (i = self->n_waiting++; i > 0 && self->waiting[i - 1] > pts; i--)
    self->waiting[i] = self->waiting[i - 1];
  self->waiting[i] = pts;
}

/* The depth is complete: the smallest unused PTS, more than one only after
 * the depth became smaller. */
static GstClockTime
use_smallest (PenstockDts *self)
{
  guint n_used = self->n_waiting - self->depth;
  GstClockTime used = self->waiting[n_used - 1];

  self->n_waiting -= n_used;
  memmove (self->waiting, self->waiting + n_used,
      self->n_waiting * sizeof self->waiting[0]);
  if (n_used == 1 && GST_CLOCK_TIME_IS_VALID (self->last_used) &&
      used > self->last_used && used - self->last_used < GAP_MIN)
    self->frame_duration = used - self->last_used;
  self->last_used = used;
  return used;
}

GstClockTime
penstock_dts_next (PenstockDts *self, GstClockTime pts)
{
  GstClockTime dts;

  if (!GST_CLOCK_TIME_IS_VALID (pts))
    return self->last_dts;

  check_timeline (self, pts);
  self->depth = MAX (self->depth, count_overtaken (self, pts));
  self->recent[self->n_frames++ % N_RECENT] = pts;
  if (!GST_CLOCK_TIME_IS_VALID (self->newest_pts) || pts > self->newest_pts)
    self->newest_pts = pts;

  insert_sorted (self, pts);
  if (self->n_waiting > self->depth) {
    dts = use_smallest (self);
  } else {
    GstClockTime back =
        (self->depth + 1 - self->n_waiting) * self->frame_duration;
    dts = self->waiting[0] > back ? self->waiting[0] - back : 0;
  }

  if (GST_CLOCK_TIME_IS_VALID (self->last_dts) && dts < self->last_dts)
    dts = self->last_dts;
  self->n_late += dts > pts;
  self->last_dts = dts;
  return dts;
}

/* --- The depth that a configuration record promises --- */

static gint
depth_of_h264_sps (const GstH264SPS *sps)
{
  const gboolean intra_only_profile =
      sps->constraint_set3_flag && sps->profile_idc >= 100;

  if (sps->vui_parameters_present_flag &&
      sps->vui_parameters.bitstream_restriction_flag)
    return MIN (sps->vui_parameters.num_reorder_frames, PENSTOCK_DTS_MAX_DEPTH);
  /* Output order is decoding order (8.2.1.3). */
  if (sps->pic_order_cnt_type == 2)
    return 0;
  /* Baseline has no B slices; 44 is CAVLC 4:4:4 Intra (A.2). */
  if (sps->profile_idc == 66 || sps->profile_idc == 44 || intra_only_profile)
    return 0;
  return -1;
}

/* AVCDecoderConfigurationRecord, ISO/IEC 14496-15, 5.3.3.1. */
gint
penstock_dts_depth_from_avcc (const guint8 *data, gsize size)
{
  const gsize first_sps = 8;
  GstH264NalParser *parser;
  GstH264NalUnit nalu;
  GstH264SPS sps;
  gint depth = -1;
  gsize length;

  if (size < first_sps || (data[5] & 0x1f) == 0)
    return -1;
  length = GST_READ_UINT16_BE (data + 6);
  if (length < 4 || length > size - first_sps)
    return -1;

  parser = gst_h264_nal_parser_new ();
  if (gst_h264_parser_identify_nalu_avc (parser, data, 6, first_sps + length, 2,
          &nalu) == GST_H264_PARSER_OK &&
      nalu.type == GST_H264_NAL_SPS &&
      gst_h264_parse_sps (&nalu, &sps) == GST_H264_PARSER_OK) {
    depth = depth_of_h264_sps (&sps);
    gst_h264_sps_clear (&sps);
  }
  gst_h264_nal_parser_free (parser);
  return depth;
}

static gint
depth_of_h265_sps_nal (const guint8 *data, gsize end, gsize offset)
{
  GstH265Parser *parser = gst_h265_parser_new ();
  GstH265NalUnit nalu;
  GstH265SPS sps;
  gint depth = -1;

  if (gst_h265_parser_identify_nalu_hevc (
          parser, data, offset, end, 2, &nalu) == GST_H265_PARSER_OK &&
      nalu.type == GST_H265_NAL_SPS &&
      gst_h265_parse_sps (parser, &nalu, &sps, TRUE) == GST_H265_PARSER_OK)
    depth = MIN (sps.max_num_reorder_pics[sps.max_sub_layers_minus1],
        PENSTOCK_DTS_MAX_DEPTH);
  gst_h265_parser_free (parser);
  return depth;
}

/* HEVCDecoderConfigurationRecord, ISO/IEC 14496-15, 8.3.3.1: 22 bytes, then
 * arrays of (type, count, count times (length, NAL unit)). */
gint
penstock_dts_depth_from_hvcc (const guint8 *data, gsize size)
{
  gsize pos = 23;

  if (size < pos)
    return -1;
  for (guint array = data[22]; array > 0 && size - pos >= 3; array--) {
    guint type = data[pos] & 0x3f;
    guint count = GST_READ_UINT16_BE (data + pos + 1);

    for (pos += 3; count > 0 && size - pos >= 2; count--) {
      gsize length = GST_READ_UINT16_BE (data + pos);

      if (length > size - pos - 2)
        return -1;
      if (type == GST_H265_NAL_SPS && length >= 4)
        return depth_of_h265_sps_nal (data, pos + 2 + length, pos);
      pos += 2 + length;
    }
  }
  return -1;
}

gint
penstock_dts_depth_from_caps (const GstCaps *caps)
{
  const GstStructure *s = gst_caps_get_structure (caps, 0);
  const gboolean h264 = gst_structure_has_name (s, "video/x-h264");
  const GValue *value = gst_structure_get_value (s, "codec_data");
  GstMapInfo map;
  gint depth;

  if (!h264 && !gst_structure_has_name (s, "video/x-h265"))
    return 0;
  if (!value || !GST_VALUE_HOLDS_BUFFER (value) ||
      !gst_buffer_map (gst_value_get_buffer (value), &map, GST_MAP_READ))
    return -1;
  depth = h264 ? penstock_dts_depth_from_avcc (map.data, map.size)
               : penstock_dts_depth_from_hvcc (map.data, map.size);
  gst_buffer_unmap (gst_value_get_buffer (value), &map);
  return depth;
}
