/* SPDX-License-Identifier: MIT
 *
 * The gateway's log: one line an event on standard error,
 *   2026-01-31T12:00:00.123Z INFO  rtmp: publisher connected route=live/one peer=192.0.2.7:50412
 * Stream keys, tokens and passwords never go in; penstock_log_mask_uri() helps.
 * Thread-safe. */
#ifndef PENSTOCK_LOG_H
#define PENSTOCK_LOG_H

#include "config-types.h"

G_BEGIN_DECLS

void penstock_log_set_level (PenstockLogLevel level);
/* Also takes GLib's and GStreamer's warnings into the log. */
void penstock_log_install (void);

void penstock_log (PenstockLogLevel level, const gchar *component,
    const gchar *format, ...) G_GNUC_PRINTF (3, 4);

#define penstock_error(component, ...) \
  penstock_log (PENSTOCK_LOG_ERROR, component, __VA_ARGS__)
#define penstock_warning(component, ...) \
  penstock_log (PENSTOCK_LOG_WARNING, component, __VA_ARGS__)
#define penstock_info(component, ...) \
  penstock_log (PENSTOCK_LOG_INFO, component, __VA_ARGS__)
#define penstock_debug(component, ...) \
  penstock_log (PENSTOCK_LOG_DEBUG, component, __VA_ARGS__)

/* (transfer full): @uri without user, password and query values. */
gchar *penstock_log_mask_uri (const gchar *uri);

/* Runs @func once in @context (NULL = default) from an idle source, whatever
 * thread calls; never inline. The one way from media threads to control. */
void penstock_control_post (GMainContext *context, GSourceFunc func,
    gpointer data, GDestroyNotify destroy);

G_END_DECLS

#endif /* PENSTOCK_LOG_H */
