/* SPDX-License-Identifier: MIT
 *
 * Oddities of real encoders; see rtmp-quirks.h for what each one is. */

#include "rtmp-quirks.h"

#include <string.h>

const PenstockRtmpQuirks penstock_rtmp_quirks_lenient = {
  .small_first_delta = TRUE,
  .detect_extended = TRUE,
  .any_stream = TRUE,
  .early_commands = TRUE,
  .restart_message = TRUE,
};

const PenstockRtmpQuirks penstock_rtmp_quirks_strict = { FALSE };

guint32
penstock_rtmp_quirks_first_delta (
    const PenstockRtmpQuirks *quirks, guint32 absolute)
{
  if (quirks->small_first_delta && absolute > PENSTOCK_RTMP_FIRST_DELTA_MS)
    return 0;
  return absolute;
}

const gchar *
penstock_rtmp_quirks_encoder (const gchar *flash_ver)
{
  /* The first row whose text is in flashVer. */
  static const struct {
    const gchar *text;
    const gchar *name;
  } encoders[] = {
    { "Lavf", "FFmpeg" },
    { "Wirecast", "Wirecast" },
    { "XSplit", "XSplit" },
    { "Larix", "Larix" },
    { "HaishinKit", "HaishinKit" },
    { "GStreamer", "GStreamer" },
    { "vMix", "vMix" },
    /* Nearly everybody says this, so it comes behind all names. */
    { "FMSc/1.0", "OBS or compatible" },
    { "FMLE/3.0", "FMLE or compatible" },
    { "LNX ", "librtmp or compatible" },
    { "WIN ", "Flash player or compatible" },
    { "MAC ", "Flash player or compatible" },
  };

  for (guint i = 0; flash_ver && i < G_N_ELEMENTS (encoders); i++)
    if (strstr (flash_ver, encoders[i].text))
      return encoders[i].name;
  return "unknown";
}
