/* SPDX-License-Identifier: MIT
 *
 * What viewers say of how packets reach them: to whom it belongs, and what is
 * made of it. */

#include "rtp-test.h"
#include <gio/gunixsocketaddress.h>

#include "rtsp/rtp-receptions.h"

#define NOW_US (1000 * (gint64) G_USEC_PER_SEC)
#define RATE 90000
#define MS 1000

static GSocketAddress *
address (const gchar *ip, guint port)
{
  return g_inet_socket_address_new_from_string (ip, port);
}

typedef struct {
  guint8 fraction;
  gint32 lost;
  guint32 jitter;
  gint64 sent_ago_us; /* the report that it answers to; 0 = none */
  gint64 held_us;     /* by the viewer */
} Said;

/* A report block at NOW. */
static gboolean
take (PenstockRtpReceptions *receptions, guint stream, GSocketAddress *from,
    const Said *said)
{
  const PenstockRtcpBlock block = {
    .fraction_lost = said->fraction,
    .lost = said->lost,
    .jitter = said->jitter,
    .last_report = said->sent_ago_us > 0 ? 1 : 0,
    .since_last_report =
        (guint32) (said->held_us * 65536 / (gint64) G_USEC_PER_SEC),
  };

  return penstock_rtp_receptions_take (receptions, stream, from, &block, RATE,
      NOW_US - said->sent_ago_us, NOW_US);
}

/* A viewer over UDP that came 10 s ago: video from port 5001, audio from 5003. */
typedef struct {
  PenstockRtpReceptions *receptions;
  GSocketAddress *video, *audio;
  PenstockRtpReception *viewer;
  PenstockRtpReceptionStats stats;
} Fixture;

static void
fixture_init (Fixture *f)
{
  *f = (Fixture){ penstock_rtp_receptions_new (), address ("192.0.2.1", 5001),
    address ("192.0.2.1", 5003) };
  f->viewer = penstock_rtp_receptions_add (
      f->receptions, NULL, 0, f->video, NOW_US - 10 * (gint64) G_USEC_PER_SEC);
  f->viewer = penstock_rtp_receptions_add (f->receptions, f->viewer, 1,
      f->audio, NOW_US - 10 * (gint64) G_USEC_PER_SEC);
}

static void
fixture_get (Fixture *f)
{
  penstock_rtp_receptions_get (f->receptions, f->viewer, &f->stats);
}

static void
fixture_clear (Fixture *f)
{
  penstock_rtp_receptions_remove (f->receptions, f->viewer);
  penstock_rtp_receptions_unref (f->receptions);
  g_object_unref (f->video);
  g_object_unref (f->audio);
}

GST_START_TEST (nothing_is_known_before_a_report)
{
  Fixture f;

  fixture_init (&f);
  fixture_get (&f);
  fail_if (f.stats.known);
  fail_unless_equals_int64 (f.stats.rtt_us, -1);
  fixture_clear (&f);
}
GST_END_TEST

GST_START_TEST (streams_of_a_viewer_are_taken_together)
{
  const Said video = { 64, 100, RATE / 100, 0, 0 };
  const Said audio = { 32, -3, RATE / 50, 0, 0 };
  Fixture f;

  fixture_init (&f);
  fail_unless (take (f.receptions, 0, f.video, &video));
  fail_unless (take (f.receptions, 1, f.audio, &audio));
  fixture_get (&f);
  fail_unless (f.stats.known);
  fail_unless (f.stats.loss == 0.25);
  fail_unless_equals_int64 (f.stats.lost, 97);
  fail_unless_equals_int64 (f.stats.jitter_us, 20 * MS);
  fail_unless_equals_int64 (f.stats.rtt_us, -1);
  fixture_clear (&f);
}
GST_END_TEST

static const struct {
  gint64 sent_ago_us, held_us, rtt_us;
} ways[] = {
  { 2000 * MS, 1900 * MS, 100 * MS }, { 9900 * MS, 9000 * MS, 900 * MS },
  { 2000 * MS, 2000 * MS, 0 },
  { 2000 * MS, 2000 * MS + MS / 2, 0 }, /* grains of clocks */
  { 2000 * MS, 2100 * MS, -1 },         /* held longer than it was there */
  { 10100 * MS, 9000 * MS, -1 },        /* sent before it came */
  { 0, 0, -1 },                         /* it has had none */
};

GST_START_TEST (way_is_measured_from_the_report_that_it_answers)
{
  const Said said = { 0, 0, 0, ways[__i__].sent_ago_us, ways[__i__].held_us };
  Fixture f;

  fixture_init (&f);
  fail_unless (take (f.receptions, 0, f.video, &said));
  fixture_get (&f);
  gint64 error = f.stats.rtt_us - ways[__i__].rtt_us;
  ck_assert_msg (ABS (error) <= 50, "%d us", (gint) f.stats.rtt_us);
  fixture_clear (&f);
}
GST_END_TEST

GST_START_TEST (report_without_a_time_keeps_what_was_measured)
{
  const Said first = { 0, 0, 0, 2000 * MS, 1900 * MS }, second = { 0 };
  Fixture f;

  fixture_init (&f);
  fail_unless (take (f.receptions, 0, f.video, &first));
  fail_unless (take (f.receptions, 0, f.video, &second));
  fixture_get (&f);
  fail_unless (f.stats.rtt_us > 0);
  fixture_clear (&f);
}
GST_END_TEST

GST_START_TEST (reports_of_others_are_not_taken)
{
  const Said said = { 64, 1, 1, 0, 0 };
  g_autoptr (GSocketAddress) other = address ("192.0.2.2", 5001);
  g_autoptr (GSocketAddress) local = g_unix_socket_address_new ("/nobody");
  Fixture f;

  fixture_init (&f);
  fail_if (take (f.receptions, 0, other, &said));
  fail_if (take (f.receptions, 0, f.audio, &said));
  fail_if (take (f.receptions, 2, f.video, &said));
  fail_if (take (f.receptions, 0, local, &said));
  fixture_get (&f);
  fail_if (f.stats.known);
  fixture_clear (&f);
}
GST_END_TEST

GST_START_TEST (ipv4_in_ipv6_is_ipv4)
{
  const Said said = { 64, 1, 1, 0, 0 };
  g_autoptr (GSocketAddress) mapped = address ("::ffff:192.0.2.1", 5001);
  Fixture f;

  fixture_init (&f);
  fail_unless (take (f.receptions, 0, mapped, &said));
  fixture_clear (&f);
}
GST_END_TEST

/* A player that comes again from the same port, before we notice that it had
 * gone. */
GST_START_TEST (newest_viewer_of_an_address_gets_its_reports)
{
  const Said said = { 64, 1, 1, 0, 0 };
  Fixture f;

  fixture_init (&f);
  PenstockRtpReception *before = f.viewer;
  f.viewer =
      penstock_rtp_receptions_add (f.receptions, NULL, 0, f.video, NOW_US);
  penstock_rtp_receptions_remove (f.receptions, before);
  fail_unless (take (f.receptions, 0, f.video, &said));
  fixture_get (&f);
  fail_unless (f.stats.known);
  penstock_rtp_receptions_remove (f.receptions, g_steal_pointer (&f.viewer));
  fail_if (take (f.receptions, 0, f.video, &said));
  fixture_clear (&f);
}
GST_END_TEST

static Suite *
rtp_receptions_suite (void)
{
  Suite *suite = suite_create ("rtp-receptions");
  TCase *tcase = tcase_create ("all");

  suite_add_tcase (suite, tcase);
  tcase_add_test (tcase, nothing_is_known_before_a_report);
  tcase_add_test (tcase, streams_of_a_viewer_are_taken_together);
  tcase_add_loop_test (tcase, way_is_measured_from_the_report_that_it_answers,
      0, G_N_ELEMENTS (ways));
  tcase_add_test (tcase, report_without_a_time_keeps_what_was_measured);
  tcase_add_test (tcase, reports_of_others_are_not_taken);
  tcase_add_test (tcase, ipv4_in_ipv6_is_ipv4);
  tcase_add_test (tcase, newest_viewer_of_an_address_gets_its_reports);
  return suite;
}

GST_CHECK_MAIN (rtp_receptions);
