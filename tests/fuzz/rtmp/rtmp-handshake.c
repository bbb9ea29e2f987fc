/* SPDX-License-Identifier: MIT
 *
 * Fuzzes the handshake. First byte: role and size of the pieces. */

#include "rtmp/rtmp-handshake.h"

int LLVMFuzzerTestOneInput (const guint8 *data, gsize size);

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  g_autoptr (GByteArray) out = g_byte_array_new ();

  if (size < 1)
    return 0;
  PenstockRtmpHandshake *handshake =
      penstock_rtmp_handshake_new (data[0] % 3, data[0], out);
  gsize piece = (gsize) (data[0] / 3) * 20 + 1;
  for (gsize pos = 1; pos < size;) {
    gsize consumed = 0;
    PenstockRtmpParse result = penstock_rtmp_handshake_feed (
        handshake, data + pos, MIN (piece, size - pos), &consumed, out);
    if (consumed > MIN (piece, size - pos))
      abort ();
    pos += consumed;
    if (result != PENSTOCK_RTMP_PARSE_MORE)
      break;
  }
  penstock_rtmp_handshake_free (handshake);
  return 0;
}
