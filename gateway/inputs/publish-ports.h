/* SPDX-License-Identifier: MIT
 *
 * Where publishers find the input of their route: the open ports of this
 * process by the names of their routes. Thread-safe. */
#ifndef PENSTOCK_PUBLISH_PORTS_H
#define PENSTOCK_PUBLISH_PORTS_H

#include "publish-port.h"

G_BEGIN_DECLS

/* How long a publisher waits for its route, and how many may wait so long: each
 * holds a thread that serves others as well. A route is made in milliseconds. */
#define PENSTOCK_PUBLISH_WAIT_US (5 * G_USEC_PER_SEC)
#define PENSTOCK_PUBLISH_MAX_WAITING 2
#define PENSTOCK_PUBLISH_SHORT_WAIT_US (G_USEC_PER_SEC / 4)

PenstockPublishPorts *penstock_publish_ports_new (void);
PenstockPublishPorts *penstock_publish_ports_ref (PenstockPublishPorts *self);
void penstock_publish_ports_unref (PenstockPublishPorts *self);

/* A publisher that waits for a port. Reference-counted. */
typedef struct _PenstockPublishWait PenstockPublishWait;

PenstockPublishWait *penstock_publish_wait_ref (PenstockPublishWait *wait);
void penstock_publish_wait_unref (PenstockPublishWait *wait);
const gchar *penstock_publish_wait_get_name (PenstockPublishWait *wait);
const gchar *penstock_publish_wait_get_peer (PenstockPublishWait *wait);
/* There will be no port. @why: a sentence, static. */
void penstock_publish_wait_refuse (PenstockPublishWait *wait, const gchar *why);

/* Somebody waits for a port that is not open: it may have to be made. Runs in
 * the thread that waits; must not block. */
typedef void (*PenstockPublishWaitFunc) (
    PenstockPublishWait *wait, gpointer user_data);

/* One; %NULL takes it away: after this returns it does not run any more, and
 * nobody waits or will wait. Not from the function. */
void penstock_publish_ports_set_handler (PenstockPublishPorts *self,
    PenstockPublishWaitFunc func, gpointer user_data);

/**
 * penstock_publish_ports_find:
 * @name: name of the route
 * @peer: who asks, for the log
 * @why: (out): a sentence, static, when there is none
 *
 * Waits for the port up to %PENSTOCK_PUBLISH_WAIT_US if there is a handler;
 * %PENSTOCK_PUBLISH_SHORT_WAIT_US while %PENSTOCK_PUBLISH_MAX_WAITING others do.
 *
 * Returns: (transfer full) (nullable): the port
 */
PenstockPublishPort *penstock_publish_ports_find (PenstockPublishPorts *self,
    const gchar *name, const gchar *peer, const gchar **why);

/* Of the ports themselves. FALSE: there is one of this name. */
gboolean penstock_publish_ports_add (
    PenstockPublishPorts *self, const gchar *name, PenstockPublishPort *port);
void penstock_publish_ports_remove (
    PenstockPublishPorts *self, const gchar *name, PenstockPublishPort *port);

G_END_DECLS

#endif /* PENSTOCK_PUBLISH_PORTS_H */
