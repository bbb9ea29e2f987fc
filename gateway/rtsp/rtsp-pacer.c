/* SPDX-License-Identifier: MIT
 *
 * Pacing of bursts. See rtsp-pacer.h. */

#include "rtsp-pacer.h"

/* Later than this is a burst. */
#define LATE (100 * GST_MSECOND)
/* Packets sent at once in a burst: about 45 kB, a third of what the default
 * socket buffer of Linux takes. */
#define BURST_PACKETS 32

typedef struct {
  GstElement *sink; /* not owned: the probe goes with it */
  GstClock *clock;
  guint64 bitrate;
  const gint *n_receivers;
  GstClockTime next; /* clock time; streaming thread */
} Pacer;

static void
pacer_free (gpointer data)
{
  Pacer *pacer = data;

  gst_object_unref (pacer->clock);
  g_free (pacer);
}

static void
measure (GstPadProbeInfo *info, GstClockTime *pts, gsize *size)
{
  if (info->type & GST_PAD_PROBE_TYPE_BUFFER_LIST) {
    GstBufferList *list = GST_PAD_PROBE_INFO_BUFFER_LIST (info);
    *size = gst_buffer_list_calculate_size (list);
    *pts = gst_buffer_list_length (list) > 0
        ? GST_BUFFER_PTS (gst_buffer_list_get (list, 0))
        : GST_CLOCK_TIME_NONE;
  } else {
    GstBuffer *buffer = GST_PAD_PROBE_INFO_BUFFER (info);
    *size = gst_buffer_get_size (buffer);
    *pts = GST_BUFFER_PTS (buffer);
  }
}

/* TRUE for what is part of a burst. */
static gboolean
is_late (Pacer *pacer, GstClockTime pts)
{
  if (pts == GST_CLOCK_TIME_NONE || g_atomic_int_get (pacer->n_receivers) == 0)
    return FALSE;
  /* The channel's sources count in running time. */
  GstClockTime due = gst_element_get_base_time (pacer->sink) + pts;
  return gst_clock_get_time (pacer->clock) >= due + LATE;
}

static void
wait_for_turn (Pacer *pacer, gsize size)
{
  GstClockTime now = gst_clock_get_time (pacer->clock);

  if (pacer->next != GST_CLOCK_TIME_NONE && pacer->next > now) {
    GstClockID id = gst_clock_new_single_shot_id (pacer->clock, pacer->next);
    gst_clock_id_wait (id, NULL);
    gst_clock_id_unref (id);
  } else {
    pacer->next = now;
  }
  pacer->next += gst_util_uint64_scale (size * 8, GST_SECOND, pacer->bitrate);
}

/* Sends a long list in parts, each of which comes by here again. */
static GstFlowReturn
send_in_parts (Pacer *pacer, GstPad *pad, GstBufferList *list)
{
  guint length = gst_buffer_list_length (list);
  GstFlowReturn ret = GST_FLOW_OK;

  for (guint i = 0; i < length && ret == GST_FLOW_OK; i += BURST_PACKETS) {
    guint n = MIN (BURST_PACKETS, length - i);
    GstBufferList *part = gst_buffer_list_new_sized (n);
    for (guint k = i; k < i + n; k++)
      gst_buffer_list_add (
          part, gst_buffer_ref (gst_buffer_list_get (list, k)));
    ret = gst_pad_chain_list (pad, part);
  }
  gst_buffer_list_unref (list);
  return ret;
}

static GstPadProbeReturn
pace (GstPad *pad, GstPadProbeInfo *info, gpointer user_data)
{
  Pacer *pacer = user_data;
  GstClockTime pts;
  gsize size;

  measure (info, &pts, &size);
  if (!is_late (pacer, pts))
    return GST_PAD_PROBE_OK;
  if (info->type & GST_PAD_PROBE_TYPE_BUFFER_LIST) {
    GstBufferList *list = GST_PAD_PROBE_INFO_BUFFER_LIST (info);
    if (gst_buffer_list_length (list) > BURST_PACKETS) {
      GST_PAD_PROBE_INFO_FLOW_RETURN (info) = send_in_parts (pacer, pad, list);
      return GST_PAD_PROBE_HANDLED;
    }
  }
  wait_for_turn (pacer, size);
  return GST_PAD_PROBE_OK;
}

void
penstock_rtsp_pacer_attach (
    GstElement *sink, GstClock *clock, guint64 bitrate, const gint *n_receivers)
{
  g_autoptr (GstPad) pad = gst_element_get_static_pad (sink, "sink");
  Pacer *pacer = g_new0 (Pacer, 1);

  *pacer = (Pacer){ .sink = sink,
    .clock = gst_object_ref (clock),
    .bitrate = bitrate,
    .n_receivers = n_receivers,
    .next = GST_CLOCK_TIME_NONE };
  gst_pad_add_probe (pad,
      GST_PAD_PROBE_TYPE_BUFFER | GST_PAD_PROBE_TYPE_BUFFER_LIST, pace, pacer,
      pacer_free);
}
