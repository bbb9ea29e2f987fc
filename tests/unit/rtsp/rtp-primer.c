/* SPDX-License-Identifier: MIT
 *
 * Order of sound and pictures while a media starts from the cache. */

#include "rtp-test.h"
#include "rtsp/rtp-primer.h"

#define VIDEO 0
#define AUDIO 1
#define MS GST_MSECOND
#define NOW (10 * GST_SECOND)

static void
push (PenstockRtpPrimer *primer, guint stream, GstClockTime time, gint64 now_us,
    GQueue *out)
{
  penstock_rtp_primer_push (primer,
      make_packets (
          stream, 1, 1, 0, stream == VIDEO && time == 2000 * MS, time),
      stream == VIDEO, NOW, now_us, out);
}

static void
check_next (GQueue *out, guint stream, GstClockTime time)
{
  g_autoptr (PenstockRtpPackets) packets = g_queue_pop_head (out);

  fail_unless (packets != NULL);
  fail_unless_equals_int (packets->stream, stream);
  fail_unless_equals_uint64 (packets->time, time);
}

GST_START_TEST (without_a_start_nothing_is_held)
{
  PenstockRtpPrimer primer = { 0 };
  GQueue out = G_QUEUE_INIT;

  push (&primer, AUDIO, 1 * MS, 1, &out);
  check_next (&out, AUDIO, 1 * MS);
  penstock_rtp_primer_clear (&primer);
}
GST_END_TEST

GST_START_TEST (sound_that_overtakes_comes_with_its_picture)
{
  PenstockRtpPrimer primer = { 0 };
  GQueue out = G_QUEUE_INIT;

  penstock_rtp_primer_start (&primer, 1u << AUDIO);
  push (&primer, AUDIO, 1990 * MS, 1, &out); /* from before the keyframe */
  for (guint i = 0; i < 5; i++)
    push (&primer, AUDIO, (2010 + 20 * i) * MS, 1, &out);
  fail_unless_equals_int ((gint) out.length, 0);
  push (&primer, VIDEO, 2000 * MS, 1, &out);
  check_next (&out, AUDIO, 1990 * MS);
  check_next (&out, VIDEO, 2000 * MS);
  push (&primer, VIDEO, 2040 * MS, 1, &out);
  check_next (&out, AUDIO, 2010 * MS);
  check_next (&out, AUDIO, 2030 * MS);
  check_next (&out, VIDEO, 2040 * MS);
  fail_unless_equals_int ((gint) out.length, 0);
  fail_unless (primer.active);
  penstock_rtp_primer_clear (&primer);
}
GST_END_TEST

GST_START_TEST (live_pictures_end_it)
{
  PenstockRtpPrimer primer = { 0 };
  GQueue out = G_QUEUE_INIT;

  penstock_rtp_primer_start (&primer, 1u << AUDIO);
  push (&primer, AUDIO, NOW, 1, &out);
  push (&primer, VIDEO, NOW - PENSTOCK_RTP_LIVE_TIME - 1, 1, &out);
  check_next (&out, VIDEO, NOW - PENSTOCK_RTP_LIVE_TIME - 1);
  fail_unless_equals_int ((gint) out.length, 0);
  push (&primer, VIDEO, NOW - PENSTOCK_RTP_LIVE_TIME, 1, &out);
  check_next (&out, VIDEO, NOW - PENSTOCK_RTP_LIVE_TIME);
  check_next (&out, AUDIO, NOW);
  push (&primer, AUDIO, NOW + 20 * MS, 1, &out);
  check_next (&out, AUDIO, NOW + 20 * MS);
  penstock_rtp_primer_clear (&primer);
}
GST_END_TEST

/* Its thread may be slower than that of the pictures. */
GST_START_TEST (live_pictures_wait_for_the_rest_of_the_sound)
{
  PenstockRtpPrimer primer = { 0 };
  GQueue out = G_QUEUE_INIT;

  penstock_rtp_primer_start (&primer, 1u << AUDIO);
  push (&primer, AUDIO, 2000 * MS, 1, &out);
  push (&primer, VIDEO, NOW, 1, &out);
  check_next (&out, AUDIO, 2000 * MS);
  check_next (&out, VIDEO, NOW);
  push (&primer, AUDIO, 2020 * MS, PENSTOCK_RTP_PRIMING_US, &out);
  fail_unless (primer.active);
  push (&primer, AUDIO, NOW, PENSTOCK_RTP_PRIMING_US, &out);
  fail_if (primer.active);
  check_next (&out, AUDIO, 2020 * MS);
  check_next (&out, AUDIO, NOW);
  penstock_rtp_primer_clear (&primer);
}
GST_END_TEST

GST_START_TEST (live_pictures_do_not_wait_for_sound_that_is_always_late)
{
  PenstockRtpPrimer primer = { 0 };
  GQueue out = G_QUEUE_INIT;

  penstock_rtp_primer_start (&primer, 1u << AUDIO);
  push (&primer, VIDEO, NOW, 1, &out);
  push (&primer, AUDIO, 2000 * MS, 1 + PENSTOCK_RTP_PRIMING_US, &out);
  fail_unless (primer.active);
  push (&primer, AUDIO, 2020 * MS, 2 + PENSTOCK_RTP_PRIMING_US, &out);
  fail_if (primer.active);
  fail_unless_equals_int ((gint) out.length, 3);
  g_queue_clear_full (&out, (GDestroyNotify) penstock_rtp_packets_unref);
  penstock_rtp_primer_clear (&primer);
}
GST_END_TEST

GST_START_TEST (live_pictures_hardly_wait_for_a_silent_track)
{
  PenstockRtpPrimer primer = { 0 };
  GQueue out = G_QUEUE_INIT;

  penstock_rtp_primer_start (&primer, 1u << AUDIO);
  push (&primer, VIDEO, NOW, 1, &out);
  push (&primer, VIDEO, NOW, 1 + PENSTOCK_RTP_SILENT_US, &out);
  fail_unless (primer.active);
  push (&primer, VIDEO, NOW, 2 + PENSTOCK_RTP_SILENT_US, &out);
  fail_if (primer.active);
  fail_unless_equals_int ((gint) out.length, 3);
  g_queue_clear_full (&out, (GDestroyNotify) penstock_rtp_packets_unref);
  penstock_rtp_primer_clear (&primer);
}
GST_END_TEST

GST_START_TEST (sound_does_not_wait_for_ever)
{
  PenstockRtpPrimer primer = { 0 };
  GQueue out = G_QUEUE_INIT;

  penstock_rtp_primer_start (&primer, 1u << AUDIO);
  push (&primer, AUDIO, 1 * MS, 5, &out);
  push (&primer, AUDIO, 2 * MS, 5 + PENSTOCK_RTP_PRIMING_US, &out);
  fail_unless_equals_int ((gint) out.length, 0);
  push (&primer, AUDIO, 3 * MS, 6 + PENSTOCK_RTP_PRIMING_US, &out);
  for (guint i = 1; i <= 3; i++)
    check_next (&out, AUDIO, i * MS);
  penstock_rtp_primer_clear (&primer);
}
GST_END_TEST

GST_START_TEST (sound_waits_as_long_as_pictures_come)
{
  PenstockRtpPrimer primer = { 0 };
  GQueue out = G_QUEUE_INIT;

  penstock_rtp_primer_start (&primer, 1u << AUDIO);
  push (&primer, AUDIO, 2100 * MS, 1, &out);
  for (guint i = 0; i < 3; i++) {
    push (&primer, VIDEO, (2000 + 20 * i) * MS, 1 + i * PENSTOCK_RTP_PRIMING_US,
        &out);
    check_next (&out, VIDEO, (2000 + 20 * i) * MS);
  }
  fail_unless_equals_int ((gint) out.length, 0);
  penstock_rtp_primer_clear (&primer);
}
GST_END_TEST

GST_START_TEST (what_is_held_is_freed)
{
  PenstockRtpPrimer primer = { 0 };
  GQueue out = G_QUEUE_INIT;

  penstock_rtp_primer_start (&primer, 1u << AUDIO);
  push (&primer, AUDIO, 1 * MS, 5, &out);
  penstock_rtp_primer_clear (&primer);
  fail_unless_equals_int ((gint) primer.held.length, 0);
}
GST_END_TEST

static Suite *
rtp_primer_suite (void)
{
  Suite *suite = suite_create ("rtp-primer");
  TCase *tcase = tcase_create ("order");

  suite_add_tcase (suite, tcase);
  tcase_add_test (tcase, without_a_start_nothing_is_held);
  tcase_add_test (tcase, sound_that_overtakes_comes_with_its_picture);
  tcase_add_test (tcase, live_pictures_end_it);
  tcase_add_test (tcase, live_pictures_wait_for_the_rest_of_the_sound);
  tcase_add_test (
      tcase, live_pictures_do_not_wait_for_sound_that_is_always_late);
  tcase_add_test (tcase, live_pictures_hardly_wait_for_a_silent_track);
  tcase_add_test (tcase, sound_does_not_wait_for_ever);
  tcase_add_test (tcase, sound_waits_as_long_as_pictures_come);
  tcase_add_test (tcase, what_is_held_is_freed);
  return suite;
}

GST_CHECK_MAIN (rtp_primer);
