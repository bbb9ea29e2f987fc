/* SPDX-License-Identifier: MIT
 *
 * Publishers that nobody waits for: routes made of templates, and reasons why not. */

#include "server-private.h"

#include "log.h"
#include "publish-gate.h"

/* Bound on routes made from templates. */
#define MAX_TEMPLATE_ROUTES 4096

typedef struct {
  PenstockServer *server;
  PenstockRtmpServer *rtmp;
  gchar *path; /* may end in a publish key: never logged */
  gchar *peer;
  guint64 id;
  gchar *key; /* NULL = none told; secret */
} PublishRequest;

static void
publish_request_free (PublishRequest *request)
{
  g_object_unref (request->server);
  penstock_rtmp_server_unref (request->rtmp);
  g_free (request->path);
  g_free (request->peer);
  g_free (request->key);
  g_free (request);
}

/* Makes the route if there is none yet. Why not, or NULL. */
static const gchar *
admit_publisher (PenstockServer *self, const PenstockPublishRequest *request,
    const gchar *peer)
{
  if (self->stopping || !self->started)
    return "The gateway is shutting down.";
  if (g_hash_table_contains (self->routes, request->name))
    return NULL;
  if (g_hash_table_size (self->routes) >=
      self->data->routes->len + MAX_TEMPLATE_ROUTES)
    return "Too many streams.";
  penstock_info ("route", "made from template %s for peer=%s route=%s",
      request->route->name, peer, request->name);
  penstock_server_add_route (self, request->name, request->route);
  return NULL;
}

static gboolean
handle_publish_request (gpointer user_data)
{
  PublishRequest *request = user_data;
  PenstockServer *self = request->server;
  g_auto (PenstockPublishRequest) asked = { NULL };

  penstock_publish_request_init (
      &asked, self->table, request->path, request->key);
  const gchar *why = asked.open ? admit_publisher (self, &asked, request->peer)
                                : penstock_publish_request_explain (&asked);
  if (why && asked.route && !asked.open)
    penstock_rtmp_server_deny (request->rtmp, request->id, why);
  else if (why)
    penstock_rtmp_server_refuse (
        request->rtmp, request->id, "NetStream.Publish.BadName", why);
  return G_SOURCE_REMOVE;
}

/* RTMP I/O thread. */
void
penstock_server_publish_refused (const gchar *peer, gboolean is_publisher,
    const gchar *why, gpointer user_data)
{
  penstock_warning ("rtmp", "%s refused: %s peer=%s",
      is_publisher ? "publisher" : "connection", why, peer);
}

/* RTMP I/O thread. */
PenstockRtmpUnclaimed
penstock_server_unclaimed_publish (PenstockRtmpServer *rtmp,
    const PenstockRtmpPublication *publication, gpointer user_data)
{
  PenstockServer *self = user_data;
  PublishRequest *request = g_new (PublishRequest, 1);

  *request =
      (PublishRequest){ g_object_ref (self), penstock_rtmp_server_ref (rtmp),
        g_strdup (publication->path), g_strdup (publication->peer),
        publication->id, g_strdup (publication->key) };
  penstock_control_post (self->context, handle_publish_request, request,
      (GDestroyNotify) publish_request_free);
  return PENSTOCK_RTMP_UNCLAIMED_DEFER;
}

typedef struct {
  PenstockServer *server;
  PenstockPublishWait *wait;
} WaitingPublisher;

static void
waiting_publisher_free (WaitingPublisher *waiting)
{
  g_object_unref (waiting->server);
  penstock_publish_wait_unref (waiting->wait);
  g_free (waiting);
}

/* A thread waits: nothing that would take long. */
static const gchar *
admit_waiting_publisher (PenstockServer *self, PenstockPublishWait *wait)
{
  const gchar *name = penstock_publish_wait_get_name (wait);
  g_auto (PenstockPublishRequest) asked = { NULL };

  /* It has shown its key or credentials already. */
  penstock_publish_request_init (&asked, self->table, name, NULL);
  if (!asked.route)
    return penstock_publish_request_explain (&asked);
  const gchar *why =
      admit_publisher (self, &asked, penstock_publish_wait_get_peer (wait));
  PenstockRoute *route = g_hash_table_lookup (self->routes, name);
  if (!why && route && !penstock_route_can_be_published (route))
    why = "The input of the route is not ready.";
  return why;
}

static gboolean
handle_waiting_publisher (gpointer user_data)
{
  WaitingPublisher *waiting = user_data;
  const gchar *why = admit_waiting_publisher (waiting->server, waiting->wait);

  if (why)
    penstock_publish_wait_refuse (waiting->wait, why);
  return G_SOURCE_REMOVE;
}

/* A thread of RTSP requests. */
void
penstock_server_publisher_waits (PenstockPublishWait *wait, gpointer user_data)
{
  PenstockServer *self = user_data;
  WaitingPublisher *waiting = g_new (WaitingPublisher, 1);

  *waiting = (WaitingPublisher){ g_object_ref (self),
    penstock_publish_wait_ref (wait) };
  penstock_control_post (self->context, handle_waiting_publisher, waiting,
      (GDestroyNotify) waiting_publisher_free);
}
