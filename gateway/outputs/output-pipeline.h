/* SPDX-License-Identifier: MIT
 *
 * A pipeline of an output: a channel source and one sink that takes tracks on
 * request pads. It is built again after an error, and when a channel that had
 * ended opens again. Control context, except where it says otherwise. */
#ifndef PENSTOCK_OUTPUT_PIPELINE_H
#define PENSTOCK_OUTPUT_PIPELINE_H

#include "output.h"

G_BEGIN_DECLS

typedef struct _PenstockOutputPipeline PenstockOutputPipeline;

/**
 * PenstockOutputPipelineType:
 * @name: for the log
 * @element: factory of the sink; its pads are `video_%u` and `audio_%u`
 * @send_gaps: the sink wants to know that a track is silent
 * @configure: sets the sink's properties
 * @link: finds a place for a track of the channel, or discards it. Streaming
 *   thread
 */
typedef struct
{
  const gchar *name;
  const gchar *element;
  gboolean send_gaps;
  void (*configure) (GstElement *sink, gpointer owner);
  void (*link) (PenstockOutputPipeline *pipeline, GstPad *pad, gboolean video,
      GstCaps *caps, gpointer owner);
} PenstockOutputPipelineType;

/* @type and @owner must stay valid until it is freed. Plays when it returns;
 * %NULL with @error when an element is missing. */
PenstockOutputPipeline *penstock_output_pipeline_new (
    const PenstockOutputPipelineType *type,
    const PenstockOutputSettings *settings, gpointer owner, GError **error);
/* After this returns no function of the type is called. */
void penstock_output_pipeline_free (PenstockOutputPipeline *self);

/* For link(), streaming thread: the bin to add elements to; a request pad of
 * the sink for tracks of @caps, %NULL when it takes no such thing; the end of a
 * track that nobody wants. */
GstBin *penstock_output_pipeline_get_bin (PenstockOutputPipeline *self);
GstPad *penstock_output_pipeline_request_pad (
    PenstockOutputPipeline *self, gboolean video, GstCaps *caps);
void penstock_output_pipeline_discard (
    PenstockOutputPipeline *self, GstPad *pad);

/* (transfer full) (nullable): the sink now. */
GstElement *penstock_output_pipeline_dup_sink (PenstockOutputPipeline *self);
/* (nullable): why it failed last. */
const gchar *penstock_output_pipeline_get_reason (PenstockOutputPipeline *self);
/* Times it was built again. */
guint penstock_output_pipeline_get_restarts (PenstockOutputPipeline *self);

G_END_DECLS

#endif /* PENSTOCK_OUTPUT_PIPELINE_H */
