/* SPDX-License-Identifier: MIT
 *
 * What a kind of input is: a function that fills one pipeline for one attempt.
 * The supervisor (supervisor.h) owns the pipeline and everything that happens
 * to it afterwards. */
#ifndef PENSTOCK_INPUT_H
#define PENSTOCK_INPUT_H

#include <gst/gst.h>

#include "../config-types.h"
#include "publish-port.h"

G_BEGIN_DECLS

/**
 * PenstockInputBuild:
 * @route: name of the route
 * @route_config: the route's settings (publish key, policy, ...)
 * @config: the input's settings
 * @rtmp_listen: where the gateway listens for RTMP, for `publish`
 * @ports: (nullable): where RTSP publishers look, for `publish`
 * @pipeline: empty pipeline of this attempt, apart from @sink
 * @sink: `penstockchannelsink` in @pipeline, request pads `sink_%u` that take
 *   the canonical caps (design: avc/hvc1, raw AAC, ...)
 *
 * One attempt. Everything that is added to @pipeline goes with it.
 */
typedef struct {
  const gchar *route;
  const PenstockRouteConfig *route_config;
  const PenstockInputConfig *config;
  const PenstockListenAddress *rtmp_listen;
  PenstockPublishPorts *ports;
  GstBin *pipeline;
  GstElement *sink;
} PenstockInputBuild;

/**
 * PenstockInputType:
 * @name: as in the configuration
 * @build: adds elements to the pipeline and links them, now or when pads
 *   appear. Runs in the control context; must not block
 * @is_network: data may stop without an error: the watchdogs
 *   (connect-timeout-ms, no-data-timeout-ms) apply
 * @waits: idles until somebody publishes: no watchdog before the first data
 */
typedef struct {
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

/**
 * penstock_input_make_element:
 * @factory: name of an element
 * @error: %PENSTOCK_ERROR_MISSING_ELEMENT, which names it
 *
 * Returns: (transfer floating): the element, or %NULL
 */
GstElement *penstock_input_make_element (const gchar *factory, GError **error);

/**
 * penstock_input_make_parser:
 * @caps: fixed caps of an encoded stream
 * @error: why the gateway does not carry @caps
 *
 * Makes what turns an encoded stream of @caps into the canonical format
 * (parser and payload conversion): an element with pads `sink` and `src`.
 * Streams that need nothing get an `identity`.
 *
 * Returns: (transfer floating): the element, or %NULL
 */
GstElement *penstock_input_make_parser (const GstCaps *caps, GError **error);

/**
 * penstock_input_link_pad:
 * @pipeline: pipeline of the attempt
 * @sink: its channel sink
 * @pad: encoded source pad of an element (or bin) in @pipeline
 *
 * Links @pad through the parser of its caps to a new pad of the channel sink;
 * at once when it has caps, else when they come. A stream that cannot be
 * carried ends in a fakesink and is told by penstock_input_ignore_track().
 * Call from `build`, a pad-added handler or the streaming thread.
 */
void penstock_input_link_pad (GstBin *pipeline, GstElement *sink, GstPad *pad);

/* Takes a stream nobody wants: a flow error here must not stop the others. */
void penstock_input_discard_pad (GstBin *pipeline, GstPad *pad);

/* Posts the element message `penstock-track-ignored` (fields: track, reason
 * strings) on the bus of @element, anything in the pipeline or the pipeline
 * itself; the supervisor logs and lists it. */
void penstock_input_ignore_track (
    GstElement *element, const gchar *track, const gchar *reason);

/* Posts the element message `penstock-input-failed` on the bus of @element:
 * the attempt is over. @reason is shown to the operator as it is, so without
 * credentials; @permanent: trying again soon is of no use. */
void penstock_input_fail (
    GstElement *element, gboolean permanent, const gchar *reason);

G_END_DECLS

#endif /* PENSTOCK_INPUT_H */
