/* SPDX-License-Identifier: MIT
 *
 * TLS as the RTMP elements have it in their properties. */
#ifndef PENSTOCK_RTMP_TLS_H
#define PENSTOCK_RTMP_TLS_H

#include <gio/gio.h>

G_BEGIN_DECLS

/**
 * PenstockRtmpTls:
 * @certificate_file, @key_file: of a listener; %NULL = none, of the key: in
 *   the same file
 * @ca_file: for clients: who may have signed the server's certificate; %NULL =
 *   whom the system trusts
 * @no_verify: for clients: any certificate will do
 */
typedef struct {
  gchar *certificate_file, *key_file, *ca_file; /* owned */
  gboolean no_verify;
} PenstockRtmpTls;

void penstock_rtmp_tls_copy (const PenstockRtmpTls *from, PenstockRtmpTls *to);
void penstock_rtmp_tls_clear (PenstockRtmpTls *tls);

/* Properties, in this order, of an element; each by its number from 0 on. */
#define PENSTOCK_RTMP_TLS_N_PROPS 4

void penstock_rtmp_tls_make_properties (GParamSpec **props);
void penstock_rtmp_tls_set_property (
    PenstockRtmpTls *tls, guint number, const GValue *value);
void penstock_rtmp_tls_get_property (
    const PenstockRtmpTls *tls, guint number, GValue *value);

G_END_DECLS

#endif /* PENSTOCK_RTMP_TLS_H */
