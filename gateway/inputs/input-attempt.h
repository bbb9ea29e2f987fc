/* SPDX-License-Identifier: MIT
 *
 * One attempt of an input: its pipeline, when data came last on each stream,
 * and how to take it down without stopping the caller. Reference-counted,
 * because probes and workers outlive the supervisor's interest in it. */
#ifndef PENSTOCK_INPUT_ATTEMPT_H
#define PENSTOCK_INPUT_ATTEMPT_H

#include <gst/gst.h>

G_BEGIN_DECLS

typedef struct _PenstockInputAttempt PenstockInputAttempt;

/* Data came after penstock_input_attempt_arm(). Runs in a streaming thread. */
typedef void (*PenstockInputDataFunc) (
    PenstockInputAttempt *attempt, gpointer user_data);

/**
 * penstock_input_attempt_new:
 * @pipeline: (transfer floating): the pipeline
 * @sink: its channel sink; its pads are watched
 * @func: called at the first data
 * @destroy: frees @user_data with the attempt
 */
PenstockInputAttempt *penstock_input_attempt_new (GstElement *pipeline,
    GstElement *sink, PenstockInputDataFunc func, gpointer user_data,
    GDestroyNotify destroy);
PenstockInputAttempt *penstock_input_attempt_ref (PenstockInputAttempt *self);
void penstock_input_attempt_unref (PenstockInputAttempt *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (
    PenstockInputAttempt, penstock_input_attempt_unref)

/* (transfer none): NULL after take_down. */
GstElement *penstock_input_attempt_get_pipeline (PenstockInputAttempt *self);

/* The next data calls the function once more. */
void penstock_input_attempt_arm (PenstockInputAttempt *self);

/* When data came last (monotonic µs), on the stream that counts: the newest of
 * all, but the oldest of those that are known to be video: a camera that goes
 * on with sound alone is stalled. @since: start of the run, for a video stream
 * that never sent anything. */
gint64 penstock_input_attempt_get_last_data (
    PenstockInputAttempt *self, gint64 since);

/* The source closes its connection in its own time and says so on the bus. */
void penstock_input_attempt_set_closes_late (PenstockInputAttempt *self);

/* FALSE when the pipeline refuses. Blocks: call from a worker. */
gboolean penstock_input_attempt_play (PenstockInputAttempt *self);
/* READY first, then a moment for the goodbye to the server, then NULL and the
 * end of the pipeline. To be called once for each attempt, whatever became of
 * it. Blocks: call from a worker; nobody else may read the bus by then. */
void penstock_input_attempt_take_down (PenstockInputAttempt *self);

/* Marks the kind of stream behind a pad of the channel sink, before it has
 * caps. */
void penstock_input_attempt_mark_video (GstPad *sink_pad);

G_END_DECLS

#endif /* PENSTOCK_INPUT_ATTEMPT_H */
