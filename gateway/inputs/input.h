/* SPDX-License-Identifier: MIT
 *
 * What a kind of input is: a function that fills one pipeline for one attempt.
 * The supervisor (supervisor.h) owns the pipeline and everything that happens
 * to it afterwards. */
#ifndef PENSTOCK_INPUT_H
#define PENSTOCK_INPUT_H

#include <gst/gst.h>

#include "../config-types.h"

G_BEGIN_DECLS

/**
 * PenstockInputBuild:
 * @route: name of the route
 * @route_config: the route's settings (publish key, policy, ...)
 * @config: the input's settings
 * @rtmp_listen: where the gateway listens for RTMP, for `publish`
 * @pipeline: empty pipeline of this attempt, apart from @sink
 * @sink: `penstockchannelsink` in @pipeline, request pads `sink_%u` that take
 *   the canonical caps (design: avc/hvc1, raw AAC, ...)
 *
 * One attempt. Everything that is added to @pipeline goes with it.
 */
typedef struct
{
  const gchar *route;
  const PenstockRouteConfig *route_config;
  const PenstockInputConfig *config;
  const PenstockListenAddress *rtmp_listen;
  GstBin *pipeline;
  GstElement *sink;
} PenstockInputBuild;

/**
 * PenstockInputType:
 * @name: as in the configuration
 * @build: adds elements to the pipeline and links them, now or when pads
 *   appear. Runs in the control context; must not block
 * @is_network: data may stop without an error: the watchdogs apply
 * @waits: idles until somebody publishes: no watchdog before the first data
 */
typedef struct
{
  const gchar *name;
  gboolean (*build) (const PenstockInputBuild *build, GError **error);
  gboolean is_network;
  gboolean waits;
} PenstockInputType;

extern const PenstockInputType penstock_input_publish;
extern const PenstockInputType penstock_input_rtsp;
extern const PenstockInputType penstock_input_rtmp;
extern const PenstockInputType penstock_input_file;
extern const PenstockInputType penstock_input_test;
extern const PenstockInputType penstock_input_launch;

const PenstockInputType *penstock_input_type_for (PenstockInputKind kind);

/* Makes the elements that turn an encoded pad of @caps into the canonical
 * format (parser, payload conversion, timestamper) as a bin with pads `sink`
 * and `src`, or NULL with a reason when the gateway does not carry @caps. */
GstElement *penstock_input_make_parser (const GstCaps *caps, GError **error);

/* Links @pad (any encoded pad of a source) through the parser of its caps to a
 * new pad of the channel sink. A track that cannot be carried ends in a
 * fakesink and is told by penstock_input_ignore_track(). Call from a pad-added
 * handler or the streaming thread. */
void penstock_input_link_pad (GstBin *pipeline, GstElement *sink, GstPad *pad);

/* Posts the element message `penstock-track-ignored` (fields: track, reason
 * strings) on the pipeline's bus; the supervisor logs and lists it. */
void penstock_input_ignore_track (GstBin *pipeline, const gchar *track,
    const gchar *reason);

G_END_DECLS

#endif /* PENSTOCK_INPUT_H */
