/* SPDX-License-Identifier: MIT
 *
 * See rtsp-record-sdp.h. */

#include "rtsp-record-sdp.h"

#include <gst/rtp/rtp.h>
#include <string.h>

#include "rtsp-record-clock.h"

/* RFC 3551, 6: types below have a fixed meaning, if they have one. */
#define FIRST_DYNAMIC_PT 96
#define LAST_PT 127
/* An RTP clock that is faster is nonsense. */
#define MAX_CLOCK_RATE 1000000

static void
track_free (gpointer data)
{
  PenstockRecordTrack *track = data;

  g_free (track->name);
  g_free (track->reason);
  g_free (track->control);
  gst_clear_caps (&track->caps);
  g_free (track);
}

/* --- one format -------------------------------------------------------------- */

/* What a fixed type means, where the description leaves it out. */
static void
complete_caps (GstStructure *s, guint8 payload)
{
  const GstRTPPayloadInfo *info =
      payload < FIRST_DYNAMIC_PT ? gst_rtp_payload_info_for_pt (payload) : NULL;
  gint rate = 0;

  if (!info)
    return;
  if (!gst_structure_has_field (s, "encoding-name"))
    gst_structure_set (
        s, "encoding-name", G_TYPE_STRING, info->encoding_name, NULL);
  if (info->clock_rate > 0 &&
      (!gst_structure_get_int (s, "clock-rate", &rate) || rate <= 0))
    gst_structure_set (s, "clock-rate", G_TYPE_INT, info->clock_rate, NULL);
}

/* (nullable): RTP caps of one format of a media. */
static GstCaps *
read_format (
    const GstSDPMessage *sdp, const GstSDPMedia *media, const gchar *format)
{
  guint64 payload;

  if (!g_ascii_string_to_unsigned (format, 10, 0, LAST_PT, &payload, NULL))
    return NULL;
  GstCaps *caps = gst_sdp_media_get_caps_from_media (media, (gint) payload);
  if (!caps)
    caps = gst_caps_new_simple ("application/x-unknown", "media", G_TYPE_STRING,
        gst_sdp_media_get_media (media), "payload", G_TYPE_INT, (gint) payload,
        NULL);
  gst_sdp_message_attributes_to_caps (sdp, caps);
  gst_sdp_media_attributes_to_caps (media, caps);
  GstStructure *s = gst_caps_get_structure (caps, 0);
  gst_structure_set_name (s, "application/x-rtp");
  complete_caps (s, (guint8) payload);
  return caps;
}

/* (transfer full) (nullable): why not. Takes the format if it is carried. */
static gchar *
take_format (
    PenstockRecordTrack *track, const GstSDPMedia *media, GstCaps *caps)
{
  const GstStructure *s = gst_caps_get_structure (caps, 0);
  const gchar *encoding = gst_structure_get_string (s, "encoding-name");
  gint payload = 0, rate = 0;
  gchar *reason =
      penstock_rtsp_depayload_check (gst_sdp_media_get_media (media), encoding);

  if (reason)
    return reason;
  gst_structure_get_int (s, "payload", &payload);
  gst_structure_get_int (s, "clock-rate", &rate);
  if (rate <= 0 || rate > MAX_CLOCK_RATE)
    return g_strdup ("its clock rate is missing or wrong");
  track->row = penstock_rtsp_depayload_find (encoding);
  track->payload = (guint) payload;
  track->rate = (guint) rate;
  track->caps = gst_caps_ref (caps);
  return NULL;
}

/* --- one media --------------------------------------------------------------- */

/* A name from the description goes into the log: what is printable of it. */
static gchar *
printable (const gchar *text)
{
  g_autofree gchar *valid = g_utf8_make_valid (text, MIN (strlen (text), 32));

  return g_strdelimit (g_strescape (valid, NULL), "\"\\", '_');
}

static gchar *
describe (const gchar *media, guint index, const gchar *encoding)
{
  g_autofree gchar *kind = printable (media ? media : "unknown");
  g_autofree gchar *name = printable (encoding ? encoding : "no name");

  return g_strdup_printf ("%s stream %u (%s)", kind, index, name);
}

/* Plain RTP; SRTP keys would have to come with the description. */
static gboolean
is_plain_rtp (const GstSDPMedia *media)
{
  const gchar *proto = gst_sdp_media_get_proto (media);

  return g_strcmp0 (proto, "RTP/AVP") == 0 ||
      g_strcmp0 (proto, "RTP/AVPF") == 0 ||
      g_strcmp0 (proto, "RTP/AVP/TCP") == 0;
}

/* The first format that is carried; else what is wrong with the first one. */
static PenstockRecordTrack *
read_media (const GstSDPMessage *sdp, const GstSDPMedia *media, guint index)
{
  PenstockRecordTrack *track = g_new0 (PenstockRecordTrack, 1);
  const gchar *kind = gst_sdp_media_get_media (media);
  guint n = is_plain_rtp (media) ? gst_sdp_media_formats_len (media) : 0;
  g_autofree gchar *encoding = NULL;

  track->control =
      g_strdup (gst_sdp_media_get_attribute_val (media, "control"));
  track->video = g_strcmp0 (kind, "video") == 0;
  for (guint i = 0; i < n && !track->row; i++) {
    g_autoptr (GstCaps) caps =
        read_format (sdp, media, gst_sdp_media_get_format (media, i));
    if (!caps)
      continue;
    g_autofree gchar *reason = take_format (track, media, caps);
    if (track->row || !track->reason) {
      g_free (encoding);
      encoding = g_strdup (gst_structure_get_string (
          gst_caps_get_structure (caps, 0), "encoding-name"));
      g_free (track->reason);
      track->reason = g_steal_pointer (&reason);
    }
  }
  if (!track->row && !track->reason)
    track->reason = g_strdup ("not plain RTP");
  track->name = describe (kind, index, encoding);
  return track;
}

GPtrArray *
penstock_record_tracks_new (const GstSDPMessage *sdp)
{
  guint n = gst_sdp_message_medias_len (sdp);

  if (n > PENSTOCK_RECORD_MAX_TRACKS)
    return NULL;
  GPtrArray *tracks = g_ptr_array_new_with_free_func (track_free);
  for (guint i = 0; i < n; i++)
    g_ptr_array_add (
        tracks, read_media (sdp, gst_sdp_message_get_media (sdp, i), i));
  return tracks;
}

guint
penstock_record_tracks_count_carried (const GPtrArray *tracks)
{
  guint n = 0;

  for (guint i = 0; i < tracks->len; i++)
    n += !((const PenstockRecordTrack *) tracks->pdata[i])->reason;
  return n;
}
