/* SPDX-License-Identifier: MIT
 *
 * TLS handshakes. See tls-handshakes.h. */

#include "tls-handshakes.h"

#include <string.h>

typedef struct {
  GTlsConnection *connection; /* ref */
  GBytes *address;
  PenstockTlsHandshakeDone done;
  gpointer user_data;
} Job;

static GMutex lock; /* guards what follows */
static GThreadPool *pool;
static GHashTable *in_pool;           /* address → how many, not 0 */
static GQueue waiting = G_QUEUE_INIT; /* of Job: for others of the address */

static guint
count (GBytes *address)
{
  return GPOINTER_TO_UINT (g_hash_table_lookup (in_pool, address));
}

/* Lock held. */
static void
enter_pool (Job *job)
{
  guint n = count (job->address) + 1;

  g_hash_table_replace (
      in_pool, g_bytes_ref (job->address), GUINT_TO_POINTER (n));
  g_thread_pool_push (pool, job, NULL);
}

/* One of @address has left the pool. Lock held. */
static void
let_next_in (GBytes *address)
{
  for (GList *link = waiting.head; link; link = link->next) {
    Job *job = link->data;
    if (!g_bytes_equal (job->address, address))
      continue;
    g_queue_delete_link (&waiting, link);
    enter_pool (job);
    return;
  }
}

/* Lock held. */
static void
leave_pool (GBytes *address)
{
  guint n = count (address) - 1;

  if (n == 0)
    g_hash_table_remove (in_pool, address);
  else
    g_hash_table_replace (in_pool, g_bytes_ref (address), GUINT_TO_POINTER (n));
  let_next_in (address);
}

static void
shake_hands (gpointer data, gpointer unused)
{
  Job *job = data;
  g_autoptr (GError) error = NULL;

  g_tls_connection_handshake (job->connection, NULL, &error);
  g_mutex_lock (&lock);
  leave_pool (job->address);
  g_mutex_unlock (&lock);
  job->done (error, job->user_data);
  g_object_unref (job->connection);
  g_bytes_unref (job->address);
  g_free (job);
}

void
penstock_tls_handshake (GTlsConnection *connection, const guint8 *address,
    PenstockTlsHandshakeDone done, gpointer user_data)
{
  Job *job = g_new0 (Job, 1);

  job->connection = g_object_ref (connection);
  job->address = g_bytes_new (address, PENSTOCK_TLS_ADDRESS_SIZE);
  job->done = done;
  job->user_data = user_data;
  g_mutex_lock (&lock);
  if (!pool) {
    pool = g_thread_pool_new (
        shake_hands, NULL, PENSTOCK_TLS_HANDSHAKES_MAX, FALSE, NULL);
    in_pool = g_hash_table_new_full (
        g_bytes_hash, g_bytes_equal, (GDestroyNotify) g_bytes_unref, NULL);
  }
  if (count (job->address) < PENSTOCK_TLS_HANDSHAKES_MAX_PER_ADDRESS)
    enter_pool (job);
  else
    g_queue_push_tail (&waiting, job);
  g_mutex_unlock (&lock);
}
