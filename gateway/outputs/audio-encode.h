/* SPDX-License-Identifier: MIT
 *
 * Any audio of a channel to AAC, for outputs that cannot carry it. */
#ifndef PENSTOCK_AUDIO_ENCODE_H
#define PENSTOCK_AUDIO_ENCODE_H

#include <gst/gst.h>

G_BEGIN_DECLS

/* What comes out. */
#define PENSTOCK_AUDIO_ENCODE_CAPS \
  "audio/mpeg, mpegversion=(int)4, stream-format=(string)raw"

/**
 * penstock_audio_encode_new:
 * @caps: caps of the encoded or raw audio
 * @bitrate_kbps: of the AAC stream, kbit/s
 * @error: %PENSTOCK_ERROR_MISSING_ELEMENT names what is not installed,
 *   %PENSTOCK_ERROR_FAILED for audio nobody here decodes
 *
 * Returns: (transfer floating) (nullable): a bin with pads `sink` and `src`
 */
GstElement *penstock_audio_encode_new (const GstCaps *caps,
    guint bitrate_kbps, GError **error);

G_END_DECLS

#endif /* PENSTOCK_AUDIO_ENCODE_H */
