/* SPDX-License-Identifier: MIT
 *
 * See rtsp-depayload.h. */

#include "rtsp-depayload.h"

#define AAC "audio/mpeg, mpegversion=(int)4, stream-format=(string)raw"
#define G726 "audio/x-adpcm, layout=(string)g726"

static const PenstockRtspDepayload rows[] = {
  { "H264", "rtph264depay", "video/x-h264" },
  { "H265", "rtph265depay", "video/x-h265" },
  { "JPEG", "rtpjpegdepay", "image/jpeg" },
  { "VP8", "rtpvp8depay", "video/x-vp8" },
  { "VP9", "rtpvp9depay", "video/x-vp9" },
  { "AV1", "rtpav1depay", "video/x-av1" },
  { "MPEG4-GENERIC", "rtpmp4gdepay", AAC, 1024 },
  { "MP4A-LATM", "rtpmp4adepay", AAC, 1024 },
  { "OPUS", "rtpopusdepay", "audio/x-opus" },
  { "PCMA", "rtppcmadepay", "audio/x-alaw" },
  { "PCMU", "rtppcmudepay", "audio/x-mulaw" },
  { "G722", "rtpg722depay", "audio/G722" },
  { "G726-16", "rtpg726depay", G726 },
  { "G726-24", "rtpg726depay", G726 },
  { "G726-32", "rtpg726depay", G726 },
  { "G726-40", "rtpg726depay", G726 },
  { "L16", "rtpL16depay", "audio/x-raw" },
  { "MPA", "rtpmpadepay", "audio/mpeg, mpegversion=(int)1",
      2160 /* 1,152 samples at 48 kHz; the clock has 90 kHz */ },
  { "AC3", "rtpac3depay", "audio/ac3", 1536 },
};

const PenstockRtspDepayload *
penstock_rtsp_depayload_find (const gchar *encoding)
{
  for (guint i = 0; encoding && i < G_N_ELEMENTS (rows); i++)
    if (g_ascii_strcasecmp (rows[i].encoding, encoding) == 0)
      return &rows[i];
  return NULL;
}

gchar *
penstock_rtsp_depayload_check (const gchar *media, const gchar *encoding)
{
  if (g_strcmp0 (media, "video") != 0 && g_strcmp0 (media, "audio") != 0)
    return g_strdup ("neither video nor audio");
  const PenstockRtspDepayload *row = penstock_rtsp_depayload_find (encoding);
  if (!row)
    return g_strdup ("this codec is not carried");
  g_autoptr (GstElementFactory) factory =
      gst_element_factory_find (row->depayloader);
  if (!factory)
    return g_strdup_printf (
        "the GStreamer element %s is not installed", row->depayloader);
  return NULL;
}
