/* SPDX-License-Identifier: MIT
 *
 * What is found where (see http-router.h). */

#include "http-router.h"

#include <string.h>

#include "http-pages.h"
#include "http-text.h"

struct _HttpRouter {
  GMutex lock;        /* guards routes */
  GHashTable *routes; /* name -> HttpDash, NULL: no DASH output */
};

/* ---- routes ---- */

static void
dash_unref (gpointer dash)
{
  http_dash_unref (dash);
}

HttpRouter *
http_router_new (void)
{
  HttpRouter *self = g_new0 (HttpRouter, 1);

  g_mutex_init (&self->lock);
  self->routes =
      g_hash_table_new_full (g_str_hash, g_str_equal, g_free, dash_unref);
  return self;
}

void
http_router_free (HttpRouter *self)
{
  if (!self)
    return;
  g_hash_table_unref (self->routes);
  g_mutex_clear (&self->lock);
  g_free (self);
}

void
http_router_add (HttpRouter *self, const gchar *name, HttpDash *dash)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  g_hash_table_replace (self->routes, g_strdup (name), dash);
}

HttpDash *
http_router_remove (HttpRouter *self, const gchar *name)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);
  g_autofree gchar *key = NULL;
  HttpDash *dash = NULL;

  g_hash_table_steal_extended (
      self->routes, name, (gpointer *) &key, (gpointer *) &dash);
  return dash;
}

guint
http_router_count_viewers (HttpRouter *self, const gchar *name)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);
  HttpDash *dash = g_hash_table_lookup (self->routes, name);

  return dash ? http_dash_count_viewers (dash) : 0;
}

GPtrArray *
http_router_list_dashes (HttpRouter *self)
{
  GPtrArray *dashes = g_ptr_array_new_with_free_func (dash_unref);
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);
  GHashTableIter iter;
  gpointer dash;

  g_hash_table_iter_init (&iter, self->routes);
  while (g_hash_table_iter_next (&iter, NULL, &dash))
    if (dash)
      g_ptr_array_add (dashes, http_dash_ref (dash));
  return dashes;
}

static gint
compare_names (gconstpointer a, gconstpointer b)
{
  return strcmp (*(const gchar *const *) a, *(const gchar *const *) b);
}

static GPtrArray *
list_names (HttpRouter *self)
{
  GPtrArray *names = g_ptr_array_new_with_free_func (g_free);
  GHashTableIter iter;
  gpointer name;

  g_mutex_lock (&self->lock);
  g_hash_table_iter_init (&iter, self->routes);
  while (g_hash_table_iter_next (&iter, &name, NULL))
    g_ptr_array_add (names, g_strdup (name));
  g_mutex_unlock (&self->lock);
  g_ptr_array_sort (names, compare_names);
  return names;
}

typedef struct {
  gchar *name;    /* of the route */
  HttpDash *dash; /* (nullable) */
  gchar *rest;    /* behind it: NULL, "" after a slash, "manifest.mpd", ... */
} Found;

static void
found_free (Found *found)
{
  g_free (found->name);
  http_dash_unref (found->dash);
  g_free (found->rest);
  g_free (found);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Found, found_free)

/* The route with the longest name that @path begins with, segment by segment.
 */
static Found *
find_route (HttpRouter *self, const gchar *path)
{
  g_autofree gchar *name = g_strdup (path);
  Found *found = NULL;

  g_mutex_lock (&self->lock);
  for (;;) {
    gpointer dash = NULL;
    if (g_hash_table_lookup_extended (self->routes, name, NULL, &dash)) {
      const gchar *rest = path + strlen (name);
      found = g_new0 (Found, 1);
      found->name = g_strdup (name);
      found->dash = dash ? http_dash_ref (dash) : NULL;
      found->rest = *rest == '/' ? g_strdup (rest + 1) : NULL;
      break;
    }
    gchar *slash = strrchr (name, '/');
    if (!slash)
      break;
    *slash = '\0';
  }
  g_mutex_unlock (&self->lock);
  return found;
}

/* ---- answers ---- */

static void
answer_time (HttpRequest *request)
{
  gchar *text = penstock_priv_http_xs_date (g_get_real_time ());
  g_autoptr (GBytes) bytes = g_bytes_new_take (text, strlen (text));

  http_request_set_header (request, "Cache-Control", "no-store");
  http_request_answer (request, SOUP_STATUS_OK, "text/plain", bytes);
}

/* "/live/one" → "/live/one/", as a reference relative to the request. */
static void
answer_redirect (HttpRequest *request)
{
  const gchar *raw = http_request_get_raw_path (request);
  const gchar *query = http_request_get_query (request);
  g_autofree gchar *location = g_strconcat (
      "./", strrchr (raw, '/') + 1, "/", query ? "?" : NULL, query, NULL);

  http_request_set_header (request, "Location", location);
  http_request_set_header (request, "Cache-Control", "no-store");
  http_request_answer (request, SOUP_STATUS_FOUND, NULL, NULL);
}

static void
answer_not_found (HttpRequest *request)
{
  http_pages_answer_error (
      request, SOUP_STATUS_NOT_FOUND, "There is nothing at this address.");
}

static void
answer_route (HttpRequest *request, const Found *found)
{
  if (!found->rest)
    answer_redirect (request);
  else if (*found->rest == '\0')
    http_pages_answer_player (request, found->name,
        found->dash ? HTTP_PLAYER_READY : HTTP_PLAYER_NO_DASH);
  else if (!found->dash || !http_dash_serve (found->dash, request, found->rest))
    answer_not_found (request);
}

void
http_router_answer (HttpRouter *self, HttpRequest *request, HttpStatus *status)
{
  g_autofree gchar *path =
      penstock_priv_http_decode_path (http_request_get_raw_path (request));

  if (!path) {
    http_pages_answer_error (
        request, SOUP_STATUS_BAD_REQUEST, "The address is not valid.");
    return;
  }
  if (*path == '\0') {
    g_autoptr (GPtrArray) routes = list_names (self);
    http_pages_answer_index (request, routes);
    return;
  }
  if (g_str_equal (path, "status.json")) {
    http_status_serve (status, request);
    return;
  }
  if (g_str_equal (path, "time")) {
    answer_time (request);
    return;
  }
  if (g_str_has_prefix (path, "assets/")) {
    if (!http_pages_answer_asset (request, path + strlen ("assets/")))
      answer_not_found (request);
    return;
  }

  g_autoptr (Found) found = find_route (self, path);
  if (found) {
    answer_route (request, found);
  } else if (g_str_has_suffix (path, "/")) {
    g_autofree gchar *name = g_strndup (path, strlen (path) - 1);
    http_pages_answer_player (request, name, HTTP_PLAYER_UNKNOWN);
  } else {
    answer_not_found (request);
  }
}
