/* SPDX-License-Identifier: MIT
 *
 * What is in a viewer, for who makes one and who tells of it. */
#ifndef PENSTOCK_VIEWER_PRIVATE_H
#define PENSTOCK_VIEWER_PRIVATE_H

#include <json-glib/json-glib.h>

#include "penstock-viewer.h"

G_BEGIN_DECLS

/* Of what is not known yet. */
#define PENSTOCK_VIEWER_UNKNOWN (-1.0)

/* See the functions of these names. */
struct _PenstockViewer {
  guint id;
  gchar *route, *peer, *agent;       /* owned */
  const gchar *protocol, *transport; /* static */
  gint64 since_us;
  gboolean playing;
  guint64 bytes, lag_ms, skips;
  gdouble join_ms, rtt_ms, jitter_ms, loss;
  gint64 lost;
};

/* (transfer full): with nothing known. */
PenstockViewer *penstock_viewer_new (void);

/* Adds an object to the open JSON array, or as the value of the member. */
void penstock_viewer_add_json (
    const PenstockViewer *self, JsonBuilder *builder);

G_END_DECLS

#endif /* PENSTOCK_VIEWER_PRIVATE_H */
