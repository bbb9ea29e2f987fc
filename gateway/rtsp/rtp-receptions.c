/* SPDX-License-Identifier: MIT
 *
 * How packets reach viewers. See rtp-receptions.h. */

#include "rtp-receptions.h"

#include <gst/net/net.h>
#include <string.h>

/* Reports tell time in 1/65536 s (RFC 3550, 4). */
#define REPORT_SECOND 65536
/* A longer way says that the report is about something else. */
#define MAX_RTT_US (60 * G_USEC_PER_SEC)

/* Compared as bytes. */
typedef struct {
  guint8 ip[16];
  guint16 port;
  guint16 stream;
} Key;

struct _PenstockRtpReception {
  Key key; /* the first member: also what the table finds it by */
  PenstockRtpReception *next;
  gint64 since_us;

  /* Lock of the table. */
  gint64 report_us; /* monotonic; 0 = none yet */
  gint64 rtt_us;    /* -1 = not known */
  guint32 jitter_us;
  gint32 lost;
  guint8 loss; /* 256 = all */
};

struct _PenstockRtpReceptions {
  gint refs; /* atomic */

  GMutex lock;        /* guards the rest */
  GHashTable *by_key; /* of PenstockRtpReception, not owned */
};

/* --- table --------------------------------------------------------------------- */

static guint
key_hash (gconstpointer data)
{
  const Key *key = data;
  guint hash = key->port * 65599u + key->stream;

  for (guint i = 0; i < sizeof (key->ip); i++)
    hash = hash * 31 + key->ip[i];
  return hash;
}

static gboolean
key_equal (gconstpointer a, gconstpointer b)
{
  return memcmp (a, b, sizeof (Key)) == 0;
}

/* IPv4 in IPv6 is IPv4. FALSE: it is neither. */
static gboolean
make_key (Key *key, guint stream, GSocketAddress *from)
{
  static const guint8 mapped[12] = { [10] = 0xff, [11] = 0xff };

  if (!G_IS_INET_SOCKET_ADDRESS (from))
    return FALSE;
  GInetSocketAddress *inet = G_INET_SOCKET_ADDRESS (from);
  GInetAddress *ip = g_inet_socket_address_get_address (inet);
  gsize size = g_inet_address_get_native_size (ip);
  memset (key, 0, sizeof (*key));
  memcpy (key->ip, mapped, sizeof (mapped));
  memcpy (
      key->ip + sizeof (key->ip) - size, g_inet_address_to_bytes (ip), size);
  key->port = g_inet_socket_address_get_port (inet);
  key->stream = (guint16) stream;
  return TRUE;
}

PenstockRtpReceptions *
penstock_rtp_receptions_new (void)
{
  PenstockRtpReceptions *self = g_new0 (PenstockRtpReceptions, 1);

  self->refs = 1;
  self->by_key = g_hash_table_new (key_hash, key_equal);
  g_mutex_init (&self->lock);
  return self;
}

PenstockRtpReceptions *
penstock_rtp_receptions_ref (PenstockRtpReceptions *self)
{
  g_atomic_int_inc (&self->refs);
  return self;
}

void
penstock_rtp_receptions_unref (PenstockRtpReceptions *self)
{
  if (!self || !g_atomic_int_dec_and_test (&self->refs))
    return;
  g_hash_table_unref (self->by_key);
  g_mutex_clear (&self->lock);
  g_free (self);
}

/* --- viewers --------------------------------------------------------------------- */

PenstockRtpReception *
penstock_rtp_receptions_add (PenstockRtpReceptions *self,
    PenstockRtpReception *list, guint stream, GSocketAddress *from,
    gint64 now_us)
{
  PenstockRtpReception *reception = g_new0 (PenstockRtpReception, 1);

  reception->next = list;
  reception->since_us = now_us;
  reception->rtt_us = -1;
  if (!make_key (&reception->key, stream, from)) {
    g_free (reception);
    return list;
  }
  g_mutex_lock (&self->lock);
  g_hash_table_replace (self->by_key, reception, reception);
  g_mutex_unlock (&self->lock);
  return reception;
}

/* Another viewer may have come from the same place meanwhile. */
void
penstock_rtp_receptions_remove (
    PenstockRtpReceptions *self, PenstockRtpReception *list)
{
  g_mutex_lock (&self->lock);
  while (list) {
    PenstockRtpReception *next = list->next;
    if (g_hash_table_lookup (self->by_key, list) == list)
      g_hash_table_remove (self->by_key, list);
    g_free (list);
    list = next;
  }
  g_mutex_unlock (&self->lock);
}

void
penstock_rtp_receptions_get (PenstockRtpReceptions *self,
    const PenstockRtpReception *list, PenstockRtpReceptionStats *stats)
{
  gint64 newest_us = 0;

  *stats = (PenstockRtpReceptionStats){ .rtt_us = -1 };
  g_mutex_lock (&self->lock);
  for (; list; list = list->next) {
    if (list->report_us == 0)
      continue;
    stats->known = TRUE;
    stats->jitter_us = MAX (stats->jitter_us, (gint64) list->jitter_us);
    stats->loss = MAX (stats->loss, list->loss / 256.0);
    stats->lost += list->lost;
    if (list->rtt_us < 0 || list->report_us < newest_us)
      continue;
    stats->rtt_us = list->rtt_us;
    newest_us = list->report_us;
  }
  g_mutex_unlock (&self->lock);
}

/* --- reports --------------------------------------------------------------------- */

/* RFC 3550, 6.4.1, at LSR and DLSR. A viewer may get reports that were sent to
 * others before it came. */
static gint64
measure_way (const PenstockRtpReception *reception,
    const PenstockRtcpBlock *block, gint64 sent_us, gint64 now_us)
{
  if (block->last_report == 0 || sent_us < reception->since_us)
    return -1;
  gint64 held_us =
      (gint64) block->since_last_report * G_USEC_PER_SEC / REPORT_SECOND;
  gint64 rtt_us = now_us - sent_us - held_us;
  /* Clocks have grains. */
  if (rtt_us < -G_TIME_SPAN_MILLISECOND || rtt_us > MAX_RTT_US)
    return -1;
  return MAX (rtt_us, 0);
}

gboolean
penstock_rtp_receptions_take (PenstockRtpReceptions *self, guint stream,
    GSocketAddress *from, const PenstockRtcpBlock *block, guint clock_rate,
    gint64 sent_us, gint64 now_us)
{
  Key key;

  if (!make_key (&key, stream, from))
    return FALSE;
  g_mutex_lock (&self->lock);
  PenstockRtpReception *reception = g_hash_table_lookup (self->by_key, &key);
  if (reception) {
    gint64 rtt_us = measure_way (reception, block, sent_us, now_us);
    if (rtt_us >= 0)
      reception->rtt_us = rtt_us;
    reception->report_us = now_us;
    reception->jitter_us = (guint32) MIN (G_MAXUINT32,
        gst_util_uint64_scale_int (
            block->jitter, (gint) G_USEC_PER_SEC, (gint) clock_rate));
    reception->loss = block->fraction_lost;
    reception->lost = block->lost;
  }
  g_mutex_unlock (&self->lock);
  return reception != NULL;
}

/* --- the media ---------------------------------------------------------------------- */

typedef struct {
  PenstockRtpReceptions *receptions; /* owned */
  PenstockRtpHub *hub;               /* owned */
  guint stream;
} Source;

static void
source_free (gpointer data)
{
  Source *source = data;

  penstock_rtp_receptions_unref (source->receptions);
  penstock_rtp_hub_unref (source->hub);
  g_free (source);
}

static void
source_closure_free (gpointer data, GClosure *closure)
{
  source_free (data);
}

static Source *
source_new (
    PenstockRtpReceptions *receptions, PenstockRtpHub *hub, guint stream)
{
  Source *source = g_new (Source, 1);

  *source = (Source){ penstock_rtp_receptions_ref (receptions),
    penstock_rtp_hub_ref (hub), stream };
  return source;
}

/* What viewers over TCP send has got an address by the library, too. */
static void
take_buffer (Source *source, GstBuffer *buffer)
{
  GstNetAddressMeta *address = gst_buffer_get_net_address_meta (buffer);
  g_auto (GstBufferMapInfo) map = GST_MAP_INFO_INIT;
  PenstockRtcpBlock block;
  guint clock_rate;

  if (!address || !gst_buffer_map (buffer, &map, GST_MAP_READ) ||
      !penstock_rtcp_report_read_block (map.data, map.size, &block))
    return;
  gint64 sent_us = penstock_rtp_hub_find_report (
      source->hub, source->stream, block.last_report, &clock_rate);
  if (clock_rate > 0)
    penstock_rtp_receptions_take (source->receptions, source->stream,
        address->addr, &block, clock_rate, sent_us, g_get_monotonic_time ());
}

static gboolean
take_from_list (GstBuffer **buffer, guint index, gpointer source)
{
  take_buffer (source, *buffer);
  return TRUE;
}

static GstPadProbeReturn
take_from_pad (GstPad *pad, GstPadProbeInfo *info, gpointer user_data)
{
  if (info->type & GST_PAD_PROBE_TYPE_BUFFER_LIST)
    gst_buffer_list_foreach (
        GST_PAD_PROBE_INFO_BUFFER_LIST (info), take_from_list, user_data);
  else
    take_buffer (user_data, GST_PAD_PROBE_INFO_BUFFER (info));
  return GST_PAD_PROBE_OK;
}

static void
pad_added (GstElement *rtpbin, GstPad *pad, gpointer user_data)
{
  static const gchar prefix[] = "recv_rtcp_sink_";
  const Source *source = user_data;
  const gchar *name = GST_PAD_NAME (pad);

  if (!g_str_has_prefix (name, prefix))
    return;
  guint64 stream = g_ascii_strtoull (name + strlen (prefix), NULL, 10);
  if (stream >= penstock_rtp_hub_get_n_streams (source->hub))
    return;
  gst_pad_add_probe (pad,
      GST_PAD_PROBE_TYPE_BUFFER | GST_PAD_PROBE_TYPE_BUFFER_LIST, take_from_pad,
      source_new (source->receptions, source->hub, (guint) stream),
      source_free);
}

void
penstock_rtp_receptions_attach (
    PenstockRtpReceptions *self, PenstockRtpHub *hub, GstElement *rtpbin)
{
  g_signal_connect_data (rtpbin, "pad-added", G_CALLBACK (pad_added),
      source_new (self, hub, 0), source_closure_free, 0);
}
