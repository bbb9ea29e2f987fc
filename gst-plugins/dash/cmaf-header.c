/* SPDX-License-Identifier: MIT
 *
 * Writer of the CMAF header (see cmaf-header.h). Clauses are those of
 * ISO/IEC 14496-12:2022 where no other document is named. */

#include "cmaf-header.h"

#include <string.h>

#include "isobmff.h"

#define TRACK_ID 1

static void
put_matrix (GByteArray *out)
{
  static const guint32 unity[9] = { 0x10000, 0, 0, 0, 0x10000, 0, 0, 0,
    0x40000000 };

  for (guint i = 0; i < G_N_ELEMENTS (unity); i++)
    iso_put_u32 (out, unity[i]);
}

static void
put_config (GByteArray *out, const CmafFormat *format)
{
  gsize size;
  const guint8 *data = g_bytes_get_data (format->config, &size);

  iso_put_data (out, data, size);
}

/* 4.3 and ISO/IEC 23000-19, 7.2: `cmf2` says that there is no edit list and
 * that composition offsets are signed. */
static void
put_ftyp (GByteArray *out)
{
  guint box = iso_box_begin (out, "ftyp");

  iso_put_fourcc (out, "iso6");
  iso_put_u32 (out, 0);
  iso_put_fourcc (out, "iso6");
  iso_put_fourcc (out, "cmfc");
  iso_put_fourcc (out, "cmf2");
  iso_put_fourcc (out, "dash");
  iso_box_end (out, box);
}

/* ---- sample entries ---- */

static const struct {
  const gchar *entry, *entry_in_band, *config;
  gboolean full_box; /* the configuration has version and flags */
} entries[] = {
  [CMAF_CODEC_H264] = { "avc1", "avc3", "avcC", FALSE },
  [CMAF_CODEC_H265] = { "hvc1", "hev1", "hvcC", FALSE },
  [CMAF_CODEC_AV1] = { "av01", "av01", "av1C", FALSE },
  [CMAF_CODEC_VP9] = { "vp09", "vp09", "vpcC", TRUE },
  [CMAF_CODEC_AAC] = { "mp4a", "mp4a", "esds", TRUE },
  [CMAF_CODEC_MP3] = { "mp4a", "mp4a", "esds", TRUE },
  [CMAF_CODEC_OPUS] = { "Opus", "Opus", "dOps", FALSE },
  [CMAF_CODEC_AC3] = { "ac-3", "ac-3", "dac3", FALSE },
  [CMAF_CODEC_EAC3] = { "ec-3", "ec-3", "dec3", FALSE },
  [CMAF_CODEC_FLAC] = { "fLaC", "fLaC", "dfLa", TRUE },
};

/* One descriptor header with a one-byte length (ISO/IEC 14496-1, 8.3.3). */
static guint
descriptor_begin (GByteArray *out, guint8 tag)
{
  iso_put_u8 (out, tag);
  iso_put_u8 (out, 0);
  return out->len;
}

static void
descriptor_end (GByteArray *out, guint start)
{
  out->data[start - 1] = out->len - start;
}

/* ES_Descriptor of an MP4 file (ISO/IEC 14496-14, 3.1.2). CmafFormat bounds
 * the configuration so that one byte holds every length. */
static void
put_es_descriptor (GByteArray *out, const CmafFormat *format)
{
  guint8 object_type = 0x40; /* MPEG-4 audio */
  guint es, config, info;

  if (format->codec == CMAF_CODEC_MP3)
    object_type = format->frame_samples == 1152 ? 0x6b : 0x69;

  es = descriptor_begin (out, 0x03);
  iso_put_u16 (out, 0); /* ES_ID */
  iso_put_u8 (out, 0);
  config = descriptor_begin (out, 0x04);
  iso_put_u8 (out, object_type);
  iso_put_u8 (out, 0x15); /* audio stream */
  iso_put_u24 (out, 0);   /* bufferSizeDB: unknown */
  iso_put_u32 (out, 0);   /* maxBitrate */
  iso_put_u32 (out, 0);   /* avgBitrate */
  if (format->config) {
    info = descriptor_begin (out, 0x05);
    put_config (out, format);
    descriptor_end (out, info);
  }
  descriptor_end (out, config);
  info = descriptor_begin (out, 0x06);
  iso_put_u8 (out, 0x02); /* SLConfig of MP4 files */
  descriptor_end (out, info);
  descriptor_end (out, es);
}

static void
put_config_box (GByteArray *out, const CmafFormat *format)
{
  const gchar *name = entries[format->codec].config;
  guint box;

  if (format->codec == CMAF_CODEC_VP9)
    box = iso_full_box_begin (out, name, 1, 0);
  else if (entries[format->codec].full_box)
    box = iso_full_box_begin (out, name, 0, 0);
  else
    box = iso_box_begin (out, name);

  if (format->codec == CMAF_CODEC_AAC || format->codec == CMAF_CODEC_MP3)
    put_es_descriptor (out, format);
  else
    put_config (out, format);
  iso_box_end (out, box);
}

/* 12.1.5: only when something is known. */
static void
put_colr (GByteArray *out, const CmafFormat *format)
{
  guint box;

  if (format->colour_primaries == 2 && format->matrix == 2)
    return;
  box = iso_box_begin (out, "colr");
  iso_put_fourcc (out, "nclx");
  iso_put_u16 (out, format->colour_primaries);
  iso_put_u16 (out, format->transfer);
  iso_put_u16 (out, format->matrix);
  iso_put_u8 (out, format->full_range ? 0x80 : 0);
  iso_box_end (out, box);
}

/* 12.1.4 */
static void
put_pasp (GByteArray *out, const CmafFormat *format)
{
  guint box = iso_box_begin (out, "pasp");

  iso_put_u32 (out, format->par_n);
  iso_put_u32 (out, format->par_d);
  iso_box_end (out, box);
}

static const gchar *
entry_name (const CmafFormat *format)
{
  return format->in_band ? entries[format->codec].entry_in_band
                         : entries[format->codec].entry;
}

/* 12.1.3 */
static void
put_visual_entry (GByteArray *out, const CmafFormat *format)
{
  guint box = iso_box_begin (out, entry_name (format));

  iso_put_zeros (out, 6);
  iso_put_u16 (out, 1); /* data_reference_index */
  iso_put_zeros (out, 16);
  iso_put_u16 (out, format->width);
  iso_put_u16 (out, format->height);
  iso_put_u32 (out, 0x00480000); /* 72 dpi */
  iso_put_u32 (out, 0x00480000);
  iso_put_u32 (out, 0);
  iso_put_u16 (out, 1);    /* frame_count */
  iso_put_zeros (out, 32); /* compressorname */
  iso_put_u16 (out, 0x18); /* depth */
  iso_put_u16 (out, 0xffff);
  put_config_box (out, format);
  put_colr (out, format);
  put_pasp (out, format);
  iso_box_end (out, box);
}

/* 12.2.3 */
static void
put_audio_entry (GByteArray *out, const CmafFormat *format)
{
  guint box = iso_box_begin (out, entry_name (format));

  iso_put_zeros (out, 6);
  iso_put_u16 (out, 1); /* data_reference_index */
  iso_put_zeros (out, 8);
  iso_put_u16 (out, format->channels);
  iso_put_u16 (out, 16); /* samplesize */
  iso_put_u32 (out, 0);
  iso_put_u32 (out, /* 16.16: larger rates do not fit */
      format->timescale <= G_MAXUINT16 ? format->timescale << 16 : 0);
  put_config_box (out, format);
  iso_box_end (out, box);
}

/* ---- moov ---- */

/* 8.2.2 */
static void
put_mvhd (GByteArray *out, const CmafFormat *format)
{
  guint box = iso_full_box_begin (out, "mvhd", 0, 0);

  iso_put_zeros (out, 8); /* creation and modification time */
  iso_put_u32 (out, format->timescale);
  iso_put_u32 (out, 0);       /* duration: in the fragments */
  iso_put_u32 (out, 0x10000); /* rate */
  iso_put_u16 (out, 0x100);   /* volume */
  iso_put_zeros (out, 10);
  put_matrix (out);
  iso_put_zeros (out, 24);
  iso_put_u32 (out, TRACK_ID + 1);
  iso_box_end (out, box);
}

/* 8.3.2: the size is the one to show, pixels made square. */
static void
put_tkhd (GByteArray *out, const CmafFormat *format)
{
  guint box = iso_full_box_begin (out, "tkhd", 0, 7);
  gdouble width = format->width;

  if (format->kind == CMAF_VIDEO)
    width = width * format->par_n / format->par_d;
  iso_put_zeros (out, 8);
  iso_put_u32 (out, TRACK_ID);
  iso_put_zeros (out, 4 + 4 + 8); /* reserved, duration, reserved */
  iso_put_u16 (out, 0);           /* layer */
  iso_put_u16 (out, 0);           /* alternate_group */
  iso_put_u16 (out, format->kind == CMAF_AUDIO ? 0x100 : 0);
  iso_put_u16 (out, 0);
  put_matrix (out);
  iso_put_u32 (out, MIN (width, G_MAXUINT16) * 65536.0);
  iso_put_u32 (out, format->height << 16);
  iso_box_end (out, box);
}

/* 8.4.2; the language is three times five bits. */
static void
put_mdhd (GByteArray *out, const CmafFormat *format, const gchar *language)
{
  guint box = iso_full_box_begin (out, "mdhd", 0, 0);
  const gchar *l = language && strlen (language) == 3 ? language : "und";

  iso_put_zeros (out, 8);
  iso_put_u32 (out, format->timescale);
  iso_put_u32 (out, 0);
  iso_put_u16 (out,
      ((l[0] - 0x60) & 0x1f) << 10 | ((l[1] - 0x60) & 0x1f) << 5 |
          ((l[2] - 0x60) & 0x1f));
  iso_put_u16 (out, 0);
  iso_box_end (out, box);
}

/* 8.4.3 */
static void
put_hdlr (GByteArray *out, const CmafFormat *format)
{
  guint box = iso_full_box_begin (out, "hdlr", 0, 0);

  iso_put_u32 (out, 0);
  iso_put_fourcc (out, format->kind == CMAF_VIDEO ? "vide" : "soun");
  iso_put_zeros (out, 12 + 1); /* reserved, empty name */
  iso_box_end (out, box);
}

/* 8.7.2: the media is in this file. */
static void
put_dinf (GByteArray *out)
{
  guint dinf = iso_box_begin (out, "dinf");
  guint dref = iso_full_box_begin (out, "dref", 0, 0);
  guint url;

  iso_put_u32 (out, 1);
  url = iso_full_box_begin (out, "url ", 0, 1);
  iso_box_end (out, url);
  iso_box_end (out, dref);
  iso_box_end (out, dinf);
}

/* 8.5: all tables but the sample description are empty in a fragmented file. */
static void
put_stbl (GByteArray *out, const CmafFormat *format)
{
  static const struct {
    const gchar *name;
    guint zeros;
  } empty[] = { { "stts", 4 }, { "stsc", 4 }, { "stsz", 8 }, { "stco", 4 } };
  guint stbl = iso_box_begin (out, "stbl");
  guint stsd = iso_full_box_begin (out, "stsd", 0, 0);

  iso_put_u32 (out, 1);
  if (format->kind == CMAF_VIDEO)
    put_visual_entry (out, format);
  else
    put_audio_entry (out, format);
  iso_box_end (out, stsd);

  for (guint i = 0; i < G_N_ELEMENTS (empty); i++) {
    guint box = iso_full_box_begin (out, empty[i].name, 0, 0);

    iso_put_zeros (out, empty[i].zeros);
    iso_box_end (out, box);
  }
  iso_box_end (out, stbl);
}

static void
put_minf (GByteArray *out, const CmafFormat *format)
{
  guint minf = iso_box_begin (out, "minf");
  guint box;

  if (format->kind == CMAF_VIDEO) {
    box = iso_full_box_begin (out, "vmhd", 0, 1);
    iso_put_zeros (out, 8);
  } else {
    box = iso_full_box_begin (out, "smhd", 0, 0);
    iso_put_zeros (out, 4);
  }
  iso_box_end (out, box);
  put_dinf (out);
  put_stbl (out, format);
  iso_box_end (out, minf);
}

/* 8.8.3: the defaults are in the fragments, as `cmf2` wants. */
static void
put_mvex (GByteArray *out)
{
  guint mvex = iso_box_begin (out, "mvex");
  guint trex = iso_full_box_begin (out, "trex", 0, 0);

  iso_put_u32 (out, TRACK_ID);
  iso_put_u32 (out, 1); /* default_sample_description_index */
  iso_put_zeros (out, 12);
  iso_box_end (out, trex);
  iso_box_end (out, mvex);
}

GBytes *
cmaf_header_write (const CmafFormat *format, const gchar *language)
{
  GByteArray *out = g_byte_array_new ();
  guint moov, trak, mdia;

  put_ftyp (out);
  moov = iso_box_begin (out, "moov");
  put_mvhd (out, format);
  trak = iso_box_begin (out, "trak");
  put_tkhd (out, format);
  mdia = iso_box_begin (out, "mdia");
  put_mdhd (out, format, language);
  put_hdlr (out, format);
  put_minf (out, format);
  iso_box_end (out, mdia);
  iso_box_end (out, trak);
  put_mvex (out);
  iso_box_end (out, moov);
  return g_byte_array_free_to_bytes (out);
}
