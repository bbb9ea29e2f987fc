/* SPDX-License-Identifier: MIT
 *
 * The inside of a connection of a listener, shared by rtmp-publisher.c (states,
 * deadlines, events), rtmp-publisher-connect.c (coming and going),
 * rtmp-publisher-publish.c, rtmp-publisher-play.c,
 * rtmp-publisher-question.c (what it asks owners) and rtmp-publisher-ask.c (what
 * other threads ask). Loop's thread. */
#ifndef PENSTOCK_RTMP_PUBLISHER_PRIVATE_H
#define PENSTOCK_RTMP_PUBLISHER_PRIVATE_H

#include <gst/gst.h>

#include "rtmp-server-private.h"

G_BEGIN_DECLS

/* The connection. */

PenstockRtmpSession *penstock_rtmp_publisher_get_session (
    PenstockRtmpPublisher *publisher);
/* Also sets the state's deadline. */
void penstock_rtmp_publisher_set_state (
    PenstockRtmpPublisher *publisher, PenstockRtmpPublisherState state);
/* The deadline of the state as it is now. */
void penstock_rtmp_publisher_set_deadline (PenstockRtmpPublisher *publisher);
/* Is there a message that does not become complete? When it is time to look,
 * counts the bytes that came. */
gboolean penstock_rtmp_publisher_drips (PenstockRtmpPublisher *publisher);
/* As penstock_rtmp_peers_may_log(). */
gboolean penstock_rtmp_publisher_may_log (
    PenstockRtmpPublisher *publisher, PenstockRtmpLine line, guint *more);
/* Waits for a claim or a playback of @path; %NULL = no longer, and nobody is
 * asked. */
void penstock_rtmp_publisher_set_deferred (
    PenstockRtmpPublisher *publisher, const gchar *path);
/* Sends what is queued and closes. */
void penstock_rtmp_publisher_finish (PenstockRtmpPublisher *publisher);
/* Ends what is running and closes; @detail is a sentence. */
void penstock_rtmp_publisher_lost (gpointer publisher, const gchar *detail);

/* Questions. */

/* Who it is. @claim: (nullable): whose key is left out */
void penstock_rtmp_publisher_describe (PenstockRtmpPublisher *publisher,
    PenstockRtmpClaim *claim, PenstockRtmpPublication *out);
/* Asks @owner, %NULL = nobody. With DEFER it waits in ASKING, and let_in(),
 * let_play() or a refusal follows. @claim: as above */
PenstockRtmpVerdict penstock_rtmp_publisher_question (
    PenstockRtmpPublisher *publisher, PenstockRtmpOwner *owner,
    PenstockRtmpQuestion question, PenstockRtmpClaim *claim);
/* If the owner has ended: looks for another one. */
void penstock_rtmp_publisher_question_lost (PenstockRtmpPublisher *publisher);
/* It was not answered in time. */
void penstock_rtmp_publisher_question_expired (
    PenstockRtmpPublisher *publisher);

/* Coming and going. */

/* May a connection without a session stay? */
gboolean penstock_rtmp_publisher_may_come (PenstockRtmpPublisher *publisher);
/* It has shaken hands. */
void penstock_rtmp_publisher_shake_hands (PenstockRtmpPublisher *publisher);
/* The answer to `connect`. */
void penstock_rtmp_publisher_connect (PenstockRtmpPublisher *publisher);
/* The owner, who was asked, has decided so. */
void penstock_rtmp_publisher_let_connect (PenstockRtmpPublisher *publisher);
/* Closes it. @redirect: (nullable): where to go instead */
void penstock_rtmp_publisher_refuse_connect (PenstockRtmpPublisher *publisher,
    const gchar *description, const gchar *redirect);
/* This ends the connection, unless something has already. */
void penstock_rtmp_publisher_note_end (
    PenstockRtmpPublisher *publisher, PenstockRtmpEnd end, const gchar *detail);
/* It is closed: tells how it ended. */
void penstock_rtmp_publisher_tell_closed (PenstockRtmpPublisher *publisher);

/* Publishing. */

/* The answer to FCPublish. */
void penstock_rtmp_publisher_fc_publish (
    PenstockRtmpPublisher *publisher, const PenstockRtmpEvent *event);

/* The answer to `publish`. */
void penstock_rtmp_publisher_publish (
    PenstockRtmpPublisher *publisher, const PenstockRtmpEvent *event);
/* The owner, who was asked, has decided so. */
void penstock_rtmp_publisher_let_in (PenstockRtmpPublisher *publisher);
/* Looks for a claim; @again when the handler was asked before. */
void penstock_rtmp_publisher_look_for_claim (
    PenstockRtmpPublisher *publisher, gboolean again);
/* The claim is its own. */
void penstock_rtmp_publisher_start (PenstockRtmpPublisher *publisher);
/* Takes @message. */
void penstock_rtmp_publisher_take_message (
    PenstockRtmpPublisher *publisher, PenstockRtmpMessage *message);
/* Ends it with a status and closes. */
void penstock_rtmp_publisher_refuse (PenstockRtmpPublisher *publisher,
    PenstockRtmpEnd end, const gchar *code, const gchar *description);
/* Refuses it for a wrong key, which counts against its address. */
void penstock_rtmp_publisher_deny (
    PenstockRtmpPublisher *publisher, const gchar *description);
/* PENALTY is over: the refusal is told. */
void penstock_rtmp_publisher_end_penalty (PenstockRtmpPublisher *publisher);
/* Leaves claim or playback; the connection stays. */
void penstock_rtmp_publisher_end_publication (
    PenstockRtmpPublisher *publisher, PenstockRtmpEnd end, const gchar *detail);

/* Playing. */

/* The answer to `play`. */
void penstock_rtmp_publisher_play (
    PenstockRtmpPublisher *publisher, const PenstockRtmpEvent *event);
/* Looks for what the player wants, and waits for it. */
void penstock_rtmp_publisher_look_for_playback (
    PenstockRtmpPublisher *publisher);
/* @owner, who was asked, has decided so. */
void penstock_rtmp_publisher_let_play (
    PenstockRtmpPublisher *publisher, PenstockRtmpOwner *owner);
/* It wants nothing for now, or the newest again. */
void penstock_rtmp_publisher_pause_play (
    PenstockRtmpPublisher *publisher, gboolean on);
/* Nothing when it does not play; else its owner is told. */
void penstock_rtmp_publisher_stop_playing (
    PenstockRtmpPublisher *publisher, PenstockRtmpEnd end, const gchar *detail);
/* Ends it with a status and closes. */
void penstock_rtmp_publisher_refuse_play (
    PenstockRtmpPublisher *publisher, const gchar *description);
/* The deadline of PLAYING has come. @drips: as above. */
void penstock_rtmp_publisher_play_deadline (
    PenstockRtmpPublisher *publisher, gboolean drips);

G_END_DECLS

#endif /* PENSTOCK_RTMP_PUBLISHER_PRIVATE_H */
