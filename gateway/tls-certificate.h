/* SPDX-License-Identifier: MIT
 *
 * The certificate of TLS listeners, from PEM files, and the oldest version of TLS
 * that they speak. */
#ifndef PENSTOCK_TLS_CERTIFICATE_H
#define PENSTOCK_TLS_CERTIFICATE_H

#include <gio/gio.h>

G_BEGIN_DECLS

/**
 * penstock_tls_certificate_load:
 * @certificate_file: PEM, the server's certificate first
 * @key_file: (nullable): PEM; %NULL: the key is in @certificate_file
 * @error: %PENSTOCK_ERROR_CONFIG; names the files, and what is wrong
 *
 * Blocks while it reads.
 *
 * Returns: (transfer full): the certificate with its private key, or %NULL
 */
GTlsCertificate *penstock_tls_certificate_load (
    const gchar *certificate_file, const gchar *key_file, GError **error);

/**
 * penstock_tls_is_too_old:
 * @connection: after its handshake
 *
 * GIO shakes hands by anything that the system allows, TLS 1.0 on Debian 12.
 * RFC 8996 has everything before 1.2 end. Any thread.
 */
gboolean penstock_tls_is_too_old (GTlsConnection *connection);

G_END_DECLS

#endif /* PENSTOCK_TLS_CERTIFICATE_H */
