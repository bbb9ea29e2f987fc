/* SPDX-License-Identifier: MIT
 *
 * libpenstock-media: registration of the elements. */
#ifndef PENSTOCK_MEDIA_H
#define PENSTOCK_MEDIA_H

#include <gst/gst.h>

G_BEGIN_DECLS

/**
 * penstock_media_register:
 * @plugin: (nullable): the plugin the elements belong to, or %NULL to register
 *   them for this process only (an application that links the library)
 *
 * Registers every Penstock element. Safe to call more than once.
 *
 * Returns: %TRUE when all elements are registered
 */
gboolean penstock_media_register (GstPlugin *plugin);

G_END_DECLS

#endif /* PENSTOCK_MEDIA_H */
