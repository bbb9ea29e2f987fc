/* SPDX-License-Identifier: MIT
 *
 * A push target. See rtmp-push.h. The client makes the attempts; here is when
 * there is another one. Everything runs on one I/O loop. */

#include "rtmp-push.h"

#include "rtmp-backoff.h"
#include "rtmp-client.h"
#include "rtmp-io.h"
#include "rtmp-path.h"
#include "rtmp-playback-private.h"

struct _PenstockRtmpPush {
  gint ref_count; /* the owner's, and of what is posted */

  /* Never changed. */
  gchar *url, *user, *password;
  PenstockRtmpTls tls;
  guint connect_timeout_ms;
  PenstockLoop *loop;
  PenstockRtmpPlayback *playback;
  PenstockRtmpPushFunc func;
  gpointer user_data;

  guint32 video, audio; /* FourCCs; atomic */

  /* Loop's thread. */
  PenstockRtmpClient *client; /* NULL between attempts */
  PenstockLoopTimer retry;
  PenstockRtmpBackoff backoff;
  gint64 published; /* since, milliseconds; 0 = not */
  gboolean open;    /* not shut down */
  guint waker;      /* while open */
  gboolean ended;   /* nothing is appended any more */

  GMutex lock; /* guards the rest */
  PenstockRtmpPushStats stats;
};

static void fail (PenstockRtmpPush *push, const gchar *reason);

const gchar *
penstock_rtmp_push_state_to_string (PenstockRtmpPushState state)
{
  static const gchar *const names[] = { "waiting", "connecting", "publishing",
    "retrying", "ended" };

  g_return_val_if_fail (state < G_N_ELEMENTS (names), NULL);
  return names[state];
}

static PenstockRtmpPush *
push_ref (PenstockRtmpPush *push)
{
  g_atomic_int_inc (&push->ref_count);
  return push;
}

static void
push_unref (gpointer data)
{
  PenstockRtmpPush *push = data;

  if (!g_atomic_int_dec_and_test (&push->ref_count))
    return;
  penstock_rtmp_playback_unref (push->playback);
  g_mutex_clear (&push->lock);
  g_free (push->stats.reason);
  g_free (push->url);
  g_free (push->user);
  g_free (push->password);
  penstock_rtmp_tls_clear (&push->tls);
  g_free (push);
  penstock_rtmp_io_release ();
}

/* Runs @func on the loop with a reference of its own. */
static void
post (PenstockRtmpPush *push, PenstockLoopFunc func)
{
  penstock_loop_post (push->loop, func, push_ref (push));
}

/* --- state ---------------------------------------------------------------- */

static void
set_state (
    PenstockRtmpPush *push, PenstockRtmpPushState state, const gchar *reason)
{
  g_mutex_lock (&push->lock);
  gboolean news = push->stats.state != state;
  if (news)
    push->stats.since = g_get_real_time ();
  push->stats.state = state;
  if (g_strcmp0 (push->stats.reason, reason) != 0) {
    news = TRUE;
    g_free (push->stats.reason);
    push->stats.reason = g_strdup (reason);
  }
  g_mutex_unlock (&push->lock);
  if (news)
    push->func (state, reason, push->user_data);
}

/* --- attempts (loop's thread) --------------------------------------------- */

/* (nullable) (transfer full): the server cannot take the stream. */
static gchar *
dup_codec_problem (PenstockRtmpPush *push)
{
  const guint32 codecs[] = {
    __atomic_load_n (&push->video, __ATOMIC_RELAXED),
    __atomic_load_n (&push->audio, __ATOMIC_RELAXED),
  };

  for (guint i = 0; i < G_N_ELEMENTS (codecs); i++)
    if (codecs[i] != 0 && !penstock_rtmp_client_takes (push->client, codecs[i]))
      return g_strdup_printf (
          "the server has not announced that it takes the codec \"%c%c%c%c\" "
          "(Enhanced RTMP)",
          codecs[i] >> 24, codecs[i] >> 16 & 0xff, codecs[i] >> 8 & 0xff,
          codecs[i] & 0xff);
  return NULL;
}

static void
on_started (const PenstockRtmpPublication *publication, gpointer data)
{
  PenstockRtmpPush *push = data;
  g_autofree gchar *problem = dup_codec_problem (push);

  if (problem) {
    fail (push, problem);
    return;
  }
  push->published = penstock_loop_now (push->loop);
  g_mutex_lock (&push->lock);
  push->stats.connections++;
  g_mutex_unlock (&push->lock);
  set_state (push, PENSTOCK_RTMP_PUSH_PUBLISHING, NULL);
}

static void
finish (PenstockRtmpPush *push)
{
  g_clear_pointer (&push->client, penstock_rtmp_client_free);
  penstock_loop_clear_timer (push->loop, &push->retry);
  set_state (push, PENSTOCK_RTMP_PUSH_ENDED, NULL);
}

static void
on_ended (PenstockRtmpEnd end, const gchar *detail, gpointer data)
{
  PenstockRtmpPush *push = data;

  if (end == PENSTOCK_RTMP_END_SHUTDOWN)
    finish (push);
  else
    fail (push, detail);
}

static void
connect_now (PenstockRtmpPush *push)
{
  const PenstockRtmpClientSettings settings = {
    .url = push->url,
    .user = push->user,
    .password = push->password,
    .tls = &push->tls,
    .connect_timeout_ms = push->connect_timeout_ms,
  };
  const PenstockRtmpCallbacks callbacks = { .started = on_started,
    .ended = on_ended };
  g_autoptr (GError) error = NULL;

  push->client = penstock_rtmp_client_publish (
      &settings, push->loop, push->playback, &callbacks, push, &error);
  if (!push->client)
    fail (push, error->message);
}

/* What was being done has failed: another attempt later. */
static void
fail (PenstockRtmpPush *push, const gchar *reason)
{
  gint64 now = penstock_loop_now (push->loop);
  gint64 lasted = push->published != 0 ? now - push->published : 0;

  push->published = 0;
  g_clear_pointer (&push->client, penstock_rtmp_client_free);
  g_mutex_lock (&push->lock);
  push->stats.failures++;
  g_mutex_unlock (&push->lock);
  set_state (push, PENSTOCK_RTMP_PUSH_RETRYING, reason);
  if (push->ended)
    finish (push);
  else
    penstock_loop_set_timer (push->loop, &push->retry,
        penstock_rtmp_backoff_next (&push->backoff, lasted, g_random_int ()));
}

/* Something was appended, and an attempt was waiting for that. */
static void
on_media (gpointer data)
{
  PenstockRtmpPush *push = data;

  if (push->open && !push->client) {
    if (push->stats.state == PENSTOCK_RTMP_PUSH_WAITING)
      set_state (push, PENSTOCK_RTMP_PUSH_CONNECTING, NULL);
    connect_now (push);
  }
  push_unref (push);
}

/* Writer's thread. */
static void
wake (gpointer data)
{
  post (data, on_media);
}

/* Servers close connections without media: none is made until there is some. */
static void
on_retry (gpointer data)
{
  PenstockRtmpPush *push = data;

  penstock_gop_log_rearm_waker (push->playback->log, push->waker);
}

/* --- from outside --------------------------------------------------------- */

static void
check_codecs (gpointer data)
{
  PenstockRtmpPush *push = data;
  g_autofree gchar *problem =
      push->published != 0 ? dup_codec_problem (push) : NULL;

  if (problem)
    fail (push, problem);
  push_unref (push);
}

void
penstock_rtmp_push_set_codecs (
    PenstockRtmpPush *push, guint32 video, guint32 audio)
{
  __atomic_store_n (&push->video, video, __ATOMIC_RELAXED);
  __atomic_store_n (&push->audio, audio, __ATOMIC_RELAXED);
  post (push, check_codecs);
}

static void
end_stream (gpointer data)
{
  PenstockRtmpPush *push = data;

  push->ended = TRUE;
  if (push->open && !push->client)
    finish (push);
  push_unref (push);
}

void
penstock_rtmp_push_end (PenstockRtmpPush *push)
{
  penstock_rtmp_playback_end (push->playback);
  post (push, end_stream);
}

PenstockRtmpPlayback *
penstock_rtmp_push_get_playback (PenstockRtmpPush *push)
{
  return push->playback;
}

void
penstock_rtmp_push_get_stats (
    PenstockRtmpPush *push, PenstockRtmpPushStats *stats)
{
  g_mutex_lock (&push->lock);
  *stats = push->stats;
  stats->reason = g_strdup (push->stats.reason);
  g_mutex_unlock (&push->lock);
}

static void
open (gpointer data)
{
  PenstockRtmpPush *push = data;

  push->waker = penstock_gop_log_add_waker (push->playback->log, wake, push);
  push->open = TRUE;
}

static void
shut_down (gpointer data)
{
  PenstockRtmpPush *push = data;

  penstock_loop_clear_timer (push->loop, &push->retry);
  penstock_gop_log_remove_waker (push->playback->log, push->waker);
  push->open = FALSE;
  push->published = 0;
  g_clear_pointer (&push->client, penstock_rtmp_client_free);
}

PenstockRtmpPush *
penstock_rtmp_push_new (const PenstockRtmpPushSettings *settings,
    PenstockRtmpPushFunc func, gpointer user_data, GError **error)
{
  const gchar *problem = NULL;
  g_autoptr (PenstockRtmpUrl) url =
      penstock_rtmp_url_parse (settings->url ? settings->url : "", &problem);

  if (!url) {
    g_set_error_literal (
        error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, problem);
    return NULL;
  }
  if (!penstock_rtmp_io_acquire (error))
    return NULL;
  PenstockRtmpPush *push = g_new0 (PenstockRtmpPush, 1);
  push->ref_count = 1;
  push->url = g_strdup (settings->url);
  push->user = g_strdup (settings->user);
  push->password = g_strdup (settings->password);
  penstock_rtmp_tls_copy (&settings->tls, &push->tls);
  push->connect_timeout_ms = settings->connect_timeout_ms;
  push->backoff.min_ms = settings->retry_min_ms;
  push->backoff.max_ms = settings->retry_max_ms;
  push->playback = penstock_rtmp_playback_new (&settings->log);
  push->loop = penstock_rtmp_io_next_loop ();
  push->func = func;
  push->user_data = user_data;
  push->retry.fire = on_retry;
  push->retry.data = push;
  push->stats.since = g_get_real_time ();
  g_mutex_init (&push->lock);
  penstock_loop_call (push->loop, open, push);
  return push;
}

static void
nothing (gpointer data)
{
}

void
penstock_rtmp_push_free (PenstockRtmpPush *push)
{
  if (!push)
    return;
  penstock_loop_call (push->loop, shut_down, push);
  /* One more round: the goodbye is with the kernel then, even if the process
   * ends now, and what was posted holds no reference any more. */
  for (guint i = 0; i < penstock_rtmp_io_get_n_loops (); i++)
    penstock_loop_call (penstock_rtmp_io_get_loop (i), nothing, NULL);
  push_unref (push);
}
