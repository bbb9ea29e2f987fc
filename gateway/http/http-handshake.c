/* SPDX-License-Identifier: MIT
 *
 * TLS handshakes (see http-handshake.h). */

#include "http-handshake.h"

#include "http-addresses.h"
#include "../log.h"
#include "io/tls-handshakes.h"

struct _HttpHandshakes {
  GMainContext *context;
  GHashTable *jobs;         /* set of HandshakeJob that are not done */
  HttpAddresses *addresses; /* of those in the pool */
  GQueue queue;             /* of those that wait for others of the address */
  GThreadPool *pool;
};

typedef enum {
  JOB_SILENT, /* nothing has come from the client */
  JOB_QUEUED,
  JOB_IN_POOL,
} JobState;

typedef struct {
  HttpHandshakes *owner; /* NULL: freed */
  JobState state;
  GTlsConnection *connection;
  guint64 address;
  GSource *first_byte; /* while SILENT */
  HttpHandshakeDone done;
  gpointer user_data;
  GDestroyNotify destroy;

  GError *error; /* of the thread, when it is done */
} HandshakeJob;

static void
job_free (gpointer data)
{
  HandshakeJob *job = data;

  g_clear_error (&job->error);
  g_object_unref (job->connection);
  if (job->destroy)
    job->destroy (job->user_data);
  g_free (job);
}

static gboolean
has_room (HandshakeJob *job)
{
  return penstock_priv_http_addresses_count (job->owner->addresses,
             job->address) < HTTP_HANDSHAKES_MAX_PER_ADDRESS;
}

static void
enter_pool (HandshakeJob *job)
{
  job->state = JOB_IN_POOL;
  penstock_priv_http_addresses_add (job->owner->addresses, job->address);
  g_thread_pool_push (job->owner->pool, job, NULL);
}

/* One of @address has left the pool. */
static void
let_next_in (HttpHandshakes *self, guint64 address)
{
  for (GList *link = self->queue.head; link; link = link->next) {
    HandshakeJob *job = link->data;
    if (job->address != address)
      continue;
    g_queue_delete_link (&self->queue, link);
    enter_pool (job);
    return;
  }
}

static gboolean
on_done (gpointer data)
{
  HandshakeJob *job = data;
  HttpHandshakes *self = job->owner;

  if (!self)
    return G_SOURCE_REMOVE;
  g_hash_table_remove (self->jobs, job);
  penstock_priv_http_addresses_remove (self->addresses, job->address);
  let_next_in (self, job->address);
  if (job->error)
    penstock_debug ("http", "no TLS: %s", job->error->message);
  job->done (job->error == NULL, job->user_data);
  return G_SOURCE_REMOVE;
}

/* A thread of the pool. */
static void
shake_hands (gpointer data, gpointer context)
{
  HandshakeJob *job = data;

  if (g_tls_connection_handshake (job->connection, NULL, &job->error) &&
      penstock_tls_is_too_old (job->connection))
    g_set_error_literal (&job->error, G_TLS_ERROR, G_TLS_ERROR_HANDSHAKE,
        "the client knows no TLS 1.2 or later");
  penstock_control_post (context, on_done, job, job_free);
}

static gboolean
on_first_byte (GSocket *socket, GIOCondition condition, gpointer data)
{
  HandshakeJob *job = data;

  g_clear_pointer (&job->first_byte, g_source_unref);
  if (has_room (job)) {
    enter_pool (job);
  } else {
    job->state = JOB_QUEUED;
    g_queue_push_tail (&job->owner->queue, job);
  }
  return G_SOURCE_REMOVE;
}

void
http_handshakes_start (HttpHandshakes *self, GMainContext *nest,
    GTlsConnection *connection, GSocket *socket, guint64 address,
    HttpHandshakeDone done, gpointer user_data, GDestroyNotify destroy)
{
  HandshakeJob *job = g_new0 (HandshakeJob, 1);

  job->owner = self;
  job->connection = g_object_ref (connection);
  job->address = address;
  job->done = done;
  job->user_data = user_data;
  job->destroy = destroy;
  g_hash_table_add (self->jobs, job);
  job->first_byte = g_socket_create_source (socket, G_IO_IN | G_IO_HUP, NULL);
  g_source_set_callback (
      job->first_byte, G_SOURCE_FUNC (on_first_byte), job, NULL);
  g_source_attach (job->first_byte, nest);
}

HttpHandshakes *
http_handshakes_new (void)
{
  HttpHandshakes *self = g_new0 (HttpHandshakes, 1);

  self->context = g_main_context_ref_thread_default ();
  self->addresses = penstock_priv_http_addresses_new ();
  self->jobs = g_hash_table_new (NULL, NULL);
  g_queue_init (&self->queue);
  self->pool = g_thread_pool_new (
      shake_hands, self->context, HTTP_HANDSHAKES_MAX, FALSE, NULL);
  return self;
}

void
http_handshakes_free (HttpHandshakes *self)
{
  GHashTableIter iter;
  gpointer key;

  if (!self)
    return;
  g_thread_pool_free (self->pool, FALSE, TRUE);
  g_queue_clear (&self->queue);
  g_hash_table_iter_init (&iter, self->jobs);
  while (g_hash_table_iter_next (&iter, &key, NULL)) {
    HandshakeJob *job = key;
    job->owner = NULL;
    if (job->state == JOB_IN_POOL)
      continue; /* has been posted: the context frees it */
    if (job->first_byte) {
      g_source_destroy (job->first_byte);
      g_source_unref (job->first_byte);
    }
    job_free (job);
  }
  g_hash_table_unref (self->jobs);
  penstock_priv_http_addresses_free (self->addresses);
  g_main_context_unref (self->context);
  g_free (self);
}
