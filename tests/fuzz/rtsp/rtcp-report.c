/* SPDX-License-Identifier: MIT
 *
 * Fuzz target: RTCP from a viewer. A block is read only from within. */

#include <string.h>

#include "rtsp/rtcp-report.h"

int LLVMFuzzerTestOneInput (const guint8 *data, gsize size);

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  PenstockRtcpReport report;
  PenstockRtcpBlock block;

  (void) penstock_rtcp_report_read (data, size, &report);
  if (penstock_rtcp_report_read_block (data, size, &block)) {
    g_assert_cmpuint (size, >=, 32);
    g_assert_true (block.lost >= -0x800000 && block.lost <= 0x7fffff);
  }
  return 0;
}
