/* SPDX-License-Identifier: MIT
 *
 * Fuzz target: decoder configurations and first access units, as a publisher
 * can send them, up to the CMAF header.
 *
 * Input: number of the codec (1 byte), then its bytes. */

#include <gst/gst.h>

#include "dash/cmaf-format.h"
#include "dash/cmaf-header.h"

int LLVMFuzzerTestOneInput (const guint8 *data, gsize size);

#define VIDEO ", width=(int)64, height=(int)48, framerate=(fraction)25/1"
#define AUDIO ", rate=(int)48000, channels=(int)2"

static const gchar *const codecs[] = {
  "video/x-h264, stream-format=(string)avc" VIDEO,
  "video/x-h265, stream-format=(string)hvc1" VIDEO,
  "video/x-av1, stream-format=(string)obu-stream" VIDEO,
  "audio/mpeg, mpegversion=(int)4" AUDIO,
  "audio/x-opus" AUDIO,
  "audio/x-flac" AUDIO,
  /* These have it in the stream. */
  "video/x-av1, alignment=(string)tu" VIDEO,
  "audio/x-ac3" AUDIO,
  "audio/x-eac3" AUDIO,
};
#define FIRST_IN_STREAM 6

static void
check_header (const CmafFormat *format)
{
  g_autoptr (GBytes) header = NULL;

  g_assert (format->codecs && *format->codecs);
  g_assert (g_utf8_validate (format->codecs, -1, NULL));
  if (format->kind == CMAF_AUDIO && format->timescale == 0)
    g_error ("no timescale");
  header = cmaf_header_write (format, NULL);
  g_assert (g_bytes_get_size (header) > 100);
}

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  g_autoptr (GstCaps) caps = NULL;
  g_autoptr (CmafFormat) format = NULL;
  guint codec;

  if (size < 2)
    return 0;
  gst_init (NULL, NULL);
  codec = data[0] % G_N_ELEMENTS (codecs);
  caps = gst_caps_from_string (codecs[codec]);
  if (codec < FIRST_IN_STREAM) {
    g_autoptr (GstBuffer) buffer = gst_buffer_new_memdup (data + 1, size - 1);

    gst_caps_set_simple (caps, "codec_data", GST_TYPE_BUFFER, buffer, NULL);
  }
  format = cmaf_format_new_from_caps (caps, NULL);
  if (format && codec >= FIRST_IN_STREAM) {
    CmafFormat *complete = cmaf_format_complete (format, data + 1, size - 1);

    cmaf_format_unref (format);
    format = complete;
  }
  if (format)
    check_header (format);
  return 0;
}
