/* SPDX-License-Identifier: MIT
 *
 * What the properties of the RTMP elements do alike. */
#ifndef PENSTOCK_RTMP_PROPERTY_H
#define PENSTOCK_RTMP_PROPERTY_H

#include <gst/gst.h>

G_BEGIN_DECLS

#define PENSTOCK_RTMP_READABLE (G_PARAM_READABLE | G_PARAM_STATIC_STRINGS)
/* Can be written only, in READY. */
#define PENSTOCK_RTMP_SECRET                                                   \
  (G_PARAM_WRITABLE | G_PARAM_STATIC_STRINGS | GST_PARAM_MUTABLE_READY)
#define PENSTOCK_RTMP_SETTABLE (G_PARAM_READABLE | PENSTOCK_RTMP_SECRET)

/* @field: (inout) (nullable): owned */
static inline void
penstock_rtmp_property_set_string (gchar **field, const GValue *value)
{
  g_free (*field);
  *field = g_value_dup_string (value);
}

G_END_DECLS

#endif /* PENSTOCK_RTMP_PROPERTY_H */
