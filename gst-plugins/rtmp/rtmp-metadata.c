/* SPDX-License-Identifier: MIT
 *
 * onMetaData of a publication. See rtmp-metadata.h. */

#include "rtmp-metadata.h"

#include "rtmp-amf.h"

/* Values beyond these say nothing about a real stream. */
#define MAX_DIMENSION 65535
#define MAX_FRAMERATE 1000
#define MAX_RATE 384000
#define MAX_CHANNELS 64

/* Bytes of a text that an application is told. */
#define MAX_TEXT 1024

/* A number within (0, @max], 0 for anything else (NaN too). */
static gdouble
get_number (const PenstockAmfValue *map, const gchar *name, gdouble max)
{
  gdouble number;

  if (!penstock_amf_get_number (map, name, &number))
    return 0;
  return number > 0 && number <= max ? number : 0;
}

/* A codec id that means a codec: a number, or a name of any kind. 0 is a real
 * id of audio (PCM), but who writes it means "none". */
static gboolean
has_codec (const PenstockAmfValue *map, const gchar *name)
{
  const gchar *text = penstock_amf_get_string (map, name);

  return (text && *text) || get_number (map, name, G_MAXUINT32) > 0;
}

static void
read_properties (const PenstockAmfValue *map, PenstockRtmpMetadata *out)
{
  PenstockFlvHints *hints = &out->hints;
  gdouble stereo;

  hints->width = get_number (map, "width", MAX_DIMENSION);
  hints->height = get_number (map, "height", MAX_DIMENSION);
  hints->framerate = get_number (map, "framerate", MAX_FRAMERATE);
  if (hints->framerate == 0)
    hints->framerate = get_number (map, "fps", MAX_FRAMERATE);
  hints->audio_rate = get_number (map, "audiosamplerate", MAX_RATE);
  hints->audio_channels = get_number (map, "audiochannels", MAX_CHANNELS);
  if (hints->audio_channels == 0 &&
      penstock_amf_get_number (map, "stereo", &stereo))
    hints->audio_channels = stereo != 0 ? 2 : 1;
  out->video = has_codec (map, "videocodecid");
  out->audio = has_codec (map, "audiocodecid");
}

/* (nullable): what stands behind "onMetaData". */
static const PenstockAmfValue *
find_properties (GPtrArray *values)
{
  gboolean named = FALSE;

  for (guint i = 0; i < values->len; i++) {
    const PenstockAmfValue *value = penstock_amf_nth (values, i);

    if (value->type == PENSTOCK_AMF_STRING) {
      if (g_strcmp0 (value->string, "onMetaData") == 0)
        named = TRUE;
    } else if (named &&
        (value->type == PENSTOCK_AMF_OBJECT ||
            value->type == PENSTOCK_AMF_MAP)) {
      return value;
    }
  }
  return NULL;
}

gboolean
penstock_rtmp_metadata_parse (
    const PenstockRtmpMessage *message, PenstockRtmpMetadata *out)
{
  g_autoptr (GPtrArray) values =
      penstock_amf_parse_message (message->type, message->data, message->size);
  const PenstockAmfValue *properties = find_properties (values);

  if (!properties)
    return FALSE;
  *out = (PenstockRtmpMetadata){ 0 };
  read_properties (properties, out);
  return TRUE;
}

/* (nullable): floating. */
static GVariant *
to_variant (const PenstockAmfValue *value)
{
  switch (value->type) {
  case PENSTOCK_AMF_NUMBER:
    return g_variant_new_double (value->number);
  case PENSTOCK_AMF_BOOLEAN:
    return g_variant_new_boolean (value->number != 0);
  case PENSTOCK_AMF_STRING:
    return g_variant_new_take_string (
        penstock_amf_text (value->string, MAX_TEXT));
  default:
    return NULL;
  }
}

GVariant *
penstock_rtmp_metadata_to_variant (const PenstockRtmpMessage *message)
{
  g_autoptr (GPtrArray) values =
      penstock_amf_parse_message (message->type, message->data, message->size);
  const PenstockAmfValue *properties = find_properties (values);
  g_auto (GVariantDict) out;

  g_variant_dict_init (&out, NULL);
  if (!properties)
    return NULL;
  for (guint i = 0; i < properties->length; i++) {
    const PenstockAmfProperty *property = &properties->items[i];
    GVariant *value = to_variant (&property->value);
    if (!value)
      continue;
    g_autofree gchar *name = penstock_amf_text (property->name, MAX_TEXT);
    g_variant_dict_insert_value (&out, name, value);
  }
  return g_variant_ref_sink (g_variant_dict_end (&out));
}
