/* SPDX-License-Identifier: MIT
 *
 * Credentials of routes. See rtsp-auth.h. */

#include "rtsp-auth.h"

#include <errno.h>
#include <sys/random.h>

#include "../log.h"
#include "../publish-gate.h"
#include "rtmp/rtmp-path.h"
#include "rtsp-client.h"
#include "rtsp-credentials.h"
#include "rtsp-failures.h"

#define REALM "Penstock"
/* Told to an address that has sent too many wrong credentials. */
#define RETRY_AFTER_S G_STRINGIFY (PENSTOCK_RTSP_FAILURES_INTERVAL_S)
/* At most two routes can govern a path: see governing_routes(). */
#define MAX_GUARDS 2

/* The routes of one configuration. Counted, never changed: a request keeps
 * those that it began with. */
typedef struct {
  GPtrArray *routes; /* owned: keeps what the table and guards point to */
  PenstockRouteTable *table;
  gboolean guarded;            /* some route has credentials of viewers */
  gboolean publishing_guarded; /* some route has those of publishers */
} AuthRoutes;

struct _PenstockRtspAuth {
  GstRTSPAuth parent;

  /* Set at construction. */
  gboolean have_key; /* else nobody gets in */
  guint8 key[PENSTOCK_RTSP_NONCE_KEY_BYTES];

  GMutex lock;        /* guards the rest */
  AuthRoutes *routes; /* NULL: none; atomic rc box */
  PenstockRtspFailures *failures;
};

G_DEFINE_FINAL_TYPE (PenstockRtspAuth, penstock_rtsp_auth, GST_TYPE_RTSP_AUTH)

/* Of a connection: the nonce it has come in with, which stays good for it. */
static GQuark
nonce_quark (void)
{
  return g_quark_from_static_string ("penstock-rtsp-nonce");
}

static gboolean
random_bytes (guint8 *bytes, gsize size)
{
  ssize_t n;

  do
    n = getrandom (bytes, size, 0);
  while (n < 0 && errno == EINTR);
  return n == (ssize_t) size;
}

static guint64
now_s (void)
{
  return (guint64) g_get_monotonic_time () / G_USEC_PER_SEC;
}

/* --- which credentials ---------------------------------------------------------- */

static const PenstockOutputConfig *
guard_of (const PenstockRouteConfig *route)
{
  for (guint i = 0; i < route->outputs->len; i++) {
    const PenstockOutputConfig *output = g_ptr_array_index (route->outputs, i);
    if (output->kind == PENSTOCK_OUTPUT_RTSP && output->user)
      return output;
  }
  return NULL;
}

static AuthRoutes *
auth_routes_new (GPtrArray *routes)
{
  AuthRoutes *self = g_atomic_rc_box_new0 (AuthRoutes);

  self->routes = g_ptr_array_ref (routes);
  self->table = penstock_route_table_new (routes);
  for (guint i = 0; i < routes->len; i++) {
    const PenstockRouteConfig *route = g_ptr_array_index (routes, i);
    self->guarded |= guard_of (route) != NULL;
    self->publishing_guarded |= route->publish_user != NULL;
  }
  return self;
}

static void
auth_routes_clear (AuthRoutes *self)
{
  penstock_route_table_free (self->table);
  g_ptr_array_unref (self->routes);
}

static void
auth_routes_unref (AuthRoutes *self)
{
  g_atomic_rc_box_release_full (self, (GDestroyNotify) auth_routes_clear);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (AuthRoutes, auth_routes_unref)

static AuthRoutes *
get_routes (PenstockRtspAuth *self)
{
  g_mutex_lock (&self->lock);
  AuthRoutes *routes =
      self->routes ? g_atomic_rc_box_acquire (self->routes) : NULL;
  g_mutex_unlock (&self->lock);
  return routes;
}

typedef struct {
  const gchar *user, *password;
} Guard;

/* "a/stream=0" is a track of "a", or a route of that name: the credentials of
 * both are asked for. */
typedef struct {
  gboolean unknown; /* no such route */
  guint n;
  Guard guards[MAX_GUARDS];
} Guards;

/* Checked, and wrong, where there is no route: it takes the same time. */
static const Guard nobody = { "", "" };

static void
add_guard (const AuthRoutes *routes, const gchar *path, Guards *out)
{
  const PenstockRouteConfig *route =
      path ? penstock_route_table_match (routes->table, path) : NULL;

  if (!route)
    return;
  out->unknown = FALSE;
  const PenstockOutputConfig *guard = guard_of (route);
  if (guard)
    out->guards[out->n++] = (Guard){ guard->user, guard->password };
}

static Guards
governing_routes (const AuthRoutes *routes, const gchar *path)
{
  Guards guards = { .unknown = TRUE };

  if (!path)
    return guards;
  g_autofree gchar *presentation = penstock_rtsp_presentation_path (path);
  add_guard (routes, path, &guards);
  add_guard (routes, presentation, &guards);
  if (guards.unknown)
    guards.guards[guards.n++] = nobody;
  return guards;
}

/* --- answers ---------------------------------------------------------------------- */

static const gchar *
peer_of (const GstRTSPContext *ctx)
{
  const gchar *ip = gst_rtsp_connection_get_ip (ctx->conn);

  return ip ? ip : "";
}

static void
add_challenge (GstRTSPContext *ctx, const gchar *nonce, const gchar *algorithm,
    gboolean stale)
{
  gst_rtsp_message_take_header (ctx->response, GST_RTSP_HDR_WWW_AUTHENTICATE,
      g_strdup_printf ("Digest realm=\"" REALM
                       "\", nonce=\"%s\", algorithm=%s%s",
          nonce, algorithm, stale ? ", stale=true" : ""));
}

/* The strongest first (RFC 7616, 3.7): a client takes the first it can do, and
 * older ones, which know no algorithm but MD5, take the last digest. */
static void
add_challenges (PenstockRtspAuth *self, GstRTSPContext *ctx, gboolean stale)
{
  guint8 salt[PENSTOCK_RTSP_NONCE_SALT_BYTES];

  if (!self->have_key || !random_bytes (salt, sizeof (salt)))
    return; /* nobody can come in */
  g_autofree gchar *nonce =
      penstock_rtsp_nonce_new (self->key, peer_of (ctx), now_s (), salt);
  add_challenge (ctx, nonce, "SHA-256", stale);
  add_challenge (ctx, nonce, "MD5", stale);
  gst_rtsp_message_add_header (ctx->response, GST_RTSP_HDR_WWW_AUTHENTICATE,
      "Basic realm=\"" REALM "\", charset=\"UTF-8\"");
}

static void
send_answer (GstRTSPContext *ctx)
{
  gst_rtsp_client_send_message (ctx->client, ctx->session, ctx->response);
}

static void
ask_for_credentials (
    PenstockRtspAuth *self, GstRTSPContext *ctx, gboolean stale)
{
  gst_rtsp_message_init_response (ctx->response, GST_RTSP_STS_UNAUTHORIZED,
      gst_rtsp_status_as_text (GST_RTSP_STS_UNAUTHORIZED), ctx->request);
  add_challenges (self, ctx, stale);
  send_answer (ctx);
}

static void
put_off (GstRTSPContext *ctx)
{
  gst_rtsp_message_init_response (ctx->response, GST_RTSP_STS_FORBIDDEN,
      gst_rtsp_status_as_text (GST_RTSP_STS_FORBIDDEN), ctx->request);
  gst_rtsp_message_add_header (
      ctx->response, GST_RTSP_HDR_RETRY_AFTER, RETRY_AFTER_S);
  send_answer (ctx);
}

/* A publisher; @why: a sentence. */
static gboolean
refuse (GstRTSPContext *ctx, GstRTSPStatusCode code, const gchar *why)
{
  penstock_warning (
      "rtsp", "publisher refused: %s peer=%s", why, peer_of (ctx));
  gst_rtsp_message_init_response (ctx->response, code, why, ctx->request);
  send_answer (ctx);
  return FALSE;
}

/* --- credentials --------------------------------------------------------------------- */

typedef enum {
  VERDICT_RIGHT,
  VERDICT_WRONG,
  VERDICT_STALE, /* right, with a nonce that is too old */
} Verdict;

/* Some players tell the URL of the presentation with each of its tracks. */
static gboolean
is_about (const gchar *uri, const gchar *path)
{
  g_autofree gchar *told = penstock_rtsp_request_path (uri);
  g_autofree gchar *presentation = penstock_rtsp_presentation_path (path);

  return g_strcmp0 (told, path) == 0 ||
      (presentation && g_strcmp0 (told, presentation) == 0);
}

static gboolean
is_nonce_of (const GstRTSPContext *ctx, const gchar *nonce)
{
  return g_strcmp0 (g_object_get_qdata (G_OBJECT (ctx->client), nonce_quark ()),
             nonce) == 0;
}

static Verdict
verify (PenstockRtspAuth *self, GstRTSPContext *ctx, const gchar *path,
    const Guards *guards, const PenstockRtspAuthorization *sent)
{
  gboolean digest = sent->scheme == PENSTOCK_RTSP_SCHEME_DIGEST;
  gboolean right = !guards->unknown;
  PenstockRtspNonce nonce = PENSTOCK_RTSP_NONCE_FRESH;

  for (guint i = 0; i < guards->n; i++)
    right &= penstock_rtsp_authorization_verify (sent,
        gst_rtsp_method_as_text (ctx->method), REALM, guards->guards[i].user,
        guards->guards[i].password);
  if (digest) {
    nonce = penstock_rtsp_nonce_check (
        self->key, peer_of (ctx), now_s (), sent->nonce);
    if (nonce == PENSTOCK_RTSP_NONCE_EXPIRED && is_nonce_of (ctx, sent->nonce))
      nonce = PENSTOCK_RTSP_NONCE_FRESH;
    /* Only whose nonce was once ours is told that it is old; the rest of what
     * it sent says nothing then. */
    if (nonce == PENSTOCK_RTSP_NONCE_EXPIRED)
      return VERDICT_STALE;
    right &= nonce == PENSTOCK_RTSP_NONCE_FRESH && is_about (sent->uri, path);
  }
  if (right && digest && !is_nonce_of (ctx, sent->nonce))
    g_object_set_qdata_full (
        G_OBJECT (ctx->client), nonce_quark (), g_strdup (sent->nonce), g_free);
  return right ? VERDICT_RIGHT : VERDICT_WRONG;
}

static void
note_failure (PenstockRtspAuth *self, GstRTSPContext *ctx)
{
  const gchar *ip = peer_of (ctx);

  g_mutex_lock (&self->lock);
  gboolean blocks = penstock_rtsp_failures_add (self->failures, ip, now_s ());
  g_mutex_unlock (&self->lock);
  penstock_warning ("rtsp", "wrong credentials%s peer=%s",
      blocks ? "; too many, its next ones are not looked at for a while" : "",
      ip);
}

static gboolean
is_blocked (PenstockRtspAuth *self, GstRTSPContext *ctx)
{
  g_mutex_lock (&self->lock);
  gboolean blocked = penstock_rtsp_failures_is_blocked (
      self->failures, peer_of (ctx), now_s ());
  g_mutex_unlock (&self->lock);
  return blocked;
}

static gboolean
check_credentials (PenstockRtspAuth *self, GstRTSPContext *ctx,
    const gchar *path, const Guards *guards, const gchar *header)
{
  if (is_blocked (self, ctx)) {
    put_off (ctx);
    return FALSE;
  }
  g_autoptr (PenstockRtspAuthorization) sent =
      penstock_rtsp_authorization_parse (header);
  Verdict verdict = sent && path && self->have_key
      ? verify (self, ctx, path, guards, sent)
      : VERDICT_WRONG;
  if (verdict == VERDICT_RIGHT)
    return TRUE;
  if (verdict == VERDICT_WRONG)
    note_failure (self, ctx);
  ask_for_credentials (self, ctx, verdict == VERDICT_STALE);
  return FALSE;
}

static gboolean
check_guards (PenstockRtspAuth *self, GstRTSPContext *ctx, const gchar *path,
    const Guards *guards)
{
  gchar *header = NULL;

  gst_rtsp_message_get_header (
      ctx->request, GST_RTSP_HDR_AUTHORIZATION, &header, 0);
  if (header)
    return check_credentials (self, ctx, path, guards, header);
  ask_for_credentials (self, ctx, FALSE);
  return FALSE;
}

/* --- publishers --------------------------------------------------------------------- */

/* Whether somebody is let in who has no right key. */
static gboolean
check_publisher (PenstockRtspAuth *self, const AuthRoutes *routes,
    GstRTSPContext *ctx, const gchar *path,
    const PenstockPublishRequest *request, gboolean has_key)
{
  const PenstockRouteConfig *route = request->route;
  Guards guards = { .unknown = !route, .n = 1, .guards = { nobody } };

  if (route && route->publish_user)
    guards.guards[0] = (Guard){ route->publish_user, route->publish_password };
  if (route ? route->publish_user != NULL : routes->publishing_guarded)
    return check_guards (self, ctx, path, &guards);
  if (has_key)
    note_failure (self, ctx);
  return refuse (ctx, route ? GST_RTSP_STS_FORBIDDEN : GST_RTSP_STS_NOT_FOUND,
      penstock_publish_request_explain (request));
}

static gboolean
check_announcement (
    PenstockRtspAuth *self, const AuthRoutes *routes, GstRTSPContext *ctx)
{
  PenstockRtspRecord *record =
      penstock_rtsp_client_make_record (PENSTOCK_RTSP_CLIENT (ctx->client));
  g_auto (PenstockPublishRequest) request = { NULL };

  if (!record || !routes)
    return refuse (ctx, GST_RTSP_STS_METHOD_NOT_ALLOWED,
        "Publishing by RTSP is not offered.");
  g_autofree gchar *path =
      ctx->uri ? penstock_rtsp_request_path (ctx->uri->abspath) : NULL;
  if (!path)
    return refuse (
        ctx, GST_RTSP_STS_BAD_REQUEST, "The path cannot be understood.");
  g_autofree gchar *key =
      penstock_rtmp_path_dup_parameter (ctx->uri->query, "key");
  if (key && is_blocked (self, ctx)) {
    put_off (ctx);
    return FALSE;
  }
  penstock_publish_request_init (&request, routes->table, path, key);
  if (!request.open &&
      !check_publisher (self, routes, ctx, path, &request, key != NULL))
    return FALSE;
  if (!penstock_rtsp_record_begin (record, ctx->uri, request.name))
    return refuse (ctx, GST_RTSP_STS_METHOD_NOT_VALID_IN_THIS_STATE,
        "The connection publishes already.");
  return TRUE;
}

/* Of what the connection publishes itself: it was let in with the ANNOUNCE. */
static gboolean
is_of_publisher (const GstRTSPContext *ctx)
{
  static const GstRTSPMethod methods = GST_RTSP_SETUP | GST_RTSP_RECORD |
      GST_RTSP_PAUSE | GST_RTSP_TEARDOWN | GST_RTSP_GET_PARAMETER |
      GST_RTSP_SET_PARAMETER;
  PenstockRtspRecord *record =
      penstock_rtsp_client_get_record (PENSTOCK_RTSP_CLIENT (ctx->client));

  return record && (ctx->method & methods) &&
      penstock_rtsp_record_covers (record, ctx->uri);
}

/* --- all ------------------------------------------------------------------------------ */

/* Each request but OPTIONS, which tells nothing of a path. */
static gboolean
check_request (PenstockRtspAuth *self, GstRTSPContext *ctx)
{
  g_autoptr (AuthRoutes) routes = get_routes (self);

  if (ctx->method == GST_RTSP_ANNOUNCE)
    return check_announcement (self, routes, ctx);
  if (!routes || !routes->guarded || ctx->method == GST_RTSP_OPTIONS ||
      is_of_publisher (ctx))
    return TRUE;
  g_autofree gchar *path = ctx->uri && ctx->uri->abspath
      ? penstock_rtsp_request_path (ctx->uri->abspath)
      : NULL;
  Guards guards = governing_routes (routes, path);
  if (!guards.unknown && guards.n == 0)
    return TRUE;
  return check_guards (self, ctx, path, &guards);
}

/* The last look at a request before the library handles it. */
static gboolean
screen (GstRTSPContext *ctx)
{
  GstRTSPStatusCode code =
      penstock_rtsp_client_screen (PENSTOCK_RTSP_CLIENT (ctx->client), ctx);

  if (code == GST_RTSP_STS_OK)
    return TRUE;
  gst_rtsp_message_init_response (
      ctx->response, code, gst_rtsp_status_as_text (code), ctx->request);
  send_answer (ctx);
  return FALSE;
}

static gboolean
check (GstRTSPAuth *auth, GstRTSPContext *ctx, const gchar *what)
{
  if (g_str_equal (what, GST_RTSP_AUTH_CHECK_CONNECT))
    return GST_RTSP_AUTH_CLASS (penstock_rtsp_auth_parent_class)
        ->check (auth, ctx, what);
  if (g_str_equal (what, GST_RTSP_AUTH_CHECK_URL))
    return check_request (PENSTOCK_RTSP_AUTH (auth), ctx) && screen (ctx);
  /* A client that may say where the media goes can send it to others. */
  return !g_str_equal (what, GST_RTSP_AUTH_CHECK_TRANSPORT_CLIENT_SETTINGS);
}

/* --- object ----------------------------------------------------------------------------- */

GstRTSPAuth *
penstock_rtsp_auth_new (GPtrArray *routes)
{
  PenstockRtspAuth *self = g_object_new (PENSTOCK_TYPE_RTSP_AUTH, NULL);

  if (routes)
    self->routes = auth_routes_new (routes);
  return GST_RTSP_AUTH (self);
}

void
penstock_rtsp_auth_set_routes (PenstockRtspAuth *self, GPtrArray *routes)
{
  AuthRoutes *now = auth_routes_new (routes);

  g_mutex_lock (&self->lock);
  AuthRoutes *before = g_steal_pointer (&self->routes);
  self->routes = now;
  g_mutex_unlock (&self->lock);
  g_clear_pointer (&before, auth_routes_unref);
}

static void
penstock_rtsp_auth_finalize (GObject *object)
{
  PenstockRtspAuth *self = PENSTOCK_RTSP_AUTH (object);

  g_clear_pointer (&self->routes, auth_routes_unref);
  penstock_rtsp_failures_free (self->failures);
  g_mutex_clear (&self->lock);
  explicit_bzero (self->key, sizeof (self->key));
  G_OBJECT_CLASS (penstock_rtsp_auth_parent_class)->finalize (object);
}

static void
penstock_rtsp_auth_class_init (PenstockRtspAuthClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = penstock_rtsp_auth_finalize;
  GST_RTSP_AUTH_CLASS (klass)->check = check;
}

static void
penstock_rtsp_auth_init (PenstockRtspAuth *self)
{
  g_mutex_init (&self->lock);
  self->failures = penstock_rtsp_failures_new ();
  self->have_key = random_bytes (self->key, sizeof (self->key));
}
