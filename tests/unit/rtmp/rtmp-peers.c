/* SPDX-License-Identifier: MIT
 *
 * Unit tests of who is let in: connections by address and network, rates,
 * wrong keys, lines of the log. */

#include "rtmp/rtmp-peers.h"

#include <arpa/inet.h>
#include <gst/check/gstcheck.h>

static PenstockRtmpAddress
address_of (const gchar *text)
{
  PenstockRtmpAddress address = { { [10] = 0xff, [11] = 0xff } };

  if (strchr (text, ':'))
    fail_unless (inet_pton (AF_INET6, text, address.bytes) == 1);
  else
    fail_unless (inet_pton (AF_INET, text, address.bytes + 12) == 1);
  return address;
}

/* A letter for each admission. */
static const gchar letters[] = "+tanrb";

/* Steps, separated by blanks: "ADDRESS" connects, "-ADDRESS" leaves half open,
 * "=ADDRESS" establishes, "~ADDRESS" leaves after that, "!ADDRESS" sends a wrong
 * key, "@MS" is the time. What comes of it: a letter for each that connects, "f"
 * or "F" (blocked) for a wrong key. */
static const struct {
  const gchar *name;
  PenstockRtmpLimits limits;
  const gchar *steps, *result;
} rows[] = {
  { "no bound", { 0 }, "1.1.1.1 1.1.1.1 ::1", "+++" },
  { "total", { .max_connections = 2 },
      "1.1.1.1 1.1.2.1 1.1.3.1 -1.1.1.1 1.1.3.1 1.1.4.1", "++t+t" },
  { "of an address", { .max_per_address = 2 },
      "1.1.1.1 1.1.1.1 1.1.1.2 1.1.1.1 =1.1.1.1 1.1.1.1 ~1.1.1.1 1.1.1.1",
      "+++aa+" },
  { "half open, of an address", { .max_half_open_per_address = 1 },
      "1.1.1.1 1.1.1.1 =1.1.1.1 1.1.1.1", "+a+" },
  { "of a network", { .max_per_network = 2 },
      "1.1.1.1 1.1.1.2 1.1.1.3 1.1.2.1 -1.1.1.1 1.1.1.3", "++n++" },
  { "IPv6 by /64", { .max_per_address = 1 },
      "2001:db8::1 2001:db8::2 2001:db8:0:1::1", "+a+" },
  { "a second", { .connects_per_second = 2 },
      "1.1.1.1 1.1.1.1 1.1.1.1 @499 1.1.1.1 @500 1.1.1.1 1.1.1.1 2.2.2.2",
      "++rr+r+" },
  { "a second, saved up for one only", { .connects_per_second = 2 },
      "1.1.1.1 -1.1.1.1 @59000 1.1.1.1 1.1.1.1 1.1.1.1", "+++r" },
  { "wrong keys", { .failures_per_minute = 2, .block_ms = 1000 },
      "1.1.1.1 !1.1.1.1 !1.1.1.1 1.1.1.1 !1.1.1.1 1.1.1.1 2.2.2.2 @999 1.1.1.1 "
      "@1000 1.1.1.1 !1.1.1.1",
      "+ff+Fb+b+f" },
  { "wrong keys, a minute later", { .failures_per_minute = 1, .block_ms = 9 },
      "!1.1.1.1 @59999 !1.1.1.1 @61000 !1.1.1.1 @121001 !1.1.1.1", "fFff" },
  { "wrong keys without a bound", { 0 }, "!1.1.1.1 !1.1.1.1 1.1.1.1", "ff+" },
};

static void
step (PenstockRtmpPeers *peers, const gchar *text,
    const PenstockRtmpLimits *limits, gint64 now, GString *result)
{
  PenstockRtmpAddress address =
      address_of (g_ascii_isalnum (*text) || *text == ':' ? text : text + 1);

  switch (*text) {
  case '-':
    penstock_rtmp_peers_leave (peers, &address, TRUE);
    break;
  case '~':
    penstock_rtmp_peers_leave (peers, &address, FALSE);
    break;
  case '=':
    penstock_rtmp_peers_establish (peers, &address);
    break;
  case '!':
    g_string_append_c (result,
        penstock_rtmp_peers_fail (peers, &address, limits, now) ? 'F' : 'f');
    break;
  default:
    g_string_append_c (result,
        letters[penstock_rtmp_peers_admit (peers, &address, limits, now)]);
    break;
  }
}

GST_START_TEST (connections_are_let_in_as_the_table_says)
{
  g_auto (GStrv) steps = g_strsplit (rows[__i__].steps, " ", -1);
  g_autoptr (GString) result = g_string_new (NULL);
  PenstockRtmpPeers *peers = penstock_rtmp_peers_new ();
  gint64 now = 0;

  for (guint i = 0; steps[i]; i++) {
    if (*steps[i] == '@')
      now = g_ascii_strtoll (steps[i] + 1, NULL, 10);
    else
      step (peers, steps[i], &rows[__i__].limits, now, result);
  }
  assert_equals_string (result->str, rows[__i__].result);
  penstock_rtmp_peers_free (peers);
}
GST_END_TEST;

GST_START_TEST (addresses_are_forgotten)
{
  const PenstockRtmpLimits limits = { 0 };
  PenstockRtmpPeers *peers = penstock_rtmp_peers_new ();
  const PenstockRtmpAddress kept = address_of ("9.9.9.9");
  PenstockRtmpPeersStats stats;

  penstock_rtmp_peers_admit (peers, &kept, &limits, 0);
  for (guint i = 0; i < 2 * PENSTOCK_RTMP_MAX_ADDRESSES; i++) {
    PenstockRtmpAddress address = address_of ("1.0.0.0");
    address.bytes[14] = i >> 8;
    address.bytes[15] = i;
    penstock_rtmp_peers_admit (peers, &address, &limits, 0);
    penstock_rtmp_peers_leave (peers, &address, TRUE);
  }
  penstock_rtmp_peers_get_stats (peers, &stats);
  assert_equals_int (stats.addresses, PENSTOCK_RTMP_MAX_ADDRESSES + 1);
  assert_equals_int (stats.connections, 1);
  assert_equals_int (stats.half_open, 1);
  assert_equals_uint64 (stats.total, 2 * PENSTOCK_RTMP_MAX_ADDRESSES + 1);

  /* A minute later nothing matters any more of those that are gone. */
  const PenstockRtmpAddress other = address_of ("2.2.2.2");
  penstock_rtmp_peers_admit (peers, &other, &limits, 60000);
  penstock_rtmp_peers_get_stats (peers, &stats);
  assert_equals_int (stats.addresses, 2);
  penstock_rtmp_peers_free (peers);
}
GST_END_TEST;

GST_START_TEST (lines_of_the_log_are_bounded)
{
  PenstockRtmpPeers *peers = penstock_rtmp_peers_new ();
  const PenstockRtmpAddress one = address_of ("1.1.1.1");
  const PenstockRtmpAddress two = address_of ("2.2.2.2");
  guint more = 99, n = 0;

  fail_unless (penstock_rtmp_peers_may_log (
      peers, &one, PENSTOCK_RTMP_LINE_CLOSED, 0, &more));
  assert_equals_int (more, 0);
  for (guint i = 0; i < 100; i++)
    fail_if (penstock_rtmp_peers_may_log (
        peers, &one, PENSTOCK_RTMP_LINE_CLOSED, 59999, &more));
  fail_unless (penstock_rtmp_peers_may_log (
      peers, &two, PENSTOCK_RTMP_LINE_CLOSED, 59999, &more));
  fail_unless (penstock_rtmp_peers_may_log (
      peers, &one, PENSTOCK_RTMP_LINE_CLOSED, 60000, &more));
  assert_equals_int (more, 100);
  /* Kinds do not count for each other. */
  for (guint i = 0; i < 100; i++)
    n += penstock_rtmp_peers_may_log (
        peers, &one, PENSTOCK_RTMP_LINE_REFUSED, 60001, &more);
  assert_equals_int (n, 10);
  penstock_rtmp_peers_free (peers);
}
GST_END_TEST;

static Suite *
rtmp_peers_suite (void)
{
  Suite *suite = suite_create ("rtmp-peers");
  TCase *tcase = tcase_create ("general");

  suite_add_tcase (suite, tcase);
  tcase_add_loop_test (
      tcase, connections_are_let_in_as_the_table_says, 0, G_N_ELEMENTS (rows));
  tcase_add_test (tcase, addresses_are_forgotten);
  tcase_add_test (tcase, lines_of_the_log_are_bounded);
  return suite;
}

GST_CHECK_MAIN (rtmp_peers);
