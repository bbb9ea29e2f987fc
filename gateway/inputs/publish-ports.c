/* SPDX-License-Identifier: MIT
 *
 * See publish-ports.h. */

#include "publish-ports.h"

struct _PenstockPublishWait {
  gatomicrefcount refs;
  PenstockPublishPorts *ports; /* owned */
  gchar *name, *peer;
  const gchar *refusal; /* lock of the ports; NULL: not refused */
};

struct _PenstockPublishPorts {
  gatomicrefcount refs;

  GRecMutex handler_lock; /* held while the handler runs; guards it */
  PenstockPublishWaitFunc handler;
  gpointer user_data;

  GMutex lock;       /* guards the rest; nothing is called under it */
  GCond cond;        /* a port, a refusal, or the end of the handler */
  GHashTable *ports; /* name -> PenstockPublishPort, not owned: open ones */
  gboolean serving;  /* there is a handler */
  guint n_waiting;
};

/* --- waiting ---------------------------------------------------------------- */

static PenstockPublishWait *
wait_new (PenstockPublishPorts *ports, const gchar *name, const gchar *peer)
{
  PenstockPublishWait *wait = g_new0 (PenstockPublishWait, 1);

  g_atomic_ref_count_init (&wait->refs);
  wait->ports = penstock_publish_ports_ref (ports);
  wait->name = g_strdup (name);
  wait->peer = g_strdup (peer);
  return wait;
}

PenstockPublishWait *
penstock_publish_wait_ref (PenstockPublishWait *wait)
{
  g_atomic_ref_count_inc (&wait->refs);
  return wait;
}

void
penstock_publish_wait_unref (PenstockPublishWait *wait)
{
  if (!g_atomic_ref_count_dec (&wait->refs))
    return;
  penstock_publish_ports_unref (wait->ports);
  g_free (wait->name);
  g_free (wait->peer);
  g_free (wait);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (PenstockPublishWait, penstock_publish_wait_unref)

const gchar *
penstock_publish_wait_get_name (PenstockPublishWait *wait)
{
  return wait->name;
}

const gchar *
penstock_publish_wait_get_peer (PenstockPublishWait *wait)
{
  return wait->peer;
}

void
penstock_publish_wait_refuse (PenstockPublishWait *wait, const gchar *why)
{
  PenstockPublishPorts *self = wait->ports;

  g_mutex_lock (&self->lock);
  wait->refusal = why;
  g_cond_broadcast (&self->cond);
  g_mutex_unlock (&self->lock);
}

/* With the lock. */
static PenstockPublishPort *
find_open (PenstockPublishPorts *self, const gchar *name)
{
  PenstockPublishPort *port = g_hash_table_lookup (self->ports, name);

  return port ? g_object_ref (port) : NULL;
}

static void
call_handler (PenstockPublishPorts *self, PenstockPublishWait *wait)
{
  g_rec_mutex_lock (&self->handler_lock);
  if (self->handler)
    self->handler (wait, self->user_data);
  g_rec_mutex_unlock (&self->handler_lock);
}

PenstockPublishPort *
penstock_publish_ports_find (PenstockPublishPorts *self, const gchar *name,
    const gchar *peer, const gchar **why)
{
  gint64 now = g_get_monotonic_time ();
  gboolean in_time = TRUE;

  g_mutex_lock (&self->lock);
  PenstockPublishPort *port = find_open (self, name);
  gint64 end = now +
      (self->n_waiting < PENSTOCK_PUBLISH_MAX_WAITING
              ? PENSTOCK_PUBLISH_WAIT_US
              : PENSTOCK_PUBLISH_SHORT_WAIT_US);
  self->n_waiting += !port;
  g_mutex_unlock (&self->lock);
  if (port)
    return port;

  g_autoptr (PenstockPublishWait) wait = wait_new (self, name, peer);
  call_handler (self, wait);
  g_mutex_lock (&self->lock);
  while (!(port = find_open (self, name)) && self->serving && !wait->refusal &&
      in_time)
    in_time = g_cond_wait_until (&self->cond, &self->lock, end);
  self->n_waiting--;
  *why = wait->refusal ? wait->refusal : "The stream cannot be taken now.";
  g_mutex_unlock (&self->lock);
  return port;
}

/* --- the table --------------------------------------------------------------- */

void
penstock_publish_ports_set_handler (PenstockPublishPorts *self,
    PenstockPublishWaitFunc func, gpointer user_data)
{
  g_rec_mutex_lock (&self->handler_lock);
  self->handler = func;
  self->user_data = user_data;
  g_rec_mutex_unlock (&self->handler_lock);

  g_mutex_lock (&self->lock);
  self->serving = func != NULL;
  g_cond_broadcast (&self->cond);
  g_mutex_unlock (&self->lock);
}

gboolean
penstock_publish_ports_add (
    PenstockPublishPorts *self, const gchar *name, PenstockPublishPort *port)
{
  g_mutex_lock (&self->lock);
  gboolean free = !g_hash_table_contains (self->ports, name);
  if (free)
    g_hash_table_insert (self->ports, g_strdup (name), port);
  g_cond_broadcast (&self->cond);
  g_mutex_unlock (&self->lock);
  return free;
}

void
penstock_publish_ports_remove (
    PenstockPublishPorts *self, const gchar *name, PenstockPublishPort *port)
{
  g_mutex_lock (&self->lock);
  if (g_hash_table_lookup (self->ports, name) == port)
    g_hash_table_remove (self->ports, name);
  g_mutex_unlock (&self->lock);
}

PenstockPublishPorts *
penstock_publish_ports_new (void)
{
  PenstockPublishPorts *self = g_new0 (PenstockPublishPorts, 1);

  g_atomic_ref_count_init (&self->refs);
  g_rec_mutex_init (&self->handler_lock);
  g_mutex_init (&self->lock);
  g_cond_init (&self->cond);
  self->ports = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  return self;
}

PenstockPublishPorts *
penstock_publish_ports_ref (PenstockPublishPorts *self)
{
  g_atomic_ref_count_inc (&self->refs);
  return self;
}

void
penstock_publish_ports_unref (PenstockPublishPorts *self)
{
  if (!g_atomic_ref_count_dec (&self->refs))
    return;
  g_hash_table_unref (self->ports);
  g_cond_clear (&self->cond);
  g_mutex_clear (&self->lock);
  g_rec_mutex_clear (&self->handler_lock);
  g_free (self);
}
