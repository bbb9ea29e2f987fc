/* SPDX-License-Identifier: MIT
 *
 * Properties of penstockdashsink and their values (see dash-sink-private.h). */

#include "dash-sink-private.h"

#define DEFAULT_SEGMENT_DURATION (2 * GST_SECOND)
#define DEFAULT_WINDOW (60 * GST_SECOND)
#define DEFAULT_RETENTION (10 * GST_SECOND)
#define DEFAULT_MAX_BYTES (256 * 1024 * 1024)
#define MIN_SEGMENT_DURATION (500 * GST_MSECOND)
#define DEFAULT_CHUNK_DURATION (200 * GST_MSECOND)
#define MIN_CHUNK_DURATION (100 * GST_MSECOND)
#define MAX_CHUNK_DURATION (500 * GST_MSECOND)
#define DEFAULT_LATENCY (2 * GST_SECOND)
#define MIN_LATENCY (300 * GST_MSECOND)
#define MAX_LATENCY (60 * GST_SECOND)

#define SETTABLE                                                               \
  (G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | GST_PARAM_MUTABLE_READY)

GType
penstock_dash_addressing_get_type (void)
{
  static const GEnumValue values[] = {
    { PENSTOCK_DASH_ADDRESSING_AUTO,
        "Players count segments while they are regular", "auto" },
    { PENSTOCK_DASH_ADDRESSING_TIMELINE, "Each segment is listed", "timeline" },
    { 0, NULL, NULL },
  };
  static gsize type;

  if (g_once_init_enter (&type))
    g_once_init_leave (
        &type, g_enum_register_static ("PenstockDashAddressing", values));
  return type;
}

enum {
  PROP_0,
  PROP_STORE,
  PROP_DIRECTORY,
  PROP_SEGMENT_DURATION,
  PROP_WINDOW,
  PROP_RETENTION,
  PROP_MAX_BYTES,
  PROP_TITLE,
  PROP_UTC_TIMING_URL,
  PROP_WALL_CLOCK,
  PROP_START_NUMBER,
  PROP_ADDRESSING,
  PROP_LOW_LATENCY,
  PROP_CHUNK_DURATION,
  PROP_LATENCY,
  PROP_HLS,
  PROP_KEEP,
  PROP_STATS,
  N_PROPS
};
static GParamSpec *props[N_PROPS];

/* ---- values ---- */

void
dash_settings_init (DashSettings *settings)
{
  settings->segment_duration = DEFAULT_SEGMENT_DURATION;
  settings->window = DEFAULT_WINDOW;
  settings->retention = DEFAULT_RETENTION;
  settings->max_bytes = DEFAULT_MAX_BYTES;
  settings->addressing = PENSTOCK_DASH_ADDRESSING_TIMELINE;
  settings->chunk_duration = DEFAULT_CHUNK_DURATION;
  settings->latency = DEFAULT_LATENCY;
}

void
dash_settings_copy (PenstockDashSink *self, DashSettings *out)
{
  GST_OBJECT_LOCK (self);
  *out = self->settings;
  out->store = g_strdup (out->store);
  out->directory = g_strdup (out->directory);
  out->title = g_strdup (out->title);
  out->utc_timing_url = g_strdup (out->utc_timing_url);
  GST_OBJECT_UNLOCK (self);
}

void
dash_settings_clear (DashSettings *settings)
{
  g_free (settings->store);
  g_free (settings->directory);
  g_free (settings->title);
  g_free (settings->utc_timing_url);
}

/* ---- reading and writing ---- */

static GstStructure *
get_stats (PenstockDashSink *self)
{
  PresentationStats p = { 0 };
  SegmenterStats s = { 0 };
  guint64 pending = 0, no_timestamp, write_failures;

  g_mutex_lock (&self->lock);
  if (self->segmenter) {
    presentation_get_stats (self->presentation, &p);
    segmenter_get_stats (self->segmenter, &s);
    pending = segmenter_get_bytes (self->segmenter);
  }
  no_timestamp = self->no_timestamp;
  write_failures = self->write_failures;
  g_mutex_unlock (&self->lock);

  return gst_structure_new ("penstock-dash-sink-stats",            /* */
      "segments", G_TYPE_UINT64, p.segments,                       /* */
      "periods", G_TYPE_UINT64, p.periods,                         /* */
      "bytes", G_TYPE_UINT64, p.bytes,                             /* */
      "pending-bytes", G_TYPE_UINT64, pending,                     /* */
      "edge", G_TYPE_UINT64, p.edge,                               /* */
      "dropped-before-keyframe", G_TYPE_UINT64, s.before_keyframe, /* */
      "dropped-late-audio", G_TYPE_UINT64, s.late_audio,           /* */
      "dropped-outside", G_TYPE_UINT64, s.outside,                 /* */
      "dropped-given-up", G_TYPE_UINT64, s.given_up,               /* */
      "dropped-no-timestamp", G_TYPE_UINT64, no_timestamp,         /* */
      "write-failures", G_TYPE_UINT64, write_failures, NULL);
}

static void
set_string (gchar **field, const GValue *value)
{
  g_free (*field);
  *field = g_value_dup_string (value);
  if (*field && **field == '\0')
    g_clear_pointer (field, g_free);
}

static void
penstock_dash_sink_set_property (
    GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  PenstockDashSink *self = PENSTOCK_DASH_SINK (object);
  DashSettings *s = &self->settings;

  GST_OBJECT_LOCK (self);
  switch (id) {
  case PROP_STORE:
    set_string (&s->store, value);
    break;
  case PROP_DIRECTORY:
    set_string (&s->directory, value);
    break;
  case PROP_SEGMENT_DURATION:
    s->segment_duration = g_value_get_uint64 (value);
    break;
  case PROP_WINDOW:
    s->window = g_value_get_uint64 (value);
    break;
  case PROP_RETENTION:
    s->retention = g_value_get_uint64 (value);
    break;
  case PROP_MAX_BYTES:
    s->max_bytes = g_value_get_uint64 (value);
    break;
  case PROP_TITLE:
    set_string (&s->title, value);
    break;
  case PROP_UTC_TIMING_URL:
    set_string (&s->utc_timing_url, value);
    break;
  case PROP_WALL_CLOCK:
    s->wall_clock = g_value_get_uint64 (value);
    break;
  case PROP_START_NUMBER:
    s->start_number = g_value_get_uint64 (value);
    break;
  case PROP_ADDRESSING:
    s->addressing = g_value_get_enum (value);
    break;
  case PROP_LOW_LATENCY:
    s->low_latency = g_value_get_boolean (value);
    break;
  case PROP_CHUNK_DURATION:
    s->chunk_duration = g_value_get_uint64 (value);
    break;
  case PROP_LATENCY:
    s->latency = g_value_get_uint64 (value);
    break;
  case PROP_HLS:
    s->hls = g_value_get_boolean (value);
    break;
  case PROP_KEEP:
    s->keep = g_value_get_boolean (value);
    break;
  default:
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
  }
  GST_OBJECT_UNLOCK (self);
}

static void
penstock_dash_sink_get_property (
    GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  PenstockDashSink *self = PENSTOCK_DASH_SINK (object);
  const DashSettings *s = &self->settings;

  if (id == PROP_STATS) {
    g_value_take_boxed (value, get_stats (self));
    return;
  }
  GST_OBJECT_LOCK (self);
  switch (id) {
  case PROP_STORE:
    g_value_set_string (value, s->store);
    break;
  case PROP_DIRECTORY:
    g_value_set_string (value, s->directory);
    break;
  case PROP_SEGMENT_DURATION:
    g_value_set_uint64 (value, s->segment_duration);
    break;
  case PROP_WINDOW:
    g_value_set_uint64 (value, s->window);
    break;
  case PROP_RETENTION:
    g_value_set_uint64 (value, s->retention);
    break;
  case PROP_MAX_BYTES:
    g_value_set_uint64 (value, s->max_bytes);
    break;
  case PROP_TITLE:
    g_value_set_string (value, s->title);
    break;
  case PROP_UTC_TIMING_URL:
    g_value_set_string (value, s->utc_timing_url);
    break;
  case PROP_WALL_CLOCK:
    g_value_set_uint64 (value, s->wall_clock);
    break;
  case PROP_START_NUMBER:
    g_value_set_uint64 (value, s->start_number);
    break;
  case PROP_ADDRESSING:
    g_value_set_enum (value, s->addressing);
    break;
  case PROP_LOW_LATENCY:
    g_value_set_boolean (value, s->low_latency);
    break;
  case PROP_CHUNK_DURATION:
    g_value_set_uint64 (value, s->chunk_duration);
    break;
  case PROP_LATENCY:
    g_value_set_uint64 (value, s->latency);
    break;
  case PROP_HLS:
    g_value_set_boolean (value, s->hls);
    break;
  case PROP_KEEP:
    g_value_set_boolean (value, s->keep);
    break;
  default:
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
  }
  GST_OBJECT_UNLOCK (self);
}

/* ---- what they are ---- */

static void
install_places (void)
{
  /**
   * PenstockDashSink:store:
   *
   * Name of the segment store in this process that gets the files.
   *
   * Since: 0.1
   */
  props[PROP_STORE] = g_param_spec_string ("store", "Store",
      "Name of the segment store in memory that gets the files (NULL = none)",
      NULL, SETTABLE);

  /**
   * PenstockDashSink:directory:
   *
   * Folder that gets the files. It is made when it does not exist. What an
   * earlier run left in it is deleted when no reader can ask for it any more.
   * When it cannot be written to, a warning tells so once, and each segment
   * tries it again; an information message tells when it works. With
   * #PenstockDashSink:store what is missing is written then; without, what
   * lies before is withdrawn.
   *
   * Since: 0.1
   */
  props[PROP_DIRECTORY] = g_param_spec_string ("directory", "Directory",
      "Folder that gets the files (NULL = none)", NULL, SETTABLE);

  /**
   * PenstockDashSink:max-bytes:
   *
   * Bound of all memory the element takes, in bytes: media that waits for the
   * end of its segment (a quarter) and files. The window shrinks rather than
   * exceed it; a GOP larger than its quarter is dropped. Files waiting for a
   * slow disk may take another quarter.
   *
   * Since: 0.1
   */
  props[PROP_MAX_BYTES] = g_param_spec_uint64 ("max-bytes", "Maximum bytes",
      "Bound of the memory taken, in bytes; the window shrinks to stay below",
      1024 * 1024, G_MAXINT64, DEFAULT_MAX_BYTES, SETTABLE);
}

static void
install_segments (void)
{
  /**
   * PenstockDashSink:segment-duration:
   *
   * Wanted duration of a media segment, in nanoseconds. A segment ends at the
   * first keyframe after 90 % of it, so it is longer when the GOP is.
   *
   * Since: 0.1
   */
  props[PROP_SEGMENT_DURATION] = g_param_spec_uint64 ("segment-duration",
      "Segment duration",
      "Wanted duration of a media segment, in nanoseconds; segments start at "
      "keyframes only",
      MIN_SEGMENT_DURATION, 60 * GST_SECOND, DEFAULT_SEGMENT_DURATION,
      SETTABLE);

  /**
   * PenstockDashSink:window:
   *
   * How far a reader may go back, in nanoseconds. Long segments make it
   * longer: six of the longest always fit.
   *
   * Since: 0.1
   */
  props[PROP_WINDOW] = g_param_spec_uint64 ("window", "Window",
      "How far a reader may go back, in nanoseconds; at least six segments", 0,
      24 * 3600 * GST_SECOND, DEFAULT_WINDOW, SETTABLE);

  /**
   * PenstockDashSink:retention:
   *
   * How long files stay after they have left the window, in nanoseconds, for
   * readers whose manifest is old. One segment more, in any case; at least three
   * more unless this is 0.
   *
   * Since: 0.1
   */
  props[PROP_RETENTION] = g_param_spec_uint64 ("retention", "Retention",
      "How long files stay after the window and one segment, in nanoseconds; "
      "at "
      "least three segments (0 = no longer)",
      0, 24 * 3600 * GST_SECOND, DEFAULT_RETENTION, SETTABLE);

  /**
   * PenstockDashSink:start-number:
   *
   * Number of the first segment. 0 derives it from the wall clock, which
   * makes numbers go on over restarts without any state kept.
   *
   * Since: 0.1
   */
  props[PROP_START_NUMBER] =
      g_param_spec_uint64 ("start-number", "Start number",
          "Number of the first segment (0 = from the clock, unique for ever)",
          0, G_MAXUINT32 / 2, 0, SETTABLE);
}

static void
install_manifest (void)
{
  /**
   * PenstockDashSink:title:
   *
   * Title of the presentation, written into the MPD.
   *
   * Since: 0.1
   */
  props[PROP_TITLE] = g_param_spec_string ("title", "Title",
      "Title of the presentation in the MPD (NULL = none)", NULL, SETTABLE);

  /**
   * PenstockDashSink:utc-timing-url:
   *
   * Address of a clock for players (UTCTiming, http-xsdate), relative to the
   * MPD or absolute.
   *
   * Since: 0.1
   */
  props[PROP_UTC_TIMING_URL] = g_param_spec_string ("utc-timing-url",
      "UTC timing URL",
      "Where players read the time, as an xs:dateTime, relative or absolute "
      "(NULL = not said)",
      NULL, SETTABLE);

  /**
   * PenstockDashSink:wall-clock:
   *
   * UTC of running time 0, in nanoseconds since 1970: media with running time
   * T is complete at that time plus T. 0: measured from the first segment as
   * the smallest distance between arrival and timestamp.
   *
   * Since: 0.1
   */
  props[PROP_WALL_CLOCK] = g_param_spec_uint64 ("wall-clock", "Wall clock",
      "UTC of running time 0, in nanoseconds since 1970 (0 = measured)", 0,
      G_MAXINT64, 0, SETTABLE);

  /**
   * PenstockDashSink:addressing:
   *
   * How the MPD tells the segments. `timeline`: each of them is listed.
   * `auto`: players count them by their nominal duration. Segments that turn
   * out to be irregular begin a Period that lists them; when the next segment
   * is more than a second late, those of its Period are listed from then on.
   * ffmpeg 5.1 counts from the availability start, not from the start of the
   * Period, so it does not play what is counted.
   *
   * Since: 0.1
   */
  props[PROP_ADDRESSING] = g_param_spec_enum ("addressing", "Addressing",
      "How the MPD tells the segments", PENSTOCK_TYPE_DASH_ADDRESSING,
      PENSTOCK_DASH_ADDRESSING_TIMELINE, SETTABLE);
  gst_type_mark_as_plugin_api (PENSTOCK_TYPE_DASH_ADDRESSING, 0);
}

static void
install_keep (void)
{
  /**
   * PenstockDashSink:keep:
   *
   * Everything stays in #PenstockDashSink:directory, from the first segment on:
   * readers may go back to the beginning, and #PenstockDashSink:window and
   * #PenstockDashSink:max-bytes do not matter for what is written. At the end
   * `recording.mpd` appears, which plays it from 0, without the breaks.
   *
   * Since: 0.1
   */
  props[PROP_KEEP] = g_param_spec_boolean ("keep", "Keep",
      "Nothing is deleted; at the end there is a recording.mpd", FALSE,
      SETTABLE);
}

static void
install_hls (void)
{
  /**
   * PenstockDashSink:hls:
   *
   * HLS playlists of the same segments are written beside the MPD:
   * `master.m3u8` and one `media.m3u8` in the folder of each stream. With
   * #PenstockDashSink:low-latency those in #PenstockDashSink:store list the
   * parts of segments that grow.
   *
   * Since: 0.1
   */
  props[PROP_HLS] = g_param_spec_boolean ("hls", "HLS",
      "HLS playlists of the same segments are written as well", FALSE,
      SETTABLE);
}

static void
install_low_latency (void)
{
  /**
   * PenstockDashSink:low-latency:
   *
   * Segments can be read from #PenstockDashSink:store while they grow, and the
   * MPD tells players so. They count the segments, whatever
   * #PenstockDashSink:addressing says, so keyframes have to be regular: where
   * they are not, segments are listed once they are complete. The MPD is there
   * with the first chunk. In #PenstockDashSink:directory files appear when they
   * are complete, and so says the MPD there.
   *
   * Since: 0.1
   */
  props[PROP_LOW_LATENCY] = g_param_spec_boolean ("low-latency", "Low latency",
      "Segments can be read while they grow", FALSE, SETTABLE);

  /**
   * PenstockDashSink:chunk-duration:
   *
   * With #PenstockDashSink:low-latency, by how much a segment grows at once, in
   * nanoseconds of media.
   *
   * Since: 0.1
   */
  props[PROP_CHUNK_DURATION] = g_param_spec_uint64 ("chunk-duration",
      "Chunk duration", "By how much a segment grows at once, in nanoseconds",
      MIN_CHUNK_DURATION, MAX_CHUNK_DURATION, DEFAULT_CHUNK_DURATION, SETTABLE);

  /**
   * PenstockDashSink:latency:
   *
   * With #PenstockDashSink:low-latency, how far players should stay behind, in
   * nanoseconds from the end of the encoder to the picture.
   *
   * Since: 0.1
   */
  props[PROP_LATENCY] = g_param_spec_uint64 ("latency", "Latency",
      "How far behind players of low latency should stay, in nanoseconds",
      MIN_LATENCY, MAX_LATENCY, DEFAULT_LATENCY, SETTABLE);
}

static void
install_stats (void)
{
  /**
   * PenstockDashSink:stats:
   *
   * Counters since PAUSED as a #GstStructure of guint64: `segments`,
   * `periods`, `bytes` kept in files, `pending-bytes`, `edge` (nanoseconds
   * since 1970 where the newest segment ends), `write-failures`, and dropped
   * access units by cause: `dropped-before-keyframe`, `dropped-late-audio`,
   * `dropped-outside` (of a Period), `dropped-given-up` (over max-bytes),
   * `dropped-no-timestamp`.
   *
   * Since: 0.1
   */
  props[PROP_STATS] = g_param_spec_boxed ("stats", "Statistics",
      "Counters of segments, bytes and dropped access units by cause",
      GST_TYPE_STRUCTURE, G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);
}

void
dash_properties_install (GObjectClass *object_class)
{
  object_class->set_property = penstock_dash_sink_set_property;
  object_class->get_property = penstock_dash_sink_get_property;
  install_places ();
  install_segments ();
  install_manifest ();
  install_keep ();
  install_hls ();
  install_low_latency ();
  install_stats ();
  g_object_class_install_properties (object_class, N_PROPS, props);
}
