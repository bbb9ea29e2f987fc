/* SPDX-License-Identifier: MIT
 *
 * The loadable plugin: registration only. All code lives in
 * libpenstock-media, so that an application and the plugin share one copy. */

#include "media.h"

static gboolean
plugin_init (GstPlugin *plugin)
{
  return penstock_media_register (plugin);
}

GST_PLUGIN_DEFINE (GST_VERSION_MAJOR, GST_VERSION_MINOR, penstock,
    "Penstock media gateway elements", plugin_init, VERSION, "MIT/X11",
    "Penstock", "https://github.com/penstock/penstock")
