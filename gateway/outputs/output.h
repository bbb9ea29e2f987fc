/* SPDX-License-Identifier: MIT
 *
 * What a kind of output is. An output reads one channel and lives as long as
 * its route; a source that goes and comes back is the channel's business. All
 * calls from the control context. */
#ifndef PENSTOCK_OUTPUT_H
#define PENSTOCK_OUTPUT_H

#include <gst/gst.h>
#include <json-glib/json-glib.h>

#include "../config-types.h"
#include "channel/channel.h"

G_BEGIN_DECLS

typedef struct _PenstockRtspServer PenstockRtspServer;
typedef struct _PenstockHttpServer PenstockHttpServer;

typedef struct
{
  const gchar *route;
  const PenstockOutputConfig *config;
  PenstockChannel *channel;
  PenstockGopLogLimits cache; /* of the route */
  GstClock *clock;
  GstClockTime base_time;
  const PenstockListenAddress *rtmp_listen; /* with the real port */
  PenstockRtspServer *rtsp;                 /* NULL: not listening */
  PenstockHttpServer *http; /* NULL: not listening */
} PenstockOutputSettings;

typedef struct _PenstockOutput PenstockOutput;

typedef struct
{
  const gchar *name;
  PenstockOutput *(*start) (const PenstockOutputSettings *settings,
      GError **error);
  /* Goes over to other settings, of the same route; readers stay. @before: its
   * configuration up to now. FALSE: that takes another output, nothing has
   * changed. NULL: never. */
  gboolean (*reconfigure) (PenstockOutput *output,
      const PenstockOutputConfig *before,
      const PenstockOutputSettings *settings);
  void (*stop) (PenstockOutput *output); /* frees it */
  /* Adds members to the open JSON object of this output in /status.json. */
  void (*add_status) (PenstockOutput *output, JsonBuilder *builder);
} PenstockOutputType;

extern const PenstockOutputType penstock_output_rtsp;
extern const PenstockOutputType penstock_output_rtmp;
extern const PenstockOutputType penstock_output_rtmp_push;
extern const PenstockOutputType penstock_output_dash;

const PenstockOutputType *penstock_output_type_for (PenstockOutputKind kind);

G_END_DECLS

#endif /* PENSTOCK_OUTPUT_H */
