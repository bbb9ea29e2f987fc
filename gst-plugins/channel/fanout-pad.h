/* SPDX-License-Identifier: MIT
 *
 * The source pads of penstockfanout: each is one stream of one reader, with a
 * cursor in the log and a task that pushes. Private to penstockfanout.
 *
 * Lock order: the element's lock, a pad's lock, the log's. Under none of them
 * anything is pushed, posted or called back. */
#ifndef PENSTOCK_FANOUT_PAD_H
#define PENSTOCK_FANOUT_PAD_H

#include <gst/gst.h>

#include "gop-log.h"
#include "sticky-set.h"

G_BEGIN_DECLS

#define PENSTOCK_TYPE_FANOUT_PAD (penstock_fanout_pad_get_type ())
G_DECLARE_FINAL_TYPE (
    PenstockFanoutPad, penstock_fanout_pad, PENSTOCK, FANOUT_PAD, GstPad)

/* Properties of a reader; on the element, of readers made from then on. */
enum {
  PENSTOCK_FANOUT_PROP_START = 1,
  PENSTOCK_FANOUT_PROP_POLICY,
  PENSTOCK_FANOUT_PROP_MAX_LAG,
  PENSTOCK_FANOUT_PROP_MAX_LAG_BYTES,
  PENSTOCK_FANOUT_PROP_MAX_LAG_ENTRIES,
  PENSTOCK_FANOUT_PROP_MAX_AUDIO_LAG,
  PENSTOCK_FANOUT_N_READER_PROPS
};

void penstock_fanout_install_reader_properties (GObjectClass *klass);
/* FALSE: not a property of a reader. */
gboolean penstock_fanout_settings_set (
    PenstockCursorSettings *settings, guint id, const GValue *value);
gboolean penstock_fanout_settings_get (
    const PenstockCursorSettings *settings, guint id, GValue *value);

/* Why a pad has sent EOS, or does not send. */
typedef enum {
  PENSTOCK_FANOUT_WAITING, /* not linked, or nothing sent yet */
  PENSTOCK_FANOUT_READING,
  PENSTOCK_FANOUT_EOS,          /* the stream has ended */
  PENSTOCK_FANOUT_DONE,         /* downstream wanted no more */
  PENSTOCK_FANOUT_AUDIO_ONLY,   /* policy */
  PENSTOCK_FANOUT_DISCONNECTED, /* policy */
  PENSTOCK_FANOUT_FAILED,       /* downstream failed */
} PenstockFanoutPadState;

/**
 * PenstockFanoutReader:
 *
 * What the pads of one reader have in common; the element's lock guards it.
 */
typedef struct {
  guint number;
  PenstockCursorSettings settings;
  GPtrArray *pads;   /* of PenstockFanoutPad, not owned */
  guint64 joined_at; /* where in the log the reader has joined */
  gint64 joined_us;  /* when, monotonic; 0 = never */
} PenstockFanoutReader;

typedef struct {
  guint reader, stream;
  PenstockFanoutPadState state;
  guint64 n_joins;
  PenstockBacklog backlog;
  PenstockCursorStats cursor; /* of all joins */
} PenstockFanoutPadStats;

/**
 * PenstockFanoutPadOwner:
 *
 * What a pad asks of its element; called from the pad's task or an
 * application's thread, without locks.
 */
typedef struct {
  /* Begins @cursor where the reader begins. @first: the pad's first join. */
  void (*join) (GstElement *element, PenstockFanoutPad *pad,
      PenstockCursor *cursor, gboolean first);
  /* The pad's reader is beyond its limit: AUDIO_ONLY or DISCONNECTED. */
  void (*too_slow) (GstElement *element, PenstockFanoutPad *pad,
      PenstockFanoutPadState state);
  /* A reader's property, set through one of its pads. */
  void (*set_reader_property) (GstElement *element, PenstockFanoutPad *pad,
      guint id, const GValue *value);
} PenstockFanoutPadOwner;

/* A pad that is not active and in no element yet. A ref on @log is taken;
 * @owner is static. */
PenstockFanoutPad *penstock_fanout_pad_new (GstPadTemplate *templ,
    const gchar *name, PenstockGopLog *log,
    const PenstockFanoutPadOwner *owner);

/* The element's records of a pad; NULL, NULL when it is released. With the
 * element's lock. */
void penstock_fanout_pad_bind (PenstockFanoutPad *self,
    PenstockFanoutReader *reader, gpointer stream, guint stream_number);
PenstockFanoutReader *penstock_fanout_pad_get_reader (PenstockFanoutPad *self);
gpointer penstock_fanout_pad_get_stream (PenstockFanoutPad *self);

/* What the element tells a pad, with the element's lock. */
void penstock_fanout_pad_wake (PenstockFanoutPad *self);
/* The track mask stays. */
void penstock_fanout_pad_set_settings (
    PenstockFanoutPad *self, const PenstockCursorSettings *settings);
void penstock_fanout_pad_set_video (PenstockFanoutPad *self, gboolean video);
void penstock_fanout_pad_set_sticky (
    PenstockFanoutPad *self, PenstockStickySet *sticky);
/* @eos: (nullable): the stream has ended or, NULL, goes on. */
void penstock_fanout_pad_set_eos (PenstockFanoutPad *self, GstEvent *eos);
/* Reading pauses until penstock_fanout_pad_stop_flush(). */
void penstock_fanout_pad_start_flush (PenstockFanoutPad *self);
/* @event: (transfer none): FLUSH_STOP, pushed by the pad's own task. */
void penstock_fanout_pad_stop_flush (PenstockFanoutPad *self, GstEvent *event);
/* EOS as soon as it can be sent, and nothing more. FALSE: it was told so. */
gboolean penstock_fanout_pad_end (
    PenstockFanoutPad *self, PenstockFanoutPadState state);

/* Whether policy `disconnect` has struck while the pad is blocked. */
gboolean penstock_fanout_pad_is_too_slow (PenstockFanoutPad *self);
gboolean penstock_fanout_pad_is_video (PenstockFanoutPad *self);
void penstock_fanout_pad_get_stats (
    PenstockFanoutPad *self, PenstockFanoutPadStats *stats);
const gchar *penstock_fanout_pad_state_name (PenstockFanoutPadState state);
/* Adds the figures of @stats to those of a reader, @sum. */
void penstock_fanout_pad_stats_add (
    PenstockFanoutPadStats *sum, const PenstockFanoutPadStats *stats);
/* (transfer full) */
GstStructure *penstock_fanout_pad_stats_to_structure (
    const PenstockFanoutPadStats *stats, const gchar *name);

G_END_DECLS

#endif /* PENSTOCK_FANOUT_PAD_H */
