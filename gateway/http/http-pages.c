/* SPDX-License-Identifier: MIT
 *
 * Pages and their files (see http-pages.h). Links are relative, so that the
 * pages work behind a proxy that serves them below a prefix. */

#include "http-pages.h"

#include <string.h>

#include "http-server.h"
#include "http-text.h"

#define RESOURCES "/org/penstock/http/"

/* Everything comes from us; media go through blob: URLs of the MediaSource.
 * Nothing of the page can be sent elsewhere, no inline script ever runs. */
#define POLICY                                                                 \
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "  \
  "connect-src 'self'; media-src 'self' blob:; worker-src 'self' blob:; "      \
  "base-uri 'none'; form-action 'none'; frame-ancestors "
/* The player only shows: it may be part of other people's pages. */
#define POLICY_PLAYER POLICY "*"
#define POLICY_PAGE POLICY "'self'"

typedef struct {
  const gchar *name, *type;
} Asset;

static const Asset assets[] = {
  { "style.css", "text/css; charset=utf-8" },
  { "common.js", "text/javascript; charset=utf-8" },
  { "index.js", "text/javascript; charset=utf-8" },
  { "player.js", "text/javascript; charset=utf-8" },
  { "icon.svg", "image/svg+xml" },
  { "dash.js", "text/javascript; charset=utf-8" },
  { "dash.LICENSE.txt", "text/plain; charset=utf-8" },
};

static GBytes *
load (const gchar *name)
{
  g_autofree gchar *path = g_strconcat (RESOURCES, name, NULL);

  return g_resources_lookup_data (path, G_RESOURCE_LOOKUP_FLAGS_NONE, NULL);
}

gboolean
penstock_http_has_player (void)
{
  return g_resources_get_info (
      RESOURCES "dash.js", G_RESOURCE_LOOKUP_FLAGS_NONE, NULL, NULL, NULL);
}

static void
answer_html (
    HttpRequest *request, guint status, const gchar *policy, gchar *html)
{
  g_autoptr (GBytes) bytes = g_bytes_new_take (html, strlen (html));

  http_request_set_header (request, "Content-Security-Policy", policy);
  http_request_set_header (request, "Referrer-Policy", "no-referrer");
  http_request_set_header (request, "Cache-Control", "no-store");
  http_request_answer (request, status, "text/html; charset=utf-8", bytes);
}

/* The list for browsers without scripts; the script replaces it. */
static gchar *
list_routes (GPtrArray *routes)
{
  GString *html = g_string_new (NULL);

  for (guint i = 0; i < routes->len; i++) {
    const gchar *name = g_ptr_array_index (routes, i);
    g_autofree gchar *path = penstock_priv_http_encode_path (name);
    g_autofree gchar *item = penstock_priv_http_fill (
        "<li class=\"card\"><h2><a href=\"./{{path}}/\">{{name}}</a></h2>"
        "</li>\n",
        "path", path, "name", name, NULL);
    g_string_append (html, item);
  }
  return g_string_free (html, FALSE);
}

void
http_pages_answer_index (HttpRequest *request, GPtrArray *routes)
{
  g_autoptr (GBytes) page = load ("index.html");
  g_autofree gchar *list = list_routes (routes);

  answer_html (request, SOUP_STATUS_OK, POLICY_PAGE,
      penstock_priv_http_fill (
          g_bytes_get_data (page, NULL), "routes", list, NULL));
}

static const gchar *
player_mode (HttpPlayer player)
{
  if (player == HTTP_PLAYER_NO_DASH)
    return "no-dash";
  return penstock_http_has_player () ? "play" : "no-player";
}

void
http_pages_answer_player (
    HttpRequest *request, const gchar *route, HttpPlayer player)
{
  g_autoptr (GBytes) page = load ("player.html");
  g_autofree gchar *base =
      penstock_priv_http_base (http_request_get_raw_path (request));
  g_autofree gchar *script = penstock_http_has_player ()
      ? g_strdup_printf (
            "<script src=\"%sassets/dash.js\" defer></script>", base)
      : g_strdup ("");

  answer_html (request,
      player == HTTP_PLAYER_UNKNOWN ? SOUP_STATUS_NOT_FOUND : SOUP_STATUS_OK,
      POLICY_PLAYER,
      penstock_priv_http_fill (g_bytes_get_data (page, NULL), "route", route,
          "base", base, "mode", player_mode (player), "script", script, NULL));
}

void
http_pages_answer_error (HttpRequest *request, guint status, const gchar *text)
{
  const gchar *accept = http_request_get_header (request, "Accept");
  const gchar *title = soup_status_get_phrase (status);

  if (!accept || !strstr (accept, "text/html")) {
    gchar *line = g_strconcat (text, "\n", NULL);
    g_autoptr (GBytes) bytes = g_bytes_new_take (line, strlen (line));
    http_request_set_header (request, "Cache-Control", "no-store");
    http_request_answer (request, status, "text/plain; charset=utf-8", bytes);
    return;
  }
  g_autoptr (GBytes) page = load ("error.html");
  g_autofree gchar *base =
      penstock_priv_http_base (http_request_get_raw_path (request));
  answer_html (request, status, POLICY_PAGE,
      penstock_priv_http_fill (g_bytes_get_data (page, NULL), "base", base,
          "title", title, "text", text, NULL));
}

gboolean
http_pages_answer_asset (HttpRequest *request, const gchar *name)
{
  for (guint i = 0; i < G_N_ELEMENTS (assets); i++) {
    if (!g_str_equal (assets[i].name, name))
      continue;
    g_autoptr (GBytes) bytes = load (name);
    if (!bytes)
      return FALSE;
    g_autofree gchar *sum =
        g_compute_checksum_for_bytes (G_CHECKSUM_SHA1, bytes);
    g_autofree gchar *etag = g_strdup_printf ("\"%.16s\"", sum);
    http_request_set_header (request, "ETag", etag);
    http_request_set_header (request, "Cache-Control", "no-cache");
    if (penstock_priv_http_etag_matches (
            http_request_get_header (request, "If-None-Match"), etag))
      http_request_answer_empty (request, SOUP_STATUS_NOT_MODIFIED);
    else
      http_request_answer (request, SOUP_STATUS_OK, assets[i].type, bytes);
    return TRUE;
  }
  return FALSE;
}
