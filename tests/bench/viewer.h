/* SPDX-License-Identifier: MIT
 *
 * One simulated RTSP viewer of the load generator: non-blocking sockets, an own
 * small RTSP client, a watch on each track. All viewers share one thread, one
 * epoll descriptor and one read buffer. */

#pragma once

#include <glib.h>
#include <netinet/in.h>

#include "rtp-watch.h"
#include "rtsp-text.h"
#include "samples.h"

typedef struct {
  /* Set before the first viewer. */
  gchar *url;
  struct sockaddr_in address;
  gboolean udp;
  guint fps; /* of the video; 0: unknown, skips are not counted */
  gint epoll_fd;
  guint8 *buffer;
  gsize buffer_size;

  gboolean measuring;
  guint64 measure_begin_ns;

  /* Totals over all viewers. Times in nanoseconds. */
  Samples join_connect, join_play, latency;
  guint64 n_bytes; /* of RTP packets */
  guint n_playing, n_with_key, n_failed;
  gchar *first_failure;
} ViewerShared;

typedef enum {
  VIEWER_IDLE,
  VIEWER_CONNECTING,
  VIEWER_DESCRIBE,
  VIEWER_SETUP,
  VIEWER_PLAY,
  VIEWER_PLAYING,
  VIEWER_FAILED,
} ViewerState;

typedef enum {
  VIEWER_NORMAL,
  VIEWER_FROZEN,  /* stops reading for a while */
  VIEWER_SLOW,    /* reads at a limited rate */
  VIEWER_PASSING, /* comes and goes */
} ViewerKind;

typedef struct _Viewer Viewer;

typedef struct {
  Viewer *viewer;
  gint fd;    /* -1: closed */
  gint track; /* RTP over UDP; -1: the RTSP connection */
} ViewerEndpoint;

struct _Viewer {
  ViewerShared *shared;
  ViewerKind kind;
  ViewerState state;
  ViewerEndpoint control, rtp[RTSP_TEXT_MAX_TRACKS];
  gint rtcp_fd[RTSP_TEXT_MAX_TRACKS];
  guint16 port[RTSP_TEXT_MAX_TRACKS]; /* of RTP; RTCP is the next one */
  GByteArray *carry; /* the unread rest of an answer or frame */
  guint cseq, next_setup;
  gchar *session;

  guint n_tracks;
  RtspTextTrack tracks[RTSP_TEXT_MAX_TRACKS];
  RtpWatch watches[RTSP_TEXT_MAX_TRACKS];
  gint32 info_seq[RTSP_TEXT_MAX_TRACKS]; /* of RTP-Info; -1: none */

  guint64 connect_ns, play_ns, playing_ns, key_ns; /* 0: not yet */
  /* While measuring. What the source was late itself is taken from a gap where
   * both pictures have stamps. */
  guint64 last_unit_ns, last_stamp_ns, longest_gap_ns, longest_own_gap_ns;
  guint n_before_answer; /* packets before the answer to PLAY */
  guint64 leave_ns, keepalive_ns;
  gboolean slowed; /* read by the clock from now on */
};

void viewer_init (Viewer *self, ViewerShared *shared);

/* Connects and goes on to PLAY by itself, driven by viewer_handle(). Failures
 * are counted in the shared totals, the first one's text kept. */
void viewer_join (Viewer *self);

/* Reads from @endpoint, which epoll told is readable or writable. At most
 * @budget bytes; 0: as much as fits. Returns the bytes read. */
gsize viewer_handle (ViewerEndpoint *endpoint, gsize budget);

/* Takes the viewer's sockets out of epoll's view, and back in. */
void viewer_set_reading (Viewer *self, gboolean reading);

/* Makes the receive buffer small, so that a slow reader is one for the server
 * too. Before viewer_join() or after. */
void viewer_limit_buffer (Viewer *self);

/* Asks for nothing, to keep the session alive. */
void viewer_keep_alive (Viewer *self);

/* Leaves, with TEARDOWN or just by closing, and forgets what was measured. */
void viewer_leave (Viewer *self, gboolean teardown);
