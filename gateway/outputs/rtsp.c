/* SPDX-License-Identifier: MIT
 *
 * RTSP output: a mount of the gateway's RTSP server that plays the channel. */

#include "output.h"

#include "../penstock-error.h"
#include "../rtsp/rtsp-server.h"

struct _PenstockOutput {
  gchar *route;
  PenstockRtspServer *server;
};

static void
set_mount (PenstockOutput *self, const PenstockOutputSettings *settings)
{
  PenstockRtspMountSettings mount;

  penstock_rtsp_mount_settings_init (
      &mount, settings->config, &settings->cache);
  penstock_rtsp_server_set_mount (self->server, self->route, &mount);
}

static PenstockOutput *
rtsp_start (const PenstockOutputSettings *settings, GError **error)
{
  if (!settings->rtsp) {
    g_set_error (error, PENSTOCK_ERROR, PENSTOCK_ERROR_FAILED,
        "route %s has an RTSP output, but the gateway does not listen for RTSP",
        settings->route);
    return NULL;
  }
  PenstockOutput *self = g_new0 (PenstockOutput, 1);
  self->route = g_strdup (settings->route);
  self->server = g_object_ref (settings->rtsp);
  penstock_rtsp_server_add_mount (self->server, self->route, settings->channel);
  set_mount (self, settings);
  return self;
}

/* Other credentials close who came in by the old ones. */
static gboolean
rtsp_reconfigure (PenstockOutput *self, const PenstockOutputConfig *before,
    const PenstockOutputSettings *settings)
{
  const PenstockOutputConfig *now = settings->config;

  if (g_strcmp0 (before->user, now->user) != 0 ||
      g_strcmp0 (before->password, now->password) != 0)
    return FALSE;
  set_mount (self, settings);
  return TRUE;
}

static void
rtsp_stop (PenstockOutput *self)
{
  penstock_rtsp_server_remove_mount (self->server, self->route);
  g_object_unref (self->server);
  g_free (self->route);
  g_free (self);
}

static void
rtsp_add_status (PenstockOutput *self, JsonBuilder *builder)
{
  penstock_rtsp_server_add_status (self->server, self->route, builder);
}

const PenstockOutputType penstock_output_rtsp = {
  .name = "rtsp",
  .start = rtsp_start,
  .reconfigure = rtsp_reconfigure,
  .stop = rtsp_stop,
  .add_status = rtsp_add_status,
};
