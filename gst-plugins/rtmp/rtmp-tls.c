/* SPDX-License-Identifier: MIT
 *
 * The TLS properties of the RTMP elements. See rtmp-tls.h. */

#include "rtmp-tls.h"

#include "rtmp-property.h"

enum { CERTIFICATE_FILE, KEY_FILE, VERIFY, CA_FILE };

void
penstock_rtmp_tls_copy (const PenstockRtmpTls *from, PenstockRtmpTls *to)
{
  *to = (PenstockRtmpTls){
    .certificate_file = g_strdup (from->certificate_file),
    .key_file = g_strdup (from->key_file),
    .ca_file = g_strdup (from->ca_file),
    .no_verify = from->no_verify,
  };
}

void
penstock_rtmp_tls_clear (PenstockRtmpTls *tls)
{
  g_clear_pointer (&tls->certificate_file, g_free);
  g_clear_pointer (&tls->key_file, g_free);
  g_clear_pointer (&tls->ca_file, g_free);
}

void
penstock_rtmp_tls_make_properties (GParamSpec **props)
{
  props[CERTIFICATE_FILE] = g_param_spec_string ("tls-certificate-file",
      "Certificate",
      "PEM file with the certificate of a listener (server; with a location "
      "rtmp:// the port takes TLS too)",
      NULL, PENSTOCK_RTMP_SETTABLE);
  props[KEY_FILE] = g_param_spec_string ("tls-key-file", "Private key",
      "PEM file with the private key of the certificate (server; NULL = in "
      "the certificate's file)",
      NULL, PENSTOCK_RTMP_SETTABLE);
  props[VERIFY] = g_param_spec_boolean ("tls-verify", "Verify",
      "Whether the certificate of a server must be good (client)", TRUE,
      PENSTOCK_RTMP_SETTABLE);
  props[CA_FILE] = g_param_spec_string ("tls-ca-file", "Authorities",
      "PEM file with who may have signed the certificate of a server (client; "
      "NULL = whom the system trusts)",
      NULL, PENSTOCK_RTMP_SETTABLE);
}

void
penstock_rtmp_tls_set_property (
    PenstockRtmpTls *tls, guint number, const GValue *value)
{
  if (number == CERTIFICATE_FILE)
    penstock_rtmp_property_set_string (&tls->certificate_file, value);
  else if (number == KEY_FILE)
    penstock_rtmp_property_set_string (&tls->key_file, value);
  else if (number == VERIFY)
    tls->no_verify = !g_value_get_boolean (value);
  else
    penstock_rtmp_property_set_string (&tls->ca_file, value);
}

void
penstock_rtmp_tls_get_property (
    const PenstockRtmpTls *tls, guint number, GValue *value)
{
  if (number == CERTIFICATE_FILE)
    g_value_set_string (value, tls->certificate_file);
  else if (number == KEY_FILE)
    g_value_set_string (value, tls->key_file);
  else if (number == VERIFY)
    g_value_set_boolean (value, !tls->no_verify);
  else
    g_value_set_string (value, tls->ca_file);
}
