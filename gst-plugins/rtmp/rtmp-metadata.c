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

gboolean
penstock_rtmp_metadata_parse (
    const PenstockRtmpMessage *message, PenstockRtmpMetadata *out)
{
  g_autoptr (GPtrArray) values =
      penstock_amf_parse_message (message->type, message->data, message->size);
  gboolean named = FALSE;

  for (guint i = 0; i < values->len; i++) {
    const PenstockAmfValue *value = penstock_amf_nth (values, i);

    if (value->type == PENSTOCK_AMF_STRING) {
      if (g_strcmp0 (value->string, "onMetaData") == 0)
        named = TRUE;
    } else if (named &&
        (value->type == PENSTOCK_AMF_OBJECT ||
            value->type == PENSTOCK_AMF_MAP)) {
      *out = (PenstockRtmpMetadata){ 0 };
      read_properties (value, out);
      return TRUE;
    }
  }
  return FALSE;
}
