/* SPDX-License-Identifier: MIT
 *
 * The text side of the load generator's RTSP client (RFC 2326, RFC 4566):
 * answers, session descriptions and RTP-Info, as pure functions. */

#pragma once

#include <glib.h>

/* Longest answer, header and body. */
#define RTSP_TEXT_MAX_ANSWER (64 * 1024)
#define RTSP_TEXT_MAX_TRACKS 2

typedef enum {
  RTSP_TEXT_DONE,  /* one answer read */
  RTSP_TEXT_MORE,  /* it goes on past the span */
  RTSP_TEXT_ERROR, /* not an RTSP answer, or too long */
} RtspTextParse;

typedef struct {
  guint status;
  gsize head_size; /* bytes until the body */
  gsize body_size;
} RtspTextAnswer;

/* Reads the answer at @data. */
RtspTextParse rtsp_text_parse (
    const guint8 *data, gsize size, RtspTextAnswer *answer);

/* The value of header @name, whose case does not matter, in the first
 * @head_size bytes of an answer, without blanks around it. NULL: not there.
 * (transfer full) */
gchar *rtsp_text_header (
    const guint8 *data, gsize head_size, const gchar *name);

typedef struct {
  gboolean video; /* H.264; else audio */
  guint payload_type;
  guint clock_rate; /* Hz */
  gchar *control;   /* absolute URL */
} RtspTextTrack;

/* Reads the first H.264 video and the first MPEG4-GENERIC audio of a session
 * description into @tracks, in the order of the description; relative control
 * addresses are below @base. Returns how many there are. */
guint rtsp_text_sdp (const gchar *sdp, const gchar *base,
    RtspTextTrack tracks[RTSP_TEXT_MAX_TRACKS]);
void rtsp_text_track_clear (RtspTextTrack *track);

/* Finds the entry for the track with address @control in an RTP-Info header.
 * Absolute and relative addresses match by their last path segment. */
gboolean rtsp_text_rtp_info (
    const gchar *value, const gchar *control, guint16 *seq);
