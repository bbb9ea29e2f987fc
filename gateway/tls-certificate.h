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

G_END_DECLS

#endif /* PENSTOCK_TLS_CERTIFICATE_H */
