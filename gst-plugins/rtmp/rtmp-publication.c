/* SPDX-License-Identifier: MIT
 *
 * Names of the ways a publication ends. */

#include "rtmp-publication.h"

const gchar *
penstock_rtmp_end_to_string (PenstockRtmpEnd end)
{
  static const gchar *const names[] = {
    [PENSTOCK_RTMP_END_GOODBYE] = "goodbye",
    [PENSTOCK_RTMP_END_LOST] = "lost",
    [PENSTOCK_RTMP_END_SILENT] = "silent",
    [PENSTOCK_RTMP_END_TAKEN_OVER] = "taken-over",
    [PENSTOCK_RTMP_END_REJECTED] = "rejected",
    [PENSTOCK_RTMP_END_PROTOCOL] = "protocol",
    [PENSTOCK_RTMP_END_SHUTDOWN] = "shutdown",
    [PENSTOCK_RTMP_END_OVER] = "over",
    [PENSTOCK_RTMP_END_REFUSED] = "refused",
    [PENSTOCK_RTMP_END_UNREACHABLE] = "unreachable",
  };

  return (guint) end < G_N_ELEMENTS (names) ? names[end] : "unknown";
}
