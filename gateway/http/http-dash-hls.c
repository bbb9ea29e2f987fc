/* SPDX-License-Identifier: MIT
 *
 * What HLS players of low latency ask for: chunks of segments under names of
 * their own, and playlists that have come to a certain place (see
 * http-dash-private.h; draft-pantos-hls-rfc8216bis, section 6.2.5). */

#include "http-dash-private.h"

#define PLAYLIST ".m3u8"

/* In target durations: how long a playlist is waited for, and how long caches
 * may keep one that was (section 6.2.5.2, appendix B.1). */
#define PATIENCE_TARGETS 3
/* For the first playlist of a route that is about to start: players give up
 * after a few answers that there is none. */
#define START_PATIENCE_MS 5000
#define CACHED_TARGETS 6

/* ---- how far playlists have come ---- */

typedef struct {
  gchar *etag;
  HttpHlsPosition position;
} HttpKnownPosition;

static void
known_position_free (gpointer data)
{
  HttpKnownPosition *known = data;

  g_free (known->etag);
  g_free (known);
}

GHashTable *
http_dash_positions_new (void)
{
  return g_hash_table_new_full (
      g_str_hash, g_str_equal, g_free, known_position_free);
}

/* Read once for all who wait. (nullable): it is not a media playlist. */
static const HttpHlsPosition *
position_of (HttpDash *self, const gchar *path, const PenstockStoredFile *file)
{
  HttpKnownPosition *known = g_hash_table_lookup (self->positions, path);

  if (!known || g_strcmp0 (known->etag, file->etag) != 0) {
    g_autoptr (GBytes) text = http_dash_join (file->chunks);

    known = g_new0 (HttpKnownPosition, 1);
    known->etag = g_strdup (file->etag);
    penstock_priv_http_hls_read_position (g_bytes_get_data (text, NULL),
        g_bytes_get_size (text), &known->position);
    g_hash_table_replace (self->positions, g_strdup (path), known);
  }
  return known->position.target_s ? &known->position : NULL;
}

/* ---- playlists ---- */

static void
answer_playlist (HttpDash *self, HttpRequest *request,
    const PenstockStoredFile *file, guint target_s)
{
  g_autofree gchar *cache =
      g_strdup_printf ("public, max-age=%u", CACHED_TARGETS * target_s);
  g_autoptr (GBytes) text = http_dash_join (file->chunks);

  http_request_set_header (request, "Cache-Control", cache);
  http_request_set_header (request, "ETag", file->etag);
  http_request_answer (request, SOUP_STATUS_OK, file->content_type, text);
}

static void
answer_bad_wish (HttpRequest *request)
{
  http_request_set_header (request, "Cache-Control", "no-store");
  http_request_answer (request, SOUP_STATUS_BAD_REQUEST, NULL, NULL);
}

void
http_dash_answer_stale_playlist (HttpRequest *request)
{
  http_request_set_header (request, "Cache-Control", "no-store");
  http_request_answer (request, SOUP_STATUS_SERVICE_UNAVAILABLE, NULL, NULL);
}

/* Nothing has been written yet, so nobody knows what there will be. */
static gboolean
is_about_to_start (HttpDash *self)
{
  g_autoptr (PenstockStoredFile) mpd =
      penstock_segment_store_read (self->store, "manifest.mpd");

  return mpd == NULL;
}

static void
hold_for_start (HttpWaiter *waiter)
{
  if (!waiter->hold)
    http_dash_hold (
        waiter, MIN (START_PATIENCE_MS, waiter->dash->limits.max_hold_ms));
}

gboolean
http_dash_update_playlist (HttpWaiter *waiter)
{
  HttpDash *self = waiter->dash;
  g_autoptr (PenstockStoredFile) file =
      penstock_segment_store_read (self->store, waiter->path);
  const HttpHlsPosition *position =
      file ? position_of (self, waiter->path, file) : NULL;

  if (!file && is_about_to_start (self)) {
    hold_for_start (waiter);
    return TRUE;
  }
  if (!position) {
    http_dash_answer_absent (waiter->request);
    return FALSE;
  }
  switch (penstock_priv_http_hls_look (position, &waiter->wish)) {
  case HTTP_HLS_THERE:
    answer_playlist (self, waiter->request, file, position->target_s);
    return FALSE;
  case HTTP_HLS_TOO_FAR:
    answer_bad_wish (waiter->request);
    return FALSE;
  case HTTP_HLS_SOON:
    break;
  }
  if (!waiter->hold)
    http_dash_hold (waiter,
        MIN (PATIENCE_TARGETS * position->target_s * 1000,
            self->limits.max_hold_ms));
  return TRUE;
}

/* FALSE: there is no reason to wait. */
static gboolean
wait_for_start (HttpDash *self, HttpRequest *request, const gchar *path)
{
  g_autoptr (PenstockStoredFile) file =
      penstock_segment_store_read (self->store, path);
  HttpWaiter *waiter;

  if (file || !is_about_to_start (self))
    return FALSE;
  waiter = http_dash_add_waiter (self, request, WAITS_FOR_FILE, path);
  hold_for_start (waiter);
  http_dash_wait (waiter, TRUE);
  return TRUE;
}

gboolean
http_dash_serve_playlist (
    HttpDash *self, HttpRequest *request, const gchar *path)
{
  HttpHlsWish wish;
  HttpWaiter *waiter;

  if (!g_str_has_suffix (path, PLAYLIST))
    return FALSE;
  switch (penstock_priv_http_hls_parse_query (
      http_request_get_query (request), &wish)) {
  case HTTP_HLS_NO_WISH:
    return wait_for_start (self, request, path);
  case HTTP_HLS_BAD_WISH:
    answer_bad_wish (request);
    return TRUE;
  case HTTP_HLS_WISH:
    break;
  }
  waiter = http_dash_add_waiter (self, request, WAITS_FOR_PLAYLIST, path);
  waiter->wish = wish;
  http_dash_wait (waiter, http_dash_update_playlist (waiter));
  return TRUE;
}

/* ---- parts ---- */

static void
answer_part (
    HttpDash *self, HttpRequest *request, const gchar *type, GBytes *chunk)
{
  g_autofree gchar *cache =
      g_strdup_printf ("public, max-age=%u", http_dash_get_window (self));

  http_request_set_header (request, "Cache-Control", cache);
  http_request_answer (request, SOUP_STATUS_OK, type, chunk);
}

gboolean
http_dash_update_part (HttpWaiter *waiter)
{
  HttpDash *self = waiter->dash;
  g_autoptr (PenstockStoredFile) file =
      penstock_segment_store_read (self->store, waiter->path);
  gboolean comes = file
      ? !file->complete
      : penstock_segment_store_is_expected (self->store, waiter->path, NULL);

  if (file && waiter->n_chunks < file->chunks->len) {
    answer_part (self, waiter->request, file->content_type,
        file->chunks->pdata[waiter->n_chunks]);
    return FALSE;
  }
  if (!comes)
    http_dash_answer_absent (waiter->request);
  return comes;
}

gboolean
http_dash_serve_part (
    HttpDash *self, HttpRequest *request, const gchar *path, gboolean *found)
{
  g_autofree gchar *name = NULL;
  g_autoptr (PenstockStoredFile) file = NULL;
  HttpWaiter *waiter;
  guint part, patience_ms;

  if (!penstock_priv_http_hls_parse_part (path, &name, &part))
    return FALSE;
  file = penstock_segment_store_read (self->store, name);
  if (file)
    patience_ms = self->limits.hold_ms;
  else
    patience_ms = part == 0 ? http_dash_get_patience (self, name) : 0;
  *found = patience_ms > 0 && (!file || part <= file->chunks->len);
  if (!*found)
    return TRUE;
  waiter = http_dash_add_waiter (self, request, WAITS_FOR_PART, name);
  waiter->n_chunks = part;
  http_dash_hold (waiter, patience_ms);
  http_dash_wait (waiter, http_dash_update_part (waiter));
  return TRUE;
}
