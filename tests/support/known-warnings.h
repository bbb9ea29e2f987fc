/* SPDX-License-Identifier: MIT
 *
 * Warnings of GStreamer 1.22.0 that are none of our doing, each with its cause.
 * GstCheck fails a test on any other. */
#ifndef KNOWN_WARNINGS_H
#define KNOWN_WARNINGS_H

#include <gst/check/gstcheck.h>

static inline gboolean
is_known (const gchar *domain, GLogLevelFlags level, const gchar *message,
    gpointer user_data)
{
  return TRUE;
}

/* The funnel for what clients send by RTCP gets events without caps from TCP and
 * with caps from UDP; set_up_element() in rtsp-factory.c prevents it in our
 * server, a stock gst-rtsp-server in a test has it. No buffer is lost. */
static inline void
pass_warning_of_funnel (void)
{
  gst_check_add_log_filter ("GStreamer", G_LOG_LEVEL_WARNING,
      g_regex_new ("<funnel[0-9]+:src> Sticky event misordering", 0, 0, NULL),
      is_known, NULL, NULL);
}

/* rtspsrc stamps a segment event before it has a number for it when media comes
 * ahead of the PLAY response, as gst-rtsp-server sends it for a shared media;
 * without consequences. */
static inline void
pass_critical_of_rtspsrc (void)
{
  g_log_set_always_fatal (G_LOG_FATAL_MASK);
  g_log_set_fatal_mask ("penstock", G_LOG_FATAL_MASK | G_LOG_LEVEL_CRITICAL);
  gst_check_add_log_filter ("GStreamer", G_LOG_LEVEL_CRITICAL,
      g_regex_new ("gst_event_set_seqnum: .* GST_SEQNUM_INVALID", 0, 0, NULL),
      is_known, NULL, NULL);
}

/* gst_rtsp_client_close() takes the streams of a connection away from the thread
 * that may be about to read from them; our server shuts the socket down instead, a
 * test that kills a stock one closes its clients. */
static inline void
pass_critical_of_closed_clients (void)
{
  gst_check_add_log_filter ("GLib-GIO", G_LOG_LEVEL_CRITICAL,
      g_regex_new (
          "g_pollable_input_stream_read_nonblocking: assertion", 0, 0, NULL),
      is_known, NULL, NULL);
}

#endif /* KNOWN_WARNINGS_H */
