/* SPDX-License-Identifier: MIT
 *
 * `connect` as a server answers it: what the peer says of itself, what we say
 * of ourselves (RTMP 1.0, 7.2.1.1; Enhanced RTMP v2). */

#include <string.h>

#include "rtmp-path.h"
#include "rtmp-session-private.h"

/* Encoders look for a Flash server of their time. */
#define SERVER_VERSION "FMS/3,0,1,123"
#define SERVER_CAPABILITIES 31
#define PEER_BANDWIDTH_DYNAMIC 2
#define MAX_TEXT 256   /* bytes kept of what a peer says of itself */
#define REDIRECTED 302 /* `ex.code` */
#define CAN_FORWARD 4  /* Enhanced RTMP v2, FourCcInfoMask */

const gchar *const penstock_rtmp_video_fourccs[] = { "avc1", "hvc1", "av01",
  "vp09", "vp08", NULL };
const gchar *const penstock_rtmp_audio_fourccs[] = { "mp4a", "Opus", "fLaC",
  "ac-3", "ec-3", ".mp3", NULL };

static gchar *
dup_text (const PenstockAmfValue *object, const gchar *name, gsize max)
{
  const gchar *string = penstock_amf_get_string (object, name);

  return string ? penstock_amf_text (string, max) : NULL;
}

/* tcUrl; some encoders write tcurl or put it in single quotes. */
static gchar *
dup_tc_url (const PenstockAmfValue *object)
{
  g_autofree gchar *url = dup_text (object, "tcUrl", PENSTOCK_RTMP_MAX_PATH);

  if (!url)
    url = dup_text (object, "tcurl", PENSTOCK_RTMP_MAX_PATH);
  gsize length = url ? strlen (url) : 0;
  if (length >= 2 && url[0] == '\'' && url[length - 1] == '\'')
    return g_strndup (url + 1, length - 2);
  return g_steal_pointer (&url);
}

static void
add_fourcc (GString *list, const gchar *fourcc)
{
  g_autofree gchar *text = penstock_amf_text (fourcc, 4);

  if (list->len >= MAX_TEXT)
    return;
  if (list->len > 0)
    g_string_append_c (list, ',');
  g_string_append (list, text);
}

/* fourCcList as array or map, and the names of the FourCcInfoMaps
 * (Enhanced RTMP v2, "Enhancing NetConnection connect Command"). */
static gchar *
dup_fourccs (const PenstockAmfValue *object)
{
  static const gchar *const names[] = { "fourCcList", "videoFourCcInfoMap",
    "audioFourCcInfoMap" };
  GString *list = g_string_new (NULL);

  for (guint i = 0; i < G_N_ELEMENTS (names); i++) {
    const PenstockAmfValue *value = penstock_amf_get (object, names[i]);
    if (!value || value->type < PENSTOCK_AMF_OBJECT)
      continue;
    for (guint k = 0; k < value->length; k++) {
      const PenstockAmfProperty *item = &value->items[k];
      if (item->value.type == PENSTOCK_AMF_STRING)
        add_fourcc (list, item->value.string);
      else if (item->name)
        add_fourcc (list, item->name);
    }
  }
  return g_string_free (list, list->len == 0);
}

void
penstock_rtmp_peer_read_capabilities (
    PenstockRtmpPeer *peer, const PenstockAmfValue *object)
{
  gdouble caps_ex = 0;
  gchar *fourccs = dup_fourccs (object);

  if (fourccs) {
    g_free (peer->fourccs);
    peer->fourccs = fourccs;
  }
  if (penstock_amf_get_number (object, "capsEx", &caps_ex) && caps_ex > 0)
    peer->caps_ex = caps_ex < 256 ? (guint) caps_ex : 0;
  peer->enhanced |= fourccs != NULL || caps_ex > 0;
}

gboolean
penstock_rtmp_peer_takes (const PenstockRtmpPeerInfo *peer, guint32 fourcc)
{
  const gchar name[5] = { fourcc >> 24, fourcc >> 16, fourcc >> 8, fourcc, 0 };

  if (!peer->fourccs)
    return FALSE;
  g_auto (GStrv) list = g_strsplit (peer->fourccs, ",", -1);
  return g_strv_contains ((const gchar *const *) list, "*") ||
      g_strv_contains ((const gchar *const *) list, name);
}

static void
read_peer (PenstockRtmpPeer *peer, const PenstockAmfValue *object)
{
  penstock_rtmp_peer_clear (peer);
  peer->app = dup_text (object, "app", PENSTOCK_RTMP_MAX_PATH);
  peer->tc_url = dup_tc_url (object);
  peer->flash_ver = dup_text (object, "flashVer", MAX_TEXT);
  peer->plain_app =
      penstock_rtmp_path_without_query (peer->app ? peer->app : "");
  if (peer->tc_url)
    peer->plain_tc_url = penstock_rtmp_path_without_query (peer->tc_url);
  penstock_amf_get_number (object, "objectEncoding", &peer->object_encoding);
  peer->caps_ex = 0;
  peer->enhanced = FALSE;
  penstock_rtmp_peer_read_capabilities (peer, object);
}

void
penstock_rtmp_peer_set_query (PenstockRtmpPeer *peer, const gchar *name)
{
  g_string_truncate (peer->query, 0);
  penstock_rtmp_path_add_query (peer->query, peer->tc_url);
  penstock_rtmp_path_add_query (peer->query, peer->app);
  penstock_rtmp_path_add_query (peer->query, name);
}

const gchar *
penstock_rtmp_session_on_connect (
    PenstockRtmpSession *session, const PenstockRtmpCommand *command)
{
  if (session->state != PENSTOCK_RTMP_STATE_NEW) {
    penstock_rtmp_session_reply_error (
        session, command, "NetConnection.Connect.Failed", "already connected");
    return NULL;
  }
  read_peer (&session->peer, penstock_amf_nth (command->values, 2));
  penstock_rtmp_peer_set_query (&session->peer, NULL);
  session->connect_transaction = command->transaction;
  session->connect_chunk_stream = command->chunk_stream;
  session->state = PENSTOCK_RTMP_STATE_ASKED;
  penstock_rtmp_session_push (session, PENSTOCK_RTMP_EVENT_CONNECT, NULL);
  return NULL;
}

static void
write_info_map (
    GByteArray *payload, const gchar *name, const gchar *const *fourccs)
{
  penstock_amf0_write_name (payload, name);
  penstock_amf0_begin_object (payload);
  for (guint i = 0; fourccs[i]; i++) {
    penstock_amf0_write_name (payload, fourccs[i]);
    penstock_amf0_write_number (payload, CAN_FORWARD);
  }
  penstock_amf0_end_object (payload);
}

void
penstock_rtmp_write_capabilities (GByteArray *payload)
{
  const gchar *const *lists[] = { penstock_rtmp_video_fourccs,
    penstock_rtmp_audio_fourccs };
  guint count = 0;

  for (guint i = 0; i < G_N_ELEMENTS (lists); i++)
    count += g_strv_length ((gchar **) lists[i]);
  penstock_amf0_write_name (payload, "fourCcList");
  penstock_amf0_begin_array (payload, count);
  for (guint i = 0; i < G_N_ELEMENTS (lists); i++)
    for (guint k = 0; lists[i][k]; k++)
      penstock_amf0_write_string (payload, lists[i][k]);
  write_info_map (payload, "videoFourCcInfoMap", penstock_rtmp_video_fourccs);
  write_info_map (payload, "audioFourCcInfoMap", penstock_rtmp_audio_fourccs);
  penstock_amf0_write_name (payload, "capsEx");
  penstock_amf0_write_number (payload, PENSTOCK_RTMP_OUR_CAPS_EX);
}

static void
write_properties (GByteArray *payload)
{
  penstock_amf0_begin_object (payload);
  penstock_amf0_write_name (payload, "fmsVer");
  penstock_amf0_write_string (payload, SERVER_VERSION);
  penstock_amf0_write_name (payload, "capabilities");
  penstock_amf0_write_number (payload, SERVER_CAPABILITIES);
  penstock_amf0_write_name (payload, "mode");
  penstock_amf0_write_number (payload, 1);
  penstock_amf0_end_object (payload);
}

void
penstock_rtmp_session_accept_connect (PenstockRtmpSession *session)
{
  const PenstockRtmpControl window = { .type = PENSTOCK_RTMP_WINDOW_ACK_SIZE,
    .value = PENSTOCK_RTMP_OUR_WINDOW };
  const PenstockRtmpControl bandwidth = {
    .type = PENSTOCK_RTMP_SET_PEER_BANDWIDTH,
    .value = PENSTOCK_RTMP_OUR_WINDOW,
    .limit = PEER_BANDWIDTH_DYNAMIC,
  };
  const PenstockRtmpControl chunk_size = {
    .type = PENSTOCK_RTMP_SET_CHUNK_SIZE,
    .value = PENSTOCK_RTMP_OUR_CHUNK_SIZE,
  };
  gboolean amf3 = session->peer.object_encoding == 3;

  g_return_if_fail (session->state == PENSTOCK_RTMP_STATE_ASKED);
  session->state = PENSTOCK_RTMP_STATE_CONNECTED;
  penstock_rtmp_chunk_reader_trust (session->reader);
  penstock_rtmp_session_write_control (session, &window);
  penstock_rtmp_session_write_control (session, &bandwidth);
  penstock_rtmp_session_write_control (session, &chunk_size);

  GByteArray *payload =
      penstock_rtmp_command_begin ("_result", session->connect_transaction);
  write_properties (payload);
  penstock_amf0_begin_object (payload);
  penstock_amf0_write_name (payload, "level");
  penstock_amf0_write_string (payload, "status");
  penstock_amf0_write_name (payload, "code");
  penstock_amf0_write_string (payload, "NetConnection.Connect.Success");
  penstock_amf0_write_name (payload, "description");
  penstock_amf0_write_string (payload, "Connection succeeded.");
  penstock_amf0_write_name (payload, "objectEncoding");
  penstock_amf0_write_number (payload, amf3 ? 3 : 0);
  if (session->peer.enhanced &&
      session->limits.enhanced != PENSTOCK_RTMP_ENHANCED_LEGACY)
    penstock_rtmp_write_capabilities (payload);
  penstock_amf0_end_object (payload);
  penstock_rtmp_session_write_command (
      session, session->connect_chunk_stream, 0, payload);
}

/* @redirect: (nullable): where to go instead */
static void
refuse_connect (PenstockRtmpSession *session, const gchar *code,
    const gchar *description, const gchar *redirect)
{
  g_return_if_fail (session->state == PENSTOCK_RTMP_STATE_ASKED);
  GByteArray *payload =
      penstock_rtmp_command_begin ("_error", session->connect_transaction);
  session->state = PENSTOCK_RTMP_STATE_NEW;
  write_properties (payload);
  penstock_amf0_begin_object (payload);
  penstock_amf0_write_name (payload, "level");
  penstock_amf0_write_string (payload, "error");
  penstock_amf0_write_name (payload, "code");
  penstock_amf0_write_string (payload, code);
  penstock_amf0_write_name (payload, "description");
  penstock_amf0_write_string (payload, description);
  if (redirect) {
    penstock_amf0_write_name (payload, "ex");
    penstock_amf0_begin_object (payload);
    penstock_amf0_write_name (payload, "code");
    penstock_amf0_write_number (payload, REDIRECTED);
    penstock_amf0_write_name (payload, "redirect");
    penstock_amf0_write_string (payload, redirect);
    penstock_amf0_end_object (payload);
  }
  penstock_amf0_end_object (payload);
  penstock_rtmp_session_write_command (
      session, session->connect_chunk_stream, 0, payload);
}

void
penstock_rtmp_session_refuse_connect (
    PenstockRtmpSession *session, const gchar *code, const gchar *description)
{
  refuse_connect (session, code, description, NULL);
}

void
penstock_rtmp_session_redirect_connect (
    PenstockRtmpSession *session, const gchar *url)
{
  refuse_connect (session, "NetConnection.Connect.Rejected",
      "The server is somewhere else.", url);
}
