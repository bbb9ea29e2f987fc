/* SPDX-License-Identifier: MIT
 *
 * TLS handshakes. See tls-handshakes.h. */

#include "tls-handshakes.h"

#include "ip-host.h"

/* Of the connections of listeners, or of our own to others. */
typedef struct {
  GThreadPool *threads; /* NULL: not yet */
  GHashTable *running;  /* host → how many, not 0 */
  GQueue waiting;       /* of Job: for others of the host */
} Side;

typedef struct {
  Side *side;
  GTlsConnection *connection; /* ref */
  GBytes *host;
  PenstockTlsHandshakeDone done;
  gpointer user_data;
} Job;

static GMutex lock; /* guards what follows */
static Side listeners, clients;
static guint max_threads = PENSTOCK_TLS_HANDSHAKES_MAX;

static guint
count (Side *side, GBytes *host)
{
  return GPOINTER_TO_UINT (g_hash_table_lookup (side->running, host));
}

/* Lock held. */
static void
run (Job *job)
{
  guint n = count (job->side, job->host) + 1;

  g_hash_table_replace (
      job->side->running, g_bytes_ref (job->host), GUINT_TO_POINTER (n));
  g_thread_pool_push (job->side->threads, job, NULL);
}

/* One of @host is done. Lock held. */
static void
run_next (Side *side, GBytes *host)
{
  for (GList *link = side->waiting.head; link; link = link->next) {
    Job *job = link->data;
    if (!g_bytes_equal (job->host, host))
      continue;
    g_queue_delete_link (&side->waiting, link);
    run (job);
    return;
  }
}

/* Lock held. */
static void
leave (Side *side, GBytes *host)
{
  guint n = count (side, host) - 1;

  if (n == 0)
    g_hash_table_remove (side->running, host);
  else
    g_hash_table_replace (
        side->running, g_bytes_ref (host), GUINT_TO_POINTER (n));
  run_next (side, host);
}

static void
shake_hands (gpointer data, gpointer unused)
{
  Job *job = data;
  g_autoptr (GError) error = NULL;

  g_tls_connection_handshake (job->connection, NULL, &error);
  g_mutex_lock (&lock);
  leave (job->side, job->host);
  g_mutex_unlock (&lock);
  job->done (error, job->user_data);
  g_object_unref (job->connection);
  g_bytes_unref (job->host);
  g_free (job);
}

/* Lock held. */
static void
ensure_threads (Side *side)
{
  if (side->threads)
    return;
  side->threads =
      g_thread_pool_new (shake_hands, NULL, max_threads, FALSE, NULL);
  side->running = g_hash_table_new_full (
      g_bytes_hash, g_bytes_equal, (GDestroyNotify) g_bytes_unref, NULL);
}

void
penstock_tls_handshake (GTlsConnection *connection, const guint8 *address,
    PenstockTlsHandshakeDone done, gpointer user_data)
{
  Job *job = g_new0 (Job, 1);
  guint8 host[PENSTOCK_IP_SIZE];

  penstock_ip_host (address, host);
  job->side = G_IS_TLS_CLIENT_CONNECTION (connection) ? &clients : &listeners;
  job->connection = g_object_ref (connection);
  job->host = g_bytes_new (host, sizeof host);
  job->done = done;
  job->user_data = user_data;
  g_mutex_lock (&lock);
  ensure_threads (job->side);
  if (count (job->side, job->host) < PENSTOCK_TLS_HANDSHAKES_MAX_PER_ADDRESS)
    run (job);
  else
    g_queue_push_tail (&job->side->waiting, job);
  g_mutex_unlock (&lock);
}

void
penstock_priv_tls_handshakes_set_max (guint max)
{
  g_mutex_lock (&lock);
  max_threads = max;
  g_mutex_unlock (&lock);
}

gboolean
penstock_tls_is_too_old (GTlsConnection *connection)
{
  return g_tls_connection_get_protocol_version (connection) <
      G_TLS_PROTOCOL_VERSION_TLS_1_2;
}
