/* SPDX-License-Identifier: MIT
 *
 * RTMP messages as refcounted blocks, control payloads, aggregates
 * (RTMP 1.0, 5.4, 6.2, 7.1). */

#include "rtmp-message.h"

#include <string.h>

/* FLV tag inside an aggregate: type, size (3), time (3 + 1), stream id (3). */
#define TAG_HEADER 11
#define BACK_POINTER 4

PenstockRtmpMessage *
penstock_rtmp_message_new (guint8 type, guint32 stream_id, guint32 timestamp,
    const guint8 *data, gsize size)
{
  PenstockRtmpMessage *message = g_new0 (PenstockRtmpMessage, 1);

  message->ref_count = 1;
  message->type = type;
  message->stream_id = stream_id;
  message->timestamp = timestamp;
  if (data && size > 0) {
    message->data = g_memdup2 (data, size);
    message->size = message->allocated = size;
  }
  return message;
}

PenstockRtmpMessage *
penstock_rtmp_message_ref (PenstockRtmpMessage *message)
{
  g_atomic_int_inc (&message->ref_count);
  return message;
}

void
penstock_rtmp_message_unref (PenstockRtmpMessage *message)
{
  if (!message || !g_atomic_int_dec_and_test (&message->ref_count))
    return;
  penstock_rtmp_memory_give (message->memory, message->allocated);
  penstock_rtmp_memory_unref (message->memory);
  g_free (message->data);
  g_free (message);
}

void
penstock_rtmp_message_count (
    PenstockRtmpMessage *message, PenstockRtmpMemory *memory)
{
  g_return_if_fail (message->allocated == 0 && !message->memory);

  message->memory = memory ? penstock_rtmp_memory_ref (memory) : NULL;
}

gboolean
penstock_rtmp_message_reserve (PenstockRtmpMessage *message, gsize size)
{
  if (size <= message->allocated)
    return TRUE;
  if (!penstock_rtmp_memory_take (message->memory, size - message->allocated))
    return FALSE;
  message->data = g_realloc (message->data, size);
  message->allocated = size;
  return TRUE;
}

GstMemory *
penstock_rtmp_message_share (
    PenstockRtmpMessage *message, gsize offset, gsize size)
{
  g_return_val_if_fail (
      offset <= message->size && size <= message->size - offset, NULL);

  return gst_memory_new_wrapped (GST_MEMORY_FLAG_READONLY, message->data,
      message->size, offset, size, penstock_rtmp_message_ref (message),
      (GDestroyNotify) penstock_rtmp_message_unref);
}

gsize
penstock_rtmp_message_limit (const PenstockRtmpLimits *limits, guint8 type)
{
  switch (type) {
  case PENSTOCK_RTMP_SET_CHUNK_SIZE:
  case PENSTOCK_RTMP_ABORT:
  case PENSTOCK_RTMP_ACKNOWLEDGEMENT:
  case PENSTOCK_RTMP_USER_CONTROL:
  case PENSTOCK_RTMP_WINDOW_ACK_SIZE:
  case PENSTOCK_RTMP_SET_PEER_BANDWIDTH:
    return PENSTOCK_RTMP_MAX_CONTROL;
  case PENSTOCK_RTMP_AUDIO:
    return limits->max_audio;
  case PENSTOCK_RTMP_VIDEO:
    return limits->max_video;
  case PENSTOCK_RTMP_DATA:
  case PENSTOCK_RTMP_DATA_AMF3:
    return limits->max_data;
  case PENSTOCK_RTMP_COMMAND:
  case PENSTOCK_RTMP_COMMAND_AMF3:
    return limits->max_command;
  default:
    return PENSTOCK_RTMP_MAX_MESSAGE;
  }
}

static PenstockRtmpParse
parse_user_control (const guint8 *data, gsize size, PenstockRtmpControl *out)
{
  PenstockRtmpControl control = { PENSTOCK_RTMP_USER_CONTROL };

  if (size < 6)
    return PENSTOCK_RTMP_PARSE_MORE;
  control.event = GST_READ_UINT16_BE (data);
  control.value = GST_READ_UINT32_BE (data + 2);
  if (control.event == PENSTOCK_RTMP_SET_BUFFER_LENGTH) {
    if (size < 10)
      return PENSTOCK_RTMP_PARSE_MORE;
    control.value2 = GST_READ_UINT32_BE (data + 6);
  }
  *out = control;
  return PENSTOCK_RTMP_PARSE_DONE;
}

PenstockRtmpParse
penstock_rtmp_control_parse (
    guint8 type, const guint8 *data, gsize size, PenstockRtmpControl *out)
{
  PenstockRtmpControl control = { type };

  switch (type) {
  case PENSTOCK_RTMP_USER_CONTROL:
    return parse_user_control (data, size, out);
  case PENSTOCK_RTMP_SET_CHUNK_SIZE:
  case PENSTOCK_RTMP_ABORT:
  case PENSTOCK_RTMP_ACKNOWLEDGEMENT:
  case PENSTOCK_RTMP_WINDOW_ACK_SIZE:
    if (size < 4)
      return PENSTOCK_RTMP_PARSE_MORE;
    break;
  case PENSTOCK_RTMP_SET_PEER_BANDWIDTH:
    if (size < 5)
      return PENSTOCK_RTMP_PARSE_MORE;
    control.limit = data[4];
    break;
  default:
    return PENSTOCK_RTMP_PARSE_ERROR;
  }
  control.value = GST_READ_UINT32_BE (data);
  *out = control;
  return PENSTOCK_RTMP_PARSE_DONE;
}

static void
append_u32 (GByteArray *out, guint32 value)
{
  guint32 be = GUINT32_TO_BE (value);
  g_byte_array_append (out, (const guint8 *) &be, 4);
}

void
penstock_rtmp_control_write (
    const PenstockRtmpControl *control, GByteArray *out)
{
  if (control->type == PENSTOCK_RTMP_USER_CONTROL) {
    guint16 event = GUINT16_TO_BE (control->event);
    g_byte_array_append (out, (const guint8 *) &event, 2);
  }
  append_u32 (out, control->value);
  if (control->type == PENSTOCK_RTMP_SET_PEER_BANDWIDTH)
    g_byte_array_append (out, &control->limit, 1);
  if (control->type == PENSTOCK_RTMP_USER_CONTROL &&
      control->event == PENSTOCK_RTMP_SET_BUFFER_LENGTH)
    append_u32 (out, control->value2);
}

PenstockRtmpParse
penstock_rtmp_aggregate_next (const PenstockRtmpMessage *aggregate,
    gsize *position, guint32 *base, PenstockRtmpMessage **out)
{
  gsize pos = *position;

  while (pos < aggregate->size) {
    const guint8 *tag = aggregate->data + pos;
    gsize left = aggregate->size - pos;

    if (left < TAG_HEADER)
      return PENSTOCK_RTMP_PARSE_ERROR;
    gsize length = GST_READ_UINT24_BE (tag + 1);
    guint32 time = GST_READ_UINT24_BE (tag + 4) | (guint32) tag[7] << 24;
    if (length > left - TAG_HEADER)
      return PENSTOCK_RTMP_PARSE_ERROR;

    if (pos == 0)
      *base = time;
    pos += TAG_HEADER + length;
    /* Some senders leave out the last back pointer. */
    pos += MIN (BACK_POINTER, aggregate->size - pos);

    guint8 type = tag[0];
    if (length == 0 ||
        (type != PENSTOCK_RTMP_AUDIO && type != PENSTOCK_RTMP_VIDEO &&
            type != PENSTOCK_RTMP_DATA && type != PENSTOCK_RTMP_DATA_AMF3))
      continue;
    *out = penstock_rtmp_message_new (type, aggregate->stream_id,
        aggregate->timestamp + (time - *base), tag + TAG_HEADER, length);
    (*out)->chunk_stream = aggregate->chunk_stream;
    *position = pos;
    return PENSTOCK_RTMP_PARSE_DONE;
  }
  return PENSTOCK_RTMP_PARSE_MORE;
}
