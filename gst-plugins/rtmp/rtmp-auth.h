/* SPDX-License-Identifier: MIT
 *
 * The client's answers to the two ways servers ask for a user and password:
 * authmod=adobe and authmod=llnw. Neither is in the RTMP specification. Pure. */
#ifndef PENSTOCK_RTMP_AUTH_H
#define PENSTOCK_RTMP_AUTH_H

#include <glib.h>

G_BEGIN_DECLS

/**
 * penstock_rtmp_auth_answer:
 * @refusal: description of the server's `_error`
 * @app: application without query
 * @nonce: any number; must differ between attempts
 *
 * What a refused client says on its next connection: a query that is appended
 * to application and tcUrl. Servers close the connection after each step.
 *
 * Returns: (transfer full) (nullable): "?authmod=...", or %NULL when @refusal
 *   asks for nothing we can answer (the credentials are wrong, for example)
 */
gchar *penstock_rtmp_auth_answer (const gchar *refusal, const gchar *app,
    const gchar *user, const gchar *password, guint32 nonce);

G_END_DECLS

#endif /* PENSTOCK_RTMP_AUTH_H */
