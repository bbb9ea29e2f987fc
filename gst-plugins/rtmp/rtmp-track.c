/* SPDX-License-Identifier: MIT
 *
 * One track of a publication. See rtmp-track.h. */

#include "rtmp-track.h"

#include "frame-info.h"

/* A coded frame inside a message, in canonical form. */
typedef struct {
  gsize offset, size; /* in the message */
  GBytes *rewritten;  /* instead of it */
  gboolean keyframe, droppable;
  gboolean continues; /* the picture of the message before */
} Frame;

PenstockRtmpTrack *
penstock_rtmp_track_new (PenstockFlvKind kind, guint8 id)
{
  PenstockRtmpTrack *self = g_new0 (PenstockRtmpTrack, 1);

  self->kind = kind;
  self->id = id;
  self->prefix = g_byte_array_new ();
  penstock_rtmp_track_restart (self);
  return self;
}

static void
forget_config (PenstockRtmpTrack *self)
{
  g_clear_pointer (&self->raw_config, g_bytes_unref);
  g_clear_pointer (&self->config, g_bytes_unref);
  g_clear_pointer (&self->sets, penstock_parameter_sets_free);
  g_byte_array_set_size (self->prefix, 0);
  self->nal = (PenstockNalStream){ .length_size = 4 };
  self->caps_stale = TRUE;
  self->await_keyframe = self->kind == PENSTOCK_FLV_VIDEO;
  self->ignored = FALSE;
  self->n_unconfigured = 0;
}

static void
forget_held (PenstockRtmpTrack *self)
{
  gst_clear_buffer (&self->held);
  gst_clear_caps (&self->held_caps);
}

void
penstock_rtmp_track_restart (PenstockRtmpTrack *self)
{
  forget_config (self);
  forget_held (self);
  self->joins = FALSE;
  self->last_time = GST_CLOCK_STIME_NONE;
  self->codec = PENSTOCK_FLV_CODEC_UNKNOWN;
  self->discont = TRUE;
  self->dts_shift = 0;
  self->last_dts = GST_CLOCK_TIME_NONE;
}

void
penstock_rtmp_track_free (PenstockRtmpTrack *self)
{
  if (!self)
    return;
  forget_config (self);
  forget_held (self);
  g_byte_array_unref (self->prefix);
  gst_clear_caps (&self->next_caps);
  gst_clear_caps (&self->caps);
  g_free (self);
}

void
penstock_rtmp_track_break (PenstockRtmpTrack *self, gboolean frames_lost)
{
  self->discont = TRUE;
  if (frames_lost && self->kind == PENSTOCK_FLV_VIDEO)
    self->await_keyframe = TRUE;
}

static gboolean
is_h26x (const PenstockRtmpTrack *self)
{
  return self->codec == PENSTOCK_FLV_CODEC_H264 ||
      self->codec == PENSTOCK_FLV_CODEC_H265;
}

static void
take_malformed (PenstockRtmpTrack *self)
{
  self->stats.malformed++;
  penstock_rtmp_track_break (self, TRUE);
}

/* --- Configuration --- */

/* The record of the sets as they are now, for frames with 4 byte lengths. */
static void
update_record (PenstockRtmpTrack *self)
{
  GBytes *record = penstock_parameter_sets_to_record (self->sets);

  if (!record)
    return;
  g_clear_pointer (&self->config, g_bytes_unref);
  self->config = record;
  self->caps_stale = TRUE;
}

static void
take_h26x_config (PenstockRtmpTrack *self, GBytes *bytes)
{
  gsize size;
  const guint8 *data = g_bytes_get_data (bytes, &size);
  gboolean hevc = self->codec == PENSTOCK_FLV_CODEC_H265;
  PenstockParameterSets *sets =
      penstock_parameter_sets_parse (hevc, data, size);
  gboolean as_is;

  if (!sets) {
    self->stats.malformed++;
    return;
  }
  g_clear_pointer (&self->sets, penstock_parameter_sets_free);
  self->sets = sets;
  /* H.265 travels under the number of H.264 with some encoders. */
  self->codec = sets->hevc ? PENSTOCK_FLV_CODEC_H265 : PENSTOCK_FLV_CODEC_H264;
  self->nal = (PenstockNalStream){ .hevc = sets->hevc,
    .length_size = sets->length_size,
    .n_temporal_layers = sets->n_temporal_layers };

  as_is = data[0] == 1 && sets->length_size == 4 &&
      penstock_parameter_sets_is_complete (sets);
  if (as_is) {
    g_clear_pointer (&self->config, g_bytes_unref);
    self->config = g_bytes_ref (bytes);
    self->caps_stale = TRUE;
  } else {
    update_record (self);
  }
}

static gboolean
is_usable_config (const PenstockRtmpTrack *self, const guint8 *data, gsize size)
{
  PenstockAudioInfo info;
  gsize offset;

  switch (self->codec) {
  case PENSTOCK_FLV_CODEC_AAC:
    return penstock_aac_config_parse (data, size, &info);
  case PENSTOCK_FLV_CODEC_FLAC:
    return penstock_flac_config_parse (data, size, &info, &offset);
  default:
    return TRUE;
  }
}

static void
take_config (PenstockRtmpTrack *self, const guint8 *data, gsize size)
{
  g_autoptr (GBytes) bytes = NULL;

  if (size == 0)
    return;
  if (self->raw_config && g_bytes_get_size (self->raw_config) == size &&
      memcmp (g_bytes_get_data (self->raw_config, NULL), data, size) == 0)
    return;
  bytes = g_bytes_new (data, size);
  if (is_h26x (self)) {
    take_h26x_config (self, bytes);
  } else if (is_usable_config (self, data, size)) {
    g_clear_pointer (&self->config, g_bytes_unref);
    self->config = g_bytes_ref (bytes);
    self->caps_stale = TRUE;
  } else {
    self->stats.malformed++;
    return;
  }
  g_clear_pointer (&self->raw_config, g_bytes_unref);
  self->raw_config = g_steal_pointer (&bytes);
}

/* Another codec on the same track: as a new publication, the times go on. */
static void
take_codec (PenstockRtmpTrack *self, const PenstockFlvItem *item)
{
  const gboolean hevc_as_h264 = item->codec == PENSTOCK_FLV_CODEC_H264 &&
      self->codec == PENSTOCK_FLV_CODEC_H265 && self->sets;
  const gboolean changed = self->codec != PENSTOCK_FLV_CODEC_UNKNOWN;

  if (item->codec == self->codec || hevc_as_h264)
    return;
  if (changed) {
    forget_config (self);
    self->discont = TRUE;
  }
  self->codec = item->codec;
  self->nal.hevc = item->codec == PENSTOCK_FLV_CODEC_H265;
}

/* --- Frames --- */

/* Units that came without a picture belong to the next one (some encoders
 * send parameter sets in a message of their own). */
static void
keep_prefix (PenstockRtmpTrack *self, const guint8 *data, gsize size)
{
  if (self->prefix->len + size > PENSTOCK_RTMP_MAX_PREFIX)
    g_byte_array_set_size (self->prefix, 0);
  if (size <= PENSTOCK_RTMP_MAX_PREFIX)
    penstock_nal_write (&self->nal, data, size, self->prefix);
}

static void
merge_in_band (PenstockRtmpTrack *self, const guint8 *data, gsize size)
{
  if (!self->sets)
    self->sets = penstock_parameter_sets_new (self->nal.hevc);
  if (penstock_parameter_sets_merge (self->sets, data, size))
    update_record (self);
}

static gboolean
read_h26x_frame (PenstockRtmpTrack *self, const PenstockFlvItem *item,
    const guint8 *data, gsize size, Frame *frame)
{
  gboolean says_key = item->frame_type == PENSTOCK_FLV_FRAME_KEY;
  PenstockNalScan scan;

  if (!penstock_nal_scan (&self->nal, data, size, says_key, &scan)) {
    take_malformed (self);
    return FALSE;
  }
  if (scan.has_parameter_sets && (scan.keyframe || !scan.has_slice))
    merge_in_band (self, data, size);
  if (!scan.has_slice) {
    keep_prefix (self, data, size);
    return FALSE;
  }

  frame->keyframe = scan.keyframe;
  frame->droppable = scan.droppable;
  frame->continues = !scan.starts_picture;
  frame->size = scan.size;
  if (!scan.in_place || self->prefix->len > 0) {
    GByteArray *out = g_byte_array_sized_new (self->prefix->len + size + 16);

    g_byte_array_append (out, self->prefix->data, self->prefix->len);
    g_byte_array_set_size (self->prefix, 0);
    penstock_nal_write (&self->nal, data, size, out);
    frame->rewritten = g_byte_array_free_to_bytes (out);
  }
  return TRUE;
}

static gboolean
read_other_video (PenstockRtmpTrack *self, const PenstockFlvItem *item,
    const guint8 *data, gsize size, Frame *frame)
{
  PenstockVideoInfo info = { 0 };
  gboolean ok = TRUE;

  switch (self->codec) {
  case PENSTOCK_FLV_CODEC_VP8:
    ok = penstock_vp8_frame_parse (data, size, &info);
    break;
  case PENSTOCK_FLV_CODEC_VP9:
    ok = penstock_vp9_frame_parse (data, size, &info);
    break;
  case PENSTOCK_FLV_CODEC_AV1:
    ok = penstock_av1_frame_parse (data, size, &info);
    break;
  default: /* not carried: caps tell */
    info.keyframe = TRUE;
    break;
  }
  if (!ok || info.skip >= size) {
    take_malformed (self);
    return FALSE;
  }
  frame->offset += info.skip;
  frame->size -= info.skip;
  frame->keyframe = info.keyframe;
  return TRUE;
}

static gboolean
read_audio (
    PenstockRtmpTrack *self, const guint8 *data, gsize size, Frame *frame)
{
  frame->keyframe = TRUE;
  if (self->codec == PENSTOCK_FLV_CODEC_AAC) {
    gsize header = penstock_aac_adts_header (data, size);

    frame->offset += header;
    frame->size -= header;
  }
  return TRUE;
}

/* Caps for the coming frame. NOTHING = it cannot be used yet. */
static PenstockRtmpTrackResult
update_caps (PenstockRtmpTrack *self, const PenstockFlvItem *item,
    const guint8 *data, gsize size, const PenstockFlvHints *hints,
    gchar **reason)
{
  PenstockFlvCapsInput input = { .codec = self->codec,
    .config = self->config,
    .sets = self->sets,
    .frame = data,
    .frame_size = size,
    .item = item };
  g_autoptr (GstCaps) caps = NULL;

  /* A late AAC configuration is better than one made from metadata. */
  if (self->codec != PENSTOCK_FLV_CODEC_AAC || self->config ||
      ++self->n_unconfigured > PENSTOCK_RTMP_AAC_PATIENCE)
    input.hints = hints;
  caps = penstock_flv_caps_new (&input, reason);
  if (!caps) {
    self->ignored = *reason != NULL;
    return *reason ? PENSTOCK_RTMP_TRACK_UNSUPPORTED
                   : PENSTOCK_RTMP_TRACK_NOTHING;
  }
  self->caps_stale = FALSE;
  if (self->next_caps && gst_caps_is_equal (caps, self->next_caps))
    return PENSTOCK_RTMP_TRACK_BUFFER;
  gst_caps_replace (&self->next_caps, caps);
  return PENSTOCK_RTMP_TRACK_NEW_CAPS;
}

static void
set_times (PenstockRtmpTrack *self, const PenstockFlvItem *item,
    GstClockTimeDiff time, GstBuffer *buffer)
{
  GstClockTimeDiff cts =
      (GstClockTimeDiff) item->cts_ms * GST_MSECOND + item->nano_offset;
  GstClockTimeDiff pts, dts;

  time += item->delay;
  pts = time + cts;

  /* Presentation before decoding: decoding moves, presentation does not. */
  if (cts < 0 && -cts > self->dts_shift)
    self->dts_shift = -cts;
  dts = MAX (time - self->dts_shift, 0);
  if (GST_CLOCK_TIME_IS_VALID (self->last_dts))
    dts = MAX (dts, (GstClockTimeDiff) self->last_dts);
  self->last_dts = dts;
  GST_BUFFER_DTS (buffer) = dts;
  GST_BUFFER_PTS (buffer) = MAX (pts, dts);
  if (item->duration > 0)
    GST_BUFFER_DURATION (buffer) = item->duration;
  else if (self->kind == PENSTOCK_FLV_AUDIO)
    GST_BUFFER_DURATION (buffer) = penstock_flv_audio_duration (
        self->codec, self->next_caps, gst_buffer_get_size (buffer));
}

static GstBuffer *
wrap (PenstockRtmpMessage *message, const Frame *frame)
{
  GstBuffer *buffer;

  if (frame->rewritten)
    return gst_buffer_new_wrapped_bytes (frame->rewritten);
  buffer = gst_buffer_new ();
  gst_buffer_append_memory (buffer,
      penstock_rtmp_message_share (message, frame->offset, frame->size));
  return buffer;
}

static GstBuffer *
make_buffer (
    PenstockRtmpTrack *self, PenstockRtmpMessage *message, const Frame *frame)
{
  GstBuffer *buffer = wrap (message, frame);

  if (!frame->keyframe)
    GST_BUFFER_FLAG_SET (buffer, GST_BUFFER_FLAG_DELTA_UNIT);
  if (frame->droppable)
    GST_BUFFER_FLAG_SET (buffer, GST_BUFFER_FLAG_DROPPABLE);
  if (self->discont)
    GST_BUFFER_FLAG_SET (buffer, GST_BUFFER_FLAG_DISCONT);
  self->discont = FALSE;
  self->stats.frames++;
  self->stats.keyframes += self->kind == PENSTOCK_FLV_VIDEO && frame->keyframe;
  return buffer;
}

/* More slices of the picture that the last message began. The first time it is
 * too late for that picture. */
static void
take_continuation (
    PenstockRtmpTrack *self, PenstockRtmpMessage *message, const Frame *frame)
{
  if (self->held)
    self->held = gst_buffer_append (self->held, wrap (message, frame));
  if (self->joins)
    return;
  self->joins = TRUE;
  penstock_rtmp_track_break (self, TRUE);
}

/* Hands out @buffer, or the one before it. */
static PenstockRtmpTrackResult
hand_out (PenstockRtmpTrack *self, GstBuffer *buffer, gboolean new_caps,
    GstBuffer **out)
{
  GstBuffer *before = self->held;
  gboolean before_new_caps = self->held_new_caps;

  if (!self->joins) {
    *out = buffer;
    gst_caps_replace (&self->caps, self->next_caps);
    return new_caps ? PENSTOCK_RTMP_TRACK_NEW_CAPS : PENSTOCK_RTMP_TRACK_BUFFER;
  }
  if (before)
    gst_caps_replace (&self->caps, self->held_caps);
  self->held = buffer;
  self->held_new_caps = new_caps;
  gst_caps_replace (&self->held_caps, self->next_caps);
  if (!before)
    return PENSTOCK_RTMP_TRACK_NOTHING;
  *out = before;
  return before_new_caps ? PENSTOCK_RTMP_TRACK_NEW_CAPS
                         : PENSTOCK_RTMP_TRACK_BUFFER;
}

static PenstockRtmpTrackResult
take_frame (PenstockRtmpTrack *self, PenstockRtmpMessage *message,
    const PenstockFlvItem *item, GstClockTimeDiff time,
    const PenstockFlvHints *hints, GstBuffer **buffer, gchar **reason)
{
  const guint8 *data = message->data + item->offset;
  Frame frame = { .offset = item->offset, .size = item->size };
  g_autoptr (GBytes) rewritten = NULL;
  PenstockRtmpTrackResult result = PENSTOCK_RTMP_TRACK_BUFFER;
  gboolean ok;

  if (self->kind == PENSTOCK_FLV_AUDIO)
    ok = read_audio (self, data, item->size, &frame);
  else if (is_h26x (self))
    ok = read_h26x_frame (self, item, data, item->size, &frame);
  else
    ok = read_other_video (self, item, data, item->size, &frame);
  rewritten = frame.rewritten;
  if (!ok)
    return PENSTOCK_RTMP_TRACK_NOTHING;

  gboolean same_time = time == self->last_time;
  self->last_time = time;
  if (frame.continues && same_time &&
      GST_CLOCK_TIME_IS_VALID (self->last_dts)) {
    take_continuation (self, message, &frame);
    return PENSTOCK_RTMP_TRACK_NOTHING;
  }
  if (self->await_keyframe && !frame.keyframe) {
    self->stats.skipped++;
    return PENSTOCK_RTMP_TRACK_NOTHING;
  }
  if (self->caps_stale && frame.keyframe) {
    result = update_caps (
        self, item, message->data + frame.offset, frame.size, hints, reason);
    if (result < PENSTOCK_RTMP_TRACK_BUFFER ||
        result == PENSTOCK_RTMP_TRACK_UNSUPPORTED)
      return result;
  }
  self->await_keyframe = FALSE;
  GstBuffer *made = make_buffer (self, message, &frame);
  set_times (self, item, time, made);
  return hand_out (self, made, result == PENSTOCK_RTMP_TRACK_NEW_CAPS, buffer);
}

PenstockRtmpTrackResult
penstock_rtmp_track_take (PenstockRtmpTrack *self, PenstockRtmpMessage *message,
    const PenstockFlvItem *item, GstClockTimeDiff time,
    const PenstockFlvHints *hints, GstBuffer **buffer, gchar **reason)
{
  take_codec (self, item);
  if (self->ignored)
    return PENSTOCK_RTMP_TRACK_NOTHING;
  switch (item->kind) {
  case PENSTOCK_FLV_ITEM_CONFIG:
    take_config (self, message->data + item->offset, item->size);
    return PENSTOCK_RTMP_TRACK_NOTHING;
  case PENSTOCK_FLV_ITEM_FRAME:
    return take_frame (self, message, item, time, hints, buffer, reason);
  default:
    /* End of sequence: a new configuration or the end of the publication
     * follows. HDR metadata and channel maps are not carried. */
    return PENSTOCK_RTMP_TRACK_NOTHING;
  }
}
