/* SPDX-License-Identifier: MIT
 *
 * For tests of the RTSP server: one with a channel that a pipeline feeds, and
 * viewers by rtspsrc and by plain sockets. The test's main context is the
 * control context; everything is awaited there by condition. */
#ifndef PENSTOCK_TEST_RTSP_FIXTURE_H
#define PENSTOCK_TEST_RTSP_FIXTURE_H

#include <gio/gio.h>
#include <gst/check/gstcheck.h>
#include <json-glib/json-glib.h>

#include "channel/channel.h"
#include "rtsp/rtsp-server.h"

G_BEGIN_DECLS

#define WAIT_S 20

typedef gboolean (*Condition) (gpointer data);

/* Runs the control context until @condition holds; FALSE: it does not. */
gboolean wait_for (Condition condition, gpointer data);

/* --- the server ------------------------------------------------------------ */

typedef struct {
  GstClock *clock;
  GstClockTime base_time;
  PenstockRtspServer *server;
  PenstockChannel *channel;
  gchar *name; /* of the channel and the route */
} Fixture;

void fixture_init (Fixture *f, const gchar *name);
void fixture_clear (Fixture *f);
/* (transfer full): status of the mount, an object. */
JsonNode *fixture_status (const Fixture *f);
/* (transfer full) */
gchar *url_of (const Fixture *f, const gchar *path);

/* Conditions of a Fixture. */
gboolean no_viewers (gpointer f);
gboolean no_readers (gpointer f);

/* --- publishers ------------------------------------------------------------ */

#define VIDEO(width, height, gop)                                              \
  "videotestsrc is-live=true ! video/x-raw, format=I420, width=" #width        \
  ", height=" #height                                                          \
  ", framerate=25/1 ! x264enc tune=zerolatency speed-preset=ultrafast "        \
  "key-int-max=" #gop " ! h264parse ! sink. "
#define AUDIO                                                                  \
  "audiotestsrc is-live=true samplesperbuffer=1024 ! "                         \
  "audio/x-raw, rate=48000, channels=2 ! avenc_aac ! aacparse ! sink. "

/* A pipeline of @streams into the channel, in state NULL. */
GstElement *prepare (Fixture *f, const gchar *streams);
/* The same, playing. */
GstElement *publish (Fixture *f, const gchar *streams);
void unpublish (GstElement *pipeline);
/* Until the channel has so many tracks, and as many access units of each. */
void wait_channel (Fixture *f, guint n_tracks, guint n_access_units);

/* --- rtspsrc viewers ------------------------------------------------------- */

typedef struct {
  GstElement *pipeline;
  gint n_video, n_audio; /* atomic; buffers decoded or parsed */
  gint width, height;    /* atomic; of the last picture */
  gint first_is_key;     /* atomic; -1 before */
  gint ended;            /* atomic; EOS or error */
  gint discont;          /* atomic; gaps seen after the first buffer */
  GMutex lock;
  gchar *error;
  GstClockTime video_pts, audio_pts; /* first, running time */
} Viewer;

extern const gchar *const protocols[2]; /* for viewer_new() */

Viewer *viewer_new (
    const Fixture *f, const gchar *protocols, const gchar *query);
void viewer_free (Viewer *v);
/* Until it has so many pictures and audio frames. */
void wait_viewer (Viewer *v, gint video, gint audio);
/* Condition of a Viewer. */
gboolean viewer_ended (gpointer v);

/* --- plain requests -------------------------------------------------------- */

#define TCP_SETUP "Transport: RTP/AVP/TCP;unicast;interleaved=0-1\r\n"

typedef struct {
  GSocketConnection *connection;
  GDataInputStream *in;
  guint cseq;
  gchar *url;
  guint8 first[4][12]; /* RTP header of the first packet of each channel */
  gboolean seen[4];
} Plain;

void plain_open (Plain *p, const Fixture *f, const gchar *path);
void plain_close (Plain *p);
/* Sends a request and reads the answer's head (and body); NULL when the
 * connection is closed. */
gchar *plain_request (
    Plain *p, const gchar *method, const gchar *suffix, const gchar *headers);
/* Reads a packet. */
void read_interleaved (Plain *p);
/* The answer to a DESCRIBE over a connection of its own. */
gchar *describe_status (const Fixture *f, const gchar *path);
/* (transfer full); of header_of() (nullable) */
gchar *header_of (const gchar *answer, const gchar *name);
gchar *session_of (const gchar *answer);

#define ck_assert_status(answer, status)                                       \
  ck_assert_msg ((answer) &&                                                   \
          g_str_has_prefix ((answer), "RTSP/1.0 " G_STRINGIFY (status)),       \
      "%s", (answer) ? (answer) : "(closed)")

G_END_DECLS

#endif /* PENSTOCK_TEST_RTSP_FIXTURE_H */
