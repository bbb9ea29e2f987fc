/* SPDX-License-Identifier: MIT
 *
 * Reasons an operator understands, without secrets. */

#include <gst/check/gstcheck.h>

#include "inputs/input-problem.h"

static const struct {
  const gchar *text, *masked;
} texts[] = {
  { "nothing to hide", "nothing to hide" },
  { "rtsp://10.0.0.7/stream1 is gone", "rtsp://10.0.0.7/stream1 is gone" },
  { "rtsp://admin:secret@10.0.0.7/s: no", "rtsp://10.0.0.7/s: no" },
  { "rtsp://admin:se@cr@et@10.0.0.7/s", "rtsp://10.0.0.7/s" },
  { "\"rtmp://h/live/x?key=abc\" and rtsp://u:p@h",
      "\"rtmp://h/live/x\" and "
      "rtsp://h" },
  { "http://h?token=1 end", "http://h end" },
  { "http://h/a@b", "http://h/a@b" },
  { "://", "://" },
};

GST_START_TEST (masks_credentials_in_texts)
{
  g_autofree gchar *masked = penstock_input_mask_text (texts[__i__].text);

  ck_assert_str_eq (masked, texts[__i__].masked);
}
GST_END_TEST

static gchar camera_url[] = "rtsp://10.0.0.7/stream1";
static gchar user[] = "admin", password[] = "secret", path[] = "media/a.mp4";

static const PenstockInputConfig camera = { .kind = PENSTOCK_INPUT_RTSP,
  .url = camera_url,
  .user = user,
  .password = password };
static const PenstockInputConfig anonymous = { .kind = PENSTOCK_INPUT_RTSP,
  .url = camera_url };
static const PenstockInputConfig file = { .kind = PENSTOCK_INPUT_FILE,
  .path = path };

static const struct {
  const PenstockInputConfig *config;
  GQuark (*domain) (void);
  gint code;
  const gchar *message, *debug;
  const gchar *reason;
  PenstockInputFailure failure;
  gboolean needs_probe;
} errors[] = {
  { &camera, gst_resource_error_quark, GST_RESOURCE_ERROR_NOT_AUTHORIZED,
      "Unauthorized", "a.c(1): f ():\nUnauthorized (401)",
      "rtsp://10.0.0.7/stream1: 401 unauthorized: user or password wrong",
      PENSTOCK_INPUT_FAILURE_REFUSED, FALSE },
  { &anonymous, gst_resource_error_quark, GST_RESOURCE_ERROR_NOT_AUTHORIZED,
      "Unauthorized", NULL,
      "rtsp://10.0.0.7/stream1: 401 unauthorized: it asks for user and "
      "password",
      PENSTOCK_INPUT_FAILURE_REFUSED, FALSE },
  { &camera, gst_resource_error_quark, GST_RESOURCE_ERROR_NOT_FOUND,
      "Not found", NULL,
      "rtsp://10.0.0.7/stream1: 404 not found: there is no stream at this path",
      PENSTOCK_INPUT_FAILURE_LOST, FALSE },
  { &camera, gst_resource_error_quark, GST_RESOURCE_ERROR_OPEN_READ_WRITE,
      "Could not open", "a.c(1): f ():\nFailed to connect. (Generic error)",
      "rtsp://10.0.0.7/stream1: Could not open (Failed to connect. (Generic "
      "error))",
      PENSTOCK_INPUT_FAILURE_LOST, TRUE },
  { &camera, gst_resource_error_quark, GST_RESOURCE_ERROR_READ,
      "rtsp://admin:secret@10.0.0.7/stream1 broke", NULL,
      "rtsp://10.0.0.7/stream1: rtsp://10.0.0.7/stream1 broke",
      PENSTOCK_INPUT_FAILURE_LOST, FALSE },
  { &file, gst_stream_error_quark, GST_STREAM_ERROR_DEMUX,
      "This file is broken", "a.c(1): f ():\nno moov",
      "media/a.mp4: This file is broken (no moov)", PENSTOCK_INPUT_FAILURE_LOST,
      FALSE },
};

GST_START_TEST (puts_errors_into_words)
{
  g_autoptr (GError) error = g_error_new_literal (
      errors[__i__].domain (), errors[__i__].code, errors[__i__].message);
  g_autoptr (GstMessage) message =
      gst_message_new_error (NULL, error, errors[__i__].debug);
  g_auto (PenstockInputProblem) problem = { 0 };

  penstock_input_problem_from_message (message, errors[__i__].config, &problem);
  ck_assert_str_eq (problem.reason, errors[__i__].reason);
  ck_assert_int_eq (problem.failure, errors[__i__].failure);
  ck_assert_int_eq (problem.needs_probe, errors[__i__].needs_probe);
}
GST_END_TEST

/* A port that was ours a moment ago and that nobody listens on. */
static guint16
closed_port (void)
{
  g_autoptr (GSocketListener) listener = g_socket_listener_new ();

  return g_socket_listener_add_any_inet_port (listener, NULL, NULL);
}

GST_START_TEST (probe_tells_a_closed_port)
{
  g_autofree gchar *url =
      g_strdup_printf ("rtsp://127.0.0.1:%u/stream1", closed_port ());
  const PenstockInputConfig config = { .kind = PENSTOCK_INPUT_RTSP,
    .url = url };
  g_autofree gchar *reason = penstock_input_problem_probe (&config, NULL);
  g_autofree gchar *expected = g_strdup_printf ("%s: connection refused", url);

  ck_assert_str_eq (reason, expected);
}
GST_END_TEST

GST_START_TEST (probe_finds_nothing_wrong_with_an_open_port)
{
  g_autoptr (GSocketListener) listener = g_socket_listener_new ();
  guint16 port = g_socket_listener_add_any_inet_port (listener, NULL, NULL);
  g_autofree gchar *url = g_strdup_printf ("rtsp://127.0.0.1:%u/stream1", port);
  const PenstockInputConfig config = { .kind = PENSTOCK_INPUT_RTSP,
    .url = url };

  g_autofree gchar *reason = penstock_input_problem_probe (&config, NULL);

  ck_assert_msg (reason == NULL, "%s", reason);
}
GST_END_TEST

static Suite *
input_problem_suite (void)
{
  Suite *suite = suite_create ("input-problem");
  TCase *tc = tcase_create ("input-problem");

  suite_add_tcase (suite, tc);
  tcase_add_loop_test (tc, masks_credentials_in_texts, 0, G_N_ELEMENTS (texts));
  tcase_add_loop_test (tc, puts_errors_into_words, 0, G_N_ELEMENTS (errors));
  tcase_add_test (tc, probe_tells_a_closed_port);
  tcase_add_test (tc, probe_finds_nothing_wrong_with_an_open_port);
  return suite;
}

GST_CHECK_MAIN (input_problem);
