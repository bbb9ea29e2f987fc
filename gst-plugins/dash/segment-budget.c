/* SPDX-License-Identifier: MIT
 *
 * The memory of all segment stores (see segment-budget.h). */

#include "segment-budget.h"

struct _SegmentAccount {
  guint64 bytes;
  guint64 round;   /* in which its writer was asked last */
  GWeakRef writer; /* of nothing: nobody */
  SegmentGiveWay give_way;
};

/* Somebody whose turn it is to give way. */
typedef struct {
  GObject *writer; /* owned */
  SegmentGiveWay give_way;
  guint64 bytes; /* wanted */
} Turn;

static GMutex lock; /* guards all below, and the accounts */
static GPtrArray *accounts;
static guint64 limit, total;
static guint64 n_rounds;
static gboolean making_room; /* one thread at a time */

/* ---- accounts ---- */

SegmentAccount *
segment_account_new (void)
{
  SegmentAccount *self = g_new0 (SegmentAccount, 1);

  g_weak_ref_init (&self->writer, NULL);
  g_mutex_lock (&lock);
  if (!accounts)
    accounts = g_ptr_array_new ();
  g_ptr_array_add (accounts, self);
  g_mutex_unlock (&lock);
  return self;
}

void
segment_account_close (SegmentAccount *self)
{
  g_mutex_lock (&lock);
  total -= self->bytes;
  g_ptr_array_remove_fast (accounts, self);
  if (accounts->len == 0)
    g_clear_pointer (&accounts, g_ptr_array_unref);
  g_mutex_unlock (&lock);
  g_weak_ref_clear (&self->writer);
  g_free (self);
}

void
segment_account_add (SegmentAccount *self, gint64 bytes)
{
  g_mutex_lock (&lock);
  self->bytes += (guint64) bytes;
  total += (guint64) bytes;
  g_mutex_unlock (&lock);
}

void
segment_account_set_writer (
    SegmentAccount *self, GObject *writer, SegmentGiveWay give_way)
{
  g_mutex_lock (&lock);
  g_weak_ref_set (&self->writer, writer);
  self->give_way = give_way;
  g_mutex_unlock (&lock);
}

/* ---- all of them ---- */

void
segment_budget_set_limit (guint64 bytes)
{
  g_mutex_lock (&lock);
  limit = bytes;
  g_mutex_unlock (&lock);
  segment_budget_make_room ();
}

guint64
segment_budget_get_limit (void)
{
  guint64 bytes;

  g_mutex_lock (&lock);
  bytes = limit;
  g_mutex_unlock (&lock);
  return bytes;
}

guint64
segment_budget_get_bytes (void)
{
  guint64 bytes;

  g_mutex_lock (&lock);
  bytes = total;
  g_mutex_unlock (&lock);
  return bytes;
}

/* With the lock: by how much all together have too much. */
static guint64
excess (void)
{
  return limit && total > limit ? total - limit : 0;
}

/* With the lock. */
static guint64
share (void)
{
  guint n = 0;

  for (guint i = 0; i < accounts->len; i++)
    n += ((SegmentAccount *) g_ptr_array_index (accounts, i))->bytes > 0;
  return limit / MAX (n, 1);
}

/* With the lock: the greatest of those above their share that were not asked in
 * this round, for as much as is above it and not more than @wanted. */
static gboolean
next_turn (Turn *turn, guint64 wanted)
{
  guint64 fair = accounts ? share () : 0;
  SegmentAccount *greatest = NULL;

  for (guint i = 0; accounts && i < accounts->len; i++) {
    SegmentAccount *account = g_ptr_array_index (accounts, i);

    if (account->round < n_rounds && account->bytes > fair &&
        (!greatest || account->bytes > greatest->bytes))
      greatest = account;
  }
  if (!greatest)
    return FALSE;
  greatest->round = n_rounds;
  turn->writer = g_weak_ref_get (&greatest->writer);
  turn->give_way = greatest->give_way;
  turn->bytes = MIN (wanted, greatest->bytes - fair);
  return TRUE;
}

/* What was promised counts, it may go a moment later in another thread. */
void
segment_budget_make_room (void)
{
  guint64 wanted;
  Turn turn;

  g_mutex_lock (&lock);
  wanted = excess ();
  if (wanted == 0 || making_room) {
    g_mutex_unlock (&lock);
    return;
  }
  making_room = TRUE;
  n_rounds++;
  while (wanted > 0 && next_turn (&turn, wanted)) {
    g_mutex_unlock (&lock);
    if (turn.writer) {
      guint64 given = turn.give_way (turn.writer, turn.bytes);

      wanted -= MIN (wanted, given);
      g_object_unref (turn.writer);
    }
    g_mutex_lock (&lock);
  }
  making_room = FALSE;
  g_mutex_unlock (&lock);
}
