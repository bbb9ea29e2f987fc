/* SPDX-License-Identifier: MIT
 *
 * Main contexts inside a main context. GMainContext asks every source of its
 * own in each round, and polls every descriptor; with hundreds of connections
 * that costs more than what is sent. So the connections are spread over some
 * contexts, the nests, whose descriptors are watched by one epoll instance. The
 * outer context has one source for all of them, and only a nest where something
 * happened does a round.
 *
 * All functions, and the nests, belong to the thread of the outer context;
 * sources may be attached to a nest and woken up from any thread, as usual.
 * Everybody who is called from a nest has it as the thread-default context. */
#ifndef PENSTOCK_HTTP_NESTS_H
#define PENSTOCK_HTTP_NESTS_H

#include <glib.h>

G_BEGIN_DECLS

/* How many contexts there are. Each takes a file descriptor. */
#define HTTP_NESTS 64

typedef struct _HttpNests HttpNests;

/* In the thread-default context, which is then the outer one. */
HttpNests *penstock_priv_http_nests_new (void);
/* Sources that are left are destroyed. (nullable) */
void penstock_priv_http_nests_free (HttpNests *self);

/* The nest for the sources of a new connection with the descriptor @fd: each in
 * turn. (transfer none) */
GMainContext *penstock_priv_http_nests_choose (HttpNests *self, int fd);

G_END_DECLS

#endif /* PENSTOCK_HTTP_NESTS_H */
