/* SPDX-License-Identifier: MIT
 *
 * Fuzz target: source descriptions of RTCP from a viewer. What is plain stays as
 * it is; what is not becomes so, unless it is cut. */

#include "rtsp/rtcp-sdes.h"

int LLVMFuzzerTestOneInput (const guint8 *data, gsize size);

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  g_autofree guint8 *copy = g_memdup2 (data, size);
  g_autofree guint8 *again = NULL;
  gboolean plain = penstock_rtcp_sdes_is_plain (data, size);

  penstock_rtcp_sdes_make_plain (copy, size);
  if (plain)
    g_assert_cmpmem (copy, size, data, size);
  /* There is nothing left to do. */
  again = g_memdup2 (copy, size);
  penstock_rtcp_sdes_make_plain (again, size);
  g_assert_cmpmem (again, size, copy, size);
  return 0;
}
