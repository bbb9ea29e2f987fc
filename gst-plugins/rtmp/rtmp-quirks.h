/* SPDX-License-Identifier: MIT
 *
 * Oddities of real encoders, named after the behaviour. `lenient` accepts what
 * is known to occur; `strict` is the text of the specification. */
#ifndef PENSTOCK_RTMP_QUIRKS_H
#define PENSTOCK_RTMP_QUIRKS_H

#include <glib.h>

G_BEGIN_DECLS

/**
 * PenstockRtmpQuirks:
 * @small_first_delta: a type 3 chunk that starts a message after a type 0
 *   chunk repeats its time as a delta (RTMP 1.0, 5.3.1.2.4). Some senders mean
 *   "same time" with it: above %PENSTOCK_RTMP_FIRST_DELTA_MS the delta is
 *   taken as 0
 * @detect_extended: find out whether the peer repeats the extended timestamp
 *   in continuation chunks instead of requiring it
 * @any_stream: publish on a message stream that was not created, media on
 *   another stream than the publishing one, guessed stream ids
 * @early_commands: releaseStream and FCPublish before `connect` are answered
 * @restart_message: a new header in the middle of a message drops the part
 *   received instead of ending the connection
 */
typedef struct
{
  gboolean small_first_delta;
  gboolean detect_extended;
  gboolean any_stream;
  gboolean early_commands;
  gboolean restart_message;
} PenstockRtmpQuirks;

#define PENSTOCK_RTMP_FIRST_DELTA_MS 1000

extern const PenstockRtmpQuirks penstock_rtmp_quirks_lenient;
extern const PenstockRtmpQuirks penstock_rtmp_quirks_strict;

/* Time of a message begun by a type 3 chunk whose last header was a type 0
 * chunk of time @absolute. */
guint32 penstock_rtmp_quirks_first_delta (const PenstockRtmpQuirks *quirks,
    guint32 absolute);

/* Short name of an encoder from its flashVer ("OBS or compatible", "FFmpeg",
 * ...); "unknown" when it tells nothing. Static. */
const gchar *penstock_rtmp_quirks_encoder (const gchar *flash_ver);

G_END_DECLS

#endif /* PENSTOCK_RTMP_QUIRKS_H */
