/* SPDX-License-Identifier: MIT
 *
 * The certificates of tests/data/tls. */
#ifndef PENSTOCK_TEST_CERTIFICATES_H
#define PENSTOCK_TEST_CERTIFICATES_H

#include <gio/gio.h>

/* @file: "certificate.pem", "key.pem", or with "other-" before it */
static inline gchar *
test_certificate_path (const gchar *file)
{
  return g_build_filename (g_getenv ("PENSTOCK_TEST_DATA"), "tls", file, NULL);
}

/* With its key. */
static inline GTlsCertificate *
test_certificate_load (const gchar *file, const gchar *key_file)
{
  g_autofree gchar *path = test_certificate_path (file);
  g_autofree gchar *key = test_certificate_path (key_file);
  g_autoptr (GError) error = NULL;
  GTlsCertificate *pair = g_tls_certificate_new_from_files (path, key, &error);

  if (!pair)
    g_error ("%s", error->message);
  return pair;
}

#endif /* PENSTOCK_TEST_CERTIFICATES_H */
