/* SPDX-License-Identifier: MIT
 *
 * Signals of penstockrtmpsrc. See rtmp-signals.h. */

#include "rtmp-signals.h"

#include "rtmp-metadata.h"

static guint publish_signal, metadata_signal, stop_signal;

GType
penstock_rtmp_verdict_get_type (void)
{
  static gsize type = 0;
  static const GEnumValue values[] = {
    { PENSTOCK_RTMP_ACCEPT, "May publish", "accept" },
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

void
penstock_rtmp_signals_install (GObjectClass *klass, GCallback decide)
{
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
  publish_signal = g_signal_new ("publish", G_TYPE_FROM_CLASS (klass),
      G_SIGNAL_RUN_LAST, 0, first_that_does_not_accept, NULL, NULL,
      penstock_rtmp_verdict_get_type (), 1, GST_TYPE_STRUCTURE);

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

  /**
   * PenstockRtmpSrc::decide:
   * @self: the element
   * @id: of the request
   * @accept: may publish
   * @reason: (nullable): why not, a sentence for the publisher's user
   *
   * Decides about a publication that was deferred; about another one it does
   * nothing. From any thread.
   *
   * Since: 0.1
   */
  g_signal_new_class_handler ("decide", G_TYPE_FROM_CLASS (klass),
      G_SIGNAL_RUN_LAST | G_SIGNAL_ACTION, decide, NULL, NULL, NULL,
      G_TYPE_NONE, 3, G_TYPE_UINT64, G_TYPE_BOOLEAN, G_TYPE_STRING);
}

static void
set_text (GstStructure *request, const gchar *name, const gchar *text)
{
  if (text && *text)
    gst_structure_set (request, name, G_TYPE_STRING, text, NULL);
}

PenstockRtmpVerdict
penstock_rtmp_signals_ask (
    GstElement *element, const PenstockRtmpPublication *publication)
{
  gint verdict = PENSTOCK_RTMP_ACCEPT;

  if (!g_signal_has_handler_pending (element, publish_signal, 0, TRUE))
    return PENSTOCK_RTMP_ACCEPT;
  GstStructure *request = gst_structure_new (
      "penstock-publish-request", "id", G_TYPE_UINT64, publication->id, NULL);
  set_text (request, "peer", publication->peer);
  set_text (request, "app", publication->app);
  set_text (request, "tc-url", publication->tc_url);
  set_text (request, "flash-ver", publication->flash_ver);
  set_text (request, "encoder", publication->encoder);
  set_text (request, "type", publication->type);
  set_text (request, "query", publication->query);
  g_signal_emit (element, publish_signal, 0, request, &verdict);
  gst_structure_free (request);
  return (PenstockRtmpVerdict) verdict;
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
