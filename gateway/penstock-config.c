/* SPDX-License-Identifier: MIT
 *
 * A loaded route map as an object. */

#include "penstock-config.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#include "config-describe.h"
#include "config-parse.h"
#include "config-private.h"
#include "config-structs.h"
#include "penstock-error.h"

struct _PenstockConfig {
  GObject parent;

  PenstockConfigData *data;
  gchar *warnings; /* NULL: none */
};

G_DEFINE_FINAL_TYPE (PenstockConfig, penstock_config, G_TYPE_OBJECT)

static PenstockConfig *
new_from_text (
    const gchar *text, gsize size, const gchar *filename, GError **error)
{
  g_auto (GStrv) environment = g_get_environ ();
  g_autofree gchar *warnings = NULL;
  PenstockConfigData *data = penstock_config_parse (text, size, filename,
      (const gchar *const *) environment, &warnings, error);

  if (!data)
    return NULL;
  PenstockConfig *self = g_object_new (PENSTOCK_TYPE_CONFIG, NULL);
  self->data = data;
  self->warnings = g_steal_pointer (&warnings);
  return self;
}

/* All of it, or one byte more than a route map can have. FALSE: errno. */
static gboolean
read_all (int fd, GByteArray *bytes)
{
  guint8 block[16384];
  gssize n;

  while (bytes->len <= PENSTOCK_JSON_MAX_SIZE &&
      (n = read (fd, block, sizeof (block))) != 0) {
    if (n > 0)
      g_byte_array_append (bytes, block, n);
    else if (errno != EINTR)
      return FALSE;
  }
  return TRUE;
}

PenstockConfig *
penstock_config_new_from_file (const gchar *filename, GError **error)
{
  g_return_val_if_fail (filename != NULL, NULL);

  g_autoptr (GByteArray) bytes = g_byte_array_new ();
  int fd = g_open (filename, O_RDONLY | O_CLOEXEC, 0);
  gboolean good = fd >= 0 && read_all (fd, bytes);
  int reason = errno;
  if (fd >= 0)
    close (fd);
  if (!good) {
    g_autofree gchar *shown = g_filename_display_name (filename);
    g_set_error (error, PENSTOCK_ERROR, PENSTOCK_ERROR_IO,
        "%s: cannot read the route map: %s", shown, g_strerror (reason));
    return NULL;
  }
  return new_from_text (
      (const gchar *) bytes->data, bytes->len, filename, error);
}

PenstockConfig *
penstock_config_new_from_string (
    const gchar *json, const gchar *filename, GError **error)
{
  g_return_val_if_fail (json != NULL, NULL);

  return new_from_text (json, strlen (json), filename, error);
}

gchar *
penstock_config_dup_warnings (PenstockConfig *self)
{
  g_return_val_if_fail (PENSTOCK_IS_CONFIG (self), NULL);

  return g_strdup (self->warnings);
}

gchar *
penstock_config_describe (PenstockConfig *self)
{
  g_return_val_if_fail (PENSTOCK_IS_CONFIG (self), NULL);

  return penstock_config_data_describe (self->data);
}

const PenstockConfigData *
penstock_config_get_data (PenstockConfig *self)
{
  g_return_val_if_fail (PENSTOCK_IS_CONFIG (self), NULL);

  return self->data;
}

static void
penstock_config_finalize (GObject *object)
{
  PenstockConfig *self = PENSTOCK_CONFIG (object);

  penstock_config_data_free (self->data);
  g_free (self->warnings);
  G_OBJECT_CLASS (penstock_config_parent_class)->finalize (object);
}

static void
penstock_config_class_init (PenstockConfigClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = penstock_config_finalize;
}

static void
penstock_config_init (PenstockConfig *self)
{
}
