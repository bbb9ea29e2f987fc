/* SPDX-License-Identifier: MIT
 *
 * Puts what went wrong with an input into words an operator understands, free
 * of credentials. */
#ifndef PENSTOCK_INPUT_PROBLEM_H
#define PENSTOCK_INPUT_PROBLEM_H

#include <gio/gio.h>
#include <gst/gst.h>

#include "../config-types.h"
#include "input-machine.h"

G_BEGIN_DECLS

/**
 * PenstockInputProblem:
 * @failure: how to go on
 * @reason: what to tell
 * @needs_probe: the element knows no more than "no connection";
 *   penstock_input_problem_probe() finds out why
 */
typedef struct {
  PenstockInputFailure failure;
  gchar *reason;
  gboolean needs_probe;
} PenstockInputProblem;

void penstock_input_problem_clear (PenstockInputProblem *problem);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (
    PenstockInputProblem, penstock_input_problem_clear)

/* Of an ERROR message of an attempt with @config. @out is overwritten. */
void penstock_input_problem_from_message (GstMessage *message,
    const PenstockInputConfig *config, PenstockInputProblem *out);

/* (transfer full): what the input reads, for messages: masked URL or path. */
gchar *penstock_input_describe (const PenstockInputConfig *config);

/* (transfer full): @text without user, password and query of URLs in it. */
gchar *penstock_input_mask_text (const gchar *text);

/**
 * penstock_input_problem_probe:
 * @config: an input with a URL
 * @cancellable: ends it early
 *
 * Connects to the host of the URL once more, only to learn why that fails:
 * rtspsrc says "Generic error" to a wrong name, a closed port and a host that
 * is off. Blocks up to two seconds.
 *
 * Returns: (transfer full) (nullable): the reason; %NULL when it can connect
 */
gchar *penstock_input_problem_probe (
    const PenstockInputConfig *config, GCancellable *cancellable);

G_END_DECLS

#endif /* PENSTOCK_INPUT_PROBLEM_H */
