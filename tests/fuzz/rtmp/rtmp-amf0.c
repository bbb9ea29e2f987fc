/* SPDX-License-Identifier: MIT
 *
 * Fuzzes AMF0: one value strictly, a message leniently; what can be read can be
 * written and read again. */

#include "rtmp/rtmp-amf.h"

int LLVMFuzzerTestOneInput (const guint8 *data, gsize size);

static void
write_and_read (const PenstockAmfValue *value)
{
  g_autoptr (GByteArray) written = g_byte_array_new ();
  PenstockAmfValue again = { PENSTOCK_AMF_NULL };
  gsize consumed = 0;

  penstock_amf0_write_value (written, value);
  if (penstock_amf0_parse (written->data, written->len, &consumed, &again) !=
          PENSTOCK_RTMP_PARSE_DONE ||
      consumed != written->len || again.type != value->type)
    abort ();
  penstock_amf_value_clear (&again);
}

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  PenstockAmfValue value = { PENSTOCK_AMF_NULL };
  gsize consumed = 0;

  if (penstock_amf0_parse (data, size, &consumed, &value) ==
      PENSTOCK_RTMP_PARSE_DONE) {
    if (consumed > size)
      abort ();
    write_and_read (&value);
    g_free (penstock_amf_text (
        value.type == PENSTOCK_AMF_STRING ? value.string : "", 64));
    penstock_amf_get (&value, "app");
    penstock_amf_value_clear (&value);
  }
  g_ptr_array_unref (penstock_amf_parse_message (
      size > 0 && data[0] & 1 ? PENSTOCK_RTMP_DATA : PENSTOCK_RTMP_COMMAND_AMF3,
      data, size));
  return 0;
}
