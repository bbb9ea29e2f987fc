/* SPDX-License-Identifier: MIT
 *
 * The inside of the listener: rtmp-server.c has the listener and what owners
 * call, rtmp-publisher.c and its neighbours (rtmp-publisher-private.h) one
 * connection, which publishes or plays, rtmp-claim.c the claims, rtmp-owner.c
 * who decides about them. What is played
 * is in rtmp-playback.h.
 *
 * Locks, in this order: a claim's delivery lock, a listener's lock, an owner's. Neither is
 * held while waiting for an I/O thread. */
#ifndef PENSTOCK_RTMP_SERVER_PRIVATE_H
#define PENSTOCK_RTMP_SERVER_PRIVATE_H

#include "rtmp-connection.h"
#include "rtmp-peers.h"
#include "rtmp-server.h"

G_BEGIN_DECLS

typedef struct _PenstockRtmpPublisher PenstockRtmpPublisher;
typedef struct _PenstockRtmpPlayer PenstockRtmpPlayer;

/* Times a test may shorten; otherwise those of rtmp-limits.h. */
typedef struct {
  gint64 defer_ms, stale_ms, ping_ms, penalty_ms, drip_ms;
} PenstockRtmpTimes;

/* One port of a listener. */
typedef struct {
  /* Never changed. */
  PenstockRtmpServer *server;
  gchar *address; /* normal form */
  guint16 port;
  PenstockRtmpSecurity security;
  int fd;

  /* Accepting loop's thread. */
  PenstockLoopWatch watch;
  PenstockLoopTimer accept_again; /* after running out of descriptors */
} PenstockRtmpDoor;

struct _PenstockRtmpServer {
  gint ref_count;
  PenstockRtmpTimes times; /* set before the first connection */
  PenstockLoop *loop;      /* that accepts */
  GPtrArray *doors; /* of PenstockRtmpDoor, owned; lock of the listeners */

  GRecMutex handler_lock; /* held while the handler runs; guards it */
  PenstockRtmpUnclaimedFunc unclaimed;
  gpointer unclaimed_data;
  GDestroyNotify unclaimed_destroy;
  PenstockRtmpRefusedFunc refused;
  gpointer refused_data;

  GMutex lock;                  /* guards the rest, and parts of claims and
                             publishers */
  GTlsCertificate *certificate; /* NULL while there is no TLS */
  GHashTable *claims;           /* path → claim, not owned */
  GHashTable *playbacks;        /* path → PenstockRtmpPlayback, not owned */
  GHashTable *publishers;       /* &id → publisher, not owned */
  GQueue half_open;             /* of publishers, oldest first, not owned */
  GPtrArray *hearers;           /* of owners: they hear of everybody; owned */
  PenstockRtmpLimits limits;
  gconstpointer limits_owner; /* who set them; NULL = nobody */
  PenstockRtmpPeers *peers;
  PenstockRtmpMemory *memory; /* thread-safe; never changed */
};

struct _PenstockRtmpClaim {
  gint ref_count;
  PenstockRtmpServer *server; /* owned until released */
  gchar *path;
  gchar *key; /* NULL = none; secret */
  guint grace_ms;
  PenstockRtmpOwner *owner; /* ref; NULL = none */
  PenstockPublisherSeat *seat;
  PenstockSeatHolder *holder; /* of the seat, for all publishers here */

  GRecMutex delivery; /* held while a callback runs; guards the next three */
  gboolean released;
  PenstockRtmpCallbacks callbacks;
  gpointer user_data;

  /* Server's lock. */
  gboolean removed;     /* released: nobody may enter */
  gboolean leaving;     /* its end is being told: the next one may wait */
  guint64 publisher_id; /* 0 = nobody */
  PenstockLoop *publisher_loop;
  guint64 waiting_id; /* takes over when the publisher has ended */
  PenstockLoop *waiting_loop;

  /* Atomic. */
  gint publishing; /* between `started` and `ended` */
  guint64 bytes, messages;
};

typedef enum {
  PENSTOCK_RTMP_PUBLISHER_HANDSHAKE,
  PENSTOCK_RTMP_PUBLISHER_CONNECT,
  PENSTOCK_RTMP_PUBLISHER_IDLE,     /* connected, no publication */
  PENSTOCK_RTMP_PUBLISHER_DEFERRED, /* no claim yet */
  PENSTOCK_RTMP_PUBLISHER_ASKING,   /* an owner decides */
  PENSTOCK_RTMP_PUBLISHER_WAITING,  /* for the one it takes over from */
  PENSTOCK_RTMP_PUBLISHER_AWAITING, /* something to play */
  PENSTOCK_RTMP_PUBLISHER_ACTIVE,
  PENSTOCK_RTMP_PUBLISHER_PLAYING,
  PENSTOCK_RTMP_PUBLISHER_PENALTY, /* refused, but told so only later */
  PENSTOCK_RTMP_PUBLISHER_CLOSING,
} PenstockRtmpPublisherState;

struct _PenstockRtmpPublisher {
  /* Never changed. */
  guint64 id;
  PenstockRtmpServer *server; /* outlives its publishers */
  PenstockLoop *loop;
  gchar *peer;
  PenstockRtmpAddress address; /* of the peer */

  /* Loop's thread. */
  PenstockRtmpConnection *connection; /* NULL when closed */
  PenstockRtmpPublisherState state;
  gint64 state_since;
  gint64 last_message;        /* milliseconds, 0 = none yet */
  gint64 last_ping;           /* PLAYING */
  gint64 drip_since;          /* begin of the message that is watched, or -1 */
  gint64 drip_at;             /* when its last bytes were counted */
  guint64 drip_bytes;         /* received then */
  gchar *path, *type;         /* of the request; the path may have a key */
  PenstockRtmpPlayer *player; /* NULL until the first play */
  PenstockRtmpClaim *claim;   /* ref; WAITING or ACTIVE */
  PenstockRtmpOwner *served_by;  /* ref; PLAYING; NULL = nobody's */
  PenstockRtmpQuestion question; /* ASKING */
  gchar *refusal;                /* PENALTY: what the peer is told */
  PenstockRtmpEnd end;           /* of the connection */
  gchar *end_detail;             /* NULL while nothing has ended it */

  /* Server's lock. */
  gchar *deferred_path; /* path when DEFERRED, AWAITING, or ASKING for it */
  PenstockRtmpOwner *asking; /* ref; it decides; NULL = nobody is asked */
  guint n_questions;         /* changes with each */
  GList half_open_link;
  gboolean half_open;
};

/* Owners */

/* It owns something on @server from now on. (transfer full) (nullable): it, of
 * %NULL likewise. Server's lock held. */
PenstockRtmpOwner *penstock_rtmp_owner_begin (
    PenstockRtmpOwner *owner, PenstockRtmpServer *server);
/* What it owns is gone: nothing is asked or told any more. %NULL is allowed. */
void penstock_rtmp_owner_end (PenstockRtmpOwner *owner);
gboolean penstock_rtmp_owner_has_ended (PenstockRtmpOwner *owner);
/* DEFER also when it has ended, before or meanwhile. Without a lock. */
PenstockRtmpVerdict penstock_rtmp_owner_ask (PenstockRtmpOwner *owner,
    PenstockRtmpQuestion question, const PenstockRtmpPublication *who);
/* Likewise; @owner: (nullable) */
void penstock_rtmp_owner_tell (PenstockRtmpOwner *owner, PenstockRtmpNews news,
    const PenstockRtmpPublication *who, PenstockRtmpEnd end,
    const gchar *detail);

/* Claims */

PenstockRtmpClaim *penstock_rtmp_claim_ref (PenstockRtmpClaim *claim);
void penstock_rtmp_claim_unref (PenstockRtmpClaim *claim);

typedef enum {
  PENSTOCK_RTMP_CLAIM_NONE,  /* no claim for the path */
  PENSTOCK_RTMP_CLAIM_FOUND, /* and the key is right */
  PENSTOCK_RTMP_CLAIM_DENIED,
} PenstockRtmpClaimMatch;

/* The claim for @path, or for @path without its last segment when that is the
 * claim's key; @key is what came as parameter. Server's lock held. A ref. */
PenstockRtmpClaimMatch penstock_rtmp_claim_find (PenstockRtmpServer *server,
    const gchar *path, const gchar *key, PenstockRtmpClaim **out);

typedef enum {
  PENSTOCK_RTMP_ENTER_NOW,
  PENSTOCK_RTMP_ENTER_WAIT, /* the publisher is told when it is its turn */
  PENSTOCK_RTMP_ENTER_BUSY,
} PenstockRtmpEnter;

/* Makes @publisher the claim's, by its policy. */
PenstockRtmpEnter penstock_rtmp_claim_enter (
    PenstockRtmpClaim *claim, PenstockRtmpPublisher *publisher);
/* @publisher ends: from now on the next one waits instead of being refused. */
void penstock_rtmp_claim_begin_to_leave (
    PenstockRtmpClaim *claim, PenstockRtmpPublisher *publisher);
/* @publisher ends or no longer waits; the one that waits gets in. With
 * @grace the time runs in which somebody may come back. */
void penstock_rtmp_claim_leave (
    PenstockRtmpClaim *claim, PenstockRtmpPublisher *publisher, gboolean grace);
/* Who publishes by other means has taken the seat. */
gboolean penstock_rtmp_claim_is_lost (PenstockRtmpClaim *claim);

/* There is a new claim or playback: all that wait for one look again. */
void penstock_rtmp_server_wake_deferred (PenstockRtmpServer *server);

void penstock_rtmp_claim_deliver_started (
    PenstockRtmpClaim *claim, const PenstockRtmpPublication *publication);
void penstock_rtmp_claim_deliver_message (
    PenstockRtmpClaim *claim, PenstockRtmpMessage *message);
void penstock_rtmp_claim_deliver_ended (
    PenstockRtmpClaim *claim, PenstockRtmpEnd end, const gchar *detail);

/* Publishers */

/* A connection was accepted and admitted. */
typedef struct {
  PenstockRtmpServer *server;
  PenstockLoop *loop;
  int fd;
  gchar *peer;
  PenstockRtmpAddress address;
  PenstockRtmpLimits limits;
  GTlsCertificate *certificate; /* ref; NULL = plain */
  gboolean may_be_plain;
} PenstockRtmpAccepted;

/* Runs on the loop. The descriptor and the text in @accepted are taken. */
void penstock_rtmp_publisher_new (const PenstockRtmpAccepted *accepted);

/* What others ask of a publisher, by its id: posted to its loop, void when it
 * is gone by then. */
typedef enum {
  PENSTOCK_RTMP_ASK_ENTER,   /* look again for a claim, or it is your turn */
  PENSTOCK_RTMP_ASK_END,     /* you are taken over */
  PENSTOCK_RTMP_ASK_DECLINE, /* with a status; void unless deferred */
  PENSTOCK_RTMP_ASK_DENY,    /* for a wrong key; void unless deferred */
  PENSTOCK_RTMP_ASK_REFUSE,  /* with a status; void unless in the claim */
  PENSTOCK_RTMP_ASK_CLOSE,   /* half open for the longest time */
} PenstockRtmpAsk;

/* @claim: (nullable): the one that a publisher to be refused must be in */
void penstock_rtmp_publisher_ask (PenstockRtmpServer *server, guint64 id,
    PenstockLoop *loop, PenstockRtmpAsk what, PenstockRtmpClaim *claim,
    const gchar *code, const gchar *description);
/**
 * PenstockRtmpAnswer:
 * @description: (nullable): a sentence, of one that is no
 * @redirect: (nullable): likewise, of MAY_CONNECT: where to go instead
 */
typedef struct {
  gboolean accept;
  gchar *description, *redirect;
} PenstockRtmpAnswer;

/* The decision of @owner about the question that @id has asked it; void if it has
 * not. @answer: copied */
void penstock_rtmp_server_answer (PenstockRtmpServer *server,
    PenstockRtmpOwner *owner, guint64 id, const PenstockRtmpAnswer *answer);
/* (transfer full) (nullable): those that hear of everybody. */
GPtrArray *penstock_rtmp_server_dup_hearers (PenstockRtmpServer *server);
/* Who has asked @owner looks for another one. */
void penstock_rtmp_server_forget_owner (
    PenstockRtmpServer *server, PenstockRtmpOwner *owner);
/* Closes it now: the listener goes. Loop's thread. */
void penstock_rtmp_publisher_shutdown (PenstockRtmpPublisher *publisher);

/* For tests; before the first connection. */
PenstockRtmpTimes *penstock_priv_rtmp_server_get_times (
    PenstockRtmpServer *server);
PenstockRtmpLimits *penstock_priv_rtmp_server_get_limits (
    PenstockRtmpServer *server);

G_END_DECLS

#endif /* PENSTOCK_RTMP_SERVER_PRIVATE_H */
