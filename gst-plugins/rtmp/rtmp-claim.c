/* SPDX-License-Identifier: MIT
 *
 * Claims: who may publish to a path, one at a time, and the delivery to the
 * owner's callbacks. */

#include "rtmp-server-private.h"

#include <string.h>

#include "io/same-secret.h"
#include "rtmp-limits.h"
#include "rtmp-path.h"

#define DEFAULT_GRACE_MS 15000

PenstockRtmpClaim *
penstock_rtmp_claim_ref (PenstockRtmpClaim *claim)
{
  g_atomic_int_inc (&claim->ref_count);
  return claim;
}

void
penstock_rtmp_claim_unref (PenstockRtmpClaim *claim)
{
  if (!g_atomic_int_dec_and_test (&claim->ref_count))
    return;
  penstock_seat_holder_unref (claim->holder);
  penstock_publisher_seat_unref (claim->seat);
  penstock_rtmp_owner_unref (claim->owner);
  g_rec_mutex_clear (&claim->delivery);
  g_free (claim->path);
  g_free (claim->key);
  g_free (claim);
}

PenstockRtmpClaimMatch
penstock_rtmp_claim_find (PenstockRtmpServer *server, const gchar *path,
    const gchar *key, PenstockRtmpClaim **out)
{
  PenstockRtmpClaim *claim = g_hash_table_lookup (server->claims, path);

  if (!claim) {
    /* live/one/KEY for the claim live/one */
    const gchar *slash = strrchr (path, '/');
    g_autofree gchar *parent =
        slash ? g_strndup (path, slash - path) : g_strdup ("");
    claim = g_hash_table_lookup (server->claims, parent);
    if (!claim || !claim->key)
      return PENSTOCK_RTMP_CLAIM_NONE;
    key = slash + 1;
  }
  if (claim->key && !(key && penstock_same_secret (claim->key, key)))
    return PENSTOCK_RTMP_CLAIM_DENIED;
  *out = penstock_rtmp_claim_ref (claim);
  return PENSTOCK_RTMP_CLAIM_FOUND;
}

/* Server's lock held. */
static gboolean
may_wait (PenstockRtmpServer *server, PenstockRtmpClaim *claim)
{
  return claim->waiting_id == 0 &&
      (claim->leaving ||
          penstock_publisher_seat_may_take_over (
              claim->seat, server->times.stale_ms));
}

/* Server's lock held. */
static void
set_publisher (PenstockRtmpClaim *claim, guint64 id, PenstockLoop *loop)
{
  claim->publisher_id = id;
  claim->publisher_loop = loop;
  __atomic_store_n (&claim->bytes, 0, __ATOMIC_RELAXED);
  __atomic_store_n (&claim->messages, 0, __ATOMIC_RELAXED);
  penstock_publisher_seat_begin (claim->seat);
}

PenstockRtmpEnter
penstock_rtmp_claim_enter (
    PenstockRtmpClaim *claim, PenstockRtmpPublisher *publisher)
{
  PenstockRtmpServer *server = publisher->server;
  PenstockRtmpEnter result = PENSTOCK_RTMP_ENTER_BUSY;
  PenstockSeatHolder *evicted = NULL;
  guint64 old = 0;
  PenstockLoop *old_loop = NULL;

  g_mutex_lock (&server->lock);
  if (!claim->removed && claim->publisher_id == 0) {
    if (penstock_publisher_seat_take (
            claim->seat, claim->holder, server->times.stale_ms, &evicted)) {
      set_publisher (claim, publisher->id, publisher->loop);
      result = PENSTOCK_RTMP_ENTER_NOW;
    }
  } else if (!claim->removed && claim->publisher_id == publisher->id) {
    result = PENSTOCK_RTMP_ENTER_NOW;
  } else if (!claim->removed && may_wait (server, claim)) {
    old = claim->leaving ? 0 : claim->publisher_id;
    old_loop = claim->publisher_loop;
    claim->waiting_id = publisher->id;
    claim->waiting_loop = publisher->loop;
    result = PENSTOCK_RTMP_ENTER_WAIT;
  }
  g_mutex_unlock (&server->lock);

  penstock_seat_holder_evict (evicted);
  if (old != 0)
    penstock_rtmp_publisher_ask (
        server, old, old_loop, PENSTOCK_RTMP_ASK_END, claim, NULL, NULL);
  return result;
}

/* For as long as an eviction runs: the owner may release the claim meanwhile, and
 * the server go with it. */
static gpointer
hold (gpointer data)
{
  PenstockRtmpClaim *claim = data;

  penstock_rtmp_server_ref (claim->server);
  return penstock_rtmp_claim_ref (claim);
}

static void
let_go (gpointer data)
{
  PenstockRtmpClaim *claim = data;
  PenstockRtmpServer *server = claim->server;

  penstock_rtmp_claim_unref (claim);
  penstock_rtmp_server_unref (server);
}

/* Somebody who publishes by other means has the seat now. */
static void
lose_seat (gpointer user_data)
{
  PenstockRtmpClaim *claim = user_data;
  PenstockRtmpServer *server = claim->server;

  g_mutex_lock (&server->lock);
  guint64 id = claim->publisher_id;
  PenstockLoop *loop = claim->publisher_loop;
  g_mutex_unlock (&server->lock);
  if (id != 0)
    penstock_rtmp_publisher_ask (
        server, id, loop, PENSTOCK_RTMP_ASK_END, claim, NULL, NULL);
}

gboolean
penstock_rtmp_claim_is_lost (PenstockRtmpClaim *claim)
{
  return !penstock_publisher_seat_is_held_by (claim->seat, claim->holder);
}

/* The grace of a claim, on the loop of the publisher that was lost. */
typedef struct {
  PenstockLoopTimer timer;
  PenstockLoop *loop;
  PenstockRtmpClaim *claim; /* ref */
  guint serial;
} Grace;

static void
grace_free (gpointer data)
{
  Grace *grace = data;

  penstock_rtmp_claim_unref (grace->claim);
  g_free (grace);
}

static void
grace_over (gpointer data)
{
  Grace *grace = data;
  PenstockRtmpClaim *claim = grace->claim;

  gboolean current =
      penstock_publisher_seat_get_serial (claim->seat) == grace->serial;
  g_rec_mutex_lock (&claim->delivery);
  if (!claim->released && current && claim->callbacks.expired)
    claim->callbacks.expired (claim->user_data);
  g_rec_mutex_unlock (&claim->delivery);
  penstock_loop_dispose (grace->loop, grace_free, grace);
}

static void
start_grace (PenstockRtmpClaim *claim, PenstockLoop *loop, guint serial)
{
  Grace *grace = g_new0 (Grace, 1);

  grace->claim = penstock_rtmp_claim_ref (claim);
  grace->loop = loop;
  grace->serial = serial;
  grace->timer.fire = grace_over;
  grace->timer.destroy = grace_free;
  grace->timer.data = grace;
  penstock_loop_set_timer (loop, &grace->timer, claim->grace_ms);
}

/* The one that waits gets in, unless the seat has gone to another protocol
 * meanwhile. Server's lock held. */
static PenstockRtmpAsk
admit_waiting (PenstockRtmpClaim *claim, guint64 id, PenstockLoop *loop)
{
  if (penstock_rtmp_claim_is_lost (claim)) {
    claim->publisher_id = 0;
    return PENSTOCK_RTMP_ASK_REFUSE;
  }
  set_publisher (claim, id, loop);
  return PENSTOCK_RTMP_ASK_ENTER;
}

void
penstock_rtmp_claim_begin_to_leave (
    PenstockRtmpClaim *claim, PenstockRtmpPublisher *publisher)
{
  PenstockRtmpServer *server = publisher->server;

  g_mutex_lock (&server->lock);
  if (claim->publisher_id == publisher->id)
    claim->leaving = TRUE;
  g_mutex_unlock (&server->lock);
}

void
penstock_rtmp_claim_leave (
    PenstockRtmpClaim *claim, PenstockRtmpPublisher *publisher, gboolean grace)
{
  PenstockRtmpServer *server = publisher->server;
  guint64 next = 0;
  PenstockLoop *next_loop = NULL;
  PenstockRtmpAsk ask = PENSTOCK_RTMP_ASK_ENTER;
  gboolean empty = FALSE;

  g_mutex_lock (&server->lock);
  if (claim->waiting_id == publisher->id) {
    claim->waiting_id = 0;
  } else if (claim->publisher_id == publisher->id) {
    claim->leaving = FALSE;
    next = claim->waiting_id;
    next_loop = claim->waiting_loop;
    claim->waiting_id = 0;
    empty = next == 0 && !penstock_rtmp_claim_is_lost (claim);
    if (next != 0)
      ask = admit_waiting (claim, next, next_loop);
    else
      claim->publisher_id = 0;
  }
  guint serial = penstock_publisher_seat_get_serial (claim->seat);
  if (claim->publisher_id == 0)
    penstock_publisher_seat_leave (claim->seat, claim->holder);
  g_mutex_unlock (&server->lock);

  if (next != 0)
    penstock_rtmp_publisher_ask (server, next, next_loop, ask, claim,
        "NetStream.Publish.BadName", "Another publisher took the stream.");
  else if (empty && grace)
    start_grace (claim, publisher->loop, serial);
}

void
penstock_rtmp_claim_deliver_started (
    PenstockRtmpClaim *claim, const PenstockRtmpPublication *publication)
{
  g_rec_mutex_lock (&claim->delivery);
  g_atomic_int_set (&claim->publishing, TRUE);
  if (!claim->released && claim->callbacks.started)
    claim->callbacks.started (publication, claim->user_data);
  g_rec_mutex_unlock (&claim->delivery);
}

void
penstock_rtmp_claim_deliver_message (
    PenstockRtmpClaim *claim, PenstockRtmpMessage *message)
{
  __atomic_fetch_add (&claim->bytes, message->size, __ATOMIC_RELAXED);
  __atomic_fetch_add (&claim->messages, 1, __ATOMIC_RELAXED);
  g_rec_mutex_lock (&claim->delivery);
  if (!claim->released && claim->callbacks.message)
    claim->callbacks.message (message, claim->user_data);
  g_rec_mutex_unlock (&claim->delivery);
}

void
penstock_rtmp_claim_deliver_ended (
    PenstockRtmpClaim *claim, PenstockRtmpEnd end, const gchar *detail)
{
  g_rec_mutex_lock (&claim->delivery);
  g_atomic_int_set (&claim->publishing, FALSE);
  if (!claim->released && claim->callbacks.ended)
    claim->callbacks.ended (end, detail, claim->user_data);
  g_rec_mutex_unlock (&claim->delivery);
}

/* Owner's side */

static PenstockRtmpClaim *
claim_new (PenstockRtmpServer *server, const gchar *path,
    const PenstockRtmpClaimSettings *settings,
    const PenstockRtmpCallbacks *callbacks, gpointer user_data)
{
  PenstockRtmpClaim *claim = g_new0 (PenstockRtmpClaim, 1);

  claim->ref_count = 1;
  claim->server = penstock_rtmp_server_ref (server);
  claim->path = g_strdup (path);
  claim->grace_ms = settings ? settings->grace_ms : DEFAULT_GRACE_MS;
  if (settings && settings->key && *settings->key)
    claim->key = g_strdup (settings->key);
  claim->seat = settings && settings->seat
      ? penstock_publisher_seat_ref (settings->seat)
      : penstock_publisher_seat_new (
            settings ? settings->policy : PENSTOCK_SEAT_TAKEOVER_STALE);
  claim->holder = penstock_seat_holder_new (lose_seat, claim, hold, let_go);
  g_rec_mutex_init (&claim->delivery);
  claim->callbacks = *callbacks;
  claim->user_data = user_data;
  return claim;
}

typedef struct {
  guint64 id;
  PenstockLoop *loop;
} Target;

static void
add_target (GArray *targets, const PenstockRtmpPublisher *publisher)
{
  const Target target = { publisher->id, publisher->loop };

  g_array_append_val (targets, target);
}

/* Takes @targets: they look again. */
static void
wake (PenstockRtmpServer *server, GArray *targets)
{
  for (guint i = 0; i < targets->len; i++) {
    const Target *target = &g_array_index (targets, Target, i);
    penstock_rtmp_publisher_ask (server, target->id, target->loop,
        PENSTOCK_RTMP_ASK_ENTER, NULL, NULL, NULL);
  }
  g_array_unref (targets);
}

void
penstock_rtmp_server_wake_deferred (PenstockRtmpServer *server)
{
  GArray *targets = g_array_new (FALSE, FALSE, sizeof (Target));
  GHashTableIter iter;
  gpointer value;

  g_mutex_lock (&server->lock);
  g_hash_table_iter_init (&iter, server->publishers);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    if (((PenstockRtmpPublisher *) value)->deferred_path)
      add_target (targets, value);
  g_mutex_unlock (&server->lock);
  wake (server, targets);
}

void
penstock_rtmp_server_forget_owner (
    PenstockRtmpServer *server, PenstockRtmpOwner *owner)
{
  GArray *targets = g_array_new (FALSE, FALSE, sizeof (Target));
  GHashTableIter iter;
  gpointer value;

  g_mutex_lock (&server->lock);
  g_ptr_array_remove (server->hearers, owner);
  g_hash_table_iter_init (&iter, server->publishers);
  while (g_hash_table_iter_next (&iter, NULL, &value)) {
    PenstockRtmpPublisher *publisher = value;
    if (publisher->asking != owner)
      continue;
    g_clear_pointer (&publisher->asking, penstock_rtmp_owner_unref);
    add_target (targets, publisher);
  }
  g_mutex_unlock (&server->lock);
  wake (server, targets);
}

GPtrArray *
penstock_rtmp_server_dup_hearers (PenstockRtmpServer *server)
{
  GPtrArray *hearers = NULL;

  g_mutex_lock (&server->lock);
  if (server->hearers->len > 0)
    hearers = g_ptr_array_copy (
        server->hearers, (GCopyFunc) (void *) penstock_rtmp_owner_ref, NULL);
  g_mutex_unlock (&server->lock);
  return hearers;
}

PenstockRtmpClaim *
penstock_rtmp_server_claim (PenstockRtmpServer *server, const gchar *path,
    const PenstockRtmpClaimSettings *settings,
    const PenstockRtmpCallbacks *callbacks, gpointer user_data, GError **error)
{
  g_autofree gchar *clean = penstock_rtmp_path_clean (path);
  PenstockRtmpClaim *claim = NULL;
  gboolean taken;

  if (!clean) {
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
        "\"%s\" is not a valid stream path", path);
    return NULL;
  }
  claim = claim_new (server, clean, settings, callbacks, user_data);
  g_mutex_lock (&server->lock);
  taken = g_hash_table_contains (server->claims, clean);
  if (!taken) {
    claim->owner =
        penstock_rtmp_owner_begin (settings ? settings->owner : NULL, server);
    g_hash_table_insert (server->claims, claim->path, claim);
  }
  g_mutex_unlock (&server->lock);

  if (taken) {
    penstock_rtmp_server_unref (claim->server);
    penstock_rtmp_claim_unref (claim);
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_EXISTS,
        "the path \"%s\" is claimed already", clean);
    return NULL;
  }
  penstock_rtmp_server_wake_deferred (server);
  return claim;
}

void
penstock_rtmp_claim_release (PenstockRtmpClaim *claim)
{
  PenstockRtmpServer *server;
  Target targets[2];

  if (!claim)
    return;
  server = claim->server;
  penstock_seat_holder_detach (claim->holder);
  g_rec_mutex_lock (&claim->delivery);
  claim->released = TRUE;
  g_rec_mutex_unlock (&claim->delivery);

  g_mutex_lock (&server->lock);
  g_hash_table_remove (server->claims, claim->path);
  claim->removed = TRUE;
  targets[0] = (Target){ claim->publisher_id, claim->publisher_loop };
  targets[1] = (Target){ claim->waiting_id, claim->waiting_loop };
  g_mutex_unlock (&server->lock);

  penstock_rtmp_owner_end (claim->owner);
  for (guint i = 0; i < G_N_ELEMENTS (targets); i++)
    if (targets[i].id != 0)
      penstock_rtmp_publisher_ask (server, targets[i].id, targets[i].loop,
          PENSTOCK_RTMP_ASK_REFUSE, claim, "NetStream.Publish.BadName",
          "The stream is no longer available.");
  penstock_rtmp_claim_unref (claim);
  penstock_rtmp_server_unref (server);
}

void
penstock_rtmp_claim_reject (
    PenstockRtmpClaim *claim, const gchar *code, const gchar *description)
{
  PenstockRtmpServer *server = claim->server;

  g_mutex_lock (&server->lock);
  const Target target = { claim->publisher_id, claim->publisher_loop };
  g_mutex_unlock (&server->lock);
  if (target.id != 0)
    penstock_rtmp_publisher_ask (server, target.id, target.loop,
        PENSTOCK_RTMP_ASK_REFUSE, claim, code, description);
}

void
penstock_rtmp_claim_get_stats (
    PenstockRtmpClaim *claim, PenstockRtmpClaimStats *stats)
{
  stats->publishing = g_atomic_int_get (&claim->publishing);
  stats->bytes = __atomic_load_n (&claim->bytes, __ATOMIC_RELAXED);
  stats->messages = __atomic_load_n (&claim->messages, __ATOMIC_RELAXED);
}

/* The publisher @id waits for a claim. */
static void
decline (PenstockRtmpServer *server, guint64 id, PenstockRtmpAsk what,
    const gchar *code, const gchar *description)
{
  PenstockLoop *loop = NULL;

  g_mutex_lock (&server->lock);
  PenstockRtmpPublisher *publisher =
      g_hash_table_lookup (server->publishers, &id);
  if (publisher && publisher->deferred_path && !publisher->asking)
    loop = publisher->loop;
  g_mutex_unlock (&server->lock);
  if (loop)
    penstock_rtmp_publisher_ask (
        server, id, loop, what, NULL, code, description);
}

void
penstock_rtmp_server_refuse (PenstockRtmpServer *server, guint64 id,
    const gchar *code, const gchar *description)
{
  decline (server, id, PENSTOCK_RTMP_ASK_DECLINE, code, description);
}

void
penstock_rtmp_server_deny (
    PenstockRtmpServer *server, guint64 id, const gchar *description)
{
  decline (server, id, PENSTOCK_RTMP_ASK_DENY, NULL, description);
}
