/* SPDX-License-Identifier: MIT
 *
 * Tests of the counts by address. */

#include <gst/check/gstcheck.h>

#include "http/http-addresses.h"

static guint64
key_of (const gchar *address)
{
  g_autoptr (GSocketAddress) peer =
      g_inet_socket_address_new_from_string (address, 1234);

  fail_unless (peer, "%s", address);
  return penstock_priv_http_address_key (peer);
}

static const struct {
  const gchar *a, *b;
  gboolean same;
} pairs[] = {
  { "192.0.2.1", "192.0.2.1", TRUE },
  { "192.0.2.1", "::ffff:192.0.2.1", TRUE }, /* of a dual-stack socket */
  { "192.0.2.1", "192.0.2.2", FALSE },
  { "2001:db8::1", "2001:db8::ffff:ffff:ffff:ffff", TRUE }, /* one /64 */
  { "2001:db8::1", "2001:db8:0:1::1", FALSE },
  { "2001:db8::1", "2001:db9::1", FALSE },
  { "::1", "127.0.0.1", FALSE },
  { "::1", "::ffff:0.0.0.0", FALSE },
};

GST_START_TEST (host_is_an_address_or_a_64)
{
  fail_unless_equals_int (
      key_of (pairs[__i__].a) == key_of (pairs[__i__].b), pairs[__i__].same);
}
GST_END_TEST;

GST_START_TEST (each_address_is_counted)
{
  HttpAddresses *addresses = penstock_priv_http_addresses_new ();
  guint64 a = key_of ("192.0.2.1"), b = key_of ("2001:db8::1");

  for (guint i = 0; i < 3; i++)
    penstock_priv_http_addresses_add (addresses, a);
  penstock_priv_http_addresses_add (addresses, b);
  penstock_priv_http_addresses_remove (addresses, a);
  fail_unless_equals_int (penstock_priv_http_addresses_count (addresses, a), 2);
  fail_unless_equals_int (penstock_priv_http_addresses_count (addresses, b), 1);
  penstock_priv_http_addresses_remove (addresses, b);
  fail_unless_equals_int (penstock_priv_http_addresses_count (addresses, b), 0);
  penstock_priv_http_addresses_free (addresses);
}
GST_END_TEST;

static Suite *
http_addresses_suite (void)
{
  Suite *suite = suite_create ("http-addresses");
  TCase *tc = tcase_create ("general");

  suite_add_tcase (suite, tc);
  tcase_add_loop_test (tc, host_is_an_address_or_a_64, 0, G_N_ELEMENTS (pairs));
  tcase_add_test (tc, each_address_is_counted);
  return suite;
}

GST_CHECK_MAIN (http_addresses);
