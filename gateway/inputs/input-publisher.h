/* SPDX-License-Identifier: MIT
 *
 * Who publishes to an input now, by the messages of its elements
 * (`penstock-publication`). */
#ifndef PENSTOCK_INPUT_PUBLISHER_H
#define PENSTOCK_INPUT_PUBLISHER_H

#include <gst/gst.h>

G_BEGIN_DECLS

/* Zeroed: nobody. */
typedef struct {
  gpointer element;                 /* only compared */
  guint id;                         /* of the publication, of that element */
  gchar *protocol, *peer, *encoder; /* NULL: gone */
} PenstockInputPublisher;

void penstock_input_publisher_clear (PenstockInputPublisher *self);
void penstock_input_publisher_copy (
    const PenstockInputPublisher *self, PenstockInputPublisher *out);

/* @message: says that a publication starts. */
void penstock_input_publisher_begin (
    PenstockInputPublisher *self, GstMessage *message);
/* Whether @message is about the publisher who began last. One about another is
 * late: that one has been taken over. */
gboolean penstock_input_publisher_is_meant (
    const PenstockInputPublisher *self, GstMessage *message);

G_END_DECLS

#endif /* PENSTOCK_INPUT_PUBLISHER_H */
