/* SPDX-License-Identifier: MIT
 *
 * Lines end with CRLF or LF; a header's continuation lines do not occur in
 * answers that a player needs and are not joined. */

#include "rtsp-text.h"

#include <string.h>

#define VERSION "RTSP/1.0 "

/* Bytes of the header including its empty line; 0: it is not complete. */
static gsize
head_length (const guint8 *data, gsize size)
{
  for (gsize i = 0; i + 1 < size; i++) {
    if (data[i] != '\n')
      continue;
    if (data[i + 1] == '\n')
      return i + 2;
    if (i + 2 < size && data[i + 1] == '\r' && data[i + 2] == '\n')
      return i + 3;
  }
  return 0;
}

RtspTextParse
rtsp_text_parse (const guint8 *data, gsize size, RtspTextAnswer *answer)
{
  gsize prefix = strlen (VERSION), head = head_length (data, size);
  g_autofree gchar *length = NULL;
  guint64 body = 0;
  guint status = 0;

  if (memcmp (data, VERSION, MIN (size, prefix)) != 0)
    return RTSP_TEXT_ERROR;
  if (head == 0)
    return size > RTSP_TEXT_MAX_ANSWER ? RTSP_TEXT_ERROR : RTSP_TEXT_MORE;
  for (gsize i = prefix; i < prefix + 3; i++) {
    if (i >= head || !g_ascii_isdigit (data[i]))
      return RTSP_TEXT_ERROR;
    status = status * 10 + (guint) g_ascii_digit_value ((gchar) data[i]);
  }
  length = rtsp_text_header (data, head, "Content-Length");
  if (length != NULL &&
      !g_ascii_string_to_unsigned (
          length, 10, 0, RTSP_TEXT_MAX_ANSWER, &body, NULL))
    return RTSP_TEXT_ERROR;
  if (head + body > RTSP_TEXT_MAX_ANSWER)
    return RTSP_TEXT_ERROR;
  if (size < head + body)
    return RTSP_TEXT_MORE;
  *answer = (RtspTextAnswer){ status, head, (gsize) body };
  return RTSP_TEXT_DONE;
}

gchar *
rtsp_text_header (const guint8 *data, gsize head_size, const gchar *name)
{
  const gchar *at = (const gchar *) data, *end = at + head_size;
  gsize length = strlen (name);

  while (at < end) {
    const gchar *line_end = memchr (at, '\n', (gsize) (end - at));

    if (line_end == NULL)
      break;
    if ((gsize) (line_end - at) > length && at[length] == ':' &&
        g_ascii_strncasecmp (at, name, length) == 0)
      return g_strstrip (
          g_strndup (at + length + 1, (gsize) (line_end - at) - length - 1));
    at = line_end + 1;
  }
  return NULL;
}

static gchar *
join_url (const gchar *base, const gchar *control)
{
  if (g_ascii_strncasecmp (control, "rtsp://", 7) == 0)
    return g_strdup (control);
  if (strcmp (control, "*") == 0)
    return g_strdup (base);
  return g_strdup_printf (
      "%s%s%s", base, g_str_has_suffix (base, "/") ? "" : "/", control);
}

void
rtsp_text_track_clear (RtspTextTrack *track)
{
  g_free (track->control);
  memset (track, 0, sizeof *track);
}

/* `a=rtpmap:96 H264/90000`. TRUE: a codec that the load generator can watch. */
static gboolean
read_rtpmap (const gchar *value, RtspTextTrack *track)
{
  g_auto (GStrv) words = g_strsplit (value, " ", 2);
  g_auto (GStrv) parts = NULL;
  guint64 type, rate;

  if (words[0] == NULL || words[1] == NULL)
    return FALSE;
  parts = g_strsplit (words[1], "/", 3);
  if (g_strcmp0 (parts[0], NULL) == 0 || parts[1] == NULL ||
      g_ascii_strcasecmp (parts[0], track->video ? "H264" : "MPEG4-GENERIC") !=
          0 ||
      !g_ascii_string_to_unsigned (words[0], 10, 0, 127, &type, NULL) ||
      !g_ascii_string_to_unsigned (parts[1], 10, 1, 1000000, &rate, NULL))
    return FALSE;
  track->payload_type = (guint) type;
  track->clock_rate = (guint) rate;
  return TRUE;
}

/* Keeps @track when it is complete and the first of its kind. */
static void
keep_track (RtspTextTrack *track, RtspTextTrack *tracks, guint *n)
{
  gboolean wanted = track->clock_rate > 0 && track->control != NULL &&
      *n < RTSP_TEXT_MAX_TRACKS;

  for (guint i = 0; i < *n; i++)
    wanted = wanted && tracks[i].video != track->video;
  if (wanted)
    tracks[(*n)++] = *track;
  else
    rtsp_text_track_clear (track);
  memset (track, 0, sizeof *track);
}

guint
rtsp_text_sdp (const gchar *sdp, const gchar *base,
    RtspTextTrack tracks[RTSP_TEXT_MAX_TRACKS])
{
  g_auto (GStrv) lines = g_strsplit (sdp, "\n", -1);
  RtspTextTrack track = { 0 };
  gboolean in_track = FALSE;
  guint n = 0;

  for (guint i = 0; lines[i] != NULL; i++) {
    const gchar *line = g_strchomp (lines[i]);

    if (g_str_has_prefix (line, "m=")) {
      keep_track (&track, tracks, &n);
      track.video = g_str_has_prefix (line, "m=video ");
      in_track = track.video || g_str_has_prefix (line, "m=audio ");
    } else if (in_track && g_str_has_prefix (line, "a=control:")) {
      g_free (track.control);
      track.control = join_url (base, line + strlen ("a=control:"));
    } else if (in_track && g_str_has_prefix (line, "a=rtpmap:")) {
      read_rtpmap (line + strlen ("a=rtpmap:"), &track);
    }
  }
  keep_track (&track, tracks, &n);
  return n;
}

static const gchar *
last_segment (const gchar *url)
{
  const gchar *slash = strrchr (url, '/');

  return slash != NULL ? slash + 1 : url;
}

gboolean
rtsp_text_rtp_info (const gchar *value, const gchar *control, guint16 *seq)
{
  g_auto (GStrv) entries = g_strsplit (value, ",", -1);

  for (guint i = 0; entries[i] != NULL; i++) {
    g_auto (GStrv) fields = g_strsplit (entries[i], ";", -1);
    gboolean match = FALSE, found = FALSE;
    guint64 number = 0;

    for (guint k = 0; fields[k] != NULL; k++) {
      const gchar *field = g_strstrip (fields[k]);

      if (g_str_has_prefix (field, "url="))
        match = strcmp (last_segment (field + 4), last_segment (control)) == 0;
      else if (g_str_has_prefix (field, "seq="))
        found = g_ascii_string_to_unsigned (
            field + 4, 10, 0, G_MAXUINT16, &number, NULL);
    }
    if (match && found) {
      *seq = (guint16) number;
      return TRUE;
    }
  }
  return FALSE;
}
