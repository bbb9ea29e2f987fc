/* SPDX-License-Identifier: MIT
 *
 * libpenstock-media: one table of the elements, used by the plugin and by
 * programs that link the library. */

#include "media.h"

#include "channel/channel-sink.h"
#include "channel/channel-src.h"
#include "channel/fanout.h"
#include "dash/dash-sink.h"
#include "rtmp/rtmp-sink.h"
#include "rtmp/rtmp-src.h"

/* Whether the plugin has been loaded in this process. Registering once more
 * would free the factory that the element's class points to. */
static gboolean
is_loaded (const gchar *name)
{
  g_autoptr (GstPluginFeature) feature =
      gst_registry_lookup_feature (gst_registry_get (), name);

  return GST_IS_ELEMENT_FACTORY (feature) &&
      gst_element_factory_get_element_type (GST_ELEMENT_FACTORY (feature)) != 0;
}

gboolean
penstock_media_register (GstPlugin *plugin)
{
  static const struct {
    const gchar *name;
    GType (*get_type) (void);
  } elements[] = {
    { "penstockchannelsink", penstock_channel_sink_get_type },
    { "penstockchannelsrc", penstock_channel_src_get_type },
    { "penstockdashsink", penstock_dash_sink_get_type },
    { "penstockfanout", penstock_fanout_get_type },
    { "penstockrtmpsink", penstock_rtmp_sink_get_type },
    { "penstockrtmpsrc", penstock_rtmp_src_get_type },
    { NULL, NULL },
  };
  gboolean ok = TRUE;

  for (guint i = 0; elements[i].name; i++)
    if (plugin || !is_loaded (elements[i].name))
      ok &= gst_element_register (
          plugin, elements[i].name, GST_RANK_NONE, elements[i].get_type ());
  return ok;
}
