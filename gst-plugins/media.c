/* SPDX-License-Identifier: MIT
 *
 * libpenstock-media: one table of the elements, used by the plugin and by
 * programs that link the library. */

#include "media.h"


gboolean
penstock_media_register (GstPlugin *plugin)
{
  static const struct
  {
    const gchar *name;
    GType (*get_type) (void);
  } elements[] = {
    { NULL, NULL },
  };
  gboolean ok = TRUE;

  for (guint i = 0; elements[i].name; i++)
    ok &= gst_element_register (plugin, elements[i].name, GST_RANK_NONE,
        elements[i].get_type ());
  return ok;
}
