/* SPDX-License-Identifier: MIT
 *
 * The RTMP listener: one per address and port in the process, shared by all
 * elements and routes. Owners claim paths on it; who publishes to a claimed
 * path is delivered to the claim's callbacks. Every function may be called
 * from any thread, also from a callback, unless it says otherwise. */
#ifndef PENSTOCK_RTMP_SERVER_H
#define PENSTOCK_RTMP_SERVER_H

#include <gio/gio.h>

#include "channel/publisher-seat.h"
#include "rtmp-peers.h"
#include "rtmp-owner.h"

G_BEGIN_DECLS

typedef struct _PenstockRtmpServer PenstockRtmpServer;
typedef struct _PenstockRtmpClaim PenstockRtmpClaim;

/**
 * penstock_rtmp_server_get:
 * @host: (nullable): address to listen on, without brackets; "::", "" or %NULL
 *   is every address, IPv4 and IPv6
 * @port: 0 = the system picks one (a new listener each time)
 * @error: %G_IO_ERROR: ADDRESS_IN_USE names address and port,
 *   PERMISSION_DENIED, INVALID_ARGUMENT for an address that is none of ours
 *
 * The listener of (host, port): the one that exists in this process, or a new
 * one, already listening. A "0.0.0.0" request shares a "::" listener.
 *
 * Returns: (transfer full): drop with penstock_rtmp_server_unref()
 */
PenstockRtmpServer *penstock_rtmp_server_get (
    const gchar *host, guint16 port, GError **error);

/**
 * PenstockRtmpSecurity:
 * @PENSTOCK_RTMP_PLAIN: RTMP
 * @PENSTOCK_RTMP_TLS: RTMPS; who does not begin with TLS is disconnected
 * @PENSTOCK_RTMP_DETECT: both: the first byte tells
 */
typedef enum {
  PENSTOCK_RTMP_PLAIN,
  PENSTOCK_RTMP_TLS,
  PENSTOCK_RTMP_DETECT,
} PenstockRtmpSecurity;

/**
 * penstock_rtmp_server_get_secure:
 * @port: (inout): 0 = the system picks one
 * @certificate: (nullable): with its key; without one only a listener that has
 *   one is found. One that exists keeps its own: see
 *   penstock_rtmp_server_has_certificate()
 * @error: as above, and ADDRESS_IN_USE when the port exists with another
 *   security. A port that detects is good for all
 *
 * As penstock_rtmp_server_get().
 */
PenstockRtmpServer *penstock_rtmp_server_get_secure (const gchar *host,
    guint16 *port, PenstockRtmpSecurity security, GTlsCertificate *certificate,
    GError **error);

/**
 * penstock_rtmp_server_add_port:
 * @port: (inout): 0 = the system picks one
 * @certificate: (nullable): for all ports of the listener; %NULL: the one that
 *   it has
 *
 * One more port for the same streams. FALSE with @error as above; nothing has
 * changed then.
 */
gboolean penstock_rtmp_server_add_port (PenstockRtmpServer *server,
    const gchar *host, guint16 *port, PenstockRtmpSecurity security,
    GTlsCertificate *certificate, GError **error);

/* For connections from now on. */
void penstock_rtmp_server_set_certificate (
    PenstockRtmpServer *server, GTlsCertificate *certificate);
/* Does it show its peers this one? */
gboolean penstock_rtmp_server_has_certificate (
    PenstockRtmpServer *server, GTlsCertificate *certificate);
PenstockRtmpServer *penstock_rtmp_server_ref (PenstockRtmpServer *server);

/* Dropping the last reference closes the port and every connection; when it
 * returns the port is free (from a callback: shortly after). Claims hold a
 * reference. */
void penstock_rtmp_server_unref (PenstockRtmpServer *server);

/* The first of its ports, never 0. */
guint16 penstock_rtmp_server_get_port (PenstockRtmpServer *server);

/**
 * penstock_rtmp_server_set_limits:
 * @owner: any address, of who says it
 *
 * Bounds for connections from now on, instead of the default ones. Who shares
 * a listener shares its limits: the first owner decides, and may change them.
 *
 * Returns: FALSE when others are in force
 */
gboolean penstock_rtmp_server_set_limits (PenstockRtmpServer *server,
    const PenstockRtmpLimits *limits, gconstpointer owner);

/**
 * PenstockRtmpServerStats:
 * @peers: connections, and those that were refused
 * @memory: bytes received and held
 */
typedef struct {
  PenstockRtmpPeersStats peers;
  guint64 memory;
} PenstockRtmpServerStats;

void penstock_rtmp_server_get_stats (
    PenstockRtmpServer *server, PenstockRtmpServerStats *stats);

typedef enum {
  PENSTOCK_RTMP_POLICY_TAKEOVER_STALE = PENSTOCK_SEAT_TAKEOVER_STALE,
  PENSTOCK_RTMP_POLICY_TAKEOVER = PENSTOCK_SEAT_TAKEOVER,
  PENSTOCK_RTMP_POLICY_REJECT = PENSTOCK_SEAT_REJECT,
} PenstockRtmpPolicy;

/**
 * PenstockRtmpClaimSettings:
 * @key: (nullable): publish key; the publisher sends it as `?key=...` (on the
 *   stream name, application or tcUrl) or as one more path segment. %NULL or
 *   "": anybody may publish. Copied, never logged
 * @policy: what happens to a second publisher
 * @grace_ms: after an abrupt end, time until #PenstockRtmpCallbacks.expired
 * @seat: (nullable): shared with who publishes there by other means; its policy
 *   counts then
 * @owner: (nullable): decides who of those that have the key may publish; %NULL:
 *   all
 */
typedef struct {
  const gchar *key;
  PenstockRtmpPolicy policy;
  guint grace_ms;
  PenstockPublisherSeat *seat;
  PenstockRtmpOwner *owner;
} PenstockRtmpClaimSettings;

/**
 * penstock_rtmp_server_claim:
 * @path: canonical path, "live/one"; leading, trailing and double slashes are
 *   dropped
 * @settings: (nullable): %NULL = no key, takeover-stale, 15000 ms
 * @callbacks: copied
 * @error: %G_IO_ERROR_EXISTS when the path is claimed, %G_IO_ERROR_INVALID_ARGUMENT
 *   when it is no valid path
 *
 * Takes a path. Publications that wait for it (see
 * penstock_rtmp_server_set_unclaimed_handler()) are let in at once.
 *
 * Returns: (transfer full): drop with penstock_rtmp_claim_release()
 */
PenstockRtmpClaim *penstock_rtmp_server_claim (PenstockRtmpServer *server,
    const gchar *path, const PenstockRtmpClaimSettings *settings,
    const PenstockRtmpCallbacks *callbacks, gpointer user_data, GError **error);

/* Gives the path back. A publication in progress is ended with
 * NetStream.Publish.BadName and its connection closed; `ended` is not called.
 * After this returns no callback runs or will run (called from one of the
 * claim's own callbacks: no further one). */
void penstock_rtmp_claim_release (PenstockRtmpClaim *claim);

/**
 * penstock_rtmp_claim_reject:
 * @code: status code, "NetStream.Publish.Rejected"
 * @description: a sentence for the publisher's user
 *
 * Ends the publication in progress, if any: the publisher gets the status as
 * an error and its connection is closed after that is sent. `ended` follows
 * with %PENSTOCK_RTMP_END_REJECTED. The claim stays.
 */
void penstock_rtmp_claim_reject (
    PenstockRtmpClaim *claim, const gchar *code, const gchar *description);

/**
 * PenstockRtmpClaimStats:
 * @publishing: somebody publishes now
 * @bytes: received in the publication now (or the last one), all of them
 * @messages: media and data messages of it
 */
typedef struct {
  gboolean publishing;
  guint64 bytes;
  guint64 messages;
} PenstockRtmpClaimStats;

void penstock_rtmp_claim_get_stats (
    PenstockRtmpClaim *claim, PenstockRtmpClaimStats *stats);

typedef enum {
  PENSTOCK_RTMP_UNCLAIMED_REJECT,
  PENSTOCK_RTMP_UNCLAIMED_DEFER, /* a claim will appear within 5 s */
} PenstockRtmpUnclaimed;

/**
 * PenstockRtmpUnclaimedFunc:
 * @request: who wants to publish what; `path` may have a publish key as its
 *   last segment (a template `live/…` then sees one segment more)
 *
 * Runs on an I/O thread when somebody publishes to a path without a claim;
 * must not block. With DEFER the connection waits until a claim for the path
 * (or, with a key, for the path without its last segment) appears, at most
 * 5 s, or until penstock_rtmp_server_refuse().
 */
typedef PenstockRtmpUnclaimed (*PenstockRtmpUnclaimedFunc) (
    PenstockRtmpServer *server, const PenstockRtmpPublication *request,
    gpointer user_data);

/* One handler per listener; %NULL removes it (publications without a claim
 * are then rejected). After this returns the old handler does not run any
 * more, and @destroy of the old one was called. Not from the handler. */
void penstock_rtmp_server_set_unclaimed_handler (PenstockRtmpServer *server,
    PenstockRtmpUnclaimedFunc func, gpointer user_data, GDestroyNotify destroy);

/**
 * PenstockRtmpRefusedFunc:
 * @peer: address and port
 * @is_publisher: else the connection was not even accepted
 * @why: the sentence that a publisher got
 *
 * Runs on an I/O thread for publishers that are not let in, whoever refused
 * them, and for connections that are too many; for one address only so often
 * that a log can have it. Must not block.
 */
typedef void (*PenstockRtmpRefusedFunc) (const gchar *peer,
    gboolean is_publisher, const gchar *why, gpointer user_data);

/* One per listener; %NULL removes it. After this returns the old one does not
 * run any more. Not from one of the handlers. */
void penstock_rtmp_server_set_refused_handler (PenstockRtmpServer *server,
    PenstockRtmpRefusedFunc func, gpointer user_data);

/* Refuses the publication @id, deferred by the handler and not claimed since, with
 * an error status, e.g. "NetStream.Publish.BadName". */
void penstock_rtmp_server_refuse (PenstockRtmpServer *server, guint64 id,
    const gchar *code, const gchar *description);
/* The same with "NetStream.Publish.Denied" for a wrong key: that alone counts
 * against the address, which is kept out when there are too many. */
void penstock_rtmp_server_deny (
    PenstockRtmpServer *server, guint64 id, const gchar *description);

G_END_DECLS

#endif /* PENSTOCK_RTMP_SERVER_H */
