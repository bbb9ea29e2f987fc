/* SPDX-License-Identifier: MIT
 *
 * Fuzzes AMF3: one value. */

#include "rtmp/rtmp-amf.h"

int LLVMFuzzerTestOneInput (const guint8 *data, gsize size);

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  PenstockAmfValue value = { PENSTOCK_AMF_NULL };
  gsize consumed = 0;

  if (penstock_amf3_parse (data, size, &consumed, &value) ==
      PENSTOCK_RTMP_PARSE_DONE) {
    if (consumed > size)
      abort ();
    penstock_amf_value_clear (&value);
  }
  return 0;
}
