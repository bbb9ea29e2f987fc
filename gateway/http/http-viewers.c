/* SPDX-License-Identifier: MIT
 *
 * Viewers over HTTP (see http-viewers.h): a bounded table of times. */

#include "http-viewers.h"

/* Beyond this the count stands still: a client that makes up programs must not
 * take our memory. */
#define MAX_VIEWERS 10000
/* As much of a program's name as tells two apart. */
#define MAX_PROGRAM 256

struct _HttpViewers {
  GMutex lock; /* guards the rest */
  gint64 memory_us;
  GHashTable *times; /* address and program -> gint64 of the last request */
};

HttpViewers *
penstock_priv_http_viewers_new (gint64 memory_us)
{
  HttpViewers *self = g_new0 (HttpViewers, 1);

  self->memory_us = memory_us;
  g_mutex_init (&self->lock);
  self->times = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  return self;
}

void
penstock_priv_http_viewers_free (HttpViewers *self)
{
  if (!self)
    return;
  g_hash_table_unref (self->times);
  g_mutex_clear (&self->lock);
  g_free (self);
}

void
penstock_priv_http_viewers_set_memory (HttpViewers *self, gint64 memory_us)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  self->memory_us = memory_us;
}

static gboolean
is_older (gpointer key, gpointer time, gpointer limit)
{
  return *(gint64 *) time < *(gint64 *) limit;
}

/* Locked. */
static void
forget_old (HttpViewers *self, gint64 now)
{
  gint64 limit = now - self->memory_us;

  g_hash_table_foreach_remove (self->times, is_older, &limit);
}

void
penstock_priv_http_viewers_note (
    HttpViewers *self, const gchar *address, const gchar *program, gint64 now)
{
  gchar *key =
      g_strdup_printf ("%s %.*s", address, MAX_PROGRAM, program ? program : "");
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);
  gint64 *time = g_hash_table_lookup (self->times, key);

  if (!time && g_hash_table_size (self->times) >= MAX_VIEWERS)
    forget_old (self, now);
  if (time) {
    *time = now;
    g_free (key);
  } else if (g_hash_table_size (self->times) < MAX_VIEWERS) {
    g_hash_table_insert (self->times, key, g_memdup2 (&now, sizeof now));
  } else {
    g_free (key);
  }
}

guint
penstock_priv_http_viewers_count (HttpViewers *self, gint64 now)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  forget_old (self, now);
  return g_hash_table_size (self->times);
}
