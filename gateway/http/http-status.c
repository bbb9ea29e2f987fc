/* SPDX-License-Identifier: MIT
 *
 * The status and its cache (see http-status.h). One question at a time is on
 * its way to the control context; all requests that come meanwhile share the
 * answer. A question that the control context does not get to in time is
 * answered 503: nothing here waits for ever. */

#include "http-status.h"

#include "../log.h"

struct _HttpStatus {
  gint refs; /* atomic; the owner and the question on its way */
  GMainContext *control, *http;
  HttpLimits limits;
  PenstockHttpStatusFunc status; /* control context; NULL once freed */
  gpointer user_data;

  /* HTTP thread only */
  GBytes *cached;
  gint64 cached_at; /* monotonic µs */
  gboolean asking;
  GSource *patience;  /* while requests wait */
  GPtrArray *waiting; /* of HttpRequest */
  gboolean closed;
};

typedef struct {
  HttpStatus *self;
  GBytes *bytes;
} Answer;

static HttpStatus *
status_ref (HttpStatus *self)
{
  g_atomic_int_inc (&self->refs);
  return self;
}

static void
status_unref (gpointer data)
{
  HttpStatus *self = data;

  if (!g_atomic_int_dec_and_test (&self->refs))
    return;
  g_main_context_unref (self->control);
  g_main_context_unref (self->http);
  g_clear_pointer (&self->cached, g_bytes_unref);
  g_ptr_array_unref (self->waiting);
  g_free (self);
}

static void
answer_free (gpointer data)
{
  Answer *answer = data;

  g_bytes_unref (answer->bytes);
  status_unref (answer->self);
  g_free (answer);
}

static void
answer_one (HttpRequest *request, GBytes *bytes)
{
  http_request_set_header (request, "Cache-Control", "no-store");
  if (bytes) {
    http_request_answer (
        request, SOUP_STATUS_OK, "application/json; charset=utf-8", bytes);
  } else {
    http_request_set_header (request, "Retry-After", "1");
    http_request_answer (request, SOUP_STATUS_SERVICE_UNAVAILABLE, NULL, NULL);
  }
}

/* @bytes: (nullable): NULL when there is no status. */
static void
answer_all (HttpStatus *self, GBytes *bytes)
{
  if (self->patience) {
    g_source_destroy (self->patience);
    g_clear_pointer (&self->patience, g_source_unref);
  }
  while (self->waiting->len > 0) {
    HttpRequest *request =
        g_ptr_array_steal_index_fast (self->waiting, self->waiting->len - 1);
    http_request_forget (request);
    answer_one (request, bytes);
  }
}

/* HTTP thread: the control context has answered. */
static gboolean
on_answer (gpointer user_data)
{
  Answer *answer = user_data;
  HttpStatus *self = answer->self;

  self->asking = FALSE;
  g_clear_pointer (&self->cached, g_bytes_unref);
  self->cached = g_bytes_ref (answer->bytes);
  self->cached_at = g_get_monotonic_time ();
  answer_all (self, self->cached);
  return G_SOURCE_REMOVE;
}

/* Control context. */
static gboolean
on_question (gpointer user_data)
{
  HttpStatus *self = user_data;

  if (!self->status)
    return G_SOURCE_REMOVE;
  Answer *answer = g_new0 (Answer, 1);
  answer->self = status_ref (self);
  answer->bytes = self->status (self->user_data);
  penstock_control_post (self->http, on_answer, answer, answer_free);
  return G_SOURCE_REMOVE;
}

static gboolean
on_patience_over (gpointer user_data)
{
  HttpStatus *self = user_data;

  penstock_warning ("http",
      "the control context has not answered within "
      "%u ms",
      self->limits.status_wait_ms);
  answer_all (self, NULL);
  return G_SOURCE_REMOVE;
}

static void
on_request_ended (HttpRequest *request, gpointer user_data)
{
  HttpStatus *self = user_data;

  g_ptr_array_remove_fast (self->waiting, request);
}

void
http_status_serve (HttpStatus *self, HttpRequest *request)
{
  gint64 age = g_get_monotonic_time () - self->cached_at;

  if (self->closed ||
      (self->cached &&
          age <= self->limits.status_cache_ms * G_TIME_SPAN_MILLISECOND)) {
    answer_one (request, self->closed ? NULL : self->cached);
    return;
  }
  g_ptr_array_add (self->waiting, request);
  http_request_wait (request, on_request_ended, self);
  if (!self->patience) {
    self->patience = g_timeout_source_new (self->limits.status_wait_ms);
    g_source_set_callback (self->patience, on_patience_over, self, NULL);
    g_source_attach (self->patience, self->http);
  }
  if (self->asking)
    return;
  self->asking = TRUE;
  penstock_control_post (
      self->control, on_question, status_ref (self), status_unref);
}

void
http_status_set_limits (HttpStatus *self, const HttpLimits *limits)
{
  self->limits = *limits;
}

HttpStatus *
http_status_new (GMainContext *control, GMainContext *http,
    const HttpLimits *limits, PenstockHttpStatusFunc status, gpointer user_data)
{
  HttpStatus *self = g_new0 (HttpStatus, 1);

  self->refs = 1;
  self->control = g_main_context_ref (control);
  self->http = g_main_context_ref (http);
  self->limits = *limits;
  self->status = status;
  self->user_data = user_data;
  self->waiting = g_ptr_array_new ();
  return self;
}

void
http_status_close (HttpStatus *self)
{
  self->closed = TRUE;
  answer_all (self, NULL);
}

void
http_status_free (HttpStatus *self)
{
  if (!self)
    return;
  self->status = NULL;
  status_unref (self);
}
