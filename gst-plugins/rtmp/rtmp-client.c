/* SPDX-License-Identifier: MIT
 *
 * Plays a stream of another server or publishes to it (see rtmp-client.h).
 * Names are resolved on a thread of their own; the rest runs on one I/O loop. */

#include "rtmp-client.h"

#include <errno.h>
#include <gst/gst.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "rtmp-auth.h"
#include "rtmp-connection.h"
#include "rtmp-limits.h"
#include "rtmp-path.h"
#include "rtmp-player.h"
#include "rtmp-socket.h"

GST_DEBUG_CATEGORY_EXTERN (penstock_rtmp_debug);
#define GST_CAT_DEFAULT penstock_rtmp_debug

#define DEFAULT_TIMEOUT_MS 10000
#define DEFAULT_BUFFER_MS 3000
/* Time for one address when there are others to try. */
#define ADDRESS_MS 3000
/* Connections of one attempt: unknown user, challenge, answer. */
#define MAX_STEPS 3

struct _PenstockRtmpClient {
  gint ref_count;

  /* Never changed. */
  PenstockRtmpUrl *url;
  PenstockRtmpTls tls;
  guint connect_timeout_ms, silence_timeout_ms, buffer_ms;
  guint64 id;
  PenstockLoop *loop;
  gboolean publishes; /* else it plays */

  GRecMutex delivery; /* held while a callback runs; guards the next three */
  gboolean released;
  PenstockRtmpCallbacks callbacks;
  gpointer user_data;

  /* Loop's thread. */
  GList *addresses;   /* of GInetAddress, owned; the one in use first */
  GList *unreachable; /* of GInetAddress, tried in vain */
  PenstockLoopWatch connecting; /* fd -1 = not */
  PenstockLoopTimer address_timer;
  PenstockLoopTimer deadline;
  gint64 begun;        /* milliseconds */
  gint64 last_message; /* 0 = none yet */
  PenstockRtmpConnection *connection;
  PenstockRtmpPlayback *playback; /* what to publish, ref; until the end */
  PenstockRtmpPlayer *player;     /* of that, from STARTED on */
  gchar *peer;
  gchar *auth; /* query of the next connection */
  guint n_steps;
  gboolean again; /* connect once more when the connection is closed */
  gboolean ended;
};

static void try_address (PenstockRtmpClient *client);
static const PenstockRtmpConnectionHandler connection_handler;

static PenstockRtmpClient *
client_ref (PenstockRtmpClient *client)
{
  g_atomic_int_inc (&client->ref_count);
  return client;
}

static void
client_unref (gpointer data)
{
  PenstockRtmpClient *client = data;

  if (!g_atomic_int_dec_and_test (&client->ref_count))
    return;
  g_list_free_full (client->addresses, g_object_unref);
  g_list_free_full (client->unreachable, g_object_unref);
  penstock_rtmp_url_free (client->url);
  penstock_rtmp_tls_clear (&client->tls);
  if (client->playback)
    penstock_rtmp_playback_unref (client->playback);
  g_rec_mutex_clear (&client->delivery);
  g_free (client->peer);
  g_free (client->auth);
  g_free (client);
  penstock_rtmp_io_release ();
}

static const gchar *
verb (const PenstockRtmpClient *client)
{
  return client->publishes ? "push" : "pull";
}

/* A server we publish to is told that this was it, unless that would have to
 * wait behind what it does not read. */
static void
leave (PenstockRtmpClient *client, PenstockRtmpEnd reason)
{
  PenstockRtmpConnection *connection = client->connection;

  if (!client->player || reason != PENSTOCK_RTMP_END_SHUTDOWN ||
      penstock_rtmp_connection_is_blocked (connection)) {
    penstock_rtmp_connection_close (connection);
    return;
  }
  penstock_rtmp_player_stop (client->player);
  penstock_rtmp_session_send_goodbye (
      penstock_rtmp_connection_get_session (connection));
  penstock_rtmp_connection_finish (connection);
}

/* The end: tells the owner and lets go of everything on the loop. */
static void
end (PenstockRtmpClient *client, PenstockRtmpEnd reason, const gchar *detail)
{
  int fd = client->connecting.fd;

  if (client->ended)
    return;
  client->ended = TRUE;
  client->again = FALSE;
  g_autofree gchar *shown = penstock_rtmp_url_mask (client->url, detail);
  GST_INFO ("%s ended (%s: %s) session=%" G_GUINT64_FORMAT " peer=%s",
      verb (client), penstock_rtmp_end_to_string (reason), shown, client->id,
      client->peer ? client->peer : client->url->host);
  penstock_loop_clear_timer (client->loop, &client->address_timer);
  penstock_loop_clear_timer (client->loop, &client->deadline);
  if (fd >= 0) {
    penstock_loop_unwatch (client->loop, &client->connecting);
    close (fd);
  }
  g_rec_mutex_lock (&client->delivery);
  if (!client->released && client->callbacks.ended)
    client->callbacks.ended (reason, shown, client->user_data);
  g_rec_mutex_unlock (&client->delivery);
  if (client->connection)
    leave (client, reason);
  /* The goodbye may take a while; the stream does not wait for it. */
  g_clear_pointer (&client->playback, penstock_rtmp_playback_unref);
  penstock_loop_dispose (client->loop, client_unref, client);
}

/* Deadlines */

static gint64
deadline_at (const PenstockRtmpClient *client)
{
  return client->last_message != 0
      ? client->last_message + client->silence_timeout_ms
      : client->begun + client->connect_timeout_ms;
}

static void
set_deadline (PenstockRtmpClient *client)
{
  gint64 now = penstock_loop_now (client->loop);

  penstock_loop_set_timer (
      client->loop, &client->deadline, MAX (deadline_at (client) - now, 0));
}

static void
on_deadline (gpointer data)
{
  PenstockRtmpClient *client = data;

  if (deadline_at (client) > penstock_loop_now (client->loop))
    set_deadline (client);
  else if (client->last_message != 0)
    end (client, PENSTOCK_RTMP_END_SILENT, "no media came for too long");
  else if (client->connection)
    end (client, PENSTOCK_RTMP_END_SILENT,
        client->publishes
            ? "the server did not let us publish within the connect timeout"
            : "the server sent no media within the connect timeout");
  else
    end (client, PENSTOCK_RTMP_END_UNREACHABLE,
        "no connection within the connect timeout");
}

/* Telling the owner */

/* FALSE: the owner has freed the client. */
static gboolean
deliver_started (PenstockRtmpClient *client)
{
  g_autofree gchar *path =
      penstock_rtmp_path_canonical (client->url->app, NULL, client->url->name);
  g_autofree gchar *app = penstock_rtmp_path_without_query (client->url->app);
  const PenstockRtmpPublication publication = {
    .id = client->id,
    .peer = client->peer,
    .path = path ? path : "",
    .app = app,
    .tc_url = client->url->tc_url,
    .encoder = "unknown",
    .type = "live",
  };

  GST_INFO ("%s started session=%" G_GUINT64_FORMAT " peer=%s", verb (client),
      client->id, client->peer);
  g_rec_mutex_lock (&client->delivery);
  if (!client->released && client->callbacks.started)
    client->callbacks.started (&publication, client->user_data);
  gboolean wanted = !client->released;
  g_rec_mutex_unlock (&client->delivery);
  return wanted;
}

/* Publishing */

static void
finish_stream (gpointer data)
{
  PenstockRtmpClient *client = data;

  end (client, PENSTOCK_RTMP_END_SHUTDOWN, "the stream is over");
  penstock_loop_dispose (client->loop, client_unref, client);
}

/* Runs while the connection sends: what follows would send too. */
static void
on_stream_over (gpointer owner)
{
  PenstockRtmpClient *client = owner;

  penstock_loop_post (client->loop, finish_stream, client_ref (client));
}

/* From here on the connection itself sees whether the server takes anything. */
static void
on_started (PenstockRtmpClient *client)
{
  if (!deliver_started (client) || !client->publishes)
    return;
  penstock_loop_clear_timer (client->loop, &client->deadline);
  client->player = penstock_rtmp_player_new (
      client->loop, client->connection, on_stream_over, client);
  /* Nobody else plays it: there is room. */
  (void) penstock_rtmp_player_start (client->player, client->playback);
}

static guint
on_gather (gpointer owner, struct iovec *pieces, guint max)
{
  PenstockRtmpClient *client = owner;

  return client->player
      ? penstock_rtmp_player_gather (client->player, pieces, max)
      : 0;
}

static gboolean
on_sent (gpointer owner, gsize size)
{
  PenstockRtmpClient *client = owner;

  return penstock_rtmp_player_sent (client->player, size);
}

gboolean
penstock_rtmp_client_takes (PenstockRtmpClient *client, guint32 fourcc)
{
  return client->connection &&
      penstock_rtmp_peer_takes (
          penstock_rtmp_session_get_peer (
              penstock_rtmp_connection_get_session (client->connection)),
          fourcc);
}

/* Events of the connection */

static void
deliver_message (PenstockRtmpClient *client, PenstockRtmpMessage *message)
{
  if (!client->publishes)
    client->last_message = penstock_loop_now (client->loop);
  g_rec_mutex_lock (&client->delivery);
  if (!client->released && client->callbacks.message)
    client->callbacks.message (message, client->user_data);
  g_rec_mutex_unlock (&client->delivery);
  penstock_rtmp_message_unref (message);
}

/* A refusal that asks for credentials is answered on a new connection. */
static void
on_refused (PenstockRtmpClient *client, const PenstockRtmpEvent *event)
{
  const PenstockRtmpUrl *url = client->url;
  g_autofree gchar *text = NULL;

  g_clear_pointer (&client->auth, g_free);
  if (url->user && client->n_steps < MAX_STEPS)
    client->auth = penstock_rtmp_auth_answer (event->text, url->app, url->user,
        url->password ? url->password : "", g_random_int ());
  if (client->auth) {
    client->again = TRUE;
    penstock_rtmp_connection_close (client->connection);
    return;
  }
  text = g_strdup_printf (
      "%s%s%s", event->code, *event->code ? ": " : "", event->text);
  end (client, PENSTOCK_RTMP_END_REFUSED, text);
}

static void
on_event (gpointer owner, PenstockRtmpEvent *event)
{
  PenstockRtmpClient *client = owner;

  switch (event->type) {
  case PENSTOCK_RTMP_EVENT_STARTED:
    on_started (client);
    break;
  case PENSTOCK_RTMP_EVENT_MESSAGE:
    deliver_message (client, event->message);
    break;
  case PENSTOCK_RTMP_EVENT_END:
    end (client, PENSTOCK_RTMP_END_GOODBYE, event->text);
    break;
  case PENSTOCK_RTMP_EVENT_REFUSED:
    on_refused (client, event);
    break;
  case PENSTOCK_RTMP_EVENT_ERROR:
    end (client, PENSTOCK_RTMP_END_PROTOCOL, event->text);
    break;
  default:
    break;
  }
}

static void
on_lost (gpointer owner, const gchar *detail)
{
  end (owner, PENSTOCK_RTMP_END_LOST, detail);
}

static void
on_connection_deadline (gpointer owner)
{
  /* The client has its own timer, over all connections of an attempt. */
}

static void
on_closed (gpointer owner)
{
  PenstockRtmpClient *client = owner;

  client->connection = NULL;
  g_clear_pointer (&client->player, penstock_rtmp_player_free);
  if (client->again) {
    client->again = FALSE;
    try_address (client);
  }
  penstock_loop_dispose (client->loop, client_unref, client);
}

static const PenstockRtmpConnectionHandler connection_handler = {
  .event = on_event,
  .lost = on_lost,
  .deadline = on_connection_deadline,
  .closed = on_closed,
  .gather = on_gather,
  .sent = on_sent,
};

/* Connecting */

/* What the session has to say goes out behind the handshake. */
static void
start_tls (PenstockRtmpClient *client)
{
  const PenstockLoopTlsClient settings = {
    .host = client->url->host,
    .port = client->url->port,
    .verify = !client->tls.no_verify,
    .ca_file = client->tls.ca_file,
  };

  penstock_rtmp_connection_start_tls (client->connection, &settings);
}

static void
begin_session (PenstockRtmpClient *client, int fd)
{
  const PenstockRtmpUrl *url = client->url;
  const gchar *auth = client->auth ? client->auth : "";
  g_autofree gchar *app = g_strconcat (url->app, auth, NULL);
  g_autofree gchar *tc_url = g_strconcat (url->tc_url, auth, NULL);
  const PenstockRtmpClientTarget target = {
    .mode = client->publishes ? PENSTOCK_RTMP_CLIENT_PUBLISH
                              : PENSTOCK_RTMP_CLIENT_PLAY,
    .app = app,
    .tc_url = tc_url,
    .name = url->name,
    .buffer_ms = client->buffer_ms,
  };
  PenstockRtmpSession *session =
      penstock_rtmp_session_new_client (g_random_int (), &target);

  client->n_steps++;
  client->connection = penstock_rtmp_connection_new (
      client->loop, fd, session, &connection_handler, client);
  if (!client->connection) {
    end (client, PENSTOCK_RTMP_END_UNREACHABLE, g_strerror (errno));
    return;
  }
  client_ref (client); /* until closed */
  if (url->tls)
    start_tls (client);
  else
    penstock_rtmp_connection_flush (client->connection);
}

/* The address in use does not work: the next one. */
static void
next_address (PenstockRtmpClient *client, const gchar *detail)
{
  GList *first = client->addresses;
  int fd = client->connecting.fd;

  penstock_loop_clear_timer (client->loop, &client->address_timer);
  if (fd >= 0) {
    penstock_loop_unwatch (client->loop, &client->connecting);
    close (fd);
  }
  client->addresses = g_list_remove_link (client->addresses, first);
  client->unreachable = g_list_concat (first, client->unreachable);
  if (client->addresses)
    try_address (client);
  else
    end (client, PENSTOCK_RTMP_END_UNREACHABLE, detail);
}

static void
on_address_timer (gpointer data)
{
  next_address (data, "no answer");
}

static void
on_connect_ready (gpointer data, guint32 events)
{
  PenstockRtmpClient *client = data;
  int fd = client->connecting.fd;
  int number = penstock_rtmp_socket_get_error (fd);

  if (number != 0) {
    next_address (client, g_strerror (number));
    return;
  }
  penstock_loop_clear_timer (client->loop, &client->address_timer);
  penstock_loop_unwatch (client->loop, &client->connecting);
  begin_session (client, fd);
}

static void
try_address (PenstockRtmpClient *client)
{
  GInetAddress *address = client->addresses->data;
  g_autofree gchar *text = g_inet_address_to_string (address);
  gboolean v6 = g_inet_address_get_family (address) == G_SOCKET_FAMILY_IPV6;

  g_free (client->peer);
  client->peer =
      g_strdup_printf (v6 ? "[%s]:%u" : "%s:%u", text, client->url->port);
  GST_DEBUG ("connecting session=%" G_GUINT64_FORMAT " peer=%s", client->id,
      client->peer);
  client->connecting.fd =
      penstock_rtmp_socket_connect (address, client->url->port);
  if (client->connecting.fd < 0 ||
      !penstock_loop_watch (client->loop, &client->connecting, EPOLLOUT)) {
    next_address (client, g_strerror (errno));
    return;
  }
  if (client->addresses->next)
    penstock_loop_set_timer (client->loop, &client->address_timer, ADDRESS_MS);
}

typedef struct {
  PenstockRtmpClient *client; /* ref */
  GList *addresses;           /* owned */
  GError *error;
} Resolved;

static void
on_resolved (gpointer data)
{
  Resolved *resolved = data;
  PenstockRtmpClient *client = resolved->client;

  if (!client->ended) {
    client->addresses = g_steal_pointer (&resolved->addresses);
    if (client->addresses)
      try_address (client);
    else
      end (client, PENSTOCK_RTMP_END_UNREACHABLE, resolved->error->message);
  }
  g_list_free_full (resolved->addresses, g_object_unref);
  g_clear_error (&resolved->error);
  g_free (resolved);
  penstock_loop_dispose (client->loop, client_unref, client);
}

/* May take seconds: a thread of its own. */
static gpointer
resolve (gpointer data)
{
  PenstockRtmpClient *client = data;
  g_autoptr (GResolver) resolver = g_resolver_get_default ();
  Resolved *resolved = g_new0 (Resolved, 1);

  resolved->client = client;
  resolved->addresses = g_resolver_lookup_by_name (
      resolver, client->url->host, NULL, &resolved->error);
  penstock_loop_post (client->loop, on_resolved, resolved);
  return NULL;
}

static void
begin (gpointer data)
{
  PenstockRtmpClient *client = data;

  client->begun = penstock_loop_now (client->loop);
  if (!client->ended)
    set_deadline (client);
  client_ref (client);
  g_thread_unref (g_thread_new ("rtmp-resolve", resolve, client));
}

static guint64
next_id (void)
{
  static guint64 last;

  return __atomic_add_fetch (&last, 1, __ATOMIC_RELAXED);
}

static void
init_timers (PenstockRtmpClient *client)
{
  client->connecting.fd = -1;
  client->connecting.ready = on_connect_ready;
  client->connecting.data = client;
  client->address_timer.fire = on_address_timer;
  client->address_timer.data = client;
  client->deadline.fire = on_deadline;
  client->deadline.data = client;
}

static guint
or_default (guint value, guint fallback)
{
  return value != 0 ? value : fallback;
}

/* Not connecting yet. */
static PenstockRtmpClient *
client_new (const PenstockRtmpClientSettings *settings,
    const PenstockRtmpCallbacks *callbacks, gpointer user_data, GError **error)
{
  const gchar *text = NULL;
  PenstockRtmpUrl *url = penstock_rtmp_url_parse (settings->url, &text);

  if (!url) {
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, "%s", text);
    return NULL;
  }
  if (!penstock_rtmp_io_acquire (error)) {
    penstock_rtmp_url_free (url);
    return NULL;
  }
  if (settings->user) {
    g_free (url->user);
    g_free (url->password);
    url->user = g_strdup (settings->user);
    url->password = g_strdup (settings->password);
  }
  PenstockRtmpClient *client = g_new0 (PenstockRtmpClient, 1);
  client->ref_count = 2; /* the owner's, and the loop's until the end */
  client->url = url;
  if (settings->tls)
    penstock_rtmp_tls_copy (settings->tls, &client->tls);
  client->connect_timeout_ms =
      or_default (settings->connect_timeout_ms, DEFAULT_TIMEOUT_MS);
  client->silence_timeout_ms =
      or_default (settings->silence_timeout_ms, DEFAULT_TIMEOUT_MS);
  client->buffer_ms = or_default (settings->buffer_ms, DEFAULT_BUFFER_MS);
  client->id = next_id ();
  g_rec_mutex_init (&client->delivery);
  client->callbacks = *callbacks;
  client->user_data = user_data;
  init_timers (client);
  return client;
}

PenstockRtmpClient *
penstock_rtmp_client_play (const PenstockRtmpClientSettings *settings,
    const PenstockRtmpCallbacks *callbacks, gpointer user_data, GError **error)
{
  PenstockRtmpClient *client =
      client_new (settings, callbacks, user_data, error);

  if (!client) {
    g_prefix_error (error, "cannot pull: ");
    return NULL;
  }
  client->loop = penstock_rtmp_io_next_loop ();
  penstock_loop_post (client->loop, begin, client);
  return client;
}

PenstockRtmpClient *
penstock_rtmp_client_publish (const PenstockRtmpClientSettings *settings,
    PenstockLoop *loop, PenstockRtmpPlayback *playback,
    const PenstockRtmpCallbacks *callbacks, gpointer user_data, GError **error)
{
  PenstockRtmpClient *client =
      client_new (settings, callbacks, user_data, error);

  if (!client)
    return NULL;
  client->loop = loop;
  client->publishes = TRUE;
  client->playback = penstock_rtmp_playback_ref (playback);
  penstock_loop_post (client->loop, begin, client);
  return client;
}

static void
shut_down (gpointer data)
{
  end (data, PENSTOCK_RTMP_END_SHUTDOWN, "the client is closed");
}

static void
nothing (gpointer data)
{
}

void
penstock_rtmp_client_free (PenstockRtmpClient *client)
{
  if (!client)
    return;
  g_rec_mutex_lock (&client->delivery);
  client->released = TRUE;
  g_rec_mutex_unlock (&client->delivery);

  if (penstock_loop_is_loop_thread ()) {
    penstock_loop_post (client->loop, shut_down, client);
    penstock_loop_post (client->loop, client_unref, client);
    return;
  }
  penstock_loop_call (client->loop, shut_down, client);
  /* One more round: what the first one disposed of is gone then. */
  penstock_loop_call (client->loop, nothing, NULL);
  client_unref (client);
}
