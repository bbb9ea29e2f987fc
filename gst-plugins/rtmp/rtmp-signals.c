/* SPDX-License-Identifier: MIT
 *
 * Signals of penstockrtmpsrc and penstockrtmpsink. See rtmp-signals.h. */

#include "rtmp-signals.h"

#include "rtmp-metadata.h"

static guint metadata_signal, stop_signal;

GType
penstock_rtmp_verdict_get_type (void)
{
  static gsize type = 0;
  static const GEnumValue values[] = {
    { PENSTOCK_RTMP_ACCEPT, "May", "accept" },
    { PENSTOCK_RTMP_REJECT, "May not", "reject" },
    { PENSTOCK_RTMP_DEFER, "The action signal decide will tell", "defer" },
    { 0, NULL, NULL },
  };

  if (g_once_init_enter (&type))
    g_once_init_leave (
        &type, g_enum_register_static ("PenstockRtmpVerdict", values));
  return type;
}

/* The first who does not accept decides. */
static gboolean
first_that_does_not_accept (GSignalInvocationHint *hint, GValue *result,
    const GValue *answer, gpointer unused)
{
  g_value_copy (answer, result);
  return g_value_get_enum (answer) == PENSTOCK_RTMP_ACCEPT;
}

static guint
new_question (GObjectClass *klass, const gchar *name)
{
  return g_signal_new (name, G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0,
      first_that_does_not_accept, NULL, NULL, penstock_rtmp_verdict_get_type (),
      1, GST_TYPE_STRUCTURE);
}

static guint
new_notice (GObjectClass *klass, const gchar *name)
{
  return g_signal_new (name, G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0,
      NULL, NULL, NULL, G_TYPE_NONE, 1, GST_TYPE_STRUCTURE);
}

/* Both elements have them, each its own: of the listener that they are on. */
static void
install_listener (GObjectClass *klass, const PenstockRtmpActions *actions)
{
  GType type = G_TYPE_FROM_CLASS (klass);

  /**
   * PenstockRtmpSrc::connection:
   * @self: the element
   * @peer: `id` (guint64) and `peer` (string) of the connection
   *
   * Server: somebody has connected to the listener and is within its limits. Who
   * is rejected is disconnected at once; to defer is to accept. For this and the
   * signals #PenstockRtmpSrc::handshake-complete, #PenstockRtmpSrc::connect and
   * #PenstockRtmpSrc::disconnect: they are of all connections of the listener,
   * whatever they want, so elements that share it are asked in turn, until one
   * does not accept. A handler of one of them must have been connected before the
   * element is started. They run on an I/O thread, in order for each connection,
   * and must not block. Not when the element itself is stopped.
   *
   * #PenstockRtmpSink has the same signals, in its mode `serve`.
   *
   * Returns: accept or reject
   *
   * Since: 0.1
   */
  new_question (klass, "connection");

  /**
   * PenstockRtmpSrc::handshake-complete:
   * @self: the element
   * @peer: as of #PenstockRtmpSrc::connection
   *
   * Server: a connection has completed the handshake of RTMP.
   *
   * Since: 0.1
   */
  new_notice (klass, "handshake-complete");

  /**
   * PenstockRtmpSrc::connect:
   * @self: the element
   * @request: `id` (guint64), `peer`, `app`, `tc-url`, `flash-ver`, `encoder` and
   *   `query` (strings; those that were not sent are not there)
   *
   * Server: a connection asks for an application of the listener, and has not yet
   * said what it wants to publish or play. Deferred, it waits for
   * #PenstockRtmpSrc::decide or #PenstockRtmpSrc::redirect, for 5 s.
   *
   * Returns: accept, reject or defer
   *
   * Since: 0.1
   */
  new_question (klass, "connect");

  /**
   * PenstockRtmpSrc::disconnect:
   * @self: the element
   * @peer: as `request` of #PenstockRtmpSrc::connect, and `bytes-received`
   *   (guint64, behind the handshake)
   * @end: "lost" (the peer closed it), "silent", "rejected", "protocol" or
   *   "taken-over"
   * @reason: a sentence
   *
   * Server: a connection of #PenstockRtmpSrc::connection that was not rejected
   * there is closed. Once for each, and the last that is told of it.
   *
   * Since: 0.1
   */
  g_signal_new ("disconnect", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
      G_TYPE_NONE, 3, GST_TYPE_STRUCTURE, G_TYPE_STRING, G_TYPE_STRING);

  /**
   * PenstockRtmpSrc::decide:
   * @self: the element
   * @id: of the request
   * @accept: may do what it asked
   * @reason: (nullable): why not, a sentence for the peer's user
   *
   * Decides about a request that was deferred; about another one it does nothing.
   * From any thread.
   *
   * Since: 0.1
   */
  g_signal_new_class_handler ("decide", type,
      G_SIGNAL_RUN_LAST | G_SIGNAL_ACTION, actions->decide, NULL, NULL, NULL,
      G_TYPE_NONE, 3, G_TYPE_UINT64, G_TYPE_BOOLEAN, G_TYPE_STRING);

  /**
   * PenstockRtmpSrc::redirect:
   * @self: the element
   * @id: of the request
   * @url: where to go, "rtmp://host[:port]/app", at most 1,024 bytes
   *
   * Decides about a request of #PenstockRtmpSrc::connect that was deferred, or is
   * about to be by the handler that calls this: it is rejected with the address of
   * another server. Another deferred request is rejected. From any thread.
   *
   * Since: 0.1
   */
  g_signal_new_class_handler ("redirect", type,
      G_SIGNAL_RUN_LAST | G_SIGNAL_ACTION, actions->redirect, NULL, NULL, NULL,
      G_TYPE_NONE, 2, G_TYPE_UINT64, G_TYPE_STRING);
}

void
penstock_rtmp_signals_install_src (
    GObjectClass *klass, const PenstockRtmpActions *actions)
{
  install_listener (klass, actions);

  /**
   * PenstockRtmpSrc::fc-publish:
   * @self: the element
   * @request: as of #PenstockRtmpSrc::publish
   *
   * Server: somebody says that it is going to publish here, as many encoders do
   * before they publish, and has the publish key if there is one. A good time to
   * reject it, and to begin to look for an answer: to defer is to accept for now.
   * Runs on an I/O thread and must not block.
   *
   * Returns: accept, reject or defer
   *
   * Since: 0.1
   */
  new_question (klass, "fc-publish");

  /**
   * PenstockRtmpSrc::publish:
   * @self: the element
   * @request: who wants to publish: `id` (guint64), `peer`, `app`, `tc-url`,
   *   `flash-ver`, `encoder`, `type` and, without a publish key, `query`
   *   (strings; those that were not sent are not there)
   *
   * Server: somebody wants to publish, and has the publish key if there is
   * one. Runs on an I/O thread, where others wait for it: what takes longer is
   * deferred, and told by #PenstockRtmpSrc::decide within 5 s. The first
   * handler that does not accept decides.
   *
   * Returns: accept, reject or defer
   *
   * Since: 0.1
   */
  new_question (klass, "publish");

  /**
   * PenstockRtmpSrc::metadata:
   * @self: the element
   * @metadata: an `a{sv}`: what the publisher says of the stream, numbers as
   *   doubles, booleans and strings by name ("width", "encoder", ...); nested
   *   values are left out. Any of it may be wrong
   *
   * The publisher sent onMetaData, maybe not for the first time. Runs on the
   * streaming thread, between the buffers that came before and after.
   *
   * Since: 0.1
   */
  metadata_signal = g_signal_new ("metadata", G_TYPE_FROM_CLASS (klass),
      G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 1, G_TYPE_VARIANT);

  /**
   * PenstockRtmpSrc::stop:
   * @self: the element
   * @end: "goodbye", "lost", "silent", "taken-over", "rejected", "protocol" or
   *   "shutdown"; of a client also "refused" or "unreachable"
   * @reason: a sentence
   *
   * A publication that had started is over, once for each; after "lost" the
   * publisher may come back. Runs on the streaming thread, behind the last
   * buffer of the publication. Not when the element itself is stopped.
   *
   * Since: 0.1
   */
  stop_signal =
      g_signal_new ("stop", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0,
          NULL, NULL, NULL, G_TYPE_NONE, 2, G_TYPE_STRING, G_TYPE_STRING);
}

void
penstock_rtmp_signals_install_sink (
    GObjectClass *klass, const PenstockRtmpActions *actions)
{
  install_listener (klass, actions);

  /**
   * PenstockRtmpSink::play:
   * @self: the element
   * @request: who wants to play: `id` (guint64), `peer`, `app`, `tc-url`,
   *   `flash-ver`, `encoder` and `query` (strings; those that were not sent are
   *   not there)
   *
   * Mode `serve`: somebody wants to play the stream, maybe since before the
   * element was started. Runs on an I/O thread, where others wait for it: what
   * takes longer is deferred, and told by #PenstockRtmpSink::decide within 5 s.
   * The first handler that does not accept decides. Who is accepted may still be
   * one player too many, see #PenstockRtmpSink:max-viewers. Who is rejected is
   * told that there is no such stream.
   *
   * Returns: accept, reject or defer
   *
   * Since: 0.1
   */
  new_question (klass, "play");

  /**
   * PenstockRtmpSink::play-stop:
   * @self: the element
   * @player: as `request` of #PenstockRtmpSink::play
   * @end: "goodbye", "lost", "over" (the stream has ended), "rejected" (no media
   *   came for it) or "protocol"
   * @reason: a sentence
   *
   * A play that had started is over, once for each. Runs on an I/O thread and
   * must not block. Not when the element itself is stopped.
   *
   * Since: 0.1
   */
  g_signal_new ("play-stop", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0,
      NULL, NULL, NULL, G_TYPE_NONE, 3, GST_TYPE_STRUCTURE, G_TYPE_STRING,
      G_TYPE_STRING);

  /**
   * PenstockRtmpSink::pause:
   * @self: the element
   * @player: as `request` of #PenstockRtmpSink::play
   *
   * A player that plays wants nothing for now. Runs on an I/O thread and must
   * not block.
   *
   * Since: 0.1
   */
  new_notice (klass, "pause");

  /**
   * PenstockRtmpSink::unpause:
   * @self: the element
   * @player: as `request` of #PenstockRtmpSink::play
   *
   * A player that had paused goes on, from the newest keyframe. Runs on an I/O
   * thread and must not block.
   *
   * Since: 0.1
   */
  new_notice (klass, "unpause");
}

static void
set_text (GstStructure *request, const gchar *name, const gchar *text)
{
  if (text && *text)
    gst_structure_set (request, name, G_TYPE_STRING, text, NULL);
}

/* (transfer full) */
static GstStructure *
describe (const gchar *name, const PenstockRtmpPublication *who)
{
  GstStructure *out =
      gst_structure_new (name, "id", G_TYPE_UINT64, who->id, NULL);

  set_text (out, "peer", who->peer);
  set_text (out, "app", who->app);
  set_text (out, "tc-url", who->tc_url);
  set_text (out, "flash-ver", who->flash_ver);
  set_text (out, "encoder", who->encoder);
  set_text (out, "type", who->type);
  set_text (out, "query", who->query);
  return out;
}

/* The signal, 0 if nobody is connected. */
static guint
find_signal (GstElement *element, const gchar *name)
{
  guint signal = g_signal_lookup (name, G_OBJECT_TYPE (element));

  return signal && g_signal_has_handler_pending (element, signal, 0, TRUE)
      ? signal
      : 0;
}

static PenstockRtmpVerdict
on_asked (PenstockRtmpQuestion question, const PenstockRtmpPublication *who,
    gpointer element)
{
  static const struct {
    const gchar *signal, *structure;
  } rows[] = {
    [PENSTOCK_RTMP_MAY_COME] = { "connection", "penstock-peer" },
    [PENSTOCK_RTMP_MAY_CONNECT] = { "connect", "penstock-connect-request" },
    [PENSTOCK_RTMP_MAY_FC_PUBLISH] = { "fc-publish",
        "penstock-publish-request" },
    [PENSTOCK_RTMP_MAY_PUBLISH] = { "publish", "penstock-publish-request" },
    [PENSTOCK_RTMP_MAY_PLAY] = { "play", "penstock-play-request" },
  };
  guint signal = find_signal (element, rows[question].signal);
  gint verdict = PENSTOCK_RTMP_ACCEPT;

  if (!signal)
    return PENSTOCK_RTMP_ACCEPT;
  GstStructure *request = describe (rows[question].structure, who);
  g_signal_emit (element, signal, 0, request, &verdict);
  gst_structure_free (request);
  return (PenstockRtmpVerdict) verdict;
}

static void
on_told (PenstockRtmpNews news, const PenstockRtmpPublication *who,
    PenstockRtmpEnd end, const gchar *detail, gpointer element)
{
  static const struct {
    const gchar *signal, *structure;
    gboolean is_end;
  } rows[] = {
    [PENSTOCK_RTMP_SHOOK_HANDS] = { "handshake-complete", "penstock-peer",
        FALSE },
    [PENSTOCK_RTMP_PLAY_STOPPED] = { "play-stop", "penstock-player", TRUE },
    [PENSTOCK_RTMP_PAUSED] = { "pause", "penstock-player", FALSE },
    [PENSTOCK_RTMP_UNPAUSED] = { "unpause", "penstock-player", FALSE },
    [PENSTOCK_RTMP_DISCONNECTED] = { "disconnect", "penstock-peer", TRUE },
  };
  guint signal = find_signal (element, rows[news].signal);

  if (!signal)
    return;
  GstStructure *peer = describe (rows[news].structure, who);
  if (news == PENSTOCK_RTMP_DISCONNECTED)
    gst_structure_set (
        peer, "bytes-received", G_TYPE_UINT64, who->received, NULL);
  if (rows[news].is_end)
    g_signal_emit (
        element, signal, 0, peer, penstock_rtmp_end_to_string (end), detail);
  else
    g_signal_emit (element, signal, 0, peer);
  gst_structure_free (peer);
}

static void
hold (gpointer element)
{
  gst_object_ref (element);
}

static void
let_go (gpointer element)
{
  gst_object_unref (element);
}

/* Is the application interested in connections that want something else? */
static gboolean
hears_of_everybody (GstElement *element)
{
  return find_signal (element, "connection") ||
      find_signal (element, "handshake-complete") ||
      find_signal (element, "connect") || find_signal (element, "disconnect");
}

PenstockRtmpOwner *
penstock_rtmp_signals_new_owner (GstElement *element)
{
  const PenstockRtmpOwnerCallbacks callbacks = {
    .hold = hold,
    .let_go = let_go,
    .asked = on_asked,
    .told = on_told,
    .of_everybody = hears_of_everybody (element),
  };

  return penstock_rtmp_owner_new (&callbacks, element);
}

void
penstock_rtmp_signals_decide (
    PenstockRtmpOwner *owner, guint64 id, gboolean accept, const gchar *reason)
{
  if (owner && accept)
    penstock_rtmp_owner_accept (owner, id);
  else if (owner)
    penstock_rtmp_owner_decline (owner, id, reason);
  penstock_rtmp_owner_unref (owner);
}

void
penstock_rtmp_signals_redirect (
    PenstockRtmpOwner *owner, guint64 id, const gchar *url)
{
  if (owner)
    penstock_rtmp_owner_redirect (owner, id, url);
  penstock_rtmp_owner_unref (owner);
}

void
penstock_rtmp_signals_tell_metadata (
    GstElement *element, const PenstockRtmpMessage *message)
{
  const gboolean is_data = message->type == PENSTOCK_RTMP_DATA ||
      message->type == PENSTOCK_RTMP_DATA_AMF3;

  if (!is_data ||
      !g_signal_has_handler_pending (element, metadata_signal, 0, TRUE))
    return;
  g_autoptr (GVariant) metadata = penstock_rtmp_metadata_to_variant (message);
  if (metadata)
    g_signal_emit (element, metadata_signal, 0, metadata);
}

void
penstock_rtmp_signals_tell_stop (
    GstElement *element, PenstockRtmpEnd end, const gchar *reason)
{
  g_signal_emit (
      element, stop_signal, 0, penstock_rtmp_end_to_string (end), reason);
}
