/* SPDX-License-Identifier: MIT
 *
 * Who decides about the peers of a listener, and is told of them: the owner of a
 * claim or of a playback. Every function may be called from any thread. */
#ifndef PENSTOCK_RTMP_OWNER_H
#define PENSTOCK_RTMP_OWNER_H

#include "rtmp-publication.h"

G_BEGIN_DECLS

typedef struct _PenstockRtmpOwner PenstockRtmpOwner;

/**
 * PenstockRtmpQuestion:
 * @PENSTOCK_RTMP_MAY_COME: may a new connection stay? Nothing is known but its
 *   address. Never deferred
 * @PENSTOCK_RTMP_MAY_CONNECT: may it use the application? There is no path yet
 * @PENSTOCK_RTMP_MAY_FC_PUBLISH: it says what it is going to publish. To defer is
 *   to accept: it is asked again when it publishes
 * @PENSTOCK_RTMP_MAY_PUBLISH: may it publish? It has the publish key, if there
 *   is one
 * @PENSTOCK_RTMP_MAY_PLAY: may it play?
 */
typedef enum {
  PENSTOCK_RTMP_MAY_COME,
  PENSTOCK_RTMP_MAY_CONNECT,
  PENSTOCK_RTMP_MAY_FC_PUBLISH,
  PENSTOCK_RTMP_MAY_PUBLISH,
  PENSTOCK_RTMP_MAY_PLAY,
} PenstockRtmpQuestion;

/**
 * PenstockRtmpVerdict:
 * @PENSTOCK_RTMP_DEFER: penstock_rtmp_owner_accept(),
 *   penstock_rtmp_owner_decline() or penstock_rtmp_owner_redirect() follows within
 *   5 s, or has been called
 */
typedef enum {
  PENSTOCK_RTMP_ACCEPT,
  PENSTOCK_RTMP_REJECT,
  PENSTOCK_RTMP_DEFER,
} PenstockRtmpVerdict;

/**
 * PenstockRtmpNews:
 * @PENSTOCK_RTMP_SHOOK_HANDS: the handshake of RTMP is complete
 * @PENSTOCK_RTMP_PLAY_STOPPED: a play that had started is over; once for each
 * @PENSTOCK_RTMP_PAUSED: the player wants nothing for now
 * @PENSTOCK_RTMP_UNPAUSED: it wants the newest again
 * @PENSTOCK_RTMP_DISCONNECTED: a connection that had come is closed; the last that
 *   is told of it, once
 */
typedef enum {
  PENSTOCK_RTMP_SHOOK_HANDS,
  PENSTOCK_RTMP_PLAY_STOPPED,
  PENSTOCK_RTMP_PAUSED,
  PENSTOCK_RTMP_UNPAUSED,
  PENSTOCK_RTMP_DISCONNECTED,
} PenstockRtmpNews;

/**
 * PenstockRtmpOwnerCallbacks:
 * @hold, @let_go: (nullable): around each call of the others, so that
 *   `user_data` stays though the owner is released meanwhile
 * @asked: (nullable): %NULL: everybody may
 * @told: (nullable): @end and @detail, a sentence, are of PLAY_STOPPED and
 *   DISCONNECTED
 * @of_everybody: is asked MAY_COME and MAY_CONNECT and told SHOOK_HANDS and
 *   DISCONNECTED of every connection of the listener, not only of those that want
 *   what it owns. The first owner that does not accept decides
 *
 * Run on the I/O thread of the peer, in order for each peer, without a lock;
 * for several peers maybe at once. They must not block: other connections wait
 * on the same thread.
 */
typedef struct {
  void (*hold) (gpointer user_data);
  void (*let_go) (gpointer user_data);
  PenstockRtmpVerdict (*asked) (PenstockRtmpQuestion question,
      const PenstockRtmpPublication *who, gpointer user_data);
  void (*told) (PenstockRtmpNews news, const PenstockRtmpPublication *who,
      PenstockRtmpEnd end, const gchar *detail, gpointer user_data);
  gboolean of_everybody;
} PenstockRtmpOwnerCallbacks;

/**
 * penstock_rtmp_owner_new:
 * @callbacks: copied
 *
 * Hand it to one claim or one playback: it is asked from then on, until that
 * goes.
 *
 * Returns: (transfer full): give it up with penstock_rtmp_owner_release()
 */
PenstockRtmpOwner *penstock_rtmp_owner_new (
    const PenstockRtmpOwnerCallbacks *callbacks, gpointer user_data);

PenstockRtmpOwner *penstock_rtmp_owner_ref (PenstockRtmpOwner *owner);
/* %NULL is allowed. */
void penstock_rtmp_owner_unref (PenstockRtmpOwner *owner);

/* No call begins after this; one that runs goes on. Who has asked it waits for
 * the next owner. Drops a reference; %NULL is allowed. */
void penstock_rtmp_owner_release (PenstockRtmpOwner *owner);

/* Decides about the peer @id, whose question was deferred. Nothing happens when
 * the peer is gone, it was decided already, or another owner was asked. */
void penstock_rtmp_owner_accept (PenstockRtmpOwner *owner, guint64 id);
/* @description: (nullable): a sentence for the peer's user */
void penstock_rtmp_owner_decline (
    PenstockRtmpOwner *owner, guint64 id, const gchar *description);

/* Sends a peer that wants to connect to another server; of another question it is
 * to decline. @url: at most PENSTOCK_RTMP_MAX_PATH bytes, else likewise */
void penstock_rtmp_owner_redirect (
    PenstockRtmpOwner *owner, guint64 id, const gchar *url);

G_END_DECLS

#endif /* PENSTOCK_RTMP_OWNER_H */
