/* SPDX-License-Identifier: MIT
 *
 * Owners of claims and playbacks, and their decisions. How a peer asks is in
 * rtmp-publisher-question.c. */

#include "rtmp-publisher-private.h"

#include <string.h>

#include "rtmp-limits.h"

struct _PenstockRtmpOwner {
  gint ref_count;

  /* Never changed. */
  PenstockRtmpOwnerCallbacks callbacks;
  gpointer user_data;

  GMutex lock;                /* guards the rest; inside the server's lock */
  PenstockRtmpServer *server; /* owned; NULL = not yet or no longer */
};

PenstockRtmpOwner *
penstock_rtmp_owner_ref (PenstockRtmpOwner *owner)
{
  g_atomic_int_inc (&owner->ref_count);
  return owner;
}

void
penstock_rtmp_owner_unref (PenstockRtmpOwner *owner)
{
  if (!owner || !g_atomic_int_dec_and_test (&owner->ref_count))
    return;
  g_mutex_clear (&owner->lock);
  g_free (owner);
}

PenstockRtmpOwner *
penstock_rtmp_owner_new (
    const PenstockRtmpOwnerCallbacks *callbacks, gpointer user_data)
{
  PenstockRtmpOwner *owner = g_new0 (PenstockRtmpOwner, 1);

  owner->ref_count = 1;
  owner->callbacks = *callbacks;
  owner->user_data = user_data;
  g_mutex_init (&owner->lock);
  return owner;
}

PenstockRtmpOwner *
penstock_rtmp_owner_begin (PenstockRtmpOwner *owner, PenstockRtmpServer *server)
{
  if (!owner)
    return NULL;
  g_mutex_lock (&owner->lock);
  owner->server = penstock_rtmp_server_ref (server);
  g_mutex_unlock (&owner->lock);
  if (owner->callbacks.of_everybody)
    g_ptr_array_add (server->hearers, penstock_rtmp_owner_ref (owner));
  return penstock_rtmp_owner_ref (owner);
}

gboolean
penstock_rtmp_owner_has_ended (PenstockRtmpOwner *owner)
{
  g_mutex_lock (&owner->lock);
  gboolean ended = owner->server == NULL;
  g_mutex_unlock (&owner->lock);
  return ended;
}

/* FALSE: it has ended. Else let_go() follows. */
static gboolean
hold (PenstockRtmpOwner *owner)
{
  g_mutex_lock (&owner->lock);
  gboolean live = owner->server != NULL;
  if (live && owner->callbacks.hold)
    owner->callbacks.hold (owner->user_data);
  g_mutex_unlock (&owner->lock);
  return live;
}

static void
let_go (PenstockRtmpOwner *owner)
{
  if (owner->callbacks.let_go)
    owner->callbacks.let_go (owner->user_data);
}

PenstockRtmpVerdict
penstock_rtmp_owner_ask (PenstockRtmpOwner *owner,
    PenstockRtmpQuestion question, const PenstockRtmpPublication *who)
{
  if (!owner->callbacks.asked)
    return PENSTOCK_RTMP_ACCEPT;
  if (!hold (owner))
    return PENSTOCK_RTMP_DEFER;
  PenstockRtmpVerdict verdict =
      owner->callbacks.asked (question, who, owner->user_data);
  let_go (owner);
  /* What it owned may have gone meanwhile. */
  return penstock_rtmp_owner_has_ended (owner) ? PENSTOCK_RTMP_DEFER : verdict;
}

void
penstock_rtmp_owner_tell (PenstockRtmpOwner *owner, PenstockRtmpNews news,
    const PenstockRtmpPublication *who, PenstockRtmpEnd end,
    const gchar *detail)
{
  if (!owner || !owner->callbacks.told || !hold (owner))
    return;
  owner->callbacks.told (news, who, end, detail, owner->user_data);
  let_go (owner);
}

void
penstock_rtmp_owner_end (PenstockRtmpOwner *owner)
{
  if (!owner)
    return;
  g_mutex_lock (&owner->lock);
  PenstockRtmpServer *server = g_steal_pointer (&owner->server);
  g_mutex_unlock (&owner->lock);
  if (!server)
    return;
  penstock_rtmp_server_forget_owner (server, owner);
  penstock_rtmp_server_unref (server);
}

void
penstock_rtmp_owner_release (PenstockRtmpOwner *owner)
{
  penstock_rtmp_owner_end (owner);
  penstock_rtmp_owner_unref (owner);
}

static void
decide (PenstockRtmpOwner *owner, guint64 id, const PenstockRtmpAnswer *answer)
{
  g_mutex_lock (&owner->lock);
  PenstockRtmpServer *server =
      owner->server ? penstock_rtmp_server_ref (owner->server) : NULL;
  g_mutex_unlock (&owner->lock);
  if (!server)
    return;
  penstock_rtmp_server_answer (server, owner, id, answer);
  penstock_rtmp_server_unref (server);
}

void
penstock_rtmp_owner_accept (PenstockRtmpOwner *owner, guint64 id)
{
  decide (owner, id, &(const PenstockRtmpAnswer){ .accept = TRUE });
}

void
penstock_rtmp_owner_decline (
    PenstockRtmpOwner *owner, guint64 id, const gchar *description)
{
  decide (owner, id,
      &(const PenstockRtmpAnswer){ .description = (gchar *) description });
}

void
penstock_rtmp_owner_redirect (
    PenstockRtmpOwner *owner, guint64 id, const gchar *url)
{
  gboolean fits = url && *url && strlen (url) <= PENSTOCK_RTMP_MAX_PATH;

  decide (owner, id,
      &(const PenstockRtmpAnswer){ .redirect = fits ? (gchar *) url : NULL });
}
