/* SPDX-License-Identifier: MIT
 *
 * A video access unit is complete when its packets up to the marker bit came
 * without a hole and began with a slice of macroblock 0 or what stands before
 * it. Payloads are looked at only as far as NAL unit headers and stamps. */

#include "rtp-watch.h"

#include <string.h>

#include "stamp.h"

#define RTP_HEADER_SIZE 12
#define NAL_SLICE 1
#define NAL_IDR 5
#define NAL_STAP_A 24
#define NAL_FU_A 28
#define AAC_SAMPLES 1024

void
rtp_watch_init (
    RtpWatch *self, gboolean video, guint payload_type, guint32 step)
{
  memset (self, 0, sizeof *self);
  self->video = video;
  self->payload_type = payload_type;
  self->step = step;
}

/* Where the payload begins (RFC 3550, 5.1); its size without padding in
 * @payload_size. NULL: not a whole RTP packet. */
static const guint8 *
find_payload (const guint8 *data, gsize size, gsize *payload_size)
{
  gsize head = RTP_HEADER_SIZE, padding = 0;

  if (size < head || data[0] >> 6 != 2)
    return NULL;
  head += 4 * (gsize) (data[0] & 0x0f);
  if (data[0] & 0x10) {
    if (size < head + 4)
      return NULL;
    head += 4 + 4 * (gsize) (data[head + 2] << 8 | data[head + 3]);
  }
  if (data[0] & 0x20)
    padding = data[size - 1];
  if (size < head + padding)
    return NULL;
  *payload_size = size - head - padding;
  return data + head;
}

/* TRUE: @seq is new; holes are counted. */
static gboolean
take_seq (RtpWatch *self, guint16 seq)
{
  gint16 ahead = (gint16) (guint16) (seq - self->next_seq);

  if (self->n_packets == 1) {
    self->first_seq = seq;
    ahead = 0;
  }
  if (ahead < 0) {
    self->n_late++;
    return FALSE;
  }
  if (ahead > 0) {
    self->n_lost += (guint64) ahead;
    self->broken = self->begun; /* else the next unit shows what it lacks */
    self->want_key = TRUE;
  }
  self->next_seq = (guint16) (seq + 1);
  return TRUE;
}

/* A NAL unit or the first fragment of one. @size bytes are there. */
static void
take_nal (RtpWatch *self, guint type, const guint8 *nal, gsize size)
{
  if (type == NAL_SLICE || type == NAL_IDR) {
    /* first_mb_in_slice is ue(v): 0 is a single bit 1. */
    if (!self->slice_seen && (size < 2 || !(nal[1] & 0x80)))
      self->broken = TRUE;
    self->slice_seen = TRUE;
    self->key |= type == NAL_IDR;
  } else {
    stamp_read (nal, size, &self->stamp);
  }
}

static void
take_stap (RtpWatch *self, const guint8 *data, gsize size)
{
  gsize at = 1;

  while (at + 2 < size) {
    gsize length = (gsize) (data[at] << 8 | data[at + 1]);

    at += 2;
    if (length == 0 || length > size - at)
      break;
    take_nal (self, data[at] & 0x1f, data + at, length);
    at += length;
  }
}

static void
take_video_payload (RtpWatch *self, const guint8 *data, gsize size)
{
  guint type = size > 0 ? data[0] & 0x1f : 0;

  if (type == NAL_FU_A && size > 2) {
    if (data[1] & 0x80)
      take_nal (self, data[1] & 0x1f, data + 1, size - 1);
    else if (!self->begun)
      self->broken = TRUE;
  } else if (type == NAL_STAP_A) {
    take_stap (self, data, size);
  } else if (type > 0 && type < NAL_STAP_A) {
    take_nal (self, type, data, size);
  }
  self->begun = TRUE;
}

/* Ends the access unit. TRUE: it is complete. */
static gboolean
end_unit (RtpWatch *self, RtpWatchUnit *unit)
{
  gboolean complete = !self->broken && self->slice_seen;

  if (complete) {
    *unit = (RtpWatchUnit){ self->key, self->stamp };
    self->n_units++;
    if (self->n_units == 1 && self->n_broken == 0)
      self->first_is_key = self->key;
    if (self->want_key && !self->key)
      self->n_resumed_without_key++;
    self->want_key = FALSE;
  } else {
    self->n_broken++;
    self->want_key = self->want_key || self->n_units > 0;
  }
  self->begun = self->broken = self->key = self->slice_seen = FALSE;
  self->stamp = 0;
  return complete;
}

/* Compares @timestamp with what should follow the unit before. */
static void
check_time (RtpWatch *self, guint32 timestamp)
{
  gint32 ahead = (gint32) (timestamp - self->expected);

  if (!self->expected_known || self->step == 0)
    return;
  if (ahead > (gint32) self->step / 2) {
    self->n_skips++;
    self->want_key = TRUE;
  } else if (ahead < -(gint32) self->step / 2) {
    self->n_backwards++;
  }
}

static gboolean
take_video (RtpWatch *self, const guint8 *payload, gsize size,
    guint32 timestamp, gboolean marker, RtpWatchUnit *unit)
{
  if (self->begun && timestamp != self->timestamp) {
    self->broken = TRUE; /* its end is missing */
    end_unit (self, unit);
  }
  if (!self->begun) {
    check_time (self, timestamp);
    self->expected = timestamp + self->step;
    self->expected_known = TRUE;
  }
  self->timestamp = timestamp;
  take_video_payload (self, payload, size);
  return marker && end_unit (self, unit);
}

/* AU headers of 16 bits each stand in front (RFC 3640, 3.3.6). */
static void
take_audio (
    RtpWatch *self, const guint8 *payload, gsize size, guint32 timestamp)
{
  guint n = size >= 2 ? (guint) (payload[0] << 8 | payload[1]) / 16 : 0;

  check_time (self, timestamp);
  self->expected = timestamp + n * AAC_SAMPLES;
  self->expected_known = n > 0;
  self->n_units += n;
}

gboolean
rtp_watch_packet (
    RtpWatch *self, const guint8 *data, gsize size, RtpWatchUnit *unit)
{
  gsize payload_size = 0;
  const guint8 *payload = find_payload (data, size, &payload_size);
  guint32 timestamp;

  if (payload == NULL || (data[1] & 0x7fu) != self->payload_type)
    return FALSE;
  self->n_packets++;
  self->n_bytes += size;
  if (!take_seq (self, (guint16) (data[2] << 8 | data[3])))
    return FALSE;
  timestamp = (guint32) data[4] << 24 | (guint32) data[5] << 16 |
      (guint32) data[6] << 8 | data[7];
  if (self->video)
    return take_video (
        self, payload, payload_size, timestamp, (data[1] & 0x80) != 0, unit);
  take_audio (self, payload, payload_size, timestamp);
  return FALSE;
}
