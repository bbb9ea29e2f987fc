/* SPDX-License-Identifier: MIT
 *
 * DASH files over HTTP (see http-dash.h).
 *
 * The store tells of changes in its writer's thread. Nothing is done there but
 * to wake the HTTP thread, once for any number of changes, and only while a
 * request waits. */

#include "http-dash-private.h"

#include <string.h>

#include "http-text.h"

/* Shared caches may keep media as long as the MPD announces it; this long when
 * the MPD does not say. Seconds. */
#define DEFAULT_WINDOW_S 60

#define DASH_MPD "application/dash+xml"
#define MEDIA_SEGMENT ".m4s"
#define HLS_PLAYLIST "application/vnd.apple.mpegurl"

/* ---- answers ---- */

static void
set_cache_headers (HttpRequest *request, const gchar *type, guint window_s)
{
  if (g_str_has_prefix (type, DASH_MPD) ||
      g_str_has_prefix (type, HLS_PLAYLIST)) {
    http_request_set_header (request, "Cache-Control", "no-cache");
    return;
  }
  g_autofree gchar *value = g_strdup_printf ("public, max-age=%u", window_s);
  http_request_set_header (request, "Cache-Control", value);
}

GBytes *
http_dash_join (GPtrArray *chunks)
{
  if (chunks->len == 1)
    return g_bytes_ref (chunks->pdata[0]);

  GByteArray *all = g_byte_array_new ();
  for (guint i = 0; i < chunks->len; i++) {
    gsize size;
    const guint8 *data = g_bytes_get_data (chunks->pdata[i], &size);
    g_byte_array_append (all, data, size);
  }
  return g_byte_array_free_to_bytes (all);
}

guint
http_dash_get_window (HttpDash *self)
{
  g_autoptr (PenstockStoredFile) mpd =
      penstock_segment_store_read (self->store, "manifest.mpd");

  if (!mpd)
    return DEFAULT_WINDOW_S;
  if (g_strcmp0 (mpd->etag, self->window_etag) != 0) {
    g_autoptr (GBytes) bytes = http_dash_join (mpd->chunks);
    g_autofree gchar *text =
        g_strndup (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes));
    self->window_s = penstock_priv_http_mpd_window_s (text, DEFAULT_WINDOW_S);
    g_free (self->window_etag);
    self->window_etag = g_strdup (mpd->etag);
  }
  return self->window_s;
}

/* The part of each chunk that lies in [first, last] of the file. */
static void
add_range (HttpRequest *request, GPtrArray *chunks, guint64 first, guint64 last)
{
  guint64 start = 0;

  for (guint i = 0; i < chunks->len && start <= last; i++) {
    GBytes *chunk = chunks->pdata[i];
    guint64 size = g_bytes_get_size (chunk);
    guint64 from = MAX (first, start);
    guint64 to = MIN (last + 1, start + size);
    if (from < to) {
      g_autoptr (GBytes) part = from == start && to == start + size
          ? g_bytes_ref (chunk)
          : g_bytes_new_from_bytes (chunk, from - start, to - from);
      http_request_add (request, part);
    }
    start += size;
  }
}

/* An MPD is answered per request: the address of its clock has to be absolute,
 * and only the request knows how the client calls us. */
static void
answer_mpd (HttpRequest *request, const PenstockStoredFile *file)
{
  g_autoptr (GBytes) bytes = http_dash_join (file->chunks);
  g_autofree gchar *origin = http_request_get_origin (request);
  g_autofree gchar *url = g_strconcat (origin, "/time", NULL);
  gsize size;
  const gchar *text = g_bytes_get_data (bytes, &size);
  gchar *with_time = penstock_priv_http_mpd_with_time (text, size, url);

  if (with_time) {
    g_autoptr (GBytes) changed =
        g_bytes_new_take (with_time, strlen (with_time));
    http_request_answer (request, SOUP_STATUS_OK, DASH_MPD, changed);
  } else {
    http_request_answer (request, SOUP_STATUS_OK, DASH_MPD, bytes);
  }
}

static HttpRange
wanted_range (HttpRequest *request, const PenstockStoredFile *file,
    guint64 *first, guint64 *last)
{
  const gchar *if_range = http_request_get_header (request, "If-Range");

  /* Strong comparison; dates never match, we send none. */
  if (if_range && g_strcmp0 (if_range, file->etag) != 0)
    return HTTP_RANGE_NONE;
  return penstock_priv_http_parse_range (
      http_request_get_header (request, "Range"), file->size, first, last);
}

static void
answer_whole (HttpRequest *request, const PenstockStoredFile *file)
{
  guint64 first = 0, last = file->size - 1;
  g_autofree gchar *content_range = NULL;

  http_request_set_header (request, "Accept-Ranges", "bytes");
  switch (wanted_range (request, file, &first, &last)) {
  case HTTP_RANGE_UNSATISFIED:
    content_range = g_strdup_printf ("bytes */%" G_GSIZE_FORMAT, file->size);
    http_request_set_header (request, "Content-Range", content_range);
    http_request_set_header (request, "Cache-Control", "no-store");
    http_request_answer (
        request, SOUP_STATUS_REQUESTED_RANGE_NOT_SATISFIABLE, NULL, NULL);
    return;
  case HTTP_RANGE_PART:
    content_range = g_strdup_printf ("bytes %" G_GUINT64_FORMAT
                                     "-%" G_GUINT64_FORMAT "/%" G_GSIZE_FORMAT,
        first, last, file->size);
    http_request_set_header (request, "Content-Range", content_range);
    http_request_begin (request, SOUP_STATUS_PARTIAL_CONTENT,
        file->content_type, last - first + 1);
    break;
  case HTTP_RANGE_NONE:
    http_request_begin (
        request, SOUP_STATUS_OK, file->content_type, file->size);
    break;
  }
  if (file->size)
    add_range (request, file->chunks, first, last);
  http_request_finish (request);
}

void
http_dash_answer_complete (
    HttpDash *self, HttpRequest *request, const PenstockStoredFile *file)
{
  set_cache_headers (request, file->content_type, http_dash_get_window (self));
  http_request_set_header (request, "ETag", file->etag);
  if (penstock_priv_http_etag_matches (
          http_request_get_header (request, "If-None-Match"), file->etag))
    http_request_answer_empty (request, SOUP_STATUS_NOT_MODIFIED);
  else if (g_str_has_prefix (file->content_type, DASH_MPD))
    answer_mpd (request, file);
  else
    answer_whole (request, file);
}

/* ---- waiting ---- */

static void
waiter_free (HttpWaiter *waiter)
{
  http_request_forget (waiter->request);
  if (waiter->hold) {
    g_source_destroy (waiter->hold);
    g_source_unref (waiter->hold);
  }
  g_free (waiter->path);
  g_free (waiter->etag);
  g_free (waiter);
}

void
http_dash_remove_waiter (HttpWaiter *waiter)
{
  HttpDash *self = waiter->dash;

  g_ptr_array_remove_fast (self->waiters, waiter);
  g_atomic_int_set (&self->n_waiting, self->waiters->len);
}

static void
on_request_ended (HttpRequest *request, gpointer user_data)
{
  http_dash_remove_waiter (user_data);
}

void
http_dash_answer_absent (HttpRequest *request)
{
  http_request_set_header (request, "Cache-Control", "no-store");
  http_request_answer (request, SOUP_STATUS_NOT_FOUND, NULL, NULL);
}

static gboolean
on_patience_over (gpointer user_data)
{
  HttpWaiter *waiter = user_data;
  HttpRequest *request = waiter->request;

  gboolean playlist = waiter->kind == WAITS_FOR_PLAYLIST;

  http_dash_remove_waiter (waiter);
  if (playlist)
    http_dash_answer_stale_playlist (request);
  else
    http_dash_answer_absent (request);
  return G_SOURCE_REMOVE;
}

HttpWaiter *
http_dash_add_waiter (HttpDash *self, HttpRequest *request, HttpWaiterKind kind,
    const gchar *path)
{
  HttpWaiter *waiter = g_new0 (HttpWaiter, 1);

  waiter->kind = kind;
  waiter->dash = self;
  waiter->request = request;
  waiter->path = g_strdup (path);
  waiter->expected =
      penstock_segment_store_is_expected (self->store, path, NULL);
  g_ptr_array_add (self->waiters, waiter);
  g_atomic_int_set (&self->n_waiting, self->waiters->len);
  return waiter;
}

void
http_dash_hold (HttpWaiter *waiter, guint patience_ms)
{
  HttpConnection *connection = http_request_get_connection (waiter->request);

  waiter->hold = g_timeout_source_new (patience_ms);
  g_source_set_callback (waiter->hold, on_patience_over, waiter, NULL);
  g_source_attach (waiter->hold,
      connection ? http_connection_get_nest (connection)
                 : waiter->dash->context);
}

void
http_dash_wait (HttpWaiter *waiter, gboolean waits)
{
  if (waits)
    http_request_wait (waiter->request, on_request_ended, waiter);
  else
    http_dash_remove_waiter (waiter);
}

/* Queues what is new of a growing file, which begins behind the chunks that
 * were queued. Returns FALSE when the answer has come to its end, good or bad.
 */
static gboolean
send_growth (HttpWaiter *waiter, const PenstockStoredFile *file)
{
  HttpConnection *connection = http_request_get_connection (waiter->request);

  /* Gone or replaced before it was whole: what was sent is no file. */
  if (!file) {
    http_request_abort (waiter->request, "the file was withdrawn");
    return FALSE;
  }
  for (guint i = 0; i < file->chunks->len; i++)
    http_request_add (waiter->request, file->chunks->pdata[i]);
  waiter->n_chunks += file->chunks->len;
  if (connection &&
      http_connection_get_pending (connection) >
          waiter->dash->limits.max_pending_bytes) {
    http_request_abort (waiter->request, "the reader is too far behind");
    return FALSE;
  }
  if (!file->complete)
    return TRUE;
  http_request_finish (waiter->request);
  return FALSE;
}

/* Starts to send a file that still grows: chunked, so that nobody takes a part
 * for the whole; never with a range, nobody knows of what. */
static gboolean
begin_growing (HttpWaiter *waiter, const PenstockStoredFile *file)
{
  HttpDash *self = waiter->dash;
  HttpRequest *request = waiter->request;

  waiter->etag = g_strdup (file->etag);
  waiter->n_chunks = 0;
  set_cache_headers (request, file->content_type, http_dash_get_window (self));
  http_request_set_header (request, "ETag", file->etag);
  http_request_begin (request, SOUP_STATUS_OK, file->content_type, -1);
  return send_growth (waiter, file);
}

/* Returns FALSE when the request needs no waiting any more. */
static gboolean
update_file (HttpWaiter *waiter)
{
  HttpDash *self = waiter->dash;
  g_autoptr (PenstockStoredFile) file = waiter->etag
      ? penstock_segment_store_read_more (
            self->store, waiter->path, waiter->etag, waiter->n_chunks)
      : penstock_segment_store_read (self->store, waiter->path);

  if (waiter->etag)
    return send_growth (waiter, file);
  if (!file && waiter->expected &&
      !penstock_segment_store_is_expected (self->store, waiter->path, NULL)) {
    /* Another one comes in its place: a Period has ended. */
    http_dash_answer_absent (waiter->request);
    return FALSE;
  }
  if (!file)
    return TRUE;
  g_source_destroy (waiter->hold);
  if (!file->complete)
    return begin_growing (waiter, file);
  http_dash_answer_complete (self, waiter->request, file);
  return FALSE;
}

static gboolean
update_waiter (HttpWaiter *waiter)
{
  switch (waiter->kind) {
  case WAITS_FOR_PART:
    return http_dash_update_part (waiter);
  case WAITS_FOR_PLAYLIST:
    return http_dash_update_playlist (waiter);
  default:
    return update_file (waiter);
  }
}

static gboolean
on_store_moved (gpointer user_data)
{
  HttpDash *self = user_data;

  g_atomic_int_set (&self->wake_scheduled, FALSE);
  /* Backwards: the last one moves into the place of one that is removed. */
  for (guint i = self->waiters->len; i-- > 0;) {
    HttpWaiter *waiter = self->waiters->pdata[i];
    if (!update_waiter (waiter))
      http_dash_remove_waiter (waiter);
  }
  return G_SOURCE_REMOVE;
}

/* Writer's thread. */
static void
on_store_changed (
    PenstockSegmentStore *store, const gchar *path, HttpDash *self)
{
  if (g_atomic_int_get (&self->n_waiting) == 0 ||
      !g_atomic_int_compare_and_exchange (&self->wake_scheduled, FALSE, TRUE))
    return;

  g_autoptr (GSource) source = g_idle_source_new ();
  g_source_set_priority (source, G_PRIORITY_DEFAULT);
  g_source_set_callback (source, on_store_moved, http_dash_ref (self),
      (GDestroyNotify) http_dash_unref);
  g_source_attach (source, self->context);
}

/* ---- the object ---- */

/* Until it is due, and a margin.
 *
 * Players without a clock (ffmpeg) ask for the next segment as soon as they
 * have the last, and a 404 makes them skip it. Where segments can be read while
 * they grow nobody has the last so early. */
guint
http_dash_get_patience (HttpDash *self, const gchar *path)
{
  g_autofree gchar *name = penstock_priv_http_previous_segment (path);
  g_autoptr (PenstockStoredFile) last =
      name ? penstock_segment_store_read (self->store, name) : NULL;
  gint64 due;

  if (!penstock_segment_store_is_expected (self->store, path, &due))
    return 0;
  gint64 wait_ms = MAX (due - g_get_real_time (), 0) / 1000;
  if (last && !last->complete && wait_ms > self->limits.hold_ms)
    return 0;
  return MIN (wait_ms + self->limits.hold_ms, self->limits.max_hold_ms);
}

/* Asking for a media segment makes a viewer; asking for an MPD does not. */
static void
note_viewer (HttpDash *self, HttpRequest *request, const gchar *path)
{
  const gchar *host = http_request_get_host (request);

  if (host && g_str_has_suffix (path, MEDIA_SEGMENT))
    penstock_priv_http_viewers_note (self->viewers, host,
        http_request_get_header (request, "User-Agent"),
        g_get_monotonic_time ());
}

guint
http_dash_count_viewers (HttpDash *self)
{
  return penstock_priv_http_viewers_count (
      self->viewers, g_get_monotonic_time ());
}

gboolean
http_dash_serve (HttpDash *self, HttpRequest *request, const gchar *path)
{
  g_autoptr (PenstockStoredFile) file = NULL;
  HttpWaiter *waiter;
  gboolean found;

  if (self->closed)
    return FALSE;
  if (http_dash_serve_playlist (self, request, path))
    return TRUE;
  if (http_dash_serve_part (self, request, path, &found)) {
    if (found)
      note_viewer (self, request, path);
    return found;
  }
  file = penstock_segment_store_read (self->store, path);
  if (file)
    note_viewer (self, request, path);
  if (file && file->complete) {
    http_dash_answer_complete (self, request, file);
    return TRUE;
  }
  guint patience_ms = file ? 0 : http_dash_get_patience (self, path);
  if (!file && patience_ms == 0)
    return FALSE;

  /* From here on changes wake us; one that came in between is seen by looking
   * a second time. */
  waiter = http_dash_add_waiter (self, request, WAITS_FOR_FILE, path);
  if (!file)
    http_dash_hold (waiter, patience_ms);
  http_dash_wait (waiter,
      (!file || begin_growing (waiter, file)) && update_waiter (waiter));
  return TRUE;
}

HttpDash *
http_dash_new (
    const gchar *store, GMainContext *context, const HttpLimits *limits)
{
  HttpDash *self = g_new0 (HttpDash, 1);

  self->refs = 1;
  self->context = g_main_context_ref (context);
  self->limits = *limits;
  self->store = penstock_segment_store_get (store);
  self->waiters = g_ptr_array_new_with_free_func ((GDestroyNotify) waiter_free);
  self->positions = http_dash_positions_new ();
  self->window_s = DEFAULT_WINDOW_S;
  self->viewers = penstock_priv_http_viewers_new (
      limits->viewer_ms * G_TIME_SPAN_MILLISECOND);
  self->changed_id = g_signal_connect_data (self->store, "changed",
      G_CALLBACK (on_store_changed), http_dash_ref (self),
      (GClosureNotify) (GCallback) http_dash_unref, 0);
  return self;
}

void
http_dash_set_limits (HttpDash *self, const HttpLimits *limits)
{
  self->limits = *limits;
  penstock_priv_http_viewers_set_memory (
      self->viewers, limits->viewer_ms * G_TIME_SPAN_MILLISECOND);
}

HttpDash *
http_dash_ref (HttpDash *self)
{
  g_atomic_int_inc (&self->refs);
  return self;
}

void
http_dash_unref (HttpDash *self)
{
  if (!self || !g_atomic_int_dec_and_test (&self->refs))
    return;
  penstock_priv_http_viewers_free (self->viewers);
  g_ptr_array_unref (self->waiters);
  g_hash_table_unref (self->positions);
  g_object_unref (self->store);
  g_main_context_unref (self->context);
  g_free (self->window_etag);
  g_free (self);
}

void
http_dash_end_waiting (HttpDash *self)
{
  while (self->waiters->len > 0) {
    HttpWaiter *waiter = self->waiters->pdata[self->waiters->len - 1];
    HttpRequest *request = waiter->request;
    gboolean begun = waiter->etag != NULL;
    http_dash_remove_waiter (waiter);
    if (begun)
      http_request_abort (request, "the route is gone");
    else
      http_dash_answer_absent (request);
  }
}

void
http_dash_close (HttpDash *self)
{
  if (self->closed)
    return;
  self->closed = TRUE;
  g_signal_handler_disconnect (self->store, self->changed_id);
  http_dash_end_waiting (self);
}
