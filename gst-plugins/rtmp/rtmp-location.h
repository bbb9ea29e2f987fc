/* SPDX-License-Identifier: MIT
 *
 * The property `location` of the RTMP elements. Pure. */
#ifndef PENSTOCK_RTMP_LOCATION_H
#define PENSTOCK_RTMP_LOCATION_H

#include <glib.h>

G_BEGIN_DECLS

/* Of a server: rtmp://address[:port]/path[?query], or rtmps://. FALSE when it
 * is none.
 * @tls: (out): rtmps://
 * @host: (out) (transfer full): without brackets, "" for none
 * @path: (out) (transfer full): without query, not checked */
gboolean penstock_rtmp_location_parse (const gchar *location, gboolean *tls,
    gchar **host, guint16 *port, gchar **path);

/* (transfer full): what an error message and a log line may say of it: no user,
 * password or query. */
gchar *penstock_rtmp_location_public (const gchar *location);

G_END_DECLS

#endif /* PENSTOCK_RTMP_LOCATION_H */
